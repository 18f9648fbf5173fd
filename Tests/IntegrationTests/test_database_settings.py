"""A database and a role with settings of their own: nothing relies on PostgreSQL's defaults."""

from __future__ import annotations

from martlet_process import Server
from conftest import MakeUser
from sql import rows
from sse_client import Sse
from support import User, expect, http_client

OF_DATABASE = {
    "bytea_output": "escape", "DateStyle": "German", "IntervalStyle": "sql_standard", "TimeZone": "Asia/Kolkata",
    "default_transaction_isolation": "serializable", "standard_conforming_strings": "off", "extra_float_digits": "-15",
    "synchronous_commit": "off", "client_encoding": "LATIN1", "lock_timeout": "1ms", "idle_session_timeout": "200ms",
}
OF_ROLE = {"default_transaction_read_only": "on", "row_security": "off", "statement_timeout": "30ms"}


def test_serve_on_a_database_with_settings(own_server: Server, make_user: MakeUser) -> None:
    """Sign-up, follow, post, feed, live, log-out and a restart: as everywhere."""
    for name, value in OF_DATABASE.items():
        rows(own_server, f"ALTER DATABASE martlet SET {name} = '{value}'")
    # In one transaction: a role that may only read could not change the rest.
    rows(own_server, ";".join(f"ALTER ROLE martlet SET {name} = '{value}'" for name, value in OF_ROLE.items()))
    for _ in range(2):
        assert own_server.stop() == 0
        own_server.start()
        alice, bob = make_user("alice", own_server), make_user("bob", own_server)
        bob.follow(alice)
        with Sse(own_server, token=bob.token) as stream:
            stream.verdict("live")
            ids = [alice.post(f"naïve – \\ ' 😀 {number}")["id"] for number in range(3)]
            assert [stream.next(5).post_id for _ in ids] == ids
        assert bob.feed_ids() == ids[::-1]
        assert bob.feed()["items"][0]["text"] == "naïve – \\ ' 😀 2"
        with http_client(own_server.url) as http:
            token = {"refresh_token": bob.session["refresh_token"]}
            first = expect(http.post("/v1/auth/refresh", json=token), 200)
            assert expect(http.post("/v1/auth/refresh", json=token), 200).content == first.content
            keyed = {"url": "/v1/auth/login", "json": {"handle": bob.handle, "password": bob.password}}
            first = expect(http.post(**keyed, headers={"Idempotency-Key": "k" + bob.id}), 200)
            assert expect(http.post(**keyed, headers={"Idempotency-Key": "k" + bob.id}), 200).content == first.content


def test_a_row_that_cannot_be_read(own_server: Server, make_user: MakeUser) -> None:
    """500 for the request that needs it, with the column in the log; all others go on."""
    alice: User = make_user("alice", own_server)
    bob: User = make_user("bob", own_server)
    rows(own_server, "ALTER TABLE users ALTER display_name DROP NOT NULL")
    rows(own_server, f"UPDATE users SET display_name = NULL WHERE id = {alice.id}")
    assert bob.http.get(f"/v1/users/{alice.id}").status_code == 500
    assert "display_name" in own_server.log_tail()
    rows(own_server, f"UPDATE users SET fanout_slices = -1 WHERE id = {bob.id}")
    bob.post("planned when it can be")
    carol: User = make_user("carol", own_server)
    carol.follow(bob)
    rows(own_server, f"UPDATE users SET fanout_slices = 1 WHERE id = {bob.id}")
    carol.sees(bob.post("after it")["id"])
