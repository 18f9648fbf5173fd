"""Notifications as they happen, over the three transports: each thing told, the last number the list's, whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from centrifugo_client import Centrifugo, ProtobufCentrifugo
from conftest import MakeUser
from martlet_process import Server, clean_environment, martlet_binary
from ports import free_port
from redis_socket import flush_all
from sse_client import Sse
from support import PATIENCE, User, eventually, expect, http_client

NOTIFIED = {"notification.created", "notification.updated", "notification.removed", "notifications.read"}


class Inbox:
    """What a client knows of its notifications: the list as it was read, and what was told since."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.unread = self.version = self.last = -1
        self.told: list[str] = []
        self.offset = 0

    def read(self, user: User) -> str:
        page = expect(user.http.get("/v1/notifications?limit=100"), 200).json()
        self.groups = {group["key"]: group for group in page["items"]}
        self.unread, self.version = page["unread"], page["version"]
        return str(page["live"])

    def take(self, event: dict[str, Any], offset: int = 0) -> None:
        assert offset == 0 or offset > self.offset, "it was told before"
        self.offset = max(self.offset, offset)
        assert event["type"] in NOTIFIED, event
        assert event["version"] >= self.last, "an old number came behind a newer one"
        self.last = event["version"]
        if self.last < self.version:
            return  # it was on its way when the list was read
        self.unread, self.version = event["unread"], event["version"]
        self.told.append(event["type"])
        if "group" in event:
            self.groups[event["group"]["key"]] = event["group"]
        elif "key" in event:
            self.groups.pop(event["key"], None)
        else:
            for group in self.groups.values():
                group["read"] = group["read"] or int(group["id"]) <= int(event["up_to"])

    def is_of(self, user: User) -> bool:
        """Whether it is what the list says now."""
        other = Inbox()
        other.read(user)
        return (self.groups, self.unread) == (other.groups, other.unread)


def socket(
    user: User, since: str | None, kind: type[Centrifugo] = Centrifugo, port: int = 0, position: tuple[str, int] | None = None,
) -> Centrifugo:
    """Connected with both personal channels; `subscription` is that of the notifications."""
    client = kind(user.server, port=port)
    data = {"channels": "feed,notifications"} | ({"since": since} if since else {})
    client.channels[f"notifications:{user.id}"] = deque()
    subs = {f"notifications:{user.id}": {"recover": True, "epoch": position[0], "offset": position[1]}} if position else {}
    reply = client.call(connect={"token": user.token, "data": data, "subs": subs})
    assert "error" not in reply, reply
    client.channel = user.channel
    client.subscription = reply["connect"]["subs"][f"notifications:{user.id}"]
    assert user.channel in reply["connect"]["subs"]
    return client


def like(user: User, post: str, method: str = "PUT") -> None:
    expect(user.http.request(method, f"/v1/posts/{post}/like"), 204)


def heard(client: Centrifugo, user: User, inbox: Inbox) -> bool:
    """Takes what has come; whether that is all."""
    channel = client.channels[f"notifications:{user.id}"]
    client.poll(0.05)
    while channel:
        publication = channel.popleft()
        inbox.take(publication.event, publication.offset)
    return inbox.is_of(user)


@pytest.mark.both_logs
@pytest.mark.parametrize("form", [Centrifugo, ProtobufCentrifugo])
def test_over_websocket(server: Server, alice: User, bob: User, make_user: MakeUser, form: type[Centrifugo]) -> None:
    """One connection, both channels, one position; a feed's post comes beside it. Who does not ask for it gets the feed alone."""
    carol = make_user("carol")
    carol.follow(bob)
    carol.sees()
    posts = carol.posts(2)
    inbox = Inbox()
    live = inbox.read(carol)
    like(bob, posts[0])
    eventually(lambda: not inbox.is_of(carol), PATIENCE, "the list to change")
    client = socket(carol, live, form)
    with client:
        assert client.subscription.get("recovered") is True
        for publication in client.subscription.get("publications", []):
            inbox.take(client._publication(publication).event)
        eventually(lambda: heard(client, carol, inbox), PATIENCE, "what was missed")
        for user in (alice, bob):
            like(user, posts[1])
        post = bob.post("in the feed")["id"]
        client.until(post)
        key = f"like:post:{posts[1]}"
        eventually(lambda: heard(client, carol, inbox) and inbox.groups.get(key, {}).get("count") == 2, PATIENCE, "the likes")
        expect(carol.http.put("/v1/notifications/read", json={"up_to": max(group["id"] for group in inbox.groups.values())}), 200)
        eventually(lambda: heard(client, carol, inbox), PATIENCE, "the mark")
        assert inbox.told[-1] == "notifications.read" and inbox.unread == 0
        like(bob, posts[0], "DELETE")
        expect(carol.http.put(f"/v1/users/{alice.id}/block"), 204)
        eventually(lambda: heard(client, carol, inbox) and f"like:post:{posts[0]}" not in inbox.groups, PATIENCE, "what was undone")
        with Centrifugo.of(carol) as other:
            like(bob, posts[0])
            eventually(lambda: heard(client, carol, inbox) and inbox.unread == 1, PATIENCE, "the new like")
            other.ping(PATIENCE)
            assert not other.publications and not other.other_pushes
    assert set(inbox.told) == NOTIFIED


