"""What live connections cost, in instructions: a baseline that a change must not make dearer unnoticed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/instructions"


@pytest.mark.apart
def test_a_delivery_and_an_idle_connection_cost_what_they_did() -> None:
    """Where it is meant to be dearer: `scripts/instructions record`."""
    run = subprocess.run([SCRIPT, "check"], capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stdout + run.stderr
