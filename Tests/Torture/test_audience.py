"""The checker finds what somebody was shown who may not see it. `pytest Tests/Torture`."""

from __future__ import annotations

from typing import Any

import pytest

from check import check
from test_check import ANN, BEN, Event, base, kinds, post, truth

EVE = "3"


def blocked(*events: Event, calm: bool = False) -> list[Event]:
    """Ann blocks Eve from 6 to 7 and unblocks her from 20 to 21; post 30 is made from 8 to 9. Eve subscribes at 2."""
    sight = {"user": EVE, "other": ANN, "outcome": "done"}
    changes = [(True, 0.0, 0.0), (False, 6, 7), (True, 20, 21)]
    return [
        *[event | {"posts": ["30", *event["posts"]]} if event["e"] == "final feed" else event for event in base()],
        post("30", 8, 9), truth("30"),
        {"e": "see", "r": "ben", "t": 9, "kind": "created", "post": "30", "author": ANN, "text": "text 30"},
        *(sight | {"e": "sight", "follows": sees, "begin": begin, "end": end} for sees, begin, end in changes),
        *([{"e": "calm", "begin": 5.5, "end": 40}] if calm else []),
        {"e": "reader", "r": "eve", "user": EVE, "road": "watch"},
        watch(2, 2), *events,
    ]


def watch(t: float, begin: float, verdict: str = "live") -> Event:
    return {"e": "watch", "r": "eve", "t": t, "channel": "user:1", "author": ANN, "verdict": verdict, "begin": begin,
            "role": "realtime-0"}


def heard(id: str, t: float, text: str | None = None, kind: str = "created", name: str = "ann") -> Event:
    return {"e": "watch see", "r": "eve", "t": t, "channel": "user:1", "author": ANN, "kind": kind, "post": id,
            "text": text or f"text {id}", "handle": "ann", "display_name": name, "role": "realtime-0"}


def probe(begin: float, end: float, *ids: str, due: str | None = None, by: str = "sight", text: str = "") -> Event:
    return {"e": "probe", "by": by, "user": EVE, "other": ANN, "begin": begin, "end": end, "due": due,
            "posts": [[id, text or f"text {id}", "ann", "ann"] for id in ids]}


def fault(begin: float, end: float, target: str) -> list[Event]:
    return [{"e": "fault", "t": begin, "kind": "cut", "target": target},
            {"e": "fault ends", "t": end, "kind": "cut", "target": target}]


def edited(begin: float, end: float) -> Event:
    return {"e": "edit", "post": "10", "text": "text 10 | 1", "begin": begin, "end": end}


