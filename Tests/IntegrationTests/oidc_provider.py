"""An OpenID provider on this machine that keeps the rules itself, and breaks those that a test tells it to break."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
import warnings
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

# What it is built on warns its authors, and sets the filters for that itself.
with warnings.catch_warnings(record=True):
    import oidc_provider_mock  # noqa: F401

CLIENT, SECRET = "martlet", "s3cret: with 100% / + &="
MAKE_KEY: dict[str, Callable[[], Any]] = {
    "RS256": lambda: RSAKey.generate_key(2048, auto_kid=False), "ES256": lambda: ECKey.generate_key("P-256", auto_kid=False),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", auto_kid=False),
}


@dataclass
class Answer:
    """What the provider says instead of what is right."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    # Seconds before it, and between its bytes.
    delay: float = 0
    drip: float = 0


class Provider:
    """Authorization code flow with PKCE. `answers` replaces a path's answer, `claims` and `sign` an ID token's parts."""

    def __init__(self, algorithm: str = "RS256", secret: str | None = SECRET, tls: ssl.SSLContext | None = None) -> None:
        self.algorithm, self.secret = algorithm, secret
        self.auth_methods: list[str] | None = None
        self.keys: list[tuple[str, Any]] = []
        self.answers: dict[str, Answer] = {}
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] | None = None
        self.asked: list[str] = []
        self.exchanges: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                provider.respond(self, b"")

            def do_POST(self) -> None:
                provider.respond(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: Any) -> None:
                pass

        self._handler = Handler
        self._tls = tls
        self._listen(0)
        self.port = self._server.server_address[1]

    def _listen(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._server.daemon_threads = True
        if self._tls:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def issuer(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def start_again(self) -> None:
        self._listen(self.port)

    def rotate(self) -> None:
        """Signs by a new key from now on; the old one is withdrawn."""
        self.keys = [(secrets.token_hex(4), MAKE_KEY[self.algorithm]())]

    def public_keys(self) -> list[dict[str, Any]]:
        return [key.as_dict(private=False) | {"kid": kid, "use": "sig"} for kid, key in self.keys]

    def right(self) -> None:
        """Keeps all rules again."""
        self.answers, self.claims, self.sign = {}, {}, None

    # What is asked of it

    def respond(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        path = urlsplit(handler.path).path
        self.asked.append(path)
        answer = self.answers.get(path) or self._answer(path, handler, body)
        time.sleep(answer.delay)
        try:
            handler.send_response(answer.status)
            for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
                                | answer.headers).items():
                handler.send_header(name, value)
            handler.end_headers()
            if answer.drip:
                for byte in answer.body:
                    handler.wfile.write(bytes([byte]))
                    handler.wfile.flush()
                    time.sleep(answer.drip)
            else:
                handler.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def _answer(self, path: str, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        if path == "/.well-known/openid-configuration":
            return Answer(body=json.dumps(self.document()).encode())
        if path == "/keys":
            return Answer(body=json.dumps({"keys": self.public_keys()}).encode())
        if path == "/token":
            return self._exchange(dict(parse_qsl(body.decode())), handler.headers.get("Authorization"))
        return Answer(404)

    def document(self) -> dict[str, Any]:
        methods = {"token_endpoint_auth_methods_supported": self.auth_methods} if self.auth_methods else {}
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize?tenant=a",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": [self.algorithm],
        } | methods

    def authorize(self, url: str, subject: str) -> tuple[str, str]:
        """What the person does in the browser: logs in there. Returns the code and the state that come back."""
        assert url.startswith(f"{self.issuer}/authorize?"), url
        query = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        assert query.keys() == {"tenant", "response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
                                "code_challenge", "code_challenge_method"}
        assert (query["response_type"], query["client_id"], query["scope"]) == ("code", CLIENT, "openid")
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        code = secrets.token_urlsafe(16) + "+/=& %"
        self._codes[code] = query | {"sub": subject}
        return code, query["state"]

    def _exchange(self, form: dict[str, str], login: str | None) -> Answer:
        self.exchanges.append(form)
        if not self._knows_client(form, login):
            return Answer(401, b'{"error":"invalid_client"}')
        asked = self._codes.pop(form["code"], None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"] or form["grant_type"] != "authorization_code":
            return Answer(400, b'{"error":"invalid_grant","error_description":"the provider\'s own words"}')
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if challenge != asked["code_challenge"]:
            return Answer(400, b'{"error":"invalid_grant"}')
        claims = {
            "iss": self.issuer, "sub": asked["sub"], "aud": CLIENT, "exp": int(time.time()) + 300, "iat": int(time.time()),
            "nonce": asked["nonce"], "email": "ada@example.com", "name": "Ada Lovelace",
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.sign(claims) if self.sign else self.token(claims)
        return Answer(body=json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": token}).encode())

    def token(self, claims: dict[str, Any], key: tuple[str, Any] | None = None, **head: Any) -> str:
        kid, secret = key or self.keys[0]
        return jwt.encode({"alg": self.algorithm, "kid": kid} | head, claims, secret, algorithms=[self.algorithm])

    def _knows_client(self, form: dict[str, str], login: str | None) -> bool:
        if self.secret is None:
            return login is None and form.get("client_id") == CLIENT and "client_secret" not in form
        if self.auth_methods == ["client_secret_post"]:
            return login is None and (form.get("client_id"), form.get("client_secret")) == (CLIENT, self.secret)
        if login is None or not login.startswith("Basic ") or "client_secret" in form:
            return False
        name, _, secret = base64.b64decode(login[6:], validate=True).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, self.secret)


def unsigned(claims: dict[str, Any], head: dict[str, Any], signature: bytes = b"") -> str:
    """A JWT of any head with any signature."""
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    return ".".join((part(json.dumps(head).encode()), part(json.dumps(claims).encode()), part(signature)))
