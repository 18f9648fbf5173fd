"""Schemathesis makes requests from /openapi.json, right and wrong ones, and checks every answer against it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from martlet_process import REPOSITORY, Server, report_file
from support import User

FOLDER = REPOSITORY / "Tests" / "schemathesis"
SEED = 20261124


def report(run: dict[str, Any]) -> str:
    """What of a run is the same the next time."""
    operations = run["operations"]
    lines = [
        "# Schemathesis", "",
        f"Written by test_openapi_fuzz.py with MARTLET_TEST_RECORD=1: {operations['tested']} of {operations['total']} operations, all checks, "
        f"seed {run['seed']}, version {run['schemathesis_version']}; schemathesis.toml says what is left out, and why.", "",
        "| phase | result |", "|---|---|",
    ]
    lines += [f"| {name} | {phase['status'] if phase['status'] != 'skip' else phase['skip_reason']} |"
              for name, phase in run["phases"].items()]
    lines += ["", *[f"- {failure['title']}: {', '.join(failure['operations'])}" for failure in run["failures"]]]
    lines += ["No check has failed."] if not run["failures"] and not run["errors"] else []
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_answers_are_those_of_the_document(server: Server, alice: User, tmp_path: Path) -> None:
    """Every check of Schemathesis, in chains of requests too (stateful); more than a thousand requests."""
    result = tmp_path / "run.json"
    run = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "--config-file", FOLDER / "schemathesis.toml", "run",
         f"{server.url}/openapi.json", "-H", f"Authorization: Bearer {alice.token}", "--seed", str(SEED), "--no-color",
         "--report", "json", "--report-json-path", result],
        cwd=tmp_path, capture_output=True, text=True, timeout=540,
    )
    assert result.exists(), run.stdout + run.stderr
    told = json.loads(result.read_text())
    report_file("schemathesis").write_text(report(told))
    assert run.returncode == 0, run.stdout
    assert told["complete"] and told["operations"]["tested"] >= 25
    assert told["test_cases"]["generated"] > 1000
    assert not told["failures"] and not told["errors"]
