"""A neighbour that hangs holds nobody up for long."""

from __future__ import annotations

import os
import signal
import time

import pytest

from conftest import MakeUser
from martlet_process import Server


@pytest.mark.promised_time
def test_a_redis_that_hangs_costs_an_author_little(own_server: Server, make_user: MakeUser) -> None:
    """The 201 waits 100 ms for the author's own feed, not for Redis; the post is in the feed when Redis goes on."""
    alice = make_user("alice", own_server)
    alice.sees(alice.post("before")["id"])
    redis = int((own_server.data / "redis" / "redis.pid").read_text())
    os.kill(redis, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        post = alice.post("while Redis hangs")
        took = time.monotonic() - begin
    finally:
        os.kill(redis, signal.SIGCONT)
    assert took < 1, f"the answer took {took:.3f} s: a command may take 2 s"
    alice.sees(post["id"], timeout=20)


def test_a_follow_while_redis_hangs_leaves_no_gap(own_server: Server, make_user: MakeUser) -> None:
    """After the 204 the feed has the author's older posts, as the database has them; and so it stays."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    ids = alice.posts(5)
    redis = int((own_server.data / "redis" / "redis.pid").read_text())
    os.kill(redis, signal.SIGSTOP)
    try:
        bob.follow(alice)
        ids.append(alice.post("after the follow")["id"])
        assert bob.walk(limit=3) in (ids[::-1], ids[-2::-1])
    finally:
        os.kill(redis, signal.SIGCONT)
    bob.sees(*ids, timeout=20)
    assert bob.walk(limit=3) == ids[::-1]
