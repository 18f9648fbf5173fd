"""Live clients are compared with their timelines: what silences one without a word is found."""

from __future__ import annotations

import time

from centrifugo_client import Centrifugo
from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from redis_socket import redis_command, redis_reply
from sse_client import Sse
from support import User, eventually


def forget(server: Server, user: User) -> None:
    """Nobody is told of the user's events any more."""
    tables = redis_reply(server.redis_socket, "KEYS", "online:*").split(b"\r\n")[2::2]
    assert sum(redis_command(server.redis_socket, "HDEL", table, user.id) == ":1" for table in tables) == 1


def test_a_registration_that_was_deleted(own_server: Server, make_user: MakeUser) -> None:
    """What its clients missed meanwhile comes, once and in order, and it is counted; nobody else reads anything anew."""
    own_server.stop()
    own_server.settings["MARTLET_AUDIT_SECONDS"] = "2"
    own_server.start()
    alice, bob, carol = (make_user(name, on=own_server) for name in ("alice", "bob", "carol"))
    for user in (bob, carol):
        user.follow(alice)
    with Sse(own_server, token=bob.token) as stream, Centrifugo.of(bob) as client, Centrifugo.of(carol) as other:
        stream.verdict("live")
        before = alice.post("before")["id"]
        assert [event.post_id for event in stream.until(before)] == [before]
        # A sound client is none of the audit's business.
        audits = metric(own_server, "martlet_live_audits_total")
        eventually(lambda: metric(own_server, "martlet_live_audits_total") >= audits + 4, 10, "two audits of both")
        assert metric(own_server, "martlet_live_silenced_total") == 0
        forget(own_server, bob)
        posts = [alice.post(f"silent {number}")["id"] for number in range(3)]
        begin = time.monotonic()
        assert [event.post_id for event in stream.until(posts[-1])] == posts
        assert time.monotonic() - begin < 8
        assert [publication.post_id for publication in client.until(posts[-1])] == [before, *posts]
        live = alice.post("live again")["id"]
        assert [event.post_id for event in stream.until(live)] == [live]
        assert [publication.post_id for publication in other.until(live)] == [before, *posts, live]
    assert metric(own_server, "martlet_live_silenced_total") == 1
