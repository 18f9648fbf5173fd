"""Requests made to be read in two ways: smuggling, and tricks with paths and headers. test_http.py has the plain ones."""

from __future__ import annotations

import pytest

from martlet_process import Server
from raw_http import RawAnswer, RawHttp
from support import User, assert_problem, expect, http_client


def smuggled(raw: RawHttp, alice: User) -> bytes:
    """A request that must never be read as one."""
    return raw.request("POST", "/v1/posts", token=alice.token, body={"text": "smuggled"})


def last_answer(raw: RawHttp) -> RawAnswer:
    """The one answer, after which the server ends the connection."""
    answer = raw.answer()
    assert raw.ended(), "the connection goes on"
    return answer


FRAMING = {
    "TE.CL": b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    "CL.TE, lower case": b"content-length: 4\r\ntransfer-encoding: chunked",
    "unknown coding": b"Transfer-Encoding: xchunked",
    "chunked is not last": b"Transfer-Encoding: chunked, identity",
    "chunked behind another": b"Transfer-Encoding: identity, chunked",
    "coding in quotes": b'Transfer-Encoding: "chunked"',
    "coding twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "one coding hidden": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
    "empty coding": b"Transfer-Encoding:\r\nContent-Length: 4",
    "vertical tab": b"Transfer-Encoding:\x0bchunked",
    "NUL in the value": b"Transfer-Encoding: chunked\x00",
    "NUL in the name": b"Transfer\x00-Encoding: chunked",
    "tab before the colon": b"Transfer-Encoding\t: chunked",
    "folded": b"Transfer-Encoding:\r\n chunked",
    "folded behind another": b"X-A: b\r\n Transfer-Encoding: chunked",
    "bare LF": b"X-A: b\nTransfer-Encoding: chunked",
    "bare CR": b"X-A: b\rTransfer-Encoding: chunked",
    "CR before the colon": b"Transfer-Encoding\r: chunked",
    "a list of lengths": b"Content-Length: 4, 4",
    "a list of two lengths": b"Content-Length: 4, 80",
    "empty length": b"Content-Length:",
    "two numbers": b"Content-Length: 4 80",
    "length with a comment": b"Content-Length: 4;80",
    "NUL in the length": b"Content-Length: 4\x0080",
    "length in full-width digits": "Content-Length: ４".encode(),
    "length with an underscore": b"Content-Length: 1_0",
    "length with a point": b"Content-Length: 4.0",
    "length of 2^64 and 4": b"Content-Length: 18446744073709551620",
}


@pytest.mark.parametrize("fields", FRAMING.values(), ids=FRAMING.keys())
def test_framing_that_readers_differ_about(server: Server, alice: User, fields: bytes) -> None:
    """Refused, and nothing that follows is read."""
    with RawHttp(server) as raw:
        head = raw.head("POST", "/v1/posts", "Content-Type: application/json", token=alice.token)
        raw.send(head[:-2] + fields + b"\r\n\r\n")
        raw.send_as_far_as_taken(b"0\r\n\r\n" + smuggled(raw, alice))
        assert last_answer(raw).status_code in (400, 413, 501)
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


def test_a_chunked_body_in_http_1_0(server: Server, alice: User) -> None:
    """That version has no codings: one reader would see a body where the other sees a request."""
    with RawHttp(server) as raw:
        raw.send(b"POST /v1/posts HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        raw.send_as_far_as_taken(smuggled(raw, alice))
        assert last_answer(raw).status_code == 400
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


CHUNKS = {
    "2^64": b"10000000000000000\r\n", "2^32": b"100000000\r\n", "negative": b"-1\r\n", "sign": b"+5\r\nhello\r\n",
    "0x": b"0x5\r\nhello\r\n", "space before": b" 5\r\nhello\r\n", "space behind": b"5 \r\nhello\r\n",
    "extension": b"5;a=b\r\nhello\r\n", "bare LF": b"5\nhello\r\n", "empty": b"\r\n", "no digits": b"xyz\r\n",
    "more than announced": b"5\r\nhelloXX0\r\n", "no end of the chunk": b"5\r\nhello0\r\n\r\n",
    "LF behind the chunk": b"5\r\nhello\n0\r\n\r\n", "trailer": b"0\r\nContent-Length: 9\r\n\r\n",
    "NUL": b"5\x00\r\nhello\r\n",
}


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS.keys())
def test_chunks_that_readers_differ_about(server: Server, alice: User, chunk: bytes) -> None:
    with RawHttp(server) as raw:
        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        raw.send(raw.head("POST", "/v1/posts", *headers, token=alice.token))
        raw.send_as_far_as_taken(chunk + smuggled(raw, alice))
        assert last_answer(raw).status_code in (400, 413)
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


