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


def heard(stream: Sse, count: int, timeout: float) -> list[SseEvent]:
    """So many events of posts, and those that come within three seconds behind them."""
    deadline, seen = time.monotonic() + timeout, []
    while time.monotonic() < deadline:
        try:
            event = stream.next(min(1.0, deadline - time.monotonic()))
        except AssertionError:
            continue
        if event.event.startswith("post."):
            seen.append(event)
        if len(seen) == count:
            deadline = time.monotonic() + 3
    return seen


def follower(roles: Roles) -> tuple[User, User]:
    alice, bob = roles.user("alice"), roles.user("bob")
    bob.follow(alice)
    bob.sees(alice.post("before")["id"])
    return alice, bob


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_topics_deleted_while_posts_were_in_kafka(roles: Roles) -> None:
    """Redis stands still, so the chunks wait in Kafka; nobody looks at them any more when their topics go."""
    alice, bob = follower(roles)
    edited, deleted = alice.posts(2, "there before")
    bob.sees(edited, deleted)
    with Sse(roles, token=bob.token) as stream:  # type: ignore[arg-type]
        stream.verdict("live")
        assert roles.redis.process
        os.kill(roles.redis.process.pid, signal.SIGSTOP)
        try:
            posts = alice.posts(6, "in Kafka")
            expect(alice.http.patch(f"/v1/posts/{edited}", json={"text": "edited"}), 200)
            alice.delete(deleted)
            eventually(lambda: roles.outbox() == 0, 30, "an empty outbox")
            roles.runs["fanout"].kill()
        finally:
            os.kill(roles.redis.process.pid, signal.SIGCONT)
        roles.delete_topics()
        eventually(lambda: roles.topics() == [] or len(roles.topics()) > 5, 30, "no topics, or new ones")
        roles.start("fanout")
        new = alice.post("behind it")["id"]
        bob.sees(new, timeout=60)
        bob.sees(*posts, timeout=HEALED)
        told = heard(stream, 9, HEALED)
    names = Counter((event.event, event.json().get("post_id") or event.json()["post"]["id"]) for event in told)
    expected = {("post.created", post) for post in [*posts, new]} | {("post.updated", edited), ("post.deleted", deleted)}
    assert set(names) == expected and set(names.values()) == {1}, names
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
        posts = alice.posts(5, "before")
        for round in range(2):
            roles.delete_topics()
            posts += alice.posts(5, f"behind deletion {round}")
            eventually(lambda: len(roles.topics()) > 5, 30, "topics")
            for role in ("fanout", "worker"):
                roles.is_ready(role)
            posts += alice.posts(5, f"with new topics {round}")
            eventually(lambda: roles.outbox() == 0, 60, "an empty outbox")
        told = heard(stream, len(posts), HEALED)
        bob.sees(*posts, timeout=HEALED)
    assert Counter(event.json()["post"]["id"] for event in told) == Counter(posts)
    assert '"topics.restored"' in roles.runs["fanout"].said() + roles.runs["worker"].said()
    for run in roles.runs.values():
        assert run.process is not None and run.process.poll() is None
    # Soon, not by what is found to be lost.
    begin = time.monotonic()
    bob.sees(alice.post("at last")["id"])
    assert time.monotonic() - begin < 15
