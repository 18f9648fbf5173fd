"""Posts over the wire, and what takes real threads. The rules have tests in Tests/PostsTests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from conftest import MakeUser
from martlet_process import Server
from sql import rows
from support import TIME, User, assert_problem, eventually, expect

COMBINING = "e\u0301"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # five scalars, one glyph


def keyed(user: User, key: str, text: str, path: str = "/v1/posts") -> httpx.Response:
    return user.http.post(path, json={"text": text}, headers={"Idempotency-Key": key})


def test_a_post_comes_back(alice: User, bob: User) -> None:
    """201 with the post and its Location; GET says the same to others."""
    answer = expect(alice.http.post("/v1/posts", json={"text": "hello"}), 201)
    post = answer.json()
    assert set(post) == {"id", "author", "text", "created_at", "visibility", "counts", "liked", "bookmarked"}
    assert set(post["author"]) == {"id", "handle", "display_name"}
    assert (post["author"]["id"], post["author"]["handle"], post["text"]) == (alice.id, alice.handle, "hello")
    assert post["id"].isdigit() and 0 < int(post["id"]) < 2**53 and TIME.fullmatch(post["created_at"])
    assert answer.headers["location"] == f"/v1/posts/{post['id']}"
    assert expect(bob.http.get(answer.headers["location"]), 200).json() == post


@pytest.mark.parametrize("text", [
    "🐦" * 5000, FAMILY * 1000, f'line\n"quotes" \\ </script> & <b> {COMBINING} é Ω\u2126 \U0010ffff',
], ids=lambda text: repr(text[:9]))
def test_text_comes_back_as_it_was(alice: User, text: str) -> None:
    """Scalar for scalar: counted as scalars, not normalised, not escaped, not cut."""
    post = alice.post(text)
    assert post["text"] == text
    assert expect(alice.http.get(f"/v1/posts/{post['id']}"), 200).json()["text"] == text


def test_a_repeated_write_is_answered_and_not_done(alice: User) -> None:
    """The first answer again, byte for byte, and one post."""
    first, *others = [expect(keyed(alice, "key-1", "once"), 201) for _ in range(4)]
    assert "idempotency-replayed" not in first.headers
    for other in others:
        assert other.headers["idempotency-replayed"] == "true"
        assert other.content == first.content
        assert other.headers["location"] == first.headers["location"]
        assert other.headers["content-type"] == first.headers["content-type"]
    assert alice.walk(f"/v1/users/{alice.id}/posts") == [first.json()["id"]]


@pytest.mark.parametrize("key", [b"", b"a b", b"\xc3\xa4"], ids=repr)
def test_keys_that_are_none(alice: User, key: bytes) -> None:
    answer = alice.http.post("/v1/posts", json={"text": "x"}, headers={b"Idempotency-Key": key})
    assert_problem(answer, 400, "invalid_field")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.both_logs
def test_posts_at_once_are_all_kept(alice: User, make_user: MakeUser) -> None:
    """Writes from many connections: each has an id of its own, and the feed of a follower has them all."""
    bob = make_user("bob")
    bob.follow(alice)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: alice.post(f"parallel {n}")["id"], range(80)))
    assert len(set(ids)) == 80
    eventually(lambda: sorted(bob.walk(limit=30)) == sorted(ids), 10, "80 posts in the follower's feed")


def test_posts_and_follows_of_one_user_do_not_block_each_other(server: Server, alice: User, make_user: MakeUser) -> None:
    """The user's row is locked by each of them, and by the posts' foreign key: in one order, and never crosswise."""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'martlet'"
    before = rows(server, deadlocks)
    followers = [make_user(f"fan{number}") for number in range(4)]
    with ThreadPoolExecutor(12) as pool:
        posts = [pool.submit(alice.post, f"crosswise {number}") for number in range(240)]
        follows = [pool.submit(follower.follow, alice) for follower in followers]
        for done in posts + follows:
            done.result()
    assert rows(server, deadlocks) == before
