"""Crashes, drains and a Redis that forgets: nothing accepted is lost, nothing is shown twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from follower import ReconnectingFollower
from martlet_process import Server
from raw_http import RawHttp
from redis_socket import flush_all, redis_command
from sse_client import Sse
from support import User, eventually, expect, http_client

pytestmark = pytest.mark.both_logs


@pytest.fixture
def pair(own_server: Server, make_user: MakeUser) -> tuple[User, User]:
    """An author and a follower on the test's own server."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    bob.follow(alice)
    return alice, bob


def test_killed_right_after_the_201(own_server: Server, pair: tuple[User, User]) -> None:
    """Four times `kill -9` as soon as the post is accepted: the follower who comes back sees each once, in order."""
    alice, bob = pair
    ids: list[str] = []
    with ReconnectingFollower(bob) as follower:
        for round_ in range(4):
            eventually(lambda: follower.connections > round_ or follower.failure, 30, "the follower's return")
            ids += alice.posts(3, f"round {round_}")
            own_server.kill()
            own_server.start()
        ids.append(alice.post("after all")["id"])
        follower.sees(*ids, timeout=30)
        eventually(lambda: bob.walk(limit=5) == ids[::-1], 10, "each post once in the feed")
        marker = alice.post("marker")["id"]
        follower.sees(marker)
        assert follower.view == [*ids, marker]
        assert follower.connections >= 5


def test_killed_while_posts_come_in(own_server: Server, pair: tuple[User, User]) -> None:
    """`kill -9` amid a stream of writes: each that was answered with 201 is there, and none is there in half."""
    alice, bob = pair
    accepted: list[str] = []
    enough = threading.Event()

    def keep_posting(worker: int) -> None:
        with http_client(own_server.url, alice.token) as http:
            for number in range(2000):
                try:
                    answer = http.post("/v1/posts", json={"text": f"{worker}/{number}"})
                except httpx.TransportError:
                    return
                accepted.append(expect(answer, 201).json()["id"])
                if len(accepted) >= 40:
                    enough.set()

    with ReconnectingFollower(bob) as follower:
        with ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(keep_posting, number) for number in range(4)]
            assert enough.wait(30)
            own_server.kill()
            for worker in workers:
                worker.result(30)
        own_server.start()
        eventually(lambda: set(accepted) <= set(bob.walk()), 30, "every accepted post in the feed")
        # What was committed and not answered is in the author's list at once, and in the feed when the fan-out has done it.
        posted = sorted(alice.walk(f"/v1/users/{alice.id}/posts"))
        assert set(accepted) <= set(posted) and len(posted) <= len(accepted) + 4
        eventually(lambda: sorted(bob.walk()) == posted, 30, "each post once in the feed")
        walk = bob.walk()
        marker = alice.post("marker")["id"]
        follower.sees(*walk, marker, timeout=30)
        assert sorted(follower.view) == sorted([*walk, marker])


def test_a_repeated_write_over_a_crash(own_server: Server, pair: tuple[User, User]) -> None:
    """Who does not know whether the write was done asks again with the same key, after the restart, too."""
    alice, bob = pair
    write = {"url": "/v1/posts", "json": {"text": "once"}, "headers": {"Idempotency-Key": "over-the-crash"}}
    first = expect(alice.http.post(**write), 201)
    own_server.kill()
    own_server.start()
    again = expect(alice.http.post(**write), 201)
    assert again.headers["idempotency-replayed"] == "true" and again.content == first.content
    eventually(lambda: bob.walk() == [first.json()["id"]], 15, "one post in the follower's feed")


