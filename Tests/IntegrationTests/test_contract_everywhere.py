"""What holds on every route, over the wire in one case or two: errors with a name, nothing silently ignored, request ids.
All routes are held to it in Tests/FeedAPITests."""

from __future__ import annotations

import httpx
import pytest

from martlet_process import Server
from raw_http import RawHttp
from support import REQUEST_ID, User, assert_problem, expect

JSON = {"Content-Type": "application/json"}


def post_body(user: User, content: bytes, path: str = "/v1/posts") -> httpx.Response:
    return user.http.post(path, content=content, headers=JSON)


@pytest.mark.parametrize(("body", "code", "field"), [
    ({"text": "x", "colour": "red"}, "unknown_field", "colour"), ({}, "missing_field", "text"), ({"text": 5}, "invalid_field", "text"),
    ({"text": None}, "invalid_field", "text"),
], ids=repr)
def test_a_field_is_named(alice: User, body: dict[str, object], code: str, field: str) -> None:
    assert_problem(alice.http.post("/v1/posts", json=body), 400, code, field)


@pytest.mark.parametrize("content", [
    b"", b'{"text":"a"}{"text":"b"}', b"\x00", b'{"text":"\xed\xa0\x80"}', b'{"text":"a","text":"b"}',
], ids=repr)
def test_broken_json(alice: User, content: bytes) -> None:
    """What is not JSON in UTF-8 gets 400 invalid_json, and no post is made."""
    assert_problem(post_body(alice, content), 400, "invalid_json")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.parametrize("content", [
    b"[" * 60_000, b'{"text":' + b"[" * 60_000, b'{"a":' * 10_000, b'{"text":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
], ids=["arrays", "in text", "objects", "closed"])
def test_deep_nesting_harms_nobody(alice: User, api: httpx.Client, content: bytes) -> None:
    assert_problem(post_body(alice, content), 400, ("invalid_json", "invalid_field", "unknown_field"))
    expect(api.get("/readyz"), 200)


@pytest.mark.parametrize(("path", "code", "field"), [
    ("/v1/live/sse?colour=red", "unknown_parameter", "colour"), ("/v1/feed?colour=red", "unknown_parameter", "colour"),
    ("/v1/feed?limit=101", "invalid_field", "limit"),
    ("/v1/feed?cursor=ä", "invalid_cursor", "cursor"),
])
def test_a_parameter_is_named(alice: User, path: str, code: str, field: str | None) -> None:
    assert_problem(alice.http.get(path), 400, code, field)


@pytest.mark.parametrize("content_type", [
    "text/plain", "multipart/form-data; boundary=x",
])
def test_other_content_types_are_refused(alice: User, content_type: str) -> None:
    answer = alice.http.post("/v1/posts", content=b'{"text":"x"}', headers={"Content-Type": content_type})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("PATCH", "/v1/posts", "POST"), ("POST", "/healthz", "GET"), ("POST", "/v1/live/sse", "GET"),
])
def test_a_wrong_method_is_told_the_right_one(alice: User, method: str, path: str, allowed: str) -> None:
    answer = alice.http.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert allowed in [name.strip() for name in answer.headers["allow"].split(",")]


@pytest.mark.parametrize("path", [
    "/nothing", "/v1//feed", "/%2e%2e/etc/passwd",
])
def test_an_unknown_path(alice: User, path: str) -> None:
    assert_problem(alice.http.get(path), 404, "not_found")


@pytest.mark.parametrize("wanted", [b"", b"x" * 65, b"a b", b"a\xe4", b'"', b"a/b", b"a\x7f"], ids=repr)
def test_a_bad_request_id_is_replaced(server: Server, wanted: bytes) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", "/healthz")[:-2] + b"X-Request-Id: " + wanted + b"\r\n\r\n")
        answer = raw.answer()
    assert answer.status_code in (200, 400)
    made = answer.headers["x-request-id"]
    assert REQUEST_ID.fullmatch(made) and made.encode() != wanted


def test_made_request_ids_differ(api: httpx.Client) -> None:
    made = {api.get("/healthz").headers["x-request-id"] for _ in range(20)}
    assert len(made) == 20 and all(REQUEST_ID.fullmatch(one) for one in made)


@pytest.mark.parametrize("header", [None, "Basic dXNlcjpwYXNz", "Bearer", "Bearer x y", "Bearer abc.def.ghi", "bearer"])
def test_no_session_no_answer(server: Server, api: httpx.Client, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    for path in ("/v1/me", "/v1/feed", "/v1/live/sse"):
        assert_problem(api.get(path, headers=headers), 401, "unauthenticated")
    for path in ("/v1/posts", "/v1/live/ticket"):
        assert_problem(api.post(path, json={"text": "x"} if path == "/v1/posts" else None, headers=headers), 401, "unauthenticated")
