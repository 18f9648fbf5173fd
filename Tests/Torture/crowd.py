"""A thousand clients who follow one author, drop at once, and come back while their users are being unregistered."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from typing import Any, Awaitable, Callable

from api import Api, User
from bare_socket import BareSocket, Closed
from readers import CLIENT_ERRORS, Reader, WebSocketReader
from writers import Author

AWAY = (4.3, 6.8)
"""Seconds: a node unregisters a user some five after the last connection has gone."""
BACK_WITHIN = 12.0
"""Seconds after a drop, when they are connected again, if nothing else is broken."""
HEARS_WITHIN = 15.0
"""Seconds within which who is connected is told of a post, if nothing is broken."""


class Crowd:
    """Its members are readers like all others to the check."""

    def __init__(self, api: Api, author: User, users: list[User], random: random.Random) -> None:
        self.api = api
        self.author = Author(api, author, f"{author.handle}/crowd", 1, random)
        self.members = [Member(self, api, user, f"crowd {index}", random) for index, user in enumerate(users)]
        self.dropped_at = 0.0
        self.open: set[asyncio.WriteTransport] = set()

    def drop(self) -> int:
        """Cuts all connections that are open; how many these were."""
        self.dropped_at = time.monotonic()
        cut = list(self.open)
        for transport in cut:
            transport.abort()
        return len(cut)

    async def while_away(self, forget: Callable[[], Awaitable[None]]) -> None:
        """Until they are back, after a drop: the first command of each kind finds scripts that Redis does not know."""
        await asyncio.sleep(self.dropped_at + AWAY[0] - time.monotonic())
        while time.monotonic() < self.dropped_at + AWAY[1]:
            await forget()
            await asyncio.sleep(0.5)

    async def hears(self, is_disturbed: Callable[[], bool]) -> None:
        """After a drop: is everybody who is connected told of a post? The next reset would hide that somebody was not."""
        await asyncio.sleep(self.dropped_at + BACK_WITHIN - time.monotonic())
        asked = time.monotonic()
        await self.author.post(gives_up=False)
        if not self.author.posts:
            return
        post = self.author.posts[-1]
        deadline = time.monotonic() + HEARS_WITHIN
        while deaf := [member for member in self.members if member.live_since < asked and member.told < int(post)]:
            if is_disturbed() or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        if is_disturbed():
            return
        self.api.history.add("heard", members=sum(member.live_since < asked for member in self.members) - len(deaf))
        for member in deaf:
            self.api.history.add("deaf", r=member.name, t=self.api.history.now, post=post)


class Member(WebSocketReader):
    """The same client as a WebSocketReader, over a bare connection: a thousand of these cost little. It goes when the
    crowd is dropped or its node ends, never by itself."""

    road = "crowd"

    def __init__(self, crowd: Crowd, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.crowd = crowd
        self.live_since = math.inf
        """Of the monotonic clock; infinity while it is not connected."""
        self.told = 0
        """The newest post that it was told."""

    def connected(self, begin: float, verdict: str) -> None:
        super().connected(begin, verdict)
        self.live_since = time.monotonic()

    def saw(self, event: dict[str, Any], position: Any = None) -> None:
        super().saw(event, position)
        if event["type"] == "post.created":
            self.told = max(self.told, int(event["post"]["id"]))

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.sleep(self.random.uniform(0, 4))
        while not stop.is_set():
            self.is_open = False
            try:
                if self.live is not None or await self.read_pages():
                    await self.session(stop)
            except CLIENT_ERRORS:
                since_drop = time.monotonic() - self.crowd.dropped_at
                was_dropped = since_drop < AWAY[0] and not self.api.is_calm
                await asyncio.sleep(self.random.uniform(*AWAY) - since_drop if was_dropped else self.random.uniform(0.2, 2))

    async def session(self, stop: asyncio.Event) -> None:
        begin = self.api.history.now
        socket = await BareSocket.open(self.api.address("realtime"))
        self.crowd.open.add(socket.transport)
        try:
            socket.send(self.connect_command().encode())
            while not stop.is_set():
                payload = await next_message(self, socket)
                for line in filter(None, payload.split(b"\n")):
                    if line == b"{}":
                        socket.send(b"{}")
                    elif not self.take(json.loads(line), begin):
                        return
        finally:
            self.live_since = math.inf
            self.crowd.open.discard(socket.transport)
            socket.transport.abort()


async def next_message(reader: Reader, socket: BareSocket) -> bytes:
    try:
        return await socket.receive()
    except Closed as closed:
        if 3500 <= closed.code < 4000:
            reader.refused(f"told never to come back: {closed.code}")
        reader.is_open |= closed.code == 3001
        raise
