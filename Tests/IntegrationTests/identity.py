"""What an attacker on identity makes: tokens of any shape, signed with any key; and the places where tokens are shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from centrifugo_client import Centrifugo
from martlet_process import Server
from sql import rows
from sse_client import Sse
from support import User, assert_problem, base64url, expect, http_client, jwt_parts

HEADER = b'{"alg":"HS256","typ":"JWT"}'
INVALID_TOKEN, TOKEN_EXPIRED = 3500, 109


def derived_key(server: Server, purpose: str) -> bytes:
    """A key of the server, made from its secret as the server makes it."""
    return hmac.digest((server.data / "secret").read_bytes(), purpose.encode(), "sha256")


def signed(key: bytes, claims: bytes, header: bytes = HEADER, digest: str = "sha256") -> str:
    """A JWT over these very bytes."""
    text = f"{base64url(header)}.{base64url(claims)}"
    return f"{text}.{base64url(hmac.digest(key, text.encode(), digest))}"


def half_a_minute_passes(server: Server, refresh_token: str) -> None:
    """For the database, the token was spent 31 s earlier than it was: its grace is over."""
    rows(server, f"""
        UPDATE refresh_tokens SET spent_at = spent_at - interval '31 s'
        WHERE hash = '\\x{sha256(refresh_token).hex()}'""")


class Forger:
    """Has the server's own key: what is refused of its work is refused for what it says, not for the signature."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.key = derived_key(user.server, "access tokens")
        self.claims = jwt_parts(user.token)[1]

    def sign(self, header: bytes = HEADER, digest: str = "sha256", **changed: Any) -> str:
        return signed(self.key, json.dumps(self.claims | changed).encode(), header, digest)

    def sign_without(self, claim: str) -> str:
        return signed(self.key, json.dumps({k: v for k, v in self.claims.items() if k != claim}).encode())

    def sign_raw(self, claims: str) -> str:
        return signed(self.key, claims.encode())


def bearer(token: str) -> dict[str, bytes]:
    return {"Authorization": b"Bearer " + token.encode()}


def show_to_rest(server: Server, token: str, path: str = "/v1/me") -> httpx.Response:
    with http_client(server.url) as http:
        return http.get(path, headers=bearer(token))


def assert_accepted(server: Server, token: str) -> None:
    """REST, event stream and WebSocket take the token."""
    expect(show_to_rest(server, token), 200)
    with Sse(server, token=token) as stream:
        stream.verdict("live")
    with Centrifugo(server) as client:
        assert "error" not in client.call(connect={"token": token})


def assert_refused(user: User, token: str, code: str = "unauthenticated") -> None:
    """REST, event stream and WebSocket (connect, and refresh on an open connection of the user) refuse the token."""
    server = user.server
    assert_problem(show_to_rest(server, token), 401, code)
    # A route that anybody may call does not take the bearer of a bad token for nobody.
    assert_problem(show_to_rest(server, token, f"/v1/users/{user.id}"), 401, code)
    with Sse(server, token=token) as stream:
        assert_problem(stream, 401, code)
    assert_refused_by_websocket(user, token, code)


def assert_refused_by_websocket(user: User, token: str, code: str = "unauthenticated") -> None:
    with Centrifugo(user.server) as client, Centrifugo.of(user) as open_connection:
        connect, refresh = client.command(connect={"token": token}), open_connection.command(refresh={"token": token})
        if code == "token_expired":
            assert client.reply(connect)["error"]["code"] == TOKEN_EXPIRED
            assert open_connection.reply(refresh)["error"]["code"] == TOKEN_EXPIRED
        else:
            assert client.closed(5)[0] == INVALID_TOKEN
            assert open_connection.closed(5)[0] == INVALID_TOKEN


def ticket_of(user: User) -> str:
    return expect(user.http.post("/v1/live/ticket"), 201).json()["ticket"]


def forged_ticket(server: Server, user: User, lifetime: float, **changed: int) -> str:
    """A ticket as the server makes it, with its own key; `changed`: `user`, `session`, `version`."""
    claims = jwt_parts(user.token)[1]
    visible = bytes([changed.get("version", 1)])
    visible += changed.get("user", int(claims["sub"])).to_bytes(7) + changed.get("session", int(claims["sid"])).to_bytes(7)
    visible += time.time_ns().to_bytes(8) + int((time.time() + lifetime) * 1000).to_bytes(6)
    code = hmac.digest(derived_key(server, "tickets"), b"ticket" + visible, "sha256")[:16]
    return base64url(visible + code)


def siblings(text: str) -> list[str]:
    """Other spellings of base64url text that a lax decoder takes for the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    padding = "=" * (-len(text) % 4)
    meant = base64.urlsafe_b64decode(text + padding)
    found = [text[:-1] + last for last in alphabet
             if last != text[-1] and base64.urlsafe_b64decode(text[:-1] + last + padding) == meant]
    found += [text + "=" * count for count in range(1, 4)]
    found += [text.replace("-", "+").replace("_", "/")] if set("-_") & set(text) else []
    found += [f"{text[:8]}{odd}{text[8:]}" for odd in (" ", "%", "\t", "~", "-=")]
    return found


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
