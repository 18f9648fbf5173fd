"""What holds on every route: errors with a name, nothing silently ignored, request ids."""

from __future__ import annotations

import json

import httpx
import pytest

from martlet_process import Server
from raw_http import RawHttp
from support import REQUEST_ID, User, assert_problem, expect, unique_handle

BODIES = {
    "/v1/auth/signup": {"handle": "someone", "password": "long enough"},
    "/v1/auth/login": {"handle": "someone", "password": "long enough"},
    "/v1/auth/refresh": {"refresh_token": "x"},
    "/v1/auth/logout": {"refresh_token": "x"},
    "/v1/posts": {"text": "x"},
    "/posts": {"text": "x"},
    "/follow": {"user_id": "1"},
}
REQUIRED = [(path, key) for path, body in BODIES.items() for key in body]
READS = ("/v1/me", "/v1/feed", "/v1/users/{id}", "/v1/users/@{handle}", "/v1/users/{id}/posts",
         "/v1/users/{id}/followers", "/v1/users/{id}/following", "/feeds/{id}", "/v1/live/sse")
LISTS = ("/v1/feed", "/v1/users/{id}/posts", "/v1/users/{id}/followers", "/v1/users/{id}/following")
JSON = {"Content-Type": "application/json"}


def post_body(user: User, content: bytes, path: str = "/v1/posts") -> httpx.Response:
    return user.http.post(path, content=content, headers=JSON)


@pytest.mark.parametrize("path", BODIES)
def test_an_unknown_key_is_named(alice: User, path: str) -> None:
    """A key the route does not know gets 400 with its name, on every route with a body."""
    answer = alice.http.post(path, json=BODIES[path] | {"colour": "red"})
    assert_problem(answer, 400, "unknown_field", "colour")


@pytest.mark.parametrize(("path", "key"), REQUIRED)
def test_a_missing_key_is_named(alice: User, path: str, key: str) -> None:
    body = {k: v for k, v in BODIES[path].items() if k != key}
    assert_problem(alice.http.post(path, json=body), 400, "missing_field", key)


@pytest.mark.parametrize(("path", "key"), REQUIRED)
@pytest.mark.parametrize("value", [5, True, ["x"], {"x": "y"}, 1.5], ids=repr)
def test_a_wrong_type_is_named(alice: User, path: str, key: str, value: object) -> None:
    assert_problem(alice.http.post(path, json=BODIES[path] | {key: value}), 400, "invalid_field", key)


def test_null_is_not_a_value(alice: User) -> None:
    answer = alice.http.post("/v1/posts", json={"text": None})
    assert_problem(answer, 400, ("invalid_field", "missing_field"), "text")


@pytest.mark.parametrize("content", [
    b"", b" ", b"{", b'{"text":"a"', b'{"text":"a",}', b"{'text':'a'}", b'{"text":"a"} x', b'{"text":"a"}{"text":"b"}',
    b'{"text":"a\nb"}', b'{"text":"\\x"}', b'{text:"a"}', b'{"text":"a" "b":1}', b"\x00", b'{"text":"a\x00b"}',
    b'{"text":"\xff\xfe"}', b'{"text":"\xc0\xaf"}', b'{"text":"\xed\xa0\x80"}', b'{"text":01}', b'{"text":NaN}',
], ids=repr)
def test_broken_json(alice: User, content: bytes) -> None:
    """What is not JSON in UTF-8 gets 400 invalid_json, and no post is made."""
    assert_problem(post_body(alice, content), 400, "invalid_json")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"5", b"null", b'[{"text":"a"}]'], ids=repr)
def test_json_that_is_no_object(alice: User, content: bytes) -> None:
    assert_problem(post_body(alice, content), 400, ("invalid_json", "invalid_field"))


def test_a_key_twice_is_not_half_ignored(alice: User) -> None:
    """Two values for one key: neither is dropped in silence."""
    assert_problem(post_body(alice, b'{"text":"a","text":"b"}'), 400, ("invalid_json", "invalid_field"))


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud800", "\\udc00x", "\\ud800\\ud800"], ids=repr)
def test_text_that_is_no_text(alice: User, text: str) -> None:
    """U+0000 and lone surrogates are refused: they are no Unicode scalars that can be kept."""
    answer = post_body(alice, b'{"text":"' + text.encode() + b'"}')
    problem = assert_problem(answer, 400, ("invalid_field", "invalid_json"))
    assert problem["code"] == "invalid_json" or problem["field"] == "text"


@pytest.mark.parametrize("content", [
    b"[" * 60_000, b'{"text":' + b"[" * 60_000, b'{"a":' * 10_000, b'{"text":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
], ids=["arrays", "in text", "objects", "closed"])
def test_deep_nesting_harms_nobody(alice: User, api: httpx.Client, content: bytes) -> None:
    assert_problem(post_body(alice, content), 400, ("invalid_json", "invalid_field", "unknown_field"))
    expect(api.get("/readyz"), 200)


@pytest.mark.parametrize("number", [b"1e999999", b"-0", b"9" * 400, b"1e-400"], ids=lambda n: n[:8].decode())
def test_huge_numbers_harm_nobody(alice: User, number: bytes) -> None:
    assert_problem(post_body(alice, b'{"text":' + number + b"}"), 400, ("invalid_field", "invalid_json"))


