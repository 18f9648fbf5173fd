"""The Centrifugo protocol on the WebSocket: framing, errors, close codes, sessions that end."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import InvalidStatus

from centrifugo_client import Centrifugo
from conftest import MakeUser
from martlet_process import Server
from raw_http import RawHttp
from raw_ws import BINARY, close_code, frame, open_websocket, upgrade
from support import A_SECOND, SLACK, User, expect, http_client, jwt_parts

INVALID_TOKEN, BAD_REQUEST, STALE, NO_PONG = 3500, 3501, 3502, 3012


def error_code(reply: dict) -> int:
    assert reply["error"]["message"]
    return reply["error"]["code"]


def test_several_commands_in_a_frame(server: Server, alice: User) -> None:
    """Commands split by newlines are answered each, as are commands in a fragmented message."""
    with Centrifugo(server) as client:
        connect = {"id": 1, "connect": {"token": alice.token}}
        client.send(json.dumps(connect) + "\n" + '{"id":2,"frobnicate":{}}' + "\n" + '{"id":3,"frobnicate":{}}')
        assert client.reply(1)["connect"]["client"]
        assert [error_code(client.reply(number)) for number in (2, 3)] == [104, 104]
        client.ws.send(iter(['{"id":4,', '"frob', 'nicate":{}}']), text=True)
        assert error_code(client.reply(4)) == 104


def test_the_subprotocol_is_optional(server: Server, alice: User) -> None:
    for name in (None, "centrifuge-json"):
        with Centrifugo(server, subprotocol=name) as client:
            assert client.ws.subprotocol == name
            client.connect(alice.token, alice.channel)


def test_an_unknown_method(alice: User) -> None:
    """Error 104 for the command; the connection stays and delivers."""
    with Centrifugo.of(alice) as client:
        assert error_code(client.call(frobnicate={})) == 104
        assert client.until(alice.post("still here")["id"])


def test_channels_of_others(alice: User, bob: User) -> None:
    """Nobody subscribes to another's feed, publishes into one, or reads its history."""
    with Centrifugo.of(bob) as client:
        assert error_code(client.call(subscribe={"channel": alice.channel})) == 103
        for channel in (alice.channel, bob.channel):
            assert "error" in client.call(publish={"channel": channel, "data": {"type": "post.created"}})
        assert "error" in client.call(history={"channel": alice.channel, "limit": 10})
        post = alice.post("real")
        assert [publication.post_id for publication in client.until(post["id"])] == [post["id"]]


def test_foreign_channels_in_connect(server: Server, alice: User, bob: User) -> None:
    """A `subs` with another's channel opens nothing of that other."""
    with Centrifugo(server) as client:
        subs = {alice.channel: {"recover": True, "epoch": "x", "offset": 1}}
        reply = client.call(connect={"token": bob.token, "subs": subs})
        assert set(reply["connect"]["subs"]) == {bob.channel}


@pytest.mark.parametrize("text", ["{", "nonsense", "[]", '"x"', "5", '{"id":"x","connect":5}', "\x00", '{"id":1'], ids=repr)
def test_what_is_no_command(server: Server, text: str) -> None:
    """3501 bad request, before a connect ..."""
    with Centrifugo(server) as client:
        client.send(text)
        assert client.closed(5)[0] == BAD_REQUEST


def test_what_is_no_command_later(alice: User) -> None:
    """... and after it."""
    with Centrifugo.of(alice) as client:
        client.send('{"id":2,"ping"')
        code, reason = client.closed(5)
    assert code == BAD_REQUEST and reason


@pytest.mark.slow
def test_silence_is_stale(server: Server) -> None:
    """A connection that says nothing for 10 s is ended with 3502."""
    begin = time.monotonic()
    with Centrifugo(server) as client:
        assert client.closed(10 * SLACK + 10)[0] == STALE
    assert 9 < time.monotonic() - begin < 10 + 5 * SLACK


def test_no_token(server: Server) -> None:
    """Without a token the connect command is refused: error 101."""
    with Centrifugo(server) as client:
        assert error_code(client.call(connect={})) == 101


@pytest.mark.parametrize("token", ["x", "a.b.c"])
def test_tokens_that_are_none(server: Server, token: str) -> None:
    """An invalid token is final: 3500."""
    with Centrifugo(server) as client:
        client.command(connect={"token": token})
        assert client.closed(5)[0] == INVALID_TOKEN


def test_forged_tokens(server: Server, alice: User, make_user: MakeUser) -> None:
    header, claims, _ = alice.token.split(".")
    for forged in (f"{header}.{claims}.", f"{header}.{claims}.{make_user('mallory').token.split('.')[2]}"):
        with Centrifugo(server) as client:
            client.command(connect={"token": forged})
            assert client.closed(5)[0] == INVALID_TOKEN


def test_a_refresh_token_opens_nothing(server: Server, alice: User) -> None:
    with Centrifugo(server) as client:
        client.command(connect={"token": alice.session["refresh_token"]})
        assert client.closed(5)[0] == INVALID_TOKEN


