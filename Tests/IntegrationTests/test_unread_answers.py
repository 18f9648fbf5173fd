"""Answers that nobody reads, and requests that come in part: what they may take of the server's memory."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from typing import Iterator, NamedTuple

import pytest

from centrifugo_client import Centrifugo
from hostile import allow_descriptors, from_address, metric, resident_mb
from martlet_process import Server
from raw_http import RawHttp
from sse_client import Sse
from support import User, assert_problem, eventually, expect, http_client

# A line separator is escaped: 5,000 of them are 30,000 bytes of JSON, and there is no longer text.
LARGEST = "a" + "\u2028" * 4998 + "a"
OF_A_LIST = 262_144
BUFFERS_MB = 48

allow_descriptors(4000)


class Talkative(NamedTuple):
    server: Server
    author: User
    reader: User
    before: str


@pytest.fixture(scope="module")
def talkative() -> Iterator[Talkative]:
    """A server with an author of 100 of the largest texts, a follower, and the follower's position before them."""
    own = Server()
    try:
        own.start()
        author, reader = User.signup(own, "author"), User.signup(own, "reader")
        reader.follow(author)
        before = reader.feed()["live"]
        for _ in range(100):
            last = author.post(LARGEST)["id"]
        eventually(lambda: reader.feed(limit=1)["items"][:1] and reader.feed(limit=1)["items"][0]["id"] == last, 30,
                   "the last post in the feed")
        yield Talkative(own, author, reader, before)
        author.close()
        reader.close()
    finally:
        own.remove()


def ask(connection: socket.socket, path: str, token: str | None = None) -> None:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{authorization}\r\n".encode())


def buffered(server: Server) -> int:
    return metric(server, 'martlet_queue_length{queue="buffered_bytes"}')


def settled(server: Server) -> None:
    """All requests of a crowd have been answered or refused, as far as their clients let it."""
    eventually(lambda: metric(server, 'martlet_queue_length{queue="requests_read"}') == 0, 20, "the end of the reads")


@pytest.fixture
def crowd(talkative: Talkative) -> Iterator[list[socket.socket]]:
    """Connections, which are closed in the end; then what they held has been given back."""
    connections: list[socket.socket] = []
    yield connections
    for connection in connections:
        connection.close()
    eventually(lambda: buffered(talkative.server) < 1 << 20, 10, "the memory of the crowd")


# MARK: Lists


def test_a_list_is_cut_by_bytes(talkative: Talkative) -> None:
    """The largest posts come eight at a time; by `next` all of them, each once and in order."""
    server, author, reader, _ = talkative
    for user, path in ((author, f"/v1/users/{author.id}/posts"), (reader, "/v1/feed")):
        ids: list[str] = []
        query: dict[str, object] = {"limit": 100}
        while True:
            answer = expect(user.http.get(path, params=query), 200)
            assert len(answer.content) < OF_A_LIST + 1024
            page = answer.json()
            ids += [post["id"] for post in page["items"]]
            if "next" not in page:
                break
            assert 7 <= len(page["items"]) <= 8
            query["cursor"] = page["next"]
        assert len(ids) == 100 and ids == sorted(set(ids), key=int, reverse=True)


def test_short_posts_are_not_cut(talkative: Talkative) -> None:
    alice = User.signup(talkative.server, "alice")
    alice.posts(40, "short")
    assert len(alice.feed(limit=100)["items"]) == 40
    assert "next" not in alice.feed(limit=100)
    alice.close()


def test_what_was_missed_is_told_in_parts(talkative: Talkative) -> None:
    """`live` is the position of the last event of a part; asked on from there, all events come, each once."""
    server, author, reader, before = talkative
    told: list[str] = []
    live = before
    for _ in range(100):
        answer = expect(reader.http.get("/v1/feed", params={"since": live}), 200)
        assert len(answer.content) < OF_A_LIST + 1024
        part = answer.json()
        assert part["reset"] is False
        if not part["items"]:
            break
        told += [event["post"]["id"] for event in part["items"]]
        live = part["live"]
    assert len(told) == 100 and told == sorted(set(told), key=int)
    assert told == list(reversed(reader.walk()))


