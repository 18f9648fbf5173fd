"""Through nginx as it is deployed: what it passes on is for Martlet the same requests, no more and no fewer."""

from __future__ import annotations

import select
from typing import Iterator

import pytest

from martlet_process import Server, free_port
from nginx_gateway import Gateway
from raw_http import RawAnswer, RawHttp
from support import User, assert_problem, eventually, http_client
from test_hostile_requests import CHUNKS, FRAMING

SMUGGLED = "smuggled"


@pytest.fixture(scope="module")
def gateway(server: Server) -> Iterator[Gateway]:
    if reason := Gateway.unavailable():
        pytest.skip(reason)
    nginx = Gateway([server.port], [server.port])
    try:
        yield nginx.start()
    finally:
        nginx.stop()


def answers(raw: RawHttp) -> int:
    """How many answers come until the connection ends or nothing comes for a second."""
    count = 0
    raw.socket.settimeout(1)
    try:
        while True:
            raw.answer()
            count += 1
    except (EOFError, ConnectionResetError, TimeoutError):
        return count


def check(gateway: Gateway, alice: User, attack: bytes) -> None:
    """Sends it with a post behind it. Martlet has carried out a post only where nginx, too, saw a second request."""
    before = len(gateway.requests())
    with RawHttp(gateway) as raw:
        raw.send_as_far_as_taken(attack + raw.request("POST", "/posts", token=alice.token, body={"text": SMUGGLED}))
        count = answers(raw)

    # nginx writes a request down when it is done, before or after the client has read the answer.
    def seen() -> list[dict]:
        return gateway.requests()[before:]

    eventually(lambda: len(seen()) >= count, 5, "nginx's log")
    behind = [request for request in seen() if request["path"] == "/posts" and request["upstream"]]
    posts = alice.walk(f"/v1/users/{alice.id}/posts")
    assert len(posts) == sum(request["status"] == 201 for request in behind), (posts, seen())
    assert len(posts) <= 1
    # An answer for each request and none besides: an answer too many would be the next client's.
    with RawHttp(gateway) as raw:
        for number in range(3):
            raw.send(raw.head("GET", "/healthz", f"X-Request-Id: after-{number}"))
            assert raw.answer().headers["x-request-id"] == f"after-{number}"


@pytest.mark.parametrize("fields", FRAMING.values(), ids=FRAMING.keys())
def test_framing(gateway: Gateway, alice: User, fields: bytes) -> None:
    with RawHttp(gateway) as raw:
        head = raw.head("POST", "/v1/posts", "Content-Type: application/json", token=alice.token)
    check(gateway, alice, head[:-2] + fields + b"\r\n\r\n0\r\n\r\n")


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS.keys())
def test_chunks(gateway: Gateway, alice: User, chunk: bytes) -> None:
    with RawHttp(gateway) as raw:
        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        check(gateway, alice, raw.head("POST", "/v1/posts", *headers, token=alice.token) + chunk)


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
def test_a_request_in_a_body(gateway: Gateway, alice: User, method: str) -> None:
    with RawHttp(gateway) as raw:
        hidden = raw.request("POST", "/v1/posts", token=alice.token, body={"text": "in the body"})
        raw.send(raw.head(method, "/v1/me", f"Content-Length: {len(hidden)}", token=alice.token) + hidden)
        assert answers(raw) == 1
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.parametrize("path", ["/v1/live/ws", "/v1/me", "/healthz"])
@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
def test_an_upgrade_hides_nothing(gateway: Gateway, alice: User, path: str, protocol: str) -> None:
    """After an upgrade that is refused, or was never passed on, nginx doesn't tunnel what follows."""
    with RawHttp(gateway) as raw:
        head = raw.head("GET", path, "Connection: Upgrade", f"Upgrade: {protocol}", "Sec-WebSocket-Version: 777",
                        token=alice.token)
        raw.send(head)
        assert raw.answer().status_code != 101
        raw.send_as_far_as_taken(raw.head("GET", "/metrics"))
        answer = raw.answer()
        assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("path", [
    "/metrics", "/readyz", "//metrics", "/./metrics", "/x/../metrics", "/%6detrics", "/metrics%2f", "/metrics/",
    "/metrics%00", "/healthz/../readyz", "/%2e/readyz", "/metrics;a", "/METRICS",
])
def test_what_is_for_those_inside(gateway: Gateway, path: str) -> None:
    """However it is written, the operator's pages aren't given to the world."""
    with RawHttp(gateway) as raw:
        raw.send(raw.head("GET", path))
        answer = raw.answer()
        assert answer.status_code in (400, 404), answer
        assert b"martlet_" not in answer.content


def test_the_absolute_form_is_no_way_inside(gateway: Gateway) -> None:
    with RawHttp(gateway) as raw:
        raw.send(raw.head("GET", "http://elsewhere/metrics"))
        assert raw.answer().status_code == 404


