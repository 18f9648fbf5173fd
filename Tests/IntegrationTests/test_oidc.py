"""Log-in by OpenID Connect, with providers that run here: one of another project, and one that breaks the rules on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from martlet_process import Server, run_martlet
from oidc_provider import CLIENT, MAKE_KEY, SECRET, Answer, Provider, oidc_provider_mock, unsigned
from ports import free_port
from sql import rows
from support import User, assert_problem, eventually, expect, http_client

BACK = "https://app.example/back"
OTHER_BACK = "com.example.app:/back"


def write_providers(folder: Path, **providers: Any) -> Path:
    """The operator's file: a provider's issuer, with what else is said of it."""
    path = folder / "providers.json"
    (folder / "client-secret").write_text(SECRET + "\n")
    path.write_text(json.dumps({"providers": [
        {"name": name, "client_id": CLIENT, "redirects": [BACK, OTHER_BACK]} | entry for name, entry in providers.items()]}))
    for file in (path, folder / "client-secret"):
        file.chmod(0o600)
    return path


class Site:
    """A server with three providers: one for each way of signing and of saying who the client is."""

    def __init__(self) -> None:
        self.one, self.two, self.public = Provider("RS256"), Provider("ES256"), Provider("EdDSA", secret=None)
        self.two.auth_methods = ["client_secret_post"]
        self.server = Server()
        self.server.settings |= {
            "MARTLET_OIDC_LOOPBACK": "on",
            "MARTLET_OIDC_PROVIDERS": str(write_providers(
                self.server.home, one={"issuer": self.one.issuer, "client_secret_file": "client-secret", "title": "One"},
                two={"issuer": self.two.issuer, "client_secret": SECRET}, public={"issuer": self.public.issuer})),
        }
        self.server.start()
        self.http = http_client(self.server.url)

    def provider(self, name: str) -> Provider:
        return getattr(self, name)

    def start(self, name: str = "one", redirect: str = BACK) -> dict[str, str]:
        return expect(self.http.post(f"/v1/auth/oidc/{name}/start", json={"redirect": redirect}), 200).json()

    def finish(self, code: str, state: str, name: str = "one", **headers: str) -> httpx.Response:
        return self.http.post(f"/v1/auth/oidc/{name}/finish", json={"code": code, "state": state}, headers=headers)

    def at_provider(self, subject: str, name: str = "one", redirect: str = BACK) -> tuple[str, str]:
        """Up to the way back: the code and the state."""
        begun = self.start(name, redirect)
        code, state = self.provider(name).authorize(begun["url"], subject)
        assert state == begun["state"]
        return code, state

    def log_in(self, subject: str, name: str = "one", redirect: str = BACK) -> httpx.Response:
        return self.finish(*self.at_provider(subject, name, redirect), name)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    try:
        yield made
        log = made.server.log.read_text()
        assert SECRET not in log and "ada@example.com" not in log and "the provider's own words" not in log
    finally:
        made.server.remove()
        for provider in (made.one, made.two, made.public):
            provider.stop()


@pytest.fixture(autouse=True)
def right(site: Site) -> None:
    for provider in (site.one, site.two, site.public):
        provider.right()


# What is right


@pytest.mark.parametrize("name", ["one", "two", "public"])
def test_a_new_account_and_then_the_same(site: Site, name: str) -> None:
    for redirect in (BACK, OTHER_BACK):
        first = expect(site.log_in("ada" + redirect, name, redirect), 201).json()
        assert re.fullmatch("anon_[a-z0-9]{12}", first["user"]["handle"]) and "recovery_code" not in first
        again = expect(site.log_in("ada" + redirect, name, redirect), 200).json()
        assert again["user"]["id"] == first["user"]["id"] and again["refresh_token"] != first["refresh_token"]
    user = User.of_session(site.server, again)
    expect(user.http.post("/v1/posts", json={"text": "hello"}), 201)
    user.close()


def test_nothing_of_the_person_is_stored(site: Site) -> None:
    """Neither `sub` nor a claim, in no column of any table."""
    session = expect(site.log_in("subject-to-look-for"), 201).json()
    dump = subprocess.run(
        ["pg_dump", "-h", (site.server.data / "postgres").resolve(), "-U", "martlet", "martlet", "--data-only", "--inserts"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert dump.returncode == 0 and session["user"]["id"] in dump.stdout, dump.stderr
    for text in ("subject-to-look-for", "Lovelace", "ada@example.com", SECRET, "python-httpx"):
        assert text not in dump.stdout


def test_a_list_for_buttons(site: Site) -> None:
    items = expect(site.http.get("/v1/auth/oidc"), 200).json()["items"]
    assert [(item["name"], item["title"]) for item in items] == [("one", "One"), ("two", "two"), ("public", "public")]
    assert all(item["redirects"] == [BACK, OTHER_BACK] for item in items) and CLIENT not in str(items)


def test_many_at_once_are_one(site: Site) -> None:
    ways = [site.at_provider("all at once") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda way: site.finish(*way), ways))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1


def test_the_same_answer_for_a_key(site: Site) -> None:
    way = site.at_provider("by key")
    first, second = (site.finish(*way, **{"Idempotency-Key": "k" * 30}) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"


def test_another_secret_of_the_site(site: Site) -> None:
    """People still get in: what they are known by has a key of its own."""
    first = expect(site.log_in("outlives the secret"), 201).json()
    assert site.server.stop() == 0
    site.server.settings["MARTLET_SECRET"] = "another secret, which is as long as it has to be"
    site.server.start()
    assert expect(site.log_in("outlives the secret"), 200).json()["user"]["id"] == first["user"]["id"]


def test_a_young_session_confirms(site: Site) -> None:
    user = User.of_session(site.server, expect(site.log_in("confirms"), 201).json())
    rows(site.server, f"UPDATE sessions SET opened_at = now() - interval '10 minutes' WHERE user_id = {user.id}")
    problem = assert_problem(user.http.post("/v1/me/deletion", json={}), 403, "password_required")
    assert "log in" in problem["detail"]
    young = User.of_session(site.server, expect(site.log_in("confirms"), 200).json())
    expect(young.http.post("/v1/me/deletion?grace=0", json={}), 202)
    for session in (user, young):
        session.close()

    def is_new() -> bool:
        answer = site.log_in("confirms")
        return answer.status_code == 201 and answer.json()["user"]["id"] != user.id

    eventually(is_new, 30, "an account anew, once the one before is erased")


# What is refused: first what the client brings


def test_redirects(site: Site) -> None:
    for redirect in (BACK + "/", BACK[:-1], BACK.upper(), "https://evil.example", ""):
        assert_problem(site.http.post("/v1/auth/oidc/one/start", json={"redirect": redirect}), 400, "invalid_field", "redirect")


def test_states_are_used_once(site: Site) -> None:
    way = site.at_provider("once")
    expect(site.finish(*way), 201)
    asked = len(site.one.exchanges)
    assert_problem(site.finish(*way), 400, "invalid_field", "state")
    assert_problem(site.finish("another code", way[1]), 400, "invalid_field", "state")
    assert len(site.one.exchanges) == asked, "a log-in that is done was brought to the provider"


def test_another_process_finishes(site: Site) -> None:
    """What one has begun, and knows of no more; and what is done is done for all, whatever Redis has lost."""
    way = site.at_provider("two processes")
    assert site.server.stop() == 0
    site.server.start()
    expect(site.finish(*way), 201)
    site.server.kill()
    for pid in site.server.leftovers():
        if "redis" in Path(f"/proc/{pid}/comm").read_text():
            os.kill(pid, signal.SIGKILL)
    site.server.start()
    assert_problem(site.finish(*way), 400, "invalid_field", "state")
    expect(site.log_in("two processes"), 200)


def test_states_of_others(site: Site) -> None:
    code, state = site.at_provider("not here", "two")
    assert_problem(site.finish(code, state, "one"), 400, "invalid_field", "state")
    for bad in (state[:-1], state + "A", state[:40] + ("A" if state[40] != "A" else "B") + state[41:], "", "A" * 10_000):
        assert_problem(site.finish(code, bad, "two"), 400, "invalid_field", "state")
    assert_problem(site.finish(code, state, "nobody"), 404, "not_found")
    expect(site.finish(code, state, "two"), 201)


def test_codes(site: Site) -> None:
    code, state = site.at_provider("codes")
    refused = assert_problem(site.finish("made up", state), 401, "invalid_credentials", "code")
    assert "own words" not in str(refused)
    # A code of another log-in has another challenge, and its token another nonce.
    other, _ = site.at_provider("codes")
    assert_problem(site.finish(other, state), 401, "invalid_credentials", "code")
    expect(site.finish(code, state), 201)


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


@pytest.fixture
def fresh() -> Iterator[Site]:
    """Providers that nothing is known of yet."""
    made = Site()
    try:
        yield made
    finally:
        made.server.remove()
        for provider in (made.one, made.two, made.public):
            provider.stop()


def unavailable(answer: httpx.Response) -> None:
    problem = assert_problem(answer, 503, ("provider_unavailable", "overloaded"))
    assert int(answer.headers["Retry-After"]) in range(1, 11)
    assert "own words" not in str(problem) and "127.0.0.1" not in str(problem)


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


def test_tls_is_checked(tmp_path: Path) -> None:
    """Without a certificate that the system trusts no provider is believed; and plain http is for tests alone."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    provider, plain = Provider(tls=context), Provider()
    server = Server()
    server.settings["MARTLET_OIDC_PROVIDERS"] = str(write_providers(server.home, one={"issuer": provider.issuer}))
    try:
        server.start()
        with http_client(server.url) as http:
            unavailable(http.post("/v1/auth/oidc/one/start", json={"redirect": BACK}))
        assert not provider.asked
        eventually(lambda: '"reason":"unreachable"' in server.log.read_text(), 5, "why, in the log")
        server.stop()
        write_providers(server.home, one={"issuer": plain.issuer})
        done = run_martlet("serve", **server.settings)
        assert done.returncode == 2 and "MARTLET_OIDC_PROVIDERS" in done.stderr and "providers[0].issuer" in done.stderr
    finally:
        server.remove()
        provider.stop()
        plain.stop()


