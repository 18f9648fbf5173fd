"""The published Python SDK of Centrifugo works unchanged, in both forms of the protocol, with its recovery."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import centrifuge
import pytest

from conftest import MakeUser
from martlet_process import Server
from sdk import FORMS, NAMES, Events, Form, event_of, until
from support import PATIENCE, User, eventually, expect
from tcp_proxy import TcpProxy


@pytest.fixture(params=FORMS, ids=NAMES)
def form(request: pytest.FixtureRequest) -> Form:
    return request.param


def test_it_gets_publications(form: Form, server: Server, alice: User, bob: User) -> None:
    """Connects, is subscribed by the server with a position, and gets each post once and in order."""
    async def run() -> None:
        events = Events()
        client = form(server.port, bob.token, events)
        await client.connect()
        await until(lambda: events.subscribed, 10, "the server-side subscription")
        subscription = events.subscribed[0]
        assert subscription.channel == bob.channel
        assert subscription.recoverable and subscription.positioned and subscription.stream_position.epoch
        ids = await asyncio.to_thread(alice.posts, 50)
        await until(lambda: len(events.post_ids) >= 50, 15, "50 posts")
        await client.disconnect()
        assert events.post_ids == ids
        assert not events.errors

    asyncio.run(run())


def test_it_recovers_after_a_cut(form: Form, server: Server, alice: User, bob: User) -> None:
    """The TCP connection is reset, posts are made, the way is free again: no loss and no duplicate, three times."""
    async def run(proxy: TcpProxy) -> None:
        events, ids = Events(), []
        client = form(proxy.port, bob.token, events)
        await client.connect()
        for round_ in range(1, 4):
            await until(lambda: len(events.subscribed) == round_, 15, "the subscription")
            ids += await asyncio.to_thread(alice.posts, 10, "seen live")
            await until(lambda: len(events.post_ids) >= len(ids), 15, "the live posts")
            assert proxy.cut(refusing=True) == 1
            ids += await asyncio.to_thread(alice.posts, 30, "missed")
            await asyncio.to_thread(bob.sees, ids[-1])
            proxy.heal()
            await until(lambda: len(events.post_ids) >= len(ids), 15, "the missed posts")
        assert all(one.was_recovering and one.recovered for one in events.subscribed[1:])
        ids += await asyncio.to_thread(alice.posts, 5, "live again")
        await until(lambda: len(events.post_ids) >= len(ids), 15, "the posts after it")
        await client.disconnect()
        assert events.post_ids == ids

    with TcpProxy(server.port) as proxy:
        asyncio.run(run(proxy))


@pytest.mark.both_logs
def test_it_recovers_after_a_restart(form: Form, own_server: Server, make_user: MakeUser) -> None:
    """A drain and a new process on the same data: the SDK comes back by itself and misses nothing."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    bob.follow(alice)

    async def run() -> None:
        events = Events()
        client = form(own_server.port, bob.token, events)
        await client.connect()
        await until(lambda: events.subscribed, 15, "the subscription")
        ids = await asyncio.to_thread(alice.posts, 5, "before")
        assert await asyncio.to_thread(own_server.stop) == 0
        await asyncio.to_thread(own_server.start)
        ids += await asyncio.to_thread(alice.posts, 5, "after")
        await until(lambda: len(events.subscribed) >= 2, 20, "the second subscription")
        assert events.subscribed[1].recovered is True
        ids += await asyncio.to_thread(alice.posts, 5, "later")
        await until(lambda: len(events.post_ids) >= len(ids), 15, "all posts")
        await client.disconnect()
        assert events.post_ids == ids
        assert len(events.disconnected) == 1, "a drain is no reason never to come back"

    asyncio.run(run())


def test_an_invalid_token_is_final(form: Form, server: Server) -> None:
    """3500: the SDK stops and does not try for ever."""
    async def run() -> None:
        events = Events()
        client = form(server.port, "not-a-token", events)
        connecting = asyncio.ensure_future(client.connect())
        await until(lambda: events.disconnected, 10, "the end")
        await asyncio.wait([connecting], timeout=10)
        assert events.disconnected[0].code == 3500

    asyncio.run(run())


class BothEvents(Events):
    """Of two server-side subscriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def on_publication(self, ctx: centrifuge.ServerPublicationContext) -> None:
        self.told.append((ctx.channel.split(":")[0], event_of(ctx.pub)))


def test_it_gets_notifications_too(form: Form, server: Server, alice: User, bob: User) -> None:
    """By `data` of the connection; both subscriptions recover after a cut, each from its own offset."""
    async def run(proxy: TcpProxy) -> None:
        events = BothEvents()
        wish: Any = {"channels": "feed,notifications"}
        client = form(proxy.port, bob.token, events, data=json.dumps(wish).encode() if form.use_protobuf else wish)
        await client.connect()
        await until(lambda: len(events.subscribed) == 2, PATIENCE, "both subscriptions")
        assert {one.channel for one in events.subscribed} == {bob.channel, f"notifications:{bob.id}"}
        post = (await asyncio.to_thread(bob.post, "like this"))["id"]

        def count(of: str) -> int:
            return sum(channel == of for channel, _ in events.told)

        for round_ in range(1, 3):
            await until(lambda: len(events.subscribed) == 2 * round_, PATIENCE, "both subscriptions")
            expect(await asyncio.to_thread(alice.http.put, f"/v1/posts/{post}/like"), 204)
            await until(lambda: count("notifications") == 2 * round_ - 1, PATIENCE, "the like")
            assert proxy.cut(refusing=True) == 1
            expect(await asyncio.to_thread(alice.http.delete, f"/v1/posts/{post}/like"), 204)
            own = (await asyncio.to_thread(alice.post, "missed"))["id"]
            await asyncio.to_thread(bob.sees, own)
            await asyncio.to_thread(gone, bob)
            proxy.heal()
            await until(lambda: count("notifications") == 2 * round_ and count("feed") == 1 + round_, PATIENCE, "what was missed")
        assert all(one.was_recovering and one.recovered for one in events.subscribed[2:])
        await client.disconnect()
        assert [event["type"] for channel, event in events.told if channel == "notifications"] == [
            "notification.created", "notification.removed"] * 2

    with TcpProxy(server.port) as proxy:
        asyncio.run(run(proxy))


def gone(user: User) -> None:
    """Waits until the user is notified of nothing."""
    eventually(lambda: not expect(user.http.get("/v1/notifications"), 200).json()["items"], PATIENCE, "the end of the like")
