"""The live feed over Server-Sent Events, and its tickets."""

from __future__ import annotations

import pytest

from centrifugo_client import Centrifugo
from conftest import LongAway, MakeUser
from martlet_process import Server
from sse_client import Sse
from support import A_SECOND, User, alterations, assert_problem, expect, http_client, told_to_all


def ticket_of(user: User) -> str:
    answer = expect(user.http.post("/v1/live/ticket"), 201).json()
    assert set(answer) == {"ticket", "expires_in"} and answer["expires_in"] == 30
    return answer["ticket"]


def post_ids(events: list) -> list[str]:
    return [event.post_id for event in events]


def test_a_stream_begins_with_its_verdict(server: Server, bob: User) -> None:
    """The headers of an event stream, then `live` with an id and a retry."""
    with Sse(server, token=bob.token) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        stream.verdict("live")


def test_the_retry_is_spread(server: Server, bob: User) -> None:
    """Not all clients come back in the same millisecond."""
    retries = set()
    for _ in range(12):
        with Sse(server, token=bob.token) as stream:
            retries.add(stream.verdict("live").retry)
    assert len(retries) > 1


@pytest.mark.both_logs
def test_posts_and_deletes_arrive(server: Server, alice: User, bob: User) -> None:
    """Whole event objects, each with an id of its own, in order and each once."""
    with Sse(server, token=bob.token) as stream:
        first = stream.verdict("live").id
        posts = [alice.post(f"line one\nline two {n} \u2028 🐦") for n in range(30)]
        events = stream.take(30)
        # One that is deleted while it is under way is told to nobody.
        alice.delete(posts[0]["id"])
        events += stream.take(1)
    assert [event.event for event in events] == ["post.created"] * 30 + ["post.deleted"]
    assert [event.json() for event in events[:30]] == [{"type": "post.created", "post": told_to_all(post)} for post in posts]
    assert events[30].json() == {"type": "post.deleted", "post_id": posts[0]["id"]}
    assert len({first, *(event.id for event in events)}) == 32 and all(event.id for event in events)


@pytest.mark.parametrize("by", ["header", "parameter"])
def test_exactly_what_was_missed(server: Server, alice: User, bob: User, by: str) -> None:
    """`resumed` with the number, the 50 missed in order, then what is live."""
    with Sse(server, token=bob.token) as stream:
        stream.verdict("live")
        stream.until(alice.posts(3)[-1])
        position = stream.last_id
    missed = alice.posts(50)
    bob.sees(*missed)
    how = {"last_event_id": position} if by == "header" else {"since": position}
    with Sse(server, token=bob.token, **how) as stream:
        assert stream.verdict("resumed").json() == {"missed": 50}
        assert post_ids(stream.take(50)) == missed
        live = alice.post("live again")["id"]
        assert post_ids(stream.until(live)) == [live]


def test_a_drop_before_the_first_post(server: Server, alice: User, bob: User) -> None:
    """The verdict's id is a position, too."""
    with Sse(server, token=bob.token) as stream:
        position = stream.verdict("live").id
    missed = alice.posts(2)
    bob.sees(*missed)
    with Sse(server, token=bob.token, last_event_id=position) as stream:
        assert stream.verdict("resumed").json() == {"missed": 2}
        assert post_ids(stream.take(2)) == missed
        position = stream.last_id
    with Sse(server, token=bob.token, last_event_id=position) as stream:
        assert stream.verdict("resumed").json() == {"missed": 0}


def test_past_the_window(server: Server, long_away: LongAway) -> None:
    """1,250 posts later: `reset`, with where to read; then it is live."""
    with Sse(server, token=long_away.reader.token, last_event_id=long_away.sse_id) as stream:
        assert stream.verdict("reset").json() == {"feed": "/v1/feed"}
        live = long_away.reader.post("still live")["id"]
        assert post_ids(stream.until(live)) == [live]


def test_one_position_everywhere(server: Server, alice: User, bob: User) -> None:
    """A position of one transport is good for the others."""
    live = bob.feed()["live"]
    ids = alice.posts(6)
    bob.sees(*ids)
    with Sse(server, token=bob.token, since=live) as stream:
        stream.verdict("resumed")
        third = stream.take(3)[-1].id
    assert [event["post"]["id"] for event in bob.feed(since=third)["items"]] == ids[3:]
    with Centrifugo.of(bob, since=third) as client:
        assert [publication.post_id for publication in client.take(3)] == ids[3:]
    after = bob.feed(since=third)["live"]
    ids.append(alice.post("one more")["id"])
    with Sse(server, token=bob.token, last_event_id=after) as stream:
        assert post_ids(stream.until(ids[-1])[1:]) == ids[-1:]