@pytest.mark.parametrize("head,status,code", [
    ("GET /metrics%00 HTTP/1.1", 400, "invalid_field"), ("GET /% HTTP/1.1", 400, "invalid_field"),
    ("GET /\x01 HTTP/1.1", 400, "invalid_field"), ("GET /healthz HTTP/1.1\r\nHost: a", 400, "invalid_field"),
    (f"GET /{'x' * 20_000} HTTP/1.1", 431, "header_too_large"),
    (f"GET /healthz HTTP/1.1\r\nX-Long: {'x' * 20_000}", 431, "header_too_large"),
], ids=["NUL", "half an escape", "control character", "two hosts", "long line", "long header"])
def test_what_nginx_refuses_by_itself(gateway: Gateway, head: str, status: int, code: str) -> None:
    """In the words of the API, and not as a fault of the server."""
    with RawHttp(gateway) as raw:
        raw.send_as_far_as_taken(f"{head}\r\nHost: b\r\n\r\n".encode())
        assert_problem(raw.answer(), status, code)


def test_the_gateways_own_pages_are_not_asked_for(gateway: Gateway) -> None:
    for page in ("bad-request", "header-too-large"):
        with RawHttp(gateway) as raw:
            raw.send(raw.head("GET", f"/gateway/{page}"))
            assert raw.answer().status_code == 404


def test_no_ticket_in_the_log_of_errors(server: Server) -> None:
    """The realtime role is away, which nginx notes with the request's line, but not where that has a ticket."""
    if reason := Gateway.unavailable():
        pytest.skip(reason)
    nginx = Gateway([server.port], [free_port()])
    try:
        with http_client(f"http://127.0.0.1:{nginx.start().port}") as http:
            assert_problem(http.get("/v1/live/sse?ticket=SECRET"), 503, "overloaded")
            assert_problem(http.get("/v1/live/other?probe=SHOWN"), 503, "overloaded")
        errors = (nginx.home / "error.log").read_text()
        assert "SHOWN" in errors
        assert "SECRET" not in errors + (nginx.home / "access.log").read_text()
    finally:
        nginx.stop()


def test_pages_of_other_sites_read_what_nginx_answers(server: Server) -> None:
    """413, 404 and 503 by nginx itself: an allowed site may read them, another one may not."""
    if reason := Gateway.unavailable():
        pytest.skip(reason)
    nginx = Gateway([server.port], [free_port()], origins=("https://app.example",))
    try:
        with http_client(f"http://127.0.0.1:{nginx.start().port}") as http:
            for origin, allowed in (("https://app.example", "https://app.example"), ("https://other.example", None)):
                headers = {"Origin": origin}
                for answer in (
                    http.post("/v1/posts", content=b"x" * 70_000, headers=headers), http.get("/metrics", headers=headers),
                    http.get("/v1/live/sse", headers=headers),
                ):
                    assert answer.status_code in (413, 404, 503)
                    assert answer.headers.get("access-control-allow-origin") == allowed, answer.status_code
                    assert "Origin" in answer.headers["vary"]
    finally:
        nginx.stop()


def test_connections_of_one_address(server: Server) -> None:
    """Half-sent requests of one address, or of one IPv6 /48, are taken up to a number; others are served meanwhile."""
    if reason := Gateway.unavailable():
        pytest.skip(reason)
    nginx = Gateway([server.port], [server.port], most=5)
    held: list[RawHttp] = []

    def hold(address: str) -> None:
        raw = RawHttp(nginx)
        held.append(raw)
        raw.send(raw.head("POST", "/v1/posts", "Content-Length: 100", "Expect: 100-continue", f"X-Forwarded-For: {address}"))
        # nginx has counted it: a request that asks earlier takes the place of one that is held.
        assert raw.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"

    def get(address: str) -> RawAnswer:
        with RawHttp(nginx) as raw:
            raw.send(raw.head("GET", "/healthz", f"X-Forwarded-For: {address}"))
            return raw.answer()

    try:
        nginx.start()
        for site, own, other in (
            ("192.0.2.7{}", "192.0.2.7", "192.0.2.8"),
            ("2001:db8:7:{}::1", "2001:db8:7:ff:1:2:3:4", "2001:db8:8:1::1"),
            ("2001:db8::{}", "2001:db8::1:2:3:4", "2001:db8:1::1"),
        ):
            for number in range(5):
                hold(site.format("" if "." in site else number + 1))
            assert_problem(get(own), 503, "overloaded")
            assert int(get(own).headers["retry-after"]) >= 1
            assert get(other).status_code == 200
        assert len(held) == 15 and not any(readable(raw) for raw in held)
    finally:
        for raw in held:
            raw.socket.close()
        nginx.stop()


def readable(raw: RawHttp) -> bool:
    """Has it been answered, or closed?"""
    return bool(select.select([raw.socket], [], [], 0)[0])
