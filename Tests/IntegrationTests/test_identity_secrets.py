"""Secrets stay where they belong: not in a log, not in the data folder, not on a command line."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from centrifugo_client import Centrifugo
from identity import half_a_minute_passes, sha256, ticket_of
from martlet_process import Server
from raw_http import RawHttp
from raw_ws import BINARY, close_code, frame, open_websocket
from sql import rows
from sse_client import Sse
from support import User, eventually, expect, http_client, unique_handle

PASSWORD, WRONG = "tr0ub4dor-and-3-and-more", "wr0ng-p4ssword-of-nobody"
CONTROL = "a-post-that-anybody-may-read"


class Secrets:
    """All that was secret in this run, and how each of them may look."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add(self, name: str, text: str) -> str:
        self.texts[f"{name} {len(self.texts)}"] = text
        return text

    def session(self, answer: httpx.Response) -> dict[str, str]:
        session = answer.json()
        self.add("refresh token", session["refresh_token"])
        self.add("access token", session["access_token"])
        return session

    def found_in(self, content: bytes) -> list[str]:
        return [name for name, text in self.texts.items() for form in forms(text) if form in content]


def forms(text: str) -> Iterator[bytes]:
    """As it is; of a JWT the parts that nobody may know; encoded in the ways of logs and of hurry."""
    raw = text.encode()
    yield text.rsplit(".", 1)[-1].encode()
    if text.count(".") == 2:
        yield text.split(".")[1].encode()
    yield base64.b64encode(raw).rstrip(b"=")[:-2]
    yield raw.hex().encode()
    yield hashlib.sha1(raw).hexdigest().encode()


@pytest.fixture
def verbose(event_log: Callable[[], dict[str, str]]) -> Iterator[Server]:
    own = Server(MARTLET_LOG_LEVEL="debug", MARTLET_PASSWORD_COST="1", **event_log())
    try:
        yield own.start()
    finally:
        own.remove()


def use_accounts(server: Server, secrets: Secrets) -> User:
    """Sign-up, log-in, refresh, each of them well and badly, some under an idempotency key."""
    handle = unique_handle("secretive")
    secrets.add("password", PASSWORD), secrets.add("wrong password", WRONG)
    with http_client(server.url) as http:
        def call(route: str, status: int, **body: str) -> httpx.Response:
            key = {"Idempotency-Key": unique_handle("key")}
            return expect(http.post(f"/v1/auth/{route}", json=body, headers=key), status)

        session = secrets.session(call("signup", 201, handle=handle, password=PASSWORD))
        call("signup", 409, handle=handle, password=PASSWORD)
        call("signup", 400, handle="no handle", password=PASSWORD)
        call("signup", 400, handle=handle, password=PASSWORD, display_name="\n")
        call("login", 401, handle=handle, password=WRONG)
        call("login", 401, handle=unique_handle("nobody"), password=WRONG)
        # A password in the wrong field, as people do it.
        call("login", 401, handle=PASSWORD, password=handle)
        call("login", 400, handle=handle, **{PASSWORD: "x"})
        session = secrets.session(call("login", 200, handle=handle, password=PASSWORD))
        spent = session["refresh_token"]
        session = secrets.session(call("refresh", 200, refresh_token=spent))
        call("refresh", 200, refresh_token=spent)
        half_a_minute_passes(server, spent)
        call("refresh", 401, refresh_token=spent)
        session = secrets.session(call("login", 200, handle=handle, password=PASSWORD))
        call("refresh", 401, refresh_token=secrets.add("guess", "g" * 43))
        call("logout", 204, refresh_token=session["refresh_token"])
        call("refresh", 401, refresh_token=session["refresh_token"])
        return User.of_session(server, secrets.session(call("login", 200, handle=handle, password=PASSWORD)), PASSWORD)


