"""Header fields that change what a body or a request means are obeyed or refused, never ignored."""

from __future__ import annotations

import gzip
import json

import pytest

from martlet_process import Server
from raw_http import RawHttp
from raw_ws import upgrade
from support import PASSWORD, User, assert_problem, expect, http_client, unique_handle


WRITES = {
    "POST /v1/posts": {"text": "a"}, "POST /posts": {"text": "a"}, "POST /follow": {"user_id": "1"},
    "POST /v1/auth/signup": {"handle": "never_made", "password": PASSWORD},
    "POST /v1/auth/login": {"handle": "nobody", "password": PASSWORD},
    "POST /v1/auth/refresh": {"refresh_token": "x"}, "POST /v1/auth/logout": {"refresh_token": "x"},
    "PUT /v1/users/1/follow": {}, "DELETE /v1/users/1/follow": {}, "DELETE /v1/posts/1": {}, "POST /v1/live/ticket": {},
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "identity, gzip", "x"])
def test_a_coded_body(server: Server, alice: User, write: str, coding: str) -> None:
    """415, with the field and what would be taken; also where the bytes are plain in spite of what is said of them."""
    method, path = write.split()
    plain = json.dumps(WRITES[write]).encode()
    for content in (gzip.compress(plain), plain):
        headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
        answer = alice.http.request(method, path, content=content, headers=headers)
        assert_problem(answer, 415, "unsupported_media_type", "Content-Encoding")
        assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", "Identity", "", "identity, identity"])
def test_a_plain_body_may_say_so(server: Server, alice: User, coding: str) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    expect(alice.http.post("/v1/posts", content=b'{"text":"a"}', headers=headers), 201)


def test_other_fields_about_the_body(server: Server, alice: User) -> None:
    body = {"text": "a"}
    with RawHttp(server) as raw:
        raw.send(raw.request("POST", "/v1/posts", "Content-Range: bytes 0-11/24", token=alice.token, body=body))
        assert_problem(raw.answer(), 400, "invalid_field", "Content-Range")
        raw.send(raw.request("POST", "/v1/posts", "Content-Type: text/plain", token=alice.token, body=body))
        answer = raw.answer()
        assert_problem(answer, 415, "unsupported_media_type", "Content-Type")
        assert "accept-encoding" not in answer.headers


# Authorization


def ask(server: Server, path: str, *headers: str) -> int:
    """HEAD, which gets the status of GET and no stream."""
    with RawHttp(server) as raw:
        raw.send(raw.head("HEAD", path, *headers))
        return raw.answer(head_only=True).status_code


@pytest.mark.parametrize("path", ["/v1/me", "/v1/feed", "/v1/live/sse"])
def test_how_a_token_is_shown(server: Server, alice: User, path: str) -> None:
    """The scheme in any case, then one space or more (RFC 9110, 11.4), over REST and for a stream alike."""
    for scheme in ("Bearer ", "Bearer    ", "bearer ", "BEARER  "):
        assert ask(server, path, f"Authorization: {scheme}{alice.token}") == 200
    for wrong in ("Bearer", "Bearer ", f"Bearer\t{alice.token}", f"Bearer{alice.token}", f"Basic {alice.token}",
                  f"Bearer {alice.token} x", f"Bearer {alice.token}, Bearer {alice.token}", alice.token, ""):
        assert ask(server, path, f"Authorization: {wrong}") == 401, wrong
    assert ask(server, path, *[f"Authorization: Bearer {alice.token}"] * 2) == 400
    with http_client(server.url) as http:
        twice = [("Authorization", f"Bearer {alice.token}")] * 2
        assert_problem(http.get(path, headers=twice), 400, "invalid_field", "Authorization")


def test_fields_that_stand_twice(server: Server, alice: User) -> None:
    """Which of two is meant, nobody knows: one that decides something is refused, one that only names is left out."""
    with RawHttp(server) as raw:
        twice = ("Idempotency-Key: a", "Idempotency-Key: a")
        raw.send(raw.request("POST", "/v1/posts", *twice, token=alice.token, body={"text": "a"}))
        assert_problem(raw.answer(), 400, "invalid_field", "Idempotency-Key")
        raw.send(raw.request("GET", "/v1/me", "X-Request-Id: one", "X-Request-Id: two", token=alice.token))
        assert raw.answer().headers["x-request-id"] not in ("one", "two", "one, two")


