"""`permessage-deflate` (RFC 7692): what is agreed on, what comes compressed, and what a client may send."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Iterator

import pytest
from centrifuge.codecs import _ProtobufCodec
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import ClientConnection, connect

from centrifugo_client import Centrifugo
from conftest import MakeUser
from martlet_process import Server
from raw_http import RawHttp
from raw_ws import close_code, frame, upgrade
from support import PATIENCE, User

EMPTY_BLOCK = b"\x00\x00\xff\xff"
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture(scope="module")
def deflating() -> Iterator[Server]:
    server = Server(MARTLET_LIVE_DEFLATE="on")
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def pair(deflating: Server, make_user: MakeUser) -> tuple[User, User]:
    alice, bob = make_user("alice", deflating), make_user("bob", deflating)
    bob.follow(alice)
    return alice, bob


class Compressing:
    """A WebSocket of the library's own extension, which counts what came over it."""

    def __init__(self, server: Server, extension: Any = None, subprotocol: str | None = None) -> None:
        extensions = [extension or ClientPerMessageDeflateFactory()]
        self.ws: ClientConnection = connect(
            f"ws://127.0.0.1:{server.port}/v1/live/ws", compression=None, extensions=extensions, proxy=None,
            subprotocols=[subprotocol] if subprotocol else None, ping_interval=None, open_timeout=PATIENCE, max_size=None)
        self.compressed = self.plain = 0
        decode = self.extension.decode

        def counting(frame: Any, **options: Any) -> Any:
            self.compressed += frame.rsv1
            self.plain += not frame.rsv1
            return decode(frame, **options)

        self.extension.decode = counting

    @property
    def extension(self) -> Any:
        return self.ws.protocol.extensions[0]

    def __enter__(self) -> "Compressing":
        return self

    def __exit__(self, *_: object) -> None:
        self.ws.close()

    def connect(self, user: User) -> None:
        self.ws.send(json.dumps({"id": 1, "connect": {"token": user.token}}))
        assert json.loads(self.ws.recv(PATIENCE))["connect"]

    def next(self) -> dict[str, Any]:
        while True:
            for line in self.ws.recv(PATIENCE).split("\n"):
                if line == "{}":
                    self.ws.send("{}")
                elif "push" in (message := json.loads(line)):
                    return message["push"]


def test_events_come_compressed(deflating: Server, pair: tuple[User, User]) -> None:
    """By a client that implements the standard by itself; the same events as without, and a small one as it is."""
    alice, bob = pair
    with Compressing(deflating) as client, Centrifugo.of(bob) as other:
        client.connect(bob)
        assert client.ws.response.headers["Sec-WebSocket-Extensions"] == AGREED
        posts = [alice.post(text)["id"] for text in ("short", "long " * 200, "한글 " * 300)]
        for post in posts:
            push = client.next()
            assert push["channel"] == bob.channel and push["pub"]["data"]["post"]["id"] == post
            assert push["pub"]["data"] == other.next().event
        assert client.compressed == 3
        plain = client.plain
        alice.delete(posts[0])
        assert client.next()["pub"]["data"] == {"type": "post.deleted", "post_id": posts[0]}
        assert (client.compressed, client.plain) == (3, plain + 1)


def test_protobuf(deflating: Server, pair: tuple[User, User]) -> None:
    alice, bob = pair
    codec = _ProtobufCodec()
    with Compressing(deflating, subprotocol="centrifuge-protobuf") as client:
        client.ws.send(codec.encode_commands([{"id": 1, "connect": {"token": bob.token}}]))
        client.ws.recv(PATIENCE)
        post = alice.post("in protobuf " * 40)["id"]
        (reply,) = codec.decode_replies(client.ws.recv(PATIENCE))
        assert json.loads(base64.b64decode(reply["push"]["pub"]["data"]))["post"]["id"] == post
        assert client.compressed == 1