def use_live(user: User, secrets: Secrets, ended: str) -> None:
    """Tickets, event streams and WebSockets, well and badly."""
    server, ticket = user.server, secrets.add("ticket", ticket_of(user))
    with Sse(server, ticket=ticket) as stream, Centrifugo.of(user) as socket:
        last_id = stream.verdict("live").id
        post = user.post(CONTROL)["id"]
        stream.until(post), socket.until(post)
        socket.call(refresh={"token": user.token})
    for opened in (Sse(server, ticket=ticket), Sse(server, ticket=ticket, last_event_id=last_id), Sse(server, ticket=user.token),
                   Sse(server, token=ended), Sse(server, ticket=ticket[:-1]), Sse(server, token=ticket), Sse(server, since=user.token)):
        opened.close()
    for message in (json.dumps({"id": 1, "connect": {"token": ended}}), json.dumps({"id": 1, "connect": {"token": user.token[:-1]}}),
                    f'{{"id":1,"connect":{{"token":"{user.token}"', user.token, json.dumps({"id": 1, user.token: {}}),
                    json.dumps({"id": 1, "connect": {"token": user.token, "data": {"since": user.token}}}),
                    json.dumps({"id": 1, "subscribe": {"channel": user.token}})):
        for opcode in (1, BINARY):
            with open_websocket(server) as raw:
                raw.send(frame(message.encode(), opcode))
                raw.send(frame(b"\x03\xe8" + user.session["refresh_token"].encode()[:100], 8))
                close_code(raw)


def send_malformed(user: User) -> None:
    """Requests that are none, or ask for nothing, with secrets wherever one can be put."""
    server = user.server
    for secret in (user.token, user.session["refresh_token"], PASSWORD):
        with http_client(server.url, secret) as http:
            for path in (f"/v1/{secret}", f"/v1/users/@{secret}", f"/v1/me?{secret}=1", f"/v1/me?token={secret}", f"/v1/feed?cursor={secret}",
                         f"/v1/live/sse?ticket={secret}", f"/v1/live/sse?{secret}", f"/v1/live/ws?token={secret}"):
                http.get(path)
            for body in (f'{{"text":"{secret}', f'{{"{secret}":1}}', f'{{"text":{{"{secret}":1}}}}', f'"{secret}"', secret):
                for path in ("/v1/posts", "/v1/auth/login", "/v1/auth/refresh", "/v1/auth/logout"):
                    http.post(path, content=body, headers={"Content-Type": "application/json"})
            http.post("/v1/posts", json={"text": "x"}, headers={"Content-Type": secret, "Idempotency-Key": secret})
            http.request("POST", "/v1/me", headers={"X-Forwarded-For": secret, "Origin": secret, "traceparent": secret, "If-None-Match": secret})
        for broken in (f"GET /{secret} HTTP/9.9\r\n\r\n", f"{secret} / HTTP/1.1\r\n\r\n", f"GET / HTTP/1.1\r\n{secret} : x\r\n\r\n",
                       f"GET / HTTP/1.1\r\nHost: {secret}\r\nHost: x\r\n\r\n", f"GET / HTTP/1.1\r\nAuthorization: Bearer {secret}\x01\r\n\r\n",
                       f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {secret}\r\n\r\n", f"\x16\x03\x01{secret}\r\n\r\n",
                       f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret * 300}\r\n\r\n"):
            with RawHttp(server) as raw:
                raw.send_as_far_as_taken(broken.encode("latin-1"))
                raw.answer()


def fail_below(user: User) -> None:
    """PostgreSQL and Redis die while secrets are on their way; both come back."""
    server = user.server
    pids = [int((server.data / "postgres" / "cluster" / "postmaster.pid").resolve().read_text().split()[0]),
            int((server.data / "redis" / "redis.pid").resolve().read_text())]
    for pid in pids:
        os.kill(pid, signal.SIGKILL if pid == pids[1] else signal.SIGQUIT)
        with http_client(server.url) as http:
            for route, body in (("login", {"handle": user.handle, "password": PASSWORD}), ("refresh", {"refresh_token": "g" * 43}),
                                ("signup", {"handle": unique_handle("late"), "password": PASSWORD})):
                http.post(f"/v1/auth/{route}", json=body)
            http.get("/v1/feed", headers={"Authorization": f"Bearer {user.token}"})
        eventually(lambda: user.http.get("/v1/feed").status_code == 200, 30, "a server that can serve again")


