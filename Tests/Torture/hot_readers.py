"""Clients who look at posts that everybody likes, and at their polls: states, and comments by position."""

from __future__ import annotations

import random
from typing import Any

from api import Api, User
from channel_reader import ChannelPollReader, ChannelReader, ChannelStreamReader

STATES = {"post.counts", "poll.updated"}


def state_of(event: dict[str, Any]) -> dict[str, Any]:
    """What a state says: a poll is in a key of its own."""
    return event["poll"] if event["type"] == "poll.updated" else {
        key: value for key, value in event.items() if key not in ("type", "channel")}


class HotReader(ChannelReader):
    """History: `hot conn` (a channel's subscription was answered: `live`, `resumed`, `reset`), `hot state`, and `hot comment`
    (an event about a comment; `at`: its position, or its number where events have none)."""

    road = "hot"

    def __init__(self, api: Api, user: User, channels: list[str], name: str, random: random.Random) -> None:
        super().__init__(api, user, [], name, random)
        self.authors = dict.fromkeys(channels, "")
        self.count = 0

    def subscribed(self, channel: str, begin: float, reply: dict[str, Any]) -> None:
        verdict = "live" if channel not in self.positions else "resumed" if reply.get("recovered") else "reset"
        # What has states alone has no position.
        self.joined(channel, "live" if "offset" not in reply else verdict, begin)
        for publication in reply.get("publications", []):
            self.told(channel, publication)
        if "offset" in reply:
            self.positions[channel] = (reply["epoch"], reply["offset"])

    def joined(self, channel: str, verdict: str, begin: float) -> None:
        self.is_open = True
        self.record("hot conn", channel=channel, verdict=verdict, begin=begin)

    def told_at(self, channel: str, event: dict[str, Any], offset: int) -> None:
        if event["type"] in STATES:
            self.record("hot state", channel=channel, state=state_of(event))
        elif event["type"].startswith("comment."):
            comment = event.get("comment", {})
            self.record(
                "hot comment", channel=channel, kind=event["type"].removeprefix("comment."), at=offset,
                comment=comment.get("id") or event["comment_id"], text=comment.get("text"))
        self.api.history.sights += 1

    def item(self, event: dict[str, Any]) -> None:
        """One that has no position of its own."""
        self.count += 1
        self.told_at(event["channel"], event, self.count)


class HotPollReader(HotReader, ChannelPollReader):
    def take_item(self, item: dict[str, Any], begin: float) -> None:
        match item["type"]:
            case "live" | "reset" as verdict:
                self.joined(item["channel"], verdict, begin)
            case "unsubscribed":
                self.refused(f"{item['channel']} ended: {item}")
            case _:
                self.item(item)


class HotStreamReader(HotReader, ChannelStreamReader):
    async def take_event(self, name: str, event: dict[str, Any], begin: float) -> bool:
        if name in ("live", "resumed", "reset"):
            self.joined(event["channel"], name, begin)
        elif name == "unsubscribed":
            self.refused(f"{event['channel']} ended: {event}")
        elif "channel" in event:
            self.item(event)
        return False


ROADS: list[type[HotReader]] = [HotReader, HotStreamReader, HotPollReader]
