"""HTTP/1.1 on the wire: limits, framing, pipelining, and what opens the way to request smuggling."""

from __future__ import annotations

import json

import pytest

from martlet_process import Server
from raw_http import RawHttp
from support import User, assert_problem, eventually, expect, http_client

BODY_LIMIT = 64 * 1024


@pytest.mark.parametrize("size", [70_000, 5_000_000])
def test_a_body_over_the_limit(server: Server, alice: User, size: int) -> None:
    """413 reaches the client whole, though it is still sending."""
    content = json.dumps({"text": "x" * (size - 11)}).encode()
    with RawHttp(server) as raw:
        raw.send_as_far_as_taken(raw.request("POST", "/v1/posts", token=alice.token, body=content))
        assert_problem(raw.answer(), 413, "body_too_large")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


def test_a_chunked_body_over_the_limit(server: Server, alice: User) -> None:
    """The limit holds without a Content-Length, too."""
    with RawHttp(server) as raw:
        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        raw.send(raw.head("POST", "/v1/posts", *headers, token=alice.token))
        raw.send_as_far_as_taken(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
        for _ in range(20):
            raw.send_as_far_as_taken(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
        assert_problem(raw.answer(), 413, "body_too_large")


def test_a_body_at_the_limit_is_read(server: Server, alice: User) -> None:
    """64 KiB to the byte is a body like another."""
    content = b'{"text":"x"}'
    with RawHttp(server) as raw:
        raw.send(raw.request("POST", "/v1/posts", token=alice.token, body=content + b" " * (BODY_LIMIT - len(content))))
        assert raw.answer().status_code == 201
        content += b" " * (BODY_LIMIT + 1 - len(content))
        raw.send_as_far_as_taken(raw.request("POST", "/v1/posts", token=alice.token, body=content))
        assert_problem(raw.answer(), 413, "body_too_large")


@pytest.mark.parametrize("lines", [1, 400], ids=["one long header", "many headers"])
def test_a_header_over_the_limit(server: Server, lines: int) -> None:
    with RawHttp(server) as raw:
        raw.send_as_far_as_taken(raw.head("GET", "/healthz", *[f"X-{n}: {'x' * (20_000 // lines)}" for n in range(lines)]))
        assert_problem(raw.answer(), 431, "header_too_large")


def test_a_request_line_over_the_limit(server: Server) -> None:
    with RawHttp(server) as raw:
        raw.send_as_far_as_taken(raw.head("GET", "/healthz?x=" + "x" * 20_000))
        assert raw.answer().status_code in (414, 431)


def test_a_header_below_the_limit_is_read(server: Server) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", "/healthz", "X-Long: " + "x" * 12_000))
        assert raw.answer().status_code == 200


def test_keep_alive(server: Server, alice: User) -> None:
    """Fifty requests, errors among them, over one connection."""
    with RawHttp(server) as raw:
        for number in range(50):
            path, status = ("/v1/me", 200) if number % 2 else ("/nothing", 404)
            raw.send(raw.request("GET", path, token=alice.token))
            assert raw.answer().status_code == status


def test_pipelining_keeps_the_order(server: Server, alice: User) -> None:
    """Several requests in one packet are answered in their order, though a write takes longer than a read."""
    with RawHttp(server) as raw:
        requests = [
            (raw.request("GET", "/healthz", "X-Request-Id: r0"), 200),
            (raw.request("POST", "/v1/posts", "X-Request-Id: r1", token=alice.token, body={"text": "in the middle"}), 201),
            (raw.request("GET", "/v1/me", "X-Request-Id: r2", token=alice.token), 200),
            (raw.request("GET", "/nothing", "X-Request-Id: r3"), 404),
            (raw.request("POST", "/v1/posts", "X-Request-Id: r4", token=alice.token, body=b"{"), 400),
            (raw.request("POST", "/v1/posts", "X-Request-Id: r5", token=alice.token, body={"text": "the second"}), 201),
            (raw.request("GET", "/healthz", "X-Request-Id: r6"), 200),
        ]
        raw.send(b"".join(data for data, _ in requests))
        answers = [raw.answer() for _ in requests]
    assert [answer.status_code for answer in answers] == [status for _, status in requests]
    assert [answer.headers["x-request-id"] for answer in answers] == [f"r{n}" for n in range(len(requests))]
    assert answers[2].json()["id"] == alice.id
    assert int(answers[1].json()["id"]) < int(answers[5].json()["id"])


def test_a_hundred_pipelined_writes(server: Server, alice: User) -> None:
    """A long pipeline loses nothing and keeps the order of its writes."""
    with RawHttp(server) as raw:
        raw.send(b"".join(raw.request("POST", "/v1/posts", token=alice.token, body={"text": str(n)}) for n in range(100)))
        answers = [raw.answer() for _ in range(100)]
    assert [answer.json().get("text") for answer in answers] == [str(n) for n in range(100)]
    ids = [answer.json()["id"] for answer in answers]
    assert alice.walk(f"/v1/users/{alice.id}/posts") == ids[::-1]


def test_byte_by_byte(server: Server, alice: User) -> None:
    """A request that arrives in single bytes is the same request."""
    with RawHttp(server) as raw:
        for byte in raw.request("POST", "/v1/posts", token=alice.token, body={"text": "slöw 🐢"}):
            raw.send(bytes([byte]))
        answer = raw.answer()
    assert answer.status_code == 201 and answer.json()["text"] == "slöw 🐢"


def test_a_chunked_body(server: Server, alice: User) -> None:
    """The connection goes on after the last chunk."""
    with RawHttp(server) as raw:
        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        raw.send(raw.head("POST", "/v1/posts", *headers, token=alice.token))
        raw.send(b'8\r\n{"text":\r\nA\r\n"chunked"}\r\n0\r\n\r\n')
        raw.send(raw.head("GET", "/healthz"))
        first, second = raw.answer(), raw.answer()
    assert (first.status_code, first.json().get("text"), second.status_code) == (201, "chunked", 200)


@pytest.mark.parametrize("end", [b'A;name=value\r\n"chunked"}\r\n0\r\n\r\n', b'A\r\n"chunked"}\r\n0\r\nX-Trailer: 1\r\n\r\n'])
def test_what_readers_differ_about_in_chunks_is_refused(server: Server, alice: User, end: bytes) -> None:
    """Chunk extensions and trailers serve nobody here, and proxies read them differently."""
    with RawHttp(server) as raw:
        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        raw.send(raw.head("POST", "/v1/posts", *headers, token=alice.token))
        raw.send(b'8\r\n{"text":\r\n' + end)
        assert raw.answer().status_code == 400


SMUGGLING = {
    "both lengths": ("Content-Length: 4", "Transfer-Encoding: chunked"),
    "lengths that differ": ("Content-Length: 4", "Content-Length: 5"),
    "length with a sign": ("Content-Length: +4",),
    "negative length": ("Content-Length: -1",),
    "length in hex": ("Content-Length: 0x4",),
    "no number": ("Content-Length: four",),
    "endless number": ("Content-Length: " + "9" * 40,),
    "space before the colon": ("Content-Length : 4",),
}


@pytest.mark.parametrize("headers", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_doubtful_framing_is_refused(server: Server, alice: User, headers: tuple[str, ...]) -> None:
    """Where two readers could see two bodies, the answer is 4xx and the connection ends: what follows is not a request."""
    with RawHttp(server) as raw:
        raw.send(raw.head("POST", "/v1/posts", "Content-Type: application/json", *headers, token=alice.token))
        raw.send_as_far_as_taken(b"0\r\n\r\n" + raw.request("POST", "/v1/posts", token=alice.token, body={"text": "smuggled"}))
        answer = raw.answer()
        assert answer.status_code in (400, 413), answer.status_code
        assert raw.ended()
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.parametrize("request_", [
    b"GET /healthz HTTP/1.1\r\n\r\n", b"GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"nonsense\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
], ids=["no host", "two spaces", "no request", "no colon", "TLS"])
def test_what_is_no_request(server: Server, request_: bytes) -> None:
    """400 or an end of the connection, and the next client is served."""
    with RawHttp(server) as raw:
        raw.send(request_)
        try:
            assert raw.answer().status_code == 400
        except (EOFError, ConnectionResetError):
            pass
    with http_client(server.url) as client:
        expect(client.get("/healthz"), 200)


def test_connection_close_is_obeyed(server: Server) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", "/healthz", "Connection: close"))
        assert raw.answer().status_code == 200
        assert raw.ended()


def test_head_is_get_without_the_body(server: Server, alice: User) -> None:
    """HEAD gets what GET gets, and the next response on the connection is where it belongs."""
    with RawHttp(server) as raw:
        for path, status in (("/healthz", 200), ("/v1/me", 200), ("/nothing", 404)):
            raw.send(raw.head("HEAD", path, token=alice.token) + raw.head("GET", path, token=alice.token))
            head, get = raw.answer(head_only=True), raw.answer()
            assert (head.status_code, get.status_code) == (status, status)
            assert head.headers["content-type"] == get.headers["content-type"]


def test_expect_100_continue(server: Server, alice: User) -> None:
    """The interim answer comes before the body is sent."""
    content = b'{"text":"asked first"}'
    with RawHttp(server) as raw:
        headers = ("Content-Type: application/json", f"Content-Length: {len(content)}", "Expect: 100-continue")
        raw.send(raw.head("POST", "/v1/posts", *headers, token=alice.token))
        assert raw.answer().status_code == 100
        raw.send(content)
        answer = raw.answer()
    assert answer.status_code == 201 and answer.json()["text"] == "asked first"


def test_expect_100_continue_over_the_limit(server: Server, alice: User) -> None:
    """A body that is too large is refused before it is sent."""
    with RawHttp(server) as raw:
        headers = ("Content-Type: application/json", "Content-Length: 5000000", "Expect: 100-continue")
        raw.send(raw.head("POST", "/v1/posts", *headers, token=alice.token))
        assert_problem(raw.answer(), 413, "body_too_large")


def test_a_client_that_leaves_in_the_middle(server: Server, alice: User) -> None:
    """Half a request makes no post and leaves the server well."""
    with RawHttp(server) as raw:
        raw.send(raw.request("POST", "/v1/posts", token=alice.token, body={"text": "half"})[:-3])
    eventually(lambda: expect(alice.http.get("/readyz"), 200), 5, "a ready server")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []
