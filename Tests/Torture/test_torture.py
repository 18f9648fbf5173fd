"""The torture in its short form, as CI runs it: a fixed seed for each topology, some of the deliberate bugs, and rolling
restarts. `make torture` runs as long as one likes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mutations

HERE = Path(__file__).parent
SET_UP_FAILED = 2


def run(script: str, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments], capture_output=True, text=True, timeout=seconds, check=False)
    print(done.stdout, done.stderr)
    if done.returncode == SET_UP_FAILED and "MARTLET_TEST_KAFKA_SCRIPT" in done.stderr:
        pytest.skip(done.stderr.strip())
    return done


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("topology", "seconds"), [("roles", 60), ("serve", 20)])
def test_it_survives(topology: str, seconds: int) -> None:
    done = run("torture.py", "--topology", topology, "--seconds", str(seconds), "--seed", "1", seconds=590)
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(600)
def test_nobody_notices_rolling_restarts() -> None:
    done = run("rolling.py", "--rolls", "3", seconds=590)
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", ["count-afterwards", "chunks-in-any-partition"])
def test_a_deliberate_bug_is_caught(name: str) -> None:
    """All of them: Tests/Torture/mutations.py."""
    if not mutations.BINARY.is_file():
        pytest.skip(f"no debug build at {mutations.BINARY}")
    assert mutations.run(name)
