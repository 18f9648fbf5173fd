"""What comes from Redis goes into frames only when it is what the scripts write; and a resume has a size."""

from __future__ import annotations

import struct
import time

import pytest

from centrifugo_client import Centrifugo
from hostile import metric
from martlet_process import Server
from redis_socket import redis_command, redis_reply
from sse_client import Sse
from support import User, eventually, told_to_all

FORGED = '{"type":"post.deleted","post_id":"1"}'
PAYLOADS = {
    "a line more": f"r1\n{{}}\n\nevent: post.deleted\nid: x\ndata: {FORGED}\n",
    "a carriage return": f"r1\n{{}}\r\revent: post.deleted\rdata: {FORGED}\r\r",
    "in the tag": f"r1\r\revent: x\r\n{FORGED}",
    "a tag that is none": f"{'r' * 65}\n{FORGED}",
    "no JSON": "r1\nnonsense", "half of it": "r1\n" + FORGED[:-1], "two objects": f"r1\n{FORGED}{FORGED}",
    "no object": "r1\n[1]", "the end of a frame": 'r1\n{}}},"pub":{"data":' + FORGED, "nothing": "",
}


def message(payload: bytes, user: User, epoch: str) -> bytes:
    """An event for one user as the scripts write it (Sources/Domains/Feed/NodeMessage.swift)."""
    def number(value: int) -> bytes:
        return struct.pack(">Q", value)[1:]

    head = b"\1\1" + number(1) + number(time.time_ns() // 1000) + epoch.encode()
    users = struct.pack(">I", 1) + number(int(user.id)) + struct.pack(">I", 0)
    return head + b"\1" + number(1) + number(1) + users + struct.pack(">I", len(payload)) + payload


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_what_is_published_to_a_node(server: Server, alice: User, bob: User, payload: str) -> None:
    """Nothing of it reaches a client, it is counted, and what is true is told as before."""
    rejected = metric(server, "martlet_live_rejected_total")
    channels = redis_reply(server.redis_socket, "PUBSUB", "CHANNELS", "node:*").split(b"\r\n")[2::2]
    with Sse(server, token=bob.token) as stream, Centrifugo.of(bob) as client:
        stream.verdict("live")
        for channel in channels:
            data = message(payload.encode(), bob, client.position[0])
            assert redis_command(server.redis_socket, "PUBLISH", channel, data) == ":1"
        post = alice.post("true")
        expected = {"type": "post.created", "post": told_to_all(post)}
        assert [publication.event for publication in client.until(post["id"])] == [expected]
        assert [event.json() for event in stream.until(post["id"])] == [expected]
    eventually(lambda: metric(server, "martlet_live_rejected_total") == rejected + len(channels), 5, "the count")


def test_more_than_a_resume_may_tell(server: Server, alice: User, bob: User) -> None:
    """A megabyte of missed posts is a reset on every transport, and the position behind it is live; less is told."""
    bob.sees(alice.post("first")["id"])
    old = bob.feed()["live"]
    with Centrifugo.of(bob) as client:
        position = client.position
    posts = alice.posts(55, "\U0001F426" * 4990)
    bob.sees(posts[-1])
    with Sse(server, token=bob.token, since=old) as stream, Centrifugo.of(bob, position=position) as client:
        stream.verdict("reset")
        assert client.subscription["recovered"] is False and not client.publications
        live = alice.post("behind the reset")["id"]
        assert [event.post_id for event in stream.until(live)] == [live]
        assert [publication.post_id for publication in client.until(live)] == [live]
    # From the middle on it is half as much.
    with Centrifugo.of(bob) as client:
        middle = client.position
    more = alice.posts(20, "\U0001F426" * 4990)
    bob.sees(more[-1])
    with Centrifugo.of(bob, position=middle) as client:
        assert [publication.post_id for publication in client.take(20)] == more
