"""Posts: making, reading and deleting them, and writes that are sent twice."""

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
    assert set(post) == {"id", "author", "text", "created_at"}
    assert set(post["author"]) == {"id", "handle", "display_name"}
    assert (post["author"]["id"], post["author"]["handle"], post["text"]) == (alice.id, alice.handle, "hello")
    assert post["id"].isdigit() and 0 < int(post["id"]) < 2**53 and TIME.fullmatch(post["created_at"])
    assert answer.headers["location"] == f"/v1/posts/{post['id']}"
    assert expect(bob.http.get(answer.headers["location"]), 200).json() == post


def test_ids_grow(alice: User) -> None:
    ids = [int(one) for one in alice.posts(50)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("text", [
    "x", "x" * 5000, "🐦" * 5000, COMBINING * 2500, FAMILY * 1000, "line\nline\ttab", '"quotes" \\ </script> & <b>',
    "\u200bzero width\u200b", "\u202eright to left", "é", COMBINING, "Ω\u2126", "\U0010ffff", "a\u00a0b", "null",
], ids=lambda text: repr(text[:9]))
def test_text_comes_back_as_it_was(alice: User, text: str) -> None:
    """Scalar for scalar: counted as scalars, not normalised, not escaped, not cut."""
    post = alice.post(text)
    assert post["text"] == text
    assert expect(alice.http.get(f"/v1/posts/{post['id']}"), 200).json()["text"] == text


def test_text_in_json_escapes(alice: User) -> None:
    """Escapes and surrogate pairs mean the scalars that they stand for."""
    body = rb'{"\u0074ext":"\ud83d\udc26\u00e9\n\/"}'
    answer = alice.http.post("/v1/posts", content=body, headers={"Content-Type": "application/json"})
    assert expect(answer, 201).json()["text"] == "🐦é\n/"


@pytest.mark.parametrize("text", ["a\u0001b", "a\r\nb", "\u001b[31m", "a\u007f", "a\u0085b", "a\u009fb", "a\u0000"], ids=repr)
def test_control_characters_are_no_text(alice: User, text: str) -> None:
    """Line feed and tab are the two that a text may have."""
    assert_problem(alice.http.post("/v1/posts", json={"text": text}), 400, "invalid_field", "text")


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "x" * 5001, "🐦" * 5001, COMBINING * 2501], ids=len)
def test_text_out_of_bounds(alice: User, text: str) -> None:
    assert_problem(alice.http.post("/v1/posts", json={"text": text}), 400, "invalid_field", "text")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


def test_text_is_trimmed_before_it_is_measured(alice: User) -> None:
    assert alice.post("  \n hi there \t\n")["text"] == "hi there"
    assert alice.post(" " * 3000 + "x" * 5000 + "\n" * 3000)["text"] == "x" * 5000


def test_only_the_author_deletes(alice: User, bob: User) -> None:
    """403 for others; 204 for the author, and 204 again; then 404 for everyone."""
    post = alice.post("to be deleted")
    assert_problem(bob.http.delete(f"/v1/posts/{post['id']}"), 403, "forbidden")
    expect(bob.http.get(f"/v1/posts/{post['id']}"), 200)
    for _ in range(2):
        alice.delete(post["id"])
        for reader in (alice, bob):
            assert_problem(reader.http.get(f"/v1/posts/{post['id']}"), 404, "not_found")


def test_a_post_that_never_was(alice: User) -> None:
    assert_problem(alice.http.get("/v1/posts/1"), 404, "not_found")
    assert_problem(alice.http.delete("/v1/posts/1"), 404, "not_found")


def test_the_short_form_of_post(alice: User) -> None:
    answer = expect(alice.http.post("/posts", json={"text": "short"}), 201)
    assert answer.headers["location"] == f"/v1/posts/{answer.json()['id']}"
    assert_problem(alice.http.post("/posts", json={"text": ""}), 400, "invalid_field", "text")


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


def test_a_key_with_another_body(alice: User) -> None:
    first = expect(keyed(alice, "key-1", "one"), 201).json()
    assert_problem(keyed(alice, "key-1", "two"), 409, "idempotency_conflict")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == [first["id"]]
    assert expect(keyed(alice, "key-1", "one"), 201).json() == first


def test_a_key_belongs_to_a_user_and_a_route(alice: User, bob: User) -> None:
    first = expect(keyed(alice, "shared-key", "same"), 201).json()
    second = expect(keyed(bob, "shared-key", "same"), 201)
    assert second.json()["id"] != first["id"] and second.json()["author"]["id"] == bob.id
    answer = alice.http.put(f"/v1/users/{bob.id}/follow", headers={"Idempotency-Key": "shared-key"})
    assert "idempotency-replayed" not in expect(answer, 204).headers


def test_a_refused_write_may_be_mended(alice: User) -> None:
    """A key that came with bad input is not burnt by it."""
    assert_problem(keyed(alice, "mended", ""), 400, "invalid_field", "text")
    expect(keyed(alice, "mended", "now with text"), 201)


@pytest.mark.parametrize("key", ["x" * 128, "!", "~", "a:b/c?d=e&f", "6f1c1b7e-0b43-4b0e-9a5c-0f7c8e1a2b3c"], ids=lambda k: k[:9])
def test_keys_that_are_allowed(alice: User, key: str) -> None:
    assert expect(keyed(alice, key, "x"), 201).content == expect(keyed(alice, key, "x"), 201).content


@pytest.mark.parametrize("key", [b"", b"x" * 129, b"a b", b"\xc3\xa4", b"a\tb"], ids=repr)
def test_keys_that_are_none(alice: User, key: bytes) -> None:
    answer = alice.http.post("/v1/posts", json={"text": "x"}, headers={b"Idempotency-Key": key})
    assert_problem(answer, 400, "invalid_field")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


def test_one_key_many_times_at_once(alice: User) -> None:
    """One post; every answer is that post or says that the first is still running."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: keyed(alice, "storm", "only one"), range(48)))
    created = [answer for answer in answers if answer.status_code == 201]
    running = [answer for answer in answers if answer.status_code != 201]
    assert len({answer.content for answer in created}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in created) == 1
    for answer in running:
        assert_problem(answer, 409, ("conflict", "idempotency_conflict"))
        assert answer.headers["retry-after"] == "1"
    assert alice.walk(f"/v1/users/{alice.id}/posts") == [created[0].json()["id"]]


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
