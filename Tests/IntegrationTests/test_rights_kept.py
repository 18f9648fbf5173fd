"""What is kept for callers without a session, and for whom: keys of writes, sealed answers, known addresses. The server has
its default limits."""

from __future__ import annotations

import httpx
import pytest

from conftest import MakeUser
from identity import sha256
from martlet_process import Server
from sql import rows
from support import PASSWORD, User, assert_problem, base64url, expect, http_client, unique_handle


def call(server: Server, route: str, key: str | None = None, **body: str) -> httpx.Response:
    with http_client(server.url) as http:
        return http.post(f"/v1/auth/{route}", json=body, headers={"Idempotency-Key": key} if key else {})


def kept_keys(server: Server) -> int:
    return int(rows(server, "SELECT count(*) FROM idempotency_keys")[0][0])


def test_the_key_of_a_stranger(limited_server: Server) -> None:
    """Two who are not signed in may choose the same key, also for one handle: neither is in the other's way, or learns of
    it. Each has the first answer again."""
    key = unique_handle("key")
    first, second = ({"handle": unique_handle("user"), "password": PASSWORD} for _ in range(2))
    answers = [expect(call(limited_server, "signup", key, **body), 201) for body in (first, second)]
    probe = call(limited_server, "signup", key, handle=first["handle"], password="another password")
    unkeyed = call(limited_server, "signup", None, handle=first["handle"], password="another password")
    assert_problem(probe, 409, "handle_taken"), assert_problem(unkeyed, 409, "handle_taken")
    for body, answer in zip((first, second), answers):
        again = expect(call(limited_server, "signup", key, **body), 201)
        assert again.content == answer.content and again.headers["idempotency-replayed"] == "true"
    assert_problem(call(limited_server, "login", key, handle=first["handle"], password="a wrong guess"), 401, "invalid_credentials")


@pytest.mark.parametrize("token", ["nonsense", "", "x" * 128, "x" * 5000, "g" * 42, "g" * 44, "ä" * 22, "\0" * 43], ids=lambda text: f"{text[:3]!r}{len(text)}")
def test_nothing_is_kept_for_nonsense(limited_server: Server, token: str) -> None:
    """Nor for a token that could be one: whoever sends a thousand of them makes no row."""
    before = kept_keys(limited_server)
    for text in (token, base64url(unique_handle("t").ljust(32)[:32].encode())):
        expect(call(limited_server, "logout", unique_handle("key"), refresh_token=text), 204)
        assert_problem(call(limited_server, "refresh", unique_handle("key"), refresh_token=text), 401, "invalid_credentials")
    assert kept_keys(limited_server) == before


def test_a_log_out_is_kept(limited_server: Server, make_limited_user: MakeUser) -> None:
    user, key = make_limited_user("user"), unique_handle("key")
    for replayed in (None, "true"):
        answer = expect(call(limited_server, "logout", key, refresh_token=user.session["refresh_token"]), 204)
        assert answer.headers.get("idempotency-replayed") == replayed


@pytest.mark.parametrize("moved", ["response", "response, request_hash"])
def test_a_sealed_answer_belongs_to_its_row(limited_server: Server, make_limited_user: MakeUser, moved: str) -> None:
    """Who can write to the table can't have one user given the answer that another had, nor one request that of another."""
    alice, bob = (make_limited_user(name) for name in ("alice", "bob"))

    def post(user: User, key: str) -> httpx.Response:
        return user.http.post("/v1/posts", json={"text": "the same text"}, headers={"Idempotency-Key": key})

    first = [expect(post(user, key), 201) for user, key in ((alice, "one"), (alice, "two"), (bob, "one"))]
    assert expect(post(alice, "one"), 201).content == first[0].content
    for user, key in ((alice, "two"), (bob, "one")):
        rows(limited_server, f"""
            UPDATE idempotency_keys SET ({moved}) = (SELECT {moved} FROM idempotency_keys WHERE user_id = {alice.id} AND key = 'one')
            WHERE user_id = {user.id} AND key = '{key}'""")
        assert_problem(post(user, key), 409, "idempotency_conflict")
    assert expect(post(alice, "one"), 201).content == first[0].content


def test_a_refresh_answer_belongs_to_its_token(limited_server: Server, make_limited_user: MakeUser) -> None:
    alice, bob = (make_limited_user(name) for name in ("alice", "bob"))
    tokens = [user.session["refresh_token"] for user in (alice, bob)]
    for token in tokens:
        expect(call(limited_server, "refresh", refresh_token=token), 200)
    mine, theirs = (f"hash = '\\x{sha256(token).hex()}'" for token in tokens)
    rows(limited_server, f"UPDATE refresh_tokens SET answer = (SELECT answer FROM refresh_tokens WHERE {mine}) WHERE {theirs}")
    assert_problem(call(limited_server, "refresh", refresh_token=tokens[1]), 401, "token_reused")


def test_a_password_that_was_locked_by_hand(limited_server: Server, make_limited_user: MakeUser) -> None:
    """What is no hash opens nothing, and does no harm."""
    user = make_limited_user("locked")
    for written in ("*", "!", "", "$y$"):
        rows(limited_server, f"UPDATE users SET password_hash = '{written}' WHERE id = {user.id}")
        for password in (PASSWORD, written):
            assert_problem(call(limited_server, "login", handle=user.handle, password=password), 401, "invalid_credentials")
    expect(user.http.get("/v1/me"), 200)
