"""What was done, as the writers know it, and what is true in the end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterable

INFINITY = float("inf")
HOLDING = {"pause", "pause long", "hold", "delay"}
PUSH_WITHIN = 3.0
"""Seconds within which a push that was let go has come, if nothing on its way is held."""
Event = dict[str, Any]


@dataclass
class Post:
    id: str
    author: str
    begin: float
    end: float = INFINITY
    """When its answer had come; infinity: never."""
    delete_begin: float = INFINITY
    delete_end: float = INFINITY


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

    def left_at(self, time: float) -> float:
        """The end of the last change before this time; 0 when there was none."""
        return max((end for begin, end, _ in self.changes if begin < time), default=0.0)


class Facts:
    """What was done, from the writers' side and the truth at the end."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.posts: dict[str, Post] = {}
        self.by_text: dict[str, Event] = {}
        self.edges: dict[tuple[str, str], Edge] = defaultdict(Edge)
        self.rest: list[Event] = []
        self.held: list[tuple[float, float, str]] = []
        """When a part of Martlet, or a road between two, was stopped, and which: what was on its way then came late."""
        self.faults: list[tuple[float, float, str]] = []
        """All of them: begin, end and target."""
        self.losses: list[float] = []
        """When Redis lost its data, and with it who has left whom lately."""
        begun: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.truth_posts: dict[str, Event] = {}
        self.truth_follows: dict[str, set[str]] = defaultdict(set)
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
                case "follow begins":
                    self.edges[event["user"], event["other"]].changes.append((event["begin"], INFINITY, event["follows"]))
                case "follow" if event["outcome"] == "done":
                    changes = self.edges[event["user"], event["other"]].changes
                    changes[-1] = (event["begin"], event["end"], event["follows"])
                case "fault":
                    begun[event["kind"], event["target"]].append(event["t"])
                    if event["kind"] == "kill redis":
                        self.losses.append(event["t"])
                case "fault ends":
                    fault = (begun[event["kind"], event["target"]].pop(0), event["t"], event["target"])
                    self.faults.append(fault)
                    if event["kind"] in HOLDING:
                        self.held.append(fault)
                case "truth post":
                    self.truth_posts[event["post"]] = event
                case "truth follow":
                    self.truth_follows[event["user"]].add(event["other"])
                case _:
                    self.rest.append(event)
        for truth in self.truth_posts.values():
            made = self.by_text.get(truth["text"])
            if made is not None:
                end = made["end"] if made["outcome"] == "done" else INFINITY
                self.posts[truth["post"]] = Post(truth["post"], truth["author"], made["begin"], end)
        for post, begin in delete_begins.items():
            if post in self.posts:
                self.posts[post].delete_begin = begin
        for event in pending:
            if event["outcome"] == "done" and event["post"] in self.posts:
                self.posts[event["post"]].delete_end = event["end"]

    def newer(self, post: Post, user: str) -> int:
        """How many posts are above this one in the user's feed, or have been."""
        return sum(
            int(other.id) > int(post.id) and (other.author == user or (user, other.author) in self.edges)
            for other in self.posts.values())

    def last_trouble(self, until: float, role: str) -> float:
        """When something was last wrong with this role, its links or PostgreSQL."""
        return max((
            min(end, until) for begin, end, target in self.faults
            if begin < until and (target in (role, "postgres") or role in target.split(">"))), default=-INFINITY)

    def was_held(self, since: float, until: float, by: tuple[str, ...]) -> bool:
        """May a push that was let go before `since` have been held until now, by these parts or their links? It was
        checked, stopped, and went on."""
        return any(
            begin < since + 1 and until - PUSH_WITHIN < end
            and any(part in target for part in by) and not target.endswith(">kafka")
            for begin, end, target in self.held)
