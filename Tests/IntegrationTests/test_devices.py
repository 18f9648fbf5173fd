"""Devices over the wire: their ends, what is said of them nowhere, and what the operator decides."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import MakeUser
from martlet_process import Server
from support import PASSWORD, User, assert_problem, base64url_decode, eventually, expect, http_client

BROWSER = {
    "kind": "webpush", "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


def browser(user: User) -> dict[str, Any]:
    """Another one for each session."""
    return BROWSER | {"endpoint": f"https://push.example.com/{user.handle}/{user.token[-12:]}"}


def register(user: User, device: dict[str, Any]) -> dict[str, Any]:
    return expect(user.http.post("/v1/devices", json=device), 201).json()


def devices(user: User) -> list[str]:
    return [device["id"] for device in expect(user.http.get("/v1/devices"), 200).json()["items"]]


@pytest.mark.parametrize("way", ["log-out", "by hand", "password"])
def test_a_device_ends_with_its_session(make_user: MakeUser, way: str) -> None:
    user = make_user("owner")
    other = user.login()
    kept, lost = register(user, browser(user)), register(other, browser(other))
    assert devices(user) == [lost["id"], kept["id"]]
    if way == "log-out":
        expect(other.http.post("/v1/auth/logout", json={"refresh_token": other.session["refresh_token"]}), 204)
    elif way == "by hand":
        sessions = expect(user.http.get("/v1/me/sessions"), 200).json()["items"]
        expect(user.http.delete(f"/v1/me/sessions/{next(s['id'] for s in sessions if not s['current'])}"), 204)
    else:
        expect(user.http.put("/v1/me/credentials", json={"password": PASSWORD + "!", "old_password": PASSWORD}), 204)
    assert devices(user) == [kept["id"]]
    assert_problem(user.http.get(f"/v1/devices/{lost['id']}/deliveries"), 404, "not_found")


def test_one_key_and_no_secret_in_the_log(own_server: Server) -> None:
    """The key is the same behind a restart, and nothing of where devices are is in a log line."""
    with http_client(own_server.url) as http:
        key = expect(http.get("/v1/push/key"), 200).json()["vapid"]
    assert len(base64url_decode(key)) == 65
    user = User.signup(own_server)
    register(user, browser(user))
    url = "https://hooks.example.com/a-secret-path"
    webhook = register(user, {"kind": "webhook", "url": url})
    rotated = expect(user.http.post(f"/v1/devices/{webhook['id']}/rotate"), 200).json()["secret"]
    assert_problem(user.http.post("/v1/devices", json={"kind": "webhook", "url": "https://127.0.0.1/a-secret-path"}), 400, "invalid_field", "url")
    listed = expect(user.http.get("/v1/devices"), 200).text
    assert own_server.stop() == 0
    log = own_server.log.read_text()
    for secret in ("push.example.com", "a-secret-path", webhook["secret"], rotated, BROWSER["auth"]):
        assert secret not in log and secret not in listed
    own_server.settings |= {"MARTLET_WEBHOOKS": "off", "MARTLET_PUSH_LOOPBACK": "on"}
    own_server.start()
    with http_client(own_server.url) as http:
        assert expect(http.get("/v1/push/key"), 200).json()["vapid"] == key
    assert_problem(user.http.post("/v1/devices", json={"kind": "webhook", "url": url + "/2"}), 403, "forbidden", "kind")
    # For tests alone.
    register(user, BROWSER | {"endpoint": "http://127.0.0.1:1/a-secret-path"})
    # What is there stays.
    assert webhook["id"] in devices(user)


def test_preferences_over_the_wire(make_user: MakeUser) -> None:
    """What keeps a notification out of the inbox, and what does not; a page of another site may send the header."""
    author, reader = make_user("author"), make_user("reader")
    tag = expect(author.http.get("/v1/me/preferences"), 200).headers["ETag"]
    wish = {"types": {"like": {"inbox": False}}}
    changed = expect(author.http.put("/v1/me/preferences", json=wish, headers={"If-Match": tag}), 200)
    lost = author.http.put("/v1/me/preferences", json=wish, headers={"If-Match": tag})
    assert_problem(lost, 412, "version_conflict", "If-Match")
    assert lost.headers["ETag"] == changed.headers["ETag"] != tag
    post = author.post("liked and commented")["id"]
    expect(reader.http.put(f"/v1/posts/{post}/like"), 204)
    expect(reader.http.post(f"/v1/posts/{post}/comments", json={"text": "a comment"}), 201)

    def keys() -> list[str]:
        return [group["key"] for group in expect(author.http.get("/v1/notifications"), 200).json()["items"]]

    eventually(lambda: f"comment:post:{post}" in keys(), 15, "the comment")
    # The like came before it, by the same topic.
    assert f"like:post:{post}" not in keys()
