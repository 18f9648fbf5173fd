"""Channels that clients subscribe to over WebSocket, in both forms of the protocol: who may, what they are told, how they
come back."""

from __future__ import annotations

import asyncio

import centrifuge
import pytest

import sdk
from centrifugo_client import Centrifugo
from channel_clients import (  # noqa: F401  (fixtures among them)
    ALREADY, BAD_REQUEST, LIMIT, PERMISSION_DENIED, REFUSED, TOO_MANY, UNKNOWN, at, carol, client, form, opened,
    user_channel,
)
from conftest import MakeUser
from martlet_process import Server
from support import User, eventually, expect


def test_an_authors_posts(client: Centrifugo, alice: User) -> None:
    """Who does not follow her is told, too; each post and each end once, in order."""
    channel = user_channel(alice)
    result = client.subscribe(channel)
    assert result["recoverable"] and result["positioned"] and len(result["epoch"]) == 16
    assert "recovered" not in result or not result.get("was_recovering")
    ids = alice.posts(3)
    told = client.told(channel, 3)
    assert [one.post_id for one in told] == ids
    assert all(one.event["post"]["author"]["id"] == alice.id for one in told)
    assert [one.offset for one in told] == sorted({one.offset for one in told}) and told[0].offset > int(result["offset"])
    alice.delete(ids[0])
    assert client.told(channel, 1)[0].event == {"type": "post.deleted", "post_id": ids[0]}
    assert not client.publications


def test_comes_back_and_recovers(form: type[Centrifugo], alice: User, carol: User) -> None:
    """What happened meanwhile comes in the reply, and nothing of before or twice."""
    channel = user_channel(alice)
    with opened(form, carol) as client:
        client.subscribe(channel)
        first = alice.post("live")["id"]
        told = client.told(channel, 1)[0]
        assert told.post_id == first
    with opened(form, carol) as other:
        epoch = other.subscribe(channel)["epoch"]
        missed = alice.posts(4, "missed")
        assert [one.post_id for one in other.told(channel, 4)] == missed
    with opened(form, carol) as client:
        result = client.subscribe(channel, (epoch, told.offset))
        assert result["was_recovering"] and result["recovered"]
        assert [one.post_id for one in client.told(channel, 4)] == missed
        live = alice.post("live again")["id"]
        assert client.told(channel, 1)[0].post_id == live


def test_a_position_that_can_not_be_told_from(client: Centrifugo, alice: User) -> None:
    """Of another epoch, too old, or from the future: `recovered` is false, and it goes on live."""
    channel = user_channel(alice)
    epoch, offset = at(client.subscribe(channel))
    for position in [("0" * 15 + "1", offset), (epoch, 1), (epoch, offset + 10**12), ("no epoch", offset)]:
        client.call(unsubscribe={"channel": channel})
        result = client.subscribe(channel, position)
        assert result["was_recovering"] and not result.get("recovered") and not result.get("publications")
    live = alice.post("live")["id"]
    assert client.told(channel, 1)[0].post_id == live


def test_too_much_was_missed(form: type[Centrifugo], alice: User, carol: User) -> None:
    """A log keeps 200 events."""
    channel = user_channel(alice)
    with opened(form, carol) as client, opened(form, carol) as other:
        position = at(client.subscribe(channel))
        other.subscribe(channel)
        client.call(unsubscribe={"channel": channel})
        alice.posts(201)
        other.told(channel, 201)
        assert not client.subscribe(channel, position).get("recovered")


def test_unsubscribe(client: Centrifugo, alice: User) -> None:
    """Nothing comes any more, and it can be subscribed to again; another channel is not concerned."""
    channel, own = user_channel(alice), f"user:{client.channel.removeprefix('feed:')}"
    client.subscribe(own)
    position = at(client.subscribe(channel))
    assert client.try_to_subscribe(channel)["error"]["code"] == ALREADY
    assert "error" not in client.call(unsubscribe={"channel": channel})
    assert "error" not in client.call(unsubscribe={"channel": channel})
    missed = alice.post("nobody hears it")["id"]
    # Another one says when it has come.
    with Centrifugo.of(alice) as other:
        other.subscribe(channel, position)
        assert other.told(channel, 1)[0].post_id == missed
    assert client.subscribe(channel, position)["recovered"]
    assert client.told(channel, 1)[0].post_id == missed


