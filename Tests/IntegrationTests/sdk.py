"""The published Python SDK of Centrifugo, in both forms of the protocol, and what it reports."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable, Coroutine

import centrifuge


class Events(centrifuge.ClientEventHandler):
    """What the SDK reports about the connection and the server-side subscription."""

    def __init__(self) -> None:
        self.post_ids: list[str] = []
        self.offsets: list[int] = []
        self.connecting: list[centrifuge.ConnectingContext] = []
        self.connected: list[centrifuge.ConnectedContext] = []
        self.subscribed: list[centrifuge.ServerSubscribedContext] = []
        self.unsubscribed: list[centrifuge.ServerUnsubscribedContext] = []
        self.disconnected: list[centrifuge.DisconnectedContext] = []
        self.errors: list[centrifuge.ErrorContext] = []

    async def on_connecting(self, ctx: centrifuge.ConnectingContext) -> None:
        self.connecting.append(ctx)

    async def on_connected(self, ctx: centrifuge.ConnectedContext) -> None:
        self.connected.append(ctx)

    async def on_subscribed(self, ctx: centrifuge.ServerSubscribedContext) -> None:
        self.subscribed.append(ctx)

    async def on_unsubscribed(self, ctx: centrifuge.ServerUnsubscribedContext) -> None:
        self.unsubscribed.append(ctx)

    async def on_publication(self, ctx: centrifuge.ServerPublicationContext) -> None:
        self.post_ids.append(event_of(ctx.pub)["post"]["id"])
        self.offsets.append(ctx.pub.offset)

    async def on_disconnected(self, ctx: centrifuge.DisconnectedContext) -> None:
        self.disconnected.append(ctx)

    async def on_error(self, ctx: centrifuge.ErrorContext) -> None:
        self.errors.append(ctx)


class SubscriptionEvents(centrifuge.SubscriptionEventHandler):
    """What it reports about a subscription of its own."""

    def __init__(self) -> None:
        self.post_ids: list[str] = []
        self.subscribed: list[centrifuge.SubscribedContext] = []
        self.unsubscribed: list[centrifuge.UnsubscribedContext] = []

    async def on_subscribed(self, ctx: centrifuge.SubscribedContext) -> None:
        self.subscribed.append(ctx)

    async def on_unsubscribed(self, ctx: centrifuge.UnsubscribedContext) -> None:
        self.unsubscribed.append(ctx)

    async def on_publication(self, ctx: centrifuge.PublicationContext) -> None:
        event = event_of(ctx.pub)
        self.post_ids.append(event["post"]["id"] if "post" in event else event["post_id"])


def event_of(publication: centrifuge.Publication) -> dict[str, Any]:
    """In the protobuf form an application gets the bytes of the event."""
    data = publication.data
    return json.loads(data) if isinstance(data, bytes) else data


async def until(condition: Callable[[], Any], timeout: float, what: str) -> None:
    """Awaits a condition on the loop on which the SDK runs."""
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited {timeout} s for {what}"
        await asyncio.sleep(0.02)


async def error_of(call: Coroutine[Any, Any, Any]) -> int:
    """The code of the error with which the server answers."""
    try:
        await call
    except centrifuge.ReplyError as error:
        return error.code
    return 0


Form = Callable[..., centrifuge.Client]


def sdk_form(use_protobuf: bool) -> Form:
    """What makes a client of this form."""

    def client(port: int, token: str, events: Events, **options: Any) -> centrifuge.Client:
        return centrifuge.Client(
            f"ws://127.0.0.1:{port}/v1/live/ws", events=events, token=token, proxy=None, use_protobuf=use_protobuf,
            min_reconnect_delay=0.05, max_reconnect_delay=0.5, **({"max_server_ping_delay": 15} | options),
        )

    client.use_protobuf = use_protobuf  # type: ignore[attr-defined]
    return client


FORMS = [sdk_form(False), sdk_form(True)]
NAMES = ["json", "protobuf"]