def test_a_subscription_of_the_clients_own(server: Server, alice: User, make_user: MakeUser) -> None:
    """As to any channel: one's own, and nobody else's."""
    bob = make_user("bob")
    post = alice.post("hello")["id"]
    with Centrifugo.of(alice) as client:
        assert client.try_to_subscribe(f"notifications:{bob.id}")["error"]["code"] == 102
        client.subscribe(f"notifications:{alice.id}")
        like(bob, post)
        assert client.told(f"notifications:{alice.id}", 1)[0].event["group"]["key"] == f"like:post:{post}"
    client = socket(alice, None)
    with client:
        assert client.try_to_subscribe(f"notifications:{alice.id}")["error"]["code"] == 105


@pytest.mark.both_logs
def test_over_event_streams_and_long_polls(server: Server, alice: User, make_user: MakeUser) -> None:
    """The same events in the same order, from the position of a page and from an event's id on."""
    bob, carol = make_user("bob"), make_user("carol")
    posts = alice.posts(3)
    alice.feed()
    streamed, polled = Inbox(), Inbox()
    live = polled.read(alice)
    streamed.read(alice)
    with Sse(server, token=alice.token, channels="feed,notifications", since=live) as stream:
        verdicts = {event.json()["channel"]: event.event for event in stream.take(2)}
        assert verdicts == {"feed": "resumed", "notifications": "resumed"}
        for post in posts:
            like(bob, post)
        like(carol, posts[0])

        def all_streamed() -> bool:
            with contextlib.suppress(AssertionError):
                while event := stream.next(0.05).json():
                    assert event.pop("channel") == "notifications"
                    streamed.take(event)
            return streamed.is_of(alice) and len(streamed.groups) == 3

        eventually(all_streamed, PATIENCE, "the events of the stream")
        held = stream.last_id

    def all_polled() -> bool:
        nonlocal live
        answer = expect(alice.http.get("/v1/feed", params={"channels": "feed,notifications", "since": live, "wait": 1}), 200).json()
        live = answer["live"]
        assert answer["reset"] is False
        for event in answer["items"]:
            if event["channel"] == "notifications":
                polled.take(event)
        return polled.is_of(alice) and len(polled.groups) == 3

    eventually(all_polled, PATIENCE, "the events of the polls")
    like(bob, posts[1], "DELETE")
    eventually(lambda: not streamed.is_of(alice), PATIENCE, "the list to change")
    with Sse(server, token=alice.token, channels="feed,notifications", last_event_id=held) as stream:
        eventually(lambda: all_streamed_again(stream, streamed, alice), PATIENCE, "what was missed")
    with Sse(server, token=alice.token) as stream:
        stream.verdict("live")
        like(bob, posts[1])
        eventually(all_polled, PATIENCE, "the poll")
        own = alice.post("the next event")["id"]
        assert [event.event for event in stream.until(own)] == ["post.created"]


def all_streamed_again(stream: Sse, inbox: Inbox, user: User) -> bool:
    with contextlib.suppress(AssertionError):
        while event := stream.next(0.05):
            if event.event in NOTIFIED:
                inbox.take(event.json())
    return inbox.is_of(user)