def test_sessions_outlive_a_restart(own_server: Server, make_user: MakeUser) -> None:
    """SIGTERM: exit code 0 within 10 s. The second start finds users, sessions, follows, posts and positions."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    bob.follow(alice)
    ids = alice.posts(5)
    bob.sees(*ids)
    page = bob.feed(limit=2)
    assert own_server.stop() == 0
    assert own_server.leftovers() == [], "something still runs from the data folder"
    own_server.start()
    assert bob.walk(limit=2) == ids[::-1]
    assert [post["id"] for post in bob.feed(limit=2, cursor=page["next"])["items"]] == ids[2:0:-1]
    assert expect(bob.http.get(f"/v1/users/{alice.id}"), 200).json()["followed"] is True
    bob.login().close()
    with http_client(own_server.url) as http:
        expect(http.post("/v1/auth/refresh", json={"refresh_token": bob.session["refresh_token"]}), 200)


@pytest.mark.promised_time
def test_a_flushed_redis(own_server: Server, pair: tuple[User, User]) -> None:
    """FLUSHALL: feeds are as before, connected followers go on, a post after it arrives within 5 s."""
    alice, bob = pair
    with ReconnectingFollower(bob) as follower:
        ids = alice.posts(30)
        follower.sees(*ids)
        before = bob.walk(limit=7)
        for round_ in range(3):
            flush_all(own_server.redis_socket)
            assert bob.walk(limit=7) == before == ids[::-1]
            ids.append(alice.post(f"after flush {round_}")["id"])
            follower.sees(ids[-1], timeout=5)
            eventually(lambda: bob.walk(limit=7) == ids[::-1], 5, "the feed with the new post")
            before = bob.walk(limit=7)
        assert follower.view == ids


def test_redis_flushed_between_two_pages(own_server: Server, pair: tuple[User, User]) -> None:
    """A walk goes on over the flush without a gap and without a duplicate."""
    alice, bob = pair
    ids = alice.posts(40)
    bob.sees(*ids)
    walk: list[str] = []
    for page in bob.pages(limit=4):
        walk += [post["id"] for post in page["items"]]
        flush_all(own_server.redis_socket)
    assert walk == ids[::-1]


def test_positions_from_before_a_flush(own_server: Server, pair: tuple[User, User]) -> None:
    """A flush loses the positions: whoever comes with an old one is told so, on each transport."""
    alice, bob = pair
    with Centrifugo.of(bob) as client, Sse(own_server, token=bob.token) as stream:
        position, last_id = client.position, stream.verdict("live").id
    live = bob.feed()["live"]
    flush_all(own_server.redis_socket)
    missed = alice.post("missed")["id"]
    bob.sees(missed)
    with Centrifugo.of(bob, position=position) as client:
        assert client.subscription.get("recovered", False) is False
    with Sse(own_server, token=bob.token, last_event_id=last_id) as stream:
        stream.verdict("reset")
    answer = bob.feed(since=live)
    assert answer["reset"] is True and answer["items"] == []


def test_redis_comes_back(own_server: Server, pair: tuple[User, User]) -> None:
    """The private Redis dies: the server starts it again, and follower and feed lose nothing."""
    alice, bob = pair
    with ReconnectingFollower(bob) as follower:
        ids = alice.posts(5)
        follower.sees(*ids)
        redis_command(own_server.redis_socket, "SHUTDOWN", "NOSAVE")

        def accepted() -> str | None:
            answer = alice.http.post("/v1/posts", json={"text": "while Redis is away"})
            assert answer.status_code in (201, 503), answer.text
            return answer.json()["id"] if answer.status_code == 201 else None

        ids.append(eventually(accepted, 30, "an accepted post"))
        follower.sees(*ids, timeout=30)
        eventually(lambda: expect(bob.http.get("/healthz"), 200) and bob.http.get("/readyz").status_code == 200, 30, "ready")
        assert bob.walk(limit=2) == ids[::-1]
        marker = alice.post("marker")["id"]
        follower.sees(marker)
        assert follower.view == [*ids, marker]


def test_a_drain(own_server: Server, pair: tuple[User, User]) -> None:
    """SIGTERM: what is in flight is finished, live clients are told to come back, exit code 0 within 10 s."""
    alice, bob = pair
    content = b'{"text":"in flight"}'
    live = bob.feed()["live"]
    writers = [RawHttp(own_server) for _ in range(5)]
    with (
        Centrifugo.of(bob) as socket, Sse(own_server, token=bob.token) as stream, RawHttp(own_server) as poller,
        RawHttp(own_server) as late,
    ):
        stream.verdict("live")
        poller.send(poller.head("GET", "/healthz") + poller.head("GET", f"/v1/feed?since={live}&wait=50", token=bob.token))
        assert poller.answer().status_code == 200
        for writer in writers:
            headers = ("Content-Type: application/json", f"Content-Length: {len(content)}", "Expect: 100-continue")
            writer.send(writer.head("POST", "/v1/posts", *headers, token=alice.token))
            assert writer.answer().status_code == 100
        own_server.terminate()
        assert socket.closed(10)[0] == 3001
        # On a connection that was never used one may ask for another second; nobody is let wait any more.
        late.send(late.head("GET", f"/v1/feed?since={live}&wait=50", token=bob.token))
        assert late.answer().status_code == 200
        for writer in writers:
            writer.send(content)
        answers = [writer.answer() for writer in writers]
        assert [answer.status_code for answer in answers] == [201] * 5
        poll = poller.answer()
        assert poll.status_code == 200 and poll.json()["reset"] is False
        drain = [event for event in stream.rest(10) if event.event == "drain"]
        assert len(drain) == 1
        assert drain[0].json()["retry_after_ms"] >= 0 and drain[0].retry == drain[0].json()["retry_after_ms"]
        assert own_server.wait(10) == 0
    with pytest.raises(OSError):
        RawHttp(own_server)
    own_server.start()
    ids = [answer.json()["id"] for answer in answers]
    eventually(lambda: sorted(bob.walk()) == sorted(ids), 15, "the posts of the drain in the feed")
    for writer in writers:
        writer.socket.close()


def test_a_drain_loses_nothing_for_a_follower(own_server: Server, pair: tuple[User, User]) -> None:
    """Posts up to the signal, a restart, posts after it: resumed, each once, in order."""
    alice, bob = pair
    with ReconnectingFollower(bob) as follower:
        ids = alice.posts(20, "before")
        assert own_server.stop() == 0
        own_server.start()
        ids += alice.posts(20, "after")
        follower.sees(*ids, timeout=30)
        assert follower.view == ids
        assert 3001 in follower.closes


def test_a_second_signal_does_not_hang(own_server: Server) -> None:
    """SIGTERM twice still ends within 10 s, and the data stay good."""
    own_server.terminate()
    own_server.terminate()
    own_server.wait(10)
    own_server.start()
    with http_client(own_server.url) as http:
        expect(http.get("/readyz"), 200)
