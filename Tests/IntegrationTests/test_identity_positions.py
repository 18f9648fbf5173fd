"""Attacks on what the server hands out to be shown again: tickets, cursors, positions."""

from __future__ import annotations

import base64
import hmac
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterator

import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from identity import derived_key, forged_ticket, siblings, ticket_of
from martlet_process import Server
from sse_client import Sse
from support import User, alterations, assert_problem, base64url, expect, http_client, jwt_parts

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def assert_opens_nothing(server: Server, ticket: str, last_event_id: str | None = None) -> None:
    with Sse(server, ticket=ticket, last_event_id=last_event_id) as stream:
        assert_problem(stream, 401, "unauthenticated")


def used_ticket(user: User) -> tuple[str, str]:
    """A ticket whose stream was opened and has ended, and an id of that stream."""
    ticket = ticket_of(user)
    with Sse(user.server, ticket=ticket) as stream:
        last_id = stream.verdict("live").id
    assert last_id is not None
    return ticket, last_id


def every_change(text: str) -> Iterator[str]:
    """The text with each of its bits' worth changed: every character to two others, cut everywhere, prolonged, respelled."""
    for index, character in enumerate(text):
        place = ALPHABET.find(character)
        for step in (1, 32):
            yield text[:index] + ALPHABET[(place + step) % 64] + text[index + 1:]
    yield from (text[:length] for length in range(1, len(text)))
    yield from (text + tail for tail in ("A", "AA", "AAAA", text))
    yield from siblings(text)


# Tickets


def test_a_forged_ticket_is_well_forged(server: Server, alice: User) -> None:
    """The control of what follows: with the server's own key a ticket can be made, and opens a stream."""
    with Sse(server, ticket=forged_ticket(server, alice, 30)) as stream:
        stream.verdict("live")


@pytest.mark.parametrize("lifetime", [0, -1, -3600])
def test_an_expired_ticket(server: Server, alice: User, lifetime: float) -> None:
    assert_opens_nothing(server, forged_ticket(server, alice, lifetime))


def test_a_ticket_is_good_for_thirty_seconds(server: Server, alice: User) -> None:
    begin = time.time()
    end = int.from_bytes(base64.urlsafe_b64decode(ticket_of(alice) + "=" * 3)[23:29]) / 1000
    assert begin + 30 - 0.01 <= end <= time.time() + 30 + 0.01


def test_a_ticket_after_its_time(server: Server, alice: User) -> None:
    """Unused it is dead then; a stream that was opened in time goes on, and comes back by its ids."""
    for lifetime in (1, 4, 16):  # the longer ones for a machine too busy to open a stream in time
        ticket, end = forged_ticket(server, alice, lifetime), time.time() + lifetime
        with Sse(server, ticket=ticket) as stream:
            if stream.status_code != 200:
                continue
            stream.verdict("live")
            time.sleep(max(0, end + 0.1 - time.time()))
            post = alice.post("after the ticket's end")["id"]
            assert stream.until(post)
            last_id = stream.last_id
        break
    assert_opens_nothing(server, ticket)
    with Sse(server, ticket=ticket, last_event_id=last_id) as stream:
        stream.verdict("resumed")


def test_every_change_of_a_ticket(server: Server, alice: User) -> None:
    ticket = ticket_of(alice)
    with http_client(server.url) as http:
        for altered in every_change(ticket):
            assert_problem(http.get("/v1/live/sse", params={"ticket": altered}), 401, "unauthenticated")
    with Sse(server, ticket=ticket) as stream:
        stream.verdict("live")


