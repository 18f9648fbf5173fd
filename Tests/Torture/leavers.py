"""Users who are erased while parts fail. In the end nothing is left of them, and their receipts say so."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from api import PASSWORD, Api, User
from cluster import Cluster

ERASED_WITHIN = 60.0
"""Seconds after all is quiet, by which nothing is left of anybody who has left."""
POSTS = 3


class Leavers:
    """Pairs who follow each other, post, and leave. Nobody else knows them."""

    def __init__(self, api: Api, random: random.Random) -> None:
        self.api, self.random = api, random
        self.receipts: list[dict[str, Any]] = []
        self.gone: list[str] = []

    async def run(self, prefix: str, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            pair = [await self.api.sign_up(f"{prefix}{number}{which}") for which in "ab"]
            number += 1
            for user, other in (pair, pair[::-1]):
                await self.api.write("PUT", f"/v1/users/{other.id}/follow", user)
            for _ in range(POSTS):
                for user in pair:
                    await self.api.write("POST", "/v1/posts", user, {"text": "soon gone"})
            for user in pair:
                await self.leave(user)
                await asyncio.sleep(self.random.uniform(0.2, 1.5))

    async def leave(self, user: User) -> None:
        """Without an answer nobody knows the receipt: then there is none to be checked, but the user goes all the same."""
        while True:
            reply = await self.api.write("POST", "/v1/me/deletion?grace=0", user, {"password": PASSWORD})
            # Logged out: by the deletion, or by one that was begun and not done.
            if reply.status != 401 or await self.has_left(user):
                break
        if reply.status == 202:
            self.receipts.append(reply.body)
        elif reply.status != 401:
            if not reply.is_open:
                self.note(f"a deletion was answered {reply.status}: {reply.body}")
            return
        self.gone.append(user.id)

    async def has_left(self, user: User) -> bool:
        reply = await self.api.write("POST", "/v1/auth/login", None, {"handle": user.handle, "password": PASSWORD})
        if reply.status != 200 or reply.body.get("leaving"):
            return True
        user.token, user.refresh_token = reply.body["access_token"], reply.body["refresh_token"]
        return False

    def note(self, what: str) -> None:
        self.api.history.add("bug", t=self.api.history.now, what=what)

    async def check(self, cluster: Cluster) -> None:
        """To be asked when nothing is broken any more."""
        deadline = time.monotonic() + ERASED_WITHIN
        for receipt in self.receipts:
            path = f"/v1/deletions/{receipt['id']}?key={receipt['key']}"
            while (reply := await self.api.once("GET", path)).body.get("state") != "done":
                if time.monotonic() > deadline:
                    return self.note(f"an account is not erased: {reply.status} {reply.body}")
                await asyncio.sleep(0.2)
            for store in reply.body["stores"]:
                if store["left"] != 0 and "kept_until" not in store:
                    self.note(f"something is left of an account: {store}")
        while open := await asyncio.to_thread(cluster.sql, "SELECT id FROM deletions WHERE state <> 'done' AND erase_at < now()"):
            if time.monotonic() > deadline:
                return self.note(f"{len(open)} accounts are not erased")
            await asyncio.sleep(0.2)
        left = await asyncio.to_thread(self.scan, cluster) if self.gone else []
        if left:
            self.note(f"something is left of {len(self.gone)} accounts: {left}")
        self.api.history.add("erased", accounts=len(self.gone), receipts=len(self.receipts))

    def scan(self, cluster: Cluster) -> list[str]:
        """Columns in which one of them is named; by no code of the program's. `erased_users` forgets within the hour."""
        columns = cluster.sql("""
            SELECT c.relname || ' ' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
                AND NOT a.attisdropped AND a.atttypid = 'bigint'::regtype AND c.relname <> 'erased_users'""")
        ids = ",".join(self.gone)
        found = []
        for table, column in (row.split() for row in columns):
            if cluster.sql(f"SELECT 1 FROM {table} WHERE {column} IN ({ids}) LIMIT 1"):
                found.append(f"{table}.{column}")
        return found
