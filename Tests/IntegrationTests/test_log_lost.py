"""What Kafka forgets comes into feeds all the same, is told once, and topics that were deleted come back."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Iterator

import pytest

from roles import Roles, new_roles
from sse_client import Sse, SseEvent
from support import User, eventually, expect

HEALED = 150
"""Seconds within which what was lost is found and told: half a minute to be late, twenty seconds to be lost, and the rest
for a busy machine."""


@pytest.fixture
def roles() -> Iterator[Roles]:
    with new_roles() as roles:
        roles.start()
        yield roles


class Listener:
    """What a client knows of a feed who is told of what happens, and reads it anew where it is told to."""

    def __init__(self, stream: Sse, user: User) -> None:
        self.stream, self.user = stream, user
        self.told: Counter[tuple[str, str]] = Counter()
        self.resets = 0
        self.texts = self.read()

    def read(self) -> dict[str, str]:
        return {post["id"]: post["text"] for post in self.user.feed(limit=100)["items"]}

    def take(self, event: SseEvent) -> None:
        data = event.json()
        if event.event == "reset":
            self.resets += 1
            self.texts = self.read()
        elif event.event == "post.deleted":
            self.texts.pop(data["post_id"], None)
            self.told[event.event, data["post_id"]] += 1
        elif event.event.startswith("post."):
            self.texts[data["post"]["id"]] = data["post"]["text"]
            self.told[event.event, data["post"]["id"]] += 1

    def until(self, texts: dict[str, str], timeout: float) -> None:
        """Listens until it knows this, and three seconds longer."""
        deadline, is_there = time.monotonic() + timeout, False
        while time.monotonic() < deadline:
            try:
                self.take(self.stream.next(min(1.0, deadline - time.monotonic())))
            except AssertionError:
                pass
            if self.texts == texts and not is_there:
                deadline, is_there = time.monotonic() + 3, True
        assert self.texts == texts, (self.told, self.resets)
        assert set(self.told.values()) == {1}, self.told


def follower(roles: Roles) -> tuple[User, User]:
    alice, bob = roles.user("alice"), roles.user("bob")
    bob.follow(alice)
    bob.sees(alice.post("before")["id"])
    return alice, bob


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_topics_deleted_while_posts_were_in_kafka(roles: Roles) -> None:
    """Redis stands still, so the chunks wait in Kafka, and are lost with their topics. So is a comment: its listeners are told to read
    anew."""
    alice, bob = follower(roles)
    edited, deleted = alice.posts(2, "there before")
    bob.sees(edited, deleted)
    with Sse(roles, token=bob.token) as stream, Sse(roles, token=bob.token, channels=f"post:{edited}") as comments:  # type: ignore[arg-type]
        stream.verdict("live")
        comments.verdict("live")
        listener = Listener(stream, bob)
        assert roles.redis.process
        os.kill(roles.redis.process.pid, signal.SIGSTOP)
        try:
            posts = alice.posts(6, "in Kafka")
            expect(alice.http.patch(f"/v1/posts/{edited}", json={"text": "edited"}), 200)
            alice.delete(deleted)
            expect(alice.http.post(f"/v1/posts/{edited}/comments", json={"text": "in Kafka"}), 201)
            eventually(lambda: roles.outbox() == 0, 30, "an empty outbox")
            roles.runs["fanout"].kill()
        finally:
            os.kill(roles.redis.process.pid, signal.SIGCONT)
        roles.delete_topics()
        eventually(lambda: roles.topics() == [] or len(roles.topics()) > 5, 30, "no topics, or new ones")
        roles.start("fanout")
        eventually(lambda: comments.next().event == "reset", 60, "who listens to comments to be told of the loss")
        # What was on its way to Redis comes first.
        while listener.resets == 0:
            listener.take(stream.next())
        new = alice.post("behind it")["id"]
        bob.sees(new, timeout=60)
        bob.sees(*posts, timeout=HEALED)
        listener.until(listener.read(), HEALED)
    # Topics do not go all at once, and each that is found missing behind the others is another loss.
    expected = {("post.created", post) for post in [*posts, new]} | {("post.updated", edited), ("post.deleted", deleted)}
    assert set(listener.told) <= expected
    assert roles.postgres.query(f"SELECT count(*) FROM feed_items WHERE user_id = {bob.id} AND post_id = {deleted}") == ["0"]
    eventually(lambda: roles.postgres.query("SELECT count(*) FROM open_changes") == ["0"], HEALED, "no change under way")
    assert '"changes.lost"' in roles.runs["worker"].said() and roles.runs["worker"].metric("martlet_changes_lost_total") >= 1


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_topics_deleted_under_running_roles(roles: Roles) -> None:
    alice, bob = follower(roles)
    with Sse(roles, token=bob.token) as stream:  # type: ignore[arg-type]
        stream.verdict("live")
        listener = Listener(stream, bob)
        posts = alice.posts(5, "before")
        for round in range(2):
            roles.delete_topics()
            posts += alice.posts(5, f"behind deletion {round}")
            eventually(lambda: len(roles.topics()) > 5, 30, "topics")
            for role in ("fanout", "worker"):
                roles.is_ready(role)
            posts += alice.posts(5, f"with new topics {round}")
            eventually(lambda: roles.outbox() == 0, 60, "an empty outbox")
        bob.sees(*posts, timeout=HEALED)
        listener.until(listener.read(), HEALED)
    assert '"topics.restored"' in roles.runs["fanout"].said() + roles.runs["worker"].said()
    for run in roles.runs.values():
        assert run.process is not None and run.process.poll() is None
    # Soon, not by what is found to be lost.
    begin = time.monotonic()
    bob.sees(alice.post("at last")["id"])
    assert time.monotonic() - begin < 15
