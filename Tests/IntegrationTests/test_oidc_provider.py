"""Log-in by OpenID Connect: what a provider may not say, and that it may be slow, or away."""

# ruff: noqa: F811 (fixtures)
from __future__ import annotations

import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest

from oidc_provider import CLIENT, MAKE_KEY, Answer, Provider, unsigned
from oidc_site import BACK, Site, fresh, right, site, unavailable  # noqa: F401
from support import assert_problem, eventually, expect

# Then what the provider says

NOW = time.time
CLAIMS: list[tuple[str, dict[str, Any]]] = [
    ("issuer", {"iss": "http://127.0.0.1:1"}), ("issuer", {"iss": None}),
    ("audience", {"aud": "another"}), ("audience", {"aud": [CLIENT, "another"]}), ("audience", {"azp": "another"}),
    ("nonce", {"nonce": "another"}), ("nonce", {"nonce": None}),
    ("expired", {"exp": int(NOW()) - 120}), ("time", {"iat": int(NOW()) + 3600}), ("time", {"iat": int(NOW()) - 3600}),
    ("malformed", {"exp": None}), ("subject", {"sub": None}), ("subject", {"sub": ""}), ("malformed", {"padding": "x" * 20_000}),
]


def refused(site: Site, reason: str, name: str = "one") -> None:
    """Whoever comes back is not let in, and the operator learns the class of the failure."""
    begin = len(site.server.log.read_text())
    answer = site.log_in("refused", name)
    assert_problem(answer, 401, "invalid_credentials")
    expected = f'"event":"provider.failed","provider":"{name}","reason":"token_{reason}"'
    eventually(lambda: expected in site.server.log.read_text()[begin:], 5, expected)
    provider = site.provider(name)
    provider.right()
    assert site.log_in("refused " + reason, name).status_code in (200, 201)


@pytest.mark.parametrize(("reason", "claims"), CLAIMS)
def test_claims(site: Site, reason: str, claims: dict[str, Any]) -> None:
    site.one.claims = claims
    refused(site, reason)


def test_several_audiences(site: Site) -> None:
    site.one.claims = {"aud": ["another", CLIENT], "azp": CLIENT}
    expect(site.log_in("several"), 201)


def hmac_by_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    kid, key = provider.keys[0]
    signed = unsigned(claims, {"alg": "HS256", "kid": kid}).rsplit(".", 1)[0]
    pem = key.as_pem(private=False)
    return unsigned(claims, {"alg": "HS256", "kid": kid}, hmac.new(pem, signed.encode(), hashlib.sha256).digest())


@pytest.mark.parametrize("name", ["one", "two", "public"])
@pytest.mark.parametrize(("reason", "forge"), [
    ("algorithm", lambda p, c: unsigned(c, {"alg": "none"})),
    ("algorithm", hmac_by_public_key),
    ("signature", lambda p, c: p.token(c)[:-8] + "AAAAAAAA"),
    ("signature", lambda p, c: p.token(c, (p.keys[0][0], MAKE_KEY[p.algorithm]()))),
    ("signature", lambda p, c: unsigned(c, {"alg": p.algorithm, "kid": p.keys[0][0]})),
    ("malformed", lambda p, c: p.token(c) + "."),
    ("malformed", lambda p, c: "no token"),
], ids=["none", "HS256", "altered", "another-key", "no-signature", "four-parts", "no-token"])
def test_signatures(site: Site, name: str, reason: str, forge: Callable[[Provider, dict[str, Any]], str]) -> None:
    provider = site.provider(name)
    provider.sign = lambda claims: forge(provider, claims)
    refused(site, reason, name)


def test_a_rotated_key(site: Site) -> None:
    expect(site.log_in("before the rotation", "two"), 201)
    old = site.two.keys[0]
    site.two.rotate()
    expect(site.log_in("behind the rotation", "two"), 201)
    # The old one is withdrawn, and whoever still signs by it does not have the keys fetched each time.
    site.two.sign = lambda claims: site.two.token(claims, old)
    fetched = site.two.asked.count("/keys")
    for _ in range(6):
        assert_problem(site.log_in("by the old key", "two"), 401, "invalid_credentials")
    assert site.two.asked.count("/keys") - fetched <= 3
    site.two.right()
    expect(site.log_in("behind the rotation", "two"), 200)


