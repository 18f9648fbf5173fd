"""What Sources/Push makes, read by the libraries of others; and what they make, read by ours (Tests/PushTool)."""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator
from urllib.parse import parse_qs

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from py_vapid import Vapid02
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from push_tool import Tool

PAYLOAD = b'{"title": "Ann", "text": "a \xf0\x9f\x98\x80 and more"}'
AUTH = bytes(range(16))
AUDIENCE = "https://push.example"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def scalar(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")


@pytest.fixture(scope="module")
def tool() -> Iterator[Tool]:
    tool = Tool()
    yield tool
    tool.close()


@pytest.fixture(scope="module")
def browser() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def web_push(tool: Tool, browser: ec.EllipticCurvePrivateKey, payload: bytes = PAYLOAD) -> dict[str, Any]:
    key = tool.ask("vapid-key")
    answer = tool.ask(
        "webpush", endpoint=AUDIENCE + "/subscription/1", p256dh=b64url(point(browser)), auth=b64url(AUTH),
        vapid=key["private"], contact="mailto:push@example.com", payload=b64(payload))
    assert answer["headers"]["authorization"].endswith("k=" + key["public"])
    return answer


@pytest.mark.parametrize("length", [0, 1, 100, 3993])
def test_a_browser_reads_a_web_push(tool: Tool, browser: ec.EllipticCurvePrivateKey, length: int) -> None:
    payload = bytes(i % 251 for i in range(length))
    body = base64.b64decode(web_push(tool, browser, payload)["body"])
    assert len(body) == length + 103
    assert http_ece.decrypt(body, private_key=browser, auth_secret=AUTH, version="aes128gcm") == payload


def test_web_pushes_of_others_are_read(tool: Tool, browser: ec.EllipticCurvePrivateKey) -> None:
    body = http_ece.encrypt(
        PAYLOAD, private_key=ec.generate_private_key(ec.SECP256R1()), dh=point(browser), auth_secret=AUTH,
        version="aes128gcm")
    asked = {"key": b64url(scalar(browser)), "auth": b64url(AUTH)}
    assert tool.ask("webpush-open", body=b64(body), **asked) == {"payload": b64(PAYLOAD)}
    altered = body[:-1] + bytes([body[-1] ^ 1])
    assert "refused" in tool.ask("webpush-open", body=b64(altered), **asked)


def test_push_services_accept_the_sender(tool: Tool, browser: ec.EllipticCurvePrivateKey) -> None:
    header = web_push(tool, browser)["headers"]["authorization"]
    assert Vapid02.verify(header)
    token, key = (part.split("=", 1)[1] for part in header.removeprefix("vapid ").split(","))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64url(key))
    claims = jwt.decode(token, public, algorithms=["ES256"], audience=AUDIENCE, options={"require": ["exp", "aud", "sub"]})
    assert claims["sub"] == "mailto:push@example.com"
    assert 3600 < claims["exp"] - time.time() <= 86_400
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "ES256"}


def test_senders_of_others_are_accepted(tool: Tool) -> None:
    vapid = Vapid02()
    vapid.generate_keys()
    ends = int(time.time()) + 3600
    header = vapid.sign({"aud": AUDIENCE, "sub": "mailto:push@example.com", "exp": ends})["Authorization"]
    assert tool.ask("vapid-check", authorization=header, audience=AUDIENCE) == {"good": True}
    assert tool.ask("vapid-check", authorization=header, audience="https://other.example") == {"refused": "audience"}


def test_apple_accepts_the_token(tool: Tool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    answer = tool.ask(
        "apns", p8=pem(key), key_id="ABC123DEFG", team_id="DEF123GHIJ", token="0a" * 32,
        payload=b64(b'{"aps":{"alert":"hello"}}'))
    scheme, token = answer["headers"]["authorization"].split(" ")
    assert scheme == "bearer"
    claims = jwt.decode(token, key.public_key(), algorithms=["ES256"], issuer="DEF123GHIJ", options={"require": ["iat"]})
    assert set(claims) == {"iss", "iat"} and abs(claims["iat"] - time.time()) < 30
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "ABC123DEFG"}
    assert answer["url"] == "https://api.push.apple.com/3/device/" + "0a" * 32


