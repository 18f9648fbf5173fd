"""The checker finds what it is for, in histories of a few lines. `pytest Tests/Torture`."""

from __future__ import annotations

from typing import Any

import pytest

from check import check

Event = dict[str, Any]
ANN, BEN = "1", "2"


def base() -> list[Event]:
    """Ben follows Ann from 1 on; Ann posts 10 and 20; Ben's stream shows both."""
    return [
        {"e": "reader", "r": "ben", "user": BEN, "road": "sse"},
        {"e": "follow begins", "user": BEN, "other": ANN, "follows": True, "begin": 0.5},
        {"e": "follow", "user": BEN, "other": ANN, "follows": True, "begin": 0.5, "end": 1, "outcome": "done"},
        post("10", 2, 3), post("20", 4, 5),
        {"e": "reset", "r": "ben", "t": 1.5, "first": [], "rest": []},
        {"e": "conn", "r": "ben", "t": 1.6, "begin": 1.5, "verdict": "resumed"},
        see("10", 3), see("20", 5),
        truth("10"), truth("20"),
        {"e": "truth follow", "user": BEN, "other": ANN},
        {"e": "final feed", "user": BEN, "posts": ["20", "10"]},
        {"e": "final counters", "user": BEN, "followers": 0, "following": 1, "posts": 0},
    ]


def post(id: str, begin: float, end: float, outcome: str = "done", status: int = 201) -> Event:
    return {"e": "post", "user": ANN, "text": f"text {id}", "begin": begin, "end": end, "outcome": outcome,
            "post": id if outcome == "done" else None, "status": status}


def see(id: str, t: float) -> Event:
    return {"e": "see", "r": "ben", "t": t, "kind": "created", "post": id, "author": ANN, "text": f"text {id}"}


def truth(id: str, deleted: bool = False) -> Event:
    return {"e": "truth post", "post": id, "author": ANN, "deleted": deleted, "text": f"text {id}"}


def without(kind: str, value: str) -> list[Event]:
    return [event for event in base() if not (event["e"] == kind and value in event.values())]


def kinds(events: list[Event]) -> set[str]:
    return set(check(events).kinds)


def test_a_good_history_has_no_finding() -> None:
    report = check(base())
    assert not report.findings
    assert report.counts["deliveries checked"] == 2


@pytest.mark.parametrize("keeps, deleted, shown, found", [
    (True, False, ["10"], set()), (True, False, [], {"wrong bookmark"}), (False, False, [], set()),
    (False, False, ["10"], {"wrong bookmark"}), (True, True, [], set()), (True, True, ["10"], {"wrong bookmark"}),
    (True, False, ["10", "20"], {"wrong bookmark"}), (True, False, ["10", "10"], {"duplicate"}),
])
def test_bookmarks(keeps: bool, deleted: bool, shown: list[str], found: set[str]) -> None:
    events = [
        {"e": "bookmark", "user": BEN, "post": "10", "keeps": not keeps, "outcome": "done"},
        {"e": "bookmark", "user": BEN, "post": "10", "keeps": keeps, "outcome": "done"},
        {"e": "final bookmarks", "user": BEN, "posts": shown},
    ]
    if deleted:
        events = [truth("10", True), {"e": "delete begins", "post": "10", "begin": 6},
                  {"e": "delete", "post": "10", "user": ANN, "begin": 6, "end": 7, "outcome": "done"}, *events]
    history = [event for event in base() if not (deleted and event["e"] == "truth post" and event["post"] == "10")]
    assert kinds(history + events) & {"wrong bookmark", "duplicate"} == found


def swapped() -> list[Event]:
    events = base()
    first, second = (index for index, event in enumerate(events) if event["e"] == "see")
    events[first], events[second] = events[second], events[first]
    return events


def left_before_the_post() -> list[Event]:
    change = {"user": BEN, "other": ANN, "follows": False, "begin": 1.1}
    return [*not_followed_at_the_end(), {"e": "follow begins"} | change,
            {"e": "follow"} | change | {"end": 1.2, "outcome": "done"}]


def not_followed_at_the_end() -> list[Event]:
    return [event | {"posts": []} if event["e"] == "final feed" else event for event in without("truth follow", ANN)]


