"""Holds a history against the promises. Knows nothing of how Martlet works.

    check.py HISTORY      prints what it finds, and ends with 1 if that is anything
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable

from history import read

INFINITY = float("inf")
HOLDING = {"pause", "pause long", "hold", "delay"}
BEHIND_REDIS = ("realtime", "api", "serve")
"""What a push passes after Redis: the node that holds the stream, or the process that answers a long poll."""
ON_THE_WAY = ("fanout", *BEHIND_REDIS)
WINDOW = 790
"""Entries that a live feed goes back at least: of what is further down, the end is a matter of pages."""
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


@dataclass
class Report:
    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def find(self, kind: str, text: str) -> None:
        self.kinds[kind] += 1
        if self.kinds[kind] <= 20:
            self.findings.append(f"{kind}: {text}")


class Facts:
    """What was done, from the writers' side and the truth at the end."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.posts: dict[str, Post] = {}
        self.by_text: dict[str, Event] = {}
        self.edges: dict[tuple[str, str], Edge] = defaultdict(Edge)
        self.rest: list[Event] = []
        self.held: list[tuple[float, float, str]] = []
        """When a part of Martlet, or a road between two, stood still, and which: what was on its way then came late."""
        self.losses: list[float] = []
        """When Redis lost its data, and with it who has left whom lately."""
        holding: dict[tuple[str, str], list[float]] = defaultdict(list)
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
                case "fault" if event["kind"] == "kill redis":
                    self.losses.append(event["t"])
                case "fault" if event["kind"] in HOLDING:
                    holding[event["kind"], event["target"]].append(event["t"])
                case "fault ends" if event["kind"] in HOLDING:
                    begin = holding[event["kind"], event["target"]].pop(0)
                    self.held.append((begin, event["t"], event["target"]))
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
        """How many posts stand above this one in the user's feed, or have stood there."""
        return sum(
            int(other.id) > int(post.id) and (other.author == user or (user, other.author) in self.edges)
            for other in self.posts.values())

    def was_held(self, since: float, until: float, by: tuple[str, ...]) -> bool:
        """May a push that was let go before `since` have been held until now, by these parts or their links? It was
        checked, stopped, and went on."""
        return any(
            begin < since + 1 and until - PUSH_WITHIN < end
            and any(part in target for part in by) and not target.endswith(">kafka")
            for begin, end, target in self.held)


def check(events: Iterable[Event]) -> Report:
    """All findings of one round."""
    report, facts = Report(), Facts(events)
    check_writes(facts, report)
    streams: dict[str, list[Event]] = defaultdict(list)
    readers: dict[str, Event] = {}
    for event in facts.rest:
        match event["e"]:
            case "bug":
                report.find("bad answer", f"at {event['t']}: {event['what']}")
            case "reader":
                readers[event["r"]] = event
            case "walk":
                check_walk(event, facts, report)
            case "final feed":
                check_final_feed(event, facts, report)
            case "final counters":
                check_counters(event, facts, report)
            case "truth crowd":
                report.counts["feed entries checked"] += event["entries"]
                if event["missing"]:
                    report.find("missing", f"{event['missing']} of {event['entries']} entries in the crowd's stored feeds")
            case "heard":
                report.counts["heard after a stampede"] += event["members"]
            case "deaf":
                report.find("missing", f"{event['r']}, connected, was not told of {event['post']} until {event['t']}")
            case "see" | "conn" | "reset" | "stream reset" | "pages":
                streams[event["r"]].append(event)
    for name, reader in readers.items():
        check_stream(reader, streams[name], facts, report)
    return report


def check_writes(facts: Facts, report: Report) -> None:
    texts = Counter(truth["text"] for truth in facts.truth_posts.values())
    for text, made in facts.by_text.items():
        report.counts[f"posts {made['outcome']}"] += 1
        stored = texts[text]
        if made["outcome"] == "done" and facts.truth_posts.get(made["post"], {}).get("text") != text:
            report.find("lost", f"post {made['post']} ({text!r}), acknowledged at {made['end']}, is not in the database")
        if made["outcome"] == "refused" and stored:
            report.find("refused but done", f"post {text!r} was answered {made['status']} and is in the database")
        if stored > 1:
            report.find("double write", f"post {text!r} is there {stored} times")
    for text in texts.keys() - facts.by_text.keys():
        report.find("invented", f"post {text!r} was never asked for")
    for post in facts.posts.values():
        is_deleted = facts.truth_posts[post.id]["deleted"]
        if post.delete_end < INFINITY and not is_deleted:
            report.find("lost", f"the deletion of {post.id}, acknowledged at {post.delete_end}")
        if post.delete_begin == INFINITY and is_deleted:
            report.find("invented", f"nobody deleted {post.id}")
    for (user, other), edge in facts.edges.items():
        _, end, follows = edge.changes[-1]
        if end < INFINITY and (other in facts.truth_follows[user]) != follows:
            report.find("lost", f"{user} {'follows' if follows else 'left'} {other}, acknowledged at {end}")


