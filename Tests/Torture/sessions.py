"""Sessions that are ended by a log-out while they are live: nobody goes on to listen for whom they were."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from api import PASSWORD, Api, User
from readers import CLIENT_ERRORS, EventStreamReader, Reader, WebSocketReader
from writers import outcome

LISTENS = 20.0
"""Seconds for which a connection is kept after the log-out, if nobody ends it."""


class Guest(Reader):
    """A reader with a session of its own, who does not come back. What comes after the log-out is all that counts:
    others look at the rest."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.log_out_begins = False
        self.told: list[float] = []
        """When something came although the log-out had begun."""

    def record(self, event: str, **fields: Any) -> None:
        """Not among the streams that are checked."""

    def saw(self, event: dict[str, Any], position: Any = None) -> None:
        super().saw(event, position)
        if self.log_out_begins:
            self.told.append(self.api.history.now)

    def refused(self, what: str) -> None:
        if self.log_out_begins:
            raise EOFError
        super().refused(what)


class WebSocketGuest(Guest, WebSocketReader):
    pass


class EventStreamGuest(Guest, EventStreamReader):
    pass


class Guests:
    """One after the other logs in as some user, listens, and logs out.

    History: `ended session`, for each whose connection was there when its log-out began: when this was done, when
    something came since it began, and when the connection ended."""

    def __init__(self, api: Api, users: list[User], name: str, random: random.Random) -> None:
        self.api, self.users, self.name, self.random = api, users, name, random
        self.count = 0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.uniform(0.1, 0.5))
            await self.come_and_go()

    async def come_and_go(self) -> None:
        host = self.random.choice(self.users)
        reply = await self.api.write("POST", "/v1/auth/login", None, {"handle": host.handle, "password": PASSWORD})
        if outcome(self.api, reply) != "done":
            return
        self.count += 1
        user = User(host.id, host.handle, reply.body["access_token"], reply.body["refresh_token"])
        kind = self.random.choice([WebSocketGuest, EventStreamGuest])
        guest = kind(self.api, user, f"{self.name} {self.count}", self.random)
        if not await guest.read_pages():
            return
        listening = asyncio.create_task(self.listen(guest))
        try:
            await asyncio.wait([listening], timeout=self.random.uniform(0.5, 3))
            if guest.is_open and not listening.done():
                await self.log_out(guest, listening)
        finally:
            listening.cancel()
        await asyncio.wait([listening])
        if not listening.cancelled():
            listening.result()

    async def listen(self, guest: Guest) -> None:
        try:
            await guest.session(asyncio.Event())
        except CLIENT_ERRORS:
            pass

    async def log_out(self, guest: Guest, listening: asyncio.Task[None]) -> None:
        history = self.api.history
        guest.log_out_begins = True
        reply = await self.api.write("POST", "/v1/auth/logout", None, {"refresh_token": guest.user.refresh_token})
        end = history.now
        if outcome(self.api, reply) != "done":
            return
        await asyncio.wait([listening], timeout=LISTENS)
        history.add(
            "ended session", r=guest.name, user=guest.user.id, road=guest.road, role=guest.role, end=end, told=guest.told,
            gone=history.now)
