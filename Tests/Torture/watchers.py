"""Subscribers of channels that they may not always see: told to go, they ask again and again."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp

from api import Api, User
from channel_reader import ChannelPollReader, ChannelReader
from readers import events

REFUSED = 2000
UNKNOWN_CHANNEL, PERMISSION_DENIED = 102, 103
ASKS_AGAIN = 0.3
"""Seconds after a refusal."""


class Watcher(ChannelReader):
    """History: `watch` (a channel's subscription was answered: `live`, `resumed`, `reset`, `refused`, or ended: `ended`) and
    `watch see` (an event), with the channel and the author whose posts it tells."""

    road = "watch"

    def __init__(self, api: Api, user: User, channels: dict[str, str], name: str, random: random.Random) -> None:
        super().__init__(api, user, [], name, random)
        self.authors = channels

    def watch(self, channel: str, verdict: str, begin: float) -> None:
        self.record("watch", channel=channel, author=self.authors[channel], verdict=verdict, begin=begin, role=self.role)

    def told_at(self, channel: str, event: dict[str, Any], offset: int) -> None:
        post = event.get("post", {})
        author = post.get("author", {})
        self.record(
            "watch see", channel=channel, author=self.authors[channel], kind=event["type"].removeprefix("post."),
            post=post["id"] if post else event.get("post_id", ""), text=post.get("text"), handle=author.get("handle"),
            display_name=author.get("display_name"), role=self.role)
        self.api.history.sights += 1


class WebSocketWatcher(Watcher):
    async def session(self, stop: asyncio.Event) -> None:
        self.later: set[asyncio.Task[None]] = set()
        try:
            await super().session(stop)
        finally:
            for task in self.later:
                task.cancel()

    def take(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        push = message.get("push", {})
        if "error" in message and message["error"]["code"] in (UNKNOWN_CHANNEL, PERMISSION_DENIED):
            channel, begin = self.begun.pop(message["id"])
            self.watch(channel, "refused", begin)
            return self.again(channel)
        if push.get("channel") in self.authors and push.get("unsubscribe", {}).get("code") == REFUSED:
            self.watch(push["channel"], "ended", self.api.history.now)
            return self.again(push["channel"])
        return super().take(message)

    def again(self, channel: str) -> list[dict[str, Any]]:
        """Asks in a moment."""
        async def ask(ws: aiohttp.ClientWebSocketResponse) -> None:
            await asyncio.sleep(ASKS_AGAIN)
            if not ws.closed:
                await ws.send_str(json.dumps(self.subscription(channel)))
        task = asyncio.create_task(ask(self.ws))
        self.later.add(task)
        task.add_done_callback(self.later.discard)
        return []

    def subscribed(self, channel: str, begin: float, reply: dict[str, Any]) -> None:
        verdict = "live" if channel not in self.positions else "resumed" if reply.get("recovered") else "reset"
        self.watch(channel, verdict, begin)
        for publication in reply.get("publications", []):
            self.told(channel, publication)
        self.positions[channel] = (reply["epoch"], reply["offset"])


class PollWatcher(Watcher, ChannelPollReader):
    async def session(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            begin = self.api.history.now
            since = f"&since={self.live}" if self.live else ""
            path = f"/v1/feed?channels={','.join(self.authors)}{since}&wait=10"
            self.role = "api"
            reply = await self.api.once("GET", path, self.user, timeout=14)
            if reply.status == 404:
                self.watch(next(iter(self.authors)), "refused", begin)
                self.live = ""
                await asyncio.sleep(ASKS_AGAIN)
            elif reply.status == 200:
                self.is_open = True
                for channel in self.authors:
                    self.watch(channel, "resumed", begin)
                self.live = reply.body["live"]
                for item in reply.body["items"]:
                    if item["type"] == "unsubscribed":
                        self.watch(item["channel"], "ended", begin)
                        self.live = ""
                    elif item["type"].startswith("post."):
                        self.told_at(item["channel"], item, 0)
            else:
                if reply.status not in (0, 429, 503):
                    self.refused(f"the poll was answered {reply.status}: {reply.body}")
                await self.api.pause(reply)


class EventStreamWatcher(Watcher):
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
                self.is_open = True
                self.watch(next(iter(self.authors)), "refused", begin)
                self.live = ""
                await asyncio.sleep(ASKS_AGAIN)
                return
            if answer.status != 200:
                if answer.status not in (429, 503):
                    self.refused(f"the stream was answered {answer.status}: {await answer.text()}")
                raise EOFError
            async for name, identifier, data in events(answer.content):
                if stop.is_set():
                    return
                self.live = identifier or self.live
                event = json.loads(data) if data else {}
                if name in ("live", "resumed", "reset") and event.get("channel") in self.authors:
                    self.is_open = True
                    self.watch(event["channel"], name, begin)
                elif name == "unsubscribed":
                    self.watch(event["channel"], "ended", begin)
                    self.live = ""
                    await asyncio.sleep(ASKS_AGAIN)
                    return
                elif name.startswith("post."):
                    self.told_at(event["channel"], event, 0)


KINDS: list[type[Watcher]] = [WebSocketWatcher, EventStreamWatcher, PollWatcher]


def watchers(api: Api, wanted: list[tuple[User, dict[str, str]]], random: random.Random) -> list[Watcher]:
    first = random.randrange(len(KINDS))
    return [
        KINDS[(first + index) % len(KINDS)](api, user, channels, f"{user.handle} watches {index}", random)
        for index, (user, channels) in enumerate(wanted)
    ]