def check_stream(reader: Event, stream: list[Event], facts: Facts, report: Report) -> None:
    """One reader's life: nothing twice, each author in order, nothing that is not the reader's, and all of it."""
    name, user = reader["r"], reader["user"]
    view: set[str] = set()
    following: set[str] = set()
    """Of the view, what the stream has told or begins behind: it must tell its end, too."""
    told: set[str] = set()
    newest_begin: dict[str, tuple[float, str]] = {}
    connected = 0.0
    verdicts: Counter[str] = Counter()
    for event in stream:
        match event["e"]:
            case "conn":
                # A Redis that lost its data knows no position.
                is_excused = any(connected <= loss <= event["t"] for loss in facts.losses)
                verdicts["excused" if event["verdict"] == "reset" and is_excused else event["verdict"]] += 1
                connected = event["begin"]
                report.counts[f"{event['verdict']}: {reader['road']}"] += 1
            case "reset":
                view, told, newest_begin = set(event["first"] + event["rest"]), set(event["first"]), {}
                following = set(view)
            case "stream reset":
                following, told, newest_begin = set(), set(), {}
            case "pages":
                view |= set(event["first"] + event["rest"])
            case "see" if event["kind"] == "deleted":
                report.counts["deletions told"] += event["post"] in following
                view.discard(event["post"])
                following.discard(event["post"])
                report.counts["events seen"] += 1
            case "see":
                report.counts["events seen"] += 1
                post = facts.posts.get(event["post"])
                if post is None:
                    report.find("invented", f"{name} at {event['t']}: post {event['post']}, which is not in the database")
                    continue
                if event["author"] != post.author or event["text"] != facts.truth_posts[post.id]["text"]:
                    report.find("invented", f"{name} at {event['t']}: {post.id} with the text or author of another post")
                edge = facts.edges.get((user, post.author))
                check_sight(name, user, event, post, edge, connected, facts, report)
                view.add(post.id)
                following.add(post.id)
                if edge is not None and edge.changed_between(post.begin, event["t"]):
                    continue  # it left the feed and came back, or was on its way when the follow was made
                if post.id in told:
                    report.find("double", f"{name} at {event['t']}: post {post.id} again")
                told.add(post.id)
                begin, later = newest_begin.get(post.author, (0.0, ""))
                if begin > post.end:
                    report.find(
                        "out of order", f"{name} at {event['t']}: {post.id} (done at {post.end}) after {later}, which "
                        f"was begun at {begin}")
                if post.begin >= begin:
                    newest_begin[post.author] = (post.begin, post.id)
    if not verdicts:
        report.find("bad answer", f"{name} was never connected")
    if verdicts["reset"] > 5 and not verdicts["resumed"]:
        report.find("bad answer", f"{name} came back {verdicts['reset']} times and never resumed")
    for post in facts.posts.values():
        edge = facts.edges.get((user, post.author))
        follows_from = 0.0 if post.author == user else edge.surely_follows_from() if edge else INFINITY
        if post.begin > follows_from and not facts.truth_posts[post.id]["deleted"]:
            report.counts["deliveries checked"] += 1
            if post.id not in view and post.delete_begin == INFINITY:
                report.find("missing", f"{name} never saw {post.id} of {post.author}, begun at {post.begin}")
        is_steady = edge is None or not edge.changed_between(post.begin, INFINITY)
        if post.id in following and post.delete_end < INFINITY and is_steady and facts.newer(post, user) < WINDOW:
            report.find("missing", f"{name} was never told that {post.id} was deleted at {post.delete_end}")


def check_sight(
    name: str, user: str, event: Event, post: Post, edge: Edge | None, connected: float, facts: Facts, report: Report
) -> None:
    """May this reader see this post, on this connection? What had ended before the post began or the connection was
    opened must not come; what ends meanwhile may be on its way from Redis to the reader. What a fault has held since may
    come in two cases: a deletion is asked for before the delivery, and whom a user has left is known to Redis alone."""
    now = event["t"]
    if post.author != user:
        if edge is None:
            report.find("stranger", f"{name} at {now}: post {post.id} of {post.author}, whom {user} never followed")
        elif is_too_late(post, edge, connected, now, facts):
            report.find("stranger", f"{name} at {now}: post {post.id} of {post.author}, whom {user} had left")
    if post.delete_end < max(connected, now - PUSH_WITHIN) and not facts.was_held(post.delete_end, now, ON_THE_WAY):
        report.find("ghost", f"{name} at {now}: post {post.id}, deleted at {post.delete_end}")


