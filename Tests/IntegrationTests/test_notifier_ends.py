"""A notifier that ends in the middle of its work: nothing is lost, and as little comes twice as can be."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from conftest import MakeUser
from martlet_process import Server
from sql import rows
from support import PATIENCE, eventually, expect
from test_notifier import balanced, deliveries, pushing, received, register, sink  # noqa: F401
from test_sink import Sink


@pytest.mark.both_logs
def test_a_notifier_that_is_killed(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Nothing is lost, the books balance, and nothing comes twice but what was waiting at a kill: with the same id."""
    alice = make_user("alice", pushing)
    hook = register(alice, "webhook", sink)["id"]
    sink.control("PUT", "/faults/webhook", {"steps": [{"delay": 200}], "repeat": True})
    fans = [make_user(f"fan{number}", pushing) for number in range(4)]
    posts = []
    waited: set[str] = set()

    def note_waiting() -> None:
        waited.update(id for (id,) in rows(
            pushing, "SELECT 'msg_' || device_id || '_' || notification_id FROM deliveries WHERE state = 'waiting'"))

    for number in range(12):
        posts.append(alice.post(f"post {number}")["id"])
        for fan in fans[:2]:
            expect(fan.http.put(f"/v1/posts/{posts[-1]}/like"), 204)
        if number % 4 == 3:
            note_waiting()
            pushing.kill()
            pushing.start()
            note_waiting()
            alice, fans = alice.login(), [fan.login() for fan in fans]

    def is_all_told() -> bool:
        # A claim of one that died is another's after two minutes: here at once, as if those in hand had taken so long, too.
        rows(pushing, "UPDATE deliveries SET due_at = least(due_at, now()) WHERE state = 'waiting'")
        # Nor is a minute waited for between two of a group.
        rows(pushing, "UPDATE push_paces SET next_at = now() - interval '1 second'")
        told = {item["payload"]["data"]["group"]["key"] for item in received(sink)}
        waits = rows(pushing, "SELECT count(*) FROM deliveries WHERE state = 'waiting'")
        return {f"like:post:{post}" for post in posts} <= told and waits == [("0",)]

    eventually(is_all_told, 60, "all of them to be told")
    balanced(pushing)
    times = Counter(item["id"] for item in received(sink))
    assert {id for id, count in times.items() if count > 1} <= waited


def test_a_notifier_that_is_told_to_end(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """What is in hand is finished and written down, so nothing comes twice; the rest is sent by the next."""
    alice, fan = make_user("alice", pushing), make_user("fan", pushing)
    hook = register(alice, "webhook", sink)["id"]
    sink.control("PUT", "/faults/webhook", {"steps": [{"delay": 1500}], "repeat": True})
    posts = [alice.post(f"post {number}")["id"] for number in range(12)]
    for post in posts:
        expect(fan.http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: rows(pushing, "SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1"), PATIENCE, "one in hand")
    assert pushing.stop() == 0
    sink.control("DELETE", "/faults/webhook")
    pushing.start()
    alice = alice.login()
    eventually(lambda: deliveries(alice, hook) == [("like", "delivered")] * 12, PATIENCE, "all of them to be sent")
    balanced(pushing)
    assert set(Counter(item["id"] for item in received(sink)).values()) == {1}


@pytest.mark.parametrize("kind", ["webpush", "apns", "fcm", "webhook"])
def test_a_push_that_is_repeated_has_its_id(pushing: Server, sink: Sink, make_user: MakeUser, kind: str) -> None:
    """A sender dies before it can write down that a push was taken: who gets it again knows it by its id."""
    alice, bob = make_user("alice", pushing), make_user("bob", pushing)
    device = register(alice, kind, sink)["id"]
    post = alice.post("liked")["id"]
    # One before it: then a service that gives tokens has given one.
    bob.follow(alice)
    eventually(lambda: deliveries(alice, device) == [("follow", "delivered")], PATIENCE, "the one before it")
    sink.control("PUT", f"/faults/{kind}", {"steps": [{"delay": 5000}]})
    expect(bob.http.put(f"/v1/posts/{post}/like"), 204)
    claimed = f"SELECT count(*) FROM deliveries WHERE device_id = {device} AND due_at > now() + interval '30 seconds'"
    eventually(lambda: rows(pushing, claimed) == [("1",)], PATIENCE, "the claim")
    eventually(lambda: len(received(sink)) == 2, PATIENCE, "the first time")
    pushing.kill()
    pushing.start()
    alice = alice.login()
    # What one that died had claimed is another's after two minutes: here at once.
    rows(pushing, "UPDATE deliveries SET due_at = now() WHERE state = 'waiting'")
    state = f"SELECT state, attempts FROM deliveries WHERE device_id = {device} AND type = 'like'"
    eventually(lambda: rows(pushing, state) == [("delivered", "1")], PATIENCE, "the end")
    _, first, second = received(sink)
    # The sink's id is the header `webhook-id` or `apns-id`, or what makes the two one message: `Topic`, `collapse_key`.
    assert first["id"] == second["id"] and mark(kind, first) == mark(kind, second)
    assert mark(kind, first).startswith(f"msg_{device}_")
    if kind == "webhook":
        assert second["payload"]["attempt"] == 1, "the one before was never written down"
    balanced(pushing)


def mark(kind: str, item: dict[str, Any]) -> str:
    """By which a receiver knows a push."""
    if kind == "fcm":
        return str(item["payload"]["message"]["data"]["id"])
    return str(item["id"] if kind == "webhook" else item["payload"]["id"])
