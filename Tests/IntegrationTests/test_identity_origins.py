"""Pages of other sites: what their browsers may open, read and send."""

from __future__ import annotations

from typing import Iterator

import httpx
import pytest

from identity import ticket_of
from martlet_process import Server
from nginx_gateway import Gateway
from raw_http import RawAnswer, RawHttp
from raw_ws import upgrade
from support import PASSWORD, User, assert_problem, expect, http_client, unique_handle

FRIEND = "https://app.example"
ALIKE = (
    "http://localhost:{port}.evil.example", "http://localhost:{port}evil.example", "http://localhost.evil.example:{port}",
    "http://localhost", "http://localhost:80", "http://localhost:{other}", "https://localhost:{other}", "http://evil.example:{port}",
    "http://evil.example/localhost:{port}", "http://evil.example#localhost:{port}", "http://evil.example?localhost:{port}",
    "http://localhost:{port}@evil.example", "http://localhost:{port}/", "http://localhost:{port}/x", "http://localhost:{port}.",
    "http://localhost.:{port}", "http://user@localhost:{port}", "http://127.0.0.1:{port}", "http://[::1]:{port}",
    "ws://localhost:{port}", "wss://localhost:{port}", "ftp://localhost:{port}", "file://localhost:{port}", "chrome-extension://localhost:{port}",
    "//localhost:{port}", "localhost:{port}", "null", "NULL", "undefined", "*", "",
    "http://localhost:{port} http://evil.example", "http://localhost:{port},http://evil.example", "http://evil.example, http://localhost:{port}",
    "http://app.example", "https://app.example:8443", "https://app.example.evil.example", "https://sub.app.example", "https://app.example/",
    "https://APP.example.evil", "https://xapp.example", "data:text/html,x", "blob:http://localhost:{port}",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with one other site in its settings; it believes what the loopback says of the scheme."""
    with_friend = Server(MARTLET_ORIGINS=f"{FRIEND}, http://intranet:8000", MARTLET_TRUSTED_PROXIES="::1,127.0.0.0/8")
    try:
        yield with_friend.start()
    finally:
        with_friend.remove()


@pytest.fixture
def alice(server: Server) -> Iterator[User]:
    user = User.signup(server, "alice")
    yield user
    user.close()


def ask(server: Server, request: str, *headers: str, host: str | None = None) -> RawAnswer:
    """`METHOD path` with these very headers and, unless told otherwise, the host localhost."""
    with RawHttp(server) as raw:
        raw.host = host or f"localhost:{server.port}"
        if request == "WebSocket":
            raw.send(upgrade(raw, *headers))
        else:
            raw.send(raw.head(*request.split(" "), *headers))
        # A stream has no length; its head is all that is asked for.
        raw._fill()
        if b" 200 OK" in raw.buffer[:20] and b"event-stream" in raw.buffer:
            lines = raw._until(b"\r\n\r\n").split(b"\r\n")[1:]
            return RawAnswer(200, httpx.Headers([tuple(line.split(b": ", 1)) for line in lines]), b"")
        return raw.answer()


def opened(server: Server, alice: User, *headers: str, host: str | None = None) -> set[int]:
    """The status of a WebSocket and of an event stream, by token and by ticket."""
    token, ticket = f"Authorization: Bearer {alice.token}", ticket_of(alice)
    return {
        {101: 200}.get(answer.status_code, answer.status_code) for answer in (
            ask(server, "WebSocket", *headers, host=host), ask(server, "GET /v1/live/sse", token, *headers, host=host),
            ask(server, f"GET /v1/live/sse?ticket={ticket}", *headers, host=host))
    }


@pytest.mark.parametrize("alike", ALIKE)
def test_an_origin_that_looks_alike(server: Server, alice: User, alike: str) -> None:
    """403 before anything is opened, whatever else the request shows; and the ticket is not used up by it."""
    origin = alike.format(port=server.port, other=server.port + 1)
    ticket = ticket_of(alice)
    for request in ("WebSocket", "GET /v1/live/sse", f"GET /v1/live/sse?ticket={ticket}"):
        answer = ask(server, request, f"Origin: {origin}", f"Authorization: Bearer {alice.token}")
        assert_problem(answer, 403, "forbidden", "Origin")
        assert "access-control-allow-origin" not in answer.headers
    assert ask(server, f"GET /v1/live/sse?ticket={ticket}").status_code == 200


@pytest.mark.parametrize("own", ["http://localhost:{port}", "HTTP://LocalHost:{port}", FRIEND, "http://intranet:8000", None])
def test_an_origin_that_is_welcome(server: Server, alice: User, own: str | None) -> None:
    """The server's own page, the sites of the settings, and programs, which send none."""
    headers = [f"Origin: {own.format(port=server.port)}"] if own else []
    assert opened(server, alice, *headers) == {200}


def test_another_scheme_behind_the_same_host(server: Server, alice: User, limited_server: Server) -> None:
    """A trusted proxy says by which scheme the page came, and then the other one is foreign. Without one nobody knows
    whether TLS ends before the server: both are its own."""
    host, plain, secure = "feed.example", "Origin: http://feed.example", "Origin: https://feed.example"
    assert opened(server, alice, secure, "X-Forwarded-Proto: https", host=host) == {200}
    assert opened(server, alice, plain, "X-Forwarded-Proto: https", host=host) == {403}
    assert opened(server, alice, plain, "X-Forwarded-Proto: http", host=host) == {200}
    assert opened(server, alice, secure, "X-Forwarded-Proto: http", host=host) == {403}
    bob = User.signup(limited_server, "bob")
    for origin in (plain, secure):
        assert opened(limited_server, bob, origin, "X-Forwarded-Proto: http", host=host) == {200}
    bob.close()


def test_nginx_says_the_scheme(server: Server, alice: User) -> None:
    """Whatever its client says: a page by another scheme than nginx was asked by is foreign."""
    if reason := Gateway.unavailable():
        pytest.skip(reason)
    nginx = Gateway([server.port], [server.port])
    try:
        nginx.start()
        token, host = f"Authorization: Bearer {alice.token}", f"127.0.0.1:{nginx.port}"
        for told in ("https", "http", "", "https, http"):
            for scheme, status in (("http", 200), ("https", 403)):
                answer = ask(nginx, "GET /v1/live/sse", token, f"Origin: {scheme}://{host}", f"X-Forwarded-Proto: {told}", host=host)
                assert answer.status_code == status, (told, scheme)
    finally:
        nginx.stop()


def test_an_origin_without_a_host(server: Server, alice: User) -> None:
    with RawHttp(server) as raw:
        raw.send(f"GET /v1/live/sse HTTP/1.1\r\nOrigin: http://localhost:{server.port}\r\nAuthorization: Bearer {alice.token}\r\n\r\n".encode())
        assert raw.answer().status_code in (400, 403)


# Cross-origin reading


PREFLIGHTS = [("PUT", "/v1/users/1/follow"), ("POST", "/v1/posts"), ("POST", "/v1/auth/login"), ("GET", "/v1/feed"),
              ("DELETE", "/v1/posts/1"), ("POST", "/v1/live/ticket")]


@pytest.mark.parametrize(("method", "path"), PREFLIGHTS)
def test_a_preflight(server: Server, method: str, path: str) -> None:
    """Answered for the sites of the settings, by name, and never with credentials; to all others nothing is allowed."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    with http_client(server.url) as http:
        allowed = expect(http.options(path, headers=asked | {"Origin": FRIEND}), 204)
        assert allowed.headers["access-control-allow-origin"] == FRIEND
        assert method in allowed.headers["access-control-allow-methods"]
        assert "Origin" in allowed.headers["vary"]
        assert "access-control-allow-credentials" not in allowed.headers
        for origin in ("https://evil.example", "null", "http://app.example", f"{FRIEND}.evil.example", server.url, "*"):
            answer = http.options(path, headers=asked | {"Origin": origin})
            assert_problem(answer, 405, "method_not_allowed")
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_answers_are_not_shared_with_other_sites(server: Server, alice: User) -> None:
    """Neither good ones nor errors, of any route."""
    for path in ("/v1/me", "/v1/feed", "/nothing", "/healthz", "/openapi.json", "/", "/v1/posts/x"):
        for origin, is_shared in ((FRIEND, True), ("https://evil.example", False), ("null", False)):
            answer = alice.http.get(path, headers={"Origin": origin})
            assert answer.headers.get("access-control-allow-origin") == (origin if is_shared else None), path
            assert "access-control-allow-credentials" not in answer.headers


# Cross-site sending: what a form or a script without preflight can do


FORMS = [
    ("text/plain", '{{"text":"{mark}","x":"="}}'), ("text/plain", '{{"text":"{mark}"}}'), ("text/plain;charset=UTF-8", '{{"text":"{mark}"}}'),
    ("application/x-www-form-urlencoded", "text={mark}"), ("application/x-www-form-urlencoded", '{{"text":"{mark}"}}'),
    ("multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n{mark}\r\n--b--\r\n'),
    ("text/plain; application/json", '{{"text":"{mark}"}}'), ("text/plain, application/json", '{{"text":"{mark}"}}'),
    ("", '{{"text":"{mark}"}}'), (None, '{{"text":"{mark}"}}'),
]


@pytest.mark.parametrize(("content_type", "body"), FORMS)
def test_a_form_does_nothing(server: Server, alice: User, content_type: str | None, body: str) -> None:
    """A cross-site form is refused for its type; even with a token, which a form cannot send, nothing is written."""
    content = body.format(mark="cross site").encode()
    headers = {"Origin": "https://evil.example"} | ({"Content-Type": content_type} if content_type is not None else {})
    for path in ("/v1/posts", "/posts", "/follow"):
        assert_problem(alice.http.post(path, content=content, headers=headers), 415, "unsupported_media_type")
    with http_client(server.url) as http:
        for path in ("/v1/posts", "/posts", "/follow", "/v1/live/ticket"):
            assert_problem(http.post(path, content=content, headers=headers), 401, "unauthenticated")
        for path in ("/v1/auth/signup", "/v1/auth/login", "/v1/auth/refresh", "/v1/auth/logout"):
            assert_problem(http.post(path, content=content, headers=headers), 415, "unsupported_media_type")
    assert alice.walk(f"/v1/users/{alice.id}/posts") == []


def test_a_form_signs_nobody_up_in_or_out(server: Server, alice: User) -> None:
    """The right fields in a wrong type: no account, no session, no end of one."""
    handle = unique_handle("form")
    with http_client(server.url) as http:
        for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
            for path, body in (("signup", f'{{"handle":"{handle}","password":"{PASSWORD}"}}'),
                               ("logout", f'{{"refresh_token":"{alice.session["refresh_token"]}"}}')):
                assert_problem(http.post(f"/v1/auth/{path}", content=body, headers=headers), 415, "unsupported_media_type")
        assert_problem(http.get(f"/v1/users/@{handle}"), 404, "not_found")
    expect(alice.http.get("/v1/me"), 200)


def test_no_cookie_is_ever_set_or_read(server: Server, alice: User) -> None:
    """There is no credential that a browser would send by itself."""
    with http_client(server.url) as http:
        session = http.post("/v1/auth/login", json={"handle": alice.handle, "password": PASSWORD})
        page = http.get("/")
        for name in ("token", "access_token", "session", "Authorization"):
            http.cookies.set(name, alice.token)
        assert_problem(http.get("/v1/me"), 401, "unauthenticated")
    assert "set-cookie" not in expect(session, 200).headers and "set-cookie" not in expect(page, 200).headers
    with http_client(f"http://u:{alice.token}@localhost:{server.port}") as http:
        assert_problem(http.get("/v1/me"), 401, "unauthenticated")