def test_a_long_poll_is_told_in_parts(talkative: Talkative) -> None:
    server, _, reader, before = talkative
    begin = time.monotonic()
    part = reader.feed(since=before, wait=30)
    assert 7 <= len(part["items"]) <= 8 and time.monotonic() - begin < 20
    assert reader.feed(since=part["live"], wait=30)["items"]


def test_a_live_connection_that_missed_too_much_is_reset(talkative: Talkative) -> None:
    """By event stream and by WebSocket: it reads the feed page by page instead."""
    server, _, reader, before = talkative
    with Sse(server, token=reader.token, since=before) as stream:
        stream.verdict("reset")
    with Centrifugo.of(reader, since=before) as live:
        assert live.subscription["recovered"] is False and not live.subscription.get("publications")


def test_a_crowd_behind_one_address_is_served(talkative: Talkative) -> None:
    """300 who read what they ask for, on connections that stay: nobody is refused, lists of 240 KB included."""
    server, author, _, _ = talkative
    crowd = [RawHttp(server) for _ in range(300)]
    for turn in range(0, 300, 50):
        for raw in crowd[turn:turn + 50]:
            raw.send(raw.head("GET", f"/v1/users/{author.id}/posts?limit=100"))
        for raw in crowd[turn:turn + 50]:
            assert raw.answer().status_code == 200
    for raw in crowd:
        raw.socket.close()


# MARK: Clients that don't read


def test_unread_lists_are_bounded(talkative: Talkative, crowd: list[socket.socket]) -> None:
    """300 clients of one address, each with 4 KB of room, ask for 100 of the largest posts: the server keeps what it has
    for one address, refuses the rest before it reads them, and serves all others as if nothing was."""
    server, author, reader, _ = talkative
    before = resident_mb(server)
    crowd += [from_address(server, "127.0.0.2") for _ in range(300)]
    for connection in crowd:
        ask(connection, f"/v1/users/{author.id}/posts?limit=100")
    settled(server)
    held = buffered(server)
    grown = resident_mb(server) - before
    print(f"300 unread lists: {grown:.0f} MB more, {held / 2**20:.1f} MB of them counted")
    assert 8 << 20 < held <= BUFFERS_MB << 19
    assert grown < BUFFERS_MB
    statuses = Counter(connection.recv(12) for connection in crowd)
    assert statuses[b"HTTP/1.1 503"] > 100, statuses
    # The others are served.
    for _ in range(10):
        expect(reader.http.get(f"/v1/users/{author.id}/posts", params={"limit": 100}), 200)


def test_unread_missed_events_are_bounded(talkative: Talkative, crowd: list[socket.socket]) -> None:
    """60 unread answers of all that a user has missed."""
    server, _, reader, since = talkative
    before = resident_mb(server)
    crowd += [from_address(server, "127.0.0.3") for _ in range(60)]
    for connection in crowd:
        ask(connection, f"/v1/feed?since={since}", reader.token)
    settled(server)
    grown = resident_mb(server) - before
    print(f"60 unread resumes: {grown:.0f} MB more")
    assert buffered(server) <= BUFFERS_MB << 19
    assert grown < 32


