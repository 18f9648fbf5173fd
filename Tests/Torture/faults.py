"""What goes wrong and when: a plan that a seed decides, and the one who carries it out."""

from __future__ import annotations

import asyncio
import fnmatch
import random
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from cluster import Cluster
from history import History
from role import Role
from servers import Server, StartFailed

if TYPE_CHECKING:
    from crowd import Crowd


@dataclass(frozen=True)
class Fault:
    """`at` and `seconds` since the faults began; `amount`: of delay or of a clock's step, in seconds."""

    at: float
    kind: str
    target: str
    seconds: float = 0.0
    amount: float = 0.0


@dataclass(frozen=True)
class Kind:
    """How often it comes against others, on whom, and for how long."""

    weight: float
    targets: Callable[[Cluster], list[str]]
    seconds: tuple[float, float] = (0, 0)
    amounts: tuple[float, ...] = (0,)


def roles_of(*commands: str) -> Callable[[Cluster], list[str]]:
    return lambda cluster: [role.name for role in cluster.roles if role.command in (*commands, "serve")]


def everyone(cluster: Cluster) -> list[str]:
    return [role.name for role in cluster.roles]


def links(cluster: Cluster) -> list[str]:
    """Those that something goes over: clients go to api and realtime, and these have no business with Kafka."""
    return sorted(
        name for name in cluster.network.ports
        if name.startswith(("client>api", "client>realtime", "client>serve")) or (
            not name.startswith("client>") and not (name.endswith(">kafka") and name.startswith(("api", "realtime")))))


KINDS: dict[str, Kind] = {
    "kill api": Kind(13, roles_of("api")),
    "kill realtime": Kind(14, roles_of("realtime")),
    # A group waits ten seconds for a member that was killed: more often, and it would do nothing but wait.
    "kill fanout": Kind(3, roles_of("fanout")),
    "kill notifier": Kind(5, roles_of("notifier")),
    "kill worker": Kind(3, roles_of("worker")),
    "kill redis": Kind(1.2, lambda _: ["redis"], (0, 2)),
    # It comes back with what it had when this fault came last.
    "snapshot redis": Kind(1, lambda cluster: ["redis"] if cluster.redis else [], (0, 2)),
    "kill kafka": Kind(0.5, lambda _: ["kafka"], (0, 2)),
    "kill pgbouncer": Kind(1, lambda cluster: ["pgbouncer"] if cluster.pgbouncer else [], (0, 2)),
    # Those by which posts come into feeds: what is in them is lost, and found; who listens is told to read anew. Only where it is
    # asked for by name: it takes a minute to be found, which is longer than a short round waits.
    "delete topics": Kind(0, lambda _: ["kafka"]),
    # All of the crowd goes at once, and comes back while a Redis that forgets its scripts unregisters its users.
    "stampede": Kind(0.6, lambda _: ["crowd"]),
    "postgres immediate": Kind(0.7, lambda _: ["postgres"], (0, 1)),
    "postgres fast": Kind(0.5, lambda _: ["postgres"], (0, 1)),
    "pause": Kind(4, everyone, (0.2, 4)),
    # Longer than a Kafka session: somebody else has taken over when it wakes up.
    "pause long": Kind(0.4, everyone, (11, 14)),
    "cut": Kind(8, links),
    "refuse": Kind(2, links, (0.2, 3)),
    "hold": Kind(2, links, (0.5, 6)),
    "delay": Kind(3, links, (1, 6), (0.02, 0.1, 0.4)),
    # All processes begin anew, in another layout of Redis; the target is where the number is recorded.
    "partitions": Kind(0.2, lambda _: ["postgres"], (0, 0), (4, 8, 16, 32)),
    "full disk": Kind(1, everyone, (1, 5)),
    "clock": Kind(3, everyone, (2, 12), (-20, -3, -0.3, 0.3, 3, 20)),
}

ROLES_ONLY = {
    "snapshot redis", "delete topics", "kill api", "kill realtime", "kill fanout", "kill notifier", "kill worker", "kill kafka",
    "kill pgbouncer"}
