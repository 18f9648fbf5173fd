"""What every test needs: waiting for a condition, a user with an API client, the shape of an error."""

from __future__ import annotations

import base64
import json
import os
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterator, Protocol, TypeVar

import httpx

if TYPE_CHECKING:
    from martlet_process import Server

T = TypeVar("T")
PASSWORD = "correct horse battery"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CODES = {
    "invalid_json", "invalid_field", "missing_field", "unknown_field", "unknown_parameter", "invalid_cursor",
    "unauthenticated", "invalid_credentials", "token_expired", "token_reused", "forbidden", "not_found",
    "method_not_allowed", "conflict", "handle_taken", "idempotency_conflict", "version_conflict", "gone", "body_too_large",
    "unsupported_media_type", "header_too_large", "rate_limited", "overloaded", "account_suspended", "password_required", "provider_unavailable",
    "already_voted", "poll_closed", "poll_has_votes",
}


SLACK = 4.0 if "PYTEST_XDIST_WORKER" in os.environ else 1.0
"""How many times as long things may take where other tests run beside on the same cores. A test that runs alone holds
its bounds as they are written."""

PATIENCE = 15 * SLACK
"""Seconds that a client waits for what is to come, where how soon is not what the test is about."""

A_SECOND = 1.5
"""The second within which the contract promises something, and a moment to hear of it. Only for tests that are marked
`promised_time`, which run alone."""


def eventually(predicate: Callable[[], T], timeout: float, what: str) -> T:
    """Polls until `predicate` holds and returns its value; fails after `timeout` seconds, times `SLACK`."""
    deadline = time.monotonic() + timeout * SLACK
    while not (value := predicate()):
        assert time.monotonic() < deadline, f"waited {timeout * SLACK} s for {what}; last seen: {value!r}"
        time.sleep(0.02)
    return value


def redis_is_noticed(server: Server) -> None:
    """Waits until a Redis that was flushed is noticed to be empty. All that has come into it since is made anew then: who was told
    to begin anew before that is told so twice."""
    eventually(lambda: '"redis.rewound"' in server.log.read_text(), 10, "a Redis that is noticed to be empty")


class Answer(Protocol):
    """What httpx's and the raw client's answers have in common."""

    status_code: int

    @property
    def headers(self) -> httpx.Headers: ...
    @property
    def content(self) -> bytes: ...


def assert_problem(answer: Answer, status: int, code: str | tuple[str, ...], field: str | None = None) -> dict[str, Any]:
    """The answer is a problem+json of this status and code, whole and well formed."""
    assert answer.status_code == status, (answer.status_code, answer.content[:500])
    assert answer.headers["content-type"].split(";")[0].strip() == "application/problem+json"
    problem = json.loads(answer.content)
    codes = (code,) if isinstance(code, str) else code
    assert problem["code"] in codes, problem
    assert problem["code"] in CODES, problem
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["status"] == status
    assert isinstance(problem["title"], str) and problem["title"]
    assert isinstance(problem["detail"], str) and problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert set(problem) <= {"type", "title", "status", "code", "detail", "field", "request_id"}, problem
    if field is not None:
        assert problem.get("field") == field, problem
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return problem


def http_client(url: str, token: str | None = None, timeout: float = 30) -> httpx.Client:
    """A client of one server: no proxy, no redirect, and a limit on every wait."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=timeout)


def unique_handle(name: str) -> str:
    return f"{name}_{uuid.uuid4().hex[:10]}"


def told_to_all(post: dict[str, Any]) -> dict[str, Any]:
    """A post as events have it, which say nothing of who is told."""
    return {key: value for key, value in post.items() if key not in ("liked", "bookmarked")}


def expect(answer: httpx.Response, status: int) -> httpx.Response:
    """The answer, which must have this status."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    return answer


