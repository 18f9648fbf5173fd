"""May a reader have been told what it was told, and was it told all?"""

from __future__ import annotations

from collections import Counter

from facts import INFINITY, PUSH_WITHIN, Edge, Event, Facts, Post
from report import Report

BEHIND_REDIS = ("realtime", "api", "serve")
"""What a push passes after Redis: the node that holds the stream, or the process that answers a long poll."""
ON_THE_WAY = ("fanout", *BEHIND_REDIS)
WINDOW = 790
"""Entries that a live feed goes back at least: of what is further down, the end is a matter of pages."""


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
                    report.find("duplicate", f"{name} at {event['t']}: post {post.id} again")
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
