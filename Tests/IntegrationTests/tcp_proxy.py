"""A TCP proxy on the loopback address that can cut its connections: the bad network between client and server."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Self

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Forwards to 127.0.0.1:`target`. `refused_path`: a request path whose connection is ended without an answer."""

    def __init__(self, target: int, refused_path: bytes | None = None) -> None:
        self.target = target
        self.refused_path = refused_path
        self.refusals = 0
        self.refusing = False
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.refusing = True
        self._listener.close()
        self.cut()

    def cut(self, refusing: bool = False) -> int:
        """Resets every connection; `refusing` keeps new ones out until `heal`. Returns how many were cut."""
        with self._lock:
            self.refusing = self.refusing or refusing
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _reset(end)
        return len(pairs)

    def heal(self) -> None:
        with self._lock:
            self.refusing = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._open, args=(client,), daemon=True).start()

    def _open(self, client: socket.socket) -> None:
        try:
            first = client.recv(65536) if self.refused_path else b""
            if self.refused_path and first.split(b" ")[1:2] and first.split(b" ")[1].startswith(self.refused_path):
                self.refusals += 1
                return _reset(client)
            upstream = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            upstream.settimeout(None)
            upstream.sendall(first)
        except OSError:
            return _reset(client)
        with self._lock:
            refused = self.refusing
            if not refused:
                self._pairs.append((client, upstream))
        if refused:
            _reset(client)
            return _reset(upstream)
        threading.Thread(target=self._pump, args=(client, upstream), daemon=True).start()
        self._pump(upstream, client)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _reset(source)
            _reset(sink)


def _reset(end: socket.socket) -> None:
    """Closes with RST and wakes a thread that reads from it."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
