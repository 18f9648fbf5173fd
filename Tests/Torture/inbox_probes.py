"""Inboxes looked at while they change: the number of those that are unread is that of the list, at each look."""

from __future__ import annotations

import asyncio
import random

from api import Api, User

PAUSE = 0.05
"""Mean seconds between two looks of a prober."""
READ = 0.02
"""How many looks are followed by a mark that all of it is read."""


class InboxProbes:
    def __init__(self, api: Api, users: list[User], random: random.Random) -> None:
        self.api, self.users, self.random = api, users, random
        self.looks = 0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(1 / PAUSE))
            await self.look(self.random.choice(self.users))
        self.api.history.add("inbox looks", count=self.looks)

    async def look(self, user: User) -> None:
        reply = await self.api.once("GET", "/v1/notifications?limit=100", user)
        if reply.status != 200 or reply.body.get("next"):
            return  # a list of several pages is not of one moment
        groups = reply.body["items"]
        self.looks += 1
        listed = sum(not group["read"] for group in groups)
        if listed != reply.body["unread"]:
            self.api.history.add("inbox look", user=user.id, listed=listed, unread=reply.body["unread"])
        if groups and self.random.random() < READ:
            await self.api.write("PUT", "/v1/notifications/read", user, {"up_to": groups[0]["id"]}, gives_up=True)