def test_a_user_has_one_share_from_all_addresses(talkative: Talkative, crowd: list[socket.socket]) -> None:
    """Half of the buffers, not half for each address; and another user still gets an answer."""
    server, author, reader, _ = talkative
    crowd += [from_address(server, f"127.0.1.{1 + number % 50}") for number in range(200)]
    for connection in crowd:
        ask(connection, "/v1/feed?limit=100", reader.token)
    settled(server)
    answer = reader.http.get("/v1/feed")
    while answer.status_code == 200:
        assert len(crowd) < 300
        crowd.append(from_address(server, "127.0.1.99"))
        ask(crowd[-1], "/v1/feed", reader.token)
        answer = reader.http.get("/v1/feed")
    assert (BUFFERS_MB << 19) * 0.9 < buffered(server) <= BUFFERS_MB << 19
    problem = assert_problem(answer, 503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1 and "read" in problem["detail"]
    expect(author.http.get("/v1/feed"), 200)


def test_half_sent_bodies_are_counted(talkative: Talkative, crowd: list[socket.socket]) -> None:
    """Bodies that don't come: what they are to be is taken before they are read, and when an address has its share, the
    next one is told at once."""
    server, author, _, _ = talkative
    head = b"POST /v1/posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
    crowd += [from_address(server, "127.0.0.1") for _ in range(600)]
    for connection in crowd:
        connection.sendall(head)
    with RawHttp(server) as raw:
        raw.send(head)
        answer = raw.answer()
        assert_problem(answer, 503, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1
    with from_address(server, "127.0.0.4", None) as other:
        other.sendall(head)
        other.settimeout(0.3)
        with pytest.raises(TimeoutError):
            other.recv(1)
    assert (BUFFERS_MB << 19) * 0.9 < buffered(server) <= BUFFERS_MB << 20


def was_refused(connection: socket.socket) -> bool:
    """Reads the answer if it is a 503, and nothing of any other."""
    try:
        refused = connection.recv(12, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"HTTP/1.1 503"
        return refused and bool(connection.recv(4096))
    except BlockingIOError:
        return False


def p99(server: Server, path: str, count: int) -> float:
    """Of requests by one who is not concerned, in milliseconds."""
    times: list[float] = []
    with http_client(server.url) as http:
        for _ in range(count):
            begin = time.monotonic()
            expect(http.get(path), 200)
            times.append(time.monotonic() - begin)
            time.sleep(0.005)
    return sorted(times)[len(times) * 99 // 100] * 1000


@pytest.mark.long
def test_a_thousand_that_never_read(talkative: Talkative, crowd: list[socket.socket]) -> None:
    """1,000 connections from 20 addresses ask for the largest answers there are: at most 64 MB more, which are back 30 s
    after they have gone; and the others' p99 is at most twice what it was."""
    server, author, reader, since = talkative
    profile = f"/v1/users/{author.id}"
    paths = (f"{profile}/posts?limit=100", f"{profile}/posts?limit=50", f"/v1/feed?since={since}", "/openapi.json")
    p99(server, profile, 200)
    quiet = p99(server, profile, 2000)
    before = resident_mb(server)
    peak = 0.0

    def attack() -> None:
        """Two hundred a second; those who are refused ask twice more."""
        nonlocal peak
        crowd.extend(from_address(server, f"127.0.2.{1 + number % 20}") for number in range(1000))
        for turn in range(3):
            for number, connection in enumerate(crowd):
                if turn == 0 or was_refused(connection):
                    ask(connection, paths[number % 4], reader.token if number % 4 == 2 else None)
                if number % 50 == 49:
                    time.sleep(0.25)
                    peak = max(peak, resident_mb(server) - before)

    attacker = threading.Thread(target=attack)
    attacker.start()
    meanwhile = p99(server, profile, 2000)
    attacker.join()
    held = buffered(server) / 2**20
    for connection in crowd:
        connection.close()
    begin = time.monotonic()
    eventually(lambda: resident_mb(server) - before < 16, 30, "the memory back")
    print(f"p99 {quiet:.1f} ms before, {meanwhile:.1f} ms meanwhile; {peak:.0f} MB more at most, {held:.1f} MB counted; "
          f"{time.monotonic() - begin:.0f} s after the end {resident_mb(server) - before:.0f} MB more")
    assert held > BUFFERS_MB * 0.7, "the attack is no attack"
    assert peak <= 64
    assert meanwhile <= 2 * quiet
