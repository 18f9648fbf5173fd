"""What was done, as the writers know it, and what is true in the end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterable

INFINITY = float("inf")
HOLDING = {"pause", "pause long", "hold", "delay"}
PUSH_WITHIN = 3.0
"""Seconds within which a push that was let go has come, if nothing on its way is held."""
CALM_WITHIN = 1.0
"""Seconds after a change of who sees whom, by which live clients are told what it hides no more: when nothing is broken."""
UNREAD_FOR = 30.0
"""Seconds behind which a post is surely read from the event log: it was not lost with a topic that was deleted later."""
FOUND_WITHIN = 120.0
"""Seconds within which a post that the event log has lost is in feeds, as docs/operate.md says."""
Event = dict[str, Any]
NAMES = ("handle", "display_name")


def unedited(text: str) -> str:
    """What a post was made with: an edit adds to it behind a bar."""
    return text.partition(" | ")[0]


@dataclass
class Post:
    id: str
    author: str
    begin: float
    end: float = INFINITY
    """When its answer had come; infinity: never."""
    delete_begin: float = INFINITY
    delete_end: float = INFINITY
    edits: list[Event] = field(default_factory=list)

    def has_been(self, text: str, now: float) -> Event | None:
        """The edit that made this text, if there was one by now."""
        return next((edit for edit in self.edits if edit["text"] == text and edit["begin"] <= now), None)


@dataclass
class Edge:
    """What is known of a follow: its changes in their order, each with begin and end."""

    changes: list[tuple[float, float, bool]] = field(default_factory=list)

    def surely_follows_from(self) -> float:
        """From when on it was followed and never left again; infinity: not so."""
        if not self.changes or not self.changes[-1][2]:
            return INFINITY
        return self.changes[-1][1]

    def changed_between(self, since: float, until: float) -> bool:
        """May anything have changed in this time?"""
        return any(end > since and begin < until for begin, end, _ in self.changes)

    def surely_left(self, since: float, until: float) -> bool:
        """Was it not followed at any moment of this time?"""
        before = [change for change in self.changes if change[0] < until]
        if not before:
            return True
        _, end, follows = before[-1]
        return not follows and end < since

    def surely_follows_during(self, since: float, until: float) -> bool:
        """At each moment of this time?"""
        before = [change for change in self.changes if change[0] < until]
        return bool(before) and before[-1][2] and before[-1][1] <= since

    def next_begin(self, time: float) -> float:
        return min((begin for begin, _, _ in self.changes if begin > time), default=INFINITY)

    def last_before(self, time: float) -> tuple[float, float]:
        """Begin and end of the last change before this time."""
        return next(((begin, end) for begin, end, _ in reversed(self.changes) if begin < time), (0.0, 0.0))

    def left_at(self, time: float) -> float:
        """The end of the last change before this time; 0 when there was none."""
        return max((end for begin, end, _ in self.changes if begin < time), default=0.0)


class Facts:
    """What was done, from the writers' side and the truth at the end."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.posts: dict[str, Post] = {}
        self.by_text: dict[str, Event] = {}
        self.edges: dict[tuple[str, str], Edge] = defaultdict(Edge)
        """By user and other: has the one's feed the other's posts?"""
        self.doubts: dict[tuple[str, str], Edge] = defaultdict(Edge)
        """Follows of users whose posts are in the feed anyway: what one brings there before its delivery is told by that."""
        self.sights: dict[tuple[str, str], Edge] = defaultdict(Edge)
        """Does the user see the other's posts? Of those about whom it is known."""
        self.switches: list[Event] = []
        self.names: dict[tuple[str, str], list[Event]] = defaultdict(list)
        """By user and field, in their order."""
        self.calm = (INFINITY, INFINITY)
        """When nothing was broken, and who sees whom still changed."""
        edits: dict[tuple[str, str], Event] = {}
        self.rest: list[Event] = []
        self.held: list[tuple[float, float, str]] = []
        """When a part of Martlet, or a road between two, was stopped, and which: what was on its way then came late."""
        self.faults: list[tuple[float, float, str]] = []
        """All of them: begin, end and target."""
        self.losses: list[float] = []
        """When Redis lost its data, or another layout began without it, and with it who has left whom lately."""
        self.log_losses: list[tuple[float, float]] = []
        """When the topics of posts were deleted, and when they surely had been made anew."""
        begun: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.truth_posts: dict[str, Event] = {}
        self.truth_follows: dict[str, set[str]] = defaultdict(set)
        self.truth_tags: dict[str, set[str]] = defaultdict(set)
        """By user, whose posts come into the feed by a hashtag that all of them have."""
        delete_begins: dict[str, float] = {}
        pending: list[Event] = []
        for event in events:
            match event["e"]:
                case "post":
                    self.by_text[event["text"]] = event
                case "delete begins":
                    delete_begins[event["post"]] = event["begin"]
                case "delete":
                    pending.append(event)
                case "follow begins" | "sight begins":
                    edges = self.edges if event["e"] == "follow begins" else self.sights
                    edges[event["user"], event["other"]].changes.append((event["begin"], INFINITY, event["follows"]))
                case "follow" | "sight" if event["outcome"] == "done":
                    changes = (self.edges if event["e"] == "follow" else self.sights)[event["user"], event["other"]].changes
                    if changes and changes[-1][:2] == (event["begin"], INFINITY):
                        changes.pop()
                    changes.append((event["begin"], event["end"], event["follows"]))
                case "doubt":
                    change = (event["begin"], event["end"], event["follows"])
                    self.doubts[event["user"], event["other"]].changes.append(change)
                case "switch":
                    self.switches.append(event)
                case "edit begins" | "edit":
                    edits[event["post"], event["text"]] = {"end": INFINITY} | event
                case "rename begins":
                    self.names[event["user"], event["field"]].append(event | {"end": INFINITY})
                case "rename":
                    self.names[event["user"], event["field"]][-1:] = [event]
                case "calm":
                    self.calm = (event["begin"], event["end"])
                case "fault":
                    begun[event["kind"], event["target"]].append(event["t"])
                    if event["kind"] in ("kill redis", "snapshot redis", "partitions"):
                        self.losses.append(event["t"])
                case "fault ends":
                    fault = (begun[event["kind"], event["target"]].pop(0), event["t"], event["target"])
                    self.faults.append(fault)
                    if event["kind"] == "delete topics":
                        self.log_losses.append((fault[0], fault[1] + 10))
                    if event["kind"] in HOLDING:
                        self.held.append(fault)
                case "truth post":
                    self.truth_posts[event["post"]] = event
                case "truth follow":
                    self.truth_follows[event["user"]].add(event["other"])
                case "truth tag follow":
                    self.truth_tags[event["user"]].add(event["other"])
                case _:
                    self.rest.append(event)
        for truth in self.truth_posts.values():
            made = self.by_text.get(unedited(truth["text"]))
            if made is not None:
                end = made["end"] if made["outcome"] == "done" else INFINITY
                self.posts[truth["post"]] = Post(truth["post"], truth["author"], made["begin"], end)
        for (post, _), edit in edits.items():
            if post in self.posts:
                self.posts[post].edits.append(edit)
        for post, begin in delete_begins.items():
            if post in self.posts:
                self.posts[post].delete_begin = begin
        for event in pending:
            if event["outcome"] == "done" and event["post"] in self.posts:
                self.posts[event["post"]].delete_end = event["end"]

    def followed_in_the_end(self, user: str) -> set[str]:
        """Whose posts are in the user's feed, beside the user's own."""
        return self.truth_follows[user] | self.truth_tags[user]

    def newer(self, post: Post, user: str) -> int:
        """How many posts are above this one in the user's feed, or have been."""
        return sum(
            int(other.id) > int(post.id) and (other.author == user or (user, other.author) in self.edges)
            for other in self.posts.values())

    def newer_of_author(self, post: Post) -> int:
        """How many posts are above this one in its author's list, or have been."""
        return sum(other.author == post.author and int(other.id) > int(post.id) for other in self.posts.values())

    def is_named(self, user: str, event: Event, since: float, until: float) -> bool:
        """Was the user called this, handle and name, at any moment of this time?"""
        return all(self._was(self.names.get((user, field), []), event[field], since, until) for field in NAMES)

    def _was(self, changes: list[Event], value: str | None, since: float, until: float) -> bool:
        ends = [change["end"] for change in changes[1:]] + [INFINITY]
        return not changes or value is None or any(
            change["value"] == value and change["begin"] <= until and since <= end for change, end in zip(changes, ends))

    def is_calm(self, since: float) -> bool:
        """Is nothing broken from then on, while who sees whom still changes?"""
        return self.calm[0] <= since <= self.calm[1]

    def trouble(self, since: float, until: float, *parts: str) -> float:
        """When something was last wrong in this time with one of these parts, by the beginnings of their names, or a road of
        theirs."""
        return max((
            min(end, until) for begin, end, target in self.faults
            if begin < until and end > since - 1 and any(part in target for part in parts)), default=-INFINITY)

    def last_trouble(self, until: float, role: str) -> float:
        """When something was last wrong with this role, its links or PostgreSQL."""
        return max((
            min(end, until) for begin, end, target in self.faults
            if begin < until and (target in (role, "postgres") or role in target.split(">"))), default=-INFINITY)

    def may_be_lost(self, post: Post, now: float) -> bool:
        """May the event log have lost it, and nobody found that yet? Its author's later posts go before it then."""
        return any(
            post.end > begin - UNREAD_FOR and post.begin < end and now < end + FOUND_WITHIN
            for begin, end in self.log_losses)

    def was_held(self, since: float, until: float, by: tuple[str, ...]) -> bool:
        """May a push that was let go before `since` have been held until now, by these parts or their links? It was
        checked, stopped, and went on."""
        return any(
            begin < since + 1 and until - PUSH_WITHIN < end
            and any(part in target for part in by) and not target.endswith(">kafka")
            for begin, end, target in self.held)