# Lists, and HTTP/1.0


def test_tags_are_a_list(server: Server, alice: User) -> None:
    """Over several fields, with empty elements, with commas in quotes; by weak comparison."""
    with http_client(server.url) as http:
        for path, headers in (("/v1/feed", {"Authorization": f"Bearer {alice.token}"}), ("/", {})):
            tag = expect(http.get(path, headers=headers), 200).headers["etag"]
            bare = tag.removeprefix("W/")
            for given in (tag, f"W/{bare}", bare, "*", f'"x",{tag}', f'"a, b" ,, {tag} ,'):
                expect(http.get(path, headers={**headers, "If-None-Match": given}), 304)
            both = [*headers.items(), ("If-None-Match", '"x"'), ("If-None-Match", tag)]
            expect(http.get(path, headers=both), 304)
            for given in ('"x"', f'"x{bare[1:]}', f'", {bare[1:-1]},"', bare[1:-1], ""):
                expect(http.get(path, headers={**headers, "If-None-Match": given}), 200)


def test_an_upgrade_over_http_1_0_is_ignored(server: Server) -> None:
    with RawHttp(server) as raw:
        raw.send(upgrade(raw).replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = raw.answer()
        assert_problem(answer, 426, "invalid_field")
        assert raw.ended()


def test_head_where_a_websocket_is(server: Server) -> None:
    """As GET without an upgrade, and without a body."""
    with RawHttp(server) as raw:
        raw.send(raw.head("HEAD", "/v1/live/ws"))
        answer = raw.answer(head_only=True)
        assert answer.status_code == 426 and answer.headers["upgrade"] == "websocket"
        assert raw.ended()


# Limits of a field are the field's


MARKS = "e" + "\u0301" * 129


def test_marks_without_end_are_told_by_field(server: Server, alice: User) -> None:
    """In a row of 129 they are no JSON error; 128 are fine, and a password may be of nothing else."""
    assert_problem(alice.http.post("/v1/posts", json={"text": MARKS}), 400, "invalid_field", "text")
    expect(alice.http.post("/v1/posts", json={"text": MARKS[:-1]}), 201)
    with http_client(server.url) as http:
        body = {"handle": unique_handle("marks"), "password": PASSWORD}
        for field in ("handle", "display_name"):
            assert_problem(http.post("/v1/auth/signup", json={**body, field: MARKS}), 400, "invalid_field", field)
        expect(http.post("/v1/auth/signup", json={**body, "password": MARKS}), 201)
        expect(http.post("/v1/auth/login", json={**body, "password": MARKS}), 200)
        assert_problem(http.post("/v1/auth/login", json={**body, "handle": MARKS}), 401, "invalid_credentials")
    assert_problem(alice.http.post("/follow", json={"user_id": MARKS}), 400, "invalid_field", "user_id")
    assert_problem(alice.http.get("/v1/feed", params={"cursor": MARKS}), 400, "invalid_cursor", "cursor")


def test_a_key_that_is_slow_to_compare(server: Server, alice: User) -> None:
    """60 KB of marks as a key: named in a short and harmless form, at once."""
    key = "text" + "\u0301\u0323" * 15_000
    answer = alice.http.post("/v1/posts", json={key: "a", "text": "b"}, timeout=1)
    problem = assert_problem(answer, 400, "unknown_field")
    assert problem["field"].startswith("text") and len(problem["field"]) < 70
    problem = assert_problem(alice.http.post("/v1/posts", json={"a\u202e\nb": 1}), 400, "unknown_field")
    assert problem["field"] == "a\ufffd\ufffdb"
    problem = assert_problem(alice.http.get("/v1/feed", params={MARKS: "1"}), 400, "unknown_parameter")
    assert len(problem["field"]) < 70


# Short forms answer in their own words


def test_the_short_form_of_following(server: Server, alice: User) -> None:
    assert_problem(alice.http.post("/follow", json={"user_id": alice.id}), 400, "invalid_field", "user_id")
    assert_problem(alice.http.post("/follow", json={"user_id": "9007199254740991"}), 404, "not_found", "user_id")
    assert_problem(alice.http.post("/follow", json={"user_id": "x"}), 400, "invalid_field", "user_id")
    assert_problem(alice.http.put(f"/v1/users/{alice.id}/follow"), 400, "invalid_field", "id")
