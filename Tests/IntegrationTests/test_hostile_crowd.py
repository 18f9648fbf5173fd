"""A thousand live clients that break the rules at the same time, each in its way: each ends by its rule, the memory stays
flat, and others are told as before."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Iterator

import pytest

from centrifugo_client import Centrifugo
from hostile import allow_descriptors, metric, resident_mb
from martlet_process import Server, run_martlet
from raw_http import RawHttp
from raw_ws import close_code, frame, open_websocket, open_websocket_that_never_reads
from support import SLACK, User, eventually

EACH = 334
SILENT, GARBAGE = 3502, 3501
WRITE = 30
"""Seconds without progress."""
SEEN = 'martlet_live_connections{transport="websocket"}'
# Before the server starts, which inherits it.
allow_descriptors(5_000)


@pytest.fixture
def own() -> Iterator[Server]:
    """One address alone may have half of the connections: so many come from it as only a proxy's clients may be."""
    server = Server(MARTLET_TRUSTED_PROXIES="127.0.0.1", MARTLET_LIMITS="off")
    yield server.start()
    server.remove()


def followers(server: Server, author: User, folder: Path, count: int) -> list[str]:
    made = run_martlet("seed", "--users", str(count), "--follow", author.handle, "--tokens", str(folder / "tokens"),
                       timeout=200, MARTLET_DATA=str(server.data), MARTLET_PASSWORD_COST="1")
    assert made.returncode == 0, made.stderr
    return (folder / "tokens").read_text().split()


def latencies(author: User, reader: Centrifugo, posts: int, text: str) -> list[float]:
    """Seconds from each post's request until the reader has it, in order of size."""
    took = []
    for number in range(posts):
        begin = time.monotonic()
        post = author.post(f"{number} {text}")["id"]
        assert [publication.post_id for publication in reader.until(post)] == [post]
        took.append(time.monotonic() - begin)
    return sorted(took)


def last_words(deaf: RawHttp) -> bytes:
    """The reason in the frame that closes the connection, behind all that was never read; nothing where that could not leave."""
    while data := deaf.socket.recv(1 << 20):
        deaf.buffer = (deaf.buffer + data)[-200:]
    return deaf.buffer.rpartition(b"\x88")[2][3:] if b"\x88" in deaf.buffer else b""


@pytest.mark.slow
def test_a_thousand_that_break_the_rules(own: Server, tmp_path: Path) -> None:
    author, reading = User.signup(own, "author"), User.signup(own, "reading")
    reading.follow(author)
    tokens = followers(own, author, tmp_path, EACH)
    text = "x" * 4900
    with Centrifugo.of(reading) as reader:
        usual = latencies(author, reader, 40, text)
        deaf: list[RawHttp] = []
        others: dict[int, list[RawHttp]] = {SILENT: [], GARBAGE: []}
        before = resident_mb(own)
        try:
            for token in tokens:
                deaf.append(open_websocket_that_never_reads(own, token))
                others[SILENT].append(open_websocket(own))
                others[GARBAGE].append(open_websocket(own))
                others[GARBAGE][-1].send(frame(os.urandom(500), opcode=2))
            assert metric(own, SEEN) > EACH
            meanwhile = latencies(author, reader, 120, text)
            # 600 KB for each of the deaf, of which the server keeps references.
            assert resident_mb(own) - before < 64
            for code, connections in others.items():
                assert {close_code(one) for one in connections} == {code}
            # Which of the two comes first is the kernel's, by how much it takes for them.
            eventually(lambda: (reader.poll(0.2), metric(own, SEEN) == 1)[1], 2 * WRITE + 10, "the deaf have gone")
            assert {last_words(one) for one in deaf} <= {b"slow", b"no pong", b""}
            assert resident_mb(own) - before < 32
        finally:
            for one in deaf + others[SILENT] + others[GARBAGE]:
                one.socket.close()
        after = latencies(author, reader, 20, text)
    slowest = [times[len(times) * 99 // 100] for times in (usual, meanwhile, after)]
    assert slowest[1] < max(4 * slowest[0], 0.25 * SLACK), slowest
