"""Are rolling restarts of all roles noticed by anybody?

    rolling.py [--rolls N] [--seed S]

Two of each role behind nginx, under load. A roll ends one process of a role by SIGTERM, starts it again, waits until it
is ready, and does the same with the other; the roles roll at the same time. No request may fail, no event be lost or
seen twice. Ends with 1 when that was not so.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from collections import Counter

import uvloop

from cluster import Cluster
from history import read
from role import Role
from round import Round
from servers import REPOSITORY, StartFailed

sys.path.append(str(REPOSITORY / "Tests/IntegrationTests"))
from nginx_gateway import Gateway  # noqa: E402

STOP_WITHIN = 60.0
OWN_ROADS = ("poll", "sse", "websocket")
CAUSE = "follow.finished"
"""A log event that comes with resets."""


class RollingRound(Round):
    def __init__(self, cluster: Cluster, seed: int, rolls: int, rate: float) -> None:
        super().__init__(cluster, 0, seed, 0, 1, rate)
        self.rolls = rolls
        # Of two votes of one user one is refused, as is a bookmark of what was just deleted; and here nothing is.
        self.circle_count, self.calm, self.hot_count, self.keeper_count = 0, 0.0, 0, 0
        self.counts: Counter[str] = Counter()
        self.longest_stop = 0.0

    async def break_things(self) -> None:
        await asyncio.sleep(3)
        async with asyncio.TaskGroup() as group:
            for command in ("api", "realtime", "fanout", "notifier", "worker"):
                group.create_task(self.roll(command))
        await asyncio.sleep(3)

    async def roll(self, command: str) -> None:
        for _ in range(self.rolls):
            for role in self.cluster.of(command):
                await asyncio.to_thread(self.restart, role)
            self.counts[f"rolling restarts of {command}"] += 1

    def restart(self, role: Role) -> None:
        begin = time.monotonic()
        role.terminate()
        assert role.process
        try:
            code = role.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.executioner.problems.append(f"{role.name} still runs {STOP_WITHIN} s after SIGTERM")
            role.kill()
            code = 0
        if code != 0:
            self.executioner.problems.append(f"{role.name} ended with {code} after SIGTERM")
        self.longest_stop = max(self.longest_stop, time.monotonic() - begin)
        role.start()
        role.ready()


def run(options: argparse.Namespace) -> int:
    cluster = Cluster("roles", keep=True)
    gateway = None
    findings = ["did not run to its end"]
    try:
        cluster.start(notifiers=2, workers=2)
        if reason := Gateway.unavailable():
            raise StartFailed(reason)
        ports = {command: [role.port for role in cluster.of(command)] for command in ("api", "realtime")}
        gateway = Gateway(**ports)
        gateway.start()
        cluster.gateway_port = gateway.port
        part = RollingRound(cluster, options.seed, options.rolls, options.rate)
        # Each of its connections is two of the gateway's.
        part.crowd_size = 50
        report = uvloop.run(part.run())
        answers = part.api.counts
        roads: dict[str, str] = {}
        # Nothing was lost, so whoever comes back resumes. The SDK begins without a position.
        for event in read(part.path):
            if event["e"] == "conn" and event["verdict"] == "reset" and roads.get(event["r"]) in OWN_ROADS:
                report.find("reset", f"{event['r']} by {roads[event['r']]} had to begin anew at {event['begin']:.1f} s")
            elif event["e"] == "reader":
                roads[event["r"]] = event["road"]
        if report.kinds["reset"]:
            for role in cluster.roles:
                for line in role.log.read_text().splitlines():
                    if CAUSE in line:
                        print(f"{role.name}: {line}")
        for road, count in part.api.refusals.items():
            report.find("failed request", f"{count} connections by {road} were not let in")
        failed = {status: count for status, count in answers.items() if status != "busy" and not 200 <= int(status) < 300}
        # One process does the work of two for some seconds, on a machine that may have other work: a few are told to come again.
        if answers.get("busy", 0) > sum(answers.values()) / 100:
            failed["busy"] = answers["busy"]
        for status, count in failed.items():
            report.find("failed request", f"{count} requests were answered {status} (0: not at all)")
        findings = report.findings
        for name, count in sorted(part.counts.items()):
            print(f"{count:8} {name}, of two processes each")
        print(f"{sum(answers.values()):8} requests, answers {dict(sorted(answers.items()))}")
        for name, count in sorted(report.counts.items()):
            print(f"{count:8} {name}")
        print(f"longest stop {part.longest_stop:.1f} s")
        for finding in findings:
            print(f"  {finding}")
        print(f"failed requests {sum(failed.values())}, "
              f"lost {report.kinds['lost'] + report.kinds['missing']}, duplicate {report.kinds['duplicate']}, "
              f"findings {sum(report.kinds.values())}")
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
    parser.add_argument("--rolls", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=12, help="posts a second")
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        sys.exit(run(parser.parse_args()))
    except StartFailed as error:
        print(f"rolling: {error}", file=sys.stderr)
        sys.exit(2)
