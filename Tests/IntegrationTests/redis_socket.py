"""Raw commands to the server's private Redis, through its unix socket."""

from __future__ import annotations

import socket
from pathlib import Path


def redis_command(path: Path, *words: str | bytes) -> str:
    """Sends one command in RESP and returns the first line of the reply; '' when Redis just ends."""
    return redis_reply(path, *words).split(b"\r\n")[0].decode()


def redis_reply(path: Path, *words: str | bytes) -> bytes:
    """The same with all of the reply that comes at once."""
    request = b"*%d\r\n" % len(words)
    for word in words:
        data = word if isinstance(word, bytes) else word.encode()
        request += b"$%d\r\n%s\r\n" % (len(data), data)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(request)
        reply = b""
        while b"\r\n" not in reply and (more := connection.recv(4096)):
            reply += more
    assert not reply.startswith(b"-"), f"{words!r}: {reply!r}"
    return reply


def flush_all(path: Path) -> None:
    assert redis_command(path, "FLUSHALL") == "+OK"
