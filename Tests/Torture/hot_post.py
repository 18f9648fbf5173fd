"""One post that a crowd looks at and likes, with a poll, while Redis and workers are killed.

    hot_post.py [--topology roles|serve] [--seconds N] [--subscribers N] [--rate N]

Prints what was done and what came; ends with 1 when a promise was broken (README.md).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys

import uvloop

from api import User
from bare_socket import BareSocket
from cluster import Cluster
from crowd import next_message
from faults import Fault
from hot import Fan, HotPosts
from hot_readers import HotReader
from readers import CLIENT_ERRORS
from round import Round
from servers import StartFailed
from torture import summary

WORKERS = ("worker", "serve")
"""Who tells states, among other things."""


def kills(cluster: Cluster, seconds: float, gap: float) -> list[Fault]:
    """Redis and a process with workers, turn by turn."""
    workers = [role for role in cluster.roles if role.command in WORKERS]
    return [
        Fault(gap * (number + 1), "kill redis", "redis", 1) if number % 2 == 0 else
        Fault(gap * (number + 1), f"kill {workers[number // 2 % len(workers)].command}", workers[number // 2 % len(workers)].name)
        for number in range(int(seconds / gap) - 1)
    ]


class Looker(HotReader):
    """The same over a bare connection, which it leaves when its node ends, never by itself."""

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.sleep(self.random.uniform(0, 3))
        while not stop.is_set():
            try:
                await self.session(stop)
            except CLIENT_ERRORS:
                await asyncio.sleep(self.random.uniform(0.2, 2))

    async def session(self, stop: asyncio.Event) -> None:
        self.next_id, self.begun = 10, {}
        socket = await BareSocket.open(self.address())
        try:
            socket.send(json.dumps({"id": 1, "connect": {"token": self.user.token}}).encode())
            while not stop.is_set():
                for line in filter(None, (await next_message(self, socket)).split(b"\n")):
                    for command in self.take({} if line == b"{}" else json.loads(line)):
                        socket.send(json.dumps(command).encode())
        finally:
            socket.transport.abort()


class HotRound(Round):
    def __init__(self, cluster: Cluster, options: argparse.Namespace) -> None:
        super().__init__(cluster, 0, options.seed, options.seconds, options.gap, options.rate)
        self.subscribers, self.clients = options.subscribers, options.clients
        self.taken: list[float] = []
        self.elapsed = 0.0

    async def set_up(self) -> list[User]:
        self.hot = HotPosts(self.api, self._random(), 1)
        await self.hot.set_up("h", [])
        self.ids = self.hot.author.id
        users = await asyncio.to_thread(self.make_followers, self.hot.author, "h", self.subscribers)
        self.hot.users = users
        return users

    async def suffer(self, users: list[User]) -> None:
        writing, reading, supervising = asyncio.Event(), asyncio.Event(), asyncio.Event()
        lookers = [Looker(self.api, user, self.hot.channels, f"looker {number}", self._random())
                   for number, user in enumerate(users)]
        for looker in lookers:
            self.history.add("reader", r=looker.name, user=looker.user.id, road=looker.road)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.executioner.look_after_roles(supervising))
            reads = [group.create_task(looker.run(reading)) for looker in lookers]
            await asyncio.sleep(5)
            begin = self.history.now
            writers = [
                *(group.create_task(self.like(users[number::self.clients], writing)) for number in range(self.clients)),
                *(group.create_task(self.hot.vote(user, self._random().uniform(0, self.seconds))) for user in users)]
            await self.executioner.run(kills(self.cluster, self.seconds, self.gap), self.seconds)
            self.api.is_calm = True
            await self.executioner.heal()
            await asyncio.sleep(5)
            calm = self.history.now
            await asyncio.sleep(self.calm)
            self.history.add("calm", begin=calm, end=self.history.now)
            writing.set()
            await asyncio.gather(*writers)
            self.elapsed = self.history.now - begin
            await self.hot.close(self.cluster)
            await self.settle()
            reading.set()
            await asyncio.wait(reads, timeout=3)
            for read_task in reads:
                read_task.cancel()
            await self.hot.count_views(self.cluster)
            await self.hot.write_truth()
            await asyncio.to_thread(self.audit_counts)
            supervising.set()

    async def like(self, users: list[User], stop: asyncio.Event) -> None:
        """One after the other of some users, at its part of the rate, as long as it can keep up."""
        fans = [Fan(self.hot, user, self._random()) for user in users]
        loop, turn = asyncio.get_running_loop(), self.clients / self.rate
        due = loop.time() + self.random.uniform(0, turn)
        while not stop.is_set():
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due + turn, loop.time() - 1)
            fan, begin = self.random.choice(fans), loop.time()
            post = self.hot.posts[0]
            if post not in fan.open:
                await fan.change(post)
                self.taken.append(loop.time() - begin)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topology", choices=("roles", "serve"), default="serve")
    parser.add_argument("--seconds", type=float, default=60, help="of faults; the load goes on for 15 more")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=200, help="likes a second, taken back ones among them")
    parser.add_argument("--clients", type=int, default=32, help="requests at a time")
    parser.add_argument("--gap", type=float, default=8, help="seconds between two kills")
    parser.add_argument("--keep", action="store_true", help="keep data, logs and the history")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    cluster = Cluster(options.topology, keep=True)
    findings: list[str] = []
    try:
        cluster.start()
        part = HotRound(cluster, options)
        report = uvloop.run(part.run())
        findings = report.findings
    except StartFailed as error:
        print(f"hot_post: {error}", file=sys.stderr)
        return 2
    finally:
        cluster.keep = bool(findings) or options.keep or sys.exc_info()[0] is not None
        cluster.close()
    print(f"{options.topology}: {len(part.taken) / part.elapsed:.0f} likes a second for {part.elapsed:.0f} s, milliseconds "
          f"{summary(part.taken)}, faults {dict(part.executioner.counts)}, answers {dict(sorted(part.api.counts.items()))}")
    print(dict(sorted(report.counts.items())))
    print("\n".join(findings) or "no findings")
    if cluster.keep:
        print(f"evidence in {cluster.home}")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
