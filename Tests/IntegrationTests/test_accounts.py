"""Sign-up, sessions and who follows whom."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from conftest import MakeUser
from identity import half_a_minute_passes
from martlet_process import Server
from support import (PASSWORD, TIME, User, alterations, assert_problem, base64url, eventually, expect, http_client, jwt_parts,
                     unique_handle)

USER_KEYS = {"id", "handle", "display_name", "created_at", "followers", "following", "posts"}


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


def test_me_is_the_user_of_the_token(alice: User) -> None:
    me = expect(alice.http.get("/v1/me"), 200).json()
    assert (me["id"], me["handle"]) == (alice.id, alice.handle)


@pytest.mark.parametrize("handle", [
    "ab", "", "x" * 31, "a b", "a-b", "ä__", "a.b", "@abc", "abc\n", "abc ", "ab\u0000", "ａｂｃ",
], ids=repr)
def test_handles_that_are_none(api: httpx.Client, handle: str) -> None:
    assert_problem(signup(api, handle=handle), 400, "invalid_field", "handle")


def test_handles_at_the_limits(api: httpx.Client) -> None:
    expect(signup(api, handle=unique_handle("x" * 19)), 201)
    shortest = (signup(api, handle=f"{a}{b}_") for a in "abcdefghijklmnopqrstuvwxyz" for b in "0123456789")
    assert any(answer.status_code == 201 for answer in shortest), "no handle of three characters is accepted"


def test_handles_are_one_in_any_case(api: httpx.Client) -> None:
    handle = unique_handle("Mixed_CASE")
    assert expect(signup(api, handle=handle), 201).json()["user"]["handle"] == handle.lower()
    for spelling in (handle, handle.lower(), handle.upper()):
        assert_problem(signup(api, handle=spelling), 409, "handle_taken", "handle")
    expect(api.post("/v1/auth/login", json={"handle": handle.upper(), "password": PASSWORD}), 200)


def test_one_handle_for_one_of_many(api: httpx.Client) -> None:
    """Of ten sign-ups at once with one handle, one wins and nine hear why not."""
    handle = unique_handle("race")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: signup(api, handle=handle), range(10)))
    codes = [answer.status_code for answer in answers]
    # A busy machine sheds some of ten hashes at once, before anything is done.
    assert codes.count(201) == 1 and 409 in codes and set(codes) <= {201, 409, 503}, codes
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"handle_taken"}


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257], ids=len)
def test_passwords_out_of_bounds(api: httpx.Client, password: str) -> None:
    assert_problem(signup(api, password=password), 400, "invalid_field", "password")


@pytest.mark.parametrize("password", ["12345678", "x" * 256, "pässwörd 🔑", "        "], ids=len)
def test_passwords_within_bounds(api: httpx.Client, password: str) -> None:
    handle = unique_handle("user")
    expect(signup(api, handle=handle, password=password), 201)
    expect(api.post("/v1/auth/login", json={"handle": handle, "password": password}), 200)


def test_every_character_of_a_password_counts(api: httpx.Client) -> None:
    """Neither a hash's limit of 72 bytes nor a zero byte cuts a password short."""
    handle = unique_handle("long")
    expect(signup(api, handle=handle, password="x" * 255 + "y"), 201)
    wrong = api.post("/v1/auth/login", json={"handle": handle, "password": "x" * 256})
    assert_problem(wrong, 401, "invalid_credentials")
    handle = unique_handle("zero")
    answer = signup(api, handle=handle, password="12345678\u0000abc")
    if answer.status_code == 400:
        assert_problem(answer, 400, "invalid_field", "password")
    else:
        expect(answer, 201)
        wrong = api.post("/v1/auth/login", json={"handle": handle, "password": "12345678\u0000xyz"})
        assert wrong.status_code in (400, 401)


@pytest.mark.parametrize("name", ["", "x" * 61, "a\nb", "a\u0007b", "a\u007fb", "\u0000", "a\u0085b", "\u200b", "\u3164",
    "\u2800", "\ufeff", "a\u202eb", "\u2066a", "🏴\U000e0067"], ids=repr)
def test_display_names_that_are_none(api: httpx.Client, name: str) -> None:
    assert_problem(signup(api, display_name=name), 400, "invalid_field", "display_name")


