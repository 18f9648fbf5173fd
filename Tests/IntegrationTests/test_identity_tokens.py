"""Attacks on access tokens by REST, event stream and WebSocket, one of each kind. Who signs here has the server's own key,
unless the test is about keys. What a token may say is told in Tests/CryptoTests/AccessTokenTests.swift."""

from __future__ import annotations

import base64
import json
import socket
import time
from typing import Iterator

import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from identity import (HEADER, Forger, assert_accepted, assert_refused, assert_refused_by_websocket, bearer, derived_key,
                      show_to_rest, siblings, signed, ticket_of)
from martlet_process import Server
from sse_client import Sse
from support import User, assert_problem, base64url, http_client, jwt_parts


@pytest.fixture
def forger(alice: User) -> Forger:
    """Signs what it likes; the control shows that nothing but the content is wrong with what is refused."""
    forger = Forger(alice)
    assert_accepted(alice.server, forger.sign())
    return forger


@pytest.mark.parametrize("algorithm", [
    "none", "HS384",
])
def test_another_algorithm(forger: Forger, algorithm: str) -> None:
    """Whatever the header says, only the one header of this server is taken: unsigned, or signed with its own key."""
    header = json.dumps({"alg": algorithm, "typ": "JWT"}, separators=(",", ":")).encode()
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(algorithm, "sha256")
    token = forger.sign(header, digest)
    assert_refused(forger.user, token)
    assert_refused(forger.user, token.rsplit(".", 1)[0] + ".")


@pytest.mark.parametrize("name", ["kid", "jku", "jwk"])
def test_keys_named_by_the_header(forger: Forger, name: str) -> None:
    """A header that names a key is refused, and nobody goes to look for that key."""
    with socket.create_server(("127.0.0.1", 0)) as bait:
        url = f"http://127.0.0.1:{bait.getsockname()[1]}/keys"
        secret = b"the attacker's own key"
        key = {"kty": "oct", "k": base64url(secret), "kid": "mine"}
        value = {"kid": "../../../../dev/null", "jku": url, "x5u": url, "jwk": key, "x5c": [base64url(secret)]}[name]
        header = json.dumps({"alg": "HS256", "typ": "JWT", name: value}, separators=(",", ":")).encode()
        claims = json.dumps(forger.claims).encode()
        for token in (forger.sign(header), signed(secret, claims, header), signed(b"", claims, header)):
            assert_refused(forger.user, token)
        bait.setblocking(False)
        with pytest.raises(BlockingIOError):
            bait.accept()


def test_other_keys(forger: Forger) -> None:
    """No key that somebody could know, and none that this server has for another purpose."""
    server, claims = forger.user.server, json.dumps(forger.claims).encode()
    keys = [b"", b"\0" * 32, b"secret", b"martlet", b"access tokens", HEADER, forger.user.id.encode(), forger.key[:31],
            forger.key + b"\1", (server.data / "secret").read_bytes()]
    keys += [derived_key(server, purpose) for purpose in ("tickets", "cursors", "idempotent answers", "idempotent requests", "")]
    keys += [json.dumps({"kty": "RSA", "n": "AQAB", "e": "AQAB"}).encode(), b"-----BEGIN PUBLIC KEY-----\n"]
    for key in keys:
        assert_problem(show_to_rest(server, signed(key, claims)), 401, "unauthenticated")
    assert_refused(forger.user, signed(keys[0], claims))


@pytest.fixture
def another_server() -> Iterator[Server]:
    """With a secret of its own, which others have from where they were copied from."""
    another = Server()
    try:
        yield another.start(copies=False)
    finally:
        another.remove()


def test_a_token_of_another_installation(forger: Forger, another_server: Server, make_user: MakeUser) -> None:
    """Each installation has a secret of its own, so tokens, tickets and cursors of one open nothing in another."""
    stranger = make_user("stranger", on=another_server)
    Forger(stranger)
    assert_accepted(another_server, stranger.token)
    assert_refused(forger.user, stranger.token)
    # Not even for the user and session of that name here.
    there = signed(derived_key(another_server, "access tokens"), json.dumps(forger.claims).encode())
    assert_refused(forger.user, there)
    with Sse(forger.user.server, ticket=ticket_of(stranger)) as stream:
        assert_problem(stream, 401, "unauthenticated")
    for name in ("since", "cursor"):
        answer = forger.user.http.get("/v1/feed", params={name: stranger.feed()["live"]})
        assert_problem(answer, 400, "invalid_cursor")


def test_what_is_no_access_token(forger: Forger) -> None:
    """Secrets of other kinds are not taken for one."""
    user = forger.user
    for text in (user.session["refresh_token"], ticket_of(user), user.feed()["live"], user.id, user.password):
        assert_refused(user, text)


@pytest.mark.parametrize("age", [0, 3600])
def test_an_expired_token(forger: Forger, age: int) -> None:
    now = int(time.time())
    assert_refused(forger.user, forger.sign(iat=now - age - 900, exp=now - age), "token_expired")


