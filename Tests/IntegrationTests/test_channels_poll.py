"""Channels over long polls, against a process that is cut off, killed and drained. The rest is Swift's `ChannelPollTests`."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Iterator

import pytest

from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from redis_socket import flush_all
from support import User, eventually, expect, redis_is_noticed


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def poll(user: User, channels: str, live: str = "", wait: int = 0) -> dict[str, Any]:
    parameters = {"channels": channels, "wait": wait} | ({"since": live} if live else {})
    return expect(user.http.get("/v1/feed", params=parameters, timeout=60), 200).json()


def told(reply: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["channel"], item.get("post", {}).get("id") or item["type"]) for item in reply["items"]]


def waiting(server: Server, pool: ThreadPoolExecutor, user: User, channels: str, live: str) -> Future[dict[str, Any]]:
    """A poll that has begun to wait."""
    before = metric(server, "martlet_live_subscriptions")
    future = pool.submit(poll, user, channels, live, 45)
    count = sum(name != "feed" for name in channels.split(","))
    eventually(lambda: metric(server, "martlet_live_subscriptions") == before + count, 10, "the poll's subscriptions")
    return future


def test_it_ends_with_what_comes(own_server: Server, make_user: MakeUser, pool: ThreadPoolExecutor) -> None:
    """The one channel that has something, at once; and nothing is left of the poll."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    channels = f"feed,user:{alice.id},user:{bob.id}"
    live = poll(bob, channels)["live"]
    reply = waiting(own_server, pool, bob, channels, live)
    begin = time.monotonic()
    post = alice.post("for the channel alone")["id"]
    assert told(reply.result(30)) == [(f"user:{alice.id}", post)]
    assert time.monotonic() - begin < 5
    eventually(lambda: metric(own_server, "martlet_live_subscriptions") == 0, 10, "the end of the subscriptions")


def test_killed_between_two_polls(own_server: Server, make_user: MakeUser) -> None:
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    bob.follow(alice)
    channels = f"feed,user:{alice.id}"
    live = poll(bob, channels)["live"]
    ids = alice.posts(3)
    own_server.kill()
    own_server.start()
    seen: list[tuple[str, str]] = []
    while len(seen) < 6:
        reply = poll(bob, channels, live, 45)
        assert reply["items"] and not reply["reset"]
        seen, live = seen + told(reply), reply["live"]
    for name in channels.split(","):
        assert [post for channel, post in seen if channel == name] == ids
    assert poll(bob, channels, live)["items"] == []


def test_redis_forgets_while_it_waits(own_server: Server, make_user: MakeUser, pool: ThreadPoolExecutor) -> None:
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    channels = f"feed,user:{alice.id}"
    live = poll(bob, channels)["live"]
    reply = waiting(own_server, pool, bob, channels, live)
    flush_all(own_server.redis_socket)
    first = reply.result(30)
    assert first["reset"] and ("feed", "reset") in told(first)
    redis_is_noticed(own_server)
    # The partitions of the two find out by themselves.
    second = poll(bob, channels, first["live"])
    resets = {item["channel"]: item["read"] for item in first["items"] + second["items"]}
    assert resets == {"feed": "/v1/feed", f"user:{alice.id}": f"/v1/users/{alice.id}/posts"}
    assert poll(bob, channels, second["live"])["items"] == []


def test_a_drain_ends_it(own_server: Server, make_user: MakeUser, pool: ThreadPoolExecutor) -> None:
    """At once, with where it was."""
    alice = make_user("alice", own_server)
    channels = f"user:{alice.id}"
    live = poll(alice, channels)["live"]
    reply = waiting(own_server, pool, alice, channels, live)
    own_server.terminate()
    last = reply.result(10)
    assert last["items"] == [] and not last["reset"]
    assert own_server.wait() == 0
    own_server.start()
    post = alice.post("behind it")["id"]
    assert told(poll(alice, channels, last["live"], 45)) == [(channels, post)]


def test_each_poll_is_one_of_the_users_connections(own_server: Server, make_user: MakeUser, pool: ThreadPoolExecutor) -> None:
    """20 at once, whether they listen to the feed or not."""
    alice = make_user("alice", own_server)
    channels = f"user:{alice.id}"
    live = poll(alice, channels)["live"]
    with ThreadPoolExecutor(21) as many:
        replies = [many.submit(poll, alice, channels, live, 45) for _ in range(20)]
        eventually(lambda: metric(own_server, "martlet_live_subscriptions") == 20, 20, "all of them")
        refused = alice.http.get("/v1/feed", params={"channels": channels, "since": live, "wait": 45})
        assert refused.status_code == 429 and json.loads(refused.text)["code"] == "rate_limited"
        post = alice.post("for all of them")["id"]
        for reply in replies:
            assert told(reply.result(30)) == [(channels, post)]
