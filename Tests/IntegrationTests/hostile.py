"""What tests of hostile clients need: many addresses, descriptors; and what they measure: memory, counters."""

from __future__ import annotations

import re
import resource
import socket
from pathlib import Path

import httpx

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
    """A number of /metrics, such as martlet_ws_connections; read from an address of its own, for who attacks from 127.0.0.1
    leaves no room for longer answers there."""
    with httpx.Client(base_url=server.url, transport=httpx.HTTPTransport(local_address="127.0.0.99"), timeout=30) as http:
        text = expect(http.get("/metrics"), 200).text
    return int(float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1)))  # type: ignore[union-attr]


def from_address(server: Server, address: str, receive_buffer: int | None = 4096) -> socket.socket:
    """A connection from one of this machine's many addresses."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.bind((address, 0))
    connection.settimeout(10)
    connection.connect(("127.0.0.1", server.port))
    return connection