def test_refresh_takes_a_new_token(alice: User) -> None:
    """The new access token is taken on the open connection, which goes on."""
    with Centrifugo.of(alice) as client, http_client(alice.server.url) as http:
        session = expect(http.post("/v1/auth/refresh", json={"refresh_token": alice.session["refresh_token"]}), 200).json()
        assert jwt_parts(session["access_token"])[1]["jti"] != jwt_parts(alice.token)[1]["jti"]
        reply = client.call(refresh={"token": session["access_token"]})
        assert "error" not in reply and reply["refresh"]["client"]
        if reply["refresh"].get("expires"):
            assert 0 < reply["refresh"]["ttl"] <= 900
        renewed = User.of_session(alice.server, session)
        assert client.until(renewed.post("after the refresh")["id"])
        renewed.close()


def test_refresh_with_anothers_token(alice: User, bob: User) -> None:
    """The connection of one user never becomes that of another."""
    with Centrifugo.of(alice) as client:
        client.command(refresh={"token": bob.token})
        assert client.closed(5)[0] == INVALID_TOKEN


@pytest.mark.slow
def test_ping_and_pong(alice: User) -> None:
    """Pings come in the promised interval; who answers stays, who does not is told 3012."""
    with Centrifugo.of(alice) as faithful, Centrifugo.of(alice) as mute, ThreadPoolExecutor(1) as pool:
        mute.answers_pings = False
        ended = pool.submit(mute.closed, 90)
        # The first pings are spread: the one's patience may have ended before the other is asked.
        while not ended.done() or not faithful.pings:
            faithful.poll(0.2)
        assert mute.pings > 0
        assert ended.result()[0] == NO_PONG
        faithful.ping(60)
        assert faithful.until(alice.post("still connected")["id"])


@pytest.mark.slow
def test_the_ping_interval_is_the_one_that_was_told(server: Server, alice: User) -> None:
    with Centrifugo(server) as client:
        interval = client.connect(alice.token, alice.channel)["ping"]
        client.ping(interval + 5)
        begin = time.monotonic()
        client.ping(interval + 5)
        assert time.monotonic() - begin < interval + 2


@pytest.mark.promised_time
def test_logout_ends_the_connection(alice: User) -> None:
    """Within a second of the 204, with a code that does not say `come back`; another session stays."""
    other = alice.login()
    with Centrifugo.of(alice) as ended, Centrifugo.of(other) as stays, http_client(alice.server.url) as http:
        expect(http.post("/v1/auth/logout", json={"refresh_token": alice.session["refresh_token"]}), 204)
        code, _ = ended.closed(A_SECOND)
        assert 3500 <= code < 4000
        assert stays.until(other.post("the other session")["id"])
    other.close()


def test_a_token_after_logout(alice: User) -> None:
    """The signature is good and the time is not up, yet the session has ended."""
    with http_client(alice.server.url) as http:
        expect(http.post("/v1/auth/logout", json={"refresh_token": alice.session["refresh_token"]}), 204)
    with Centrifugo(alice.server) as client:
        client.command(connect={"token": alice.token})
        assert client.closed(5)[0] == INVALID_TOKEN


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null", "http://127.0.0.1:1", "file://"])
def test_foreign_origins(server: Server, origin: str) -> None:
    """403 before the upgrade."""
    with pytest.raises(InvalidStatus) as refused:
        Centrifugo(server, origin=origin)
    assert refused.value.response.status_code == 403


def test_the_own_origin(server: Server, alice: User) -> None:
    with Centrifugo(server, origin=f"http://127.0.0.1:{server.port}") as client:
        client.connect(alice.token, alice.channel)


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"{}\xc0"])
def test_text_that_is_not_utf8(server: Server, payload: bytes) -> None:
    with open_websocket(server) as raw:
        raw.send(frame(payload))
        assert close_code(raw) in (1007, BAD_REQUEST)


def test_a_huge_message(server: Server, alice: User) -> None:
    """10 MB in one message end this connection and no other."""
    with Centrifugo.of(alice) as bystander, open_websocket(server) as raw:
        raw.send_as_far_as_taken(frame(b"x" * 10_000_000))
        assert close_code(raw) in (1009, BAD_REQUEST, None)
        assert bystander.until(alice.post("unharmed")["id"])


def test_a_binary_frame_before_connect(server: Server) -> None:
    with open_websocket(server) as raw:
        raw.send(frame(b"\x00\x01\x02", opcode=BINARY))
        assert close_code(raw) in (1003, BAD_REQUEST, 3506)


def test_an_upgrade_that_is_none(server: Server) -> None:
    """A plain GET, an unknown version and a missing key get 4xx, and no 101."""
    with RawHttp(server) as raw:
        plain = raw.head("GET", "/v1/live/ws")
        old = upgrade(raw, version="8")
        keyless = raw.head("GET", "/v1/live/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    for request in (plain, old, keyless):
        with RawHttp(server) as raw:
            raw.send(request)
            assert 400 <= raw.answer().status_code < 500
