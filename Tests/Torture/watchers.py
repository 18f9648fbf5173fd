"""Subscribers of channels that they may not always see: told to go, they ask again and again."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp

from api import Api, User
from channel_reader import ChannelPollReader, ChannelReader, ChannelStreamReader

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

    async def not_found(self, begin: float) -> None:
        self.is_open = True
        self.watch(next(iter(self.authors)), "refused", begin)
        self.live = ""
        await asyncio.sleep(ASKS_AGAIN)


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
    def polled(self, begin: float) -> None:
        for channel in self.authors:
            self.watch(channel, "resumed", begin)

    def take_item(self, item: dict[str, Any], begin: float) -> None:
        if item["type"] == "unsubscribed":
            self.watch(item["channel"], "ended", begin)
            self.live = ""
        elif item["type"].startswith("post."):
            self.told_at(item["channel"], item, 0)


class EventStreamWatcher(Watcher, ChannelStreamReader):
    async def take_event(self, name: str, event: dict[str, Any], begin: float) -> bool:
        if name in ("live", "resumed", "reset") and event.get("channel") in self.authors:
            self.is_open = True
            self.watch(event["channel"], name, begin)
        elif name == "unsubscribed":
            self.watch(event["channel"], "ended", begin)
            self.live = ""
            await asyncio.sleep(ASKS_AGAIN)
            return True
        elif name.startswith("post."):
            self.told_at(event["channel"], event, 0)
        return False


KINDS: list[type[Watcher]] = [WebSocketWatcher, EventStreamWatcher, PollWatcher]


def watchers(api: Api, wanted: list[tuple[User, dict[str, str]]], random: random.Random) -> list[Watcher]:
    first = random.randrange(len(KINDS))
    return [
        KINDS[(first + index) % len(KINDS)](api, user, channels, f"{user.handle} watches {index}", random)
        for index, (user, channels) in enumerate(wanted)
    ]
