"""What a server knows again after a restart, and after its password cost was raised: ended sessions, known addresses, hashes
of before. Limits are on; the proxy is trusted."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from identity import assert_accepted, show_to_rest
from martlet_process import Server
from sql import rows
from support import PASSWORD, User, assert_problem, eventually, expect, http_client, jwt_parts, unique_handle
from test_rights_end import SOON, operators_token, session_of

HOME, STRANGER = "203.0.113.7", "192.0.2.66"
addresses = (f"198.51.{number >> 8}.{number & 255}" for number in itertools.count(1))


def call(server: Server, route: str, source: str, **body: str) -> httpx.Response:
    with http_client(server.url) as http:
        return http.post(f"/v1/auth/{route}", json=body, headers={"X-Forwarded-For": source})


def guess(server: Server, source: str, handle: str, password: str = "a wrong guess") -> httpx.Response:
    return call(server, "login", source, handle=handle, password=password)


def guess_until_refused(server: Server, source: str, handle: str) -> int:
    """How many guesses were let through."""
    for count in range(40):
        if (answer := guess(server, source, handle)).status_code == 429:
            return count
        assert_problem(answer, 401, "invalid_credentials")
    raise AssertionError("never refused")


@dataclass
class Before:
    """What there was when the server stopped; its cost was 1, and is 3 now."""

    server: Server
    owner: str
    ended: User
    ended_lately: User
    old: list[str]


@pytest.fixture(scope="module")
def before() -> Iterator[Before]:
    server = Server(MARTLET_TRUSTED_PROXIES="127.0.0.0/8", MARTLET_PASSWORD_COST="1")
    del server.settings["MARTLET_LIMITS"]
    try:
        server.start()
        owner, *old = (unique_handle(name) for name in ("owner", "old", "older"))
        for handle in (owner, *old):
            expect(call(server, "signup", HOME, handle=handle, password=PASSWORD), 201)
        user = User.of_session(server, expect(guess(server, HOME, owner, PASSWORD), 200).json())
        ended, beside, lately = (operators_token(server, user, 86_400) for _ in range(3))
        # As long ago as an ordinary token does not live.
        rows(server, f"""
            UPDATE sessions SET ended_at = now() - interval '20 minutes' WHERE id = {session_of(ended)};
            UPDATE sessions SET ended_at = now() WHERE id = {session_of(lately)}""")
        assert server.stop() == 0
        server.settings["MARTLET_PASSWORD_COST"] = "3"
        server.start()
        assert_accepted(server, beside.token)
        yield Before(server, owner, ended, lately, old)
    finally:
        server.remove()


def test_a_long_token_of_an_ended_session(before: Before) -> None:
    """`martlet token --lifetime 86400`, ended 20 minutes before the restart: it is as dead as any."""
    for user in (before.ended, before.ended_lately):
        assert_problem(show_to_rest(before.server, user.token), 401, "unauthenticated")


def test_strangers_do_not_lock_the_owner_out(before: Before) -> None:
    """Guesses without end from one address, after a restart: the owner gets in from home, and from anywhere else."""
    server, owner = before.server, before.owner
    assert 10 <= guess_until_refused(server, STRANGER, owner) <= 12
    for _ in range(5):
        assert_problem(guess(server, HOME, owner), 401, "invalid_credentials")
    expect(guess(server, HOME, owner, PASSWORD), 200)
    for _ in range(3):
        guess_until_refused(server, STRANGER, owner)
        expect(guess(server, next(addresses), owner, PASSWORD), 200)
    assert_problem(guess(server, STRANGER, owner, PASSWORD), 429, "rate_limited")


def work(server: Server) -> int:
    with http_client(server.url) as http:
        found = re.search(r"^martlet_password_work_total (\d+)$", http.get("/metrics").text, re.MULTILINE)
    assert found
    return int(found[1])


def work_of(server: Server, status: int, handle: str, password: str) -> int:
    begin = work(server)
    expect(guess(server, HOME, handle, password), status)
    return work(server) - begin


def test_a_raised_cost(before: Before) -> None:
    """A wrong log-in costs the same whether the account is older than that, newer, or nobody's. A right one has the hash made
    anew."""
    server, (old, older) = before.server, before.old
    new = unique_handle("new")
    expect(call(server, "signup", HOME, handle=new, password=PASSWORD), 201)
    today = work_of(server, 401, unique_handle("nobody"), "a wrong guess")
    assert today == 4, "a hash of cost 3 is four of cost 1"
    assert [work_of(server, 401, handle, "a wrong guess") for handle in (old, older, new)] == [today] * 3
    prefixes = "SELECT left(password_hash, 7) FROM users WHERE handle = '{}'"
    cheap, dear = (rows(server, prefixes.format(handle))[0] for handle in (old, new))
    assert cheap != dear
    assert work_of(server, 200, old, PASSWORD) == 1 + today
    assert rows(server, prefixes.format(old)) == [dear] and rows(server, prefixes.format(older)) == [cheap]
    assert [work_of(server, status, old, password) for status, password in ((200, PASSWORD), (401, "a wrong guess"))] == [today] * 2


def test_sessions_end_while_other_upkeep_fails(before: Before) -> None:
    """Follows that were cut short can't be finished: whoever's refresh token has expired is told all the same."""
    server = before.server
    session = expect(call(server, "signup", HOME, handle=unique_handle("expired"), password=PASSWORD), 201).json()
    row = jwt_parts(session["access_token"])[1]["sid"]
    rows(server, "ALTER TABLE follows RENAME backfilled TO out_of_reach")
    try:
        failed = server.log.read_text().count("upkeep.failed")
        rows(server, f"UPDATE refresh_tokens SET expires_at = now() WHERE session_id = {row}")
        eventually(
            lambda: rows(server, f"SELECT ended_at IS NOT NULL FROM sessions WHERE id = {row}") == [("t",)], SOON,
            "the end of the session")
        eventually(lambda: server.log.read_text().count("upkeep.failed") > failed, SOON, "a step that fails")
    finally:
        rows(server, "ALTER TABLE follows RENAME out_of_reach TO backfilled")
