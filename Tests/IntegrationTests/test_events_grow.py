"""A process that meets what a later version has written passes over it: it neither stops, nor tries for ever, nor has
clients read anew, and takes it for nothing else."""

from __future__ import annotations

import json
import re
import socket
import struct
import uuid
from pathlib import Path
from typing import Any, Iterator

import pytest

from centrifugo_client import Centrifugo
from martlet_process import Server, run_martlet
from redis_socket import redis_reply
from sql import rows
from sse_client import Sse
from support import User, eventually, expect, http_client, told_to_all


def numbers(server: Server) -> dict[str, float]:
    """All counters and gauges, by name and labels."""
    with http_client(server.url) as http:
        text = expect(http.get("/metrics"), 200).text
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


def skipped(server: Server, where: str) -> dict[str, int]:
    """What was passed over, by kind."""
    return {
        match[1]: int(value) for name, value in numbers(server).items()
        if (match := re.fullmatch(rf'martlet_events_skipped_total{{where="{where}",kind="(.*)"}}', name))}


class Steady:
    """What must not move meanwhile."""

    NAMES = ("martlet_live_gaps_total", "martlet_live_resumes_total", "martlet_live_resets_total",
             "martlet_live_rejected_total", "martlet_relay_failures_total")

    def __init__(self, server: Server) -> None:
        self.server = server
        self.before = self.now()

    def now(self) -> dict[str, float]:
        return {name: value for name, value in numbers(self.server).items()
                if name in self.NAMES or name.startswith("martlet_log_handler_failures_total")}

    def check(self) -> None:
        assert set(self.NAMES) <= set(self.before) and self.now() == self.before


