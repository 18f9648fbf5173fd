"""Does anybody notice an upgrade, role by role, under load?

    upgrade.py OLD [--to NEW] [--back-to N] [--seed S]

OLD is the program of the version before, NEW that of this one (by default the repository's). All roles run on Kafka, PostgreSQL
and Redis; clients write and read all the time, and the torture's checker holds what they saw against the promises.

1. Every process of OLD is replaced by one of NEW, one after the other, in an order that the seed decides. While one of OLD
   is left that does not know a format, `martlet format enable` must refuse.
2. A later version is there: the database gets a migration that NEW does not know, and events, records and messages come
   that it does not know. Every process is started again, twice: as to the later version, and back.
3. The formats are enabled.
4. With `--back-to N`, before that: back to OLD, whose last migration is N, as docs/upgrade.md says, and forward again.

Ends with 1 when something was lost, came twice or out of order, when anything else that the checker knows was found, or
when what was not known was not passed over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import resource
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Awaitable, Callable

import uvloop

from api import User
from cluster import Cluster, martlet_binary
from role import Role
from round import Round
from servers import REPOSITORY, StartFailed

sys.path.append(str(REPOSITORY / "Tests/IntegrationTests"))
from nginx_gateway import Gateway  # noqa: E402

STOP_WITHIN = 60.0
BETWEEN = 2.0
"""Seconds that two neighbours run side by side before the next one is replaced, at least."""
HIDE = """
    BEGIN;
    CREATE TABLE IF NOT EXISTS schema_migrations_later (LIKE schema_migrations);
    WITH later AS (DELETE FROM schema_migrations WHERE number > {number} RETURNING *)
    INSERT INTO schema_migrations_later SELECT * FROM later;
    COMMIT"""
SHOW = """
    BEGIN;
    INSERT INTO schema_migrations SELECT * FROM schema_migrations_later;
    DROP TABLE schema_migrations_later;
    COMMIT"""
"""The statements of docs/upgrade.md."""
PUBLISH = """
    local number = redis.call('HINCRBY', 'seq:' .. ARGV[1], ARGV[2], 1)
    local head = ARGV[3] .. struct.pack('>I7I7', number, tonumber(redis.call('GET', 'clock:' .. ARGV[1])))
    return redis.call('PUBLISH', 'node:' .. ARGV[1] .. ':' .. ARGV[2], head .. redis.call('GET', 'epoch:' .. ARGV[1]))"""


class UpgradeRound(Round):
    def __init__(self, cluster: Cluster, seed: int, rate: float, old: Path, new: Path, back_to: int | None) -> None:
        super().__init__(cluster, 0, seed, 0, 1, rate)
        self.old, self.new, self.back_to = old, new, back_to
        # Some old versions know of no blocks, or no likes.
        self.circle_count, self.calm, self.hot_count, self.tagged = 0, 0.0, 0, 0
        self.order = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.problems = self.executioner.problems
        self.nodes = {role.name: role.settings["MARTLET_NODE"] for role in cluster.roles}
        """Node numbers in ids, which OLD is given; NEW leases its own."""
        self.users: list[User] = []

    async def suffer(self, users: list[User]) -> None:
        self.users = users
        await super().suffer(users)

    async def break_things(self) -> None:
        await asyncio.sleep(3)
        news = await asyncio.to_thread(self.formats, self.new) - await asyncio.to_thread(self.formats, self.old)
        between = self.must_refuse if news else None
        await self.step("upgrade", self.replace_all(self.new, between))
        if self.back_to is not None:
            self.sql(HIDE.format(number=self.back_to))
            await self.step("back to the version before", self.replace_all(self.old))
            self.sql(SHOW)
            await self.step("upgrade again", self.replace_all(self.new, between))
        await self.step("a later version, and back", self.beside_a_later_version())
        await self.step("formats enabled", self.enable())
        await asyncio.sleep(5)

    async def step(self, name: str, work: Awaitable[None]) -> None:
        begin = time.monotonic()
        await work
        print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)

    def sql(self, statement: str) -> list[str]:
        return self.cluster.sql(statement)

    # Processes

    async def replace_all(self, binary: Path, between: Callable[[], Awaitable[None]] | None = None) -> None:
        """One process after the other."""
        roles = list(self.cluster.roles)
        self.order.shuffle(roles)
        for index, role in enumerate(roles):
            await asyncio.to_thread(self.restart, role, binary)
            if between and index < len(roles) - 1:
                await between()
            await asyncio.sleep(BETWEEN)

    def restart(self, role: Role, binary: Path) -> None:
        role.terminate()
        assert role.process
        try:
            code = role.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.problems.append(f"{role.name} still runs {STOP_WITHIN} s after SIGTERM")
            role.kill()
            code = 0
        if code != 0:
            self.problems.append(f"{role.name} ended with {code} after SIGTERM")
        role.binary = binary
        role.settings.pop("MARTLET_NODE", None)
        if binary == self.old:
            role.settings["MARTLET_NODE"] = self.nodes[role.name]
        role.start()
        role.ready()
        self.counts["processes replaced"] += 1

    # Formats

    def format_command(self, *words: str, of: Path | None = None) -> tuple[int, str]:
        settings = {name: value for name, value in self.cluster.roles[0].settings.items() if name.startswith("MARTLET_")}
        done = subprocess.run(
            [of or self.new, "format", *words], env=settings | {"PATH": "/usr/bin:/bin"}, cwd=self.cluster.home,
            capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def formats(self, of: Path) -> set[str]:
        """None of a version that has no such command."""
        code, said = self.format_command(of=of)
        return set(re.findall(r"^  ([a-z0-9-]+): ", said.partition("Processes")[0], re.M)) if code == 0 else set()

    async def must_refuse(self) -> None:
        code, said = await asyncio.to_thread(self.format_command, "enable")
        if code != 1 or "there is who does not read it" not in said:
            self.problems.append(f"`format enable` beside the version before ended with {code}: {said}")
        self.counts["formats refused"] += 1

    async def enable(self) -> None:
        code, said = await asyncio.to_thread(self.format_command, "enable")
        if code != 0:
            self.problems.append(f"`format enable` ended with {code}: {said}")
        self.counts["formats enabled"] += code == 0

    # What a later version writes

    async def beside_a_later_version(self) -> None:
        self.sql("INSERT INTO schema_migrations (number, name) VALUES (999, 'of a later version')")
        gaps = await asyncio.to_thread(self.total, "martlet_live_gaps_total")
        for _ in range(5):
            await asyncio.to_thread(self.write_unknown)
            await asyncio.sleep(1)
        if (now := await asyncio.to_thread(self.total, "martlet_live_gaps_total")) != gaps:
            self.problems.append(f"partitions resumed for what is not known: {gaps:.0f} before, {now:.0f} then")
        if not await asyncio.to_thread(self.total, "martlet_events_skipped_total"):
            self.problems.append("nothing that is not known was met")
        for direction in ("to", "back"):
            writing = asyncio.create_task(self.write_on())
            await self.replace_all(self.new)
            writing.cancel()
            self.counts[f"rolls {direction}"] += 1

    async def write_on(self) -> None:
        while True:
            await asyncio.to_thread(self.write_unknown)
            await asyncio.sleep(1)

    def total(self, name: str) -> float:
        return sum(role.metric(name) for role in self.cluster.roles)

    def write_unknown(self) -> None:
        """An event of a kind and one of a version that nobody knows, for each of some authors, through outbox and log; and
        a message to each node that there is."""
        values = []
        for author in self.users[:4]:
            for kind, version in (("post.pinned", 1), ("post.created", 2)):
                headers = {
                    "event-type": kind, "schema-version": str(version), "event-id": str(uuid.uuid4()),
                    "request-id": "later", "tenant": "default", "post": "1", "author": author.id}
                values.append(f"('post.events', '{author.id}', '{{\"type\":\"{kind}\"}}', '{json.dumps(headers)}')")
        self.sql(f"INSERT INTO outbox (topic, key, payload, headers) VALUES {', '.join(values)}")
        self.counts["unknown events"] += len(values)
        channels = self.redis("PUBSUB", "CHANNELS", "node:*")
        for channel in channels[:: max(1, len(channels) // 8)]:
            _, partition, node = channel.split(":")
            self.redis("EVAL", PUBLISH, "0", partition, node, "\x03\x01")
            self.counts["unknown messages to nodes"] += 1

    def redis(self, *words: str) -> list[str]:
        assert self.cluster.redis
        done = subprocess.run(
            ["redis-cli", "-p", str(self.cluster.redis.port), *words], capture_output=True, text=True, timeout=10)
        return done.stdout.split()


def run(options: argparse.Namespace) -> int:
    new = (options.to or martlet_binary()).resolve()
    old = options.old.resolve()
    cluster = Cluster("roles", keep=True, binary=old, sets_nodes=True)
    gateway = None
    findings = ["did not run to its end"]
    try:
        # Some old versions have no such role. What the log has lost to a version before is found by it.
        knows_workers = "  worker " in subprocess.run([old, "help"], capture_output=True, text=True, timeout=10).stdout
        cluster.start(notifiers=2, workers=2 if knows_workers else 0)
        if reason := Gateway.unavailable():
            raise StartFailed(reason)
        gateway = Gateway(**{
            command: [role.port for role in cluster.of(command)] for command in ("api", "realtime")})
        gateway.start()
        cluster.gateway_port = gateway.port
        part = UpgradeRound(cluster, options.seed, options.rate, old, new, options.back_to)
        # Each of its connections is two of the gateway's.
        part.crowd_size = 50
        report = uvloop.run(part.run())
        findings = report.findings
        for name, count in sorted((part.counts + report.counts).items()):
            print(f"{count:8} {name}")
        print(f"answers {dict(sorted(part.api.counts.items()))}")
        for finding in findings:
            print(f"  {finding}")
        print(f"lost {report.kinds['lost'] + report.kinds['missing']}, duplicated {report.kinds['duplicate']}, "
              f"out of order {report.kinds['out of order']}, findings {sum(report.kinds.values())}")
    finally:
        if gateway:
            gateway.stop(keep=bool(findings))
        cluster.keep = bool(findings)
        cluster.close()
        if findings:
            print(f"evidence in {cluster.home}" + (f" and {gateway.home}" if gateway else ""))
    return bool(findings)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="the program of the version before")
    parser.add_argument("--to", type=Path, help="the program of this version, if not the repository's")
    parser.add_argument("--back-to", type=int, help="number of the last migration that the version before knows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=12, help="posts a second")
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        sys.exit(run(parser.parse_args()))
    except StartFailed as error:
        print(f"upgrade: {error}", file=sys.stderr)
        sys.exit(2)