def test_what_is_not_there(client: Centrifugo, alice: User) -> None:
    """No such kind, no such key, no such post, one that was deleted: one error, whichever it is."""
    gone = alice.post("gone")["id"]
    alice.delete(gone)
    for channel in ["", "x" * 256]:
        assert client.try_to_subscribe(channel)["error"]["code"] == BAD_REQUEST
    for channel in ["post", "post:", "post:x", "post:01", "post:9007199254740991", f"post:{gone}", f"post: {gone}",
                    "user:1", "nothing:1", "Post:1", f"posts:{gone}", "user:-1", ":1", "post:1 "]:
        error = client.try_to_subscribe(channel)["error"]
        assert (error["code"], error["message"]) == (UNKNOWN, "unknown channel"), channel
    assert client.try_to_subscribe(alice.channel)["error"]["code"] == PERMISSION_DENIED
    assert client.call(subscribe={"channel": user_channel(alice), "token": "x"})["error"]["code"] == PERMISSION_DENIED


def test_the_end_of_a_post(client: Centrifugo, alice: User, carol: User) -> None:
    """Its deletion is told, then the subscription ends: the post is nobody's any more. The others go on."""
    client.subscribe(user_channel(alice))
    post = alice.post("short")["id"]
    assert client.told(user_channel(alice), 1)[0].post_id == post
    channel = f"post:{post}"
    client.subscribe(channel)
    alice.delete(post)
    assert client.unsubscribed(channel) == REFUSED
    # Behind the state that a subscription begins with.
    told = [one.event for one in client.channels[channel] if one.event["type"] != "post.counts"]
    assert told == [{"type": "post.deleted", "post_id": post}]
    assert client.told(user_channel(alice), 1)[0].post_id == post
    assert client.try_to_subscribe(channel)["error"]["code"] == UNKNOWN


def test_what_was_deleted_is_not_recovered(client: Centrifugo, alice: User) -> None:
    """The log of a channel has the text still; who comes back is told of the end alone."""
    channel = user_channel(alice)
    start = at(client.subscribe(channel))
    secret, other = alice.post("secret")["id"], alice.post("hello")["id"]
    client.told(channel, 2)
    alice.delete(secret)
    client.told(channel, 1)
    client.call(unsubscribe={"channel": channel})
    assert client.subscribe(channel, start)["recovered"]
    assert [(one.event["type"], one.post_id) for one in client.told(channel, 2)] == [
        ("post.created", other), ("post.deleted", secret)]


@pytest.mark.parametrize("cause", ["block", "blocked", "private"])
def test_who_may_not_see_the_author_any_more(client: Centrifugo, alice: User, carol: User, cause: str) -> None:
    """Both subscriptions end, and can't be had again."""
    post = alice.post("hers")["id"]
    channels = [user_channel(alice), f"post:{post}"]
    for channel in channels:
        client.subscribe(channel)
    match cause:
        case "block":
            expect(alice.http.put(f"/v1/users/{carol.id}/block"), 204)
        case "blocked":
            expect(carol.http.put(f"/v1/users/{alice.id}/block"), 204)
        case "private":
            expect(alice.http.patch("/v1/me", json={"private": True}), 200)
    for channel in channels:
        assert client.unsubscribed(channel) == REFUSED
        assert client.try_to_subscribe(channel)["error"]["code"] == UNKNOWN


def test_replies_come_in_the_order_of_the_commands(client: Centrifugo, alice: User) -> None:
    """One message with all that a client says when it comes back."""
    posts = alice.posts(5)
    names = [f"post:{post}" for post in posts] + ["post:1", user_channel(alice), "feed:1", "nothing"]
    order: list[int] = []
    take = client._take_in
    client._take_in = lambda message: (order.append(message["id"]) if "id" in message else None, take(message))[1]  # type: ignore[method-assign]
    client.send(client.encode(*[{"id": 100 + index, "subscribe": {"channel": name}} for index, name in enumerate(names)],
                              {"id": 200, "ping": {}}))
    errors = [client.reply(100 + index).get("error", {}).get("code") for index in range(len(names))]
    assert errors == [None] * 5 + [UNKNOWN, None, PERMISSION_DENIED, UNKNOWN]
    client.reply(200)
    assert order == sorted(order)


