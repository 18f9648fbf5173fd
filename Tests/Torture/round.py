"""One round: users who write and read while parts fail, then quiet, then the truth."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import time
from typing import Coroutine

from api import Api, User
from channel_reader import ChannelPollReader, ChannelReader
from check import Report, check
from circles import Circles
from cluster import Cluster
from crowd import Crowd
from faults import Executioner, plan
from history import History, read
from hot import POSTS, HotPosts
from inbox_probes import InboxProbes
from leavers import Leavers
from pushes import Pushes
from readers import EventStreamReader, PageWalker, PollReader, Reader, WebSocketReader, walk
from sdk_reader import SdkReader
from sessions import Guests
from writers import Author, Doubter, Follower, Keeper, change_follow, keep_sessions_fresh, tag_of

USERS = 20
FOLLOWERS = 1_100
"""Of the first user, at least, who do nothing: so many that the progress of a chunk is written down."""
CROWD = 1_000
"""How many of them are connected."""
FOLLOWED, FICKLE = 6, 3
TAGGED = 3
"""Each so many-th user's posts have a hashtag of their own, which some follow instead of the user."""
KEEPERS = 4
"""Who bookmark what they are shown, which may just have been deleted."""
CHANNEL_READERS, CHANNELS = 6, 4
"""Who subscribe to authors' channels, and to how many each."""
GUESTS = 2
"""At a time: they log out while they are live."""
CIRCLES = 8
"""Of three users each, in which who sees whom changes."""
CALM = 10.0
"""Seconds for which they go on when nothing is broken any more."""
ROADS: list[type[Reader]] = [WebSocketReader, EventStreamReader, PollReader, SdkReader]
SETTLE_WITHIN = 150.0
WRITES_AGAIN_WITHIN = 30.0


def subject(token: str) -> str:
    """Whose access token this is."""
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]


