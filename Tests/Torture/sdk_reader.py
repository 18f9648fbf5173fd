"""The published Python SDK of Centrifugo as a reader, which reconnects and recovers by itself."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import centrifuge

from readers import Reader


class SdkReader(Reader, centrifuge.ClientEventHandler):
    """Pages are read after the subscription has begun, so they may show what the stream tells too."""

    road = "sdk"

    async def run(self, stop: asyncio.Event) -> None:
        logging.getLogger("centrifuge").setLevel(logging.CRITICAL)
        self.begin = self.api.history.now
        self.resets: set[asyncio.Task[None]] = set()
        client = centrifuge.Client(
            f"ws://{self.api.address('realtime')}/v1/live/ws", events=self, token=self.user.token, proxy=None,
            min_reconnect_delay=0.05, max_reconnect_delay=0.5, max_server_ping_delay=15, timeout=4,
        )
        await client.connect()
        await stop.wait()
        await client.disconnect()
        for reset in self.resets:
            reset.cancel()

    async def on_connecting(self, ctx: centrifuge.ConnectingContext) -> None:
        self.begin = self.api.history.now

    async def on_subscribed(self, ctx: centrifuge.ServerSubscribedContext) -> None:
        self.connected(self.begin, "resumed" if ctx.recovered else "reset")
        if not ctx.recovered:
            # From here on the stream counts anew; the pages, whenever they come, are of a later time.
            self.record("stream reset")
            reset = asyncio.create_task(self.read_after_reset())
            self.resets.add(reset)
            reset.add_done_callback(self.resets.discard)

    async def read_after_reset(self) -> None:
        while not await self.read_pages():
            await asyncio.sleep(0.2)

    async def on_publication(self, ctx: centrifuge.ServerPublicationContext) -> None:
        self.saw(ctx.pub.data, ctx.pub.offset)

    async def on_disconnected(self, ctx: centrifuge.DisconnectedContext) -> None:
        if ctx.code >= 3500:
            self.refused(f"the SDK was told never to come back: {ctx.code} {ctx.reason}")

    async def on_error(self, ctx: centrifuge.ErrorContext) -> None:
        """Attempts that fail are what this is about."""

    def record(self, event: str, **fields: Any) -> None:
        if event == "reset":  # the stream was reset before; the pages only add to the view
            event = "pages"
        super().record(event, **fields)
