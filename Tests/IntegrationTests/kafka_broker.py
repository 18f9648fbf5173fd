"""The Kafka of a test run: whether there is one, and the broker that all its processes share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import uuid
from functools import cache
from pathlib import Path

import pytest

from ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = "MARTLET_TEST_RUN"
"""The variable with the folder that is shared by the processes of one pytest run."""


@cache
def found() -> dict[str, str]:
    """What scripts/test-kafka says: `broker`, `script`, or `none` with the reason."""
    done = subprocess.run(
        [REPOSITORY / "scripts/test-kafka"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def need_kafka(killable: bool = False) -> None:
    """Skips the test where no Kafka is, or none that can be killed. All such skips come from here, and make one line."""
    kafka = found()
    if reason := kafka.get("none"):
        pytest.skip(f"no Kafka: {reason}")
    if killable and "script" not in kafka:
        pytest.skip("no Kafka that can be killed: MARTLET_TEST_KAFKA_SCRIPT is not set")


def open_run() -> None:
    """Makes the folder of this run, which its workers inherit."""
    os.environ[SHARED] = tempfile.mkdtemp(prefix="martlet-it-run-", dir="/tmp")


def close_run() -> None:
    """Ends the run's broker, if one was started."""
    folder = Path(os.environ.pop(SHARED))
    if (folder / "kafka").exists():
        subprocess.run([found()["script"], "stop", folder / "kafka", "-9"], timeout=60, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)


@cache
def broker() -> str:
    """host:port of the broker of this run, which the first process that wants it starts."""
    if named := found().get("broker"):
        return named
    folder = Path(os.environ[SHARED])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address = folder / "address"
        if not address.exists():
            port = free_port(2)
            subprocess.run(
                [found()["script"], "start", folder / "kafka", str(port)], check=True, timeout=90,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            address.write_text(f"127.0.0.1:{port}")
        return address.read_text()


def settings() -> dict[str, str]:
    """The settings of one server: topics of its own on the shared broker."""
    return {"MARTLET_KAFKA": broker(), "MARTLET_KAFKA_PREFIX": f"it-{uuid.uuid4().hex[:8]}-"}
