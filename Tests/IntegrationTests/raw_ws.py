"""WebSocket by hand, for clients that misbehave below the level of a library."""

from __future__ import annotations

import base64
import json
import os
import struct
from typing import TYPE_CHECKING, Any

from raw_http import RawHttp

if TYPE_CHECKING:
    from martlet_process import Server

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(payload: bytes, opcode: int = TEXT, masked: bool = True, final: bool = True) -> bytes:
    """One frame; a client's has to be masked."""
    head = bytes([(0x80 if final else 0) | opcode])
    flag = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 65536:
        head += bytes([flag | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def upgrade(raw: RawHttp, *headers: str, path: str = "/v1/live/ws", version: str = "13") -> bytes:
    """The request for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return raw.head("GET", path, "Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {key}",
                    f"Sec-WebSocket-Version: {version}", *headers)


def open_websocket(server: "Server", receive_buffer: int | None = None) -> RawHttp:
    """A connection after its upgrade; the caller sends frames and reads bytes."""
    raw = RawHttp(server, receive_buffer=receive_buffer)
    raw.send(upgrade(raw))
    answer = raw.answer()
    assert answer.status_code == 101, answer
    return raw


def connected_websocket(server: "Server", token: str) -> RawHttp:
    """A connection after its `connect` as the token's user."""
    raw = open_websocket(server)
    raw.send(frame(json.dumps({"id": 1, "connect": {"token": token}}).encode()))
    assert "connect" in read_reply(raw, 1)
    return raw


def open_websocket_that_never_reads(server: "Server", token: str) -> RawHttp:
    """Connects as the token's user with a small receive window, and reads nothing ever after."""
    raw = open_websocket(server, receive_buffer=4096)
    raw.send(frame(json.dumps({"id": 1, "connect": {"token": token}}).encode()))
    raw._until(b'"subs"')  # it is subscribed, and will pile up
    return raw


def read_frame(raw: RawHttp) -> tuple[int, bytes]:
    """The server's next frame: opcode and payload."""
    first, length = raw._exactly(2)
    size = struct.unpack(">H", raw._exactly(2))[0] if length == 126 else length
    size = struct.unpack(">Q", raw._exactly(8))[0] if length == 127 else size
    return first & 0x0F, raw._exactly(size)


def read_reply(raw: RawHttp, number: int) -> dict[str, Any]:
    """The reply to a command; what comes before it is passed over."""
    while True:
        opcode, payload = read_frame(raw)
        assert opcode == TEXT, (opcode, payload)
        if (message := json.loads(payload)).get("id") == number:
            return message


def close_code(raw: RawHttp) -> int | None:
    """Reads frames up to the server's close and returns its code; None when the connection just ends."""
    try:
        while True:
            opcode, payload = read_frame(raw)
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None
    except (EOFError, ConnectionResetError):
        return None
