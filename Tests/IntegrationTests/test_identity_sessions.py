"""What a session's end ends. What becomes of a refresh token that many have is in Tests/AccountsTests."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from identity import assert_refused, show_to_rest, ticket_of
from martlet_process import Server
from raw_http import RawHttp
from sse_client import Sse
from support import A_SECOND, User, assert_problem, eventually, expect, http_client


def log_out(user: User) -> None:
    with http_client(user.server.url) as http:
        expect(http.post("/v1/auth/logout", json={"refresh_token": user.session["refresh_token"]}), 204)


def refresh(server: Server, token: str) -> httpx.Response:
    with http_client(server.url) as http:
        return http.post("/v1/auth/refresh", json={"refresh_token": token})


def waiting_poll(user: User) -> RawHttp:
    """A long poll on its way."""
    raw = RawHttp(user.server)
    raw.send(raw.request("GET", f"/v1/feed?since={user.feed()['live']}&wait=50", token=user.token))
    return raw


@pytest.mark.promised_time
def test_a_log_out_ends_everything(alice: User, bob: User, make_user: MakeUser) -> None:
    """REST at once; open WebSocket, event streams and a waiting long poll within a second, with nothing more told."""
    other = bob.login()
    with Centrifugo.of(bob) as socket, Sse(bob.server, token=bob.token) as stream, \
            Sse(bob.server, ticket=ticket_of(bob)) as ticketed, waiting_poll(bob) as poll, waiting_poll(other) as stays:
        stream.verdict("live"), ticketed.verdict("live")
        begin = time.monotonic()
        log_out(bob)
        assert_problem(show_to_rest(bob.server, bob.token), 401, "unauthenticated")
        poll.socket.settimeout(5)
        assert_problem(poll.answer(), 401, "unauthenticated")
        assert socket.closed(A_SECOND)[0] == 3503
        assert stream.rest(A_SECOND) == [] and ticketed.rest(A_SECOND) == []
        assert time.monotonic() - begin < A_SECOND
        post = alice.post("not for the one who has left")["id"]
        assert [event["post"]["id"] for event in stays.answer().json()["items"]] == [post]
    assert_refused(other, bob.token)
    other.close()


def test_a_poll_that_begins_as_the_session_ends(bob: User) -> None:
    """Whichever of the two is first: no poll outlives its session."""
    for _ in range(20):
        session = bob.login()
        live = session.feed()["live"]
        with RawHttp(bob.server) as raw:
            barrier = threading.Barrier(2)

            def poll() -> None:
                barrier.wait()
                raw.send(raw.request("GET", f"/v1/feed?since={live}&wait=50", token=session.token))

            with ThreadPoolExecutor(1) as pool:
                sent = pool.submit(poll)
                barrier.wait()
                log_out(session)
                sent.result()
            assert_problem(raw.answer(), 401, "unauthenticated")
        session.close()


def test_a_stream_that_begins_as_the_session_ends(bob: User) -> None:
    for _ in range(20):
        session = bob.login()
        ticket = ticket_of(session)
        with ThreadPoolExecutor(2) as pool:
            by_token = pool.submit(Sse, bob.server, token=session.token)
            by_ticket = pool.submit(Sse, bob.server, ticket=ticket)
            log_out(session)
            for opened in (by_token.result(), by_ticket.result()):
                with opened as stream:
                    if stream.status_code == 200:
                        assert {event.event for event in stream.rest(5)} <= {"live"}
                    else:
                        assert_problem(stream, 401, "unauthenticated")
        session.close()


def test_what_has_ended_stays_so_after_a_restart(own_server: Server, make_user: MakeUser) -> None:
    """The list of ended sessions is in memory, and read again at the start."""
    user = make_user("user", on=own_server)
    other = user.login()
    log_out(user)
    assert own_server.stop() == 0
    own_server.start()
    eventually(lambda: expect(other.http.get("/v1/me"), 200), 5, "the other session")
    assert_refused(other, user.token)
    other.close()
