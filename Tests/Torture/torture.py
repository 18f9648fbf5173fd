"""Does Martlet keep its promises while its parts fail?

    torture.py [--seconds N] [--seed S] [--topology roles|serve] [--pooled] [--mutation NAME]

Prints the seed, the faults and the counts; ends with 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

from cluster import Cluster
from round import CALM, CIRCLES, CROWD, Round
from servers import StartFailed

DESCRIPTORS_MORE, THREADS_MORE = 40, 12
"""What a role may hold above an idle start: its pools, and threads that Swift and librdkafka make when they need them."""


def leaks(cluster: Cluster, idle: dict[str, dict[str, int]]) -> list[str]:
    """What is held when nobody is connected any more."""
    found = []
    for role in cluster.roles:
        usage = role.usage()
        for what, more in (("descriptors", DESCRIPTORS_MORE), ("threads", THREADS_MORE)):
            if usage[what] > idle[role.name][what] + more:
                found.append(f"{role.name} holds {usage[what]} {what}, {idle[role.name][what]} at its start")
        if usage["kilobytes"] > 600_000:
            found.append(f"{role.name} holds {usage['kilobytes']} kB")
    for server, count, most in cluster.server_connections():
        if count > most:
            found.append(f"{server} has {count} connections, expected {most} at most")
    return found


def until_released(cluster: Cluster, idle: dict[str, dict[str, int]], seconds: float = 20) -> list[str]:
    deadline = time.monotonic() + seconds
    while found := leaks(cluster, idle):
        if time.monotonic() > deadline:
            return found
        time.sleep(0.5)
    return []


def summary(seconds: list[float]) -> dict[str, float]:
    """Milliseconds at the middle, at 99 % and at most, and of how many."""
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99, 1)]
    return {"count": len(ordered)} | dict(zip(("p50", "p99", "most"), (round(1000 * time, 1) for time in at)))


def torture(options: argparse.Namespace) -> dict[str, Any]:
    cluster = Cluster(options.topology, options.mutation, keep=True, pushes=True, pooled=options.pooled)
    faults: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    times: dict[str, list[float]] = {}
    findings: list[str] = []
    begin = time.monotonic()
    is_reached = False
    try:
        cluster.start()
        idle = {role.name: role.usage() for role in cluster.roles}
        left, number = options.seconds, 0
        while left > 0 and not findings:
            seconds = min(options.round, left)
            seed = options.seed * 1000 + number
            part = Round(cluster, number, seed, seconds, options.gap, options.rate)
            part.crowd_size, part.circle_count, part.calm = options.crowd, options.circles, options.calm
            part.has_pushes = True
            part.only = tuple(filter(None, options.only.split(",")))
            report = uvloop.run(part.run())
            for leak in until_released(cluster, idle):
                report.find("leak", leak)
            faults += part.executioner.counts
            counts += report.counts
            kinds += report.kinds
            for what, seconds_taken in report.times.items():
                times.setdefault(what, []).extend(seconds_taken)
            findings += [f"round {number} (seed {seed}): {finding}" for finding in report.findings]
            print(f"round {number}: seed {seed}, {seconds:.0f} s of faults, {sum(part.executioner.counts.values())} "
                  f"faults, {report.counts['deliveries checked']} deliveries checked, {len(report.findings)} findings, "
                  f"answers {dict(sorted(part.api.counts.items()))}", flush=True)
            for finding in report.findings:
                print(f"  {finding}", flush=True)
            left -= seconds
            number += 1
        is_reached = cluster.has_reached_mutation()
    finally:
        cluster.keep = bool(findings) or options.keep or sys.exc_info()[0] is not None
        cluster.close()
    return {
        "topology": options.topology, "seed": options.seed, "mutation": options.mutation, "rounds": number,
        "seconds": round(time.monotonic() - begin), "seconds of faults": options.seconds - max(left, 0),
        "kills": sum(n for kind, n in faults.items() if kind.startswith("kill")) + 2 * faults["full disk"],
        "faults": dict(sorted(faults.items())), "counts": dict(sorted(counts.items())), "kinds": dict(kinds),
        "times": {what: summary(taken) for what, taken in sorted(times.items())},
        "reached": is_reached, "findings": findings, "evidence": str(cluster.home) if cluster.keep else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of faults; quiet and checks come on top")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--topology", choices=("roles", "serve"), default="roles")
    parser.add_argument("--pooled", action="store_true", help="PostgreSQL behind a PgBouncer in transaction mode; of roles")
    parser.add_argument("--mutation", help="a deliberate bug, by its name, of the program that scripts/mutants builds")
    parser.add_argument("--round", type=float, default=120, help="seconds of faults before each quiet and check")
    parser.add_argument("--gap", type=float, default=1.1, help="mean seconds between two faults")
    parser.add_argument("--rate", type=float, default=12, help="posts a second")
    parser.add_argument("--crowd", type=int, default=CROWD, help="connected followers of the first user")
    parser.add_argument("--circles", type=int, default=CIRCLES, help="of three users, in which who sees whom changes")
    parser.add_argument("--calm", type=float, default=CALM, help="seconds without faults at the end of each round")
    parser.add_argument("--only", default="", help="kinds of faults, by commas, each for some targets: kind:target")
    parser.add_argument("--keep", action="store_true", help="keep data, logs and histories")
    parser.add_argument("--json", type=Path, help="file that gets the result as a line of JSON")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        result = torture(options)
    except StartFailed as error:
        print(f"torture: {error}", file=sys.stderr)
        return 2
    print(f"\nseed {result['seed']}, topology {result['topology']}, {result['seconds']} s in all")
    for title in ("faults", "counts"):
        print(f"{title}:")
        for name, count in result[title].items():
            print(f"  {count:8} {name}")
    print(f"  {result['kills']:8} kill -9 in all")
    print("milliseconds, when nothing was broken:")
    for name, taken in result["times"].items():
        print(f"  {taken['p50']:8} p50 {taken['p99']:8} p99 {taken['most']:8} most, of {taken['count']:5}  {name}")
    broken = result["kinds"]
    print(f"lost {broken.get('lost', 0) + broken.get('missing', 0)}, duplicate {broken.get('duplicate', 0)}, "
          f"out of order {broken.get('out of order', 0)}, findings {sum(broken.values())}")
    if options.json:
        with options.json.open("a") as file:
            file.write(json.dumps(result) + "\n")
    if result["findings"]:
        print(f"evidence in {result['evidence']}")
    return bool(result["findings"])


if __name__ == "__main__":
    sys.exit(main())