@pytest.mark.slow
def test_a_quiet_stream_says_something(server: Server, bob: User) -> None:
    """A comment at least every 15 s keeps intermediaries from ending it."""
    with Sse(server, token=bob.token) as stream:
        stream.verdict("live")
        with pytest.raises(AssertionError, match="no event"):
            stream.next(17)
        assert stream.comments >= 1


def test_two_streams_of_one_user(server: Server, alice: User, bob: User) -> None:
    with Sse(server, token=bob.token) as first, Sse(server, token=bob.token) as second:
        first.verdict("live"), second.verdict("live")
        ids = alice.posts(10)
        assert post_ids(first.until(ids[-1])) == post_ids(second.until(ids[-1])) == ids


def test_a_ticket_opens_one_stream(server: Server, alice: User, bob: User) -> None:
    """Without a header: once. Again only with an id that was given to that stream, as EventSource does it."""
    ticket = ticket_of(bob)
    with Sse(server, ticket=ticket) as stream:
        stream.verdict("live")
        seen = alice.post("seen")["id"]
        assert post_ids(stream.until(seen)) == [seen]
        position = stream.last_id
        assert_problem(Sse(server, ticket=ticket), 401, "unauthenticated")
    assert_problem(Sse(server, ticket=ticket), 401, "unauthenticated")
    missed = alice.posts(2)
    bob.sees(*missed)
    for _ in range(2):
        with Sse(server, ticket=ticket, last_event_id=position) as stream:
            assert stream.verdict("resumed").json() == {"missed": 2}
            assert post_ids(stream.take(2)) == missed


def test_a_ticket_is_not_opened_by_another_streams_id(server: Server, bob: User, make_user: MakeUser) -> None:
    """An id of another user's stream, of another stream of the same user, or an invented one proves nothing."""
    ticket, carol = ticket_of(bob), make_user("carol")
    with Sse(server, ticket=ticket) as stream:
        stream.verdict("live")
    with Sse(server, token=carol.token) as stream:
        foreign = stream.verdict("live").id
    for position in (foreign, "x", ""):
        assert_problem(Sse(server, ticket=ticket, last_event_id=position), 401, "unauthenticated")


def test_a_fresh_ticket_carries_a_page_position(server: Server, alice: User, bob: User) -> None:
    """A page over REST, then live from it with a ticket."""
    live = bob.feed()["live"]
    ids = alice.posts(3)
    bob.sees(*ids)
    with Sse(server, ticket=ticket_of(bob), since=live) as stream:
        assert stream.verdict("resumed").json() == {"missed": 3}
        assert post_ids(stream.take(3)) == ids


def test_tickets_that_are_none(server: Server, bob: User) -> None:
    for ticket in [*alterations(ticket_of(bob)), "", "x", bob.token]:
        assert_problem(Sse(server, ticket=ticket), 401, "unauthenticated")


def test_no_stream_without_a_session(server: Server) -> None:
    assert_problem(Sse(server), 401, "unauthenticated")
    assert_problem(Sse(server, token="a.b.c"), 401, "unauthenticated")


@pytest.mark.promised_time
def test_logout_ends_the_stream_and_its_ticket(server: Server, alice: User) -> None:
    """Within a second of the 204; the ticket is dead with the session; another session stays."""
    other, ticket = alice.login(), ticket_of(alice)
    unused = ticket_of(alice)
    with Sse(server, ticket=ticket) as stream, Sse(server, token=alice.token) as second, Sse(server, token=other.token) as stays:
        position = stream.verdict("live").id
        second.verdict("live"), stays.verdict("live")
        with http_client(server.url) as http:
            expect(http.post("/v1/auth/logout", json={"refresh_token": alice.session["refresh_token"]}), 204)
        stream.rest(A_SECOND)
        second.rest(A_SECOND)
        assert_problem(Sse(server, ticket=ticket, last_event_id=position), 401, "unauthenticated")
        assert_problem(Sse(server, ticket=unused), 401, "unauthenticated")
        assert stays.until(other.post("the other session")["id"])
    other.close()


def test_positions_that_are_none(server: Server, alice: User, bob: User) -> None:
    """A position that is invented, altered or another's: `reset`, for an EventSource gives up for good on a 400."""
    live = bob.feed()["live"]
    for since in ("", "0", "x", alice.feed()["live"], *alterations(live)):
        with Sse(server, token=bob.token, since=since) as stream:
            stream.verdict("reset")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_foreign_origins(server: Server, bob: User, origin: str) -> None:
    assert_problem(Sse(server, token=bob.token, origin=origin), 403, "forbidden")


def test_the_own_origin(server: Server, bob: User) -> None:
    with Sse(server, token=bob.token, origin=f"http://127.0.0.1:{server.port}") as stream:
        stream.verdict("live")
