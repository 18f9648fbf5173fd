"""The relay: no transaction holds up events but one that has written an event itself."""

from __future__ import annotations

import pytest

from sse_client import Sse
from sql import open_transaction, rows
from support import User, eventually, expect

WRITES = ("CREATE TABLE IF NOT EXISTS elsewhere (n int)", "INSERT INTO elsewhere VALUES (1)", "SELECT pg_current_xact_id()")


@pytest.mark.parametrize("database", ["martlet", "postgres"])
def test_a_long_transaction_delays_no_post(alice: User, bob: User, database: str) -> None:
    """A migration, a dump or a forgotten BEGIN, in this database or in another one of the cluster."""
    with open_transaction(alice.server, *WRITES, database=database), Sse(alice.server, token=bob.token) as stream:
        stream.verdict("live")
        for number in range(5):
            post = alice.post(f"meanwhile {number}")["id"]
            assert stream.next(5).post_id == post


def test_an_event_that_is_not_committed_delays_no_other(alice: User, bob: User) -> None:
    """Its number is passed, and it comes when it is committed or never."""
    insert = "INSERT INTO outbox (topic, key, payload, headers) VALUES ('post.events', '1', '', '{}')"
    with open_transaction(alice.server, insert):
        bob.sees(*alice.posts(3, "numbered behind it"), timeout=5)


def test_the_length_of_the_outbox_is_told_beside_a_long_transaction(alice: User, bob: User) -> None:
    """Dead rows don't count."""
    with open_transaction(alice.server, *WRITES):
        bob.sees(*alice.posts(30), timeout=10)

        def waiting() -> float:
            lines = expect(alice.http.get("/metrics"), 200).text.splitlines()
            return float(next(line for line in lines if line.startswith('martlet_queue_length{queue="outbox"')).split()[-1])

        eventually(lambda: rows(alice.server, "SELECT count(*) FROM outbox") == [("0",)], 10, "an empty outbox")
        eventually(lambda: waiting() == 0, 5, "the gauge at 0")