SERVE_ONLY = {"kill serve": Kind(20, everyone)}


def plan(seed: int, seconds: float, cluster: Cluster, gap: float, only: tuple[str, ...] = ()) -> list[Fault]:
    """The same arguments and topology give the same plan. `gap`: mean seconds between two faults; `only`: of these kinds,
    each as `kind` or `kind:targets`, where `*` stands for a part of a target's name."""
    generator = random.Random(seed)
    kinds = KINDS if cluster.topology == "roles" else SERVE_ONLY | {
        name: kind for name, kind in KINDS.items() if name not in ROLES_ONLY}
    patterns = dict(word.partition(":")[::2] for word in only) or dict.fromkeys(kinds, "*")
    targets = {
        name: fnmatch.filter(kinds[name].targets(cluster), pattern or "*")
        for name, pattern in patterns.items() if name in kinds}
    names = [name for name in kinds if targets.get(name)]
    if not names:
        raise StartFailed(f"no fault is of {', '.join(only)}: there are {', '.join(kinds)}")
    faults, at = [], generator.expovariate(1 / gap)
    while at < seconds:
        # What is asked for by name comes.
        least = 0.5 if only else 0
        name = generator.choices(names, [max(least, kinds[name].weight) for name in names])[0]
        kind = kinds[name]
        faults.append(Fault(
            round(at, 3), name, generator.choice(targets[name]), round(generator.uniform(*kind.seconds), 3),
            generator.choice(kind.amounts)))
        at += generator.expovariate(1 / gap)
    return faults


