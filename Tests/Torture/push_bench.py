"""How many pushes a second the notifier brings from the event log to nghttpd, on real PostgreSQL, Redis and Kafka: the log read, the
books kept, each push decided by what holds then. A backlog is made while no notifier runs; then one does.

    push_bench.py [--users N] [--pushes N] [--kind webhook|webpush] [--runs N]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import re
import subprocess
import time
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cluster import Cluster
from role import Role
from servers import StartFailed, end_process, free_port, wait_for_port

AT_A_TIME = 16
MENTIONS = 20
"""In a post, which is the most that tell somebody."""


class Receiver:
    """nghttpd, which takes all."""

    def __init__(self, home: Path) -> None:
        folder = home / "receiver"
        folder.mkdir(mode=0o755)
        (folder / "site").mkdir()
        (folder / "site/hook").write_text("ok\n")
        self.authority = folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", folder / "key.pem", "-out", self.authority, "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        port = free_port()
        self.address = f"https://localhost:{port}/hook"
        self.process = subprocess.Popen(
            ["nghttpd", "-a", "127.0.0.1", "-m", "1000", "-d", folder / "site", str(port), folder / "key.pem", self.authority],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(port, 10, "nghttpd")

    def device(self, kind: str) -> dict[str, str]:
        if kind == "webhook":
            return {"kind": kind, "url": self.address}
        point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        key, auth = (base64.urlsafe_b64encode(some).decode().rstrip("=") for some in (point, os.urandom(16)))
        return {"kind": kind, "endpoint": f"{self.address}?{auth}", "p256dh": key, "auth": auth}


class PushCluster(Cluster):
    """One of each role that makes notifications, and a notifier that runs when it is told to."""

    def __init__(self) -> None:
        super().__init__("roles", pushes=True)
        self.receiver = Receiver(self.home)
        self.common |= {
            "MARTLET_PUSH_AUTHORITIES": str(self.receiver.authority), "MARTLET_PUSH_CONTACT": "mailto:operator@example.com",
            "MARTLET_LOG_LEVEL": "warning",
        }

    def names(self, notifiers: int, workers: int) -> list[str]:
        return ["api-0", "realtime-0", "fanout-0", "worker-0", "notifier-0"]

    def start(self, notifiers: int = 1, workers: int = 1) -> None:
        """The notifier, once it is started again, has no links on its roads."""
        super().start()
        self.role("notifier-0").settings |= {
            "MARTLET_POSTGRES": self.postgres.url_by(self.postgres.port), "MARTLET_REDIS": f"redis://127.0.0.1:{self.redis.port}",
            "MARTLET_KAFKA": f"127.0.0.1:{self.kafka.port}",
        }

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)

    def close(self) -> None:
        super().close()
        end_process(self.receiver.process)


def seconds_of_cpu(pids: list[int]) -> float:
    """Of these processes and of children of theirs that have ended."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [pid, *(int(child) for child in found)]


async def side_by_side(jobs: list) -> None:
    """AT_A_TIME of them."""
    queue = iter(jobs)

    async def take() -> None:
        for job in queue:
            await job()

    await asyncio.gather(*(take() for _ in range(AT_A_TIME)))


async def ask(http: aiohttp.ClientSession, address: str, path: str, token: str, body: dict) -> None:
    async with http.post(address + path, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
        if answer.status // 100 != 2:
            raise StartFailed(f"POST {path}: {answer.status} {await answer.text()}")


async def set_up(cluster: PushCluster, kind: str, count: int) -> tuple[str, list[str], str]:
    """-> the token of somebody whom nobody follows, handles of users who have a device each, and where the API is."""
    address = f"http://127.0.0.1:{cluster.role('api-0').port}"
    async with aiohttp.ClientSession() as http:
        for name in ("author", "speaker"):
            async with http.post(f"{address}/v1/auth/signup", json={"handle": name, "password": "correct horse"}) as answer:
                speaker = (await answer.json())["access_token"]
        file = cluster.home / "tokens"
        done = cluster.run("seed", "--users", str(count), "--follow", "author", "--tokens", str(file), "--lifetime", "86400")
        if done.returncode:
            raise StartFailed(done.stderr)
        handles = cluster.sql("SELECT handle FROM users WHERE handle NOT IN ('author', 'speaker') ORDER BY id")
        await side_by_side([
            lambda token=token: ask(http, address, "/v1/devices", token, cluster.receiver.device(kind))
            for token in file.read_text().split()])
    return speaker, handles, address


def number(cluster: Cluster, statement: str) -> int:
    return int(cluster.sql(statement)[0] or 0)


async def reaches(cluster: Cluster, statement: str, wanted: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (found := number(cluster, statement)) < wanted:
        if time.monotonic() > deadline:
            raise StartFailed(f"{found} of {wanted} within {seconds} s: {statement}")
        await asyncio.sleep(0.05)


async def run(cluster: PushCluster, speaker: str, handles: list[str], address: str, pushes: int) -> None:
    notifier = cluster.role("notifier-0")
    notifier.terminate()
    end_process(notifier.process, 20)
    before = number(cluster, "SELECT sum(delivered) FROM delivery_counts")
    told = number(cluster, "SELECT count(*) FROM notifications")
    groups = [handles[begin:begin + MENTIONS] for begin in range(0, len(handles), MENTIONS)]
    posts = [" ".join("@" + handle for handle in group) for _ in range(pushes // len(handles)) for group in groups]
    wanted = len(handles) * (pushes // len(handles))
    async with aiohttp.ClientSession() as http:
        await side_by_side([
            lambda text=text: ask(http, address, "/v1/posts", speaker, {"text": text}) for text in posts])
    await reaches(cluster, "SELECT count(*) FROM notifications", told + wanted, 120)
    await asyncio.sleep(2)  # for what tells who listens
    postgres = int((cluster.postgres.home / "data/postmaster.pid").read_text().split()[0])
    cpu = seconds_of_cpu(family(postgres))
    receiver = seconds_of_cpu([cluster.receiver.process.pid])
    notifier.start()
    begin = first = None
    while True:
        done = number(cluster, "SELECT sum(delivered) FROM delivery_counts") - before
        now = time.monotonic()
        if done and first is None:
            first, begin = done, now
        if done == wanted:
            break
        await asyncio.sleep(0.05)
    seconds = now - begin
    status = Path(f"/proc/{notifier.process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    each = 1e6 / wanted
    print(
        f"{wanted} pushes, {(wanted - first) / seconds:.0f} a second; CPU for each: notifier "
        f"{seconds_of_cpu([notifier.process.pid]) * each:.0f} µs, PostgreSQL "
        f"{(seconds_of_cpu(family(postgres)) - cpu) * each:.0f} µs, receiver "
        f"{(seconds_of_cpu([cluster.receiver.process.pid]) - receiver) * each:.0f} µs; {peak:.0f} MB at most", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--pushes", type=int, default=40000)
    parser.add_argument("--kind", choices=("webhook", "webpush"), default="webhook")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    cluster = PushCluster()
    try:
        cluster.start()
        speaker, handles, address = await set_up(cluster, arguments.kind, arguments.users)
        for _ in range(arguments.runs):
            await run(cluster, speaker, handles, address, arguments.pushes)
    finally:
        cluster.close()


if __name__ == "__main__":
    asyncio.run(main())
