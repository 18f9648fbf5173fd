"""From what somebody does to the push that tells of it: through the log, the books and the sender to a sink that checks it."""

from __future__ import annotations

import base64
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from conftest import MakeUser
from martlet_process import Server, run_martlet
from sql import rows
from support import PATIENCE, User, assert_problem, eventually, expect
from test_notifications_live import socket
from test_sink import Sink

FOREIGN_KEY = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
"""That of RFC 8292's example."""
STATES = ("waiting", "delivered", "dead", "expired", "invalidated", "suppressed")


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Its files may be read by whoever the server becomes. It remembers all, and its lines are read, so that it never waits for that."""
    with tempfile.TemporaryDirectory(prefix="martlet-it-", dir="/tmp") as folder:
        sink = Sink(Path(folder), "--sink-kept", "100000")
        Path(folder).chmod(0o755)
        for file in Path(folder).iterdir():
            file.chmod(0o644)
        threading.Thread(target=sink.process.stdout.read, daemon=True).start()
        yield sink
        assert sink.close() == 0


def settings(sink: Sink) -> dict[str, str]:
    apns, fcm = sink.about["apns"], sink.about["fcm"]
    return {
        "MARTLET_PUSH_LOOPBACK": "on", "MARTLET_PUSH_CONTACT": "mailto:operator@example.com",
        "MARTLET_PUSH_AUTHORITIES": sink.about["authority"], "MARTLET_APNS_KEY": apns["key"],
        "MARTLET_APNS_KEY_ID": apns["key_id"], "MARTLET_APNS_TEAM": apns["team_id"],
        "MARTLET_APNS_ADDRESS": apns["address"], "MARTLET_FCM_ACCOUNT": fcm["service_account"],
        "MARTLET_FCM_ADDRESS": fcm["address"],
    }


@pytest.fixture
def pushing(event_log: Callable[[], dict[str, str]], sink: Sink) -> Iterator[Server]:
    server = Server(**event_log(), **settings(sink))
    try:
        yield server.start()
    finally:
        server.remove()


def register(user: User, kind: str, sink: Sink) -> dict[str, Any]:
    """A device that the sink has."""
    if kind == "webhook":
        name = f"hook-{user.handle}"
        device = {"kind": kind, "url": f"{sink.address}/hooks/{name}"}
        made = expect(user.http.post("/v1/devices", json=device), 201).json()
        sink.control("POST", "/devices/webhook", {"name": name, "secret": made["secret"]})
        return made
    if kind == "webpush":
        key = expect(user.http.get("/v1/push/key"), 200).json()["vapid"]
        given = sink.control("POST", "/devices/webpush", {"key": key})
        device = {name: given[name] for name in ("endpoint", "p256dh", "auth")}
    elif kind == "apns":
        device = {"token": sink.control("POST", "/devices/apns")["token"], "topic": sink.about["apns"]["topic"]}
    else:
        device = {"token": sink.control("POST", "/devices/fcm")["token"]}
    return expect(user.http.post("/v1/devices", json={"kind": kind} | device), 201).json()


def received(sink: Sink) -> list[dict[str, Any]]:
    """Oldest first."""
    return [item for item in sink.control("GET", "/received")["received"] if item.get("payload")]


def deliveries(user: User, device: str) -> list[tuple[str, str]]:
    items = expect(user.http.get(f"/v1/devices/{device}/deliveries"), 200).json()["items"]
    return [(item["type"], item["state"]) for item in items]


def balanced(server: Server) -> None:
    sums = ", ".join(f"sum({name})" for name in ("consumed", *STATES))
    numbers = [int(number or 0) for number in rows(server, f"SELECT {sums} FROM delivery_counts")[0]]
    assert numbers[0] == sum(numbers[1:])
    done = run_martlet("notifier", "audit", MARTLET_DATA=str(server.data))
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith(" passed, 0 failed"), done.stdout


@pytest.mark.both_logs
def test_each_kind_of_device(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    alice, bob = make_user("alice", pushing), make_user("bob", pushing)
    made = {kind: register(alice, kind, sink)["id"] for kind in ("webpush", "apns", "fcm", "webhook")}
    post = alice.post("a post of mine")["id"]
    expect(bob.http.put(f"/v1/posts/{post}/like"), 204)
    for kind, device in made.items():
        eventually(lambda: deliveries(alice, device) == [("like", "delivered")], PATIENCE, f"the push by {kind}")
    payloads = {item["provider"]: item["payload"] for item in received(sink) if item.get("provider") in made}
    words = f"@{bob.handle} likes your post"
    assert payloads["webpush"] == {
        "title": words, "body": "a post of mine", "url": f"#/posts/{post}", "tag": f"like:post:{post}",
        "id": payloads["webpush"]["id"]}
    alert = {"title": words, "body": "a post of mine"}
    assert payloads["apns"]["aps"]["alert"] == alert and payloads["apns"]["aps"]["badge"] == 1
    assert payloads["fcm"]["message"]["notification"] == alert
    hook = payloads["webhook"]
    assert hook["type"] == "notification.created" and hook["attempt"] == 1
    group = hook["data"]["group"]
    assert group["key"] == f"like:post:{post}" and group["actors"][0]["handle"] == bob.handle
    # What is taken back, and comes again, is pushed again; who listens is not pushed to.
    balanced(pushing)


@pytest.mark.both_logs
def test_what_fails(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """One that is gone is gone; one that is refused is a dead letter, and is redriven; one that fails comes again, not too early."""
    alice, bob = make_user("alice", pushing), make_user("bob", pushing)
    hook = register(alice, "webhook", sink)["id"]
    sink.control("PUT", "/faults/webhook", {"steps": [{"times": 1, "status": 429, "headers": {"Retry-After": "2"}}]})
    started = time.time()
    bob.follow(alice)
    eventually(lambda: deliveries(alice, hook) == [("follow", "delivered")], PATIENCE, "the push behind its wait")
    assert 2 <= time.time() - started < 8
    attempts = expect(alice.http.get(f"/v1/devices/{hook}/deliveries"), 200).json()["items"][0]["attempts"]
    assert attempts == 1, "one that was throttled was none"

    phone = register(alice, "apns", sink)["id"]
    sink.control("PUT", "/faults/apns", {"steps": [{"status": 413, "body": {"reason": "PayloadTooLarge"}}]})
    post = alice.post("liked")["id"]
    expect(bob.http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: deliveries(alice, phone) == [("like", "dead")], PATIENCE, "the dead one")
    letters = rows(pushing, "SELECT consumer_group, provider, error FROM dead_letters")
    assert letters == [("pushes", "apns", "413 PayloadTooLarge")]
    balanced(pushing)
    done = run_martlet("dlq", "redrive", "--provider", "apns", MARTLET_DATA=str(pushing.data))
    assert done.returncode == 0, done.stderr
    eventually(lambda: deliveries(alice, phone) == [("like", "delivered")], PATIENCE, "the redriven one")

    sink.control("PUT", "/faults/apns", {"steps": [{"status": 410, "body": {"reason": "Unregistered"}}]})
    expect(bob.http.post(f"/v1/posts/{post}/comments", json={"text": "a comment"}), 201)
    eventually(lambda: deliveries(alice, phone)[0] == ("comment", "invalidated"), PATIENCE, "the end of the device")
    states = {item["id"]: item["state"] for item in expect(alice.http.get("/v1/devices"), 200).json()["items"]}
    assert states == {phone: "gone", hook: "active"}
    balanced(pushing)


def test_one_users_devices_stop_nobody(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Bob's application is not the site's, and his browser's subscription is for another key: he waits, and Carol does not."""
    bob, carol, fan = (make_user(name, pushing) for name in ("bob", "carol", "fan"))
    wrong = []
    for _ in range(6):
        token = sink.control("POST", "/devices/apns")["token"]
        wrong.append({"kind": "apns", "token": token, "topic": "com.evil"})
        given = sink.control("POST", "/devices/webpush", {"key": FOREIGN_KEY})
        wrong.append({"kind": "webpush"} | {name: given[name] for name in ("endpoint", "p256dh", "auth")})
    bobs = [expect(bob.http.post("/v1/devices", json=device), 201).json()["id"] for device in wrong]
    carols = [register(carol, kind, sink)["id"] for kind in ("apns", "webpush")]

    def refused() -> int:
        tried = "attempts > 0 AND state = 'waiting'"
        return int(rows(pushing, f"SELECT count(DISTINCT device_id) FROM deliveries WHERE user_id = {bob.id} AND {tried}")[0][0])

    for number in range(3):
        for user in (bob, carol):
            expect(fan.http.put(f"/v1/posts/{user.post(f'post {number}')['id']}/like"), 204)
        eventually(lambda: refused() == len(bobs), PATIENCE, "Bob's devices to be refused")
        for device in carols:
            eventually(lambda: deliveries(carol, device) == [("like", "delivered")] * (number + 1), 4, "Carol's pushes")
    # They have had an attempt each, and what comes behind it none; none of his devices is removed.
    most = rows(pushing, f"SELECT max(attempts), count(*) FILTER (WHERE state = 'waiting') FROM deliveries WHERE user_id = {bob.id}")
    assert most[0][0] in ("1", "2") and most[0][1] == str(3 * len(bobs))
    items = expect(bob.http.get("/v1/devices"), 200).json()["items"]
    assert sorted(item["id"] for item in items) == sorted(bobs) and all(item["state"] == "active" for item in items)
    balanced(pushing)


