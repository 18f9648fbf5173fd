"""What tests of hostile clients measure: memory, descriptors, counters."""

from __future__ import annotations

import re
import resource
from pathlib import Path

from martlet_process import Server
from support import expect, http_client


def allow_descriptors(wanted: int) -> int:
    """Raises this process's limit of open files, which servers started later inherit; the number it got."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def resident_mb(server: Server) -> float:
    """The memory that the server's process has from the system right now."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024  # type: ignore[union-attr]


def metric(server: Server, name: str) -> int:
    """A number of /metrics, such as martlet_ws_connections."""
    with http_client(server.url) as http:
        text = expect(http.get("/metrics"), 200).text
    return int(float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1)))  # type: ignore[union-attr]