@pytest.mark.parametrize("lengths", [1, 2], ids=["length", "the same length twice"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "BREW"])
def test_a_request_in_a_body(server: Server, alice: User, method: str, lengths: int) -> None:
    """A body is a body, whatever the method: what is in it is not carried out, and the next request is found."""
    with RawHttp(server) as raw:
        hidden = smuggled(raw, alice)
        raw.send(raw.head(method, "/v1/me", *[f"Content-Length: {len(hidden)}"] * lengths, token=alice.token) + hidden)
        raw.send(raw.head("GET", "/healthz", "X-Request-Id: the-next"))
        first, second = raw.answer(), raw.answer()
        assert first.headers["x-request-id"] != "the-next"
        assert (second.status_code, second.headers["x-request-id"]) == (200, "the-next")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


PATHS = [
    "/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "//etc/passwd",
    "/app.js/../../../../../etc/passwd", "/.%2e/main.swift", "/%252e%252e/etc/passwd", "/..\\..\\etc\\passwd",
    "/app.js%00.html", "/%00", "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd", "/%e0%80%af", "/%ff%fe", "/%", "/%zz",
    "//v1/me", "/v1//me", "/v1/./me", "/v1/x/../me", "/v1/me/", "/v1/me;a=b", "/v1/me%2f", "/V1/ME", "/v1/me%20",
    "/v1/users/..%2fme", "/v1/me%0d%0aX-Injected:%20yes",
]


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_lead_elsewhere(server: Server, alice: User, path: str) -> None:
    """There is one way to write an address: nothing is resolved, cleaned or decoded twice."""
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", path, "Connection: close", token=alice.token))
        answer = raw.answer()
        assert answer.status_code in (400, 404), answer
        assert "x-injected" not in answer.headers
        assert b"root:" not in answer.content and alice.handle.encode() not in answer.content


@pytest.mark.parametrize("target", [
    "http://evil.example/healthz", "HTTP://a:1/healthz", "https://u:p@evil.example/healthz", "/%68ealthz",
])
def test_other_ways_to_write_a_target(server: Server, target: str) -> None:
    """The absolute form is the path in it; the authority decides nothing."""
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", target))
        assert raw.answer().status_code == 200


@pytest.mark.parametrize("target", ["healthz", "ftp://a/healthz", "http:///healthz", "?x", "*", "a:80", "/healthz#x", "/h\x7f", "/ü"])
def test_targets_that_are_none(server: Server, target: str) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", target))
        assert last_answer(raw).status_code == 400


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "a,b", "a\tb", "ü", "a\\b", "<a>", "a?b"])
def test_a_host_that_is_none(server: Server, host: str) -> None:
    with RawHttp(server) as raw:
        raw.send(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert last_answer(raw).status_code == 400


def test_two_hosts(server: Server) -> None:
    with RawHttp(server) as raw:
        raw.send(raw.head("GET", "/healthz", "Host: evil.example"))
        assert last_answer(raw).status_code == 400


def test_ten_thousand_headers(server: Server) -> None:
    """Refused while they still come."""
    with RawHttp(server) as raw:
        raw.send_as_far_as_taken(raw.head("GET", "/healthz", *[f"A{n}: b" for n in range(10_000)]))
        assert_problem(raw.answer(), 431, "header_too_large")


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_method_is_not_overridden(server: Server, alice: User, header: str) -> None:
    post = alice.post("stays")["id"]
    with RawHttp(server) as raw:
        for method, status in (("GET", 200), ("POST", 405)):
            raw.send(raw.request(method, f"/v1/posts/{post}", f"{header}: DELETE", token=alice.token))
            assert raw.answer().status_code == status
    answer = alice.http.get(f"/v1/posts/{post}", params={"_method": "DELETE"})
    assert_problem(answer, 400, "unknown_parameter")
    expect(alice.http.get(f"/v1/posts/{post}"), 200)


def test_an_address_that_is_claimed(limited_server: Server) -> None:
    """Nobody is a trusted proxy by default: another X-Forwarded-For with each request is the same caller."""
    with http_client(limited_server.url) as http:
        for number in range(200):
            address = f"198.51.100.{number}"
            claims = {"X-Forwarded-For": address, "Forwarded": f"for={address}", "X-Real-IP": address}
            guess = {"handle": f"no handle {number}", "password": "a wrong guess"}
            answer = http.post("/v1/auth/login", json=guess, headers=claims)
            if answer.status_code == 429:
                break
        assert_problem(answer, 429, "rate_limited")
