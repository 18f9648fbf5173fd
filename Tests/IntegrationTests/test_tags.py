"""Hashtags over the wire: live channels by both logs, whose records carry names that are not ASCII."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from centrifugo_client import FORMS, Centrifugo
from conftest import MakeUser
from support import User, expect, told_to_all

NAME = "zähler東京"
CHANNEL = f"tag:{NAME}"


@pytest.mark.both_logs
@pytest.mark.parametrize("form", FORMS, ids=["json", "protobuf"])
def test_a_tags_posts_are_live(form: type[Centrifugo], alice: User, make_user: MakeUser) -> None:
    """Who follows nobody is told of public posts with the tag, in any spelling: each post, edit and end once, in order."""
    carol = make_user("carol")
    with form(carol.server) as client:
        client.connect(carol.token, carol.channel)
        client.subscribe(CHANNEL)
        first = alice.post("#ZA\u0308HLER東京 #other")
        alice.post("#zahler東京 is another")
        expect(alice.http.post("/v1/posts", json={"text": f"#{NAME}", "visibility": "followers"}), 201)
        edited = expect(alice.http.patch(f"/v1/posts/{first['id']}", json={"text": "none"}), 200).json()
        second = alice.post(f"＃{NAME}")
        told = [one.event for one in client.told(CHANNEL, 3)]
        alice.delete(second["id"])
        told += [one.event for one in client.told(CHANNEL, 1)]
    shown = told_to_all(first)
    assert told[0] == {"type": "post.created", "post": shown} and shown["tags"] == [NAME, "other"]
    assert told[1]["type"] == "post.updated" and told[1]["post"]["text"] == edited["text"] and "tags" not in told[1]["post"]
    assert [told[2]["type"], told[2]["post"]["id"]] == ["post.created", second["id"]]
    assert told[3] == {"type": "post.deleted", "post_id": second["id"]}


@pytest.mark.both_logs
@pytest.mark.parametrize("form", FORMS, ids=["json", "protobuf"])
def test_a_followed_tag_is_in_the_feed(form: type[Centrifugo], alice: User, make_user: MakeUser) -> None:
    """Who follows nobody but a tag is told of its posts, live; who leaves it is told to drop them, and reads anew."""
    carol = make_user("carol")
    tag = quote(f"{NAME}_{carol.id}")
    old = alice.post(f"#{NAME}_{carol.id} old")
    expect(carol.http.put(f"/v1/tags/{tag}/follow"), 204)
    assert carol.feed_ids() == [old["id"]]
    with form.of(carol) as client:
        post = alice.post(f"#{NAME.upper()}_{carol.id}")
        expect(alice.http.post("/v1/posts", json={"text": f"#{NAME}_{carol.id}", "visibility": "followers"}), 201)
        expect(alice.http.patch(f"/v1/posts/{post['id']}", json={"text": f"#{NAME}_{carol.id} still"}), 200)
        alice.delete(old["id"])
        told = [one.event for one in client.take(3, late=old["id"])]
        assert [event["type"] for event in told] == ["post.created", "post.updated", "post.deleted"]
        assert told[0] == {"type": "post.created", "post": told_to_all(post)} and told[2]["post_id"] == old["id"]
        assert carol.feed_ids() == [post["id"]]
        expect(carol.http.delete(f"/v1/tags/{tag}/follow"), 204)
        assert client.take(1)[0].event == {"type": "feed.changed", "reason": "tag", "tag": f"{NAME}_{carol.id}"}
        assert carol.feed_ids() == []


def test_a_tag_that_is_found_by_its_page(alice: User, bob: User) -> None:
    """Popular tags are counted by the worker; a page is found by what is read there."""
    post = alice.post(f"#{NAME.upper()}")
    found = expect(bob.http.get(f"/v1/tags/{quote(NAME.upper())}"), 200).json()
    assert found["name"] == NAME and found["posts"] >= 1
    assert expect(bob.http.get(f"/v1/tags/{quote(found['name'])}/posts"), 200).json()["items"][0]["id"] == post["id"]


def test_a_post_for_those_mentioned_is_told_to_them(alice: User, bob: User, make_user: MakeUser) -> None:
    """Of two followers the one who is mentioned is told, live."""
    carol = make_user("carol")
    for follower in (bob, carol):
        follower.follow(alice)
    with Centrifugo.of(bob) as his, Centrifugo.of(carol) as hers:
        text = f"@{bob.handle} psst"
        hidden = expect(alice.http.post("/v1/posts", json={"text": text, "visibility": "mentioned"}), 201).json()
        expect(alice.http.patch(f"/v1/posts/{hidden['id']}", json={"text": f"{text} still"}), 200)
        last = alice.post("for all")
        assert [one.post_id for one in his.until(last["id"])] == [hidden["id"], hidden["id"], last["id"]]
        assert [one.post_id for one in hers.until(last["id"])] == [last["id"]]


def test_authors_with_whom_there_is_a_block_are_left_out(alice: User, bob: User, make_user: MakeUser) -> None:
    """Also of a block that is made while a client listens, either way."""
    carol = make_user("carol")
    tag = f"block_{carol.id}"
    expect(bob.http.put(f"/v1/users/{carol.id}/block"), 204)
    with Centrifugo.of(carol) as client:
        client.subscribe(f"tag:{tag}")
        bob.post(f"#{tag}")
        first = alice.post(f"#{tag}")
        assert client.told(f"tag:{tag}", 1)[0].post_id == first["id"]
        expect(carol.http.put(f"/v1/users/{alice.id}/block"), 204)
        alice.post(f"#{tag}")
        last = make_user("dan").post(f"#{tag}")
        assert client.told(f"tag:{tag}", 1)[0].post_id == last["id"]
