"""Hostile clients of the live feed: the memory stays flat, others get their posts, and who breaks the rules is told."""

from __future__ import annotations

import json
import os
import struct
import time
from typing import Callable

import pytest

from centrifugo_client import Centrifugo
from hostile import metric, resident_mb
from martlet_process import Server
from raw_http import RawHttp
from raw_ws import (
    BINARY, PING, PONG, TEXT, close_code, connected_websocket, frame, open_websocket, open_websocket_that_never_reads, upgrade,
)
from support import User

CONTINUATION = 0x0
# What a test may leave in the server's memory, in MB: the allocator's own, and what others do meanwhile.
FLAT = 32


def header(first: int, length: int, masked: bool = True) -> bytes:
    """A frame's header with eight bytes of length, of which the payload never comes."""
    return bytes([first, 127 | (0x80 if masked else 0)]) + struct.pack(">Q", length) + (b"\0\0\0\0" if masked else b"")


@pytest.mark.parametrize("length,code", [(1 << 40, 1009), ((1 << 63) - 1, 1009), (1 << 63, 1002), ((1 << 64) - 1, 1002), (70_000, 1009)])
def test_a_length_that_nobody_sends(server: Server, length: int, code: int) -> None:
    """Told at once, before a byte of it has come."""
    with open_websocket(server) as raw:
        raw.send(header(0x82, length))
        assert close_code(raw) == code
        assert raw.ended()


WRONG = {
    "not masked": frame(b"{}", masked=False), "not masked and empty": b"\x81\x00",
    "compressed": b"\xc1\x80\0\0\0\0", "second reserved bit": b"\xa1\x80\0\0\0\0",
    "third reserved bit": b"\x91\x80\0\0\0\0", "compressed ping": b"\xc9\x80\0\0\0\0",
    "unknown opcode": frame(b"", opcode=3), "unknown control opcode": frame(b"", opcode=11),
    "ping in pieces": frame(b"a", opcode=PING, final=False), "long ping": frame(b"x" * 126, opcode=PING),
    "continuation of nothing": frame(b"x", opcode=CONTINUATION),
    "message within a message": frame(b"{", final=False) + frame(b"}"),
    "half a close code": frame(b"\x03", opcode=8), "close code 1005": frame(b"\x03\xed", opcode=8),
    "close code 0": frame(b"\x00\x00", opcode=8),
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG.keys())
def test_frames_that_break_the_rules(server: Server, data: bytes) -> None:
    """1002, and the server closes the connection: it doesn't wait for a client that is in the wrong."""
    with open_websocket(server) as raw:
        raw.send(data)
        assert close_code(raw) == 1002
        assert raw.ended()


