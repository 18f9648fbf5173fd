"""What belongs to somebody else: every route's door, and what is behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from martlet_process import Server
from sse_client import Sse
from support import User, assert_problem, expect, http_client

TEXT = "words that were taken back"
BODIES = {
    "/v1/auth/signup": {"handle": "x", "password": "x"}, "/v1/auth/login": {"handle": "x", "password": "x"},
    "/v1/auth/refresh": {"refresh_token": "x"}, "/v1/auth/logout": {"refresh_token": "x"},
    "/v1/posts": {"text": "x"}, "/posts": {"text": "x"}, "/follow": {"user_id": "1"},
}


def operations(http: httpx.Client) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and who may call, of everything that the server says it has."""
    for path, item in expect(http.get("/openapi.json"), 200).json()["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete"):
                yield method, path, operation["security"]


def test_every_door(server: Server, alice: User) -> None:
    """Each route by the description: who needs a token is refused without one, and a bad or ended one is refused by all
    that look at tokens, also where nobody needs one."""
    ended = alice.login()
    with http_client(server.url) as http:
        expect(http.post("/v1/auth/logout", json={"refresh_token": ended.session["refresh_token"]}), 204)
        bad = [{"Authorization": f"Bearer {token}"} for token in (ended.token, alice.token[:-2], "x", alice.session["refresh_token"])]
        seen = {"open": 0, "optional": 0, "closed": 0}
        for method, path, security in operations(http):
            if path == "/v1/live/ws":
                continue  # its token comes in a message
            def call(headers: dict[str, str]) -> httpx.Response:
                where = re.sub(r"\{\w*handle\}", alice.handle, path)
                where = re.sub(r"\{\w+\}", alice.id, where)
                body = {"json": BODIES[path]} if method == "post" and path in BODIES else {}
                return http.request(method, where, headers=headers, **body)

            if security == []:
                seen["open"] += 1
                assert {call(headers).status_code for headers in ({}, *bad)} == {call({}).status_code}, path
                continue
            seen["optional" if {} in security else "closed"] += 1
            for headers in bad:
                assert_problem(call(headers), 401, "unauthenticated")
            if {} in security:
                assert call({}).status_code in (200, 404), path
            else:
                assert_problem(call({}), 401, "unauthenticated")
        assert seen["open"] >= 8 and seen["optional"] >= 6 and seen["closed"] >= 11, seen
    expect(alice.http.get("/v1/me"), 200)
    ended.close()


@pytest.mark.parametrize("method", ["publish", "history", "presence", "presence_stats", "rpc", "sub_refresh", "subscribe"])
def test_the_channel_of_another(alice: User, bob: User, method: str) -> None:
    """Neither read nor written by any command of the protocol; nobody publishes by WebSocket, also not to the own channel."""
    event = {"type": "post.created", "post": {"id": "1", "text": "forged"}}
    with Centrifugo.of(alice) as victim, Centrifugo.of(bob) as attacker:
        for channel in (alice.channel, bob.channel, f"feed:{alice.id} ", f"FEED:{alice.id}", f"$feed:{alice.id}", f"feed:0{alice.id}", "feed:*", "feed:"):
            reply = attacker.call(**{method: {"channel": channel, "data": event, "method": "x", "token": alice.token, "recover": True}})
            assert reply["error"]["code"] in (102, 103, 105, 108), (channel, reply)
        last = alice.post("real")["id"]
        assert [publication.post_id for publication in victim.until(last)] == [last]
        assert [publication.post_id for publication in attacker.until(last)] == [last]


def everything_readable(reader: User, author: User, post_id: str, since: str, position: tuple[str, int]) -> Iterator[str]:
    """All that a reader can get the server to say about an author's posts, as text."""
    paths = ["/v1/feed", f"/feeds/{reader.id}", f"/v1/feed?since={since}", f"/v1/users/{author.id}/posts", f"/v1/posts/{post_id}"]
    for path in paths:
        yield reader.http.get(path).text
        yield reader.http.get(path, headers={"If-None-Match": '"x"'}).text
    with Sse(reader.server, token=reader.token, since=since) as stream:
        verdict = stream.next()
        yield verdict.data + "".join(event.data for event in stream.take(verdict.json().get("missed", 0)))
    for start in ({"since": since}, {"position": position}):
        with Centrifugo.of(reader, **start) as client:
            yield str(client.publications)


def says(reader: User, *arguments: Any) -> bool:
    return any(TEXT in text for text in everything_readable(reader, *arguments))


def test_what_was_deleted_is_gone_for_all(alice: User, bob: User, make_user: MakeUser) -> None:
    """By any route, by id, from any position before; for followers, for a stranger and for the author."""
    stranger = make_user("stranger")
    readers = (bob, stranger, alice)
    before = {}
    for reader in readers:
        with Centrifugo.of(reader) as client:
            before[reader.id] = (reader.feed()["live"], client.position)
    post = alice.post(TEXT)["id"]
    bob.sees(post)
    assert all(says(reader, alice, post, *before[reader.id]) for reader in readers), "the search finds nothing"
    alice.delete(post)
    for reader in readers:
        assert not says(reader, alice, post, *before[reader.id])
        assert_problem(reader.http.get(f"/v1/posts/{post}"), 404, "not_found")
    with http_client(alice.server.url) as http:
        assert_problem(http.get(f"/v1/posts/{post}"), 404, "not_found")
        assert http.get(f"/v1/users/{alice.id}/posts").json()["items"] == []


def test_what_was_left_is_in_no_feed(alice: User, bob: User, make_user: MakeUser) -> None:
    """Who no longer follows gets the author's posts by feed and live neither from before nor from after, from no position
    and by no cursor of the time when they were there. By id and in the author's list they are public, as ever."""
    ballast = make_user("ballast")
    bob.follow(ballast)
    with Centrifugo.of(bob) as client:
        before = (bob.feed()["live"], client.position)
    older = alice.post(TEXT)["id"]
    between = ballast.posts(2)
    bob.sees(older, *between)
    cursor = bob.feed(limit=2)["next"]
    assert bob.feed_ids(cursor=cursor)[:1] == [older]
    bob.unfollow(alice)
    newer = alice.post(TEXT)["id"]
    last = ballast.post("the last")["id"]
    bob.sees(last)
    assert older not in bob.feed_ids(cursor=cursor)
    public = (f"/v1/users/{alice.id}/posts", f"/v1/posts/{newer}", f"/v1/posts/{older}")
    for path in public:
        assert TEXT in expect(bob.http.get(path), 200).text
    shown: list[Callable[[], object]] = [
        lambda: bob.feed(), lambda: bob.feed(since=before[0]), lambda: bob.walk("/v1/feed", limit=1),
    ]
    for show in shown:
        assert TEXT not in str(show())
        assert older not in str(show()) and newer not in str(show())
    with Sse(bob.server, token=bob.token, since=before[0]) as stream, Centrifugo.of(bob, position=before[1]) as client:
        assert TEXT not in str(stream.until(last)) and TEXT not in str(client.until(last))
