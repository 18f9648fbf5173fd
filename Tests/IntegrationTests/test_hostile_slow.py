"""Clients that take their time, and ten thousand that say nothing: each is cut off in time, and costs nobody else."""

from __future__ import annotations

import selectors
import socket
import time
from typing import Iterator

import pytest

from hostile import allow_descriptors, metric, resident_mb
from martlet_process import Server
from raw_http import RawHttp
from sse_client import Sse
from support import User, assert_problem, eventually, expect, http_client

# ServerOptions, in seconds, and what a busy machine may add.
HEAD, BODY, IDLE, WRITE, SLACK = 10, 20, 60, 30, 15
HALF_OPEN = 10_000


def drip(raw: RawHttp, data: bytes, until: float) -> float:
    """Sends a byte a second until the server answers; the seconds it took."""
    begin = time.monotonic()
    raw.socket.settimeout(1)
    for byte in data:
        raw.send_as_far_as_taken(bytes([byte]))
        try:
            if more := raw.socket.recv(65536):
                raw.buffer += more
                return time.monotonic() - begin
        except TimeoutError:
            assert time.monotonic() - begin < until, "the server still waits"
    raise AssertionError("there was no answer")


@pytest.mark.slow
def test_a_head_of_one_byte_a_second(server: Server) -> None:
    """408 after 10 s, however steadily it comes."""
    with RawHttp(server) as raw:
        assert drip(raw, raw.head("GET", "/healthz", "X: " + "y" * 100), HEAD + SLACK) > HEAD - 1
        assert raw.answer().status_code == 408
        assert raw.ended()


@pytest.mark.slow
def test_a_body_of_one_byte_a_second(server: Server, alice: User) -> None:
    """408 after 20 s, and no post."""
    with RawHttp(server) as raw:
        raw.send(raw.head("POST", "/v1/posts", "Content-Type: application/json", "Content-Length: 500", token=alice.token))
        assert drip(raw, b" " * 100, BODY + SLACK) > BODY - 1
        assert raw.answer().status_code == 408
        assert raw.ended()
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.slow
def test_one_that_does_not_read_its_answers(server: Server) -> None:
    """Requests without end, of which no answer is read: not taken without end, and cut off when nothing was acknowledged
    for 30 s. The kernel's probes of a shut window may get the last bytes through meanwhile: 55 s were seen."""
    before = resident_mb(server)
    begin = time.monotonic()
    with RawHttp(server, receive_buffer=4096) as raw:
        many = raw.head("GET", "/openapi.json") * 100
        raw.socket.settimeout(2 * WRITE + 2 * SLACK)
        sent = 0
        try:
            while sent < 200_000_000:
                sent += raw.socket.send(many)
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert sent < 50_000_000, "the server takes requests whose answers nobody reads"
    assert WRITE - 2 < time.monotonic() - begin < 2 * WRITE + SLACK
    assert resident_mb(server) - before < 32


@pytest.fixture
def crowd() -> Iterator[tuple[Server, list[socket.socket]]]:
    """One address alone may have half of the connections: so many come from it as only a proxy's clients may be."""
    sockets: list[socket.socket] = []
    own = Server(MARTLET_TRUSTED_PROXIES="127.0.0.1")
    yield own.start(), sockets
    own.remove()
    for connection in sockets:
        connection.close()


# Before the server starts, which inherits it.
DESCRIPTORS = allow_descriptors(20_000)


@pytest.mark.slow
def test_ten_thousand_half_open(crowd: tuple[Server, list[socket.socket]]) -> None:
    """Half of them silent, half with half a head: others are served at once, and each is closed after its time."""
    server, sockets = crowd
    if DESCRIPTORS < HALF_OPEN + 1000:
        pytest.skip(f"a process may hold {DESCRIPTORS} descriptors only")
    count = HALF_OPEN
    user = User.signup(server, "served")
    before = resident_mb(server)
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if number % 2:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ")
        sockets.append(connection)
    eventually(lambda: metric(server, "martlet_http_connections") >= count * 0.4, 10, "the crowd")
    begin = time.monotonic()
    for _ in range(10):
        with http_client(server.url, timeout=5) as http:
            expect(http.get("/healthz"), 200)
        user.post("in the crowd")
    assert time.monotonic() - begin < 10 + SLACK, "others wait"
    grown = resident_mb(server) - before
    print(f"{count} half-open connections: {grown:.0f} MB more")
    assert grown < 150

    # The half heads get 408, the silent nothing; all of them are closed.
    with selectors.DefaultSelector() as selector:
        for connection in sockets:
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, bytearray())
        answered = 0
        end = time.monotonic() + IDLE + HEAD + 2 * SLACK
        while selector.get_map():
            assert time.monotonic() < end, f"{len(selector.get_map())} connections are still open"
            for key, _ in selector.select(1):
                try:
                    data = key.fileobj.recv(4096)  # type: ignore[union-attr]
                except ConnectionResetError:
                    data = b""
                key.data.extend(data)
                if not data:
                    answered += key.data.startswith(b"HTTP/1.1 408")
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
    assert answered == count // 2
    eventually(lambda: metric(server, "martlet_http_connections") < 10, 10, "the end of the crowd")
    # The allocator keeps some; a second crowd finds it there.
    grown = resident_mb(server) - before
    print(f"after their end: {grown:.0f} MB more")
    assert grown < 100
    user.post("after the crowd")
    user.close()


def test_more_than_may_connect(own_server: Server) -> None:
    """503 beyond the setting, at once; room again when some have gone."""
    own_server.stop()
    # One address may have half of them, and a proxy all.
    own_server.settings |= {"MARTLET_CONNECTIONS": "200", "MARTLET_TRUSTED_PROXIES": "127.0.0.1"}
    own_server.start()
    crowd = [RawHttp(own_server) for _ in range(200)]
    with RawHttp(own_server) as raw:
        raw.send(raw.head("GET", "/healthz"))
        answer = raw.answer()
        assert_problem(answer, 503, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1
    for raw in crowd:
        raw.socket.close()

    def room() -> bool:
        with RawHttp(own_server) as raw:
            raw.send_as_far_as_taken(raw.head("GET", "/healthz"))
            return raw.answer().status_code == 200

    eventually(room, 10, "room again")


def test_silent_connections_leave_room() -> None:
    """310 silent ones from one address where 300 may connect: everybody else is served, by requests and live."""
    own = Server(MARTLET_CONNECTIONS="300")
    crowd: list[socket.socket] = []
    try:
        own.start()
        for _ in range(310):
            crowd.append(socket.create_connection(("127.0.0.1", own.port), source_address=("127.0.0.2", 0)))
        user = User.signup(own, "served")
        for _ in range(30):
            with http_client(own.url) as http:
                expect(http.get("/healthz"), 200)
        for _ in range(10):
            with Sse(own, token=user.token) as stream:
                stream.verdict("live")
        user.close()
    finally:
        for connection in crowd:
            connection.close()
        own.remove()