class Round:
    def __init__(self, cluster: Cluster, number: int, seed: int, seconds: float, gap: float, rate: float) -> None:
        self.cluster, self.number, self.seed, self.seconds, self.gap, self.rate = (
            cluster, number, seed, seconds, gap, rate)
        self.path = cluster.home / f"history-{number}.jsonl"
        self.history = History(self.path)
        self.random = random.Random(seed)
        self.only: tuple[str, ...] = ()
        self.crowd_size = CROWD
        self.circle_count, self.calm, self.hot_count, self.keeper_count = CIRCLES, CALM, POSTS, KEEPERS
        self.tagged = TAGGED
        self.has_pushes = False
        self.pushes: Pushes | None = None
        self.silences: list[str] = []
        self.executioner = Executioner(cluster, self.history)

    async def run(self) -> Report:
        self.api = Api(self.cluster, self.history, self._random())
        try:
            users = await self.set_up()
            await self.suffer(users)
        finally:
            if self.pushes:
                self.pushes.close()
            await self.api.close()
            self.history.close()
        report = check(read(self.path))
        for problem in self.executioner.problems:
            report.find("set-up", problem)
        for crash in self.cluster.crashes():
            report.find("crash", crash)
        for silence in self.silences:
            report.find("silenced", silence)
        return report

    def _random(self) -> random.Random:
        return random.Random(self.random.getrandbits(64))

    async def set_up(self) -> list[User]:
        """Users, a crowd behind the first, and who follows whom from the beginning."""
        run = f"{int(time.time()) % 10**6:x}{self.number}"
        users = [await self.api.sign_up(f"t{run}_{index}") for index in range(USERS)]
        if self.has_pushes:
            self.pushes = Pushes(self.cluster, self.api)
            await self.pushes.set_up(users)
        followers = await asyncio.to_thread(self._seed_followers, users[0], run)
        self.crowd = Crowd(self.api, users[0], followers[: self.crowd_size], self._random())
        self.executioner.crowd = self.crowd
        self.circles = Circles(self.api, self.circle_count, ROADS, self._random())
        await self.circles.set_up(f"p{run}_")
        self.leavers, self.prefix = Leavers(self.api, self._random()), f"l{run}_"
        self.hot = HotPosts(self.api, self._random(), self.hot_count)
        await self.hot.set_up(f"h{run}_", users)
        self.ids = ",".join(user.id for user in [*users, *self.circles.users])
        for index, user in enumerate(users):
            others = {(index + step) % USERS for step in range(1, FOLLOWED + 1)} | {0}
            for other in sorted(others - {index}):
                await change_follow(self.api, user, users[other], True)
            if (doubted := self._doubted(users, index)) is not None:
                await change_follow(self.api, user, doubted, True, by_tag=True)
        return users

    def _tag(self, index: int, user: User) -> str | None:
        return tag_of(user) if self.tagged and index % self.tagged == 1 else None

    def _doubted(self, users: list[User], index: int) -> User | None:
        """Whom the user follows by the hashtag of his posts all the time, and by himself now and then."""
        other = (index + FOLLOWED + FICKLE + 1) % USERS
        return users[other] if self._tag(other, users[other]) and other else None

    def make_followers(self, author: User, prefix: str, count: int) -> list[User]:
        """Users who follow an author and do nothing else."""
        done = self.cluster.run(
            "seed", "--users", str(count), "--follow", author.handle, "--prefix", prefix, "--tokens", "crowd",
            "--lifetime", "86400")
        assert done.returncode == 0, done.stderr
        tokens = (self.cluster.home / "crowd").read_text().split()
        return [User(subject(token), "", token, "") for token in tokens]

    def _seed_followers(self, author: User, run: str) -> list[User]:
        crowd = self.make_followers(author, f"c{run}", max(FOLLOWERS, self.crowd_size))
        change = {"other": author.id, "follows": True, "begin": self.history.now}
        for user in crowd:
            self.history.add("follow begins", user=user.id, **change)
            self.history.add("follow", user=user.id, end=self.history.now, outcome="done", status=204, **change)
        return crowd

    async def suffer(self, users: list[User]) -> None:
        """Clients and faults at the same time; then the clients go on until all is quiet."""
        writing, reading, supervising = asyncio.Event(), asyncio.Event(), asyncio.Event()
        readers = [*self._readers(users), *self._channel_readers(users), *self.circles.readers(), *self.hot.readers(),
                   *self.crowd.members]
        for reader in readers:
            self.history.add("reader", r=reader.name, user=reader.user.id, road=reader.road)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.executioner.look_after_roles(supervising))
            reads = [group.create_task(reader.run(reading)) for reader in readers]
            walkers = [group.create_task(PageWalker(self.api, users, f"walker {n}", self._random()).run(writing))
                       for n in range(2)]
            work = [*self._writers(users, writing), *self.circles.work(writing), *self.hot.work(self.seconds, writing)]
            if self.circle_count:
                work.append(self.leavers.run(self.prefix, writing))
            if self.pushes:
                work += [InboxProbes(self.api, users, self._random()).run(writing) for _ in range(3)]
            writers = [group.create_task(one) for one in work]
            await self.break_things()
            self.api.is_calm = True
            await self.executioner.heal()
            await self.write_again(users)
            begin = self.history.now
            await asyncio.sleep(self.calm)
            self.history.add("calm", begin=begin, end=self.history.now)
            writing.set()
            await asyncio.gather(*writers, *walkers)
            await self.hot.close(self.cluster)
            await self.settle()
            await self.leavers.check(self.cluster)
            await asyncio.to_thread(self.ask_audits)
            reading.set()
            await asyncio.wait(reads, timeout=3)
            for read_task in reads:
                read_task.cancel()
            await self.hot.count_views(self.cluster)
            await self.write_truth([*users, *self.circles.users])
            if self.pushes:
                await self.pushes.write_truth(users)
            await self.hot.write_truth()
            if self.hot_count:
                await asyncio.to_thread(self.audit_counts)
            supervising.set()

    async def break_things(self) -> None:
        faults = plan(self.seed, self.seconds, self.cluster, self.gap, self.only)
        await self.executioner.run(faults, self.seconds)

    async def write_again(self, users: list[User]) -> None:
        """The faults have ended: everybody's writes are taken again soon."""
        begin = self.history.now
        writes = (
            Author(self.api, user, f"{user.handle}/again", 1, self._random(), self._tag(index, user)).post(gives_up=False)
            for index, user in enumerate(users))
        await asyncio.gather(*writes)
        if self.history.now - begin > WRITES_AGAIN_WITHIN:
            self.history.add(
                "bug", t=self.history.now, what=f"writes are taken again after {self.history.now - begin:.0f} s only")

    def _readers(self, users: list[User]) -> list[Reader]:
        """Each user reads by one road, each third by a second one as well."""
        return [
            ROADS[(index + second) % len(ROADS)](self.api, user, f"{user.handle}/{second}", self._random())
            for index, user in enumerate(users) for second in range(2 if index % 3 == 0 else 1)
        ]

    def _channel_readers(self, users: list[User]) -> list[Reader]:
        """They need not follow those whose channels they subscribe to."""
        return [
            (ChannelPollReader if index % 2 else ChannelReader)(
                self.api, users[3 * index], [users[(5 * index + step) % USERS] for step in range(CHANNELS)],
                f"channels {index}", self._random())
            for index in range(CHANNEL_READERS)
        ]

    def _writers(self, users: list[User], stop: asyncio.Event) -> list[Coroutine[None, None, None]]:
        work = []
        for index, user in enumerate(users):
            # The first is big; three write from two devices.
            for device in range(2 if index in (1, 2, 3) else 1):
                rate = self.rate / USERS if index else 0.3
                name, tag = f"{user.handle}/{device}", self._tag(index, user)
                work.append(Author(self.api, user, name, rate, self._random(), tag).run(stop))
            fickle = [users[(index + FOLLOWED + step) % USERS] for step in range(1, FICKLE + 1)]
            tagged = {o.id for number, o in enumerate(users) if self._tag(number, o)} if index % 2 else set()
            others = [o for o in fickle if o is not users[0]]
            work.append(Follower(self.api, user, others, 4, self._random(), tagged).run(stop))
            if (doubted := self._doubted(users, index)) is not None:
                work.append(Doubter(self.api, user, doubted, 4, self._random()).run(stop))
        work += [Keeper(self.api, user, 1, self._random()).run(stop) for user in users[4:4 + self.keeper_count]]
        work += [Guests(self.api, users, f"guest {number}", self._random()).run(stop) for number in range(GUESTS)]
        work.append(keep_sessions_fresh(self.api, users[::4], stop))
        return work

    async def settle(self) -> None:
        """Waits until there is nothing left to do: no outbox, no lag, no progress, no post whose fan-out has not come to
        its end in the database (where no worker has a partition, none has a lag), and the readers hear no more."""
        deadline = time.monotonic() + SETTLE_WITHIN
        quiet_since, seen = time.monotonic(), -1
        while True:
            state = await asyncio.to_thread(self._state)
            if any(state.values()) or self.history.sights != seen:
                quiet_since, seen = time.monotonic(), self.history.sights
            if time.monotonic() - quiet_since > 4:
                self.history.add("settled", t=self.history.now)
                return
            if time.monotonic() > deadline:
                self.history.add("bug", t=self.history.now, what=f"it does not come to rest: {state}")
                return
            await asyncio.sleep(0.5)

    def ask_audits(self) -> None:
        """What an audit of live clients had to find, nothing else had: nobody deletes single keys in Redis here."""
        for role in self.cluster.roles:
            if silenced := role.metric("martlet_live_silenced_total"):
                self.silences.append(f"{role.name}: {silenced:.0f} users with live clients were not told everything")

    def audit_counts(self) -> None:
        """By the product itself; the other checks count what clients saw."""
        done = self.cluster.run("audit", "counts")
        lines = done.stdout.splitlines() or [done.stderr]
        found = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1])
        if found is None:
            self.history.add("bug", t=self.history.now, what=f"martlet audit counts ended with {done.returncode}: {lines[-1]}")
        else:
            self.history.add("audit of counts", passed=int(found[1]), failed=int(found[2]), lines=lines[:20])

    def _state(self) -> dict[str, float | str]:
        """What is still to be done; all is 0 when it is quiet. Long polls are always there, and say nothing of that."""
        try:
            state: dict[str, float | str] = {
                "outbox": float(self.cluster.sql("SELECT count(*) FROM outbox")[0]),
                "chunks under way": float(self.cluster.sql("SELECT count(*) FROM fanout_progress")[0]),
                "posts under way": float(self.cluster.sql(
                    "SELECT count(*) FROM posts p LEFT JOIN feed_items i ON i.user_id = p.author_id AND i.post_id = p.id "
                    "LEFT JOIN feed_metadata m ON m.user_id = p.author_id "
                    f"WHERE p.author_id IN ({self.ids}) AND (p.deleted_at IS NULL) <> (i.post_id IS NOT NULL) "
                    "AND p.id >= COALESCE(m.complete_from, 0)")[0]),
                "edits and deletions under way": float(self.cluster.sql("SELECT count(*) FROM open_changes")[0]),
                "polls to close": float(self.cluster.sql(
                    "SELECT count(*) FROM polls WHERE NOT closed AND closes_at <= clock_timestamp()")[0]),
                "transactions": float(self.cluster.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")[0]),
            }
            for role in self.cluster.roles:
                state[f"lag of {role.name}"] = role.metric("martlet_log_lag_records")
            return state
        except Exception as error:
            return {"no answer": str(error)}

    async def write_truth(self, users: list[User]) -> None:
        """What the database holds, and what the API shows of it."""
        rows = await asyncio.to_thread(
            self.cluster.sql, f"SELECT id, author_id, deleted_at IS NOT NULL, text FROM posts WHERE author_id IN ({self.ids})")
        for row in rows:
            post, author, deleted, text = row.split("|", 3)
            self.history.add("truth post", post=post, author=author, deleted=deleted == "t", text=text)
        for row in await asyncio.to_thread(
            self.cluster.sql,
            f"SELECT follower, followee FROM follows WHERE follower IN ({self.ids}) OR followee = {users[0].id}"
        ):
            user, other = row.split("|")
            self.history.add("truth follow", user=user, other=other)
        if self.tagged:
            await self.write_tag_follows(users)
        await self.write_crowd(users[0])
        for user in users:
            pages = [page async for page in walk(self.api, user)]
            if pages[-1] is None:
                self.history.add("bug", t=self.history.now, what=f"the feed of {user.id} can't be read at the end")
            else:
                self.history.add(
                    "final feed", user=user.id, posts=[post["id"] for page in pages for post in page["items"]])
            await self.write_bookmarks(user)
            view = await self.api.read(f"/v1/users/{user.id}", user)
            if view is None:
                self.history.add("bug", t=self.history.now, what=f"{user.id} can't be read at the end")
            else:
                self.history.add(
                    "final counters", user=user.id, followers=view["followers"], following=view["following"],
                    posts=view["posts"])

    async def write_tag_follows(self, users: list[User]) -> None:
        authors = {tag_of(user): user.id for user in users}
        for row in await asyncio.to_thread(
            self.cluster.sql, f"SELECT follower, tag FROM tag_follows WHERE follower IN ({self.ids})"
        ):
            user, tag = row.split("|")
            self.history.add("truth tag follow", user=user, other=authors[tag])

    async def write_bookmarks(self, user: User) -> None:
        pages = [page async for page in walk(self.api, user, "/v1/me/bookmarks")]
        if pages[-1] is None:
            self.history.add("bug", t=self.history.now, what=f"the bookmarks of {user.id} can't be read at the end")
        else:
            self.history.add(
                "final bookmarks", user=user.id, posts=[post["id"] for page in pages for post in page["items"]])

    async def write_crowd(self, author: User) -> None:
        """The stored feeds of those who do nothing but follow: the author's posts that are missing there."""
        row = await asyncio.to_thread(self.cluster.sql, f"""
            SELECT count(*), count(*) FILTER (WHERE i.post_id IS NULL)
            FROM follows f JOIN posts p ON p.author_id = f.followee AND p.deleted_at IS NULL
            LEFT JOIN feed_items i ON i.user_id = f.follower AND i.post_id = p.id
            WHERE f.followee = {author.id} AND f.follower NOT IN ({self.ids})""")
        entries, missing = map(int, row[0].split("|"))
        self.history.add("truth crowd", entries=entries, missing=missing)
