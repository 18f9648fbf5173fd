"""Pages of other sites: one rule for every address and every answer, also for one that no route has made."""

from __future__ import annotations

from typing import Iterator

import pytest

from martlet_process import Server
from raw_http import RawAnswer, RawHttp
from raw_ws import upgrade
from sse_client import Sse
from support import User, assert_problem, expect, http_client


FRIEND, SECOND, THIRD = "https://app.example", "http://intranet", "https://[2001:db8::1]:8443"
CONTRACT = ("authorization", "content-type", "idempotency-key", "if-none-match", "last-event-id", "cache-control",
            "x-request-id", "traceparent", "tracestate")
EXPOSED = {"etag", "location", "retry-after", "x-request-id", "idempotency-replayed", "allow", "www-authenticate",
           "accept-encoding"}
ADDRESSES = {
    "/v1/auth/login": {"POST"}, "/v1/posts": {"POST"}, "/v1/posts/1": {"GET", "HEAD", "PATCH", "DELETE"}, "/v1/feed": {"GET", "HEAD"},
    "/v1/users/1/follow": {"PUT", "DELETE"}, "/v1/live/ticket": {"POST"}, "/v1/live/sse": {"GET", "HEAD"},
    "/v1/live/ws": {"GET", "HEAD"}, "/openapi.json": {"GET", "HEAD"}, "/healthz": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"}, "/metrics": {"GET", "HEAD"}, "/follow": {"POST"}, "/": {"GET", "HEAD"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Its settings name three sites, as people write them: a slash at the end, capitals, the scheme's own port."""
    with_friends = Server(MARTLET_ORIGINS=f"{FRIEND}/, HTTP://INTRANET:80,https://[2001:DB8:0::1]:8443")
    try:
        yield with_friends.start()
    finally:
        with_friends.remove()


@pytest.fixture
def alice(server: Server) -> Iterator[User]:
    user = User.signup(server, "alice")
    yield user
    user.close()


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def assert_shared(answer: RawAnswer, origin: str = FRIEND) -> None:
    """The page may read it, all of its headers, and no cache gives it to another site."""
    assert answer.headers.get("access-control-allow-origin") == origin, (answer.status_code, answer.headers)
    assert names(answer.headers["access-control-expose-headers"]) >= EXPOSED
    assert answer.headers.get_list("vary", split_commas=True) == ["Origin"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_preflight_of_every_address(server: Server, path: str) -> None:
    """204 with the methods of the address and every header of the contract; nothing for another site."""
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": ",".join(CONTRACT)}
    with http_client(server.url) as http:
        for origin in (FRIEND, SECOND, THIRD):
            answer = expect(http.options(path, headers={**asked, "Origin": origin}), 204)
            assert_shared(answer, origin)
            assert set(answer.headers["access-control-allow-methods"].split(", ")) == ADDRESSES[path]
            assert names(answer.headers["access-control-allow-headers"]) >= set(CONTRACT)
        for origin in ("https://evil.example", "null", "*", "", "http://app.example", "https://app.example:444"):
            answer = http.options(path, headers={**asked, "Origin": origin})
            assert_problem(answer, 405, "method_not_allowed")
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["vary"] == "Origin"
        assert_problem(http.options(path, headers={"Origin": FRIEND}), 405, "method_not_allowed")
        assert_problem(http.options("/nowhere", headers={**asked, "Origin": FRIEND}), 404, "not_found")


def test_the_document_names_no_header_that_a_page_may_not_use(server: Server) -> None:
    with http_client(server.url) as http:
        document = expect(http.get("/openapi.json"), 200).json()["components"]
        asked = {"Access-Control-Request-Method": "GET", "Origin": FRIEND}
        preflight = expect(http.options("/v1/feed", headers=asked), 204)
    sent = {p["name"].lower() for p in document["parameters"].values() if p["in"] == "header"}
    assert sent and sent <= names(preflight.headers["access-control-allow-headers"])
    assert {name.lower() for name in document["headers"]} <= names(preflight.headers["access-control-expose-headers"])


BEFORE_ROUTING = {
    "a header without a colon": (400, b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nnonsense\r\n\r\n"),
    "a target with an escape that is none": (400, b"GET /%%zz HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\nOrigin: %s\r\n\r\n"),
    "a chunk that is none": (400, b"POST /v1/posts HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
    "a long body": (413, b"POST /v1/posts HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nOrigin: %s\r\n\r\n"),
    "long chunks": (413, b"POST /v1/posts HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"),
    "a long target": (431, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\n\r\n"),
    "a long header before the origin": (431, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\nOrigin: %s\r\n\r\n"),
    "a long header behind the origin": (431, b"GET / HTTP/1.1\r\nHost: x\r\norigin:%s\r\nX: " + b"y" * 20_000 + b"\r\n\r\n"),
    "many headers": (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"Origin: %s\r\n\r\n"),
    "an expectation": (417, b"GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\nOrigin: %s\r\n\r\n"),
    "a coding": (501, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nOrigin: %s\r\n\r\n"),
    "no upgrade": (426, b"GET /v1/live/ws HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\n\r\n"),
}


@pytest.mark.parametrize("case", BEFORE_ROUTING)
def test_what_no_route_has_answered(server: Server, case: str) -> None:
    """A page can read why its request was refused before anybody looked at it."""
    status, request = BEFORE_ROUTING[case]
    for origin, is_shared in ((FRIEND, True), ("https://evil.example", False)):
        with RawHttp(server) as raw:
            raw.send_as_far_as_taken(request % origin.encode())
            answer = raw.answer()
        assert answer.status_code == status
        if is_shared:
            assert_shared(answer)
        else:
            assert "access-control-allow-origin" not in answer.headers and answer.headers["vary"] == "Origin"


@pytest.mark.slow
def test_a_request_that_does_not_arrive_in_time(server: Server) -> None:
    with RawHttp(server, timeout=30) as head, RawHttp(server, timeout=40) as body:
        head.send(f"GET / HTTP/1.1\r\nHost: x\r\nOrigin: {FRIEND}\r\nX: ".encode())
        body.send(f"POST / HTTP/1.1\r\nHost: x\r\nOrigin: {FRIEND}\r\nContent-Length: 5\r\n\r\n".encode())
        for raw in (head, body):
            answer = raw.answer()
            assert answer.status_code == 408
            assert_shared(answer)


def test_a_head_without_an_end_is_answered_soon(server: Server) -> None:
    """Its rest is awaited for a moment, for the origin that may be in it."""
    with RawHttp(server, timeout=4) as raw:
        raw.send(b"GET /" + b"a" * 10_000)
        assert_problem(raw.answer(), 431, "header_too_large")


def test_every_kind_of_answer(server: Server, alice: User) -> None:
    origin = {"Origin": FRIEND}
    with http_client(server.url) as http:
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/nowhere", "/v1/me", "/v1/feed?x=1",
                     "/v1/live/sse", "/v1/live/sse?x=1", "/v1/live/sse?ticket=x"):
            assert_shared(http.get(path, headers=origin))
        assert_shared(http.head("/v1/live/sse", headers=origin))
        assert_shared(http.post("/v1/live/sse", headers=origin))
        assert_shared(http.post("/v1/posts", headers=origin, content=b"{}"))
        assert http.get("/healthz").headers["vary"] == "Origin"
    with Sse(server, token=alice.token, origin=FRIEND) as stream:
        stream.verdict("live")
        assert_shared(stream)  # type: ignore[arg-type]


def test_two_origins_are_none(server: Server, alice: User) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.request("GET", "/v1/me", f"Origin: {FRIEND}", f"Origin: {FRIEND}", token=alice.token))
        answer = raw.answer()
        assert answer.status_code == 200 and "access-control-allow-origin" not in answer.headers
        raw.send(raw.request("GET", "/v1/live/sse", f"Origin: {FRIEND}", f"Origin: {FRIEND}", token=alice.token))
        assert_problem(raw.answer(), 403, "forbidden", "Origin")


def opens(server: Server, alice: User, host: str, origin: str) -> set[int]:
    """The status of a WebSocket and of an event stream's head."""
    found = set()
    for request in ("ws", "sse"):
        with RawHttp(server) as raw:
            raw.host = host
            if request == "ws":
                raw.send(upgrade(raw, f"Origin: {origin}"))
            else:
                raw.send(raw.head("HEAD", "/v1/live/sse", f"Origin: {origin}", token=alice.token))
            found.add({101: 200}.get(status := raw.answer(head_only=True).status_code, status))
    return found


@pytest.mark.parametrize(("host", "origin"), [
    ("x.example:80", "http://x.example"), ("x.example", "http://x.example:80"), ("X.Example", "http://x.example"),
    ("x.example:443", "https://x.example"), ("x.example", "https://x.example:443"), ("[::1]:8080", "http://[0::1]:8080"),
    ("y.example", FRIEND), ("y.example", "https://APP.example:443"), ("y.example", SECOND + ":80"), ("y.example", THIRD),
])
def test_an_origin_is_scheme_host_and_port(server: Server, alice: User, host: str, origin: str) -> None:
    assert opens(server, alice, host, origin) == {200}


@pytest.mark.parametrize(("host", "origin"), [
    ("x.example:80", "https://x.example"), ("x.example:443", "http://x.example"), ("x.example:80", "http://x.example:8080"),
    ("x.example", "null"), ("null", "null"), ("x.example", "http://x.example/"), ("x.example", "http://x.example.evil"),
    ("x.example", "ws://x.example"), ("x.example", "http://*"), ("y.example", "https://app.example:444"),
])
def test_a_foreign_origin(server: Server, alice: User, host: str, origin: str) -> None:
    assert opens(server, alice, host, origin) == {403}
