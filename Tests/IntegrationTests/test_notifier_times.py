"""When pushes go that can't go at once: what failed comes again on time, and what waits for a credential costs no attempt."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Callable, Iterator

import pytest

from conftest import MakeUser
from martlet_process import Server, run_martlet
from sql import rows
from support import PATIENCE, User, eventually, expect
from test_notifier import balanced, received, register, settings, sink  # noqa: F401
from test_sink import Sink

MENTIONED = 20
"""In a post: so many are told by one."""
HELD = int(os.environ.get("MARTLET_HELD_SCALE", "5")) * 2000


@pytest.fixture
def pushing(event_log: Callable[[], dict[str, str]], sink: Sink) -> Iterator[Server]:
    server = Server(MARTLET_LIMITS="off", **event_log(), **settings(sink))
    try:
        yield server.start()
    finally:
        server.remove()


def milliseconds(time: str) -> float:
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000


def mention(author: User, users: list[User], posts: int) -> None:
    text = " ".join(f"@{user.handle}" for user in users)
    for number in range(posts):
        author.post(f"{text} {number}")


@pytest.mark.promised_time
def test_retries_are_on_time(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Every fourth request fails: it comes again at most 50 ms behind its time at p99, and never before it."""
    users = [make_user(f"user{number}", pushing) for number in range(MENTIONED)]
    for user in users:
        register(user, "webhook", sink)
    rows(pushing, "CREATE TABLE parked AS SELECT user_id, device_id, notification_id, due_at FROM deliveries")
    rows(pushing, "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO parked VALUES "
         "(NEW.user_id, NEW.device_id, NEW.notification_id, NEW.due_at); RETURN NULL; END $$")
    rows(pushing, "CREATE TRIGGER note AFTER UPDATE ON deliveries FOR EACH ROW WHEN (NEW.reason = 'retry' "
         "AND NEW.attempts > OLD.attempts AND NEW.state = 'waiting') EXECUTE FUNCTION note()")
    sink.control("PUT", "/faults/webhook", {"steps": [{"times": 1, "status": 503}, {"times": 3}], "repeat": True})
    mention(make_user("author", pushing), users, 50)
    eventually(lambda: int(rows(pushing, "SELECT count(*) FROM parked")[0][0]) >= 200, PATIENCE, "what comes again")
    sink.control("DELETE", "/faults/webhook")
    eventually(
        lambda: rows(pushing, "SELECT count(*), count(*) FILTER (WHERE state = 'delivered') FROM deliveries")
        == [("1000", "1000")], PATIENCE, "all of them")
    balanced(pushing)

    came: dict[str, list[float]] = {}
    for item in sink.control("GET", "/received")["received"]:
        if item.get("id"):
            came.setdefault(item["id"], []).append(milliseconds(item["time"]))
    late = []
    for device, notification, due in rows(
        pushing, "SELECT device_id, notification_id, extract(epoch FROM due_at) * 1000 FROM parked"):
        # Of the attempts that followed, the first; the sink's clock has whole milliseconds.
        times = [time - float(due) for time in came[f"msg_{device}_{notification}"]]
        late.append(min(time for time in times if time > -2000))
    late.sort()
    p99 = late[len(late) * 99 // 100]
    print(f"{len(late)} retries: p50 {late[len(late) // 2]:.0f} ms, p99 {p99:.0f} ms, most {late[-1]:.0f} ms behind their time")
    assert late[0] > -1
    assert p99 <= 50


@pytest.mark.long
@pytest.mark.both_logs
@pytest.mark.timeout(600)
def test_a_credential_that_is_refused(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Its circuit is open over very many messages: none of them has an attempt by that, and all arrive behind it."""
    users = [make_user(f"user{number}", pushing) for number in range(MENTIONED)]
    for user in users:
        for _ in range(10):
            register(user, "apns", sink)
    refused: dict[str, Any] = {"status": 403, "body": {"reason": "InvalidProviderToken"}}
    sink.control("PUT", "/faults/apns", {"steps": [refused], "repeat": True})
    mention(make_user("author", pushing), users, HELD // 200)

    def held() -> list[tuple[str, ...]]:
        return rows(pushing, "SELECT reason, max(attempts), count(*) FROM deliveries WHERE state = 'waiting' GROUP BY 1")

    eventually(lambda: held() == [("parked", "0", str(HELD))], 120, "all of them to be held")
    asked = sink.control("GET", "/received")["total"]
    sink.control("DELETE", "/faults/apns")
    eventually(
        lambda: rows(pushing, "SELECT state, max(attempts), count(*) FROM deliveries GROUP BY 1")
        == [("delivered", "1", str(HELD))], 240, "all of them")
    print(f"{HELD} were held, with {asked} requests of which all were refused")
    assert asked < HELD / 10
    devices = [expect(user.http.get("/v1/devices"), 200).json()["items"] for user in users]
    assert all(device["state"] == "active" for some in devices for device in some)
    assert len([item for item in received(sink) if item["provider"] == "apns"]) >= HELD
    balanced(pushing)


def test_a_redrive_of_pushes_that_is_killed(pushing: Server, sink: Sink, make_user: MakeUser) -> None:
    """Devices and users share a notification's id: each of their letters comes back all the same, more of them than are taken at once."""
    posts = 130 * int(os.environ.get("MARTLET_REDRIVE_SCALE", "1"))
    author = make_user("author", pushing)
    readers = [make_user(name, pushing) for name in ("alice", "carol")]
    for reader in readers:
        reader.follow(author)
        expect(reader.http.put(f"/v1/users/{author.id}/bell"), 204)
        for _ in range(2):
            register(reader, "apns", sink)
    many = posts * 4
    sink.control("PUT", "/faults/apns", {"steps": [{"times": many * 2, "status": 413, "body": {"reason": "PayloadTooLarge"}}]})
    for number in range(posts):
        author.post(f"post {number}")

    def count(condition: str, table: str = "deliveries") -> int:
        return int(rows(pushing, f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])

    eventually(lambda: count("state = 'dead'") == many, 120, "all to be dead")
    assert count("consumer_group = 'pushes' AND redriven_at IS NULL", "dead_letters") == many, "a letter each"
    assert int(rows(pushing, "SELECT count(DISTINCT notification_id) FROM deliveries")[0][0]) == posts
    sink.control("DELETE", "/faults/apns")
    done = run_martlet("dlq", "redrive", "--group", "pushes", "--rate", "1000", "--no-wait", MARTLET_DATA=str(pushing.data))
    assert done.returncode == 0 and done.stdout.splitlines() == [f"redrive 1 of {many}"], done.stderr
    for least in (1, many // 2):
        eventually(lambda: count("state <> 'dead'") >= least, 60, "some to be back")
        pushing.kill()
        pushing.start()
        # What was being sent is due again at once, not when its claim has ended.
        rows(pushing, "UPDATE deliveries SET due_at = now() WHERE state = 'waiting'")
    eventually(lambda: count("state = 'delivered'") == many, 120, "all to be delivered")
    assert count("redriven_at IS NULL OR redrives <> 1", "dead_letters") == 0
    assert count("true", "parked_records") == 0
    balanced(pushing)