@pytest.mark.parametrize("text", [b"\xff", b"{\xc0\x80}", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_text_that_is_none_is_told_at_once(server: Server, text: bytes) -> None:
    """In the first piece of a message, not at its end."""
    with open_websocket(server) as raw:
        raw.send(frame(text, final=False))
        assert close_code(raw) == 1007
        assert raw.ended()


def test_compression_is_not_agreed_on(server: Server) -> None:
    with RawHttp(server) as raw:
        raw.send(upgrade(raw, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"))
        answer = raw.answer()
        assert answer.status_code == 101
        assert "sec-websocket-extensions" not in answer.headers


def flood(server: Server, alice: User, bob: User, attack: Callable[[], None]) -> None:
    """Runs the attack; a bystander gets what is posted during it, and the memory is what it was."""
    with Centrifugo.of(bob) as bystander:
        before = resident_mb(server)
        attack()
        post = alice.post("during the attack")["id"]
        assert bystander.until(post)
        assert resident_mb(server) - before < FLAT


def send_for_long(raw: RawHttp, data: bytes, limit: int) -> int:
    """Sends the same again until it was `limit` bytes, the server has closed, or takes nothing for two seconds; the
    number of bytes that it took."""
    raw.socket.settimeout(2)
    sent = 0
    try:
        while sent < limit:
            sent += raw.socket.send(memoryview(data)[sent % len(data) :])
    except (ConnectionResetError, BrokenPipeError, TimeoutError):
        pass
    raw.socket.settimeout(10)
    return sent


def test_pieces_without_end(server: Server, alice: User, bob: User) -> None:
    """A message of pieces of one byte: 1009 when it is longer than a message may be."""
    with connected_websocket(server, bob.token) as raw:
        def attack() -> None:
            raw.send(frame(b"x", final=False))
            send_for_long(raw, frame(b"x", opcode=CONTINUATION, final=False) * 1000, 7 * 100_000)
            assert close_code(raw) == 1009

        flood(server, alice, bob, attack)


def test_empty_pieces_without_end(server: Server, alice: User, bob: User) -> None:
    """They add nothing, so they cost no memory; the message may still end."""
    with connected_websocket(server, bob.token) as raw:
        def attack() -> None:
            raw.send(frame(b'{"id":2,', final=False))
            send_for_long(raw, frame(b"", opcode=CONTINUATION, final=False) * 1000, 6_000_000)
            raw.send(frame(b'"frobnicate":{}}', opcode=CONTINUATION))
            raw._until(b'"code":104')

        flood(server, alice, bob, attack)


def test_pings_without_end_and_without_reading(server: Server, alice: User, bob: User) -> None:
    """The pongs that nobody reads don't pile up: the server stops to read."""
    with open_websocket_that_never_reads(server, bob.token) as raw:
        def attack() -> None:
            sent = send_for_long(raw, frame(b"p" * 125, opcode=PING) * 100, 100_000_000)
            assert sent < 50_000_000

        flood(server, alice, bob, attack)


def test_every_ping_is_answered_in_order(server: Server, bob: User) -> None:
    """And before what comes behind it."""
    with connected_websocket(server, bob.token) as raw:
        raw.send(b"".join(frame(str(n).encode(), opcode=PING) for n in range(500)) + frame(b'{"id":2,"frobnicate":{}}'))
        for number in range(500):
            payload = str(number).encode()
            assert raw._exactly(2 + len(payload)) == bytes([0x80 | PONG, len(payload)]) + payload
        assert raw._exactly(1)[0] == 0x80 | TEXT


def test_subscriptions_without_end(server: Server, alice: User, bob: User) -> None:
    """20,000 that are refused one by one, read or not."""
    commands = b"".join(
        frame(json.dumps({"id": n, "subscribe": {"channel": f"room:{n}{'x' * 50}"}}).encode()) for n in range(2, 20_002))
    with open_websocket_that_never_reads(server, bob.token) as raw:
        flood(server, alice, bob, lambda: send_for_long(raw, commands, len(commands)) and None)


def test_commands_in_one_frame_without_end(server: Server, alice: User, bob: User) -> None:
    """As many as fit in a message: the replies to one message have a limit as well."""
    with open_websocket_that_never_reads(server, bob.token) as raw:
        message = frame(b"\n".join(b'{"id":%d,"a":{}}' % n for n in range(2, 3_500)))
        flood(server, alice, bob, lambda: send_for_long(raw, message, 20_000_000) and None)


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_one_that_never_reads_while_its_feed_is_busy(server: Server, alice: User, bob: User, transport: str) -> None:
    """Its backlog is bounded, a reader beside it gets everything, and it is cut off in about 30 s."""
    name = f'martlet_live_connections{{transport="{transport}"}}'
    others = metric(server, name)
    if transport == "websocket":
        deaf = open_websocket_that_never_reads(server, bob.token)
    else:
        deaf = RawHttp(server, receive_buffer=4096)
        deaf.send(deaf.head("GET", "/v1/live/sse", token=bob.token))
        deaf._until(b"event: live")
    with deaf, Centrifugo.of(bob) as reader:
        mine = metric(server, name) - others
        before = resident_mb(server)
        for number in range(600):
            post = alice.post(f"{number} " + "x" * 4900)["id"]
            assert [publication.post_id for publication in reader.until(post)] == [post]
        # Three megabytes for it, of which it gets references to 256 frames at most.
        assert resident_mb(server) - before < FLAT
        deadline = time.monotonic() + 60
        while metric(server, name) != others + mine - 1:
            assert time.monotonic() < deadline, "the deaf one is still there"
            reader.poll(0.2)
        post = alice.post("without it")["id"]
        assert reader.until(post)


@pytest.mark.slow
def test_random_bytes(server: Server, alice: User, bob: User) -> None:
    """Three hundred connections that send noise as frames: each ends, and the server lives."""
    def attack() -> None:
        for _ in range(300):
            with open_websocket(server) as raw:
                raw.send_as_far_as_taken(os.urandom(3000))
                # What noise there is that waits for more bytes is ended by the client.
                raw.socket.settimeout(0.2)
                try:
                    close_code(raw)
                except TimeoutError:
                    continue

    flood(server, alice, bob, attack)


def test_binary_noise_as_commands(server: Server) -> None:
    for payload in (b"\x00" * 1000, os.urandom(1000), b"[" * 4096, b'{"id":' * 600):
        with open_websocket(server) as raw:
            raw.send(frame(payload, opcode=BINARY))
            assert close_code(raw) == 3501
