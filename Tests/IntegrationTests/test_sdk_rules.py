"""What the test suites of Centrifugo's Python and JavaScript SDKs expect of a server, for what there is here."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Coroutine

import centrifuge
import pytest

from identity import Forger
from martlet_process import Server
from sdk import FORMS, NAMES, Events, Form, SubscriptionEvents, error_of, until
from support import User, expect, http_client


@pytest.fixture(params=FORMS, ids=NAMES)
def form(request: pytest.FixtureRequest) -> Form:
    return request.param


def run(case: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(case, 90))


def test_connects_and_disconnects(form: Form, server: Server, bob: User) -> None:
    """Five times one after the other with one client; each connection has a name, and the server says what it is."""
    async def case() -> None:
        events = Events()
        client = form(server.port, bob.token, events)
        for round_ in range(1, 6):
            await client.connect()
            await client.ready()
            assert client.state == centrifuge.ClientState.CONNECTED
            await until(lambda: len(events.subscribed) == round_, 10, "the subscription")
            await client.disconnect()
            assert client.state == centrifuge.ClientState.DISCONNECTED
        assert len({one.client for one in events.connected}) == 5
        assert {one.version for one in events.connected} == {"martlet"}
        assert [one.code for one in events.disconnected] == [0] * 5 and not events.errors

    run(case())


def test_recovers_what_came_while_it_was_disconnected(form: Form, server: Server, alice: User, bob: User) -> None:
    """`disconnect` and `connect` again on one client: what it missed comes before what is live, each once."""
    async def case() -> None:
        events = Events()
        client = form(server.port, bob.token, events)
        await client.connect()
        await until(lambda: events.subscribed, 10, "the subscription")
        ids = await asyncio.to_thread(alice.posts, 3)
        await until(lambda: len(events.post_ids) == 3, 10, "the live posts")
        await client.disconnect()
        ids += await asyncio.to_thread(alice.posts, 20)
        await asyncio.to_thread(bob.sees, ids[-1])
        await client.connect()
        await until(lambda: len(events.post_ids) >= 23, 10, "what was missed")
        ids += await asyncio.to_thread(alice.posts, 2)
        await until(lambda: len(events.post_ids) >= 25, 10, "what is live")
        await client.disconnect()
        assert events.post_ids == ids and events.offsets == sorted(set(events.offsets))
        assert [one.was_recovering for one in events.subscribed] == [False, True]
        assert events.subscribed[1].recovered

    run(case())


def test_goes_live_from_a_page(form: Form, server: Server, alice: User, bob: User) -> None:
    """`data` of the connection: the position of a page that was read over HTTP. In protobuf it is bytes of the same JSON."""
    bob.sees(alice.post("on the page")["id"])
    since = {"since": bob.feed()["live"]}
    missed = alice.post("after the page")["id"]
    bob.sees(missed)

    async def case() -> None:
        events = Events()
        data = json.dumps(since).encode() if form.use_protobuf else since  # type: ignore[attr-defined]
        client = form(server.port, bob.token, events, data=data)
        await client.connect()
        await until(lambda: events.post_ids, 10, "the post after the page")
        await client.disconnect()
        assert events.post_ids == [missed]

    run(case())


def test_what_is_not_to_be_had(form: Form, server: Server, alice: User, bob: User) -> None:
    """108 for commands that no channel takes, all at once, and the connection goes on."""
    async def case() -> None:
        events = Events()
        client = form(server.port, bob.token, events)
        await client.connect()
        data: Any = b"{}" if form.use_protobuf else {}  # type: ignore[attr-defined]
        channel = bob.channel
        codes = await asyncio.gather(*map(error_of, (
            client.rpc("method", data), client.publish(channel, data), client.history(channel, limit=1),
            client.presence(channel), client.presence_stats(channel),
        )))
        assert codes == [108] * 5
        post = (await asyncio.to_thread(alice.post, "still live"))["id"]
        await until(lambda: events.post_ids == [post], 10, "the post")
        await client.disconnect()

    run(case())


async def subscription_code(client: centrifuge.Client, channel: str, **options: Any) -> int:
    """With which code a subscription of the client's own ends."""
    events = SubscriptionEvents()
    subscription = client.new_subscription(channel, events=events, **options)
    await subscription.subscribe()
    await until(lambda: events.unsubscribed or events.subscribed, 10, f"an answer about {channel}")
    assert not events.subscribed, channel
    return events.unsubscribed[0].code


def test_channels_that_are_refused(form: Form, server: Server, alice: User, bob: User) -> None:
    """103 for another's feed and for a token of a subscription, which nobody gives out; 102 for what is no channel; 105 for
    what the server has subscribed. The client stays connected."""
    async def case() -> None:
        async def get_token(_: str) -> str:
            return "invalid_token"

        client = form(server.port, bob.token, Events())
        await client.connect()
        await client.ready()
        assert await subscription_code(client, alice.channel) == 103
        assert await subscription_code(client, "channel", get_token=get_token) == 103
        assert await subscription_code(client, "no such channel") == 102
        assert await subscription_code(client, bob.channel) == 105
        assert client.state == centrifuge.ClientState.CONNECTED
        await client.disconnect()

    run(case())


