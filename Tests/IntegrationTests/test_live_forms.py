"""The rules of the Centrifugo protocol, the same in its JSON and its protobuf form, and where the two must not be mixed."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as open_websocket

from centrifugo_client import FORMS, Centrifugo, ProtobufCentrifugo
from identity import Forger
from martlet_process import Server
from support import User

BAD_REQUEST, INVALID_TOKEN, INAPPROPRIATE = 3501, 3500, 3506
Form = type[Centrifugo]


@pytest.fixture(params=FORMS, ids=["json", "protobuf"])
def form(request: pytest.FixtureRequest) -> Form:
    return request.param


def test_the_handshake_names_the_form(form: Form, server: Server, alice: User) -> None:
    with form(server) as client:
        assert client.ws.subprotocol == form.subprotocol
        reply = client.connect(alice.token, alice.channel)
        assert reply["client"] and reply["version"] == "martlet" and reply["ping"] == 25 and reply["pong"] is True
        assert reply["expires"] is True and 0 < reply["ttl"] <= 900
        assert client.subscription["recoverable"] is True and client.subscription["positioned"] is True


def test_both_forms_hear_the_same(alice: User, bob: User) -> None:
    """Live and recovered: the same events at the same positions."""
    with Centrifugo.of(bob) as text, ProtobufCentrifugo.of(bob) as binary:
        before = text.position
        posts = alice.posts(20)
        assert text.until(posts[-1]) == (heard := binary.until(posts[-1]))
        assert [publication.post_id for publication in heard] == posts
    bob.sees(posts[-1])
    for form in FORMS:
        with form.of(bob, position=before) as client:
            assert client.subscription["recovered"] is True and client.take(20) == heard
        with form.of(bob, position=("0" * 16, 1)) as client:
            assert client.subscription["was_recovering"] is True and not client.subscription.get("recovered")


def test_a_long_event(form: Form, alice: User, bob: User) -> None:
    """5,000 characters, three bytes each: lengths of three bytes in every message around it."""
    with form.of(bob) as client:
        post = alice.post("語" * 5000)
        assert client.next().event["post"]["text"] == post["text"]
        assert len(post["text"]) == 5000


def test_replies_come_in_the_order_of_commands(form: Form, server: Server, bob: User) -> None:
    """All in one message, `connect` first; ids need not rise."""
    with form(server) as client:
        commands = [
            {"id": 7, "connect": {"token": bob.token}}, {"id": 9, "ping": {}}, {"id": 8, "rpc": {"method": "x"}},
            {"id": 30, "unsubscribe": {"channel": bob.channel}}, {"id": 2, "subscribe": {"channel": bob.channel}},
            {"send": {"data": {}}}, {"id": 4, "history": {"channel": bob.channel}},
            {"id": 4294967295, "subscribe": {"channel": bob.channel}}, {"id": 1, "ping": {}},
        ]
        client.send(client.encode(*commands))
        while 1 not in client.replies:
            assert client.poll(10)
        assert list(client.replies) == [7, 9, 8, 30, 2, 4, 4294967295, 1]
        codes = {number: reply["error"]["code"] for number, reply in client.replies.items() if "error" in reply}
        assert codes == {8: 108, 4: 108, 4294967295: 105}
        assert client.replies[9] == {"id": 9, "ping": {}} and client.replies[30] == {"id": 30, "unsubscribe": {}}
        assert client.replies[2]["subscribe"]["epoch"]


def test_errors(form: Form, alice: User, bob: User) -> None:
    with form.of(bob) as client:
        for code, command in [
            (103, {"subscribe": {"channel": alice.channel}}),
            (103, {"subscribe": {"channel": bob.channel, "token": "x"}}),
            (102, {"subscribe": {"channel": "chat"}}),
            (105, {"subscribe": {"channel": bob.channel}}),
            (107, {"subscribe": {"channel": ""}}),
            (107, {"unsubscribe": {"channel": "x" * 256}}),
            *((108, {name: {"channel": bob.channel}}) for name in ("publish", "history", "presence", "presence_stats", "sub_refresh")),
            (108, {"rpc": {"method": "typing", "data": {}}}),
        ]:
            error = client.call(**command)["error"]
            assert error["code"] == code and error["message"] and not error.get("temporary"), (command, error)
        assert client.until(alice.post("still here")["id"])


def test_connect_is_refused(form: Form, server: Server, bob: User) -> None:
    """101 without a token, 107 with a page's position that is none, 109 with a token that has ended; 3500 with none of ours."""
    with form(server) as client:
        assert client.call(connect={})["error"]["code"] == 101
        now = int(time.time())
        assert client.call(connect={"token": Forger(bob).sign(iat=now - 1000, exp=now - 100)})["error"]["code"] == 109
        assert client.call(connect={"token": bob.token, "data": {"since": "x"}})["error"]["code"] == 107
        client.command(connect={"token": "x"})
        assert client.closed(5) == (INVALID_TOKEN, "invalid token")


