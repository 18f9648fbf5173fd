"""Many addresses, one after the other, take all that there is: those who come later find room all the same."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Iterator

import pytest

from centrifugo_client import Centrifugo
from hostile import allow_descriptors, from_address, metric
from martlet_process import Server
from sse_client import Sse
from support import SLACK, User, eventually

# A line separator is escaped: 5,000 of them are 30,000 bytes of JSON, and there is no longer text.
LARGEST = "a" + "\u2028" * 4998 + "a"
BUFFERS_MB = 32
PROXY = "127.0.9.9"

allow_descriptors(4000)


@pytest.fixture(scope="module")
def small_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """With small buffers or 200 connections; a proxy at 127.0.9.9 is believed."""
    own = Server(MARTLET_TRUSTED_PROXIES=PROXY, **request.param)
    try:
        own.start()
        yield own
    finally:
        own.remove()


few_connections = pytest.mark.parametrize("small_server", [{"MARTLET_CONNECTIONS": "200"}], indirect=True)
small_buffers = pytest.mark.parametrize("small_server", [{"MARTLET_BUFFERS": str(BUFFERS_MB)}], indirect=True)


def status(connection: socket.socket, path: str = "/healthz", *fields: str) -> int:
    """Of an answer, which is read to its end; 0 when there is none."""
    head = "\r\n".join([f"GET {path} HTTP/1.1", "Host: a", *fields])
    try:
        connection.sendall(f"{head}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(65_536)
            if not piece:
                return 0
            answer += piece
        before, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in before.lower().split(b"\r\n") if line.startswith(b"content-length"))
        while len(body) < length:
            body += connection.recv(65_536)
        return int(before.split()[1])
    except ConnectionError:
        return 0


@few_connections
def test_ten_addresses_hold_all_connections(small_server: Server) -> None:
    """Each opens as many as it can, and keeps them idle. The eleventh is served, the twentieth too, and both stay; so is
    a client of a proxy."""
    server = small_server
    with ExitStack() as stack:
        def opened(address: str) -> socket.socket:
            return stack.enter_context(from_address(server, address, None))

        for number in range(1, 11):
            own = [opened(f"127.0.3.{number}") for _ in range(200 if number == 1 else 110)]
            # All of them have been counted, or refused.
            status(own[-1])
        late = [opened(f"127.0.3.{number}") for number in range(11, 21)]
        assert [status(connection) for connection in late] == [200] * 10
        assert [status(connection) for connection in late] == [200] * 10
        proxy = opened(PROXY)
        assert [status(proxy, "/healthz", f"X-Forwarded-For: 192.0.2.{number}") for number in range(1, 6)] == [200] * 5
        assert metric(server, "martlet_connections_pushed_out_total") >= 10
    eventually(lambda: metric(server, "martlet_http_connections") < 20, 10, "the end of the crowd")


@small_buffers
def test_unread_answers_of_many_leave_room(small_server: Server) -> None:
    """Eight networks of an IPv6 site and ten more addresses, all behind a proxy, ask for lists that they don't read, until
    nobody gets any more. The site has no more than one address; and another user's list comes within a second."""
    server = small_server
    author, reader = User.signup(server, "author"), User.signup(server, "reader")
    for _ in range(10):
        author.post(LARGEST)
    path = f"/v1/users/{author.id}/posts?limit=100"
    crowd: list[socket.socket] = []

    def ask(client: str, count: int) -> None:
        for _ in range(count):
            crowd.append(from_address(server, PROXY))
            crowd[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {client}\r\n\r\n".encode())
        eventually(lambda: metric(server, 'martlet_queue_length{queue="requests_read"}') == 0, 20, "the end of the reads")

    def buffered() -> int:
        return metric(server, 'martlet_queue_length{queue="buffered_bytes"}')

    try:
        for network in range(8):
            ask(f"2001:db8:0:{network}::1", 70 if network == 0 else 4)
        site = buffered()
        for number in range(1, 11):
            ask(f"192.0.2.{number}", 16)
        full = buffered()
        times: list[float] = []
        for user in (reader, author):
            begin = time.monotonic()
            eventually(lambda: user.http.get(path).status_code == 200, 10, "a list for those who read")
            times.append(time.monotonic() - begin)
        for number in range(20, 25):
            begin = time.monotonic()
            with from_address(server, PROXY, None) as proxy:
                eventually(lambda: status(proxy, path, f"X-Forwarded-For: 198.51.100.{number}") == 200, 10, "another's list")
            times.append(time.monotonic() - begin)
        pushed = metric(server, "martlet_connections_pushed_out_total")
        print(f"{site / 2**20:.1f} MB of one site, {full / 2**20:.1f} MB of all; served after "
              f"{' '.join(f'{1000 * each:.0f}' for each in times)} ms; {pushed} pushed out")
        assert site <= BUFFERS_MB << 19
        assert full > (BUFFERS_MB << 20) * 0.8
        assert max(times) < 1 * SLACK
    finally:
        for connection in crowd:
            connection.close()
        author.close()
        reader.close()
    eventually(lambda: buffered() < 1 << 20, 10, "the memory of the crowd")


@small_buffers
def test_a_resume_waits_for_room(small_server: Server) -> None:
    """Unread lists of many addresses, none of which has much, leave less than a resume may take. By event stream and by
    WebSocket it waits until some of them have gone; then it is told whole, and nothing is cut."""
    server = small_server
    author, reader = User.signup(server, "author"), User.signup(server, "reader")
    reader.follow(author)
    since = reader.feed()["live"]
    posts = [author.post(LARGEST)["id"] for _ in range(13)]
    eventually(lambda: reader.walk()[:1] == posts[-1:], 20, "the last post in the feed")
    path = f"/v1/users/{author.id}/posts?limit=100"
    crowd: list[socket.socket] = []
    try:
        while not crowd or crowd[-1].recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200":
            assert len(crowd) < 200
            crowd.append(from_address(server, PROXY))
            crowd[-1].sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.{len(crowd)}\r\n\r\n".encode())
        with Sse(server, token=reader.token, since=since) as stream, ThreadPoolExecutor() as pool:
            connecting = pool.submit(Centrifugo.of, reader, since=since)
            with pytest.raises(AssertionError, match="no event"):
                stream.next(1)
            assert not connecting.done()
            for connection in crowd[:20]:
                connection.close()
            assert stream.verdict("resumed").json() == {"missed": 13}
            assert [event.post_id for event in stream.until(posts[-1])] == posts
            with connecting.result() as live:
                assert live.subscription["recovered"] is True and len(live.subscription["publications"]) == 13
    finally:
        for connection in crowd:
            connection.close()
        author.close()
        reader.close()
