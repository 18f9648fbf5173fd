"""Channels over event streams: one position for all of them, a verdict and a name for each."""

from __future__ import annotations

import pytest

from conftest import MakeUser
from martlet_process import Server
from redis_socket import flush_all
from sse_client import Sse, SseEvent
from support import User, assert_problem, eventually, expect


VERDICTS = {"live", "resumed", "reset"}


@pytest.fixture
def carol(make_user: MakeUser) -> User:
    """She follows nobody."""
    return make_user("carol")


def opened(user: User, channels: str, **options: str) -> Sse:
    return Sse(user.server, token=user.token, channels=channels, **options)


def verdicts(stream: Sse, *names: str) -> dict[str, SseEvent]:
    """The first event of each of these channels; one of them may be told of a post meanwhile that came just before."""
    first: dict[str, SseEvent] = {}
    while len(first) < len(names):
        event = stream.next()
        first.setdefault(event.json()["channel"], event)
    assert set(first) == set(names)
    assert all(event.event in VERDICTS and event.id and event.retry for event in first.values())
    return first


def channels_of(events: list[SseEvent]) -> list[str]:
    return [event.json()["channel"] for event in events]


def posted(reader: User, author: User) -> str:
    """A post that the author's channel has told already."""
    with opened(reader, f"user:{author.id}") as stream:
        stream.verdict("live")
        post = author.post("a post")["id"]
        stream.until(post)
    return post


def test_several_at_once(server: Server, alice: User, bob: User, make_user: MakeUser) -> None:
    """A post comes once for each channel that has it, each in order, with its name; the rest is the event as ever."""
    dora = make_user("dora")
    with opened(dora, f"user:{dora.id}") as stream:
        stream.verdict("live")
        post = dora.post("hers")["id"]
        stream.until(post)  # otherwise who comes now may be told of it
    names = [f"user:{alice.id}", f"user:{dora.id}", f"post:{post}"]
    with opened(bob, ",".join(["feed", *names])) as stream:
        assert {event.event for event in verdicts(stream, "feed", *names).values()} == {"live"}
        ids = alice.posts(3)
        events = []
        while len(events) < 6:
            # The post's counts come with its verdict, or behind it.
            events += [event for event in stream.take(1) if event.event != "post.counts"]
        for channel in ("feed", names[0]):
            assert [event.post_id for event in events if event.json()["channel"] == channel] == ids
        whole = events[0].json()
        assert list(whole)[:2] == ["channel", "type"] and whole["post"]["author"]["id"] == alice.id
        dora.delete(post)
        ends = stream.take(3)
        assert sorted(channels_of(ends)) == sorted([names[1], names[2], names[2]])
        last = ends[-1] if ends[-1].event == "unsubscribed" else ends[-2]
        assert last.json() == {"channel": names[2], "code": 2000, "reason": "server unsubscribe"}
        live = alice.post("still")["id"]
        assert [event.post_id for event in stream.take(2)] == [live, live]


def test_comes_back(server: Server, alice: User, bob: User) -> None:
    """From any id on, each channel tells what was missed, once: the id says where the stream was in all of them."""
    names = ["feed", f"user:{alice.id}"]
    with opened(bob, ",".join(names)) as stream:
        verdicts(stream, *names)
        seen = alice.posts(2)
        events = stream.take(4)
    with Sse(server, token=alice.token, channels=names[1]) as other:
        other.verdict("live")
        missed = alice.posts(2, "missed")
        other.until(missed[-1])
    bob.sees(missed[-1])
    for count in range(1, 5):
        with opened(bob, ",".join(names), last_event_id=events[count - 1].id) as stream:
            more = stream.take(2 + 8 - count)
            for channel in names:
                told = [event.post_id for event in events[:count] if event.json()["channel"] == channel]
                mine = [event for event in more if event.json()["channel"] == channel]
                assert mine[0].event == "resumed" and mine[0].json()["missed"] == len(mine) - 1
                assert told + [event.post_id for event in mine[1:]] == seen + missed
    with opened(bob, ",".join(names), last_event_id=more[-1].id) as stream:
        assert [event.json()["missed"] for event in stream.take(2)] == [0, 0]
        live = alice.post("live")["id"]
        assert [event.post_id for event in stream.take(2)] == [live, live]


def test_other_channels_than_before(server: Server, alice: User, bob: User) -> None:
    """The id's positions hold for those that it knows; the others begin now. One of the feed alone is good for the feed."""
    with opened(bob, f"feed,user:{alice.id}") as stream:
        both = list(verdicts(stream, "feed", f"user:{alice.id}").values())[-1].id
    with Sse(server, token=bob.token) as stream:
        plain = stream.verdict("live").id
    post = alice.post("missed")["id"]
    bob.sees(post)
    with opened(bob, f"feed,user:{bob.id}", last_event_id=both) as stream:
        events = stream.take(3)
        assert {event.event for event in events if event.json()["channel"] == f"user:{bob.id}"} == {"live"}
        assert [event.post_id for event in events if event.json()["channel"] == "feed"] == [None, post]
    with opened(bob, f"feed,user:{bob.id}", last_event_id=plain) as stream:
        events = stream.take(3)
        assert [event.event for event in events if event.json()["channel"] == "feed"] == ["resumed", "post.created"]
    with Sse(server, token=bob.token, last_event_id=both) as stream:
        assert stream.verdict("resumed").json() == {"missed": 1}
        assert stream.next().post_id == post


