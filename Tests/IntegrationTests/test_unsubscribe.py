"""WebSocket: success is told for what was done, and for nothing else."""

from __future__ import annotations

import json
import re

from centrifugo_client import Centrifugo
from martlet_process import Server
from raw_ws import close_code, frame, open_websocket
from support import User


def silent(client: Centrifugo, seconds: float = 0.5) -> bool:
    """Nothing is pushed: a ping's reply comes after all that was sent before it."""
    while client.poll(seconds):
        pass
    return not client.publications


def test_unsubscribed_is_unsubscribed(server: Server, alice: User, bob: User) -> None:
    """After the success nothing of the channel comes, whatever is posted; the connection lives on."""
    with Centrifugo.of(bob) as client, Centrifugo.of(bob) as other:
        first = alice.post("heard")["id"]
        assert client.until(first)[-1].post_id == other.until(first)[-1].post_id == first
        assert client.call(unsubscribe={"channel": bob.channel}) == {"id": 2, "unsubscribe": {}}
        unheard = alice.posts(5)
        assert [p.post_id for p in other.take(5)] == unheard
        assert silent(client)
        assert "ping" in client.call(ping={})
        assert client.call(refresh={"token": bob.token})["refresh"]["ttl"] > 0
        assert client.call(unsubscribe={"channel": bob.channel}).get("unsubscribe") == {}
        assert silent(client, 0.1)


def test_subscribed_again(server: Server, alice: User, bob: User) -> None:
    """From now on, or from where it ended, with what was missed in the reply; then live; 105 while it is subscribed."""
    with Centrifugo.of(bob) as client:
        assert client.call(subscribe={"channel": bob.channel})["error"]["code"] == 105
        heard = client.until(alice.post("heard")["id"])[-1]
        client.call(unsubscribe={"channel": bob.channel})
        missed = alice.posts(3)
        bob.sees(*missed)
        reply = client.call(subscribe={"channel": bob.channel, "recover": True, "epoch": client.position[0], "offset": heard.offset})
        subscription = reply["subscribe"]
        assert subscription["recovered"] is True and subscription["recoverable"] is True
        assert [pub["data"]["post"]["id"] for pub in subscription["publications"]] == missed
        live = alice.post("live")["id"]
        assert [p.post_id for p in client.until(live)] == [live]
        assert client.call(subscribe={"channel": bob.channel})["error"]["code"] == 105
        client.call(unsubscribe={"channel": bob.channel})
        bob.sees(alice.post("not asked for")["id"])
        subscription = client.call(subscribe={"channel": bob.channel})["subscribe"]
        assert "recovered" not in subscription and "publications" not in subscription
        live = alice.post("live again")["id"]
        assert [p.post_id for p in client.until(live)] == [live]
        client.call(unsubscribe={"channel": bob.channel})
        lost = client.call(subscribe={"channel": bob.channel, "recover": True, "epoch": "0" * 16, "offset": 1})["subscribe"]
        assert lost["was_recovering"] is True and lost["recovered"] is False


def test_all_in_one_frame(server: Server, alice: User, bob: User) -> None:
    """Commands that come before the answer to `connect` wait for it, and are answered in their order."""
    with Centrifugo(server) as client:
        commands = [
            {"connect": {"token": bob.token}}, {"ping": {}}, {"unsubscribe": {"channel": bob.channel}},
            {"subscribe": {"channel": bob.channel}}, {"ping": {}}, {"subscribe": {"channel": bob.channel}},
            {"unsubscribe": {"channel": bob.channel}}, {"nothing": {}}, {"ping": {}},
        ]
        client.send("\n".join(json.dumps({"id": n, **command}) for n, command in enumerate(commands, 1)))
        replies = [client.reply(n) for n in range(1, len(commands) + 1)]
        assert [next(key for key in reply if key != "id") for reply in replies] == [
            "connect", "ping", "unsubscribe", "subscribe", "ping", "error", "unsubscribe", "error", "ping"]
        alice.post("to nobody")
        assert silent(client)