def write(server: Server, topic: str, key: str, payload: str = "{}", **headers: str | None) -> None:
    """An event into the outbox, as a later version might write it. `None`: without this header."""
    given: dict[str, str | None] = {
        "event-id": str(uuid.uuid4()), "request-id": "later", "schema-version": "1", "tenant": "default"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps({name: value for name, value in given.items() if value is not None})
    rows(server, f"INSERT INTO outbox (topic, key, payload, headers) VALUES ('{topic}', '{key}', '{payload}', '{text}')")
    rows(server, "SELECT pg_notify('martlet_outbox', '')")


@pytest.mark.both_logs
def test_records(alice: User, bob: User) -> None:
    """Of a kind and of a version that nobody knows, between posts of the same author: all of these arrive, in order."""
    server = alice.server
    before = skipped(server, "log")
    steady = Steady(server)
    with Sse(server, token=bob.token) as stream, Centrifugo.of(bob) as client:
        stream.verdict("live")
        first = alice.post("first")["id"]
        event = f'{{"type":"post.created","post":{{"id":"{first}"}}}}'
        about = {"post": first, "author": alice.id}
        write(server, "post.events", alice.id, event, event_type="post.pinned", **about)
        write(server, "post.events", alice.id, event, event_type="post.created", schema_version="2", **about)
        write(server, "post.events", alice.id, event, event_type="post.deleted", post=first, author=None)
        # What a planner of a later version hands to the workers of this one.
        write(server, "fanout.chunks", f"{alice.id}:0", event, event_type="post.pinned", buckets="0-1024", **about)
        write(server, "graph.events", bob.id, event_type="follow.muted", follower=bob.id, followee=alice.id)
        write(server, "graph.events", bob.id, event_type=None)
        write(server, "inbox.events", bob.id, event_type="inbox.withdrawn")
        second = alice.post("second")["id"]
        assert [seen.post_id for seen in stream.until(second)] == [first, second]
        assert [told.event["post"]["id"] for told in client.until(second)] == [first, second]
    bob.sees(first, second)
    assert alice.feed_ids(limit=2) == [second, first]
    # By each group that reads the topic.
    expected = {"other": 5, "post.created": 2, "malformed": 3}
    eventually(
        lambda: all(skipped(server, "log").get(kind, 0) == before.get(kind, 0) + count
                    for kind, count in expected.items()), 10, f"counts of {expected} more than {before}")
    eventually(lambda: rows(server, "SELECT count(*) FROM outbox") == [("0",)], 10, "an empty outbox")
    steady.check()
    # Names from outside make no labels.
    assert set(skipped(server, "log")) <= {"other", "malformed", "post.created", "post.deleted"}


def test_a_chunk_of_an_unknown_kind_holds_nobody_up(alice: User, bob: User) -> None:
    """Its author's slices wait for chunks that are written down as begun."""
    server = alice.server
    post = alice.post("known")["id"]
    progress = f"FROM fanout_progress WHERE author_id = {alice.id}"
    rows(server, "INSERT INTO fanout_progress (post_id, type, bucket_from, author_id, next_bucket) "
                 f"VALUES ({post}, 'post.pinned', 512, {alice.id}, 512)")
    write(server, "fanout.chunks", f"{alice.id}:512", event_type="post.pinned", buckets="512-1024", tracked="1",
          post=post, author=alice.id)
    eventually(lambda: rows(server, f"SELECT count(*) {progress}") == [("0",)], 10, "its progress is given up")


def node_of(server: Server, user: User) -> tuple[str, str]:
    """The user's partition, as in the names of keys, and the node that holds the user."""
    for key in lines(redis_reply(server.redis_socket, "KEYS", "online:*")):
        field = redis_reply(server.redis_socket, "HGET", key, user.id)
        if not field.startswith(b"$-1"):
            return re.search(r"{.*}", key)[0], lines(field)[0]  # type: ignore[index]
    raise AssertionError(f"{user.id} is not online")


def lines(reply: bytes) -> list[str]:
    """The values of an array, or of one string."""
    return [line.decode() for line in reply.split(b"\r\n") if line and line[:1] not in b"*$"]


PUBLISH = """
    local number = redis.call('HINCRBY', 'seq:' .. ARGV[1], ARGV[2], 1)
    local clock = tonumber(redis.call('GET', 'clock:' .. ARGV[1]))
    local head = ARGV[3] .. struct.pack('>I7I7', number, clock) .. redis.call('GET', 'epoch:' .. ARGV[1])
    return redis.call('PUBLISH', 'node:' .. ARGV[1] .. ':' .. ARGV[2], head .. ARGV[4])
    """

UNKNOWN = {
    "a version": (b"\3\1", b"whatever"), "a kind": (b"\1\4", b""), "an operation": (b"\1\1", b"\4" + bytes(30)),
    "a kind of the second version": (b"\2\7", b"\0"),
}


@pytest.mark.parametrize("head, body", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_messages_to_nodes(alice: User, bob: User, head: bytes, body: bytes) -> None:
    """One with the right number keeps the numbers in order; what comes behind it is told."""
    server = alice.server
    with Sse(server, token=bob.token) as stream:
        stream.verdict("live")
        stream.until(alice.post("before")["id"])
        partition, node = node_of(server, bob)
        before, steady = skipped(server, "node"), Steady(server)
        assert redis_reply(server.redis_socket, "EVAL", PUBLISH, "0", partition, node, head, body) == b":1\r\n"
        after = alice.post("after")["id"]
        assert [event.post_id for event in stream.until(after)] == [after]
        # Two beats of the partition have gone by: neither found that anything was missed.
        messages = numbers(server)["martlet_live_messages_total"]
        eventually(lambda: numbers(server)["martlet_live_messages_total"] >= messages + 3, 10, "beats")
        steady.check()
    assert skipped(server, "node") == before | {"other": before["other"] + 1}


def test_an_event_of_an_unknown_kind_for_a_node(alice: User, bob: User) -> None:
    """By name, in the second form: clients are not told, neither as that nor as anything else."""
    server = alice.server

    def short(text: str) -> bytes:
        return bytes([len(text)]) + text.encode()

    payload = b'{"type":"post.pinned"}'
    with Sse(server, token=bob.token) as stream, Centrifugo.of(bob) as client:
        stream.verdict("live")
        partition, node = node_of(server, bob)
        before, steady = skipped(server, "node"), Steady(server)
        users = struct.pack(">I", 1) + struct.pack(">Q", int(bob.id))[1:] + struct.pack(">I", 0)
        for kind, version in (("post.pinned", 1), ("post.created", 2)):
            envelope = short(kind) + struct.pack(">H", version) + short("e1") + short("r1") + short("") + b"\0"
            body = users + envelope + struct.pack(">I", len(payload)) + payload
            assert redis_reply(server.redis_socket, "EVAL", PUBLISH, "0", partition, node, b"\2\1", body) == b":1\r\n"
        after = alice.post("after")["id"]
        assert [event.post_id for event in stream.until(after)] == [after]
        assert [told.event["post"]["id"] for told in client.until(after)] == [after]
        steady.check()
    now = skipped(server, "node")
    assert now["other"] == before["other"] + 1 and now["post.created"] == before.get("post.created", 0) + 1


@pytest.mark.parametrize("change", [lambda entry: entry[:21] + b"\x40", lambda entry: entry + b"\0"], ids=["flags", "longer"])
def test_timeline_entries(alice: User, bob: User, change: Any) -> None:
    """Pages and resumes leave such an entry out, and tell the rest."""
    server = alice.server
    bob.feed()
    with Centrifugo.of(bob) as client:
        position = client.position
    live = bob.feed()["live"]
    posts = alice.posts(3)
    bob.sees(*posts)
    key = next(key for key in lines(redis_reply(server.redis_socket, "KEYS", f"tl:*:{bob.id}")))
    # The list is newest first.
    entry = redis_reply(server.redis_socket, "LINDEX", key, "1").split(b"\r\n", 1)[1][:22]
    assert int.from_bytes(entry[:7], "big") == int(posts[1])
    assert redis_reply(server.redis_socket, "LSET", key, "1", change(entry)).startswith(b"+OK")
    before = skipped(server, "entry")["other"]
    told = [posts[0], posts[2]]
    assert bob.feed_ids(limit=3) == told[::-1]
    missed = bob.feed(since=live)["items"]
    assert [event["post"]["id"] for event in missed] == told
    with Centrifugo.of(bob, position=position) as client:
        assert [told.event["post"]["id"] for told in client.until(posts[2])] == told
    with Sse(server, token=bob.token, since=live) as stream:
        stream.verdict("resumed")
        assert [event.post_id for event in stream.until(posts[2])] == told
    assert skipped(server, "entry")["other"] == before + 4


def test_a_further_migration(own_server: Server) -> None:
    """Of a version that was here before this one: it goes on, and so do the tools."""
    rows(own_server, "INSERT INTO schema_migrations (number, name) VALUES (999, 'of a later version')")
    own_server.stop()
    own_server.start()
    ann, ben = User.signup(own_server, "ann"), User.signup(own_server, "ben")
    ben.follow(ann)
    ben.sees(ann.post("hello")["id"])
    assert '"event":"migration.newer","number":999' in own_server.log_tail(500)
    done = run_martlet("migrate", MARTLET_DATA=str(own_server.data))
    assert (done.returncode, done.stdout) == (0, "the schema is up to date\n"), done


# Formats


def format_command(server: Server, *words: str) -> tuple[int, str]:
    """What it prints; of one that fails, why."""
    done = run_martlet("format", *words, MARTLET_DATA=str(server.data))
    return done.returncode, done.stdout.strip() or done.stderr


class Messages:
    """What is published to nodes."""

    def __init__(self, path: Path) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(10)
        self.connection.connect(str(path))
        self.connection.sendall(b"*2\r\n$10\r\nPSUBSCRIBE\r\n$6\r\nnode:*\r\n")
        self.data = b""

    def events(self) -> Iterator[bytes]:
        """Messages that tell an event."""
        while True:
            match = re.search(rb"\r\nnode:{[^\r]*\r\n\$(\d+)\r\n", self.data)
            if match and len(self.data) >= match.end() + int(match[1]):
                message = self.data[match.end():match.end() + int(match[1])]
                self.data = self.data[match.end() + int(match[1]):]
                if message[1] == 1:
                    yield message
            else:
                self.data += self.connection.recv(4096)


def test_formats_are_enabled_for_good(own_server: Server) -> None:
    """Until then, messages to nodes are written as versions before read them; from then on a version that does not read
    the format is refused."""
    ann, ben = User.signup(own_server, "ann"), User.signup(own_server, "ben")
    ben.follow(ann)
    messages = Messages(own_server.redis_socket)
    with Sse(own_server, token=ben.token) as stream, Centrifugo.of(ben) as client:
        stream.verdict("live")

        def form() -> int:
            post = ann.post("which form?")
            expected = {"type": "post.created", "post": told_to_all(post)}
            assert [event.json() for event in stream.until(post["id"])] == [expected]
            assert [told.event for told in client.until(post["id"])] == [expected]
            return next(message for message in messages.events() if b"which form?" in message)[0]

        assert form() == 1
        code, said = format_command(own_server)
        assert code == 0 and "node-message-2" in said and "not enabled" in said, said
        assert re.search(r"serve, Martlet \S+, process \d+ on \S+, reads node-message-2", said), said

        # Somebody who does not read it.
        rows(own_server, "INSERT INTO processes (id, role, version, host, pid, formats) VALUES ('x', 'api', '0.9', 'elsewhere', 7, '{}')")
        code, said = format_command(own_server, "enable")
        assert code == 1 and "api (Martlet 0.9, process 7 on elsewhere)" in said and "--force" in said, said
        assert form() == 1
        assert format_command(own_server, "enable", "node-message-2", "--force") == (0, "enabled: node-message-2")
        eventually(lambda: form() == 2, 5, "messages in the new form")
        assert format_command(own_server, "enable", "node-message-2") == (0, "enabled already")
        post = ann.post("to be deleted")["id"]
        assert [event.event for event in stream.until(post)][-1] == "post.created"
        # Not before: what is deleted while it is under way is told to nobody.
        ann.delete(post)
        deleted = stream.next()
        assert (deleted.event, deleted.json()) == ("post.deleted", {"type": "post.deleted", "post_id": post})

    assert own_server.stop() == 0
    own_server.start()
    rows(own_server, "INSERT INTO formats (name) VALUES ('from-the-future')")
    ben.sees(ann.post("it still runs")["id"])
    code, said = format_command(own_server)
    assert code == 0 and "from-the-future: not known to this version" in said, said


@pytest.mark.parametrize("words", [("show",), ("--force",), ("enable", "no-such-format")])
def test_what_the_command_does_not_take(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run_martlet("format", *words, MARTLET_DATA=str(tmp_path))
    assert done.returncode == 2 and words[-1] in done.stderr, done