@pytest.mark.parametrize(("text", "names"), [
    (None, "can't be read"), ("{", "no JSON"), ('{"providers":[{}]}', "providers[0].name"), ('{"provider":[]}', "providers"),
    ('{"providers":[{"name":"a","issuer":"https://i.example","client_id":"c","client_secret_file":"nothing","redirects":["https://a.example"]}]}',
     "providers[0].client_secret_file"),
    ('{"providers":[{"name":"a","issuer":"https://i.example","client_id":"c","client_secret":"hunter2\\u00e9","redirects":["https://a.example"]}]}',
     "providers[0].client_secret"),
    ('{"providers":[{"name":"a","issuer":"https://i.example","client_id":"c","redirects":["http://a.example"]}]}', "providers[0].redirects[0]"),
])
def test_settings(tmp_path: Path, text: str | None, names: str) -> None:
    path = tmp_path / "providers.json"
    if text is not None:
        path.write_text(text)
    done = run_martlet(
        "serve", MARTLET_PORT=str(free_port()), MARTLET_DATA=str(tmp_path / "data"), MARTLET_OIDC_PROVIDERS=str(path))
    assert done.returncode == 2 and "MARTLET_OIDC_PROVIDERS" in done.stderr and names in done.stderr, done.stderr
    assert "hunter2" not in done.stderr and not (tmp_path / "data").exists()


# A provider of another project


def test_a_provider_of_others() -> None:
    """oidc-provider-mock, with Authlib."""
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as mock:
        issuer = f"http://localhost:{mock.server_port}"
        server = Server()
        server.settings |= {
            "MARTLET_OIDC_LOOPBACK": "on",
            "MARTLET_OIDC_PROVIDERS": str(write_providers(server.home, mock={"issuer": issuer, "client_secret": SECRET})),
        }
        try:
            server.start()
            with http_client(server.url) as http:
                ids = []
                for status in (201, 200):
                    begun = expect(http.post("/v1/auth/oidc/mock/start", json={"redirect": BACK}), 200).json()
                    sent = httpx.post(begun["url"], data={"sub": "ada"}, trust_env=False)
                    assert sent.status_code == 302, sent.text
                    back = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
                    assert sent.headers["Location"].startswith(BACK) and back["state"] == begun["state"]
                    answer = http.post("/v1/auth/oidc/mock/finish", json={"code": back["code"], "state": back["state"]})
                    ids.append(expect(answer, status).json()["user"]["id"])
                assert ids[0] == ids[1]
        finally:
            server.remove()
