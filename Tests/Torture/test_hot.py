"""The checker finds what is wrong with likes, votes and comments, in histories of a few lines."""

from __future__ import annotations

from typing import Any

import pytest

from check import check

Event = dict[str, Any]
ANN, BEN = "1", "2"
CHANNEL = "post:10"


def counts(likes: int, comments: int, version: int) -> Event:
    return {"post_id": "10", "likes": likes, "comments": comments, "views": 0, "version": version}


def state(t: float, *numbers: int) -> Event:
    return {"e": "hot state", "r": "ben", "t": t, "channel": CHANNEL, "state": counts(*numbers)}


def conn(t: float, verdict: str = "live") -> Event:
    return {"e": "hot conn", "r": "ben", "t": t, "begin": t, "channel": CHANNEL, "verdict": verdict}


def told(t: float, kind: str, at: int, text: str | None = "a") -> Event:
    return {"e": "hot comment", "r": "ben", "t": t, "channel": CHANNEL, "kind": kind, "at": at, "comment": "30", "text": text}


def like(user: str, likes: bool, outcome: str = "done") -> Event:
    return {"e": "like", "user": user, "post": "10", "likes": likes, "begin": 2, "end": 3, "outcome": outcome}


def comment_like(user: str, likes: bool, outcome: str = "done") -> Event:
    return {"e": "comment like", "user": user, "comment": "30", "likes": likes, "begin": 4, "end": 5, "outcome": outcome}


def comments(likes: int = 1, *by: str) -> Event:
    return {"e": "final comments", "post": "10", "comments": [
        {"id": "30", "text": "a | 1", "parent": None, "replies": 0, "likes": likes, "liked_by": list(by or [BEN])}]}


def seen(*users: str, last: bool = True, outcome: str = "done", days: tuple[int, ...] = (20_000,), own: bool = False) -> list[Event]:
    return [{"e": "views", "user": user, "posts": ["10"], "own": own, "last": last, "days": days, "outcome": outcome}
            for user in users]


def read(views: int, begin: float) -> Event:
    return {"e": "views read", "post": "10", "views": views, "begin": begin, "end": begin + 1}


def final(views: int) -> dict[str, Event]:
    """What is shown in the end of the post, whose views were folded since its last state."""
    return {"final_likes": base()["final likes"] | {"counts": counts(1, 1, 4) | {"views": views}}}


def votes(user: str, *answers: str) -> Event:
    return {"e": "votes", "t": 3, "user": user, "poll": "11", "options": [0, 1], "answers": list(answers)}


def poll(first: int, second: int, closed: bool = True) -> Event:
    return {"e": "final poll", "poll": "11", "state": {
        "options": [{"votes": first}, {"votes": second}], "votes": first + second, "voters": first + second, "closed": closed}}


def base() -> dict[str, Event | list[Event]]:
    """Ann likes the post, Ben took his like back; Ann comments, and edits that."""
    change = {"e": "comment change", "comment": "30", "kind": "edit", "text": "a | 1", "begin": 4}
    return {
        "reader": {"e": "reader", "r": "ben", "user": BEN, "road": "hot"},
        "conn": conn(1), "first": state(1, 0, 0, 0),
        "ann": like(ANN, True), "ben likes": like(BEN, True), "ben": like(BEN, False),
        "comment": {"e": "comment", "post": "10", "user": ANN, "text": "a", "parent": None, "begin": 2, "end": 3,
                    "outcome": "done", "comment": "30"},
        "edit begins": change | {"end": None, "outcome": "unknown"}, "edit": change | {"end": 5, "outcome": "done"},
        "created": told(3, "created", 1), "updated": told(5, "updated", 2, "a | 1"), "last": state(6, 1, 1, 4),
        "votes": votes(ANN, "200", "already_voted"),
        "final likes": {"e": "final likes", "post": "10", "users": [ANN], "says": {ANN: True, BEN: False},
                        "counts": {"likes": 1, "comments": 1, "views": 0, "version": 4}},
        "ben likes the comment": comment_like(BEN, True), "final comments": comments(), "views": [],
        "final poll": poll(1, 0),
        "audit": {"e": "audit of counts", "passed": 9, "failed": 0, "lines": []},
    }


def kinds(**changes: Any) -> set[str]:
    """Of a history with some events in the place of others: one, several, or none."""
    events: list[Event] = []
    for name, event in base().items():
        new = changes.get(name.replace(" ", "_"), event)
        events += new if isinstance(new, list) else [new]
    return set(check(events).kinds)


def test_a_good_history_has_no_finding() -> None:
    assert kinds() == set()


@pytest.mark.parametrize("changes, found", [
    ({"ben": like(BEN, False, "unknown")}, set()),
    ({"ann": like(ANN, False)}, {"lost"}),
    ({"ann": []}, {"invented"}),
    ({"final_likes": base()["final likes"] | {"users": [ANN, ANN]}}, {"duplicate"}),
    ({"final_likes": base()["final likes"] | {"says": {ANN: False}}}, {"wrong counter"}),
    ({"final_likes": base()["final likes"] | {"counts": counts(2, 1, 4)}, "last": state(6, 2, 1, 4)}, {"wrong counter"}),
    ({"audit": {"e": "audit of counts", "passed": 8, "failed": 1, "lines": ["likes of 10"]}}, {"wrong counter"}),
], ids=["an open end", "a lost like", "a like of nobody", "twice", "liked", "the number", "the audit"])
def test_likes(changes: dict[str, Any], found: set[str]) -> None:
    assert kinds(**changes) == found


