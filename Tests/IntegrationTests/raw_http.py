"""HTTP/1.1 by hand, for what a well-behaved client library never sends."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from support import PATIENCE

if TYPE_CHECKING:
    from martlet_process import Server


@dataclass
class RawAnswer:
    status_code: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class RawHttp:
    """One TCP connection: bytes out, answers in, every read with a limit."""

    def __init__(self, server: "Server", timeout: float = PATIENCE, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", server.port))
        self.host = f"127.0.0.1:{server.port}"
        self.buffer = b""

    def __enter__(self) -> "RawHttp":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def head(self, method: str, path: str, *headers: str, token: str | None = None) -> bytes:
        """A request's head with Host and, given a token, Authorization."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *headers]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def request(self, method: str, path: str, *headers: str, token: str | None = None, body: Any = None) -> bytes:
        """A whole request; a body that is not bytes goes as JSON."""
        if body is None:
            return self.head(method, path, *headers, token=token)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        all_headers = ["Content-Type: application/json", f"Content-Length: {len(content)}", *headers]
        return self.head(method, path, *all_headers, token=token) + content

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_as_far_as_taken(self, data: bytes) -> None:
        """Sends until the server refuses to take more: it may answer before the end and close."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _fill(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            raise EOFError(f"the server closed the connection; unread: {self.buffer[:200]!r}")
        self.buffer += more

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def answer(self, head_only: bool = False) -> RawAnswer:
        """The next answer on the connection; `head_only` for the answer to a HEAD."""
        lines = self._until(b"\r\n\r\n").split(b"\r\n")
        version, status = lines[0].split(b" ")[:2]
        assert version == b"HTTP/1.1", lines[0]
        fields = [line.split(b":", 1) for line in lines[1:]]
        headers = httpx.Headers([(name.strip(), value.strip()) for name, value in fields])
        code = int(status)
        if head_only or code in (204, 304) or code < 200:
            return RawAnswer(code, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return RawAnswer(code, headers, self._chunks())
        return RawAnswer(code, headers, self._exactly(int(headers["content-length"])))

    def _chunks(self) -> bytes:
        content = b""
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            content += self._exactly(size)
            assert self._exactly(2) == b"\r\n"
        while self._until(b"\r\n"):
            continue
        return content

    def ended(self) -> bool:
        """The server has closed and sent nothing more."""
        if self.buffer:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
