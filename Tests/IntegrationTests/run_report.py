"""What scripts/test shows of a run besides the result: the seconds of its phases, and the slowest tests of all languages."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

SLOWEST = 10


def write(reporter: Any, swift_times: Path) -> None:
    """`reporter`: pytest's terminal; `swift_times`: lines of seconds and name."""
    reports = [report for reports in reporter.stats.values() for report in reports if hasattr(report, "duration")]
    reporter.ensure_newline()
    for phase, is_torture in (("integration", False), ("torture", True)):
        spans = [(report.start, report.stop) for report in reports if ("Torture/" in report.location[0]) == is_torture]
        if spans:
            seconds = max(stop for _, stop in spans) - min(start for start, _ in spans)
            reporter.write_line(f"{phase:14} {seconds:4.0f} s")
    swift_times.with_name("times").write_text("".join(
        f"{report.start:.2f} {report.stop:.2f} {getattr(report, 'worker_id', 'alone')} {report.when} {report.nodeid}\n"
        for report in sorted(reports, key=lambda report: report.start)))
    taken: dict[str, float] = defaultdict(float)
    for report in reports:
        taken[report.nodeid.split("@")[0]] += report.duration
    if swift_times.exists():
        for line in swift_times.read_text().splitlines():
            seconds, name = line.split(" ", 1)
            taken[name] += float(seconds)
    reporter.write_line(f"The {SLOWEST} slowest tests:")
    for name, seconds in sorted(taken.items(), key=lambda pair: -pair[1])[:SLOWEST]:
        reporter.write_line(f"  {seconds:6.1f} s  {name}")