def test_many_with_channels_of_their_own(deflating: Server, make_user: MakeUser, pair: tuple[User, User]) -> None:
    """The part that all share is compressed once; each reads its own whole message."""
    alice, _ = pair
    readers = [make_user("reader", deflating) for _ in range(5)]
    for reader in readers:
        reader.follow(alice)
    clients = [Compressing(deflating) for _ in readers]
    try:
        for client, reader in zip(clients, readers):
            client.connect(reader)
        ids = [alice.post(f"to all of them, {number} " * 12)["id"] for number in range(4)]
        for client, reader in zip(clients, readers):
            for id in ids:
                push = client.next()
                assert (push["channel"], push["pub"]["data"]["post"]["id"]) == (reader.channel, id)
            assert client.compressed == 4
    finally:
        for client in clients:
            client.ws.close()


@pytest.mark.parametrize("offer, answer", [
    ("permessage-deflate", AGREED), ("permessage-deflate; client_max_window_bits", AGREED),
    ("permessage-deflate; client_max_window_bits=9;server_no_context_takeover", AGREED),
    ("permessage-deflate; server_max_window_bits=12", AGREED + "; server_max_window_bits=12"),
    ('x-other, permessage-deflate; server_max_window_bits="15"', AGREED + "; server_max_window_bits=12"),
    ("permessage-deflate; server_max_window_bits=9, permessage-deflate", AGREED),
    ("permessage-deflate; server_max_window_bits=9", None), ("permessage-deflate; server_max_window_bits", None),
    ("permessage-deflate; server_max_window_bits=012", None), ("permessage-deflate; client_max_window_bits=16", None),
    ("permessage-deflate; server_no_context_takeover=1", None), ("permessage-deflate; mystery", None),
    ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", None), ("permessage-deflatex", None),
    ("", None), (";", None), (",,,", None),
])
def test_offers(deflating: Server, offer: str, answer: str | None) -> None:
    response = opened(deflating, offer)[1]
    assert response.status_code == 101 and response.headers.get("sec-websocket-extensions") == answer


def test_off_by_default(server: Server) -> None:
    raw, response = opened(server, "permessage-deflate")
    assert response.status_code == 101 and "sec-websocket-extensions" not in response.headers
    raw.send(frame(deflated(b"{}"), 0x41))
    assert close_code(raw) == 1002


def opened(server: Server, offer: str) -> tuple[RawHttp, Any]:
    """A connection and the response to its handshake."""
    raw = RawHttp(server)
    raw.send(upgrade(raw, f"Sec-WebSocket-Extensions: {offer}"))
    return raw, raw.answer()


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(EMPTY_BLOCK)


@pytest.mark.parametrize("first, payload, code", [
    (0xC1, deflated(b" " * 10_000_000), 1009),  # it would be 10 MB, of 9 KB
    (0xC1, deflated(b"\xff\xfe"), 1007), (0xC1, b"\xff\xff\xff", 1007), (0xC1, b"", 1007),
    (0xA1, b"{}", 1002), (0x91, b"{}", 1002), (0xF1, b"{}", 1002), (0xC9, b"ping", 1002), (0xC8, b"", 1002), (0xC0, b"x", 1002),
])
def test_what_may_not_be_sent(deflating: Server, first: int, payload: bytes, code: int) -> None:
    raw = opened(deflating, "permessage-deflate")[0]
    raw.send(frame(payload, first & 0x7F))
    assert close_code(raw) == code


def test_the_limits_hold_for_what_it_stands_for(deflating: Server, pair: tuple[User, User]) -> None:
    """24 KB behind `connect`, whatever came over the wire; commands in pieces and compressed are commands."""
    _, bob = pair
    with Compressing(deflating) as client:
        client.connect(bob)
        command = json.dumps({"id": 2, "ping": {}})
        client.ws.send([command[:5], command[5:9], command[9:]])
        assert json.loads(client.ws.recv(PATIENCE))["id"] == 2
        client.ws.send(json.dumps({"id": 3, "ping": {}}) + " " * 24_600)
        with pytest.raises(ConnectionClosed):
            while True:
                client.ws.recv(PATIENCE)
        assert client.ws.close_code == 1009