@pytest.mark.parametrize("position", ["", "nonsense", "A" * 431, "AwAAAAAAAAAA"])
def test_a_position_that_is_none(server: Server, alice: User, bob: User, position: str) -> None:
    """A reset of each, and where to read."""
    with opened(bob, f"feed,user:{alice.id},user:{bob.id}", last_event_id=position) as stream:
        first = verdicts(stream, "feed", f"user:{alice.id}", f"user:{bob.id}")
        assert {event.event for event in first.values()} == {"reset"}
        for channel, path in (("feed", "/v1/feed"), (f"user:{alice.id}", f"/v1/users/{alice.id}/posts")):
            assert first[channel].json() == {"channel": channel, "read": path}
            expect(bob.http.get(path), 200)
        live = alice.post("live")["id"]
        assert [event.post_id for event in stream.take(2)] == [live, live]


def test_the_position_of_another_user(server: Server, alice: User, bob: User) -> None:
    channel = f"user:{alice.id}"
    with opened(alice, channel) as stream:
        theirs = stream.verdict("live").id
    with opened(bob, channel, last_event_id=theirs) as stream:
        stream.verdict("reset")


def test_without_the_feed(server: Server, alice: User, bob: User) -> None:
    with opened(bob, f"user:{alice.id}") as stream:
        assert stream.verdict("live").json() == {"channel": f"user:{alice.id}"}
        ids = alice.posts(3)
        assert [event.post_id for event in stream.take(3)] == ids
        with pytest.raises(AssertionError):
            stream.next(0.3)


@pytest.mark.parametrize("channels", [
    "", ",", "feed,", "feed,feed", "post:1,post:1", "nothing:1", "post", "post:x", "post:01", "Feed", "feed:1", "post:1 ",
    ",".join(f"post:{number}" for number in range(1, 18)), "user:" + "1" * 300,
])
def test_a_name_that_is_none(server: Server, bob: User, channels: str) -> None:
    with opened(bob, channels) as stream:
        assert_problem(stream, 400, "invalid_field", "channels")


def test_what_is_not_there(server: Server, alice: User, bob: User) -> None:
    """404, whether it never was or is no more. A stream that comes back is told in the stream: a browser's EventSource gives
    up for good on a 404, and the other channels are no worse for it."""
    post = posted(bob, alice)
    with opened(bob, f"post:{post},user:{alice.id}") as stream:
        position = list(verdicts(stream, f"post:{post}", f"user:{alice.id}").values())[-1].id
    alice.delete(post)
    for gone in (f"post:{post}", "post:9007199254740991", "user:9007199254740991"):
        with opened(bob, f"feed,{gone}") as stream:
            assert_problem(stream, 404, "not_found", "channels")
    with opened(bob, f"post:{post},user:{alice.id}", last_event_id=position) as stream:
        assert stream.next().json() == {"channel": f"post:{post}", "code": 2000, "reason": "server unsubscribe"}
        assert stream.next().json()["channel"] == f"user:{alice.id}"


def test_by_a_ticket(server: Server, alice: User, bob: User) -> None:
    """As EventSource comes: its reconnects prove themselves by an id that the stream was given."""
    channels = f"feed,user:{alice.id}"
    ticket = expect(bob.http.post("/v1/live/ticket"), 201).json()["ticket"]
    with Sse(server, ticket=ticket, channels=channels) as stream:
        last = list(verdicts(stream, "feed", f"user:{alice.id}").values())[-1].id
    post = alice.post("missed")["id"]
    bob.sees(post)
    with Sse(server, ticket=ticket, channels=channels, last_event_id=last) as stream:
        assert sorted(event.event for event in stream.take(4)) == ["post.created", "post.created", "resumed", "resumed"]
    with Sse(server, ticket=ticket, channels=channels) as stream:
        assert_problem(stream, 401, "unauthenticated", "ticket")


def test_redis_starts_anew(own_server: Server, make_user: MakeUser) -> None:
    """Each channel is reset on the stream, which goes on."""
    alice, bob = make_user("alice", on=own_server), make_user("bob", on=own_server)
    bob.follow(alice)
    names = ["feed", f"user:{alice.id}"]
    with opened(bob, ",".join(names)) as stream:
        verdicts(stream, *names)
        flush_all(own_server.redis_socket)
        assert {event.event for event in verdicts(stream, *names).values()} == {"reset"}

        def goes_on() -> bool:
            """Told on both, and not reset once more: what has come into Redis meanwhile is made anew, too."""
            live, told = alice.post("live")["id"], 0
            while told < 2:
                event = stream.next()
                if event.event == "reset":
                    return False
                told += event.post_id == live
            return True

        eventually(goes_on, 30, "a post on both")