class Executioner:
    """Carries out a plan. What it breaks it repairs, each part by itself; `heal` repairs the rest."""

    def __init__(self, cluster: Cluster, history: History) -> None:
        self.cluster, self.history = cluster, history
        self.counts: Counter[str] = Counter()
        self.locks: dict[str, asyncio.Lock] = {}
        self.clocks: Counter[str] = Counter()
        self.problems: list[str] = []
        self.crowd: Crowd | None = None
        self.under_way, self.begun = 0, 0
        """Faults beside a stampede: how many there are now, and how many there have been."""

    async def run(self, faults: list[Fault], seconds: float) -> None:
        begin = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                await asyncio.sleep(max(0, begin + fault.at - asyncio.get_running_loop().time()))
                group.create_task(self.commit(fault))
            await asyncio.sleep(max(0, begin + seconds - asyncio.get_running_loop().time()))

    async def commit(self, fault: Fault) -> None:
        disturbs = fault.kind != "stampede"
        self.under_way += disturbs
        self.begun += disturbs
        self.history.add("fault", t=self.history.now, **vars(fault))
        try:
            had_effect = await self.perform(fault)
            self.counts[fault.kind] += had_effect
        except StartFailed as error:
            self.problems.append(str(error))
        self.under_way -= disturbs
        self.history.add("fault ends", t=self.history.now, kind=fault.kind, target=fault.target)

    async def perform(self, fault: Fault) -> bool:
        """Whether there was something to break."""
        network = self.cluster.network
        match fault.kind.split()[0]:
            case "kill" if fault.target in ("redis", "kafka", "pgbouncer"):
                await self.outage(fault, lambda server: server.kill())
            case "snapshot":
                return await self.rewind_redis(fault)
            case "delete":
                async with self.lock(fault.target):
                    return await asyncio.to_thread(self.cluster.kafka.delete_topics, "post.events", "fanout.chunks")
            case "stampede":
                return await self.stampede(fault)
            case "postgres":
                mode = fault.kind.split()[1]
                await self.outage(fault, lambda server: server.stop(mode))
            case "kill":
                async with self.lock(fault.target):
                    role = self.role(fault.target)
                    was_running = await asyncio.to_thread(role.kill)
                    role.start()
                    return was_running
            case "pause":
                self.role(fault.target).signal(signal.SIGSTOP)
                await asyncio.sleep(fault.seconds)
                self.role(fault.target).signal(signal.SIGCONT)
            case "cut":
                return network.cut([fault.target]) > 0
            case "refuse":
                network.set([fault.target], refuses=True)
                network.cut([fault.target])
                await asyncio.sleep(fault.seconds)
                network.set([fault.target], refuses=False)
            case "hold":
                network.set([fault.target], holds=True)
                await asyncio.sleep(fault.seconds)
                network.set([fault.target], holds=False)
            case "delay":
                network.set([fault.target], delay=fault.amount)
                await asyncio.sleep(fault.seconds)
                network.set([fault.target], delay=0.0)
            case "partitions":
                return await self.change_partitions(int(fault.amount))
            case "full":
                await self.fill_disk(fault)
            case "clock":
                self.step_clock(fault.target, fault.amount)
                await asyncio.sleep(fault.seconds)
                self.step_clock(fault.target, -fault.amount)
        return True

    async def stampede(self, fault: Fault) -> bool:
        """One after the other: each is checked before the next reset hides what it has done."""
        assert self.crowd
        async with self.lock("crowd"):
            begun, is_alone = self.begun, self.under_way == 0
            cut = self.crowd.drop()
            await self.crowd.while_away(lambda: asyncio.to_thread(self.cluster.forget_scripts))
            await self.crowd.hears(lambda: self.begun != begun or not is_alone)
        return cut > 0

    async def change_partitions(self, wanted: int) -> bool:
        """It takes itself back where a role hangs, and is refused where PostgreSQL is away."""
        async with self.lock("partitions"):
            done = await asyncio.to_thread(self.cluster.run, "partitions", str(wanted))
        if done.returncode and not any(reason in done.stderr for reason in ("not changed", "PostgreSQL can't be used")):
            self.problems.append(f"martlet partitions {wanted} ended with {done.returncode}: {done.stderr[-500:]}")
        return done.returncode == 0 and " -> " in done.stdout

    def step_clock(self, target: str, seconds: float) -> None:
        """Steps add up: two that overlap leave the clock right when both have ended."""
        self.clocks[target] += seconds
        self.role(target).step_clock(self.clocks[target])

    async def fill_disk(self, fault: Fault) -> None:
        """The role starts with a log that takes nothing, and gets a good one again later."""
        for log in (Path("/dev/full"), None):
            async with self.lock(fault.target):
                role = self.role(fault.target)
                await asyncio.to_thread(role.kill)
                role.start(log)
            await asyncio.sleep(fault.seconds if log else 0)

    async def outage(self, fault: Fault, end: Callable[[Server], None]) -> None:
        """A server goes down and comes back; `serve` looks after its own."""
        server = getattr(self.cluster, fault.target)
        async with self.lock(fault.target):
            if server is None:
                return await asyncio.to_thread(self.cluster.end_private_server, fault.kind)
            await asyncio.to_thread(end, server)
            await asyncio.sleep(fault.seconds)
            await asyncio.to_thread(server.start)

    async def rewind_redis(self, fault: Fault) -> bool:
        """Redis is killed and starts from an old snapshot; then the next one is made. Whether there was one to put back."""
        redis = self.cluster.redis
        assert redis
        async with self.lock(fault.target):
            is_old = redis.snapshot.exists()
            if is_old:
                await asyncio.to_thread(redis.kill)
                await asyncio.sleep(fault.seconds)
                await asyncio.to_thread(redis.start, True)
            await asyncio.to_thread(redis.keep_snapshot)
        return is_old

    def role(self, name: str) -> Role:
        return next(role for role in self.cluster.roles if role.name == name)

    def lock(self, name: str) -> asyncio.Lock:
        return self.locks.setdefault(name, asyncio.Lock())

    async def look_after_roles(self, stop: asyncio.Event) -> None:
        """As a supervisor does: who gave up at the start, for want of a server, is started again."""
        while not stop.is_set():
            for role in self.cluster.roles:
                async with self.lock(role.name):
                    if role.revive():
                        self.counts["started again: a server was missing"] += 1
            await asyncio.sleep(0.2)

    async def heal(self) -> None:
        self.cluster.network.heal()
        for role in self.cluster.roles:
            role.signal(signal.SIGCONT)
            role.step_clock(0)
        self.clocks.clear()
