"""Clients who read a feed live, by each road, and come back by the protocol's rules. They write down what they saw."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any, AsyncIterator

import aiohttp

from api import Api, User

CLIENT_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError, EOFError)


class Reader:
    """What all roads have in common: a page first, live from its position, and pages again after a reset.

    History: `conn` (a connection or poll was answered: with which verdict), `see` (an event about a post), `changed` (one
    about the feed), `reset` (the pages that replace the view: `first` is the page whose position the stream goes on from,
    `rest` what is below it).
    """

    road = ""

    def __init__(self, api: Api, user: User, name: str, random: random.Random) -> None:
        self.api, self.user, self.name, self.random = api, user, name, random
        self.live: str | None = None
        """The position, as REST and SSE write it."""
        self.is_open = False
        """Has the connection been let in?"""
        self.role = ""
        """Whose connection it is."""

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.is_open = False
            try:
                if self.live is None and not await self.read_pages():
                    continue
                # Sometimes it goes by itself, and stays away for a while.
                async with asyncio.timeout(None if self.api.is_calm else self.random.expovariate(1 / 20) + 0.2):
                    await self.session(stop)
            except TimeoutError:
                if self.random.random() < 0.5 and not self.api.is_calm:
                    await asyncio.sleep(self.random.expovariate(1))
            except CLIENT_ERRORS:
                if not self.is_open:
                    self.api.refusals[self.road] += 1
                await asyncio.sleep(self.random.uniform(0.02, 0.3))

    async def session(self, stop: asyncio.Event) -> None:
        """One connection, until it ends."""
        raise NotImplementedError

    def address(self) -> str:
        role = self.api.choose("realtime")
        self.role = role.name
        return self.api.address_of(role)

    async def read_pages(self) -> bool:
        """The whole feed; the position of its first page is where the stream goes on."""
        pages = [page async for page in walk(self.api, self.user)]
        if not pages or pages[-1] is None:
            return False
        begin = pages[0]["begin"]
        self.live = pages[0]["live"]
        ids = [[post["id"] for post in page["items"]] for page in pages]
        self.record("reset", begin=begin, first=ids[0], rest=[post for page in ids[1:] for post in page])
        return True

    def connected(self, begin: float, verdict: str) -> None:
        self.is_open = True
        self.record("conn", begin=begin, verdict=verdict)

    def saw(self, event: dict[str, Any], position: Any = None) -> None:
        if event["type"] in ("post.created", "post.updated"):
            post, author = event["post"], event["post"]["author"]
            self.record(
                "see", kind=event["type"].removeprefix("post."), post=post["id"], author=author["id"], text=post["text"],
                handle=author["handle"], display_name=author["display_name"], at=position)
        elif event["type"] == "post.deleted":
            self.record("see", kind="deleted", post=event["post_id"], at=position)
        elif event["type"] == "feed.changed":
            self.record("changed", reason=event["reason"], other=event.get("user_id", event.get("tag")))

    def record(self, event: str, **fields: Any) -> None:
        self.api.history.add(event, r=self.name, t=self.api.history.now, **fields)

    def refused(self, what: str) -> None:
        self.api.history.add("bug", t=self.api.history.now, what=f"{self.name}: {what}")


async def walk(api: Api, user: User, path: str = "/v1/feed") -> AsyncIterator[dict[str, Any] | None]:
    """All pages of a list, a feed mostly, with the time of their requests; `None` at the end when one was not to be had."""
    cursor = ""
    while True:
        begin = api.history.now
        page = await api.read(f"{path}?limit=100{cursor}", user)
        if page is None:
            yield None
            return
        yield page | {"begin": begin, "end": api.history.now}
        if "next" not in page:
            return
        cursor = f"&cursor={page['next']}"


class WebSocketReader(Reader):
    """The Centrifugo protocol by hand."""

    road = "websocket"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.position: tuple[str, int] | None = None

    async def read_pages(self) -> bool:
        self.position = None
        return await super().read_pages()

    async def session(self, stop: asyncio.Event) -> None:
        begin = self.api.history.now
        url = f"http://{self.address()}/v1/live/ws"
        async with self.api.http.ws_connect(
            url, timeout=aiohttp.ClientWSTimeout(ws_close=1), max_msg_size=0, compress=15
        ) as ws:
            await ws.send_str(self.connect_command())
            while not stop.is_set():
                message = await ws.receive(timeout=40)
                if message.type != aiohttp.WSMsgType.TEXT:
                    if ws.close_code and 3500 <= ws.close_code < 4000:
                        self.refused(f"told never to come back: {ws.close_code}")
                    # A drain that begins between handshake and reply: told to come again, as the protocol has it.
                    self.is_open |= ws.close_code == 3001
                    raise EOFError
                for line in filter(None, message.data.split("\n")):
                    if line == "{}":
                        await ws.send_str("{}")
                    elif not self.take(json.loads(line), begin):
                        return

    def connect_command(self) -> str:
        """From the position that it holds, or from the page that it has read."""
        connect: dict[str, Any] = {"token": self.user.token}
        if self.position:
            epoch, offset = self.position
            connect["subs"] = {self.user.channel: {"recover": True, "epoch": epoch, "offset": offset}}
        else:
            connect["data"] = {"since": self.live}
        return json.dumps({"id": 1, "connect": connect})

    def take(self, message: dict[str, Any], begin: float) -> bool:
        """False: the position is out of the window."""
        if "error" in message:
            if message["error"]["code"] not in (100, 111):  # internal and temporary: come again
                self.refused(f"connect: {message['error']}")
            raise EOFError
        if "connect" in message:
            subscription = message["connect"]["subs"][self.user.channel]
            self.connected(begin, "resumed" if subscription.get("recovered") else "reset")
            if not subscription.get("recovered"):
                self.live = None
                return False
            for publication in subscription.get("publications", []):
                self.saw(publication["data"], publication["offset"])
            self.position = (subscription["epoch"], subscription["offset"])
        elif "pub" in message.get("push", {}):
            publication = message["push"]["pub"]
            self.saw(publication["data"], publication["offset"])
            assert self.position
            self.position = (self.position[0], publication["offset"])
        return True


class EventStreamReader(Reader):
    """Server-sent events, opened with the token, or, like a browser, with a ticket."""

    road = "sse"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.uses_ticket = self.random.random() < 0.5
        self.ticket: str | None = None

    async def read_pages(self) -> bool:
        self.ticket = None
        return await super().read_pages()

    async def session(self, stop: asyncio.Event) -> None:
        begin = self.api.history.now
        headers, query, opened = dict(self.user.authorization), {}, self.ticket
        if self.uses_ticket:
            if not self.ticket:
                reply = await self.api.once("POST", "/v1/live/ticket", self.user, command="realtime")
                if reply.status != 201:
                    raise EOFError
                opened = reply.body["ticket"]
                query["since"] = self.live
            headers = {}
            query["ticket"] = opened
        if "since" not in query:
            headers["Last-Event-ID"] = self.live
        url = f"http://{self.address()}/v1/live/sse"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=4, sock_read=40)
        async with self.api.http.get(url, headers=headers, params=query, timeout=timeout) as answer:
            if answer.status != 200:
                # The client library asks again by itself where a connection that it had kept was cut before the answer.
                text = await answer.text()
                is_again = answer.status == 401 and "was used before" in text
                if answer.status not in (429, 503) and not is_again:
                    self.refused(f"the stream was answered {answer.status}: {text}")
                raise EOFError
            async for name, identifier, data in events(answer.content):
                if stop.is_set():
                    return
                if identifier:
                    self.live = identifier
                    self.ticket = opened if self.uses_ticket else None
                if name in ("resumed", "reset"):
                    self.connected(begin, name)
                    if name == "reset":
                        self.live = None
                        return
                elif name in ("post.created", "post.updated", "post.deleted", "feed.changed"):
                    self.saw(json.loads(data), identifier)


async def events(stream: aiohttp.StreamReader) -> AsyncIterator[tuple[str, str | None, str]]:
    """Name, id and data of each whole event."""
    fields: dict[str, str] = {}
    while raw := await stream.readline():
        line = raw.decode().rstrip("\r\n")
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif not line and fields:
            yield fields.get("event", "message"), fields.get("id"), fields.get("data", "")
            fields = {}


class PollReader(Reader):
    """Long polls: an answer that did not arrive is asked for again from the same position."""

    road = "poll"

    async def session(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            begin = self.api.history.now
            reply = await self.api.once("GET", f"/v1/feed?since={self.live}&wait=10", self.user, timeout=14)
            if reply.status != 200:
                if reply.status not in (0, 429, 503):
                    self.refused(f"the poll was answered {reply.status}: {reply.body}")
                await self.api.pause(reply)
                continue
            self.connected(begin, "reset" if reply.body["reset"] else "resumed")
            if reply.body["reset"]:
                self.live = None
                return
            for event in reply.body["items"]:
                self.saw(event)
            self.live = reply.body["live"]


class PageWalker:
    """Reads whole feeds, page by page, while they change."""

    def __init__(self, api: Api, users: list[User], name: str, random: random.Random) -> None:
        self.api, self.users, self.name, self.random = api, users, name, random

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.uniform(0.1, 1))
            user = self.random.choice(self.users)
            pages = [page async for page in walk(self.api, user)]
            if pages and pages[-1] is not None:
                self.api.history.add("walk", r=self.name, user=user.id, pages=[
                    [page["begin"], page["end"], [post["id"] for post in page["items"]]] for page in pages])
