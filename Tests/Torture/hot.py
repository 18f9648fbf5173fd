"""Posts that everybody likes, comments on and votes about, with those who look on."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Coroutine
from functools import cached_property
from typing import Any

from api import Api, User
from cluster import Cluster
from hot_readers import ROADS, HotPollReader, HotReader
from readers import walk
from views import Viewers
from writers import outcome

POSTS = 3
"""The last one has a poll."""
FANS, TALKERS, READERS = 6, 4, 6
OPTIONS = 3


class HotPosts:
    def __init__(self, api: Api, random: random.Random, count: int = POSTS) -> None:
        self.api, self.random, self.count = api, random, count
        self.posts: list[str] = []
        self.poll = ""
        self.liked: set[tuple[str, str]] = set()
        """User and post, of all likes that were asked for."""
        self.liked_comments: dict[str, set[str]] = defaultdict(set)
        """The users, by post."""

    async def set_up(self, prefix: str, users: list[User]) -> None:
        self.users = users
        self.author = await self.api.sign_up(f"{prefix}author")
        for number in range(self.count):
            body: dict[str, Any] = {"text": f"hot {number}"}
            if number == self.count - 1:
                body["poll"] = {"options": [f"option {index}" for index in range(OPTIONS)], "closes_in": 86_400}
            reply = await self.api.write("POST", "/v1/posts", self.author, body)
            assert reply.status == 201, reply
            self.posts.append(reply.body["id"])
            if "poll" in body:
                self.poll = reply.body["poll"]["id"]

    @property
    def channels(self) -> list[str]:
        return [f"post:{post}" for post in self.posts] + ([f"poll:{self.poll}"] if self.poll else [])

    def readers(self) -> list[HotReader]:
        """Each of all the posts and the poll."""
        return [
            (road := ROADS[index % len(ROADS)])(
                self.api, self.users[2 * index], self.channels, f"hot {'poll ' if road is HotPollReader else ''}{index}",
                self._random())
            for index in range(READERS if self.posts else 0)
        ]

    def work(self, seconds: float, stop: asyncio.Event) -> list[Coroutine[None, None, None]]:
        """`seconds`: of faults; all votes are within them."""
        if not self.posts:
            return []
        return [
            *(Fan(self, user, self._random()).run(stop) for user in self.users[:FANS]),
            *(Talker(self, user, self._random()).run(stop) for user in self.users[FANS:][:TALKERS]),
            self.viewers.run(0.3, stop),
            *(self.vote(user, self.random.uniform(0, seconds)) for user in self.users),
        ]

    @cached_property
    def viewers(self) -> Viewers:
        """When it is known who all the users are."""
        return Viewers(self.api, self.author, self.posts, self.users, self._random())

    def _random(self) -> random.Random:
        return random.Random(self.random.getrandbits(64))

    async def vote(self, user: User, after: float) -> None:
        """Two votes at once, of which one counts."""
        await asyncio.sleep(after)
        options = [self.random.randrange(OPTIONS) for _ in range(2)]
        replies = await asyncio.gather(*(
            self.api.write("POST", f"/v1/polls/{self.poll}/votes", user, {"options": [option]}) for option in options))
        self.api.history.add(
            "votes", t=self.api.history.now, user=user.id, poll=self.poll, options=options,
            answers=["unknown" if reply.is_open else reply.body.get("code", str(reply.status)) for reply in replies])

    async def close(self, cluster: Cluster) -> None:
        """Its time comes: nobody waits for a real one."""
        if self.poll:
            await asyncio.to_thread(cluster.sql, f"UPDATE polls SET closes_at = clock_timestamp() WHERE id = {self.poll}")

    async def count_views(self, cluster: Cluster) -> None:
        """When nothing is broken, and nobody live any more: it starts processes again."""
        if self.posts:
            await self.viewers.tell_again()
            await self.viewers.fold(cluster)

    async def write_truth(self) -> None:
        """What the API shows in the end, to somebody who is not among those who liked or wrote."""
        viewer = self.author
        for post in sorted({*self.posts, *(post for _, post in self.liked)}, key=int):
            reply = await self._get(f"/v1/posts/{post}", viewer)
            if not reply and post in self.posts:
                self.api.history.add("bug", t=self.api.history.now, what=f"{post} can't be read at the end")
            likes = reply and await self._all(f"/v1/posts/{post}/likes", viewer)
            if not reply or likes is None:
                continue
            says = {}
            for user in self.users:
                if (user.id, post) in self.liked and (own := await self._get(f"/v1/posts/{post}", user)):
                    says[user.id] = own["liked"]
            self.api.history.add(
                "final likes", post=post, users=[user["id"] for user in likes], says=says, counts=reply["counts"])
        for post in self.posts:
            await self.write_comments(post)
        if self.poll and (reply := await self._get(f"/v1/polls/{self.poll}", viewer)):
            self.api.history.add("final poll", poll=self.poll, state=reply)

    async def write_comments(self, post: str) -> None:
        comments = await self._all(f"/v1/posts/{post}/comments", self.author)
        for comment in comments or []:
            replies = await self._all(f"/v1/comments/{comment['id']}/replies", self.author)
            comments = None if replies is None or comments is None else comments + replies
        liked_by: dict[str, list[str]] = defaultdict(list)
        for user in (user for user in self.users if user.id in self.liked_comments[post]):
            seen = await self._all(f"/v1/posts/{post}/comments", user)
            for comment in seen or []:
                if comment.get("liked"):
                    liked_by[comment["id"]].append(user.id)
            if seen is None:
                comments = None
        if comments is None:
            self.api.history.add("bug", t=self.api.history.now, what=f"the comments of {post} can't be read at the end")
        else:
            self.api.history.add("final comments", post=post, comments=[
                {"id": one["id"], "text": one.get("text"), "parent": one.get("parent_id"), "replies": one["counts"]["replies"],
                 "likes": one["counts"]["likes"], "liked_by": liked_by[one["id"]]}
                for one in comments])

    async def _get(self, path: str, user: User) -> dict[str, Any] | None:
        """Nothing where it was deleted, or can't be had within a minute."""
        deadline = self.api.history.now + 60
        while (reply := await self.api.once("GET", path, user)).is_open and self.api.history.now < deadline:
            await self.api.pause(reply)
        return reply.body if reply.status == 200 else None

    async def _all(self, path: str, user: User) -> list[dict[str, Any]] | None:
        pages = [page async for page in walk(self.api, user, path)]
        return None if pages[-1] is None else [one for page in pages if page for one in page["items"]]