def is_too_late(post: Post, edge: Edge, connected: float, now: float, facts: Facts) -> bool:
    """Had the reader left the author for so long that nobody may have told this any more?"""
    left = edge.left_at(now)
    had_left = edge.surely_left(max(post.begin, connected), now) or (
        edge.surely_left(now - PUSH_WITHIN, now) and not facts.was_held(left, now, BEHIND_REDIS))
    is_forgotten = (
        post.begin < left and facts.was_held(left, now, ON_THE_WAY) and any(post.begin < loss < now for loss in facts.losses))
    return had_left and not is_forgotten


def check_walk(walk: Event, facts: Facts, report: Report) -> None:
    """The pages of one walk: nothing twice, newest first, no hole in what an author has posted, no ghosts."""
    report.counts["page walks"] += 1
    user, name = walk["user"], walk["r"]
    ids = [post for _, _, page in walk["pages"] for post in page]
    began, ended = walk["pages"][0][0], walk["pages"][-1][1]
    if len(set(ids)) != len(ids):
        report.find("double", f"{name}: a walk of {user} at {began} shows {len(ids) - len(set(ids))} posts twice")
    if any(int(a) <= int(b) for a, b in zip(ids, ids[1:])):
        report.find("out of order", f"{name}: a walk of {user} at {began} is not newest first")
    newest: dict[str, Post] = {}
    for begin, end, page in walk["pages"]:
        for post in map(facts.posts.get, page):
            if post is None:
                report.find("invented", f"{name}: a walk of {user} at {begin} shows an unknown post")
                continue
            if post.delete_end < begin:
                report.find("ghost", f"{name}: a walk of {user} at {begin} shows {post.id}, deleted at {post.delete_end}")
            edge = facts.edges.get((user, post.author))
            if post.author != user and (edge is None or edge.surely_left(begin, end)):
                report.find("stranger", f"{name}: a walk of {user} at {begin} shows {post.id} of {post.author}")
            newest.setdefault(post.author, post)
    shown = set(ids)
    for post in facts.posts.values():
        latest = newest.get(post.author)
        if latest is None or post.id in shown or post.end >= latest.begin or int(post.id) > int(latest.id):
            continue
        edge = facts.edges.get((user, post.author))
        follows = post.author == user or (edge is not None and edge.surely_follows_from() < began)
        if follows and post.delete_begin > ended:
            report.find("hole", f"{name}: a walk of {user} at {began} shows {latest.id} and not {post.id} before it")


def check_final_feed(event: Event, facts: Facts, report: Report) -> None:
    """When all is quiet, a feed is just what the truth says."""
    authors = facts.truth_follows[event["user"]] | {event["user"]}
    wanted = {id for id, post in facts.truth_posts.items() if post["author"] in authors and not post["deleted"]}
    got = event["posts"]
    if len(got) != len(set(got)):
        report.find("double", f"the feed of {event['user']} at the end shows posts twice")
    if sorted(got, key=int, reverse=True) != got:
        report.find("out of order", f"the feed of {event['user']} at the end is not newest first")
    for post in sorted(wanted - set(got), key=int)[:5]:
        report.find("missing", f"the feed of {event['user']} at the end lacks {post} ({len(wanted - set(got))} in all)")
    for post in sorted(set(got) - wanted, key=int)[:5]:
        report.find("stranger", f"the feed of {event['user']} at the end shows {post}")
    report.counts["feed entries checked"] += len(got)


def check_counters(event: Event, facts: Facts, report: Report) -> None:
    user = event["user"]
    counted = {
        "following": len(facts.truth_follows[user]),
        "followers": sum(user in others for others in facts.truth_follows.values()),
        "posts": sum(post["author"] == user and not post["deleted"] for post in facts.truth_posts.values()),
    }
    for name, count in counted.items():
        report.counts["counters checked"] += 1
        if event[name] != count:
            report.find("wrong counter", f"{name} of {user} is {event[name]}, counted {count}")


if __name__ == "__main__":
    result = check(read(Path(sys.argv[1])))
    print("\n".join(result.findings) or "no findings")
    print(dict(sorted(result.counts.items())))
    sys.exit(bool(result.findings))
