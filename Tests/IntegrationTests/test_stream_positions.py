"""Event streams for every client: whatever position is shown, the stream begins; and each event comes at once."""

from __future__ import annotations

import threading
import time
from queue import Queue

import pytest
import requests
import sseclient

from centrifugo_client import Centrifugo
from identity import ticket_of
from martlet_process import Server
from raw_http import RawHttp
from sse_client import Sse
from support import SLACK, User, alterations, assert_problem, expect, http_client


JUNK = ("junk", "~", "a~b", "0", "-1", "x" * 63, "x" * 4000, "%", "💥", "e" + "\u0301" * 200, "AAAA" * 6, "null", "undefined", " ", "\t")


def unusable(server: Server, user: User, other: User) -> list[str]:
    live = user.feed()["live"]
    return [*JUNK, *alterations(live), other.feed()["live"], expect(user.http.get("/v1/feed", params={"limit": 1}), 200).json().get("next", "z")]


def test_a_position_that_cannot_be_used(server: Server, alice: User, bob: User) -> None:
    """`reset`, never 400: an EventSource would give up for good. Wherever it is given; then the stream is live."""
    bob.posts(2)
    for position in ["", *unusable(server, bob, alice)]:
        for name in ("since", "lastEventId"):
            with Sse(server, token=bob.token, **{name: position}) as stream:
                assert stream.verdict("reset").json() == {"feed": "/v1/feed"}, (name, position)
        if position.isascii():
            with Sse(server, token=bob.token, last_event_id=position) as stream:
                stream.verdict("reset")
                post = alice.post("after a reset")["id"]
                assert stream.until(post)[-1].post_id == post


def test_bytes_that_are_no_text(server: Server, bob: User) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", "/v1/live/sse", token=bob.token)[:-2] + b"Last-Event-ID: \xff\xfe\x80\r\n\r\n")
        raw._until(b"event: reset")
    with RawHttp(server) as raw:
        live = bob.feed()["live"]
        raw.send(raw.head("GET", "/v1/live/sse", f"Last-Event-ID: {live}", f"Last-Event-ID: {live}", token=bob.token))
        raw._until(b"event: reset")


def test_the_polyfills_way(server: Server, alice: User, bob: User) -> None:
    """`lastEventId` in the query is as good as the header, proves the same for a ticket, and gives way to the header."""
    ticket = ticket_of(bob)
    with Sse(server, ticket=ticket) as stream:
        position = stream.verdict("live").id
    assert position is not None
    missed = alice.posts(2)
    bob.sees(*missed)
    for how in ({"token": bob.token}, {"ticket": ticket}):
        with Sse(server, lastEventId=position, **how) as stream:
            assert stream.verdict("resumed").json() == {"missed": 2}
            assert [event.post_id for event in stream.take(2)] == missed
    with Sse(server, token=bob.token, last_event_id=position, lastEventId="junk", since="junk") as stream:
        stream.verdict("resumed")
    with Sse(server, token=bob.token, last_event_id="junk", lastEventId=position) as stream:
        stream.verdict("reset")
    with Sse(server, token=bob.token, lastEventId=position, since="junk") as stream:
        stream.verdict("resumed")


def test_junk_opens_no_used_ticket(server: Server, alice: User, bob: User) -> None:
    """The reset is for a client that may open a stream; a used ticket still wants its stream's own proof."""
    ticket = ticket_of(bob)
    with Sse(server, ticket=ticket, last_event_id="junk") as stream:
        proof = stream.verdict("reset").id.split("~")[1]  # type: ignore[union-attr]
    for wrong in (*JUNK[:5], bob.feed()["live"]):
        with Sse(server, ticket=ticket, lastEventId=wrong) as stream:
            assert_problem(stream, 401, "unauthenticated")
    with Sse(server, ticket=ticket, last_event_id=f"junk~{proof}") as stream:
        stream.verdict("reset")


def test_rest_and_websocket_still_refuse(server: Server, bob: User) -> None:
    for position in ("junk", ""):
        assert_problem(bob.http.get("/v1/feed", params={"since": position}), 400, "invalid_cursor", "since")
    with Centrifugo(server) as client:
        assert client.call(connect={"token": bob.token, "data": {"since": "junk"}})["error"]["code"] == 107


def test_head_of_a_stream(server: Server, bob: User) -> None:
    """The head that GET would get, and no body; nothing is opened, and a ticket is not spent."""
    with http_client(server.url) as http, Sse(server, token=bob.token) as stream:
        ticket = ticket_of(bob)
        for how in ({"headers": {"Authorization": f"Bearer {bob.token}"}}, {"params": {"ticket": ticket}},
                    {"params": {"ticket": ticket, "since": "junk"}}):
            answer = expect(http.head("/v1/live/sse", **how), 200)
            assert answer.content == b""
            differs = {"date", "x-request-id"}
            assert {k: v for k, v in answer.headers.items() if k not in differs} == {
                k: v for k, v in stream.headers.items() if k not in differs}
        assert http.head("/v1/live/sse").status_code == 401
        assert http.head("/v1/live/sse", params={"ticket": "x"}).status_code == 401
        assert http.head("/v1/live/sse", params={"ticket": ticket, "x": "1"}).status_code == 400
        with Sse(server, ticket=ticket) as opened:
            opened.verdict("live")
        assert http.head("/v1/live/sse", params={"ticket": ticket}).status_code == 401
        for method in ("POST", "PUT", "DELETE"):
            answer = http.request(method, "/v1/live/sse")
            assert_problem(answer, 405, "method_not_allowed")
            assert answer.headers["allow"] == "GET, HEAD"


