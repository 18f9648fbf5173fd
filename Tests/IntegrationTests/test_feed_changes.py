"""What a change of who sees whom tells live clients of the feed: `feed.changed`, and no post of who is muted."""

from __future__ import annotations

import pytest

from centrifugo_client import FORMS, Centrifugo
from conftest import MakeUser
from martlet_process import Server
from sse_client import Sse
from support import User, expect


@pytest.fixture(params=FORMS, ids=["json", "protobuf"])
def form(request: pytest.FixtureRequest) -> type[Centrifugo]:
    return request.param


def changed(reason: str, user: User) -> dict[str, str]:
    return {"type": "feed.changed", "reason": reason, "user_id": user.id}


def private(user: User) -> None:
    expect(user.http.patch("/v1/me", json={"private": True}), 200)


def events(client: Centrifugo, count: int, late: str | None = None) -> list[dict[str, object]]:
    return [one.event for one in client.take(count, late=late)]


def test_a_mute(form: type[Centrifugo], alice: User, bob: User, make_user: MakeUser) -> None:
    """From then on nothing of the author is told; everybody else is, and the end of what is on the screen. Then all returns."""
    carol = make_user("carol")
    for author in (alice, bob):
        carol.follow(author)
    with form.of(carol) as client:
        old = alice.post("old")["id"]
        assert events(client, 1)[0]["post"]["id"] == old
        expect(carol.http.put(f"/v1/users/{alice.id}/mute", json={}), 204)
        muted = alice.post("muted")["id"]
        expect(alice.http.patch(f"/v1/posts/{old}", json={"text": "edited"}), 200)
        alice.delete(old)
        assert events(client, 2) == [changed("mute", alice), {"type": "post.deleted", "post_id": old}]
        other = bob.post("heard")["id"]
        assert events(client, 1)[0]["post"]["id"] == other
        assert carol.feed_ids() == [other]
        expect(carol.http.delete(f"/v1/users/{alice.id}/mute"), 204)
        back = alice.post("back")["id"]
        told = events(client, 2)
        assert told[0] == changed("follow", alice) and told[1]["post"]["id"] == back
        assert carol.feed_ids() == [back, other, muted]


def test_who_was_away_is_told_in_order(alice: User, bob: User, make_user: MakeUser) -> None:
    """By its position, over event streams and long polls."""
    carol = make_user("carol")
    carol.follow(bob)
    live = carol.feed()["live"]
    before = bob.post("before")["id"]
    carol.sees(before)
    carol.follow(alice)
    after = alice.post("after")["id"]
    with Sse(carol.server, token=carol.token, since=live) as stream:
        stream.verdict("resumed")
        told = stream.take(3)
        assert [one.event for one in told] == ["post.created", "feed.changed", "post.created"]
        assert told[1].json() == changed("follow", alice) and [told[0].post_id, told[2].post_id] == [before, after]
    with Sse(carol.server, token=carol.token, last_event_id=told[0].id) as stream:
        stream.verdict("resumed")
        assert [one.json()["type"] for one in stream.take(2)] == ["feed.changed", "post.created"]
    poll = carol.feed(since=live)
    assert [event["type"] for event in poll["items"]] == ["post.created", "feed.changed", "post.created"]
    assert not carol.feed(since=poll["live"])["items"]


def test_an_accept(form: type[Centrifugo], alice: User, make_user: MakeUser) -> None:
    """The posts are there when it is told."""
    carol = make_user("carol")
    private(alice)
    post = alice.post("for followers")["id"]
    expect(carol.http.put(f"/v1/users/{alice.id}/follow"), 202)
    with form.of(carol) as client:
        expect(alice.http.put(f"/v1/me/requests/{carol.id}"), 204)
        assert events(client, 1, late=post) == [changed("accept", alice)]
        assert carol.feed_ids() == [post]
        expect(alice.http.delete(f"/v1/me/followers/{carol.id}"), 204)
        assert events(client, 1, late=post) == [changed("unfollow", alice)]


def test_a_block(form: type[Centrifugo], alice: User, make_user: MakeUser) -> None:
    """Who is blocked is told that a follow has ended, and nothing where there was none."""
    carol, dora = make_user("carol"), make_user("dora")
    carol.follow(alice)
    with form.of(carol) as hers, form.of(alice) as owner, form.of(dora) as other:
        for user in (carol, dora):
            expect(alice.http.put(f"/v1/users/{user.id}/block"), 204)
        assert [event for event in events(owner, 2) if event["reason"] == "block"] == [
            changed("block", carol), changed("block", dora)]
        assert events(hers, 1) == [changed("unfollow", alice)]
        dora.post("own")
        assert events(other, 1)[0]["type"] == "post.created"


def test_nothing_is_told_twice(form: type[Centrifugo], alice: User, make_user: MakeUser, server: Server) -> None:
    """A follow that is there already changes nothing, and what the log brings later was told."""
    carol = make_user("carol")
    with form.of(carol) as client:
        for _ in range(3):
            carol.follow(alice)
        posts = alice.posts(3)
        told = events(client, 4)
        assert told[0] == changed("follow", alice)
        assert [event["post"]["id"] for event in told[1:]] == posts
