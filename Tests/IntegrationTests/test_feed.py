"""The feed over REST: no gap, no duplicate, nothing that the reader may not see."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import LongAway, MakeUser
from support import PATIENCE, SLACK, User, eventually, expect, newest_first, told_to_all


@pytest.mark.both_logs
def test_a_feed_has_own_and_followed_posts(alice: User, bob: User, make_user: MakeUser) -> None:
    """Newest first; who is not followed is not in it."""
    stranger = make_user("stranger")
    stranger.post("not for bob")
    ids = [user.post("x")["id"] for user in (alice, bob, alice, bob, alice)]
    bob.sees(*ids)
    page = bob.feed()
    assert [post["id"] for post in page["items"]] == ids[::-1]
    assert isinstance(page["live"], str) and page["live"]
    assert "next" not in page
    assert page["items"][0] == expect(bob.http.get(f"/v1/posts/{ids[-1]}"), 200).json()


@pytest.mark.both_logs
def test_pages_while_posts_arrive(alice: User, bob: User) -> None:
    """Walks with pages of 7 over 120 posts while more arrive: every older one once, in order."""
    ids = alice.posts(120)
    bob.sees(ids[-1])
    stop = threading.Event()

    def keep_posting() -> list[str]:
        later: list[str] = []
        while not stop.is_set() and len(later) < 300:
            later.append(alice.post("meanwhile")["id"])
        return later

    with ThreadPoolExecutor(1) as pool:
        arriving = pool.submit(keep_posting)
        try:
            walks = [bob.walk(limit=7) for _ in range(3)]
        finally:
            stop.set()
        later = arriving.result(30)
    assert later, "nothing arrived during the walks"
    for walk in walks:
        assert newest_first(walk)
        assert walk[-120:] == ids[::-1]
        assert set(walk) <= set(ids) | set(later)


def test_a_deep_walk(long_away: LongAway) -> None:
    """Past the 800 posts that are kept hot there is no wall: every one of the author's, once, in order."""
    walk = long_away.reader.walk(limit=100)
    posted = set(long_away.before + long_away.post_ids)
    assert newest_first(walk)
    assert [post_id for post_id in walk if post_id in posted] == (long_away.before + long_away.post_ids)[::-1]


@pytest.mark.both_logs
def test_unfollowed_posts_are_gone_at_once(alice: User, bob: User) -> None:
    """Once the 204 is out, no page shows them, and a follow brings them back once."""
    ids, own = alice.posts(5), bob.posts(2)
    bob.sees(*ids, *own)
    for _ in range(3):
        bob.unfollow(alice)
        assert bob.walk(limit=2) == own[::-1]
        bob.follow(alice)
        eventually(lambda: bob.walk(limit=2) == (ids + own)[::-1], 10, "the posts of who is followed again")


@pytest.mark.both_logs
def test_posts_of_the_time_between_are_not_seen(alice: User, bob: User) -> None:
    """What is posted after an unfollow never comes into the feed."""
    seen = alice.post("seen")["id"]
    bob.sees(seen)
    bob.unfollow(alice)
    alice.posts(5, "unseen")
    marker = bob.post("marker")["id"]
    bob.sees(marker)
    assert bob.walk() == [marker]


def test_a_feed_that_is_the_same_is_not_sent_again(alice: User, bob: User) -> None:
    """If-None-Match with the ETag: 304 without a body until something changes."""
    bob.sees(alice.post("first")["id"])
    etag = expect(bob.http.get("/v1/feed"), 200).headers["etag"]
    for value in (etag, f'"other", {etag}'):
        answer = expect(bob.http.get("/v1/feed", headers={"If-None-Match": value}), 304)
        assert answer.content == b"" and answer.headers["etag"] == etag
    expect(bob.http.get("/v1/feed", headers={"If-None-Match": '"other"'}), 200)
    expect(bob.http.get("/v1/feed", params={"limit": 1}, headers={"If-None-Match": '"other"'}), 200)
    post = alice.post("second")
    bob.sees(post["id"])
    answer = expect(bob.http.get("/v1/feed", headers={"If-None-Match": etag}), 200)
    assert answer.headers["etag"] != etag
    alice.delete(post["id"])
    expect(bob.http.get("/v1/feed", headers={"If-None-Match": answer.headers["etag"]}), 200)


def test_what_came_since(alice: User, bob: User) -> None:
    """After `live` exactly the newer ones come, oldest first, and the new `live` continues there."""
    bob.sees(alice.post("before")["id"])
    live = bob.feed()["live"]
    ids = alice.posts(10)
    bob.sees(*ids)
    answer = bob.feed(since=live)
    assert [event["type"] for event in answer["items"]] == ["post.created"] * 10
    assert [event["post"]["id"] for event in answer["items"]] == ids
    assert answer["reset"] is False
    alice.delete(ids[3])
    later = eventually(lambda: (a := bob.feed(since=answer["live"]))["items"] and a, 5, "the delete")
    assert later["items"] == [{"type": "post.deleted", "post_id": ids[3]}]
    assert bob.feed(since=later["live"]) == {"items": [], "live": later["live"], "reset": False}


def test_a_long_poll_ends_with_the_post(alice: User, bob: User) -> None:
    """The request is held, and answered soon after the post, not at the end of its wait."""
    live = bob.feed()["live"]
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(lambda: (bob.feed(since=live, wait=20), time.monotonic()))
        with pytest.raises(TimeoutError):
            held.result(1)
        post = alice.post("worth waiting for")
        posted = time.monotonic()
        answer, arrived = held.result(PATIENCE)
    assert answer["items"] == [{"type": "post.created", "post": told_to_all(post)}]
    assert arrived - posted < 3 * SLACK


def test_a_long_poll_ends_empty(bob: User) -> None:
    begin = time.monotonic()
    answer = bob.feed(since=bob.feed()["live"], wait=2)
    assert 1.9 < time.monotonic() - begin < 2 + 4 * SLACK
    assert answer["items"] == [] and answer["reset"] is False and answer["live"]


@pytest.mark.both_logs
def test_a_chain_of_long_polls_misses_nothing(alice: User, bob: User) -> None:
    """Poll after poll while posts arrive: each once, in order."""
    live, seen = bob.feed()["live"], []
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(alice.posts, 100)
        deadline = time.monotonic() + 30
        while len(seen) < 100 and time.monotonic() < deadline:
            answer = bob.feed(since=live, wait=5)
            assert answer["reset"] is False
            seen += [event["post"]["id"] for event in answer["items"]]
            live = answer["live"]
        assert seen == posting.result(30)


def test_a_position_past_the_window(long_away: LongAway) -> None:
    """1,250 posts later the poll says so at once, and gives a position to go on from."""
    answer = long_away.reader.feed(since=long_away.live, wait=20)
    assert answer["reset"] is True and answer["items"] == []
