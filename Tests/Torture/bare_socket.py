"""A WebSocket without a library: a thousand of these cost little."""

from __future__ import annotations

import asyncio
import base64
import os


class Closed(EOFError):
    """The server has said goodbye, with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class BareSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.transport = writer.transport

    @classmethod
    async def open(cls, address: str) -> BareSocket:
        """Raises EOFError where it is refused."""
        host, port = address.split(":")
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.timeout(10):
                await _shake_hands(reader, writer)
        except BaseException:
            writer.transport.abort()
            raise
        return cls(reader, writer)

    def send(self, payload: bytes) -> None:
        """A text frame; its mask is zero, which changes no byte."""
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._writer.write(b"\x81" + length + bytes(4) + payload)

    async def receive(self) -> bytes:
        """The next message."""
        async with asyncio.timeout(40):
            head = await self._reader.readexactly(2)
            length = head[1] & 0x7F
            if length > 125:
                length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
            payload = await self._reader.readexactly(length)
        if head[0] & 0x0F == 8:
            raise Closed(int.from_bytes(payload[:2], "big"))
        return payload


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /v1/live/ws HTTP/1.1\r\nHost: martlet\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        raise EOFError