@pytest.mark.both_logs
def test_no_secret_in_any_log_or_file(verbose: Server) -> None:
    """Everything that can be done with secrets, well and badly, with the most verbose log; then nothing of them is in what
    the processes have logged, on their command lines, in the metrics, or in any file of the data folder but `secret`."""
    secrets = Secrets()
    user = use_accounts(verbose, secrets)
    with http_client(verbose.url) as http:
        ended = secrets.session(expect(http.post("/v1/auth/login", json={"handle": user.handle, "password": PASSWORD}), 200))
        expect(http.post("/v1/auth/logout", json={"refresh_token": ended["refresh_token"]}), 204)
        use_live(user, secrets, ended["access_token"])
        send_malformed(user)
        fail_below(user)
        assert secrets.found_in(http.get("/metrics").content) == []
    for pid in verbose.leftovers():
        assert secrets.found_in(Path(f"/proc/{pid}/cmdline").read_bytes()) == []
    hashes = [value for row in rows(verbose, "SELECT password_hash FROM users") for value in row]
    assert hashes and all(value.startswith("$y$") for value in hashes)
    user.close()
    assert verbose.stop() == 0
    secret = verbose.data / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    secrets.add("the server's secret", secret.read_text())
    assert set(secrets.found_in(" ".join(secrets.texts.values()).encode())) == set(secrets.texts), "the search finds nothing"
    assert_clean_logs(verbose, secrets, hashes)
    assert_clean_files(verbose, secrets, secret)


def folders(server: Server) -> list[Path]:
    """The data folder, and where its links lead."""
    return [server.data, *(path.resolve() for path in server.data.iterdir() if path.is_symlink())]


def assert_clean_logs(server: Server, secrets: Secrets, hashes: list[str]) -> None:
    logs = [server.log, *(path for folder in folders(server) for path in folder.rglob("*.log") if path.is_file())]
    assert {"serve.log", "postgres.log", "redis.log"} <= {path.name for path in logs}
    own = server.log.read_bytes()
    assert b'"level":"debug"' in own and b'"event":"request.done"' in own, "the log is not at its most verbose"
    for path in logs:
        content = path.read_bytes()
        assert secrets.found_in(content) == [], path
        for value in hashes:
            assert value.encode() not in content, path


def assert_clean_files(server: Server, secrets: Secrets, secret: Path) -> None:
    """PostgreSQL's tables and its log ahead, Redis's snapshot. A post, which is no secret, is found by the same search."""
    found_control = False
    for folder in folders(server):
        for path in folder.rglob("*"):
            if not path.is_file() or path.is_symlink() or path == secret:
                continue
            content = path.read_bytes()
            found_control = found_control or CONTROL.encode() in content
            assert secrets.found_in(content) == [], path
    assert found_control, "the search finds nothing at all"


def test_what_is_stored_is_hashed_or_sealed(server: Server) -> None:
    """Refresh tokens as SHA-256, passwords salted, answers to repeated requests sealed, requests by a keyed hash."""
    key = unique_handle("key")
    handles = [unique_handle("twin") for _ in range(2)]
    with http_client(server.url) as http:
        bodies = [{"handle": handle, "password": PASSWORD} for handle in handles]
        first = expect(http.post("/v1/auth/signup", json=bodies[0], headers={"Idempotency-Key": key}), 201)
        expect(http.post("/v1/auth/signup", json=bodies[1]), 201)
        again = expect(http.post("/v1/auth/signup", json=bodies[0], headers={"Idempotency-Key": key}), 201)
        assert again.content == first.content
    hashes = rows(server, f"SELECT password_hash FROM users WHERE handle IN ('{handles[0]}', '{handles[1]}')")
    assert len(set(hashes)) == 2, "one password has one hash: no salt"
    token = first.json()["refresh_token"]
    assert rows(server, f"SELECT spent_at FROM refresh_tokens WHERE hash = '\\x{sha256(token).hex()}'") == [("",)]
    [(request_hash, response)] = rows(server, f"SELECT encode(request_hash, 'hex'), encode(response, 'hex') FROM idempotency_keys WHERE key = '{key}'")
    sealed = bytes.fromhex(response)
    # Status, location and body, and a nonce and a tag.
    assert len(sealed) == 12 + 4 + len(first.content) + 16
    for piece in (b"access_token", token.encode(), handles[0].encode()):
        assert piece not in sealed
    sent = first.request.content
    assert request_hash not in {hashlib.sha256(text).hexdigest() for text in (sent, b"POST /v1/auth/signup\n" + sent)}
