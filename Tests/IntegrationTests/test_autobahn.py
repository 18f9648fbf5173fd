"""The WebSocket of Sources/Sockets against Autobahn's cases, by a server that echoes (Tests/EchoServer)."""

from __future__ import annotations

import subprocess

import pytest

from martlet_process import REPOSITORY, binary

# The largest message of Autobahn's cases has 16 MiB.
LIMIT = 16 << 20


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_case_is_passed() -> None:
    """Strictly: a case that is passed with a remark is not passed. Tests/autobahn/report.md has the table."""
    with subprocess.Popen([binary("martlet-echo"), str(LIMIT)], stdout=subprocess.PIPE, text=True) as echo:
        try:
            port = echo.stdout.readline().strip()
            run = subprocess.run(
                [REPOSITORY / "scripts" / "autobahn", port], capture_output=True, text=True, timeout=540)
            print(run.stdout, run.stderr)
            assert run.returncode == 0
            assert "517 of 517 cases, 0 not passed" in run.stdout
        finally:
            echo.terminate()
