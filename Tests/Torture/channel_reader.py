"""Clients who subscribe to authors' channels, and come back from their position in each."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp

from api import Api, User
from readers import Reader, events

FIRST_SUBSCRIPTION = 10
AGAIN_FROM = 2500
"""From this code of an unsubscribe push on a client subscribes again."""


class ChannelReader(Reader):
    """Several authors' posts over one WebSocket, without the reader's own feed.

    History: `channel conn` (a subscription was answered), `channel see` (an event), both with the author whose channel it is.
    """

    road = "channels"

    def __init__(self, api: Api, user: User, authors: list[User], name: str, random: random.Random) -> None:
        super().__init__(api, user, name, random)
        self.authors = {f"user:{author.id}": author.id for author in authors}
        self.positions: dict[str, tuple[str, int]] = {}
        # No page comes first: what it is told of begins with its subscriptions.
        self.live = ""
        self.begun: dict[int, tuple[str, float]] = {}

    async def session(self, stop: asyncio.Event) -> None:
        url = f"http://{self.address()}/v1/live/ws"
        self.next_id = FIRST_SUBSCRIPTION
        self.begun = {}
        async with self.api.http.ws_connect(
            url, timeout=aiohttp.ClientWSTimeout(ws_close=1), max_msg_size=0, compress=15
        ) as ws:
            self.ws = ws
            await ws.send_str(json.dumps({"id": 1, "connect": {"token": self.user.token}}))
            while not stop.is_set():
                message = await ws.receive(timeout=40)
                if message.type != aiohttp.WSMsgType.TEXT:
                    if ws.close_code and 3500 <= ws.close_code < 4000:
                        self.refused(f"told never to come back: {ws.close_code}")
                    self.is_open |= ws.close_code == 3001
                    raise EOFError
                for line in filter(None, message.data.split("\n")):
                    if commands := self.take({} if line == "{}" else json.loads(line)):
                        await ws.send_str("\n".join(map(json.dumps, commands)))

    def take(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """What is to be said to this."""
        if message == {}:
            return [{}]
        if "error" in message:
            if message["error"]["code"] not in (100, 111):  # internal and temporary: come again
                self.refused(f"command {message['id']}: {message['error']}")
            raise EOFError
        if "connect" in message:
            self.is_open = True
            return [{"id": 2, "unsubscribe": {"channel": self.user.channel}}, *map(self.subscription, self.authors)]
        if "subscribe" in message:
            self.subscribed(*self.begun.pop(message["id"]), message["subscribe"])
        push = message.get("push", {})
        if push.get("channel") in self.authors:
            if "pub" in push:
                self.told(push["channel"], push["pub"])
            elif push["unsubscribe"]["code"] >= AGAIN_FROM:
                return [self.subscription(push["channel"])]
            else:
                self.refused(f"{push['channel']} ended: {push['unsubscribe']}")
        return []

    def subscription(self, channel: str) -> dict[str, Any]:
        """From the position that it holds there."""
        recover = {}
        if channel in self.positions:
            epoch, offset = self.positions[channel]
            recover = {"recover": True, "epoch": epoch, "offset": offset}
        self.next_id += 1
        self.begun[self.next_id] = (channel, self.api.history.now)
        return {"id": self.next_id, "subscribe": {"channel": channel, **recover}}

    def subscribed(self, channel: str, begin: float, reply: dict[str, Any]) -> None:
        verdict = "live" if channel not in self.positions else "resumed" if reply.get("recovered") else "reset"
        self.record("channel conn", author=self.authors[channel], begin=begin, verdict=verdict)
        for publication in reply.get("publications", []):
            self.told(channel, publication)
        self.positions[channel] = (reply["epoch"], reply["offset"])

    def told(self, channel: str, publication: dict[str, Any]) -> None:
        # A state that comes with a subscription has no position.
        event, offset = publication["data"], publication.get("offset", 0)
        if offset and channel in self.positions:
            self.positions[channel] = (self.positions[channel][0], offset)
        self.told_at(channel, event, offset)

    def told_at(self, channel: str, event: dict[str, Any], offset: int) -> None:
        if event["type"] == "user.updated":
            return
        if event["type"] in ("post.created", "post.updated"):
            what = {"kind": event["type"].removeprefix("post."), "post": event["post"]["id"], "text": event["post"]["text"],
                    "by": event["post"]["author"]["id"]}
        else:
            what = {"kind": "deleted", "post": event["post_id"]}
        self.record("channel see", author=self.authors[channel], at=offset, **what)
        # The round is not quiet while somebody is told something.
        self.api.history.sights += 1


    async def not_found(self, begin: float) -> None:
        """One of the channels is not there for this user."""
        self.refused(f"no channels {', '.join(self.authors)}")
        raise EOFError


class ChannelStreamReader(ChannelReader):
    """The same by server-sent events."""

    async def session(self, stop: asyncio.Event) -> None:
        begin = self.api.history.now
        headers = dict(self.user.authorization)
        if self.live:
            headers["Last-Event-ID"] = self.live
        url = f"http://{self.address()}/v1/live/sse"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=4, sock_read=40)
        query = {"channels": ",".join(self.authors)}
        async with self.api.http.get(url, headers=headers, params=query, timeout=timeout) as answer:
            if answer.status == 404:
                await self.not_found(begin)
                return
            if answer.status != 200:
                if answer.status not in (429, 503):
                    self.refused(f"the stream was answered {answer.status}: {await answer.text()}")
                raise EOFError
            async for name, identifier, data in events(answer.content):
                if stop.is_set():
                    return
                self.live = identifier or self.live
                if await self.take_event(name, json.loads(data) if data else {}, begin):
                    return

    async def take_event(self, name: str, event: dict[str, Any], begin: float) -> bool:
        """Whether the connection is of no use any more."""
        raise NotImplementedError


class ChannelPollReader(ChannelReader):
    """The same by long polls, where an event has no offset of its own: they are counted."""

    def __init__(self, api: Api, user: User, authors: list[User], name: str, random: random.Random) -> None:
        super().__init__(api, user, authors, name, random)
        self.count, self.role = 0, "api"

    async def session(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            begin = self.api.history.now
            since = f"&since={self.live}" if self.live else ""
            path = f"/v1/feed?channels={','.join(self.authors)}{since}&wait=10"
            reply = await self.api.once("GET", path, self.user, timeout=14)
            if reply.status == 200:
                self.is_open, self.live = True, reply.body["live"]
                self.polled(begin)
                for item in reply.body["items"]:
                    self.take_item(item, begin)
            elif reply.status == 404:
                await self.not_found(begin)
            else:
                if reply.status not in (0, 429, 503):
                    self.refused(f"the poll was answered {reply.status}: {reply.body}")
                await self.api.pause(reply)

    def polled(self, begin: float) -> None:
        """The poll has its answer."""

    def take_item(self, item: dict[str, Any], begin: float) -> None:
        channel = item["channel"]
        match item["type"]:
            case "live" | "reset" as verdict:
                self.record("channel conn", author=self.authors[channel], begin=begin, verdict=verdict)
            case "unsubscribed":
                self.refused(f"{channel} ended: {item}")
            case _:
                self.count += 1
                self.told_at(channel, item, self.count)