def test_unsubscribes_and_subscribes_again(form: Form, server: Server, alice: User, bob: User) -> None:
    """From the server's subscription by the command, as SDKs have no call for it; then by the SDK's own subscription, which
    recovers what came between, three times over."""
    async def case() -> None:
        client = form(server.port, bob.token, Events())
        await client.connect()
        await client.ready()
        number = client._next_command_id()
        async with client._register_future_with_done(number) as reply:
            await client._send_commands([{"id": number, "unsubscribe": {"channel": bob.channel}}])
            assert "error" not in await reply
        events = SubscriptionEvents()
        subscription = client.new_subscription(bob.channel, events=events, recoverable=True, positioned=True)
        ids: list[str] = []
        for round_ in range(1, 4):
            await subscription.subscribe()
            await subscription.ready()
            await until(lambda: len(events.post_ids) == len(ids), 10, "what was missed")
            ids += await asyncio.to_thread(alice.posts, 3, "live")
            await until(lambda: len(events.post_ids) == len(ids), 10, "what is live")
            await subscription.unsubscribe()
            assert subscription.state == centrifuge.SubscriptionState.UNSUBSCRIBED
            ids += await asyncio.to_thread(alice.posts, 2, "missed")
            await asyncio.to_thread(bob.sees, ids[-1])
            assert len(events.post_ids) == len(ids) - 2 and len(events.subscribed) == round_
        await client.disconnect()
        assert events.post_ids == ids[:-2]
        assert all(one.recoverable and one.positioned for one in events.subscribed)
        assert [one.recovered for one in events.subscribed] == [False, True, True]

    run(case())


def test_brings_a_new_token_in_time(form: Form, server: Server, alice: User, bob: User) -> None:
    """When the access token ends the SDK asks for a new one and sends it; the connection goes on."""
    forger, given = Forger(bob), []

    async def get_token() -> str:
        now = int(time.time())
        given.append(forger.sign(iat=now, exp=now + 4, jti=f"{now}-{len(given)}"))
        return given[-1]

    async def case() -> None:
        events = Events()
        client = form(server.port, "", events, get_token=get_token)
        await client.connect()
        await until(lambda: len(given) >= 3, 30, "the second refresh")
        post = (await asyncio.to_thread(alice.post, "with a new token"))["id"]
        await until(lambda: events.post_ids == [post], 10, "the post")
        await client.disconnect()
        assert len(events.connected) == 1 and not events.errors

    run(case())


def test_replaces_a_token_that_has_ended(form: Form, server: Server, alice: User, bob: User) -> None:
    """109: the SDK gets a new token and comes back by itself."""
    forger, now = Forger(bob), int(time.time())

    async def get_token() -> str:
        return bob.token

    async def case() -> None:
        events = Events()
        client = form(server.port, forger.sign(iat=now - 1000, exp=now - 100), events, get_token=get_token)
        await client.connect()
        await until(lambda: events.subscribed, 15, "the subscription")
        assert [error.error.code for error in events.errors] == [109] and not events.disconnected
        await client.disconnect()

    run(case())


def test_no_token_is_final(form: Form, server: Server) -> None:
    """101: nothing would change by itself, so the SDK does not try again."""
    async def case() -> None:
        events = Events()
        client = form(server.port, "", events)
        await client.connect()
        await until(lambda: events.disconnected, 10, "the end")
        assert [one.code for one in events.disconnected] == [101]

    run(case())


def test_a_log_out_is_final(form: Form, server: Server, bob: User) -> None:
    """3503: the session has ended."""
    async def case() -> None:
        events = Events()
        client = form(server.port, bob.token, events)
        await client.connect()
        await until(lambda: events.subscribed, 10, "the subscription")
        with http_client(server.url) as http:
            body = {"refresh_token": bob.session["refresh_token"]}
            expect(await asyncio.to_thread(lambda: http.post("/v1/auth/logout", json=body)), 204)
        await until(lambda: events.disconnected, 10, "the end")
        assert [one.code for one in events.disconnected] == [3503]

    run(case())


@pytest.mark.slow
def test_pings_keep_it_connected(form: Form, server: Server, alice: User, bob: User) -> None:
    """Two intervals without a word but pings and pongs: the SDK, which leaves when a ping is 3 s late, is still here."""
    async def case() -> None:
        events = Events()
        client = form(server.port, bob.token, events, max_server_ping_delay=3)
        await client.connect()
        await client.ready()
        assert client._ping_interval == 25 and client._send_pong
        await asyncio.sleep(2 * 25 + 10)
        post = (await asyncio.to_thread(alice.post, "after the pings"))["id"]
        await until(lambda: events.post_ids == [post], 10, "the post")
        await client.disconnect()
        assert len(events.connected) == 1 and not events.errors

    run(case())


def test_a_drain_says_come_back(form: Form, own_server: Server) -> None:
    """3001: the SDK reconnects by itself, to the server that is there then."""
    user = User.signup(own_server, "drained")

    async def case() -> None:
        events = Events()
        client = form(own_server.port, user.token, events)
        await client.connect()
        await until(lambda: events.subscribed, 15, "the subscription")
        assert await asyncio.to_thread(own_server.stop) == 0
        await until(lambda: len(events.connecting) >= 2, 10, "the reconnect")
        assert events.connecting[1].code == 3001
        await asyncio.to_thread(own_server.start)
        await until(lambda: len(events.subscribed) >= 2, 20, "the second subscription")
        await client.disconnect()
        assert [one.code for one in events.disconnected] == [0]

    run(case())
    user.close()
