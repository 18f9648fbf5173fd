"""Users who post, delete, follow and unfollow, and write down what they know of it."""

from __future__ import annotations

import asyncio
import random

from api import Api, Reply, User


def outcome(api: Api, reply: Reply) -> str:
    """`done`, `refused`, or `unknown`: it may have happened once. What is asked for here is right: no is a wrong answer."""
    if 200 <= reply.status < 300:
        return "done"
    if reply.is_open:
        return "unknown"
    api.history.add("bug", t=api.history.now, what=f"a good write was answered {reply.status}: {reply.body}")
    return "refused"


MOST_EDITS = 90
"""Of one post, which takes a hundred."""


class Author:
    """Posts one after the other, and deletes or edits some of the posts. Each begins when the one before has its answer, so
    their order is known."""

    def __init__(self, api: Api, user: User, name: str, rate: float, random: random.Random, tag: str | None = None) -> None:
        self.api, self.user, self.name, self.rate, self.random = api, user, name, rate, random
        self.end = f" #{tag}" if tag else ""
        self.count = 0
        self.posts: list[str] = []
        self.texts: dict[str, str] = {}
        self.edits: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(self.rate))
            if stop.is_set():
                return
            chance = self.random.random()
            if self.posts and chance < 0.06:
                await self.delete()
            elif self.posts and chance < 0.12:
                await self.edit(self.random.choice(self.posts[-20:]))
            else:
                await self.post()

    async def post(self, gives_up: bool | None = None) -> None:
        """One in ten goes away when no answer comes, if nothing is said of that."""
        if gives_up is None:
            gives_up = self.random.random() < 0.1
        self.count += 1
        text = f"{self.name} {self.count}{self.end}"
        begin = self.api.history.now
        reply = await self.api.write(
            "POST", "/v1/posts", self.user, {"text": text}, gives_up=gives_up)
        result = outcome(self.api, reply)
        post = reply.body["id"] if result == "done" else None
        self.api.history.add(
            "post", user=self.user.id, text=text, begin=begin, end=self.api.history.now, outcome=result, post=post,
            status=reply.status)
        if post:
            self.posts.append(post)
            self.texts[post] = text

    async def edit(self, post: str) -> None:
        """Asked for until it is done: of two edits under way nobody knows which comes last."""
        count = self.edits[post] = self.edits.get(post, 0) + 1
        if count > MOST_EDITS:
            return
        text, begin = f"{self.texts[post]} | {count}", self.api.history.now
        self.api.history.add("edit begins", post=post, text=text, begin=begin)
        while (reply := await self.api.write("PATCH", f"/v1/posts/{post}", self.user, {"text": text})).is_open:
            pass
        if outcome(self.api, reply) == "done":
            self.api.history.add("edit", post=post, text=text, begin=begin, end=self.api.history.now)

    async def delete(self) -> None:
        post = self.posts.pop(self.random.randrange(len(self.posts)))
        begin = self.api.history.now
        self.api.history.add("delete begins", post=post, begin=begin)
        reply = await self.api.write("DELETE", f"/v1/posts/{post}", self.user, gives_up=self.random.random() < 0.1)
        self.api.history.add(
            "delete", user=self.user.id, post=post, begin=begin, end=self.api.history.now, outcome=outcome(self.api, reply),
            status=reply.status)


def tag_of(user: User) -> str:
    """The hashtag of all posts of a user, and of nobody else's: who follows it has the same posts as who follows the user."""
    return f"of_{user.handle}"


class Follower:
    """Follows and unfollows the same few users over and over; `tagged` ones by their hashtags."""

    def __init__(
        self, api: Api, user: User, others: list[User], pause: float, random: random.Random, tagged: set[str] = set(),
    ) -> None:
        self.api, self.user, self.others, self.pause, self.random, self.tagged = api, user, others, pause, random, tagged
        self.followed: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(1 / self.pause))
            if stop.is_set():
                return
            other = self.random.choice(self.others)
            await change_follow(
                self.api, self.user, other, other.id not in self.followed, by_tag=other.id in self.tagged)
            self.followed ^= {other.id}


class Doubter:
    """Follows the hashtag of another's posts all the time, and the other over and over, which must make no difference."""

    def __init__(self, api: Api, user: User, other: User, pause: float, random: random.Random) -> None:
        self.api, self.user, self.other, self.pause, self.random = api, user, other, pause, random

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for method in ("PUT", "DELETE"):
                await asyncio.sleep(self.random.expovariate(1 / self.pause))
                if stop.is_set():
                    return
                begin = self.api.history.now
                outcome(self.api, await self.api.write(method, f"/v1/users/{self.other.id}/follow", self.user))
                self.api.history.add(
                    "doubt", user=self.user.id, other=self.other.id, begin=begin, end=self.api.history.now, follows=method == "PUT")


class Keeper:
    """Bookmarks what its user is shown, and takes bookmarks back."""

    def __init__(self, api: Api, user: User, pause: float, random: random.Random) -> None:
        self.api, self.user, self.pause, self.random = api, user, pause, random
        self.kept: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(1 / self.pause))
            if stop.is_set():
                return
            if self.kept and self.random.random() < 0.3:
                await self.change(self.random.choice(sorted(self.kept)), False)
            elif (page := await self.api.read("/v1/feed?limit=50", self.user)) and page["items"]:
                await self.change(self.random.choice(page["items"])["id"], True)

    async def change(self, post: str, keeps: bool) -> None:
        reply = await self.api.write("PUT" if keeps else "DELETE", f"/v1/posts/{post}/bookmark", self.user)
        # It may have been deleted since it was shown.
        result = "done" if keeps and reply.status == 404 else outcome(self.api, reply)
        (self.kept.add if keeps else self.kept.discard)(post)
        self.api.history.add("bookmark", user=self.user.id, post=post, keeps=keeps, outcome=result)


async def change_follow(api: Api, user: User, other: User, follows: bool, by_tag: bool = False) -> None:
    """Follows or unfollows, until it is known to be done."""
    path = f"/v1/tags/{tag_of(other)}/follow" if by_tag else f"/v1/users/{other.id}/follow"
    begin = api.history.now
    api.history.add("follow begins", user=user.id, other=other.id, follows=follows, begin=begin)
    reply = await api.write("PUT" if follows else "DELETE", path, user)
    api.history.add(
        "follow", user=user.id, other=other.id, follows=follows, begin=begin, end=api.history.now,
        outcome=outcome(api, reply), status=reply.status)


async def keep_sessions_fresh(api: Api, users: list[User], stop: asyncio.Event) -> None:
    """Rotates refresh tokens in the middle of it all."""
    while not stop.is_set():
        await asyncio.sleep(api.random.uniform(0.5, 2))
        await api.refresh(api.random.choice(users))