@dataclass
class User:
    """A signed-in user: the session, and the calls that a test makes in its name."""

    server: "Server"
    session: dict[str, Any]
    password: str
    http: httpx.Client = field(repr=False)

    @classmethod
    def signup(cls, server: "Server", name: str = "user", password: str = PASSWORD) -> "User":
        body = {"handle": unique_handle(name), "password": password}
        with http_client(server.url) as anonymous:
            return cls.of_session(server, expect(anonymous.post("/v1/auth/signup", json=body), 201).json(), password)

    @classmethod
    def of_session(cls, server: "Server", session: dict[str, Any], password: str = PASSWORD) -> "User":
        return cls(server, session, password, http_client(server.url, session["access_token"]))

    @classmethod
    def of_token(cls, server: "Server", token: str) -> "User":
        """The user behind an access token made elsewhere (`martlet seed`)."""
        with http_client(server.url, token) as client:
            me = expect(client.get("/v1/me"), 200).json()
        return cls.of_session(server, {"user": me, "access_token": token})

    def login(self) -> "User":
        """A second session of the same user."""
        with http_client(self.server.url) as anonymous:
            answer = anonymous.post("/v1/auth/login", json={"handle": self.handle, "password": self.password})
        return User.of_session(self.server, expect(answer, 200).json(), self.password)

    @property
    def id(self) -> str:
        return self.session["user"]["id"]

    @property
    def handle(self) -> str:
        return self.session["user"]["handle"]

    @property
    def token(self) -> str:
        return self.session["access_token"]

    @property
    def channel(self) -> str:
        return f"feed:{self.id}"

    def post(self, text: str) -> dict[str, Any]:
        return expect(self.http.post("/v1/posts", json={"text": text}), 201).json()

    def posts(self, count: int, text: str = "post") -> list[str]:
        """Posts `count` times, one after the other; the ids in the order of acceptance."""
        return [self.post(f"{text} {number}")["id"] for number in range(count)]

    def delete(self, post_id: str) -> None:
        expect(self.http.delete(f"/v1/posts/{post_id}"), 204)

    def follow(self, other: "User") -> None:
        expect(self.http.put(f"/v1/users/{other.id}/follow"), 204)

    def unfollow(self, other: "User") -> None:
        expect(self.http.delete(f"/v1/users/{other.id}/follow"), 204)

    def feed(self, **query: Any) -> dict[str, Any]:
        return expect(self.http.get("/v1/feed", params=query), 200).json()

    def feed_ids(self, **query: Any) -> list[str]:
        return [post["id"] for post in self.feed(**query)["items"]]

    def pages(self, path: str = "/v1/feed", limit: int = 100) -> Iterator[dict[str, Any]]:
        """Every page of a list, from the first to the one without `next`."""
        query: dict[str, Any] = {"limit": limit}
        while True:
            page = expect(self.http.get(path, params=query), 200).json()
            yield page
            if "next" not in page:
                return
            query["cursor"] = page["next"]

    def walk(self, path: str = "/v1/feed", limit: int = 100) -> list[str]:
        """The ids over all pages of a list."""
        return [item["id"] for page in self.pages(path, limit) for item in page["items"]]

    def sees(self, *post_ids: str, timeout: float = 10) -> None:
        """Waits until the first page of the feed shows these posts."""
        eventually(lambda: set(post_ids) <= set(self.feed_ids(limit=100)), timeout, f"posts {post_ids} in the feed")

    def close(self) -> None:
        self.http.close()


def newest_first(ids: list[str]) -> bool:
    """Strictly falling ids: sorted, and none twice."""
    return all(int(a) > int(b) for a, b in zip(ids, ids[1:]))


def jwt_parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header, claims and signature of a JWT, not verified."""
    header, claims, signature = token.split(".")
    return json.loads(base64url_decode(header)), json.loads(base64url_decode(claims)), signature


def base64url_decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def alterations(cursor: str) -> list[str]:
    """An opaque string changed at its beginning, middle and end, cut and prolonged."""

    def flipped(at: int) -> str:
        other = "B" if cursor[at] != "B" else "y"
        return cursor[:at] + other + cursor[at + 1 :]

    return [flipped(0), flipped(len(cursor) // 2), flipped(len(cursor) - 1), cursor[:-1], cursor + "A"]
