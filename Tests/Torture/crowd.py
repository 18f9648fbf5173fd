"""A thousand clients who follow one author, drop at once, and come back while their users are being unregistered."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import random
import time
from typing import Any, Awaitable, Callable

from api import Api, User
from readers import CLIENT_ERRORS, WebSocketReader
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
        host, port = self.api.address("realtime").split(":")
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(host, int(port))
        self.crowd.open.add(writer.transport)
        try:
            async with asyncio.timeout(10):
                await shake_hands(reader, writer)
            self.send(writer, self.connect_command().encode())
            while not stop.is_set():
                async with asyncio.timeout(40):
                    payload = await self.receive(reader)
                for line in filter(None, payload.split(b"\n")):
                    if line == b"{}":
                        self.send(writer, b"{}")
                    elif not self.take(json.loads(line), begin):
                        return
        finally:
            self.live_since = math.inf
            self.crowd.open.discard(writer.transport)
            writer.transport.abort()

    def send(self, writer: asyncio.StreamWriter, payload: bytes) -> None:
        """A text frame; its mask is zero, which changes no byte."""
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        writer.write(b"\x81" + length + bytes(4) + payload)

    async def receive(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(2)
        length = head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
        payload = await reader.readexactly(length)
        if head[0] & 0x0F == 8:
            code = int.from_bytes(payload[:2], "big")
            if 3500 <= code < 4000:
                self.refused(f"told never to come back: {code}")
            self.is_open |= code == 3001
            raise EOFError
        return payload


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /v1/live/ws HTTP/1.1\r\nHost: martlet\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        raise EOFError
