"""Faults that a review found: each had lost, duplicated or stopped something."""

from __future__ import annotations

import re
import selectors
import socket
import time
import uuid
from collections.abc import Callable

import pytest

from centrifugo_client import Centrifugo
from martlet_process import Server
from redis_socket import redis_command
from sse_client import Sse
from support import User, eventually, expect, http_client


def test_one_token_on_many_connections(limited_server: Server) -> None:
    """The limiter's clock is read by many threads at once: the process must survive a burst of one caller."""
    caller = User.signup(limited_server, "hammer")
    request = f"GET /v1/users/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n\r\n".encode()
    answers = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(64):
            connection = socket.create_connection(("127.0.0.1", limited_server.port))
            connection.send(request)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            for key, _ in selector.select(1):
                assert key.fileobj.recv(65536), "the server closed a connection"  # type: ignore[union-attr]
                answers += 1
                key.fileobj.send(request)  # type: ignore[union-attr]
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    assert answers > 1000
    with http_client(limited_server.url) as http:
        expect(http.get("/healthz"), 200)
    caller.close()


@pytest.mark.both_logs
def test_a_replayed_post_is_not_pushed(server: Server, alice: User) -> None:
    """An answer that is given again tells of the first post; no other one may appear, live or in the feed."""
    with Centrifugo.of(alice) as live:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = expect(alice.http.post("/v1/posts", json={"text": "once"}, headers=key), 201)
        again = expect(alice.http.post("/v1/posts", json={"text": "once"}, headers=key), 201)
        assert again.content == first.content and again.headers["idempotency-replayed"] == "true"
        last = alice.post("behind it")["id"]
        assert [publication.post_id for publication in live.until(last)] == [first.json()["id"], last]


def test_a_long_catch_up_on_a_slow_line_comes_once(alice: User, bob: User) -> None:
    """What is missed may be more than the socket takes at once: it is told once all the same. (It may not be more than an
    answer's 256 KB, or it is a reset.)"""
    bob.follow(alice)
    since = bob.feed()["live"]
    ids = alice.posts(200, "x" * 800)
    bob.sees(ids[-1])
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    line.settimeout(10)
    line.connect(("127.0.0.1", alice.server.port))
    line.sendall(
        f"GET /v1/live/sse?since={since} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bob.token}\r\n\r\n".encode()
    )
    last = alice.post("the end")["id"].encode()
    got = b""
    end = time.monotonic() + 30
    while last not in got:
        assert time.monotonic() < end, "the last post did not come"
        got += line.recv(16384)
    line.close()
    told = re.findall(rb'"type":"post.created","post":\{"id":"(\d+)"', got)
    assert [post.decode() for post in told] == [*ids, last.decode()]


def test_a_lost_message_is_recovered(alice: User, bob: User) -> None:
    """A message that Redis did not bring is found by the next one's number, and what it told is told."""
    bob.follow(alice)
    path = alice.server.redis_socket
    with Sse(alice.server, token=bob.token) as live:
        assert live.next().event == "live"
        partition = next(p for p in range(16) if redis_command(path, "HEXISTS", f"online:{{16.{p}}}", bob.id) == ":1")
        online, numbers = f"online:{{16.{partition}}}", f"seq:{{16.{partition}}}"
        for round_ in range(5):
            node = _bulk(path, "HGET", online, bob.id)[-8:]
            before = redis_command(path, "HLEN", numbers)
            assert before == ":1"
            # Nobody is told of the first; the number counts as if somebody had been.
            assert redis_command(path, "HDEL", online, bob.id) == ":1"
            lost = alice.post(f"lost {round_}")["id"]
            bob.sees(lost)
            redis_command(path, "HINCRBY", numbers, node, "1")
            redis_command(path, "HSET", online, bob.id, node)
            found = alice.post(f"found {round_}")["id"]
            told = [live.next().post_id, live.next().post_id]
            assert told == [lost, found], round_


def _bulk(path: object, *words: str) -> str:
    """The value of a reply that is a string."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(request.encode())
        return connection.recv(4096).split(b"\r\n")[1].decode()


def test_long_polls_leave_room_for_others(alice: User, make_user: Callable[..., User]) -> None:
    """A user's polls are limited, and the operator's questions are answered while they wait."""
    since = alice.feed()["live"]
    polls = []
    request = (
        f"GET /v1/feed?since={since}&wait=20 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\n\r\n".encode()
    )
    try:
        for _ in range(60):
            poll = socket.create_connection(("127.0.0.1", alice.server.port), timeout=10)
            poll.sendall(request)
            polls.append(poll)
        with http_client(alice.server.url) as http:
            for path in ("/healthz", "/readyz", "/metrics"):
                expect(http.get(path), 200)
        expect(make_user("other").http.get("/v1/feed"), 200)
        alice.post("wakes them")
        answers = [poll.recv(12) for poll in polls]
    finally:
        for poll in polls:
            poll.close()
    assert answers.count(b"HTTP/1.1 200") == 20
    assert answers.count(b"HTTP/1.1 429") == 40


def test_a_stale_pid_file_does_not_stop_the_start(own_server: Server) -> None:
    """After a power loss the file may name a process that has nothing to do with Redis."""
    own_server.stop()
    pid_file = own_server.redis_socket.parent / "redis.pid"
    pid_file.write_text("1\n")
    own_server.redis_socket.touch()
    own_server.start()
    user = User.signup(own_server, "again")
    post = user.post("up again")["id"]
    eventually(lambda: post in user.feed_ids(), 5, "the post in the feed")
    user.close()
