"""Rate limits as they are by default: guessing is slowed, ordinary use is not."""

from __future__ import annotations

from martlet_process import Server
from support import User, assert_problem, expect, http_client


def test_guessing_passwords_is_slowed(limited_server: Server) -> None:
    """Long before 100 guesses for one handle: 429 with Retry-After in whole seconds; the server stays well."""
    victim = User.signup(limited_server, "victim")
    with http_client(limited_server.url) as http:
        for _ in range(100):
            answer = http.post("/v1/auth/login", json={"handle": victim.handle, "password": "a wrong guess"})
            if answer.status_code == 429:
                break
            assert_problem(answer, 401, "invalid_credentials")
        assert_problem(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) >= 1
        expect(http.get("/healthz"), 200)
    expect(victim.http.get("/v1/me"), 200)
    victim.close()


def test_ordinary_use_is_not_slowed(limited_server: Server) -> None:
    """Ten posts and thirty reads of one person within a moment."""
    person = User.signup(limited_server, "person")
    person.posts(10)
    for _ in range(30):
        person.feed()
    person.close()
