"""Users who tell that they have seen hot posts, and the numbers that come of it."""

from __future__ import annotations

import asyncio
import random
import time

from api import Api, User
from cluster import Cluster
from role import Role
from servers import end_process
from writers import outcome

FEW = 3
"""Who see the first post: so few that two of them hardly ever look like one (1 of 5,000 times)."""
FOLDED_WITHIN = 15.0


def days_about(now: float) -> list[int]:
    """Since 1970, in UTC: which a role may take this for, whose clock steps by 20 s."""
    return sorted({int(now + around) // 86_400 for around in (-30, 30)})


def start_again(role: Role) -> None:
    """With what Redis has: `serve` leaves its own one behind when it is killed."""
    if role.command == "serve":
        role.kill()
    else:
        role.terminate()
        end_process(role.process, 30)
    role.start()
    role.ready()


class Viewers:
    def __init__(self, api: Api, author: User, posts: list[str], users: list[User], random: random.Random) -> None:
        self.api, self.author, self.posts, self.users, self.random = api, author, posts, users, random

    def seen_by(self, index: int) -> list[str]:
        """Posts that this user sees."""
        return self.posts if index < FEW else self.posts[1:] or self.posts

    async def run(self, pause: float, stop: asyncio.Event) -> None:
        """One after the other of all, and the author, who counts nowhere."""
        while not stop.is_set():
            await asyncio.sleep(self.random.expovariate(1 / pause))
            if stop.is_set():
                return
            index = self.random.randrange(len(self.users))
            chance = self.random.random()
            if chance < 0.4:
                await self.read()
            elif chance < 0.5:
                await self.tell(self.author, self.posts)
            else:
                seen = self.seen_by(index)
                await self.tell(self.users[index], self.random.sample(seen, self.random.randint(1, len(seen))))

    async def tell(self, user: User, posts: list[str], is_last: bool = False) -> None:
        """`is_last`: Redis is not lost any more."""
        days, gives_up = days_about(time.time()), not is_last and self.random.random() < 0.1
        reply = await self.api.write("POST", "/v1/views", user, {"posts": posts}, gives_up=gives_up)
        self.api.history.add(
            "views", user=user.id, posts=posts, own=user is self.author, last=is_last,
            days=sorted({*days, *days_about(time.time())}), outcome=outcome(self.api, reply))

    async def read(self) -> list[int]:
        """What the posts' numbers are; -1 where one can't be read."""
        numbers = []
        for post in self.posts:
            begin = self.api.history.now
            view = await self.api.read(f"/v1/posts/{post}", self.author)
            numbers.append(view["counts"]["views"] if view else -1)
            if view:
                self.api.history.add("views read", post=post, views=numbers[-1], begin=begin, end=self.api.history.now)
        return numbers

    async def tell_again(self) -> None:
        """All of them, when nothing is broken: what Redis has lost is in it again."""
        at_once = asyncio.Semaphore(32)

        async def tell(index: int) -> None:
            async with at_once:
                await self.tell(self.users[index], self.seen_by(index), is_last=True)

        await asyncio.gather(*(tell(index) for index in range(len(self.users))))

    async def fold(self, cluster: Cluster) -> None:
        """What happens each hour, and when a worker starts. Waits until everybody counts, or long enough."""
        for role in cluster.of("worker"):
            await asyncio.to_thread(start_again, role)
        wanted = [sum(post in self.seen_by(index) for index in range(len(self.users))) for post in self.posts]
        deadline = self.api.history.now + FOLDED_WITHIN
        while self.api.history.now < deadline:
            numbers = await self.read()
            if all(number >= want for number, want in zip(numbers, wanted)):
                return
            await asyncio.sleep(0.2)