BROKEN: dict[str, tuple[list[Event], str]] = {
    "an acknowledged post is not stored": (without("truth post", "20"), "lost"),
    "an acknowledgement names another post": (
        [event | ({"post": "10"} if event.get("text") == "text 20" and event["e"] == "post" else {}) for event in base()],
        "lost"),
    "a stream shows another text": (
        [event | ({"text": "text 10"} if event["e"] == "see" else {}) for event in base()], "invented"),
    "a reader never gets in": (
        [event for event in base() if event["e"] not in ("conn", "see")], "bad answer"),
    "a reader never resumes": (
        [*base(), {"e": "reader", "r": "eve", "user": "3", "road": "sse"},
         *({"e": "conn", "r": "eve", "t": t, "begin": t, "verdict": "reset"} for t in range(6))], "bad answer"),
    "a client that came back is told nothing": ([*base(), {"e": "deaf", "r": "ben", "t": 9, "post": "20"}], "missing"),
    "a stored feed of the crowd lacks a post": ([*base(), {"e": "truth crowd", "entries": 2, "missing": 1}], "missing"),
    "a refused post is stored": ([*base(), post("30", 6, 7, "refused", 400), truth("30")], "refused but done"),
    "a post is stored twice": ([*base(), truth("20") | {"post": "21"}], "duplicate write"),
    "a post that nobody made": ([*base(), truth("40")], "invented"),
    "a stream lacks a post": (without("see", "10"), "missing"),
    "a stream shows a post twice": ([*base(), see("20", 6)], "duplicate"),
    "a page and the stream show a post": (
        [event | ({"first": ["10"]} if event["e"] == "reset" else {}) for event in base()], "duplicate"),
    "an author's posts are swapped": (swapped(), "out of order"),
    "a post of somebody who was left": (left_before_the_post(), "stranger"),
    "a feed lacks a post": (
        [event | ({"posts": ["20"]} if event["e"] == "final feed" else {}) for event in base()], "missing"),
    "a feed is not newest first": (
        [event | ({"posts": ["10", "20"]} if event["e"] == "final feed" else {}) for event in base()], "out of order"),
    "a counter is wrong": (
        [event | ({"following": 2} if event["e"] == "final counters" else {}) for event in base()], "wrong counter"),
    "a server error": ([*base(), {"e": "bug", "t": 1, "what": "500"}], "bad answer"),
    "a walk with a gap": (
        [*base(), {"e": "walk", "r": "w", "user": BEN, "pages": [[6, 7, ["20"]]]}], "gap"),
    "a walk that shows a post twice": (
        [*base(), {"e": "walk", "r": "w", "user": BEN, "pages": [[6, 7, ["20", "10"]], [7, 8, ["10"]]]}], "duplicate"),
    "a walk of a stranger's posts": (
        [*base(), {"e": "walk", "r": "w", "user": "3", "pages": [[6, 7, ["20"]]]}], "stranger"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str) -> None:
    events, kind = BROKEN[name]
    assert kind in kinds(events)


def lost_by_the_log(begin: float, found: float) -> list[Event]:
    """The topics go at 2.5; the first post, begun so soon, is told so late, behind the second, and was missing in a walk."""
    posts = {"10": post("10", begin, begin + 1), "20": post("20", begin + 2, begin + 3)}
    return [
        *(posts[event["post"]] if event["e"] == "post" else event for event in base() if event["e"] != "see"),
        see("20", begin + 3), see("10", found),
        {"e": "walk", "r": "w", "user": BEN, "pages": [[found - 1, found - 0.5, ["20"]]]},
        {"e": "fault", "t": 2.5, "kind": "delete topics", "target": "kafka"},
        {"e": "fault ends", "t": 2.6, "kind": "delete topics", "target": "kafka"},
    ]


def test_what_the_event_log_has_lost_may_come_late_for_two_minutes() -> None:
    assert not kinds(lost_by_the_log(2, 90))
    assert kinds(lost_by_the_log(2, 140)) == {"gap", "out of order"}
    assert kinds(lost_by_the_log(40, 90)) == {"gap", "out of order"}


def deleted(see_at: float, connected: float, held: bool = False) -> list[Event]:
    """Post 30 is deleted at 7; Ben's connection of that moment shows it."""
    return [
        *base(), post("30", 6, 6.5), truth("30", deleted=True),
        {"e": "delete begins", "post": "30", "begin": 6.8},
        {"e": "delete", "user": ANN, "post": "30", "begin": 6.8, "end": 7, "outcome": "done", "status": 204},
        *([{"e": "fault", "t": 6.9, "kind": "pause", "target": "fanout-0"},
           {"e": "fault ends", "t": see_at - 0.1, "kind": "pause", "target": "fanout-0"}] if held else []),
        {"e": "conn", "r": "ben", "t": connected, "begin": connected, "verdict": "resumed"},
        see("30", see_at),
    ]


def test_a_deleted_post_may_be_on_its_way() -> None:
    assert "ghost" not in kinds(deleted(7.1, connected=6.9))
    assert "ghost" not in kinds(deleted(8.0, connected=7.9)), "and come to who has just connected"


def test_a_deleted_post_on_a_later_connection_is_found() -> None:
    assert "ghost" in kinds(deleted(30, connected=20))
    assert "ghost" in kinds(deleted(8.5, connected=8.4))


def test_what_a_fault_held_since_may_come_when_it_ends() -> None:
    assert "ghost" not in kinds(deleted(30, connected=20, held=True))


def test_the_end_of_a_post_is_told_to_who_was_shown_it() -> None:
    shown = deleted(6.6, connected=1.6)
    assert "missing" in kinds(shown)
    assert "missing" not in kinds([*shown, {"e": "see", "r": "ben", "t": 7.1, "kind": "deleted", "post": "30"}])


def test_a_post_that_was_long_deleted_is_found_on_an_old_connection() -> None:
    assert "ghost" in kinds(deleted(11, connected=1.6))


def test_a_post_that_was_shown_twice_before_its_author_was_left_is_found() -> None:
    assert "duplicate" in kinds([*left(6.8), see("10", 5.5)])


def left(see_at: float, held: str | None = None) -> list[Event]:
    """Post 30 begins at 6, Ben leaves Ann at 7, and his connection, opened long before, shows the post."""
    change = {"user": BEN, "other": ANN, "follows": False, "begin": 6.9}
    return [
        *not_followed_at_the_end(), post("30", 6, 6.5), truth("30"),
        {"e": "follow begins"} | change, {"e": "follow"} | change | {"end": 7, "outcome": "done"},
        *([{"e": "fault", "t": 6.8, "kind": "hold", "target": held},
           {"e": "fault ends", "t": see_at - 0.1, "kind": "hold", "target": held}] if held else []),
        see("30", see_at),
    ]


def test_a_post_of_somebody_who_was_just_left_may_be_on_its_way() -> None:
    assert "stranger" not in kinds(left(8))
    assert "stranger" not in kinds(left(13, held="realtime-0>redis"))


def test_a_delivery_that_was_held_while_its_reader_left_is_found() -> None:
    assert "stranger" in kinds(left(13))
    assert "stranger" in kinds(left(13, held="fanout-0>redis"))


def test_an_unanswered_write_may_have_happened_or_not() -> None:
    assert not kinds([*base(), post("30", 6, 7, "unknown", 0)])
    assert not kinds([*without("final feed", BEN), post("30", 6, 7, "unknown", 0), truth("30"), see("30", 8)])


def ended_session(told: list[float], gone: float, trouble: str | None = None) -> list[Event]:
    """One at realtime-0 that is ended at 10, with something wrong from 12 to 14."""
    return [
        *base(),
        *([{"e": "fault", "t": 12, "kind": "refuse", "target": trouble},
           {"e": "fault ends", "t": 14, "kind": "refuse", "target": trouble}] if trouble else []),
        {"e": "ended session", "r": "guest", "user": BEN, "road": "sse", "role": "realtime-0", "end": 10, "told": told,
         "gone": gone},
    ]


def test_what_is_under_way_when_a_session_ends_may_come() -> None:
    assert not kinds(ended_session([9.8, 10.2], 10.3))


def test_who_listens_on_after_a_log_out_is_found() -> None:
    assert "overheard" in kinds(ended_session([10.2, 13.5], 13.6))
    assert "overheard" in kinds(ended_session([10.2, 13.5], 13.6, trouble="realtime-1>postgres"))
    assert "overheard" in kinds(ended_session([], 30)), "a connection that stays open"
    assert "overheard" in kinds(ended_session([], 30, trouble="postgres")), "long after a fault"


@pytest.mark.parametrize("trouble", ["postgres", "realtime-0", "realtime-0>postgres", "client>realtime-0"])
def test_a_log_out_that_could_not_be_heard_of_is_heard_of_later(trouble: str) -> None:
    assert not kinds(ended_session([16], 20, trouble=trouble))


def channel(*events: Event) -> list[Event]:
    """Ben subscribed to Ann's channel at 1.7, before both posts."""
    reader = {"e": "reader", "r": "channels 0", "user": BEN, "road": "channels"}
    return [*base(), reader, channel_conn(1.7, "live"), *events]


def channel_conn(t: float, verdict: str) -> Event:
    return {"e": "channel conn", "r": "channels 0", "t": t, "begin": t - 0.1, "author": ANN, "verdict": verdict}


def channel_see(id: str, t: float, at: int, text: str | None = None) -> Event:
    return {"e": "channel see", "r": "channels 0", "t": t, "kind": "created", "post": id, "author": ANN, "by": ANN,
            "text": text or f"text {id}", "at": at}


def channel_end(id: str, t: float, at: int) -> Event:
    return {"e": "channel see", "r": "channels 0", "t": t, "kind": "deleted", "post": id, "author": ANN, "at": at}


CHANNELS = {
    "all of it": (channel(channel_see("10", 3, 5), channel_see("20", 5, 6)), set()),
    "over a lost connection": (
        channel(channel_see("10", 3, 5), channel_conn(4, "resumed"), channel_see("20", 5, 6)), set()),
    "what was before a reset": (channel(channel_conn(3.9, "reset"), channel_see("20", 5, 6)), set()),
    "again after a reset": (
        channel(channel_see("10", 3, 5), channel_conn(3.9, "reset"), channel_see("10", 4, 5), channel_see("20", 5, 6)), set()),
    "the last is missing": (channel(channel_see("10", 3, 5)), {"missing"}),
    "one is left out": (channel(channel_see("20", 5, 6)), {"gap"}),
    "one is left out while away": (channel(channel_conn(3.5, "resumed"), channel_see("20", 5, 6)), {"gap"}),
    "one comes twice": (channel(channel_see("10", 3, 5), channel_see("10", 4, 6), channel_see("20", 5, 7)), {"duplicate"}),
    "they are swapped": (channel(channel_see("20", 5, 5), channel_see("10", 5.1, 6)), {"gap", "duplicate"}),
    "positions go back": (channel(channel_see("10", 3, 5), channel_see("20", 5, 4)), {"out of order"}),
    "another text": (channel(channel_see("10", 3, 5, "other"), channel_see("20", 5, 6)), {"invented"}),
    "an end that nobody asked for": (
        channel(channel_see("10", 3, 5), channel_see("20", 5, 6), channel_end("20", 6, 7)), {"invented"}),
    "a post that nobody made": (
        channel(channel_see("10", 3, 5), channel_see("20", 5, 6), channel_see("30", 6, 7)), {"invented"}),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_what_subscribers_of_channels_are_told(name: str) -> None:
    events, found = CHANNELS[name]
    assert kinds(events) == found


def test_the_end_of_a_post_is_told_on_its_authors_channel() -> None:
    """Once, and not left out."""
    deletion = [
        post("30", 6, 6.5), truth("30", deleted=True), {"e": "delete begins", "post": "30", "begin": 6.8},
        {"e": "delete", "user": ANN, "post": "30", "begin": 6.8, "end": 7, "outcome": "done", "status": 204}]
    seen = [channel_see("10", 3, 5), channel_see("20", 5, 6), channel_see("30", 6.6, 7)]
    assert not kinds([*channel(*seen, channel_end("30", 7, 8)), *deletion])
    assert not kinds([*channel(*seen[:2]), *deletion])
    assert kinds([*channel(*seen), *deletion]) == {"missing"}
    assert kinds([*channel(*seen, channel_end("30", 7, 8), channel_end("30", 7, 9)), *deletion]) == {"duplicate"}


PUSHES = {"e": "pushes", "waiting": 0, "lost": [], "unsent": [], "received": 5, "again": 1, "states": {"delivered": "4"}}


@pytest.mark.parametrize(("event", "found"), [
    (PUSHES, set()), (PUSHES | {"waiting": 1}, {"lost"}), (PUSHES | {"lost": ["1|follow"]}, {"lost"}),
    (PUSHES | {"unsent": ["msg_1_2"]}, {"lost"}),
    ({"e": "final inbox", "user": ANN, "groups": 3, "listed": 2, "unread": 2}, set()),
    ({"e": "final inbox", "user": ANN, "groups": 3, "listed": 2, "unread": 3}, {"wrong counter"}),
    ({"e": "inbox looks", "count": 7}, set()),
    ({"e": "inbox look", "user": ANN, "listed": 2, "unread": 1}, {"wrong counter"}),
    ({"e": "wrong cause", "what": "missing", "cause": "1|2"}, {"notification"}),
])
def test_notifications_and_pushes(event: Event, found: set[str]) -> None:
    assert kinds([*base(), event]) == found
