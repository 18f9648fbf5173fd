"""A client of the REST API as real ones are: it waits a limited time, and asks again with the same key."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import aiohttp

from cluster import Cluster
from history import History
from role import Role

TIMEOUT = aiohttp.ClientTimeout(total=4)
PASSWORD = "correct horse battery"


@dataclass
class User:
    id: str
    handle: str
    token: str
    refresh_token: str

    @property
    def channel(self) -> str:
        return f"feed:{self.id}"

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Reply:
    """`status` 0: no answer came, so what was asked may have been done."""

    status: int
    body: dict[str, Any]
    retry_after: float = 0.0

    @property
    def kind(self) -> str:
        """The status; or `busy`: the process has as many requests in work as it gets done in time, and did nothing."""
        is_shed = self.status == 503 and self.body.get("detail", "").startswith("too many requests are in work")
        return "busy" if is_shed else str(self.status)

    @property
    def is_open(self) -> bool:
        """Nobody knows whether it was done, or will be: ask again with the same key."""
        return self.status in (0, 408, 429, 500, 503) or (self.status == 409 and self.body.get("code") == "conflict")


class Api:
    """Requests to any of the processes that serve REST, one after the other of them at random."""

    def __init__(self, cluster: Cluster, history: History, random: random.Random) -> None:
        self.cluster = cluster
        self.history = history
        self.random = random
        self.http = aiohttp.ClientSession(
            timeout=TIMEOUT, connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30), auto_decompress=True)
        self.counts: dict[str, int] = {}
        self.refusals: Counter[str] = Counter()
        """Live connections that were not let in, by road."""
        self.is_calm = False
        """The faults are over: readers stay where they are."""

    async def close(self) -> None:
        await self.http.close()

    def choose(self, command: str) -> Role:
        return self.random.choice(self.cluster.of(command))

    def address_of(self, role: Role) -> str:
        return f"127.0.0.1:{self.cluster.client_port(role)}"

    def address(self, command: str) -> str:
        return self.address_of(self.choose(command))

    async def once(
        self, method: str, path: str, user: User | None = None, body: Any = None, key: str | None = None,
        command: str = "api", timeout: float | None = None,
    ) -> Reply:
        """One attempt. Nothing but an answer that is whole counts as one."""
        headers = dict(user.authorization) if user else {}
        if key:
            headers["Idempotency-Key"] = key
        options: dict[str, Any] = {"timeout": aiohttp.ClientTimeout(total=timeout)} if timeout else {}
        try:
            async with self.http.request(
                method, f"http://{self.address(command)}{path}", json=body, headers=headers, **options
            ) as answer:
                raw = await answer.read()
                reply = Reply(answer.status, json.loads(raw) if raw else {}, float(answer.headers.get("Retry-After", 0)))
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            reply = Reply(0, {})
        self.counts[reply.kind] = self.counts.get(reply.kind, 0) + 1
        if reply.status >= 500 and reply.status != 503:
            self.history.add("bug", t=self.history.now, what=f"{method} {path} was answered {reply.status}: {reply.body}")
        return reply

    async def read(self, path: str, user: User, seconds: float = 60, command: str = "api") -> dict[str, Any] | None:
        """GET until there is an answer; `None` when there was none in this time."""
        deadline = self.history.now + seconds
        while True:
            reply = await self.once("GET", path, user, command=command)
            if reply.status == 200:
                return reply.body
            if not reply.is_open:
                self.history.add("bug", t=self.history.now, what=f"GET {path} was answered {reply.status}: {reply.body}")
                return None
            if self.history.now > deadline:
                return None
            await self.pause(reply)

    async def write(
        self, method: str, path: str, user: User | None, body: Any = None, patience: float = 90, gives_up: bool = False
    ) -> Reply:
        """A write with a key of its own, repeated until it is known to be done or refused; with `gives_up` by somebody
        who goes away after the first attempt without an answer."""
        key = uuid.UUID(int=self.random.getrandbits(128)).hex
        deadline = self.history.now + patience
        while True:
            reply = await self.once(method, path, user, body, key)
            if not reply.is_open or (gives_up and reply.status == 0) or self.history.now > deadline:
                return reply
            await self.pause(reply)

    async def pause(self, reply: Reply) -> None:
        await asyncio.sleep(min(reply.retry_after, 1.0) or self.random.uniform(0.05, 0.4))

    async def sign_up(self, handle: str) -> User:
        reply = await self.write("POST", "/v1/auth/signup", None, {"handle": handle, "password": PASSWORD})
        assert reply.status == 201, reply
        body = reply.body
        return User(body["user"]["id"], handle, body["access_token"], body["refresh_token"])

    async def refresh(self, user: User) -> None:
        """A new access token. Refused, it would end the family: that is a bug, for every attempt has the same key."""
        reply = await self.write("POST", "/v1/auth/refresh", None, {"refresh_token": user.refresh_token})
        if reply.status == 200:
            user.token, user.refresh_token = reply.body["access_token"], reply.body["refresh_token"]
        elif not reply.is_open:
            self.history.add("bug", t=self.history.now, what=f"refresh of {user.handle}: {reply.status} {reply.body}")
