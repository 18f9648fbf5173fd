"""Records that can't be done are dead letters, nobody waits for them, and they come back: `martlet dlq`."""

from __future__ import annotations

import os

import pytest

from conftest import MakeUser
from martlet_process import Server, run_martlet
from sql import rows
from support import eventually, http_client


def dlq(server: Server, *words: str) -> tuple[int, list[str]]:
    done = run_martlet("dlq", *words, MARTLET_DATA=str(server.data))
    assert "error" not in done.stderr or done.returncode != 0, done.stderr
    return done.returncode, (done.stdout if done.returncode == 0 else done.stderr).splitlines()


def poison(server: Server, topic: str, key: str, count: int = 1) -> None:
    """Through the outbox, as all records come into the log."""
    rows(
        server,
        f"INSERT INTO outbox (topic, key, payload, headers) SELECT '{topic}', '{key}', '\\xff00'::bytea, "
        f"'{{\"event-type\":\"post.created\",\"trace\":\"x\"}}'::jsonb FROM generate_series(1, {count})")


def waiting(server: Server, group: str) -> int:
    return int(rows(server, f"SELECT count(*) FROM dead_letters WHERE consumer_group = '{group}' AND redriven_at IS NULL")[0][0])


@pytest.mark.both_logs
def test_poison_is_seen_and_redriven(own_server: Server, make_user: MakeUser) -> None:
    author, reader = make_user("author", own_server), make_user("reader", own_server)
    reader.follow(author)
    poison(own_server, "post.events", author.id)
    post = author.post("behind it")["id"]
    eventually(lambda: [item["id"] for item in reader.http.get("/v1/feed").json()["items"]] == [post], 20, "the post")
    for group in ("planner", "channels", "notifications"):
        eventually(lambda: waiting(own_server, group) == 1, 20, f"the letter of {group}")
    code, lines = dlq(own_server)
    assert code == 0 and lines[-1] == "3 dead letters", lines
    assert any(line.startswith("planner: 1 malformed, since ") for line in lines)
    code, lines = dlq(own_server, "--group", "planner", "--older", "3600")
    assert lines == ["0 dead letters"]
    letter = rows(own_server, "SELECT id FROM dead_letters WHERE consumer_group = 'planner'")[0][0]
    code, lines = dlq(own_server, "show", letter)
    assert code == 0 and f"key '{author.id}'" in lines[0] and "post.events/" in lines[0]
    assert lines[1:] == ["event-type: 'post.created'", "trace: 'x'", "2 bytes: hex ff00"]
    assert dlq(own_server, "redrive", "--group", "planner", "--dry-run") == (0, ["1 would be redriven"])
    for number in (1, 2, 3):
        code, lines = dlq(own_server, "redrive", "--group", "planner")
        assert code == 0 and lines[1:] == ["1 redriven"], lines
        eventually(
            lambda: rows(own_server, f"SELECT redrives, redriven_at IS NULL FROM dead_letters WHERE id = {letter}")
            == [(str(number), "t")], 20, "it to die again")
    code, lines = dlq(own_server, "redrive", "--group", "planner")
    assert lines == ["1 have died too often, and stay: --force takes them, too", "0 would be redriven"]
    code, lines = dlq(own_server, "purge", "--group", "planner", "--yes", "2")
    assert code == 1 and "there are 1 of them" in lines[-1]
    assert dlq(own_server, "purge", "--group", "planner", "--yes", "1") == (0, ["1 purged"])
    assert waiting(own_server, "planner") == 0
    deeds = [deed for (deed,) in rows(own_server, "SELECT did FROM audit ORDER BY id")]
    assert deeds == ["dead_letters.redriven"] * 3 + ["dead_letters.purged"]
    gauge = 'martlet_dead_letters{group="channels"} 1\n'
    with http_client(own_server.url) as http:
        eventually(lambda: gauge in http.get("/metrics").text, 20, "the gauge")


@pytest.mark.both_logs
def test_a_redrive_that_is_killed_twice(own_server: Server) -> None:
    """Each letter is given back once."""
    many = 600 * int(os.environ.get("MARTLET_REDRIVE_SCALE", "1"))
    poison(own_server, "inbox.events", "7", many)
    eventually(lambda: waiting(own_server, "notifier") == many, 120, "the letters")
    code, lines = dlq(own_server, "redrive", "--group", "notifier", "--rate", str(min(1000, many // 6)), "--no-wait")
    assert code == 0 and lines == [f"redrive 1 of {many}"]
    for least in (1, many // 3):
        eventually(lambda: int(rows(own_server, "SELECT moved FROM redrives")[0][0]) >= least, 60, "some of them")
        own_server.kill()
        own_server.start()
    eventually(lambda: rows(own_server, "SELECT done_at IS NOT NULL FROM redrives") == [("t",)], 120, "the end")
    assert rows(own_server, "SELECT moved FROM redrives") == [(str(many),)]
    eventually(lambda: waiting(own_server, "notifier") == many, 120, "all to die again")
    counts = "SELECT redrives, count(*) FROM dead_letters WHERE consumer_group = 'notifier' GROUP BY 1"
    assert rows(own_server, counts) == [("1", str(many))]
    assert rows(own_server, "SELECT count(*) FROM parked_records") == [("0",)]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["lst"], "there is no 'lst'"), (["show"], "show needs the number"), (["show", "x"], "'x' is no number"),
        (["list", "7"], "list takes no '7'"), (["--reason", "bad"], "--reason is one of"),
        (["redrive", "--rate", "0"], "--rate '0' is not a number from 1 to 1000"), (["--id", "1,,2"], "--id ''"),
        (["--older"], "--older needs a value"),
    ])
def test_what_is_wrong_is_named(server: Server, words: list[str], complaint: str) -> None:
    code, lines = dlq(server, *words)
    assert code == 2 and complaint in lines[-1], lines
