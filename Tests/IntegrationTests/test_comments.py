"""Comments over sockets: `post:{id}` tells them to those who may see their authors."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from centrifugo_client import Centrifugo
from channel_clients import form, opened  # noqa: F401  (a fixture)
from conftest import MakeUser
from sql import rows
from support import User, expect


def comment(user: User, post: str, text: str) -> dict[str, Any]:
    return expect(user.http.post(f"/v1/posts/{post}/comments", json={"text": text}), 201).json()


def said(client: Centrifugo, channel: str, count: int) -> list[str]:
    """The next comments, and what ended; the states between them are passed over."""
    texts: list[str] = []
    while len(texts) < count:
        event = client.told(channel, 1)[0].event
        if event["type"] != "post.counts":
            texts.append(event["comment"]["text"] if "comment" in event else event["comment_id"])
    return texts


@pytest.fixture
def dave(make_user: MakeUser) -> User:
    return make_user("dave")


@pytest.fixture
def others(form: type[Centrifugo], dave: User) -> Iterator[Centrifugo]:
    with opened(form, dave) as one:
        yield one


def test_who_is_blocked_is_not_told_of(
    form: type[Centrifugo], others: Centrifugo, alice: User, bob: User, make_user: MakeUser
) -> None:
    """Either way; live and recovered; and told again behind its end. Others are told all of it."""
    carol = make_user("carol")
    post = alice.post("hello")["id"]
    channel = f"post:{post}"
    others.subscribe(channel)
    with opened(form, carol) as client:
        begun = client.subscribe(channel)
        position = begun["epoch"], int(begun["offset"])
        first = comment(bob, post, "before")["id"]
        assert said(client, channel, 1) == ["before"]
        expect(bob.http.put(f"/v1/users/{carol.id}/block"), 204)
        comment(bob, post, "hidden")
        expect(bob.http.patch(f"/v1/comments/{first}", json={"text": "hidden, too"}), 200)
        comment(alice, post, "seen")
        assert said(client, channel, 1) == ["seen"]
        assert said(others, channel, 4) == ["before", "hidden", "hidden, too", "seen"]
        with opened(form, carol) as again:
            assert again.subscribe(channel, position)["recovered"]
            assert said(again, channel, 1) == ["seen"]
        expect(bob.http.delete(f"/v1/users/{carol.id}/block"), 204)
        comment(bob, post, "seen again")
        assert said(client, channel, 1) == ["seen again"]
        expect(alice.http.delete(f"/v1/comments/{first}"), 204)
        assert said(client, channel, 1) == [first]


def test_whom_too_many_have_blocked(form: type[Centrifugo], others: Centrifugo, alice: User, bob: User, make_user: MakeUser) -> None:
    """More than a subscription keeps: each event is read, and none is lost."""
    carol = make_user("carol")
    post = alice.post("hello")["id"]
    channel = f"post:{post}"
    rows(
        carol.server,
        f"""
        WITH many AS (
            INSERT INTO users (id, handle, display_name, password_hash)
            SELECT (SELECT min(id) FROM users) - n, 'many_{carol.id}_' || n, 'x', '*' FROM generate_series(1, 1001) n
            RETURNING id)
        INSERT INTO relations (owner, other, kind, id) SELECT id, {carol.id}, 'block', id FROM many
        """,
    )
    expect(carol.http.put(f"/v1/users/{bob.id}/block"), 204)
    others.subscribe(channel)
    with opened(form, carol) as client:
        client.subscribe(channel)
        for number in range(20):
            comment(bob, post, f"bob's {number}")
            comment(alice, post, f"alice's {number}")
        assert said(client, channel, 20) == [f"alice's {number}" for number in range(20)]
    assert len(said(others, channel, 40)) == 40
