"""`martlet sink`, asked by libraries that share no code with it: httpx over HTTP/2, http-ece, py-vapid, PyJWT, standardwebhooks."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import urlsplit

import http_ece
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from standardwebhooks.webhooks import Webhook

from martlet_process import clean_environment, martlet_binary, run_martlet
from support import PATIENCE

PAYLOAD = b'{"title": "Ann", "text": "a \xf0\x9f\x98\x80 and more"}'


class Sink:
    def __init__(self, folder: Path, *settings: str) -> None:
        self.process = subprocess.Popen(
            [martlet_binary(), "sink", "--sink-port", "0", "--sink-folder", str(folder), *settings],
            stdout=subprocess.PIPE, text=True, env=clean_environment())
        self.about = json.loads(self.process.stdout.readline())
        self.address = self.about["address"]
        self.client = httpx.Client(http2=True, verify=self.about["authority"], timeout=PATIENCE)

    def line(self) -> dict[str, Any]:
        return json.loads(self.process.stdout.readline())

    def control(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        content = None if body is None else json.dumps(body)
        response = self.client.request(method, self.address + "/sink" + path, content=content)
        assert response.status_code == status if status else response.is_success, response.text
        return response.json() if response.content else None

    def post(self, path: str, content: bytes, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(self.address + path, content=content, headers=names)

    def close(self) -> int:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path / "sink")
    yield sink
    assert sink.close() == 0


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_it_says_where_it_is(sink: Sink) -> None:
    assert sink.control("GET", "") == sink.about
    for name in ("authority", "apns", "fcm"):
        file = sink.about[name]
        path = Path(file if isinstance(file, str) else file.get("key") or file["service_account"])
        assert path.stat().st_mode & 0o777 == 0o600
    for versions, expected in (((True, False), "HTTP/2"), ((False, True), "HTTP/1.1")):
        with httpx.Client(http2=versions[0], http1=versions[1], verify=sink.about["authority"]) as client:
            response = client.get(sink.address + "/sink")
            assert response.http_version == expected and response.json() == sink.about
    assert httpx.get(sink.about["plain"] + "/sink").json() == sink.about
    with pytest.raises(httpx.ConnectError):
        httpx.get(sink.address + "/sink")


def test_a_web_push(sink: Sink) -> None:
    made = sink.control("POST", "/devices/webpush", {"key": sink.about["webpush"]["public_key"]})
    browser = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64url(made["p256dh"]))
    assert browser.curve.name == "secp256r1"
    body = http_ece.encrypt(
        PAYLOAD, private_key=ec.generate_private_key(ec.SECP256R1()), dh=unb64url(made["p256dh"]),
        auth_secret=unb64url(made["auth"]), version="aes128gcm")
    vapid = Vapid02.from_string(sink.about["webpush"]["private_key"])
    path = urlsplit(made["endpoint"]).path

    def push(audience: str, **more: str) -> httpx.Response:
        signed = vapid.sign({"aud": audience, "sub": "mailto:a@example.com", "exp": int(time.time()) + 3600})
        headers = {"authorization": signed["Authorization"], "content_encoding": "aes128gcm", "ttl": "60"} | more
        return sink.post(path, body, **headers)

    response = push(sink.address)
    assert response.status_code == 201 and response.headers["ttl"] == "60" and response.http_version == "HTTP/2"
    line = sink.line()
    assert line["provider"] == "webpush" and line["http"] == 2 and line["device"] == made["name"]
    assert line["payload"] == json.loads(PAYLOAD)
    assert push("https://other.example").status_code == 401
    assert push(sink.address, ttl="soon").json()["errno"] == 112
    sink.control("DELETE", f"/devices/webpush/{made['name']}")
    assert push(sink.address).status_code == 410
    assert sink.control("GET", "/received")["total"] == 4


def test_apns(sink: Sink) -> None:
    about = sink.about["apns"]
    key = Path(about["key"]).read_text()
    device = sink.control("POST", "/devices/apns")["token"]

    def push(made_at: float) -> httpx.Response:
        token = jwt.encode(
            {"iss": about["team_id"], "iat": int(made_at)}, key, algorithm="ES256", headers={"kid": about["key_id"]})
        return sink.post(
            f"/3/device/{device}", b'{"aps":{"alert":"hello"}}', authorization=f"bearer {token}",
            apns_topic=about["topic"], apns_push_type="alert")

    assert push(time.time() - 4000).json() == {"reason": "ExpiredProviderToken"}
    assert push(time.time()).status_code == 200
    sink.line()
    assert sink.line()["payload"] == {"aps": {"alert": "hello"}}
    sink.control("DELETE", f"/devices/apns/{device}")
    assert push(time.time()).status_code in (410, 429)


def test_fcm(sink: Sink) -> None:
    account = json.loads(Path(sink.about["fcm"]["service_account"]).read_text())
    device = sink.control("POST", "/devices/fcm")["token"]
    now = int(time.time())
    assertion = jwt.encode(
        {"iss": account["client_email"], "scope": "https://www.googleapis.com/auth/firebase.messaging",
         "aud": account["token_uri"], "iat": now, "exp": now + 3600}, account["private_key"], algorithm="RS256")
    granted = sink.client.post(
        account["token_uri"],
        data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}).json()
    assert granted["token_type"] == "Bearer" and 3000 < granted["expires_in"] <= 3600
    message = json.dumps({"message": {"token": device, "data": {"a": "b"}}}).encode()
    path = f"/v1/projects/{account['project_id']}/messages:send"
    assert sink.post(path, message, authorization="Bearer nothing").status_code == 401
    response = sink.post(path, message, authorization=f"Bearer {granted['access_token']}")
    assert response.status_code == 200 and response.json()["name"].startswith("projects/")
    sink.line(), sink.line()
    assert sink.line()["payload"]["message"]["data"] == {"a": "b"}


def test_a_webhook(sink: Sink) -> None:
    made = sink.control("POST", "/devices/webhook", {"name": "orders"})
    now = datetime.now(timezone.utc)
    path = urlsplit(made["url"]).path

    def push(secret: str) -> httpx.Response:
        signature = Webhook(secret).sign("msg_1", now, PAYLOAD.decode())
        return sink.post(
            path, PAYLOAD, content_type="application/json", webhook_id="msg_1",
            webhook_timestamp=str(int(now.timestamp())), webhook_signature=signature)

    assert push(made["secret"]).status_code == 204
    assert sink.line()["id"] == "msg_1"
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    assert push(other).json() == {"error": "signature"}


def test_faults(sink: Sink) -> None:
    steps = [{"status": 503, "headers": {"Retry-After": "7"}, "body": {"a": 1}}, {"close": "after"}, {"close": "refused"}]
    sink.control("PUT", "/faults/webhook", {"steps": steps})
    response = sink.post("/hooks/x", b"{}")
    assert (response.status_code, response.headers["retry-after"], response.json()) == (503, "7", {"a": 1})
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            sink.post("/hooks/x", b"{}")
    assert sink.post("/hooks/x", b"{}").status_code == 410
    sink.control("PUT", "/faults/webhook", {"steps": [{"status": 429}], "repeat": True})
    assert [sink.post("/hooks/x", b"{}").status_code for _ in range(3)] == [429] * 3
    sink.control("DELETE", "/faults/webhook")
    assert sink.post("/hooks/x", b"{}").status_code == 410


def test_what_is_wrong_is_named(sink: Sink) -> None:
    for method, path, body, status, words in (
        ("PUT", "/faults/pigeon", {}, 404, "provider must be one of webpush"),
        ("PUT", "/faults/fcm", {"steps": [{"status": 99}]}, 400, "steps[0].status must be 200 to 599"),
        ("PUT", "/faults/fcm", {"steps": [{"close": "soon"}]}, 400, "steps[0].close must be"),
        ("POST", "/devices/webpush", {"key": "x"}, 400, "key must be"),
        ("POST", "/devices/apns", {"token": "x"}, 400, "token must be"),
        ("POST", "/devices/webhook", {"secret": "x"}, 400, "secret must be"),
        ("POST", "/devices/fcm", [], 400, "the body must be a JSON object"),
        ("GET", "/nothing", None, 404, "there is no GET"),
    ):
        assert words in sink.control(method, path, body, status)["error"]
    assert sink.client.post(sink.address + "/hooks/x", content=bytes(100_000)).status_code == 413


def test_it_keeps_the_newest(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "sink", "--sink-kept", "3")
    for number in range(10):
        sink.post(f"/hooks/{number}", b"{}")
    kept = sink.control("GET", "/received")
    assert kept["total"] == 10 and [line["path"] for line in kept["received"]] == ["/hooks/7", "/hooks/8", "/hooks/9"]
    sink.control("DELETE", "/received")
    assert sink.control("GET", "/received") == {"total": 10, "received": []}
    assert sink.close() == 0


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    for arguments, words in (
        (("--sink-address", "nowhere"), "expected a numeric address"),
        (("--sink-name", "a/b"), "expected a name of a host"),
        (("--sink-port", "x"), "--sink-port"),
        (("--port", "1"), "--port"),
    ):
        ended = run_martlet("sink", *arguments)
        assert ended.returncode == 2 and words in ended.stderr, ended.stderr
    ended = run_martlet("sink", "--sink-port", "0", "--sink-folder", str(tmp_path / "no" / "folder"))
    assert ended.returncode == 1 and "can't make the folder" in ended.stderr