GOOD: dict[str, list[Event]] = {
    "told before": blocked(heard("10", 3), heard("20", 5)),
    "under way when it was hidden": blocked(heard("20", 7.9), calm=True),
    "under way behind a fault": blocked(heard("30", 14), *fault(6, 12, "realtime-0>redis")),
    "again, and asked again": blocked(watch(7.1, 7.1, "ended"), watch(21.5, 20.5), heard("30", 22)),
    "refused": blocked(watch(7.1, 7.1, "ended"), watch(8, 7.5, "refused")),
    "not shown": blocked(probe(8, 9), probe(22, 23, "30", due="30")),
    "a read whose next page has it": blocked(probe(22, 23, "30", due="10") | {"goes_on": True}),
    "a read in which it was hidden": blocked(probe(5, 7.5, "10", due="10"), probe(5, 7.5, due="10")),
}
BROKEN: dict[str, tuple[list[Event], str]] = {
    "a push a second later": (blocked(heard("20", 8.2), calm=True), "stranger"),
    "a push long after": (blocked(heard("20", 11)), "stranger"),
    "a push long after a fault": (blocked(heard("30", 19.9), *fault(5, 6.5, "redis")), "stranger"),
    "a push behind a fault elsewhere": (blocked(heard("30", 14), *fault(6, 12, "realtime-1")), "stranger"),
    "a subscription that was made since": (blocked(watch(8, 7.5), heard("30", 9)), "stranger"),
    "a subscription that had ended": (blocked(watch(7.1, 7.1, "ended"), heard("20", 7.2)), "stranger"),
    "a read": (blocked(probe(8, 9, "10")), "stranger"),
    "a read that lacks it": (blocked(probe(22, 23, due="30")), "missing"),
    "a page that lacks it": (blocked(probe(22, 23, "10", due="30") | {"goes_on": True}), "missing"),
    "a subscription that is refused": (blocked(watch(4, 3, "refused")), "missing"),
    "another text": (blocked(heard("10", 3, "other")), "invented"),
    "a post of nobody": (blocked(heard("99", 3)), "invented"),
    "a text of before": (blocked(edited(3, 4), probe(4.5, 5, "10")), "stale"),
    "an edit that is lost": ([*base(), edited(3, 4)], "lost"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_may_be_shown(name: str) -> None:
    assert not kinds(GOOD[name])


@pytest.mark.parametrize("name", BROKEN)
def test_what_must_not_be_shown(name: str) -> None:
    events, kind = BROKEN[name]
    assert kind in kinds(events)


def test_how_long_it_took() -> None:
    switch = {"e": "switch", "what": "block", "user": EVE, "other": ANN, "begin": 6, "end": 7, "pairs": [[EVE, ANN]]}
    report = check(blocked(heard("20", 7.25), switch, calm=True))
    assert report.times["block to last event"] == [0.25] and not report.findings


def accepted(*events: Event) -> list[Event]:
    switch = {"e": "switch", "what": "accept", "user": BEN, "other": ANN, "begin": 6, "end": 7, "pairs": []}
    return [*base(), {"e": "calm", "begin": 5, "end": 40}, switch, *events]


def test_an_accept_is_told() -> None:
    told = {"e": "changed", "r": "ben", "t": 7.5, "reason": "accept", "other": ANN}
    report = check(accepted(told))
    assert report.times["accept to feed.changed"] == [0.5] and not report.findings
    assert "missing" in kinds(accepted())
    assert "missing" in kinds(accepted(told | {"reason": "follow"}))


def shown_edit(*events: Event) -> list[Event]:
    """Post 20 is edited from 6 to 7."""
    edit = {"e": "edit", "post": "20", "text": "text 20 | 1", "begin": 6, "end": 7}
    stored = [event | ({"text": "text 20 | 1"} if event["e"] == "truth post" and event["post"] == "20" else {})
              for event in base()]
    return [*stored, edit, *events]


def test_an_edit_is_told() -> None:
    told = {"e": "see", "r": "ben", "t": 7.1, "kind": "updated", "post": "20", "author": ANN, "text": "text 20 | 1"}
    assert not kinds(shown_edit(told))
    assert kinds(shown_edit()) == {"missing"}
    assert "invented" in kinds(shown_edit(told | {"text": "text 20 | 2"}))
    assert "invented" in kinds(shown_edit(told, told | {"t": 5.5})), "before it was asked for"


def test_an_edit_is_told_on_a_channel() -> None:
    reader = {"e": "reader", "r": "channels 0", "user": BEN, "road": "channels"}
    conn = {"e": "channel conn", "r": "channels 0", "t": 1.7, "begin": 1.6, "author": ANN, "verdict": "live"}
    seen = [{"e": "channel see", "r": "channels 0", "t": float(at), "kind": kind, "post": id, "author": ANN, "by": ANN,
             "text": text, "at": at}
            for id, at, kind, text in (("10", 3, "created", "text 10"), ("20", 5, "created", "text 20"),
                                       ("20", 8, "updated", "text 20 | 1"))]
    told = {"e": "see", "r": "ben", "t": 7.1, "kind": "updated", "post": "20", "author": ANN, "text": "text 20 | 1"}
    assert not kinds(shown_edit(told, reader, conn, *seen))
    assert kinds(shown_edit(told, reader, conn, *seen[:2])) == {"missing"}


def renamed(shown: str) -> list[Event]:
    def name(value: str, begin: float, end: float) -> Event:
        return {"e": "rename", "user": ANN, "field": "display_name", "value": value, "begin": begin, "end": end}
    ann = name("ann", 0.0, 0.0)
    begins = {"e": "rename begins", "user": ANN, "field": "display_name", "value": "Ann", "begin": 3.2}
    history: list[Any] = [ann, begins, name("Ann", 3.2, 3.5)]
    return blocked(heard("20", 5, name=shown), *history)


def test_a_name_of_before_is_found() -> None:
    """Post 20 was begun at 4, when she had been renamed."""
    assert kinds(renamed("ann")) == {"stale"}
    assert not kinds(renamed("Ann"))
