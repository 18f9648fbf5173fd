"""A right ends with what it came from: sessions, tickets, live connections, waiting polls.
The server has its default limits."""

from __future__ import annotations

import time
from contextlib import ExitStack

from centrifugo_client import Centrifugo
from conftest import MakeUser
from identity import Forger, show_to_rest, ticket_of
from martlet_process import Server, run_martlet
from raw_http import RawHttp
from sql import rows
from sse_client import Sse
from support import PATIENCE, SLACK, User, assert_problem, eventually, expect, http_client, jwt_parts

FORCE_DISCONNECT = 3503
SOON = 30 * SLACK
"""Each session is asked about every five seconds, and upkeep comes as often; a busy machine takes longer."""


def session_of(user: User) -> str:
    return jwt_parts(user.token)[1]["sid"]


def operators_token(server: Server, user: User, lifetime: int) -> User:
    """What `martlet token` makes."""
    made = run_martlet("token", "--handle", user.handle, "--lifetime", str(lifetime), MARTLET_DATA=str(server.data))
    assert made.returncode == 0, made.stderr
    return User.of_session(server, {"user": user.session["user"], "access_token": made.stdout.strip()})


class Live:
    """Everything that a session can hold open, and a ticket whose stream was cut."""

    def __init__(self, user: User, stack: ExitStack) -> None:
        self.user = user
        self.socket = stack.enter_context(Centrifugo.of(user))
        self.stream = stack.enter_context(Sse(user.server, token=user.token))
        self.ticketed = stack.enter_context(Sse(user.server, ticket=ticket_of(user)))
        self.stream.verdict("live"), self.ticketed.verdict("live")
        self.ticket = ticket_of(user)
        with Sse(user.server, ticket=self.ticket) as cut:
            self.last_id = cut.verdict("live").id
        self.poll = stack.enter_context(RawHttp(user.server))
        self.poll.send(self.poll.request("GET", f"/v1/feed?since={user.feed()['live']}&wait=45", token=user.token))

    def assert_ended(self) -> None:
        assert self.socket.closed(SOON)[0] == FORCE_DISCONNECT
        assert self.stream.rest(SOON) == [] and self.ticketed.rest(SOON) == []
        self.poll.socket.settimeout(SOON)
        assert_problem(self.poll.answer(), 401, "unauthenticated")
        eventually(lambda: show_to_rest(self.user.server, self.user.token).status_code == 401, 15, "the end of the token")
        self.assert_no_reconnect()

    def reconnect(self) -> Sse:
        return Sse(self.user.server, ticket=self.ticket, last_event_id=self.last_id)

    def assert_no_reconnect(self) -> None:
        with self.reconnect() as again:
            assert_problem(again, 401, "unauthenticated")

    def assert_goes_on(self) -> None:
        with self.reconnect() as again:
            again.verdict("resumed")
        expect(show_to_rest(self.user.server, self.user.token), 200)

    def assert_hears(self, post: str) -> None:
        for connection in (self.socket, self.stream, self.ticketed):
            connection.until(post)
        self.poll.socket.settimeout(PATIENCE)
        assert [event["post"]["id"] for event in self.poll.answer().json()["items"]] == [post]


def test_whatever_ends_a_session_ends_all_of_it(limited_server: Server, make_limited_user: MakeUser) -> None:
    """Nobody tells of a log-out: refresh tokens expire, the operator's token does, a row is changed or goes by hand.
    Tickets are refused at once, all else within seconds. Other sessions go on: one whose spent tokens have expired, one
    beside an ended one of the same user, and one of the operator's."""
    alice = make_limited_user("alice")
    users = {name: make_limited_user(name) for name in ("expired", "by_hand", "gone", "refreshed")}
    for user in users.values():
        user.follow(alice)
    users["beside"] = users["by_hand"].login()
    users["operators"] = operators_token(limited_server, users["gone"], 86_400)
    users["operators_beside"] = operators_token(limited_server, users["refreshed"], 86_400)
    with http_client(limited_server.url) as http:
        expect(http.post("/v1/auth/refresh", json={"refresh_token": users["refreshed"].session["refresh_token"]}), 200)
    session = {name: session_of(user) for name, user in users.items()}
    with ExitStack() as stack:
        live = {name: Live(user, stack) for name, user in users.items()}
        rows(limited_server, f"""
            UPDATE refresh_tokens SET expires_at = now() WHERE session_id = {session['expired']};
            UPDATE refresh_tokens SET expires_at = now() WHERE session_id = {session['refreshed']} AND spent_at IS NOT NULL;
            UPDATE sessions SET ended_at = now() WHERE id = {session['by_hand']};
            DELETE FROM sessions WHERE id = {session['gone']};
            UPDATE sessions SET tokens_until = now() WHERE id = {session['operators']}""")
        ended = [live.pop(name) for name in ("expired", "by_hand", "gone", "operators")]
        for one in ended:
            one.assert_no_reconnect()
        for one in ended:
            one.assert_ended()
        for one in live.values():
            one.assert_goes_on()
        post = alice.post("for those who may still read")["id"]
        for one in live.values():
            one.assert_hears(post)
    for name in ("beside", "operators", "operators_beside"):
        users[name].close()


def test_a_poll_ends_with_its_access_token(limited_server: Server, make_limited_user: MakeUser) -> None:
    """It would wait for 45 s, and is answered when the token ends."""
    user = make_limited_user("user")
    end = int(time.time()) + 2
    poller = User.of_session(limited_server, {"user": user.session["user"], "access_token": Forger(user).sign(exp=end)})
    answer = poller.http.get("/v1/feed", params={"since": user.feed()["live"], "wait": 45})
    assert expect(answer, 200).json()["items"] == []
    assert time.time() < end + 10 * SLACK
    poller.close()