def test_as_many_as_a_connection_may_have(client: Centrifugo, alice: User) -> None:
    """128, all in one message as the SDKs send them; the next is error 106 until one is given back."""
    posts = alice.posts(129)
    client.send(client.encode(*[
        {"id": 1000 + index, "subscribe": {"channel": f"post:{post}", "recover": True, "epoch": "0123456789abcdef",
                                           "offset": 1795752739683147}}
        for index, post in enumerate(posts[:128])]))
    assert not [index for index in range(128) if "error" in client.reply(1000 + index)]
    assert client.try_to_subscribe(f"post:{posts[128]}")["error"]["code"] == LIMIT
    client.call(unsubscribe={"channel": f"post:{posts[0]}"})
    assert "error" not in client.try_to_subscribe(f"post:{posts[128]}")


def test_as_many_as_a_user_may_have(form: type[Centrifugo], alice: User, carol: User) -> None:
    """512 over all of her connections; they are given back with a connection."""
    posts = alice.posts(128)
    clients = [opened(form, carol) for _ in range(5)]
    try:
        for client in clients[:4]:
            client.send(client.encode(*[{"id": 1000 + index, "subscribe": {"channel": f"post:{post}"}}
                                        for index, post in enumerate(posts)]))
            assert not [index for index in range(128) if "error" in client.reply(1000 + index)]
        assert clients[4].try_to_subscribe(f"post:{posts[0]}")["error"]["code"] == LIMIT
        clients[0].ws.close()
        eventually(lambda: "error" not in clients[4].try_to_subscribe(f"post:{posts[0]}"), 10, "room")
    finally:
        for client in clients:
            client.ws.close()


def test_subscribing_is_paid_for(form: type[Centrifugo], make_limited_user: MakeUser) -> None:
    """As joins are: 300 a minute, then error 111 until some time has passed."""
    carol = make_limited_user("carol")
    codes: list[int] = []
    # Messages have a limit of their own, for each connection.
    while TOO_MANY not in codes:
        assert len(codes) < 600
        with opened(form, carol) as client:
            for _ in range(90):
                reply = client.try_to_subscribe(user_channel(carol))
                codes.append(reply.get("error", {}).get("code", 0))
                client.call(unsubscribe={"channel": user_channel(carol)})
    assert set(codes) == {0, TOO_MANY} and codes.index(TOO_MANY) >= 290


@pytest.mark.parametrize("sdk_form", sdk.FORMS, ids=sdk.NAMES)
def test_the_published_sdk(sdk_form: sdk.Form, server: Server, alice: User, bob: User, carol: User) -> None:
    """A subscription of the SDK's own: live, over a lost connection, and to its end."""
    post = bob.post("short")["id"]

    async def case() -> None:
        events, ends = sdk.SubscriptionEvents(), sdk.SubscriptionEvents()
        client = sdk_form(server.port, carol.token, sdk.Events())
        await client.connect()
        author = client.new_subscription(user_channel(alice), events=events)
        await author.subscribe()
        await client.new_subscription(f"post:{post}", events=ends).subscribe()
        await sdk.until(lambda: events.subscribed and ends.subscribed, 10, "the subscriptions")
        ids = await asyncio.to_thread(alice.posts, 2)
        await sdk.until(lambda: len(events.post_ids) == 2, 10, "the live posts")
        await client.disconnect()
        ids += await asyncio.to_thread(alice.posts, 3)
        await asyncio.to_thread(alice.sees, ids[-1])
        await client.connect()
        await sdk.until(lambda: len(events.post_ids) >= 5, 10, "what was missed")
        assert events.post_ids == ids
        assert [one.was_recovering and one.recovered for one in events.subscribed] == [False, True]
        await asyncio.to_thread(bob.delete, post)
        await sdk.until(lambda: ends.unsubscribed, 10, "the end of the post")
        assert ends.unsubscribed[0].code == REFUSED and client.state == centrifuge.ClientState.CONNECTED
        await client.disconnect()

    asyncio.run(asyncio.wait_for(case(), 60))