def test_replies_come_in_order(server: Server, bob: User) -> None:
    raw = open_websocket(server)
    commands = ({"id": 7, "connect": {"token": bob.token}}, {"id": 9, "ping": {}}, {"id": 8, "rpc": {}}, {"id": 3, "ping": {}})
    raw.send(frame("\n".join(json.dumps(command) for command in commands).encode()))
    seen = raw._until(b'{"id":3,')
    raw.socket.close()
    assert [int(number) for number in re.findall(rb'{"id":(\d+),', seen)] == [7, 9, 8]


def test_more_than_may_wait(server: Server, bob: User) -> None:
    """The queue of those commands has an end: 3501."""
    raw = open_websocket(server)
    pings = "\n".join(json.dumps({"id": n, "ping": {}}) for n in range(2, 162))
    raw.send(frame(json.dumps({"id": 1, "connect": {"token": bob.token}}).encode()) + frame(pings.encode()) + frame(pings.encode()))
    assert close_code(raw) == 3501
    raw.socket.close()


def test_an_unsubscribed_connection_still_counts(server: Server, alice: User, bob: User) -> None:
    """A user's twenty connections are twenty, whatever they listen to; and what they were away for is not told."""
    clients = [Centrifugo.of(bob) for _ in range(20)]
    try:
        for client in clients[:5]:
            client.call(unsubscribe={"channel": bob.channel})
        with Centrifugo(server) as one_more:
            one_more.command(connect={"token": bob.token})
            assert one_more.closed(5)[0] == 3504
        post = alice.post("to fifteen")["id"]
        for client in clients[5:]:
            assert client.until(post)[-1].post_id == post
        assert all(silent(client, 0.1) for client in clients[:5])
        again = clients[0].call(subscribe={"channel": bob.channel})
        assert "subscribe" in again
    finally:
        for client in clients:
            client.ws.close()


def test_other_channels(server: Server, alice: User, bob: User) -> None:
    """Of a channel without a subscription nothing comes before and after: Centrifugo says success."""
    with Centrifugo.of(bob) as client:
        assert client.call(unsubscribe={"channel": alice.channel}).get("unsubscribe") == {}
        post = alice.post("still subscribed")["id"]
        assert client.until(post)[-1].post_id == post
        assert client.call(subscribe={"channel": alice.channel})["error"]["code"] == 103
        assert client.call(subscribe={"channel": "chat"})["error"]["code"] == 102
        for channel in ("", "x" * 256, 5, None):
            assert client.call(unsubscribe={"channel": channel})["error"]["code"] == 107
            assert client.call(subscribe={"channel": channel})["error"]["code"] == 107
        for position in ({"epoch": 5}, {"offset": -1}, {"offset": "1"}):
            command = {"channel": bob.channel, "recover": True, **position}
            assert client.call(subscribe=command)["error"]["code"] == 107


def answer(client: Centrifugo, command: dict) -> int:
    """The error code of a command whose text goes as it is, not escaped."""
    client._last_id += 1
    client.send(json.dumps({"id": client._last_id, **command}, ensure_ascii=False))
    return client.reply(client._last_id, timeout=1)["error"]["code"]


def test_names_that_are_slow_to_compare(server: Server, bob: User) -> None:
    """Marks without end where there is a name: answered at once. In a key 17 in a row are no command any more."""
    marks = "\u0301\u0323" * 1900
    with Centrifugo.of(bob) as client:
        for channel in (f"feed:{marks}", f"feed:{bob.id}{marks}"):
            assert answer(client, {"unsubscribe": {"channel": channel}}) == 107
            assert answer(client, {"subscribe": {"channel": channel}}) == 107
        assert answer(client, {"subscribe": {"channel": "x", "recover": True, "epoch": f"0{marks}"}}) == 102
        assert answer(client, {f"connect{marks[:8]}": {}}) == 104
        assert answer(client, {"subscribe": {f"channel{marks[:16]}": "x"}}) == 107
    with Centrifugo(server) as client:
        assert answer(client, {"connect": {"token": bob.token, "data": {"since": f"x{marks[:1500]}"}}}) == 107
    for command in ({f"connect{marks[:17]}": {}}, {"connect": {"token": bob.token, "subs": {f"feed:{marks[:17]}": {}}}}):
        with Centrifugo(server) as client:
            client.send(json.dumps({"id": 1, **command}, ensure_ascii=False))
            assert client.closed(5)[0] == 3501