@pytest.mark.parametrize("name", ["x", "x" * 60, "🐦" * 60, "<b>&amp;\"'", "עברית", "👩‍👩‍👧", "हिन्दी"], ids=repr)
def test_display_names_come_back_as_given(api: httpx.Client, name: str) -> None:
    assert expect(signup(api, display_name=name), 201).json()["user"]["display_name"] == name


def test_login_does_not_tell_who_exists(api: httpx.Client, alice: User) -> None:
    """Unknown handle and wrong password: the same answer, to the byte but for the request id."""
    def attempt(handle: str) -> tuple[int, dict[str, object], list[str]]:
        answer = api.post("/v1/auth/login", json={"handle": handle, "password": "wrong password"})
        problem = assert_problem(answer, 401, "invalid_credentials")
        return answer.status_code, {k: v for k, v in problem.items() if k != "request_id"}, sorted(answer.headers)

    assert attempt(alice.handle) == attempt(unique_handle("nobody"))


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


def test_refresh_rotates(api: httpx.Client, alice: User) -> None:
    """A new pair of tokens; the new ones work."""
    session = expect(refresh(api, alice.session["refresh_token"]), 200).json()
    assert session["user"]["id"] == alice.id
    assert session["refresh_token"] != alice.session["refresh_token"]
    assert session["access_token"] != alice.token
    with http_client(alice.server.url, session["access_token"]) as http:
        expect(http.get("/v1/me"), 200)
    expect(refresh(api, session["refresh_token"]), 200)


def test_a_spent_refresh_token_ends_the_family(api: httpx.Client, alice: User) -> None:
    """Whoever stole the chain loses it with the owner; other sessions of the user go on."""
    other = alice.login()
    newer = expect(refresh(api, alice.session["refresh_token"]), 200).json()
    half_a_minute_passes(alice.server, alice.session["refresh_token"])
    assert_problem(refresh(api, alice.session["refresh_token"]), 401, "token_reused")
    assert refresh(api, newer["refresh_token"]).status_code == 401
    with http_client(alice.server.url, newer["access_token"]) as http:
        eventually(lambda: http.get("/v1/me").status_code == 401, 1, "the end of the access token")
    expect(other.http.get("/v1/me"), 200)
    expect(refresh(api, other.session["refresh_token"]), 200)
    other.close()


def test_refreshes_at_once_get_one_session(api: httpx.Client, alice: User) -> None:
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: refresh(api, alice.session["refresh_token"]), range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.content for answer in answers}) == 1


def test_altered_refresh_tokens(api: httpx.Client, alice: User) -> None:
    for token in [*alterations(alice.session["refresh_token"]), "", "x", alice.token]:
        assert refresh(api, token).status_code in (400, 401), token
    expect(refresh(api, alice.session["refresh_token"]), 200)


def test_logout_ends_the_session_and_no_other(api: httpx.Client, alice: User) -> None:
    other = alice.login()
    expect(api.post("/v1/auth/logout", json={"refresh_token": alice.session["refresh_token"]}), 204)
    eventually(lambda: alice.http.get("/v1/me").status_code == 401, 1, "the end of the access token")
    assert_problem(alice.http.get("/v1/me"), 401, "unauthenticated")
    assert refresh(api, alice.session["refresh_token"]).status_code == 401
    expect(other.http.get("/v1/me"), 200)
    other.close()


def test_forged_access_tokens(api: httpx.Client, server: Server, alice: User, make_user: MakeUser) -> None:
    """Nothing but the server's own signature over these very claims opens a session."""
    header, claims, signature = alice.token.split(".")
    mallory = make_user("mallory").token.split(".")
    none = [base64url(f'{{"alg":"{name}","typ":"JWT"}}'.encode()) for name in ("none", "None", "HS256", "RS256")]
    forged = [f"{name}.{claims}.{tail}" for name in none[:2] for tail in ("", signature)]
    forged += [f"{header}.{claims}.{mallory[2]}", f"{header}.{claims}.", f"{header}.{claims}", f"{header}..{signature}"]
    forged += [f"{header}.{base64url(b'{}')}.{signature}", f"{alice.token}.x", f"{alice.token}A", alice.token[:-4]]
    forged += [f"{header}.{mallory[1]}.{signature}", f"{none[3]}.{claims}.{signature}"]
    forged += [f"{header}.{claims}.{'A' * len(signature)}"]
    for token in forged:
        assert_problem(api.get("/v1/me", headers={"Authorization": f"Bearer {token}"}), 401, "unauthenticated")
    expect(alice.http.get("/v1/me"), 200)
