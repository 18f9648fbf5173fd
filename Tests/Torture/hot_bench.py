"""How many likes of one post a second come over HTTP, beside the same statements by pgbench on the same PostgreSQL, turn by turn;
or what they do to others' posts.

    hot_bench.py [--seconds N] [--turns N] [--clients N]
    hot_bench.py --others RATE     how long posts take to followers while so many likes a second come, and without, turn by turn
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time

import uvloop

from api import User
from bare_socket import BareSocket
from cluster import Cluster
from hot_post import HotRound
from writers import change_follow

USERS = 500
FOLLOWERS, POSTS_A_SECOND = 20, 20
"""Of the one whose posts are timed."""


async def by_http(
    address: str, post: str, users: list[User], clients: int, seconds: float, rate: float = 0
) -> float:
    """Likes a second, taken back ones among them: each client has a connection and users of its own.

    rate: of all together; 0: as many as come.
    """
    deadline = time.monotonic() + seconds
    pause = clients / rate if rate else 0
    counts = await asyncio.gather(
        *(like(address, post, users[number::clients], deadline, pause) for number in range(clients)))
    return sum(counts) / seconds


async def like(address: str, post: str, users: list[User], deadline: float, pause: float = 0) -> int:
    begin = time.monotonic()
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    count = 0
    while time.monotonic() < deadline or count < 2:
        user, method = users[count // 2 % len(users)], ("PUT", "DELETE")[count % 2]
        writer.write(
            f"{method} /v1/posts/{post}/like HTTP/1.1\r\nHost: martlet\r\nContent-Length: 0\r\n"
            f"Authorization: Bearer {user.token}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204"), head
        count += 1
        if pause:
            await asyncio.sleep(max(0, begin + count * pause - time.monotonic()))
    writer.transport.abort()
    return count


async def hear(address: str, user: User, heard: dict[str, list[float]]) -> None:
    """Writes down when each post came."""
    socket = await BareSocket.open(address)
    socket.send(json.dumps({"id": 1, "connect": {"token": user.token}}).encode())
    while True:
        payload = await socket.receive()
        now = time.monotonic()
        for line in payload.split(b"\n"):
            if line == b"{}":
                socket.send(b"{}")
            elif line and (event := json.loads(line).get("push", {}).get("pub", {}).get("data")):
                heard.setdefault(event["post"]["id"], []).append(now)


async def script(cluster: Cluster, address: str, post: str, users: list[User]) -> str:
    """For pgbench: the two statements as PostgreSQL gets them, of any of the users."""
    log = cluster.home / "data/postgres/postgres.log"
    rows = ",".join(f"({number},{user.id})" for number, user in enumerate(users))
    cluster.sql(f"CREATE TABLE bench_users (n int PRIMARY KEY, id bigint); INSERT INTO bench_users VALUES {rows}")
    set_up(cluster, "ALTER SYSTEM SET log_statement = 'all'")
    await asyncio.sleep(1)
    begin = log.stat().st_size
    await like(address, post, users[:1], 0)
    set_up(cluster, "ALTER SYSTEM RESET log_statement")
    text = log.read_bytes()[begin:].decode()
    found = re.findall(r"execute [^:]*: (WITH object AS .*?)\n[^\t\n]*DETAIL:  parameters: (.*?)\n(?!\t)", text, re.DOTALL)
    if len(found) != 2:
        raise SystemExit(f"hot_bench: {len(found)} statements of two in {log}: {text[-2000:]}")
    return "\n".join([
        rf"\set n random(0, {len(users) - 1})", r"\set id random(1, 9000000000000)",
        *(bound(statement, parameters, users[0].id) + ";" for statement, parameters in found)]) + "\n"


def set_up(cluster: Cluster, statement: str) -> None:
    """As the superuser of the private PostgreSQL, who comes by the account that it runs as."""
    folder = cluster.home / "data/postgres"
    command = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-U", "maintenance", "-d", "postgres",
               "-c", statement, "-c", "SELECT pg_reload_conf()"]
    if os.geteuid() == 0:
        owner = (folder / "cluster").stat()
        command = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=30, check=False)
    if done.returncode:
        raise SystemExit(f"hot_bench: {done.stderr}")


def bound(statement: str, parameters: str, user: str) -> str:
    """With its parameters, but for the user, the like's id and the user's stripe."""
    values = dict(re.findall(r"\$(\d+) = ('(?:[^']|'')*'|NULL)", parameters))
    for number, value in values.items():
        if value == f"'{user}'":
            values[number] = "(SELECT id FROM bench_users WHERE n = :n)"
    for pattern, value in ((r"\$(\d+)::bigint FROM object o", ":id"), (r"THEN \$(\d+)::smallint", "(:n % 15 + 1)")):
        for number in re.findall(pattern, statement):
            values[number] = value
    return re.sub(r"\$(\d+)", lambda match: values[match[1]], re.sub(r"\s+", " ", statement))


def by_pgbench(cluster: Cluster, clients: int, seconds: float) -> float:
    done = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(round(seconds)), "-f",
         str(cluster.home / "likes.sql"), "-h", str(cluster.home / "data/postgres"), "-U", "martlet", "martlet"],
        capture_output=True, text=True, timeout=seconds + 60, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None or re.search(r"failed transactions: [1-9]", done.stdout):
        raise SystemExit(f"hot_bench: {done.stdout}{done.stderr}")
    return 2 * float(found[1])


def spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"p50 {1000 * p50:.1f} ms, p99 {1000 * p99:.1f} ms"


class Bench(HotRound):
    others = 0.0

    async def suffer(self, users: list[User]) -> None:
        address, post = self.api.address_of(self.cluster.roles[0]), self.hot.posts[0]
        if self.others:
            return await self.measure_others(address, post, users)
        (self.cluster.home / "likes.sql").write_text(await script(self.cluster, address, post, users))
        for turn in range(self.turns):
            await self.drain()
            http = await by_http(address, post, users, self.clients, self.seconds)
            await self.drain()
            statements = await asyncio.to_thread(by_pgbench, self.cluster, self.clients, self.seconds)
            print(f"turn {turn}: {http:.0f} likes a second over HTTP, {statements:.0f} by pgbench: {http / statements:.2f}; "
                  f"load {os.getloadavg()[0]:.0f}", flush=True)


    async def measure_others(self, address: str, post: str, users: list[User]) -> None:
        author, followers = await self.api.sign_up("other"), [await self.api.sign_up(f"of_other_{n}") for n in range(FOLLOWERS)]
        for follower in followers:
            await change_follow(self.api, follower, author, True)
        heard: dict[str, list[float]] = {}
        hearing = [asyncio.create_task(hear(address, follower, heard)) for follower in followers]
        await asyncio.sleep(1)
        for turn in range(self.turns):
            for rate in (0.0, self.others):
                await self.drain()
                likes = asyncio.create_task(by_http(address, post, users, self.clients, self.seconds, rate)) if rate else None
                answered, told = await self.post_for(author, heard)
                taken = await likes if likes else 0
                print(f"turn {turn}: {taken:.0f} likes a second; posts answered after {spread(answered)}, at all {FOLLOWERS} "
                      f"followers after {spread(told)}; load {os.getloadavg()[0]:.0f}", flush=True)
        for task in hearing:
            task.cancel()

    async def post_for(self, author: User, heard: dict[str, list[float]]) -> tuple[list[float], list[float]]:
        """Seconds from each request to its answer, and to the last follower's frame."""
        begun: dict[str, float] = {}
        answered: list[float] = []
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            begin = time.monotonic()
            reply = await self.api.write("POST", "/v1/posts", author, {"text": f"post {begin}"})
            begun[reply.body["id"]] = begin
            answered.append(time.monotonic() - begin)
            await asyncio.sleep(max(0, begin + 1 / POSTS_A_SECOND - time.monotonic()))
        await asyncio.sleep(2)
        missing = [post for post in begun if len(heard.get(post, [])) < FOLLOWERS]
        assert not missing, f"{len(missing)} of {len(begun)} posts were not told to all"
        return answered, [max(heard[post]) - begin for post, begin in begun.items()]

    async def drain(self) -> None:
        """Until what a turn has left is in the log, and read there: the next one has the machine for itself."""
        deadline = time.monotonic() + 120
        while any((await asyncio.to_thread(self._state)).values()):
            assert time.monotonic() < deadline, "it does not come to rest"
            await asyncio.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of each of the two in a turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--others", type=float, default=0, metavar="RATE", help="likes a second, while others' posts are timed")
    options = parser.parse_args()
    options.seed, options.gap, options.rate, options.subscribers = random.randrange(1000), 1, 1, USERS
    cluster = Cluster("serve")
    try:
        cluster.start()
        bench = Bench(cluster, options)
        bench.turns, bench.others = options.turns, options.others
        uvloop.run(bench.run())
    finally:
        cluster.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