@pytest.mark.both_logs
def test_killed_between_cause_and_event(own_server: Server, make_user: MakeUser) -> None:
    """`kill -9` right behind likes, and a Redis that forgets: who comes back resumes or is reset, and then knows what the list says."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    posts = alice.posts(12)
    inbox = Inbox()
    live = inbox.read(alice)
    resets = 0
    for round_ in range(4):
        for post in posts[3 * round_:3 * round_ + 3]:
            like(bob, post)
        if round_ == 2:
            flush_all(own_server.redis_socket)
        own_server.kill()
        own_server.start()

        def caught_up() -> bool:
            nonlocal live, resets
            answer = alice.http.get("/v1/feed", params={"channels": "notifications", "since": live, "wait": 1}).json()
            live = answer["live"]
            for event in answer["items"]:
                if event["type"] == "reset":
                    resets += 1
                    inbox.read(alice)
                else:
                    inbox.take(event)
            return inbox.is_of(alice) and len(inbox.groups) == 3 * round_ + 3

        eventually(caught_up, 60, f"the likes of round {round_}")
    assert resets >= 1 and inbox.unread == 12


def test_all_at_once(server: Server, make_user: MakeUser) -> None:
    """Likes, follows and blocks come and go, the reader marks and removes, the clients come and go: afterwards each knows what the
    list says."""
    reader, others = make_user("reader"), [make_user(f"other{number}") for number in range(3)]
    posts = reader.posts(4)
    reader.feed()
    socketed, streamed = Inbox(), Inbox()
    live = socketed.read(reader)
    streamed.read(reader)
    until = time.monotonic() + 8

    def acts(user: User, seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            verb = chance.choice(["PUT", "DELETE"])
            path = chance.choice([f"/v1/posts/{chance.choice(posts)}/like", f"/v1/users/{reader.id}/follow"])
            with http_client(server.url, user.token) as http:
                assert http.request(verb, path).status_code in (202, 204, 403, 404)

    def decides(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            page = expect(reader.http.get("/v1/notifications"), 200).json()["items"]
            match chance.randrange(4):
                case 0 if page:
                    expect(reader.http.put("/v1/notifications/read", json={"up_to": chance.choice(page)["id"]}), 200)
                case 1 if page:
                    expect(reader.http.delete(f"/v1/notifications/{chance.choice(page)['key']}"), 204)
                case 2:
                    other = f"/v1/users/{chance.choice(others).id}/block"
                    expect(reader.http.put(other), 204)
                    expect(reader.http.delete(other), 204)
                case _:
                    time.sleep(0.05)

    def listens(held: str) -> Sse:
        return Sse(server, token=reader.token, channels="notifications", last_event_id=held)

    def all_heard() -> bool:
        heard(client, reader, socketed)
        return all_streamed_again(stream, streamed, reader) and socketed.is_of(reader)

    client, stream, held = socket(reader, live), listens(live), live
    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(acts, other, number) for number, other in enumerate(others)] + [pool.submit(decides, 7)]
        while time.monotonic() < until:
            all_streamed_again(stream, streamed, reader)
            held = stream.last_id or held
            stream.close()
            stream = listens(held)
            heard(client, reader, socketed)
            client.ws.close()
            client = socket(reader, None, position=(client.subscription["epoch"], socketed.offset or client.subscription["offset"]))
            assert client.subscription["recovered"] is True
            for publication in client.subscription.get("publications", []):
                socketed.take(publication["data"], publication["offset"])
        for done in work:
            done.result()
    eventually(all_heard, PATIENCE, "all that has happened")
    assert len(socketed.told) > 20 and len(streamed.told) > 20
    stream.close()
    client.ws.close()


@contextlib.contextmanager
def role(server: Server, name: str, port: int, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """One role in a process of its own, on the databases of a server."""
    settings = server.settings | {
        "MARTLET_POSTGRES": f"host={server.data}/postgres user=martlet dbname=martlet",
        "MARTLET_REDIS": f"unix://{server.redis_socket}", "MARTLET_PORT": str(port),
        "MARTLET_SECRET": (server.data / "secret").read_text().strip(), "MARTLET_DATA": str(server.home / name),
    } | settings
    with (server.home / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [martlet_binary(), name], env=clean_environment(**settings), cwd=server.home, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT)
    try:
        with http_client(f"http://127.0.0.1:{port}") as http:
            def ready() -> bool:
                assert process.poll() is None, (server.home / f"{name}.log").read_text()[-3000:]
                with contextlib.suppress(Exception):
                    return http.get("/readyz").status_code == 200
                return False

            eventually(ready, 60, f"the role {name}")
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.both_logs
def test_roles_by_themselves(own_server: Server, make_user: MakeUser) -> None:
    """A client of a `realtime` process, while the `worker` that tells is killed again and again."""
    if "MARTLET_KAFKA" not in own_server.settings:
        pytest.skip("roles by themselves need Kafka")
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    posts = alice.posts(9)
    inbox = Inbox()
    live = inbox.read(alice)
    port = free_port()
    with role(own_server, "realtime", port):
        client = socket(alice, live, port=port)
        with client:
            for number in range(3):
                with role(own_server, "worker", free_port()) as worker:
                    for post in posts[3 * number:3 * number + 3]:
                        like(bob, post)
                    worker.kill()
            eventually(lambda: heard(client, alice, inbox) and inbox.unread == 9, 90, "all likes")
            assert inbox.told == ["notification.created"] * 9