def test_a_ticket_for_somebody_else(server: Server, alice: User, bob: User) -> None:
    """Parts of two tickets do not make a third; neither does another key of the server, or another version."""
    mine, theirs = (base64.urlsafe_b64decode(ticket_of(user) + "=" * 3) for user in (bob, alice))
    for start, end in ((1, 8), (8, 15), (15, 23), (23, 29), (1, 15), (1, 29), (29, 45)):
        assert_opens_nothing(server, base64url(mine[:start] + theirs[start:end] + mine[end:]))
    for purpose in ("access tokens", "cursors", "ticket", "stream"):
        code = hmac.digest(derived_key(server, purpose), b"ticket" + theirs[:29], "sha256")[:16]
        assert_opens_nothing(server, base64url(theirs[:29] + code))
    # What a stream's ids carry is a code under the same key, for another purpose.
    code = hmac.digest(derived_key(server, "tickets"), b"stream" + theirs[:29], "sha256")[:16]
    assert_opens_nothing(server, base64url(theirs[:29] + code))
    for version in (0, 2, 255):
        assert_opens_nothing(server, forged_ticket(server, alice, 30, version=version))


def test_a_used_ticket_needs_its_own_streams_id(server: Server, alice: User, bob: User) -> None:
    """Stolen from a log without its last id, or with an id of any other stream: of the same user by another ticket, of
    the same user by token, of another user. Of the own stream the position may be any, the proof must be whole."""
    ticket, last_id = used_ticket(bob)
    position, proof = last_id.split("~")
    _, of_second_ticket = used_ticket(bob)
    _, of_other_user = used_ticket(alice)
    with Sse(server, token=bob.token) as stream:
        by_token = stream.verdict("live").id
    assert by_token is not None and "~" not in by_token
    foreign = of_second_ticket.split("~")[1]
    for wrong in (None, "", by_token, of_second_ticket, bob.feed()["live"], f"{position}~", f"{position}~{foreign}",
                  f"{position}~{'A' * len(proof)}", f"{position}~{proof[:-1]}", f"{position}~{proof}A",
                  of_other_user, f"{position}{proof}", proof):
        assert_opens_nothing(server, ticket, wrong)
    for wrong in (f"~{proof}", f"{of_other_user.split('~')[0]}~{proof}", f"{position[:-1]}~{proof}"):
        with Sse(server, ticket=ticket, last_event_id=wrong) as stream:
            stream.verdict("reset")
    with Sse(server, ticket=ticket, last_event_id=f"{bob.feed()['live']}~{proof}") as stream:
        stream.verdict("resumed")


def test_every_change_of_a_streams_proof(server: Server, alice: User) -> None:
    ticket, last_id = used_ticket(alice)
    position, proof = last_id.split("~")
    with http_client(server.url) as http:
        for altered in every_change(proof):
            answer = http.get("/v1/live/sse", params={"ticket": ticket}, headers={"Last-Event-ID": f"{position}~{altered}"})
            assert_problem(answer, 401, "unauthenticated")


def test_an_unused_ticket_is_used_up_by_one_of_many(server: Server, alice: User) -> None:
    """Of twenty streams at once with one ticket, one is opened."""
    ticket = ticket_of(alice)
    with ThreadPoolExecutor(20) as pool:
        streams = list(pool.map(lambda _: Sse(server, ticket=ticket), range(20)))
    try:
        assert sorted(stream.status_code for stream in streams) == [200] + [401] * 19
    finally:
        for stream in streams:
            stream.close()


def test_a_ticket_after_log_out(server: Server, alice: User) -> None:
    """Unused, used with its last id, and one that is made with a foreign session: all end with the session they name."""
    session = alice.login()
    unused, (ticket, last_id) = ticket_of(session), used_ticket(session)
    ended = int(jwt_parts(session.token)[1]["sid"])
    with http_client(server.url) as http:
        expect(http.post("/v1/auth/logout", json={"refresh_token": session.session["refresh_token"]}), 204)
    assert_opens_nothing(server, unused)
    assert_opens_nothing(server, ticket)
    assert_opens_nothing(server, ticket, last_id)
    assert_opens_nothing(server, forged_ticket(server, alice, 30, session=ended))
    session.close()


