"""Log-in by OpenID Connect: there and back, and what clients and operators may not do."""

# ruff: noqa: F811 (fixtures)
from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from martlet_process import Server, program, run_martlet
from oidc_provider import CLIENT, SECRET, Provider, oidc_provider_mock
from oidc_site import BACK, OTHER_BACK, Site, right, site, unavailable, write_providers  # noqa: F401
from ports import free_port
from sql import rows
from support import User, assert_problem, eventually, expect, http_client

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


def test_the_operator_sees_how_many(site: Site) -> None:
    """What waits for a provider has a gauge and a limit, what became of log-ins a counter."""
    def number(series: str) -> int:
        text = expect(site.http.get("/metrics"), 200).text
        return int(re.search(rf"^{re.escape(series)} (\d+)$", text, re.M)[1])

    assert number('martlet_queue_limit{queue="provider_two"}') == 32 and number('martlet_queue_length{queue="provider_two"}') == 0
    results = {result: f'martlet_provider_log_ins_total{{provider="two",result="{result}"}}' for result in ("done", "refused", "unavailable")}
    before = {result: number(series) for result, series in results.items()}
    expect(site.log_in("counted", "two"), 201)
    assert_problem(site.finish("made up", site.start("two")["state"], "two"), 401, "invalid_credentials")
    after = {result: number(series) - before[result] for result, series in results.items()}
    assert after == {"done": 1, "refused": 1, "unavailable": 0}


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
        if "redis" in program(pid):
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
