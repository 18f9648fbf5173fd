"""Channels whose log, registration or database is lost: nobody misses anything for long."""

from __future__ import annotations

import contextlib
import time

from centrifugo_client import Centrifugo
from channel_clients import (  # noqa: F401  (fixtures among them)
    INSUFFICIENT, REFUSED, at, form, opened, user_channel,
)
from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from redis_socket import flush_all, redis_command, redis_reply
from sql import rows
from support import eventually, expect, redis_is_noticed


def test_redis_starts_anew(form: type[Centrifugo], own_server: Server, make_user: MakeUser) -> None:
    """A subscription whose log is lost ends with 2500, which SDKs take as: subscribe again, and read what you missed."""
    alice, carol = make_user("alice", on=own_server), make_user("carol", on=own_server)
    channel = user_channel(alice)
    with opened(form, carol) as client:
        # Who has lost the feed, too, is disconnected.
        client.call(unsubscribe={"channel": carol.channel})
        position = at(client.subscribe(channel))
        flush_all(own_server.redis_socket)
        assert client.unsubscribed(channel) == INSUFFICIENT
        redis_is_noticed(own_server)
        client.other_pushes.clear()
        result = client.subscribe(channel, position)
        assert not result.get("recovered") and result["epoch"] != position[0]
        live = alice.post("live")["id"]
        assert client.told(channel, 1)[0].post_id == live


def forget(server: Server, tables: str, name: str) -> None:
    """Nobody is told of the channel, or of the user's feed, any more."""
    found = redis_reply(server.redis_socket, "KEYS", f"{tables}:*").split(b"\r\n")[2::2]
    assert sum(redis_command(server.redis_socket, "HDEL", table, name) == ":1" for table in found) == 1


def test_a_registration_that_was_deleted(form: type[Centrifugo], own_server: Server, make_user: MakeUser) -> None:
    """An audit finds it: what was missed comes, once and in order, and it is counted."""
    own_server.stop()
    own_server.settings["MARTLET_AUDIT_SECONDS"] = "2"
    own_server.start()
    alice, carol = (make_user(name, on=own_server) for name in ("alice", "carol"))
    channel = user_channel(alice)
    with opened(form, carol) as client:
        client.subscribe(channel)
        before = alice.post("before")["id"]
        assert client.told(channel, 1)[0].post_id == before
        audits = metric(own_server, "martlet_live_audits_total")
        eventually(lambda: metric(own_server, "martlet_live_audits_total") >= audits + 4, 10, "two audits of both")
        assert metric(own_server, "martlet_live_silenced_total") == 0
        forget(own_server, "heard", channel)
        silent = alice.posts(3)
        live = alice.post("live again")["id"]
        assert [one.post_id for one in client.told(channel, 4)] == [*silent, live]
        assert metric(own_server, "martlet_live_silenced_total") == 1
        assert metric(own_server, "martlet_live_subscriptions") == 1
    eventually(lambda: metric(own_server, "martlet_live_subscriptions") == 0, 10, "the end of the subscription")


def test_a_gap_is_read_once_for_a_user(form: type[Centrifugo], own_server: Server, make_user: MakeUser) -> None:
    """However many connections have it, and each is told what it missed."""
    own_server.stop()
    own_server.settings["MARTLET_AUDIT_SECONDS"] = "2"
    own_server.start()
    alice, carol = (make_user(name, on=own_server) for name in ("alice", "carol"))
    carol.follow(alice)
    with contextlib.ExitStack() as open_clients:
        clients = [open_clients.enter_context(opened(form, carol)) for _ in range(8)]
        first = alice.post("first")["id"]
        for client in clients:
            client.until(first)
        before = metric(own_server, "martlet_live_reads_total")
        forget(own_server, "online", carol.id)
        missed = alice.post("missed")["id"]
        for client in clients:
            client.until(missed, 10)
        # Its registration is made anew, which leaves out a number: all of the partition read again, this user among them.
        eventually(lambda: metric(own_server, "martlet_live_gaps_total") == 1, 10, "the gap in the numbers")
        assert metric(own_server, "martlet_live_reads_total") - before in (1, 2)


def test_a_gap_of_all_is_read_once_for_a_channel(form: type[Centrifugo], own_server: Server, make_user: MakeUser) -> None:
    """It is missed for itself and for its user, whose feed has the same gap."""
    alice, carol = (make_user(name, on=own_server) for name in ("alice", "carol"))
    first = alice.post("first")["id"]
    names = [user_channel(alice), user_channel(carol), f"post:{first}"]
    with opened(form, carol) as client:
        for name in names:
            client.subscribe(name)
        before = metric(own_server, "martlet_live_reads_total")
        gaps = metric(own_server, "martlet_live_gaps_total")
        redis_command(own_server.redis_socket, "CLIENT", "KILL", "TYPE", "PUBSUB")
        eventually(lambda: metric(own_server, "martlet_live_gaps_total") > gaps, 10, "the gap")
        live = alice.post("live again")["id"]
        # The first one may have been told behind the subscription, or before it.
        while (told := client.told(user_channel(alice), 1)[0].post_id) == first:
            pass
        assert told == live
        assert metric(own_server, "martlet_live_reads_total") == before + 1 + len(names)


def test_nobody_was_told_to_ask_again(form: type[Centrifugo], own_server: Server, make_user: MakeUser) -> None:
    """What a node would be told by the user's registration, it finds when that is missing."""
    own_server.stop()
    own_server.settings["MARTLET_AUDIT_SECONDS"] = "2"
    own_server.start()
    alice, carol = (make_user(name, on=own_server) for name in ("alice", "carol"))
    with opened(form, carol) as client:
        client.subscribe(user_channel(alice))
        forget(own_server, "online", carol.id)
        expect(alice.http.put(f"/v1/users/{carol.id}/block"), 204)
        assert client.unsubscribed(user_channel(alice), 10) == REFUSED


def test_while_it_can_not_be_found_out_who_may_see_it(
    form: type[Centrifugo], own_server: Server, make_user: MakeUser
) -> None:
    """Nobody is let in then, and whoever must be asked about again is let go after ten seconds."""
    alice, carol = make_user("alice", on=own_server), make_user("carol", on=own_server)
    post = f"post:{alice.post('a post')['id']}"
    with opened(form, carol) as client:
        client.call(unsubscribe={"channel": carol.channel})
        client.subscribe(post)
        rows(own_server, "ALTER TABLE posts RENAME TO posts_that_are_away")
        try:
            flush_all(own_server.redis_socket)
            begin = time.monotonic()
            assert client.unsubscribed(post, 30) == INSUFFICIENT
            assert time.monotonic() - begin > 8
            assert client.try_to_subscribe(post)["error"] == {
                "code": 100, "message": "internal server error", "temporary": True}
        finally:
            rows(own_server, "ALTER TABLE posts_that_are_away RENAME TO posts")
        client.subscribe(post)