@pytest.mark.parametrize("path", READS)
def test_an_unknown_parameter_is_named(alice: User, path: str) -> None:
    path = path.format(id=alice.id, handle=alice.handle)
    assert_problem(alice.http.get(path, params={"colour": "red"}), 400, "unknown_parameter", "colour")


def test_an_unknown_parameter_of_a_write_is_named(alice: User) -> None:
    answer = alice.http.post("/v1/posts?colour=red", json={"text": "x"})
    assert_problem(answer, 400, "unknown_parameter", "colour")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "", "1.5", "99999999999999999999", "0x10"])
def test_a_limit_out_of_bounds_is_named(alice: User, path: str, limit: str) -> None:
    answer = alice.http.get(path.format(id=alice.id), params={"limit": limit})
    assert_problem(answer, 400, "invalid_field", "limit")


@pytest.mark.parametrize("limit", [1, 100])
def test_the_limits_ends_are_allowed(alice: User, limit: int) -> None:
    for path in LISTS:
        expect(alice.http.get(path.format(id=alice.id), params={"limit": limit}), 200)


def test_the_default_limit_is_30(alice: User) -> None:
    ids = alice.posts(31)
    page = expect(alice.http.get(f"/v1/users/{alice.id}/posts"), 200).json()
    assert [post["id"] for post in page["items"]] == ids[:0:-1]
    assert "next" in page


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["abc", "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00", "ä", "../../etc/passwd"])
def test_an_invented_cursor(alice: User, path: str, cursor: str) -> None:
    answer = alice.http.get(path.format(id=alice.id), params={"cursor": cursor})
    assert_problem(answer, 400, "invalid_cursor")


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "json",
])
def test_other_content_types_are_refused(alice: User, content_type: str) -> None:
    answer = alice.http.post("/v1/posts", content=b'{"text":"x"}', headers={"Content-Type": content_type})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'])
def test_json_by_its_other_spellings(alice: User, content_type: str) -> None:
    answer = alice.http.post("/v1/posts", content=b'{"text":"x"}', headers={"Content-Type": content_type})
    expect(answer, 201)


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("PATCH", "/v1/posts", "POST"), ("GET", "/v1/posts", "POST"), ("POST", "/v1/me", "GET"), ("DELETE", "/v1/feed", "GET"),
    ("PUT", "/v1/auth/login", "POST"), ("POST", "/v1/users/1/follow", "PUT"), ("PUT", "/v1/posts/1", "DELETE"),
    ("POST", "/healthz", "GET"), ("GET", "/v1/live/ticket", "POST"), ("POST", "/feeds/1", "GET"),
])
def test_a_wrong_method_is_told_the_right_one(alice: User, method: str, path: str, allowed: str) -> None:
    answer = alice.http.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert allowed in [name.strip() for name in answer.headers["allow"].split(",")]


@pytest.mark.parametrize("path", [
    "/nothing", "/v1", "/v1/", "/v1/nothing", "/v1/posts/", "/v1/feed/1", "/V1/feed", "/v2/feed", "/v1/users/@", "/v1//feed",
    "/v1/posts/1/2", "/%2e%2e/etc/passwd",
])
def test_an_unknown_path(alice: User, path: str) -> None:
    assert_problem(alice.http.get(path), 404, "not_found")


@pytest.mark.parametrize("id_", ["abc", "-1", "99999999999999999999999999", "0", "1.5", "%00", "1%20", "１"])
def test_an_id_that_is_none(alice: User, id_: str) -> None:
    """Whatever stands for an id in a path gets a 4xx that says why, never a 500."""
    for path in (f"/v1/posts/{id_}", f"/v1/users/{id_}", f"/v1/users/{id_}/posts"):
        answer = alice.http.get(path)
        assert answer.status_code in (400, 404), (path, answer.status_code)
        assert_problem(answer, answer.status_code, ("not_found", "invalid_field"))


def test_a_request_id_is_taken_over(alice: User) -> None:
    for wanted in ("a", "A.b_c-9", "x" * 64):
        answer = alice.http.get("/v1/me", headers={"X-Request-Id": wanted})
        assert expect(answer, 200).headers["x-request-id"] == wanted
        problem = assert_problem(alice.http.get("/nothing", headers={"X-Request-Id": wanted}), 404, "not_found")
        assert problem["request_id"] == wanted


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


def test_answers_are_json_without_null(alice: User, bob: User) -> None:
    """Ids are strings of digits, and what is absent is absent."""
    post = alice.post("x")
    bob.sees(post["id"])
    for path in ("/v1/me", "/v1/feed", f"/v1/posts/{post['id']}", f"/v1/users/{alice.id}/followers"):
        answer = expect(bob.http.get(path), 200)
        assert answer.headers["content-type"].split(";")[0] == "application/json"
        assert "null" not in json.dumps(answer.json())
        assert '"id": "' in json.dumps(answer.json()) or answer.json().get("items") == []


def test_a_handle_can_be_taken_once_a_request_was_refused(api: httpx.Client) -> None:
    """Bad input never leaves half a write: the handle of a refused sign-up is free."""
    handle = unique_handle("half")
    body = {"handle": handle, "password": "long enough", "display_name": "x" * 61}
    assert_problem(api.post("/v1/auth/signup", json=body), 400, "invalid_field", "display_name")
    expect(api.post("/v1/auth/signup", json=body | {"display_name": "x"}), 201)
