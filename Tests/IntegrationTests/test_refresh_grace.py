"""A refresh token that comes again: within half a minute the first answer, later the end of the family."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from identity import assert_refused, half_a_minute_passes, sha256
from martlet_process import Server
from sql import open_transaction, rows
from support import User, assert_problem, eventually, expect, http_client

RACERS = 50


def refresh(server: Server, token: str, key: str | None = None) -> httpx.Response:
    with http_client(server.url) as http:
        headers = {"Idempotency-Key": key} if key else {}
        return http.post("/v1/auth/refresh", json={"refresh_token": token}, headers=headers)


def name(token: str) -> str:
    return f"hash = '\\x{sha256(token).hex()}'"


def test_one_after_the_other(alice: User) -> None:
    """The same bytes, whatever came in between; both of the two who ask go on."""
    server, token = alice.server, alice.session["refresh_token"]
    first = expect(refresh(server, token), 200)
    for key in (None, "a-key", None):
        again = expect(refresh(server, token, key), 200)
        assert again.content == first.content and "idempotency-replayed" not in again.headers
    session = first.json()
    with http_client(server.url, session["access_token"]) as http:
        expect(http.get("/v1/me"), 200)
    expect(refresh(server, session["refresh_token"]), 200)
    assert expect(refresh(server, token), 200).content == first.content


def test_fifty_at_once(alice: User) -> None:
    server, token = alice.server, alice.session["refresh_token"]
    barrier = threading.Barrier(RACERS)

    def race(_: int) -> httpx.Response:
        with http_client(server.url) as http:
            expect(http.get("/healthz"), 200)  # the connection stands before the start
            barrier.wait()
            return http.post("/v1/auth/refresh", json={"refresh_token": token})

    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(race, range(RACERS)))
    assert [answer.status_code for answer in answers] == [200] * RACERS
    assert len({answer.content for answer in answers}) == 1
    expect(refresh(server, answers[0].json()["refresh_token"]), 200)


def test_later_the_family_ends(alice: User) -> None:
    """Whoever stole the chain loses it with the owner; other sessions of the user go on."""
    server, token = alice.server, alice.session["refresh_token"]
    other = alice.login()
    newer = expect(refresh(server, token), 200).json()
    expect(refresh(server, token), 200)
    half_a_minute_passes(server, token)
    for _ in range(2):
        assert_problem(refresh(server, token), 401, "token_reused")
    assert refresh(server, newer["refresh_token"]).status_code == 401
    assert_refused(other, newer["access_token"])
    expect(refresh(server, other.session["refresh_token"]), 200)
    other.close()


def test_a_log_out_ends_the_grace(alice: User) -> None:
    server, token = alice.server, alice.session["refresh_token"]
    newer = expect(refresh(server, token), 200).json()
    with http_client(server.url) as http:
        expect(http.post("/v1/auth/logout", json={"refresh_token": newer["refresh_token"]}), 204)
    for spent in (token, newer["refresh_token"]):
        assert refresh(server, spent).status_code == 401


@pytest.mark.parametrize("change", ["answer = NULL", "answer = t.answer || '\\x00'", "answer = other.answer"])
def test_an_answer_that_is_not_this_tokens(alice: User, change: str) -> None:
    """Missing (an older version spent the token), altered, or another's: as good as used long ago."""
    server, token = alice.server, alice.session["refresh_token"]
    other = alice.login().session["refresh_token"]
    for spent in (token, other):
        expect(refresh(server, spent), 200)
    rows(server, f"""
        UPDATE refresh_tokens t SET {change} FROM refresh_tokens other
        WHERE t.{name(token)} AND other.{name(other)}""")
    assert_problem(refresh(server, token), 401, "token_reused")


def test_answers_are_sealed_and_go_soon(alice: User) -> None:
    server, token = alice.server, alice.session["refresh_token"]
    first = expect(refresh(server, token), 200)
    [(stored,)] = rows(server, f"SELECT encode(answer, 'hex') FROM refresh_tokens WHERE {name(token)}")
    for piece in (b"access_token", *(first.json()[key].encode() for key in ("refresh_token", "access_token"))):
        assert piece not in bytes.fromhex(stored)
    half_a_minute_passes(server, token)
    eventually(
        lambda: rows(server, f"SELECT answer IS NULL FROM refresh_tokens WHERE {name(token)}") == [("t",)], 15,
        "the removal of the answer")


def test_the_second_waits_for_the_first(alice: User) -> None:
    """It is not answered while the first is not committed."""
    server, token = alice.server, alice.session["refresh_token"]
    with ThreadPoolExecutor(2) as pool:
        with open_transaction(server, f"SELECT FROM refresh_tokens WHERE {name(token)} FOR UPDATE"):
            answers = [pool.submit(refresh, server, token) for _ in range(2)]
            eventually(
                lambda: rows(server, "SELECT count(*) FROM pg_locks WHERE NOT granted") >= [("2",)], 10, "two that wait")
            assert not any(answer.done() for answer in answers)
        assert len({expect(answer.result(), 200).content for answer in answers}) == 1
