"""Polls over the wire: crowds that vote, what live clients are told, what a restart changes (nothing)."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from centrifugo_client import FORMS, Centrifugo
from conftest import MakeUser
from martlet_process import Server
from sql import rows
from support import User, assert_problem, eventually, expect

# Of a poll whose time has come, the close is told within so many seconds, beside other tests.
SOON = 10
REFUSED = 2000


def poll_of(author: User, **more: Any) -> dict[str, Any]:
    poll = {"options": ["a", "b", "c"], "closes_in": 3600, **more}
    return expect(author.http.post("/v1/posts", json={"text": "which?", "poll": poll}), 201).json()["poll"]


def vote(user: User, poll: dict[str, Any], *options: int) -> dict[str, Any]:
    return expect(user.http.post(f"/v1/polls/{poll['id']}/votes", json={"options": list(options)}), 200).json()


def close_in(server: Server, poll: dict[str, Any], seconds: float) -> None:
    """By hand, for nobody waits five minutes."""
    rows(server, f"UPDATE polls SET closes_at = clock_timestamp() + interval '{seconds} seconds' WHERE id = {poll['id']}")


def events(server: Server, poll: dict[str, Any]) -> list[str]:
    """What came into the log of the poll's post, in order."""
    found = rows(server, f"""
        SELECT headers->>'event-type' FROM log_records
        WHERE topic = 'engagement.events' AND key = '{poll['post_id']}' ORDER BY partition, log_offset""")
    return [kind for (kind,) in found]


def vote_often(user: User, poll: dict[str, Any], count: int) -> Counter[tuple[int, str | None]]:
    """One vote after the other over one connection; what came of them."""
    connection = http.client.HTTPConnection("127.0.0.1", user.server.port, timeout=60)
    outcomes: Counter[tuple[int, str | None]] = Counter()
    for number in range(count):
        headers = {"Authorization": f"Bearer {user.token}", "Content-Type": "application/json"}
        if number % 3 == 2:
            headers["Idempotency-Key"] = f"vote-{number}-{user.id}-{id(connection)}"
        connection.request("POST", f"/v1/polls/{poll['id']}/votes", json.dumps({"options": [number % 3]}), headers)
        response = connection.getresponse()
        body = json.loads(response.read())
        outcomes[response.status, body.get("code")] += 1
    connection.close()
    return outcomes


@pytest.mark.slow
def test_ten_thousand_double_votes(server: Server, make_user: MakeUser) -> None:
    """Of ten voters, each over four connections at once: one vote of each counts."""
    author, voters = make_user("author"), [make_user(f"voter{number}") for number in range(10)]
    poll = poll_of(author)
    with ThreadPoolExecutor(40) as pool:
        jobs = [pool.submit(vote_often, voter, poll, 251) for voter in voters for _ in range(4)]
        outcomes = sum((job.result() for job in jobs), Counter[tuple[int, str | None]]())
    assert outcomes == {(200, None): 10, (409, "already_voted"): 10_030}
    seen = expect(author.http.get(f"/v1/polls/{poll['id']}"), 200).json()
    assert (seen["votes"], seen["voters"], seen["version"]) == (10, 10, 10)
    for voter in voters:
        (voted,) = expect(voter.http.get(f"/v1/polls/{poll['id']}"), 200).json()["voted"]
        assert seen["options"][voted]["votes"] > 0


@pytest.mark.parametrize("form", FORMS, ids=["json", "protobuf"])
def test_who_looks_is_told(server: Server, make_user: MakeUser, form: type[Centrifugo]) -> None:
    """The state comes first, each vote changes it, and the last one says that it has closed."""
    author, reader = make_user("author"), make_user("reader")
    poll = poll_of(author)
    channel = f"poll:{poll['id']}"
    vote(author, poll, 2)
    with form(server) as client:
        client.connect(reader.token, reader.channel)
        client.subscribe(channel)
        states = [client.told(channel, 1)[0].event["poll"]]
        assert (states[-1]["votes"], states[-1]["closed"]) == (1, False)
        for number, voter in enumerate([reader, make_user("other")]):
            vote(voter, poll, number)
            while states[-1]["voters"] < number + 2:
                states.append(client.told(channel, 1)[0].event["poll"])
        close_in(server, poll, 0)
        while not states[-1]["closed"]:
            states.append(client.told(channel, 1, SOON)[0].event["poll"])
        assert [option["votes"] for option in states[-1]["options"]] == [1, 1, 1]
        versions = [state["version"] for state in states]
        assert versions == sorted(set(versions)) and all("voted" not in state for state in states)
        # Who reads it sees the same, and his own vote.
        seen = expect(reader.http.get(f"/v1/polls/{poll['id']}"), 200).json()
        assert seen == states[-1] | {"voted": [0]}
        # Who may not see the post any more is told nothing more.
        expect(author.http.put(f"/v1/users/{reader.id}/block"), 204)
        assert client.unsubscribed(channel) == REFUSED


def test_hidden_results_are_told_to_nobody(server: Server, make_user: MakeUser) -> None:
    """Not even how many have voted, until it closes."""
    author, reader = make_user("author"), make_user("reader")
    poll = poll_of(author, results="after_close")
    channel = f"poll:{poll['id']}"
    with FORMS[0](server) as client:
        client.connect(reader.token, reader.channel)
        client.subscribe(channel)
        vote(author, poll, 1)
        vote(reader, poll, 1)
        eventually(lambda: events(server, poll) == ["poll.voted"] * 2, SOON, "the votes in the log")
        close_in(server, poll, 0)
        states = client.told(channel, 1, SOON)
        while not states[-1].event["poll"]["closed"]:
            states += client.told(channel, 1, SOON)
    for state in states[:-1]:
        assert not {"votes", "voters"} & set(state.event["poll"]) and state.event["poll"]["version"] == 0
    final = states[-1].event["poll"]
    assert (final["votes"], final["voters"], final["options"][1]) == (2, 2, {"text": "b", "votes": 2})


def test_it_closes_once_whatever_restarts(own_server: Server, make_user: MakeUser) -> None:
    """The server is killed when the time comes; the next one tells it, once."""
    author = make_user("author", own_server)
    poll = poll_of(author)
    vote(author, poll, 0)
    eventually(lambda: events(own_server, poll) == ["poll.voted"], SOON, "the vote in the log")
    close_in(own_server, poll, 0.3)
    time.sleep(0.2)
    own_server.kill()
    own_server.start()
    answer = author.http.post(f"/v1/polls/{poll['id']}/votes", json={"options": [1]})
    # Who has voted is told that; another one that it has closed.
    assert_problem(answer, 409, "already_voted")
    assert_problem(
        make_user("late", own_server).http.post(f"/v1/polls/{poll['id']}/votes", json={"options": [1]}), 409, "poll_closed")
    eventually(lambda: events(own_server, poll) == ["poll.voted", "poll.closed"], SOON, "the close in the log")
    own_server.stop()
    own_server.start()
    time.sleep(2.5)
    assert events(own_server, poll) == ["poll.voted", "poll.closed"]
    assert expect(author.http.get(f"/v1/polls/{poll['id']}"), 200).json()["closed"]
