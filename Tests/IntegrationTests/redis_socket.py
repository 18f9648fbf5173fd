"""Raw commands to the server's private Redis, through its unix socket."""

from __future__ import annotations

import socket
from pathlib import Path


def redis_command(path: Path, *words: str) -> str:
    """Sends one command in RESP and returns the first line of the reply; '' when Redis just ends."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(request.encode())
        reply = b""
        while b"\r\n" not in reply and (more := connection.recv(4096)):
            reply += more
    line = reply.split(b"\r\n")[0].decode()
    assert not line.startswith("-"), f"{words}: {line}"
    return line


def flush_all(path: Path) -> None:
    assert redis_command(path, "FLUSHALL") == "+OK"