@pytest.mark.parametrize("commands", [
    [{"id": 1, "ping": {}}], [{"id": 1, "rpc": {"method": "x"}}], [{"id": 1, "subscribe": {"channel": "c"}}], [{"send": {}}],
    [{"ping": {}}],
], ids=json.dumps)
def test_connect_comes_first(form: Form, server: Server, commands: list[dict]) -> None:
    with form(server) as client:
        client.send(client.encode(*commands))
        assert client.closed(5)[0] == BAD_REQUEST


def test_twice_connected(form: Form, alice: User) -> None:
    with form.of(alice) as client:
        client.command(connect={"token": alice.token})
        assert client.closed(5)[0] == BAD_REQUEST


def test_a_command_that_does_not_exist(server: Server, alice: User) -> None:
    """104; in protobuf it is a field that is not known."""
    with Centrifugo.of(alice) as client:
        assert client.call(teleport={})["error"]["code"] == 104
    with ProtobufCentrifugo.of(alice) as client:
        client.send(b"\x05\x08\x09\x82\x01\x00")
        assert client.reply(9)["error"]["code"] == 104


@pytest.mark.parametrize("message", [
    b"", b"\x05", b"\x80", b"\x02\x08\x01\x08", b"\x07\x08\x01\x22\x03\x0a\x01\xff", b"\x06\x08\x80\x80\x80\x80\x10",
    b"\x02\x0b\x0c", b"\xff" * 9 + b"\x01", b"\x00" * 161, b'{"id":1,"connect":{}}',
], ids=repr)
def test_what_is_no_command(server: Server, message: bytes) -> None:
    with ProtobufCentrifugo(server) as client:
        client.send(message)
        assert client.closed(5) == (BAD_REQUEST, "bad request")


def protobuf_without_its_subprotocol(client: Centrifugo) -> None:
    client.send(b"\x07\x08\x01\x22\x03\x0a\x01\x74")


def text_in_protobuf(client: Centrifugo) -> None:
    client.send('{"id":1,"connect":{"token":"t"}}')


def the_first_version(client: Centrifugo) -> None:
    client.send('{"id":1,"params":{"token":"t"}}')


def the_first_version_in_protobuf(client: Centrifugo) -> None:
    client.send(b"\x07\x08\x01\x1a\x03\x0a\x01\x74")


@pytest.mark.parametrize("form, speak", [
    (Centrifugo, protobuf_without_its_subprotocol), (ProtobufCentrifugo, text_in_protobuf), (Centrifugo, the_first_version),
    (ProtobufCentrifugo, the_first_version_in_protobuf),
])
def test_where_nothing_can_work(server: Server, form: Form, speak: Callable[[Centrifugo], None]) -> None:
    """3506 is final, and the reason says what to do: an SDK that came back would say the same again."""
    with form(server) as client:
        speak(client)
        code, reason = client.closed(5)
        assert code == INAPPROPRIATE and "version 2" in reason and "centrifuge-protobuf" in reason


def test_json_in_binary_messages(server: Server, alice: User) -> None:
    """Whose form is JSON may send it so."""
    with Centrifugo(server) as client:
        client.send(json.dumps({"id": 1, "connect": {"token": alice.token}}).encode())
        assert client.reply(1)["connect"]["client"]
        client.send(b'{"id":2,"ping"')
        assert client.closed(5)[0] == BAD_REQUEST


def test_several_subprotocols(server: Server, alice: User) -> None:
    """JSON goes first; what is not known is passed over, and a foreign origin is refused in either form."""
    for offered, chosen in (
        (["centrifuge-protobuf", "centrifuge-json"], "centrifuge-json"), (["x", "centrifuge-protobuf"], "centrifuge-protobuf"),
    ):
        with open_websocket(f"ws://127.0.0.1:{server.port}/v1/live/ws", subprotocols=offered, proxy=None) as ws:
            assert ws.subprotocol == chosen
    with pytest.raises(InvalidStatus) as refused:
        ProtobufCentrifugo(server, origin="http://evil.example")
    assert refused.value.response.status_code == 403


@pytest.mark.slow
def test_pings_and_pongs(alice: User) -> None:
    """An empty reply is the ping, an empty command the pong; who does not answer is told 3012."""
    with ProtobufCentrifugo.of(alice) as faithful, ProtobufCentrifugo.of(alice) as mute, ThreadPoolExecutor(1) as pool:
        mute.answers_pings = False
        ended = pool.submit(mute.closed, 90)
        while not ended.done() or not faithful.pings:
            faithful.poll(0.2)
        assert mute.pings > 0 and ended.result()[0] == 3012
        assert faithful.until(alice.post("still connected")["id"])