def test_forty_heads_hold_no_connection(server: Server, bob: User) -> None:
    """A user may have twenty streams; a HEAD is none."""
    for _ in range(40):
        expect(bob.http.head("/v1/live/sse"), 200)
    with Sse(server, token=bob.token) as stream:
        stream.verdict("live")


@pytest.mark.promised_time
def test_requests_with_sseclient(server: Server, alice: User, bob: User) -> None:
    """A client that reads by length gets each event within 300 ms, not with the next one."""
    answer = requests.get(f"{server.url}/v1/live/sse", stream=True, timeout=30,
                          headers={"Authorization": f"Bearer {bob.token}", "Accept": "text/event-stream"})
    assert answer.headers["transfer-encoding"] == "chunked"
    arrived: Queue[tuple[float, str, str]] = Queue()

    def read() -> None:
        try:
            for event in sseclient.SSEClient(answer).events():
                arrived.put((time.monotonic(), event.event, event.data))
        except (requests.RequestException, AttributeError, ValueError):
            pass  # closed below

    threading.Thread(target=read, daemon=True).start()
    try:
        assert arrived.get(timeout=5)[1] == "live"
        for number in range(5):
            posted = time.monotonic()
            post = alice.post(f"one a second {number}")
            at, name, data = arrived.get(timeout=5)
            assert name == "post.created" and post["id"] in data
            assert at - posted < 0.3, f"event {number} came after {at - posted:.2f} s"
            time.sleep(max(0.0, posted + 1 - time.monotonic()))
    finally:
        answer.raw._fp.fp.raw._sock.shutdown(2)
        answer.close()


def chunks(raw: RawHttp) -> bytes:
    """The next chunk's content."""
    size = int(raw._until(b"\r\n"), 16)
    content = raw._exactly(size)
    assert raw._exactly(2) == b"\r\n"
    return content


def test_a_chunk_is_whole_events(server: Server, alice: User, bob: User) -> None:
    """To HTTP/1.1 what is written at once is one chunk; to HTTP/1.0 there are none, and the connection is the end."""
    with RawHttp(server) as raw, RawHttp(server) as old:
        raw.send(raw.head("GET", "/v1/live/sse", token=bob.token))
        head = raw._until(b"\r\n\r\n").lower()
        assert b"transfer-encoding: chunked" in head and b"content-length" not in head
        assert chunks(raw).startswith(b"retry: ")
        old.send(old.head("GET", "/v1/live/sse", token=bob.token).replace(b"HTTP/1.1", b"HTTP/1.0"))
        head = old._until(b"\r\n\r\n").lower()
        assert b"transfer-encoding" not in head and b"connection: close" in head
        assert old._until(b"\n\n").startswith(b"retry: ")
        for number in range(3):
            post = alice.post(f"chunk {number}")["id"].encode()
            content = chunks(raw)
            assert content.startswith(b"id: ") and content.endswith(b"\n\n") and post in content
            assert post in old._until(b"\n\n")


def test_the_end_of_a_stream_is_a_last_chunk(server: Server, bob: User) -> None:
    """A client that reads by length sees an end, not a break."""
    session = bob.login()
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", "/v1/live/sse", token=session.token))
        raw._until(b"\r\n\r\n")
        chunks(raw)
        expect(session.http.post("/v1/auth/logout", json={"refresh_token": session.session["refresh_token"]}), 204)
        assert raw._until(b"\r\n\r\n") == b"0"
        assert raw.ended()
    session.close()


def test_a_long_poll_waits_45_seconds_at_most(server: Server, alice: User, bob: User) -> None:
    """46 to 55 are taken as 45; more, and what is no number, is refused by name."""
    live = bob.feed()["live"]
    for wait in ("56", "60", "1e1", "+5", "05", "", "-1", "45.0"):
        answer = bob.http.get("/v1/feed", params={"since": live, "wait": wait})
        assert_problem(answer, 400, "invalid_field", "wait")
    post = alice.post("there already")["id"]
    bob.sees(post)
    for wait in (0, 45, 46, 55):
        assert [event["post"]["id"] for event in bob.feed(since=live, wait=wait)["items"]] == [post]


@pytest.mark.slow
def test_fifty_five_is_forty_five(server: Server, bob: User) -> None:
    live, began = bob.feed()["live"], time.monotonic()
    with http_client(server.url, bob.token, timeout=60) as http:
        answer = expect(http.get("/v1/feed", params={"since": live, "wait": 55}), 200).json()
    assert answer["items"] == [] and 44.5 < time.monotonic() - began < 45 + 2 * SLACK