def test_a_test_push(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """It reaches each kind of device, whatever the user wants of others and though he listens; and what fails is told of it as of others."""
    alice = make_user("alice", pushing)
    made = {kind: register(alice, kind, sink)["id"] for kind in ("webpush", "apns", "fcm", "webhook")}
    wish = {"quiet": {"from": "00:00", "to": "23:59", "time_zone": "Etc/UTC"}, "digest": "daily", "only_from": "mutual"}
    expect(alice.http.put("/v1/me/preferences", json=wish, headers={"If-Match": "*"}), 200)
    with socket(alice, None):
        for kind, device in made.items():
            sent = expect(alice.http.post(f"/v1/devices/{device}/test"), 202).json()
            assert (sent["type"], sent["state"]) == ("test", "waiting")
            eventually(lambda: deliveries(alice, device) == [("test", "delivered")], PATIENCE, f"the test by {kind}")
    payloads = {item["provider"]: item["payload"] for item in received(sink) if item.get("provider") in made}
    assert payloads["webpush"]["title"] == payloads["apns"]["aps"]["alert"]["title"] == "A test"
    assert payloads["fcm"]["message"]["notification"]["title"] == "A test"
    assert payloads["webhook"]["data"]["group"]["type"] == "test" and payloads["webhook"]["data"]["unread"] == 0
    # A device that is gone is gone, and a message that is refused is dead: a test is no other push.
    sink.control("PUT", "/faults/apns", {"steps": [{"status": 413, "body": {"reason": "PayloadTooLarge"}}]})
    expect(alice.http.post(f"/v1/devices/{made['apns']}/test"), 202)
    eventually(lambda: deliveries(alice, made["apns"])[0] == ("test", "dead"), PATIENCE, "the dead one")
    sink.control("PUT", "/faults/webhook", {"steps": [{"status": 410}]})
    expect(alice.http.post(f"/v1/devices/{made['webhook']}/test"), 202)
    eventually(lambda: deliveries(alice, made["webhook"])[0] == ("test", "invalidated"), PATIENCE, "the end of the device")
    assert_problem(alice.http.post(f"/v1/devices/{made['webhook']}/test"), 410, "gone")
    balanced(pushing)


def test_who_listens_is_not_pushed_to(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    alice, bob = make_user("alice", pushing), make_user("bob", pushing)
    hook = register(alice, "webhook", sink)["id"]
    with socket(alice, None):
        bob.follow(alice)
        eventually(lambda: deliveries(alice, hook) == [("follow", "suppressed")], PATIENCE, "no push")
    balanced(pushing)


def test_what_the_user_wants(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    alice, bob = make_user("alice", pushing), make_user("bob", pushing)
    hook = register(alice, "webhook", sink)["id"]
    wish = expect(alice.http.get("/v1/me/preferences"), 200)
    wanted = wish.json() | {"previews": False}
    wanted["types"]["follow"]["push"] = False
    tagged = expect(alice.http.put("/v1/me/preferences", json=wanted, headers={"If-Match": wish.headers["etag"]}), 200)
    bob.follow(alice)
    eventually(lambda: deliveries(alice, hook) == [("follow", "suppressed")], PATIENCE, "no push of a follow")
    post = alice.post("a secret")["id"]
    expect(bob.http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: deliveries(alice, hook)[0] == ("like", "delivered"), PATIENCE, "the push")
    assert "secret" not in str(received(sink))
    wanted = tagged.json() | {"digest": "hourly"}
    expect(alice.http.put("/v1/me/preferences", json=wanted, headers={"If-Match": tagged.headers["etag"]}), 200)
    for number in range(3):
        expect(bob.http.put(f"/v1/posts/{alice.post(f'post {number}')['id']}/like"), 204)
    digests = "FROM deliveries WHERE state = 'waiting' AND reason = 'digest'"
    eventually(lambda: rows(pushing, f"SELECT count(*) {digests}") == [("3",)], PATIENCE, "three that wait")
    rows(pushing, f"UPDATE deliveries SET due_at = now() WHERE state = 'waiting' AND reason = 'digest'")
    eventually(lambda: rows(pushing, f"SELECT count(*) {digests}") == [("0",)], PATIENCE, "the digest")
    assert sorted(deliveries(alice, hook)[:3]) == [("like", "delivered")] + [("like", "suppressed")] * 2
    assert received(sink)[-1]["payload"]["data"]["others"] == 2
    balanced(pushing)


@pytest.mark.both_logs
def test_what_very_many_like_is_not_pushed_so_often(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """The first push goes at once; behind it one that says how it is then; the rest is suppressed, and the books balance."""
    alice = make_user("alice", pushing)
    hook = register(alice, "webhook", sink)["id"]
    post = alice.post("liked by many")["id"]
    fans = [make_user(f"fan{number}", pushing) for number in range(6)]
    expect(fans[0].http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: deliveries(alice, hook) == [("like", "delivered")], PATIENCE, "the first push")
    for number, fan in enumerate(fans[1:], start=2):
        expect(fan.http.put(f"/v1/posts/{post}/like"), 204)
        eventually(
            lambda: (deliveries(alice, hook)[0] == ("like", "waiting") and len(deliveries(alice, hook)) == number
                     and rows(pushing, "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND reason = 'pace'") == [("1",)]),
            PATIENCE, "one that waits")
    # Another post has a pace of its own.
    other = alice.post("another one")["id"]
    expect(fans[0].http.put(f"/v1/posts/{other}/like"), 204)
    eventually(lambda: len(received(sink)) == 2, PATIENCE, "the push of the other post")
    rows(pushing, "UPDATE push_paces SET next_at = now()")
    rows(pushing, "UPDATE deliveries SET due_at = now() WHERE state = 'waiting'")
    eventually(lambda: len(received(sink)) == 3, PATIENCE, "the push behind its wait")
    counts = [item["payload"]["data"]["group"]["count"] for item in received(sink)]
    assert counts == [1, 1, 6]
    eventually(lambda: rows(pushing, "SELECT count(*) FROM deliveries WHERE state = 'waiting'") == [("0",)], PATIENCE, "the ends")
    ends = rows(pushing, "SELECT state, coalesce(reason, ''), count(*) FROM deliveries GROUP BY 1, 2 ORDER BY 1")
    assert ends == [("delivered", "", "3"), ("suppressed", "newer", "4")]
    balanced(pushing)


def test_slow_webhooks_hold_up_nobody_else(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Two servers that take 15 seconds for each, with very much to get: another user's push goes in between."""
    alice, carol, bob = (make_user(name, pushing) for name in ("alice", "carol", "bob"))
    with tempfile.TemporaryDirectory(prefix="martlet-it-", dir="/tmp") as folder:
        slow = [Sink(Path(folder) / str(number)) for number in range(2)]
        try:
            for number, other in enumerate(slow):
                other.control("PUT", "/faults/webhook", {"steps": [{"delay": 15000}], "repeat": True})
                url = f"{other.about['plain']}/hooks/slow{number}"
                made = expect(alice.http.post("/v1/devices", json={"kind": "webhook", "url": url}), 201).json()
                other.control("POST", "/devices/webhook", {"name": f"slow{number}", "secret": made["secret"]})
            rows(pushing, BACKLOG.format(user=alice.id, count=1000))
            eventually(lambda: rows(pushing, "SELECT count(*) > 500 FROM deliveries WHERE reason = 'parked'") == [("t",)],
                       PATIENCE, "what there is no room for")
            hook = register(carol, "webhook", sink)["id"]
            bob.follow(carol)
            eventually(lambda: deliveries(carol, hook) == [("follow", "delivered")], 10, "the other user's push")
            balanced(pushing)
        finally:
            for other in slow:
                other.process.kill()
                other.process.wait()


def test_a_webhook_that_knows_the_public_key(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Who knows the site's public key needs no secret to check what comes (`v1a`)."""
    alice, bob = make_user("alice", pushing), make_user("bob", pushing)
    hook = register(alice, "webhook", sink)["id"]
    key = expect(bob.http.get("/v1/push/key"), 200).json()["webhook"]
    # With a secret of its own, which is not the device's.
    sink.control("POST", "/devices/webhook", {"name": f"hook-{alice.handle}", "key": key})
    bob.follow(alice)
    eventually(lambda: deliveries(alice, hook) == [("follow", "delivered")], PATIENCE, "the push")
    other = base64.b64encode(bytes(32)).decode()
    sink.control("POST", "/devices/webhook", {"name": f"hook-{alice.handle}", "key": f"whpk_{other}"})
    post = alice.post("liked")["id"]
    expect(bob.http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: [item["status"] for item in sink.control("GET", "/received")["received"]][-1] == 401, PATIENCE,
               "another key to fail")


BACKLOG = """
WITH made AS (
    INSERT INTO notifications (user_id, key, id, type, count, version)
    SELECT {user}, 'backlog:' || n, t.last_id + n, 'follow', 1, t.version FROM generate_series(1, {count}) n,
        LATERAL (SELECT COALESCE(max(last_id), (SELECT max(id) FROM devices)) AS last_id, COALESCE(max(version), 1) AS version
            FROM notification_state WHERE user_id = {user}) t
    RETURNING user_id, key, id),
caused AS (
    INSERT INTO notification_causes (user_id, key, cause_id) SELECT user_id, key, id FROM made),
opened AS (
    INSERT INTO delivery_counts (user_id, consumed, waiting)
    SELECT {user}, {count} * count(*), {count} * count(*) FROM devices WHERE user_id = {user})
INSERT INTO deliveries (user_id, device_id, notification_id, type, due_at)
SELECT m.user_id, d.id, m.id, 'follow', now() - interval '1 minute' FROM made m JOIN devices d ON d.user_id = m.user_id
"""
"""Notifications that wait for a user's devices, as if a notifier had been away."""