def test_a_ticket_is_good_for_the_stream_alone(server: Server, alice: User) -> None:
    """Nowhere else, and not beside or as a token."""
    ticket = ticket_of(alice)
    with http_client(server.url) as http:
        assert_problem(http.get("/v1/feed", params={"ticket": ticket}), 401, "unauthenticated")
        assert_problem(http.get("/v1/me", headers={"Authorization": f"Bearer {ticket}"}), 401, "unauthenticated")
        assert_problem(http.post("/v1/auth/refresh", json={"refresh_token": ticket}), 401, "invalid_credentials")
        assert_problem(http.get("/v1/live/sse", params=[("ticket", "x"), ("ticket", ticket)]), 400, "invalid_field", "ticket")
        for name in ("token", "access_token", "Authorization", "authorization"):
            assert_problem(http.get("/v1/live/sse", params={name: alice.token}), 400, "unknown_parameter", name)
    with Sse(server, ticket=ticket) as stream:
        stream.verdict("live")


# Cursors and positions

Place = Callable[[User, str], None]


def refused_at(path: str, name: str = "cursor") -> Place:
    def show(user: User, cursor: str) -> None:
        assert_problem(user.http.get(path, params={name: cursor}), 400, "invalid_cursor", name)

    return show


def reset_by_stream(user: User, cursor: str) -> None:
    """It shows nothing of what it names: the client is told to read its feed."""
    for how in ({"since": cursor}, {"last_event_id": cursor}, {"lastEventId": cursor}):
        with Sse(user.server, token=user.token, **how) as stream:
            stream.verdict("reset")


def refused_by_websocket(user: User, cursor: str) -> None:
    with Centrifugo(user.server) as client:
        assert client.call(connect={"token": user.token, "data": {"since": cursor}})["error"]["code"] == 107


@pytest.fixture
def pair(alice: User, bob: User, make_user: MakeUser) -> tuple[User, User]:
    """Two users, each of whom has two pages of everything, and both see the same lists."""
    alice.follow(bob)
    for name in ("carol", "dave"):
        third = make_user(name)
        for user in (alice, bob):
            third.follow(user)
            user.follow(third)
    for user in (alice, bob):
        user.posts(2)
    return alice, bob


def cursors(user: User, of: User) -> dict[str, str]:
    """A cursor of every kind that the user can get, by the address it is for."""
    lists = ["/v1/feed", *(f"/v1/users/{of.id}/{name}" for name in ("posts", "followers", "following"))]
    return {path: expect(user.http.get(path, params={"limit": 1}), 200).json()["next"] for path in lists}


def test_positions_of_somebody_else(pair: tuple[User, User]) -> None:
    """`live` of one user is none of another: long poll, event stream, WebSocket."""
    theirs = pair[1].feed()["live"]
    for refused in (refused_at("/v1/feed", "since"), refused_at(f"/feeds/{pair[0].id}", "since"), reset_by_stream, refused_by_websocket):
        refused(pair[0], theirs)
        refused(pair[0], cursors(pair[0], of=pair[0])["/v1/feed"])


def test_every_change_of_a_position(alice: User) -> None:
    live = alice.feed()["live"]
    for altered in every_change(live):
        refused_at("/v1/feed", "since")(alice, altered)
    for altered in alterations(live):
        reset_by_stream(alice, altered)
        refused_by_websocket(alice, altered)
    with Centrifugo.of(alice, since=live):
        pass


def test_a_position_in_websocket_shows_ones_own_feed_only(alice: User, bob: User, make_user: MakeUser) -> None:
    """Epoch and offset are not signed there: whatever a client invents, it gets its own events or is told to read anew."""
    carol = make_user("carol")
    with Centrifugo.of(bob) as live:
        epoch, offset = live.position
    posts = alice.posts(2)
    bob.sees(*posts)
    for position in ((epoch, offset), (epoch, 0), (epoch, 1), (epoch, offset + 10**9), (epoch, 2**53 - 1), ("0" * 16, offset), ("", 0)):
        with Centrifugo.of(carol, position=position) as client:
            assert not client.publications
    for position in ((epoch, -1), (epoch, 2**64), (epoch, 1.5), (epoch, "1"), (5, offset)):
        with Centrifugo(bob.server) as client:
            subs = {carol.channel: {"recover": True, "epoch": position[0], "offset": position[1]}}
            assert client.call(connect={"token": carol.token, "subs": subs})["error"]["code"] == 107
