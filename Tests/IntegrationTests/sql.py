"""Looks into a server's private PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from martlet_process import Server


def rows(server: "Server", query: str) -> list[tuple[str, ...]]:
    """The rows of a query; every value as text."""
    psql = max(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[4]))
    folder = (server.data / "postgres").resolve()
    done = subprocess.run(
        [psql, "-h", folder, "-U", "martlet", "-d", "martlet", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", query],
        timeout=30, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]
