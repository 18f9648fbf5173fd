"""A session over the wire, and what takes real time or real threads. The rules have tests in Tests/AccountsTests."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from support import PASSWORD, TIME, User, expect, http_client, jwt_parts, unique_handle

USER_KEYS = {"id", "handle", "display_name", "created_at", "followers", "following", "posts", "private"}


def signup(api: httpx.Client, **fields: str) -> httpx.Response:
    return api.post("/v1/auth/signup", json={"handle": unique_handle("user"), "password": PASSWORD} | fields)


def refresh(api: httpx.Client, token: str) -> httpx.Response:
    return api.post("/v1/auth/refresh", json={"refresh_token": token})


def test_signup_is_a_session(api: httpx.Client) -> None:
    """201 with the whole session, and the access token is a JWT of 15 minutes for this user."""
    handle = unique_handle("alice")
    session = expect(signup(api, handle=handle, display_name="Alice 🐦 L."), 201).json()
    assert set(session) == {"user", "access_token", "token_type", "expires_in", "refresh_token"}
    assert (session["token_type"], session["expires_in"]) == ("Bearer", 900)
    user = session["user"]
    assert USER_KEYS <= set(user) <= USER_KEYS | {"followed"}
    assert (user["handle"], user["display_name"]) == (handle, "Alice 🐦 L.")
    assert (user["followers"], user["following"], user["posts"]) == (0, 0, 0)
    assert user["id"].isdigit() and TIME.fullmatch(user["created_at"])
    header, claims, _ = jwt_parts(session["access_token"])
    assert header["alg"].lower() != "none"
    assert claims["sub"] == user["id"] and claims["exp"] - claims["iat"] == 900
    assert claims["jti"] and claims["sid"]
    assert abs(claims["iat"] - time.time()) < 60


def test_login_takes_the_same_time_for_nobody(api: httpx.Client, alice: User) -> None:
    """Medians of interleaved attempts differ by less than a factor of two: a skipped hash would be far more."""
    nobody = unique_handle("nobody")
    times: dict[str, list[float]] = {alice.handle: [], nobody: []}
    for _ in range(9):
        for handle, taken in times.items():
            begin = time.perf_counter()
            expect(api.post("/v1/auth/login", json={"handle": handle, "password": "wrong password"}), 401)
            taken.append(time.perf_counter() - begin)
    ratio = statistics.median(times[alice.handle]) / statistics.median(times[nobody])
    assert 0.5 < ratio < 2, times


def test_fifty_refreshes_at_once(api: httpx.Client, alice: User) -> None:
    """On fifty connections, with one token: all get the same session, which goes on."""
    token, barrier = alice.session["refresh_token"], threading.Barrier(50)

    def race(_: int) -> httpx.Response:
        with http_client(alice.server.url) as http:
            expect(http.get("/healthz"), 200)  # the connection is there before the start
            barrier.wait()
            return refresh(http, token)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(race, range(50)))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert len({answer.content for answer in answers}) == 1
    expect(refresh(api, answers[0].json()["refresh_token"]), 200)
