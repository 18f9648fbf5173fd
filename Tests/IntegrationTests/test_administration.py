"""What the operator does by `martlet admin` to users of a server that runs."""

from __future__ import annotations

import pytest

from centrifugo_client import FORMS, Centrifugo
from conftest import MakeUser
from martlet_process import Server, run_martlet
from sse_client import Sse
from support import SLACK, User, assert_problem, eventually, expect

SUSPENDED = 4500


def admin(server: Server, *arguments: str) -> str:
    done = run_martlet("admin", *arguments, MARTLET_DATA=str(server.data))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("form", FORMS, ids=["json", "protobuf"])
def test_a_suspension_ends_live_connections(
    server: Server, alice: User, bob: User, make_user: MakeUser, form: type[Centrifugo]
) -> None:
    """Of the suspended: the WebSocket with a code that is final, the stream, and none opens. His followers are told to drop
    what they show of him, and to read anew when it is over; who listens to his channel is unsubscribed."""
    bob.follow(alice)
    post = alice.post("before")["id"]
    with form.of(alice) as own, Sse(server, token=alice.token) as stream, form.of(bob) as follower:
        stream.verdict("live")
        assert admin(server, "suspend", alice.handle) == f"@{alice.handle} is suspended"
        assert own.closed(5 * SLACK)[0] == SUSPENDED
        assert stream.rest(5 * SLACK) == []
        told = [one.event for one in follower.take(1, late=post)]
        assert told == [{"type": "feed.changed", "reason": "suspended", "user_id": alice.id}]
        assert bob.feed_ids() == []
        assert_problem(bob.http.get(f"/v1/posts/{post}"), 404, "not_found")
        assert_problem(alice.http.post("/v1/posts", json={"text": "x"}), 403, "account_suspended")
        assert_problem(alice.http.post("/v1/live/ticket", json={}), 403, "account_suspended")
        expect(alice.http.get(f"/v1/posts/{post}"), 200)
        with Sse(server, token=alice.token) as refused:
            assert_problem(refused, 403, "account_suspended")
        admin(server, "restore", alice.handle)
        told = [one.event for one in follower.take(1, late=post)]
        assert told == [{"type": "feed.changed", "reason": "follow", "user_id": alice.id}]
        assert bob.feed_ids() == [post]
    eventually(lambda: alice.http.post("/v1/posts", json={"text": "x"}).status_code == 201, 5 * SLACK, "the right to write")


def test_roles(server: Server, alice: User, bob: User) -> None:
    expect(bob.http.get("/v1/admin/users"), 403)
    assert admin(server, "grant", f"@{bob.handle}", "moderator") == f"@{bob.handle} is moderator now"
    expect(bob.http.get("/v1/admin/users"), 200)
    expect(bob.http.get("/v1/admin/audit"), 403)
    admin(server, "grant", bob.handle)
    entries = expect(bob.http.get("/v1/admin/audit"), 200).json()["items"]
    assert [entry["after"] for entry in entries[:2]] == [{"role": "admin"}, {"role": "moderator"}]
    assert all("who" not in entry and entry["target"] == bob.id for entry in entries[:2])
    admin(server, "revoke", bob.handle)
    expect(bob.http.get("/v1/admin/audit"), 403)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["grant"], 2, "what, and to whom?"),
        (["grant", "ada", "king"], 2, "there is no role 'king' to grant: admin or moderator"),
        (["revoke", "ada", "admin"], 2, "revoke takes no 'admin'"),
        (["praise", "ada"], 2, "there is no 'praise'"),
        (["suspend", "ada", "--until", "tomorrow"], 2, "--until 'tomorrow' is no time in UTC"),
        (["suspend", "ada", "--until=2026-01-05T00:07:21.289Z"], 2, "is past"),
        (["suspend", "ada", "--until"], 2, "--until needs a value"),
        (["restore", "ada", "--until", "2099-01-05T00:07:21.289Z"], 2, "restore takes no --until"),
        (["restore", "nobody_has_this"], 1, "there is no user @nobody_has_this"),
    ],
)
def test_what_it_does_not_take(server: Server, arguments: list[str], code: int, words: str) -> None:
    done = run_martlet("admin", *arguments, MARTLET_DATA=str(server.data))
    assert (done.returncode, done.stdout) == (code, "") and words in done.stderr