@pytest.mark.parametrize("changes, found", [
    ({"final_comments": comments(2)}, {"wrong counter"}),
    ({"final_comments": comments(2, BEN, ANN)}, {"invented"}),
    ({"ben_likes_the_comment": comment_like(BEN, False)}, {"lost"}),
    ({"ben_likes_the_comment": comment_like(BEN, False, "unknown")}, set()),
    ({"ben_likes_the_comment": [comment_like(BEN, True), comment_like(ANN, True, "gone")]}, {"bad answer"}),
], ids=["the number", "of nobody", "a lost end", "an open end", "not there"])
def test_likes_of_comments(changes: dict[str, Any], found: set[str]) -> None:
    assert kinds(**changes) == found


CROWD = [str(100 + number) for number in range(100)]


@pytest.mark.parametrize("views, events, found", [
    (2, seen(ANN, BEN, BEN), set()),
    (1, seen(ANN, BEN), {"wrong counter"}),
    (3, seen(ANN, BEN), {"wrong counter"}),
    (2, seen(ANN) + seen(BEN, own=True), {"wrong counter"}),
    (2, seen(ANN) + seen(BEN, last=False), set()),
    (1, seen(ANN) + seen(BEN, last=False), set()),
    (1, seen(ANN) + seen(BEN, outcome="unknown"), set()),
    (2, seen(ANN, days=(20_000, 20_001)), set()),
    (97, seen(*CROWD), set()),
    (103, seen(*CROWD), set()),
    (96, seen(*CROWD), {"wrong counter"}),
    (104, seen(*CROWD), {"wrong counter"}),
    (2, seen(ANN, BEN) + [read(1, 1), read(2, 3), read(2, 5)], set()),
    (2, seen(ANN, BEN) + [read(2, 1), read(1, 3)], {"wrong counter"}),
    (2, seen(ANN, BEN) + [read(2, 1), read(1, 1.5)], set()),
    (1, seen(ANN) + seen(BEN, last=False) + [read(2, 1)], {"wrong counter"}),
], ids=["twice by one", "too few", "too many", "the author", "before Redis was lost", "lost with Redis", "an open end", "at midnight",
        "97 of 100", "103 of 100", "96 of 100", "104 of 100", "grows", "falls", "at once", "fewer in the end"])
def test_views(views: int, events: list[Event], found: set[str]) -> None:
    assert kinds(views=events, **final(views)) == found


def test_a_state_has_no_more_views_than_there_are() -> None:
    ahead = state(6, 1, 1, 4)
    ahead["state"]["views"] = 1
    assert kinds(views=seen(ANN, last=False), last=ahead, **final(0)) == {"missing"}
    assert kinds(views=seen(ANN, last=False), last=ahead, **final(1)) == set()


@pytest.mark.parametrize("changes, found", [
    ({"last": []}, {"missing"}),
    ({"conn": [], "first": [], "created": [], "updated": [], "last": []}, {"bad answer"}),
    ({"last": state(6, 1, 1, 3)}, {"missing"}),
    ({"last": [state(6, 1, 1, 4), state(7, 0, 0, 1)]}, {"out of order", "missing"}),
    ({"last": [state(6, 1, 1, 4), conn(7, "resumed"), state(8, 1, 1, 4)]}, set()),
    ({"last": [{"e": "calm", "begin": 5, "end": 9}, *(state(6 + n / 4, 1, 1, 4) for n in range(8))]}, set()),
    ({"last": [{"e": "calm", "begin": 5, "end": 9}, *(state(6 + n / 10, 1, 1, 4) for n in range(8))]}, {"too many"}),
    ({"last": [state(6 + n / 10, 1, 1, 4) for n in range(8)]}, set()),
], ids=["none", "never there", "an old one", "backwards", "after a resume", "four a second", "ten a second", "ten a second, after faults"])
def test_states(changes: dict[str, Any], found: set[str]) -> None:
    assert kinds(**changes) == found


@pytest.mark.parametrize("changes, found", [
    ({"created": [], "updated": []}, {"missing"}),
    ({"created": [told(3, "created", 1)] * 2}, {"duplicate", "out of order"}),
    ({"updated": []}, {"missing"}),
    ({"updated": [told(5, "updated", 2, "a | 1"), told(6, "deleted", 3, None)]}, {"invented", "missing"}),
    ({"created": [], "updated": [conn(6, "reset")]}, set()),
    ({"created": [], "updated": [conn(6, "resumed")]}, {"missing"}),
    ({"final_comments": base()["final comments"] | {"comments": []}}, {"lost", "wrong counter"}),
], ids=["nothing", "twice", "no edit", "an end", "before a reset", "before a resume", "lost"])
def test_comments(changes: dict[str, Any], found: set[str]) -> None:
    assert kinds(**changes) == found


@pytest.mark.parametrize("changes, found", [
    ({"votes": votes(ANN, "already_voted", "200"), "final_poll": poll(0, 1)}, set()),
    ({"votes": votes(ANN, "200", "200"), "final_poll": poll(1, 1)}, {"bad answer", "wrong counter"}),
    ({"votes": votes(ANN, "unknown", "already_voted")}, set()),
    ({"final_poll": poll(0, 1)}, {"wrong counter"}),
    ({"final_poll": poll(1, 0, closed=False)}, {"missing"}),
], ids=["the second one", "both", "nobody knows", "another option", "open"])
def test_polls(changes: dict[str, Any], found: set[str]) -> None:
    assert kinds(**changes) == found
