"""One broker of several that can't be used does not end the start: a client goes on to the next."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Iterator

import pytest

from martlet_process import Server
from support import SLACK
from test_settings import ended


@contextlib.contextmanager
def broker(answer: bytes | None) -> Iterator[str]:
    """Answers a client's first bytes, with something that is no TLS; or says nothing."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    if answer is not None:
                        connection.recv(1000)
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield "127.0.0.1:%d" % listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


def start(server: Server, tmp_path: Path, brokers: str) -> tuple[float, str]:
    """How long it takes to give up, and what it says."""
    begin = time.monotonic()
    code, said = ended(tmp_path, timeout=90, MARTLET_KAFKA=brokers, MARTLET_REDIS=f"unix://{server.redis_socket}",
                       MARTLET_KAFKA_PROPERTIES="security.protocol=ssl",
                       MARTLET_POSTGRES=f"host={server.data}/postgres user=martlet dbname=martlet")
    assert code == 1 and "MARTLET_KAFKA is" in said and "SSL" in said, said
    return time.monotonic() - begin, said


@pytest.mark.promised_time
def test_the_only_broker_speaks_no_tls(server: Server, tmp_path: Path) -> None:
    with broker(b"HTTP/1.1 400 Bad Request\r\n\r\n") as wrong:
        took, _ = start(server, tmp_path, wrong)
    assert took < 4, f"waited {took:.1f} s for what does not pass"


def test_another_broker_gets_its_time(server: Server, tmp_path: Path) -> None:
    with broker(b"HTTP/1.1 400 Bad Request\r\n\r\n") as wrong, broker(None) as silent:
        took, _ = start(server, tmp_path, f"{wrong},{silent}")
    assert 4.5 < took < 30 * SLACK, took