def test_a_token_that_ends_in_a_moment(forger: Forger) -> None:
    """It is good until then, and not a second longer; what says that it has ended says so only with a good signature."""
    end = int(time.time()) + 3
    token = forger.sign(exp=end)
    assert show_to_rest(forger.user.server, token).status_code == 200 or time.time() >= end
    time.sleep(max(0, end - time.time()) + 0.01)
    assert_refused(forger.user, token, "token_expired")
    assert_refused(forger.user, token[:-4] + "AAAA")


@pytest.mark.parametrize("ahead", [120, 2**53])
def test_a_token_from_the_future(forger: Forger, ahead: int) -> None:
    """Clocks of two processes may differ by a minute; more than that is no clock."""
    now = int(time.time())
    assert_accepted(forger.user.server, forger.sign(iat=now + 30, exp=now + 930))
    assert_refused(forger.user, forger.sign(iat=now + ahead, exp=now + ahead + 900))


@pytest.mark.parametrize("changed", [
    {"aud": "martlet"}, {"iss": "other"}, {"sub": 1},
], ids=repr)
def test_another_issuer_audience_or_purpose(forger: Forger, changed: dict[str, object]) -> None:
    """A token says exactly what this server's tokens say: one that was made for somebody else says more, or other things."""
    assert_refused(forger.user, forger.sign(**changed))


def test_other_spellings_of_a_good_token(forger: Forger) -> None:
    """One text for one token: a list of refused tokens, or a log, must not be passed by with a second spelling."""
    token = forger.sign()
    spellings = {token.replace(part, other) for part in token.split(".") for other in siblings(part)}
    assert len(spellings) > 20
    # The last character of a signature has two bits that say nothing; a lax decoder takes four spellings.
    signature = token.rsplit(".", 1)[1]
    assert sum(len(other) == len(signature) for other in siblings(signature)) >= 3
    for other in spellings:
        assert_problem(show_to_rest(forger.user.server, other), 401, "unauthenticated")
    for other in sorted(spellings)[::4]:
        assert_refused_by_websocket(forger.user, other)


def test_white_space(forger: Forger) -> None:
    """None within the token; that around a header's value belongs to HTTP, that in a WebSocket's JSON to nobody."""
    token = forger.sign()
    for other in (f"{token[:20]} {token[20:]}", token.replace(".", ". "), f"\t{token}", f"{token} x", f"\xa0{token}", f"{token}\xa0"):
        assert_problem(show_to_rest(forger.user.server, other), 401, "unauthenticated")
    for other in (f" {token}", f"{token} ", f"{token}\n", f"{token}\0", f"\ufeff{token}", f"Bearer {token}"):
        assert_refused_by_websocket(forger.user, other)


@pytest.mark.parametrize("size", [1025, 2500])
def test_a_huge_token(forger: Forger, size: int) -> None:
    """Longer than any of this server's, though its signature is good."""
    huge = forger.sign(jti="x" * size)
    assert_refused(forger.user, huge)
    dots = "." * size
    assert_refused(forger.user, dots)


def test_a_token_longer_than_a_message_may_be(forger: Forger) -> None:
    """4 KB before `connect`, 24 KB after it; told from the frame's header."""
    huge = forger.sign(jti="x" * 8000)
    assert_problem(show_to_rest(forger.user.server, huge), 401, "unauthenticated")
    with Centrifugo(forger.user.server) as client, Centrifugo.of(forger.user) as open_connection:
        client.command(connect={"token": huge})
        open_connection.command(refresh={"token": huge * 3})
        assert client.closed(5)[0] == 1009 and open_connection.closed(5)[0] == 1009


def test_a_token_larger_than_a_header_may_be(forger: Forger) -> None:
    with http_client(forger.user.server.url) as http:
        answer = http.get("/v1/me", headers=bearer(forger.sign(jti="x" * 60_000)))
    assert_problem(answer, 431, "header_too_large")


def test_a_changed_claim(forger: Forger, make_user: MakeUser) -> None:
    """Without the key: the claims of another user, or of another day, under the signature of one's own."""
    mallory = make_user("mallory")
    header, claims, signature = mallory.token.split(".")
    for changed in ({"sub": forger.user.id}, {"exp": 2**40}, {"sid": forger.claims["sid"]}):
        altered = base64url(json.dumps(jwt_parts(mallory.token)[1] | changed, separators=(",", ":")).encode())
        assert_refused(forger.user, f"{header}.{altered}.{signature}")
    raw = bytearray(base64.urlsafe_b64decode(signature + "="))
    for index in range(len(raw)):
        raw[index] ^= 1
        assert_problem(show_to_rest(mallory.server, f"{header}.{claims}.{base64url(bytes(raw))}"), 401, "unauthenticated")
        raw[index] ^= 1
    for length in range(0, 32, 8):
        assert_problem(show_to_rest(mallory.server, f"{header}.{claims}.{base64url(bytes(raw[:length]))}"), 401, "unauthenticated")
