"""What every answer tells a browser about itself."""

from __future__ import annotations

from martlet_process import Server
from support import User, expect, http_client

POLICY = {
    "default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"], "object-src": ["'none'"], "base-uri": ["'none'"], "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
}


def test_the_policy_to_the_letter(server: Server) -> None:
    """On every part of the page, also where it is not sent again."""
    with http_client(server.url) as http:
        for path in ("/", "/index.html", "/app.js", "/style.css", "/favicon.svg"):
            whole = expect(http.get(path), 200)
            for answer in (whole, expect(http.get(path, headers={"If-None-Match": whole.headers["etag"]}), 304), http.head(path)):
                stated = [directive.split() for directive in answer.headers["content-security-policy"].split(";")]
                assert {name: sources for name, *sources in stated} == POLICY and len(stated) == len(POLICY)
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "no-referrer"
                assert answer.headers["x-frame-options"] == "DENY"
                assert len(answer.headers.get_list("content-security-policy")) == 1


def test_answers_are_not_sniffed(server: Server) -> None:
    """Good ones and errors of every kind say what they are, and that this is not to be guessed."""
    user = User.signup(server, "sniffed")
    requests = [("GET", "/v1/me"), ("GET", "/v1/feed"), ("GET", "/nothing"), ("POST", "/v1/me"), ("GET", "/v1/me?x=<html>"), ("GET", "/healthz"),
                ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/v1/live/ws"), ("GET", "/v1/live/sse?ticket=<html>"),
                ("POST", "/v1/live/ticket"), ("POST", "/v1/posts"), ("GET", "/v1/users/<script>"), ("OPTIONS", "/v1/me"), ("TRACE", "/")]
    for method, path in requests:
        answer = user.http.request(method, path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        kind = answer.headers["content-type"].split(";")[0]
        assert kind in ("application/json", "application/problem+json", "text/plain"), (path, kind)
        assert path == "/metrics" or kind != "text/plain"
        assert "x-powered-by" not in answer.headers and "server" not in answer.headers
    user.close()