def test_google_accepts_the_assertion(tool: Tool) -> None:
    key = rsa.generate_private_key(65537, 2048)
    address = "https://oauth2.googleapis.com/token"
    account = {
        "type": "service_account", "project_id": "my-project", "private_key_id": "abc", "private_key": pem(key),
        "client_email": "push@my-project.iam.gserviceaccount.com", "token_uri": address}
    answer = tool.ask("fcm-token", account=b64(json.dumps(account).encode()))
    assert answer["url"] == address
    form = parse_qs(base64.b64decode(answer["body"]).decode(), strict_parsing=True)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(
        form["assertion"][0], key.public_key(), algorithms=["RS256"], audience=address, issuer=account["client_email"],
        options={"require": ["exp", "iat"]})
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    assert claims["exp"] - claims["iat"] == 3600


def secret(seed: int) -> str:
    return "whsec_" + b64(bytes([seed] * 32))


def test_webhooks_accept_what_is_signed(tool: Tool) -> None:
    answer = tool.ask("webhook", secret=secret(1), before=secret(2), id="msg_1", payload=b64(PAYLOAD))
    assert len(answer["headers"]["webhook-signature"].split(" ")) == 2
    for known in (secret(1), secret(2)):
        assert Webhook(known).verify(PAYLOAD, answer["headers"]) == json.loads(PAYLOAD)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(3)).verify(PAYLOAD, answer["headers"])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(1)).verify(PAYLOAD + b" ", answer["headers"])


def test_webhooks_of_others_are_accepted(tool: Tool) -> None:
    text = PAYLOAD.decode()

    def check(at: datetime, *secrets: str, body: str = text) -> dict[str, Any]:
        headers = {
            "webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret(1)).sign("msg_1", at, text)}
        return tool.ask("webhook-check", secrets=list(secrets), headers=headers, body=b64(body.encode()))

    now = datetime.now(timezone.utc)
    assert check(now, secret(1)) == {"good": True}
    assert check(now, secret(2), secret(1)) == {"good": True}
    assert check(now, secret(2)) == {"refused": "signature"}
    assert check(now, secret(1), body=text + " ") == {"refused": "signature"}
    assert check(now - timedelta(seconds=400), secret(1)) == {"refused": "tooOld"}
    assert check(now + timedelta(seconds=400), secret(1)) == {"refused": "tooNew"}


def test_signatures_by_a_key_of_ours(tool: Tool) -> None:
    """The Python library has no `v1a`; the signature is Ed25519 all the same."""
    key = ed25519.Ed25519PrivateKey.generate()
    seed = key.private_bytes_raw()
    answer = tool.ask(
        "webhook", secret=secret(1), key="whsk_" + b64(seed + key.public_key().public_bytes_raw()), id="msg_1",
        payload=b64(PAYLOAD))
    headers = answer["headers"]
    assert Webhook(secret(1)).verify(PAYLOAD, headers) == json.loads(PAYLOAD)
    version, signature = headers["webhook-signature"].split(" ")[1].split(",")
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + PAYLOAD
    assert version == "v1a"
    key.public_key().verify(base64.b64decode(signature), content)
    public = "whpk_" + b64(key.public_key().public_bytes_raw())
    foreign = headers | {"webhook-signature": "v1a," + b64(key.sign(content))}
    asked = {"secrets": [], "public_keys": [public], "body": b64(PAYLOAD)}
    assert tool.ask("webhook-check", headers=foreign, **asked) == {"good": True}
    wrong = headers | {"webhook-signature": "v1a," + b64(key.sign(content + b" "))}
    assert tool.ask("webhook-check", headers=wrong, **asked) == {"refused": "signature"}
