"""Small circles of users in which who sees whom changes all the time: blocks, privacy, requests, mutes, removals, edits,
names. A circle does one thing after the other, so it is known when each was so."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Coroutine

from api import PASSWORD, Api, Reply, User
from readers import PageWalker, Reader
from watchers import Watcher, watchers
from writers import Author

LATEST = 30
"""Entries of a page that is looked at after a change."""


class Circle:
    """An owner, a follower and a stranger; and somebody who leaves and comes back, whom the follower follows. Between two changes the follower follows and is not muted, and nobody is blocked.

    History: `follow` (the follower's feed has the owner's posts, or no more), `sight` (the user sees the other's posts),
    `switch` (a change was acknowledged), `probe` (what a read of somebody's posts has shown), `edit`, `rename`."""

    def __init__(self, api: Api, members: tuple[User, User, User], leaver: User, random: random.Random) -> None:
        self.api, self.history, self.random = api, api.history, random
        self.owner, self.follower, self.stranger = self.members = members
        self.leaver = leaver
        self.is_private = False
        self.authors = {user.id: Author(api, user, f"{user.handle}/circle", 1, random) for user in (*members, leaver)}
        self.names = 0
        self.pinned = ""

    # MARK: Set-up

    async def set_up(self) -> None:
        """They are who they are, the follower follows, and one post is there to be subscribed to."""
        for user in (*self.members, self.leaver):
            for other in (*self.members, self.leaver):
                if user is not other:
                    self.note("sight", user, other, True, 0.0, 0.0)
            view = await self.api.read("/v1/me", user)
            assert view
            for field in ("handle", "display_name"):
                self.history.add("rename", user=user.id, field=field, value=view[field], begin=0.0, end=0.0)
        path = f"/v1/users/{self.leaver.id}/follow"
        await self.switch("follow", "PUT", path, self.follower, feed=[(self.follower, self.leaver, True)])
        await self.follow_again()
        self.pinned = await self.post(self.owner)

    def watchers(self) -> list[Watcher]:
        """Of the owner's channels, and the owner of the follower's."""
        channels = {f"user:{self.owner.id}": self.owner.id, f"post:{self.pinned}": self.owner.id}
        mutual = {f"user:{self.follower.id}": self.follower.id}
        leavers = {f"user:{self.leaver.id}": self.leaver.id}
        return watchers(
            self.api,
            [(self.stranger, channels), (self.follower, channels), (self.follower, leavers), (self.owner, mutual)],
            self.random)

    # MARK: A life

    async def run(self, stop: asyncio.Event) -> None:
        changes: list[Any] = [self.block] * 9 + [self.go_private] * 7 + [self.mute] * 3 + [self.part] * 4
        changes += [self.edit] * 4 + [self.rename] * 2 + [self.leave] * 3
        while not stop.is_set():
            await asyncio.sleep(self.random.uniform(0.05, 0.4))
            await self.random.choice(changes)()

    async def block(self) -> None:
        """By one or the other; each posts meanwhile."""
        viewer = self.random.choice([self.follower, self.stranger])
        by, other = self.random.sample([self.owner, viewer], 2)
        path = f"/v1/users/{other.id}/block"
        feed = [(self.follower, self.owner, False)] if viewer is self.follower else []
        await self.switch("block", "PUT", path, by, feed=feed, sights=[(viewer, self.owner, False), (self.owner, viewer, False)])
        await self.while_hidden(viewer)
        await self.switch(
            "unblock", "DELETE", path, by,
            sights=[(viewer, self.owner, not self.is_private), (self.owner, viewer, True)])
        if viewer is self.follower:
            await self.follow_again()
        else:
            await self.probe(viewer, self.owner, self.pinned)

    async def go_private(self) -> None:
        """Or public again. Strangers see it, followers go on to see everything."""
        if self.is_private:
            return await self.go_public("public")
        await self.switch(
            "private", "PATCH", "/v1/me", self.owner, {"private": True}, sights=[(self.stranger, self.owner, False)])
        self.is_private = True
        await self.while_hidden(self.stranger)
        if self.random.random() < 0.5:
            await self.part()

    async def go_public(self, what: str, feed: list[tuple[User, User, bool]] = []) -> None:
        sights = [(self.stranger, self.owner, True), *feed]
        await self.switch(what, "PATCH", "/v1/me", self.owner, {"private": False}, feed=feed, sights=sights)
        self.is_private = False
        await self.probe(self.stranger, self.owner, self.pinned)

    async def part(self) -> None:
        """The follower goes, or is sent away, and comes back."""
        parting = [(self.follower, self.owner, False)]
        sights = parting if self.is_private else []
        if self.random.random() < 0.5:
            path = f"/v1/me/followers/{self.follower.id}"
            await self.switch("removal", "DELETE", path, self.owner, feed=parting, sights=sights)
        else:
            path = f"/v1/users/{self.owner.id}/follow"
            await self.switch("unfollow", "DELETE", path, self.follower, feed=parting, sights=sights)
        await self.while_hidden(self.follower)
        await self.follow_again()

    async def follow_again(self) -> None:
        """By a follow, or by a request that is accepted, perhaps by going public."""
        path = f"/v1/users/{self.owner.id}/follow"
        coming = [(self.follower, self.owner, True)]
        if not self.is_private:
            await self.switch("follow", "PUT", path, self.follower, feed=coming)
        else:
            await self.switch("request", "PUT", path, self.follower)
            if self.random.random() < 0.2:
                await self.go_public("accept all", coming)
            else:
                accept = f"/v1/me/requests/{self.follower.id}"
                await self.switch("accept", "PUT", accept, self.owner, feed=coming, sights=coming)
        await self.look(self.follower, has_come=True)

    async def mute(self) -> None:
        path = f"/v1/users/{self.owner.id}/mute"
        await self.switch("mute", "PUT", path, self.follower, {}, feed=[(self.follower, self.owner, False)])
        await self.while_hidden(self.follower)
        await self.switch("unmute", "DELETE", path, self.follower, feed=[(self.follower, self.owner, True)])
        await self.look(self.follower)

    async def leave(self) -> None:
        """Somebody asks to be erased, and thinks better of it."""
        seers = (self.follower, self.stranger)
        hidden, shown = ([(seer, self.leaver, sees) for seer in seers] for sees in (False, True))
        post = await self.post(self.leaver)
        body = {"password": PASSWORD}
        if not await self.switch("leave", "POST", "/v1/me/deletion", self.leaver, body, feed=hidden[:1], sights=hidden):
            return
        for seer in seers:
            await self.probe(seer, self.leaver, post)
        await asyncio.sleep(self.random.choice([0, 0, 0.3, 1.5]))
        if not await self.log_in():
            return
        await self.switch("return", "DELETE", "/v1/me/deletion", self.leaver, feed=shown[:1], sights=shown)
        await self.log_in()
        await self.probe(self.follower, self.leaver, post)
        await self.post(self.leaver)

    async def log_in(self) -> bool:
        """The leaver. Whether there is something to take back."""
        body = {"handle": self.leaver.handle, "password": PASSWORD}
        reply = await self.insist("POST", "/v1/auth/login", None, body)
        self.leaver.token, self.leaver.refresh_token = reply.body["access_token"], reply.body["refresh_token"]
        return bool(reply.body.get("leaving"))

    async def edit(self) -> None:
        author = self.authors[self.owner.id]
        await author.edit(self.random.choice([self.pinned, author.posts[-1]]))

    async def rename(self) -> None:
        """Shown with posts that are made from now on, and in all that is read."""
        self.names += 1
        user, begin = self.owner, self.history.now
        field = self.random.choice(["handle", "display_name"])
        value = f"{user.handle}_{self.names}" if field == "handle" else f"{user.handle} the {self.names}th"
        self.history.add("rename begins", user=user.id, field=field, value=value, begin=begin)
        method, path = ("PUT", "/v1/me/credentials") if field == "handle" else ("PATCH", "/v1/me")
        await self.insist(method, path, user, {field: value})
        self.history.add("rename", user=user.id, field=field, value=value, begin=begin, end=self.history.now)
        await self.probe(self.follower, user, await self.post(user))

    # MARK: Steps

    async def while_hidden(self, viewer: User) -> None:
        """A post that the viewer must not be told of, an edit at times, and a look."""
        post = await self.post(self.owner)
        if self.random.random() < 0.3:
            await self.edit()
        await self.probe(viewer, self.owner, post)
        await self.look(viewer)
        await self.post(viewer)
        await asyncio.sleep(self.random.choice([0, 0, 0.3, 1.5]))
        if viewer is self.follower:
            await self.probe(self.owner, viewer, self.authors[viewer.id].posts[-1])

    async def post(self, user: User) -> str:
        author = self.authors[user.id]
        count = len(author.posts)
        while len(author.posts) == count:
            await author.post(gives_up=False)
        return author.posts[-1]

    async def probe(self, viewer: User, author: User, post: str) -> None:
        """The post by itself, and among the author's."""
        begin = self.history.now
        reply = await self.api.once("GET", f"/v1/posts/{post}", viewer)
        if reply.status in (200, 404):
            self.found("sight", viewer, author, begin, [reply.body] if reply.status == 200 else [], post)
        begin = self.history.now
        reply = await self.api.once("GET", f"/v1/users/{author.id}/posts?limit={LATEST}", viewer)
        if reply.status in (200, 404):
            self.found("sight", viewer, author, begin, reply.body.get("items", []))

    async def look(self, viewer: User, has_come: bool = False) -> None:
        """The feed's first page. Who has come to follow has the owner's newest post there. When a mute ends, the fan-out may
        still be about to bring it."""
        begin = self.history.now
        reply = await self.api.once("GET", f"/v1/feed?limit={LATEST}", viewer)
        if reply.status == 200:
            posts = self.authors[self.owner.id].posts
            owned = [post for post in reply.body["items"] if post["author"]["id"] == self.owner.id]
            self.found("feed", viewer, self.owner, begin, owned, posts[-1] if posts and has_come else None, "next" in reply.body)

    def found(
        self, by: str, viewer: User, author: User, begin: float, posts: list[dict[str, Any]], due: str | None = None,
        goes_on: bool = False,
    ) -> None:
        self.history.add(
            "probe", by=by, user=viewer.id, other=author.id, begin=begin, end=self.history.now, due=due, goes_on=goes_on,
            posts=[[post["id"], post["text"], post["author"]["handle"], post["author"]["display_name"]] for post in posts])

    async def switch(
        self, what: str, method: str, path: str, user: User, body: Any = None,
        feed: list[tuple[User, User, bool]] = [], sights: list[tuple[User, User, bool]] = [],
    ) -> bool:
        """`feed`, `sights`: what it changes, as viewer, author, and whether the one sees the other from then on. Whether it
        was done: who has left, and got no answer, may be logged out without having left."""
        begin = self.history.now
        notes = [("follow", *change) for change in feed] + [("sight", *change) for change in sights]
        for kind, viewer, author, sees in notes:
            self.history.add(f"{kind} begins", user=viewer.id, other=author.id, follows=sees, begin=begin)
        reply = await self.insist(method, path, user, body)
        if reply.status == 401 and not await self.log_in():
            for kind, viewer, author, sees in notes:
                now = self.history.now
                self.history.add(f"{kind} begins", user=viewer.id, other=author.id, follows=not sees, begin=now)
                self.note(kind, viewer, author, not sees, now, self.history.now)
            return False
        end = self.history.now
        for note in notes:
            self.note(*note, begin, end)
        self.history.add(
            "switch", what=what, user=self.follower.id, other=self.owner.id, begin=begin, end=end,
            pairs=[[viewer.id, author.id] for viewer, author, sees in sights if not sees])
        return True

    def note(self, kind: str, viewer: User, author: User, sees: bool, begin: float, end: float) -> None:
        self.history.add(
            kind, user=viewer.id, other=author.id, follows=sees, begin=begin, end=end, outcome="done", status=204)

    async def insist(self, method: str, path: str, user: User | None, body: Any = None) -> Reply:
        """Until it is done: what follows leans on it. Who has left, and got no answer, is logged out when he asks again."""
        while (reply := await self.api.write(method, path, user, body)).is_open:
            pass
        if reply.status >= 300 and not (reply.status == 401 and path == "/v1/me/deletion"):
            self.history.add(
                "bug", t=self.history.now, what=f"{method} {path} was answered {reply.status}: {reply.body}")
        return reply


class Circles:
    """Some of them, and who reads there."""

    def __init__(self, api: Api, count: int, roads: list[type[Reader]], random: random.Random) -> None:
        self.api, self.count, self.roads, self.random = api, count, roads, random
        self.circles: list[Circle] = []
        self.users: list[User] = []

    async def set_up(self, prefix: str) -> None:
        for index in range(self.count):
            owner, follower, stranger, leaver = [await self.api.sign_up(f"{prefix}{index}{who}") for who in "ofsl"]
            self.users += owner, follower, stranger, leaver
            self.circles.append(
                Circle(self.api, (owner, follower, stranger), leaver, random.Random(self.random.getrandbits(64))))
        await asyncio.gather(*(circle.set_up() for circle in self.circles))

    def readers(self) -> list[Reader]:
        """The followers' feeds, by two roads each, and the channels."""
        found: list[Reader] = []
        for index, circle in enumerate(self.circles):
            for second in range(2):
                road = self.roads[(index + second) % len(self.roads)]
                found.append(road(self.api, circle.follower, f"{circle.follower.handle}/{second}", circle.random))
            found += circle.watchers()
        return found

    def work(self, stop: asyncio.Event) -> list[Coroutine[None, None, None]]:
        followers = [circle.follower for circle in self.circles]
        return [
            *(circle.run(stop) for circle in self.circles),
            *(Author(self.api, circle.owner, f"{circle.owner.handle}/beside", 1, circle.random).run(stop)
              for circle in self.circles),
            *(PageWalker(self.api, followers, f"circle walker {n}", self.random).run(stop) for n in range(2) if followers),
        ]