class Fan:
    """Likes, and takes likes back: of hot posts, of their comments that reply to none, and of what is in the user's feed. Where
    no answer came, and nobody waited for one, the user never asks again: that write may still come."""

    def __init__(self, hot: HotPosts, user: User, random: random.Random) -> None:
        self.hot, self.api, self.user, self.random = hot, hot.api, user, random
        self.likes: set[str] = set()
        self.open: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(2))
            if stop.is_set():
                return
            post, chance = self.random.choice(self.hot.posts), self.random.random()
            if chance < 0.2 and (page := await self.api.read("/v1/feed?limit=50", self.user)) and page["items"]:
                await self.change(self.random.choice(page["items"])["id"])
            elif chance < 0.5:
                await self.change_comment(post)
            else:
                await self.change(post)

    async def change_comment(self, post: str) -> None:
        """Of the first ones, which are liked by many."""
        page = await self.api.read(f"/v1/posts/{post}/comments?limit=10", self.user)
        if page and (shown := [comment for comment in page["items"] if "text" in comment]):
            await self.change(self.random.choice(shown)["id"], of_comment_on=post)

    async def change(self, object: str, *, of_comment_on: str | None = None) -> None:
        """The like of a post, or of a comment on one."""
        if object in self.open:
            return
        likes, begin = object not in self.likes, self.api.history.now
        if of_comment_on:
            self.hot.liked_comments[of_comment_on].add(self.user.id)
        else:
            self.hot.liked.add((self.user.id, object))
        reply = await self.api.write(
            "PUT" if likes else "DELETE", f"/v1/{'comments' if of_comment_on else 'posts'}/{object}/like", self.user,
            gives_up=self.random.random() < 0.03)
        # What was shown may have been deleted since.
        is_gone = reply.status == 404 and object not in self.hot.posts
        result = "gone" if is_gone else outcome(self.api, reply)
        (self.likes.add if likes else self.likes.discard)(object)
        if result != "done":
            self.open.add(object)
        self.api.history.add(
            "comment like" if of_comment_on else "like", user=self.user.id, likes=likes, begin=begin, end=self.api.history.now,
            outcome=result, **{"comment" if of_comment_on else "post": object})


class Talker:
    """Comments on hot posts, replies, edits and deletes: one thing after the other."""

    def __init__(self, hot: HotPosts, user: User, random: random.Random) -> None:
        self.hot, self.api, self.user, self.random = hot, hot.api, user, random
        self.mine: list[tuple[str, str]] = []
        """Comments and texts."""
        self.count = 0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(1))
            chance = self.random.random()
            if stop.is_set():
                return
            if self.mine and chance < 0.15:
                await self.change("DELETE", *self.mine.pop(self.random.randrange(len(self.mine))))
            elif self.mine and chance < 0.3:
                comment, text = self.mine.pop(self.random.randrange(len(self.mine)))
                self.count += 1
                edited = f"{text.partition(' | ')[0]} | {self.count}"
                if await self.change("PATCH", comment, edited) == "done":
                    self.mine.append((comment, edited))
            else:
                await self.comment()

    async def comment(self) -> None:
        self.count += 1
        post, text, begin = self.random.choice(self.hot.posts), f"{self.user.handle} says {self.count}", self.api.history.now
        body = {"text": text}
        if self.random.random() < 0.4:
            page = await self.api.read(f"/v1/posts/{post}/comments?sort=newest&limit=10", self.user)
            if page and page["items"]:
                body["parent"] = self.random.choice(page["items"])["id"]
        reply = await self.api.write(
            "POST", f"/v1/posts/{post}/comments", self.user, body, gives_up=self.random.random() < 0.05)
        # Whom it replies to may have gone since.
        result = "gone" if reply.status == 404 and "parent" in body else outcome(self.api, reply)
        comment = reply.body.get("id") if result == "done" else None
        self.api.history.add(
            "comment", post=post, user=self.user.id, text=text, parent=body.get("parent"), begin=begin, end=self.api.history.now,
            outcome=result, comment=comment)
        if comment:
            self.mine.append((comment, text))

    async def change(self, method: str, comment: str, text: str) -> str:
        """An edit, or the end. What is not known to be done is never touched again."""
        begin, kind = self.api.history.now, "edit" if method == "PATCH" else "delete"
        self.api.history.add("comment change", comment=comment, kind=kind, text=text, begin=begin, end=None, outcome="unknown")
        reply = await self.api.write(method, f"/v1/comments/{comment}", self.user, {"text": text} if kind == "edit" else None)
        result = outcome(self.api, reply)
        self.api.history.add(
            "comment change", comment=comment, kind=kind, text=text, begin=begin, end=self.api.history.now, outcome=result)
        return result