# And how it says that, or does not


def test_bad_answers_to_a_code(site: Site) -> None:
    for answer in (
        Answer(500, b'{"error":"the provider\'s own words"}'), Answer(302, headers={"Location": site.one.issuer + "/elsewhere"}),
        Answer(200, b"<html>"), Answer(200, b"{}"), Answer(200, b'{"id_token":7}'), Answer(200, b'{"id_token":"a","id_token":"b"}'),
        Answer(400, b'{"error":"invalid_client"}'), Answer(401, b"the provider's own words"),
        Answer(200, b" " * 200_000), Answer(200, b"{}", {"X": "x" * 90_000, "Y": "y" * 90_000, "Z": "z" * 90_000}),
    ):
        code, state = site.at_provider("bad answers")
        site.one.answers = {"/token": answer}
        unavailable(site.finish(code, state))
        # The same may be tried again.
        site.one.right()
        assert site.finish(code, state).status_code in (200, 201)
    assert "/elsewhere" not in site.one.asked


def test_bad_documents(fresh: Site) -> None:
    path = "/.well-known/openid-configuration"
    right = fresh.one.document()
    for change in ({"issuer": right["issuer"] + "/"}, {"token_endpoint": "http://192.0.2.1/token"}, {"jwks_uri": "file:///etc/passwd"},
                   {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": None}):
        fresh.one.answers = {path: Answer(body=json.dumps(right | change).encode())}
        unavailable(fresh.http.post("/v1/auth/oidc/one/start", json={"redirect": BACK}))
    for answer in (Answer(404), Answer(200, b"["), Answer(200, b"x" * 10_000_000), Answer(301, headers={"Location": "/"})):
        fresh.one.answers = {path: answer}
        unavailable(fresh.http.post("/v1/auth/oidc/one/start", json={"redirect": BACK}))
    fresh.one.right()
    code, state = fresh.at_provider("documents")
    for answer in (Answer(200, b"[]"), Answer(200, b'{"keys":' + b"[" * 50), Answer(500), Answer(200, b"x" * 10_000_000)):
        fresh.one.answers = {"/keys": answer}
        unavailable(fresh.finish(code, state))
        fresh.one.right()
        code, state = fresh.at_provider("documents")
    expect(fresh.finish(code, state), 201)


def test_away_and_back(fresh: Site) -> None:
    way = fresh.at_provider("away")
    fresh.one.stop()
    begin = time.monotonic()
    unavailable(fresh.finish(*way))
    unavailable(fresh.finish(*way))
    assert time.monotonic() - begin < 5
    assert fresh.log_in("meanwhile", "two").status_code == 201
    fresh.one.start_again()
    eventually(lambda: fresh.finish(*way).status_code == 201, 15, "a log-in by the provider that is back")


@pytest.mark.slow
def test_nobody_waits_for_a_slow_one(fresh: Site) -> None:
    """It takes a connection and says nothing, or a byte now and then: a bounded time for who logs in by it, none for others."""
    ways = [fresh.at_provider("slow") for _ in range(12)]
    fresh.one.answers = {"/token": Answer(body=b"{" + b" " * 10_000 + b"}", drip=0.3)}
    others: list[float] = []
    with ThreadPoolExecutor(12) as pool:
        begin = time.monotonic()

        def finish(way: tuple[str, str]) -> float:
            unavailable(fresh.finish(*way))
            return time.monotonic() - begin

        waiting = [pool.submit(finish, way) for way in ways]
        while not all(one.done() for one in waiting):
            asked = time.monotonic()
            expect(fresh.http.get("/v1/auth/oidc"), 200)
            assert fresh.log_in("quick", "public").status_code in (200, 201)
            others.append(time.monotonic() - asked)
            time.sleep(0.1)
        took = [one.result() for one in waiting]
    assert max(took) < 15, took
    assert len(others) > 5 and max(others) < 3, others
