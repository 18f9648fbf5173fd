"""The torture in its short form, as `make test` runs it: a fixed seed for each topology, some of the deliberate bugs, and
rolling restarts. `make torture` runs as long as one likes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mutations
from kafka_broker import need_kafka

HERE = Path(__file__).parent


def run(script: str, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments], capture_output=True, text=True, timeout=seconds, check=False)
    print(done.stdout, done.stderr)
    return done


@pytest.mark.timeout(600)
def test_one_process_survives() -> None:
    """`serve`, which looks after its own PostgreSQL and Redis."""
    done = run("torture.py", "--topology", "serve", "--seconds", "20", "--seed", "1", "--crowd", "200", seconds=590)
    assert done.returncode == 0, done.stdout


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_the_roles_survive() -> None:
    need_kafka(killable=True)
    done = run("torture.py", "--topology", "roles", "--seconds", "60", "--seed", "1", "--crowd", "300", seconds=590)
    assert done.returncode == 0, done.stdout


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_nobody_notices_rolling_restarts() -> None:
    need_kafka(killable=True)
    done = run("rolling.py", "--rolls", "3", seconds=590)
    assert done.returncode == 0, done.stdout


@pytest.mark.apart
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["count-afterwards", "forget-deletions"])
def test_a_deliberate_bug_is_caught(name: str) -> None:
    """All of them, and over Kafka: `make mutations`."""
    mutations.MUTANTS.build()
    assert mutations.run(name, "serve")


OLD = [name for name in os.environ.get("MARTLET_TEST_OLD", "").split(":") if name]
"""Programs of versions before, as `PATH` or `PATH=LAST MIGRATION`."""


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("old", OLD or [None], ids=str)
def test_nobody_notices_an_upgrade(old: str | None) -> None:
    if old is None:
        pytest.skip("no program of a version before: name some by MARTLET_TEST_OLD, PATH=LAST_MIGRATION, by colons")
    need_kafka(killable=True)
    path, _, last = old.partition("=")
    done = run("upgrade.py", path, *(["--back-to", last] if last else []), seconds=1190)
    assert done.returncode == 0, done.stdout
