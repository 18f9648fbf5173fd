"""May a reader have been told what it was told, and was it told all?"""

from __future__ import annotations

from collections import Counter

from facts import CALM_WITHIN, INFINITY, NAMES, PUSH_WITHIN, Edge, Event, Facts, Post, unedited
from report import Report

BEHIND_REDIS = ("realtime", "api", "serve")
"""What a push passes after Redis: the node that holds the stream, or the process that answers a long poll."""
ON_THE_WAY = ("fanout", *BEHIND_REDIS)
WINDOW = 790
"""Entries that a live feed goes back at least: of what is further down, the end is a matter of pages."""
BACKFILL = 45
"""Posts of an author that a follow brings into it at least."""


def check_stream(reader: Event, stream: list[Event], facts: Facts, report: Report) -> None:
    """One reader's life: nothing twice, each author in order, nothing that is not the reader's, and all of it."""
    life = Stream(reader, facts, report)
    for event in stream:
        life.take(event)
    life.end()


class Stream:
    def __init__(self, reader: Event, facts: Facts, report: Report) -> None:
        self.name, self.user, self.road, self.facts, self.report = (
            reader["r"], reader["user"], reader["road"], facts, report)
        self.view: set[str] = set()
        self.following: set[str] = set()
        """Of the view, what the stream has told or begins behind: it must tell its end, too."""
        self.told: set[str] = set()
        self.newest_begin: dict[str, tuple[float, str]] = {}
        """Of each author's posts that were told: the latest beginning, and whose it is."""
        self.connected = 0.0
        self.since = 0.0
        """When its pages had been read last."""
        self.texts: dict[str, str] = {}
        """What it has shown of posts."""
        self.verdicts: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        match event["e"]:
            case "conn":
                self.connect(event)
            case "reset":
                self.check_pages(event)
                self.since = event["t"]
                self.view, self.told = set(event["first"] + event["rest"]), set(event["first"])
                self.following, self.newest_begin = set(self.view), {}
            case "stream reset":
                self.following, self.told, self.newest_begin = set(), set(), {}
            case "pages":
                self.check_pages(event)
                self.view |= set(event["first"] + event["rest"])
            case "see" if event["kind"] == "updated":
                self.report.counts["events seen"] += 1
                self.update(event)
            case "see" if event["kind"] == "deleted":
                self.report.counts["events seen"] += 1
                self.report.counts["deletions told"] += event["post"] in self.following
                self.view.discard(event["post"])
                self.following.discard(event["post"])
            case "see":
                self.report.counts["events seen"] += 1
                self.see(event)

    def connect(self, event: Event) -> None:
        # A Redis that lost its data knows no position.
        is_excused = any(self.connected <= loss <= event["t"] for loss in self.facts.losses)
        self.verdicts["excused" if event["verdict"] == "reset" and is_excused else event["verdict"]] += 1
        self.connected = event["begin"]
        self.report.counts[f"{event['verdict']}: {self.road}"] += 1

    def see(self, event: Event) -> None:
        """A post."""
        now, post = event["t"], self.facts.posts.get(event["post"])
        if post is None:
            return self.find("invented", now, f"post {event['post']}, which is not in the database")
        edge = self.facts.edges.get((self.user, post.author))
        self.check_content(post, event, post.begin)
        self.check_right(post, edge, post.begin, now)
        self.view.add(post.id)
        self.following.add(post.id)
        # Or else it left the feed and came back, or was on its way when the follow was made.
        edges = (edge, self.facts.doubts.get((self.user, post.author)))
        if not any(one is not None and one.changed_between(post.begin, now) for one in edges):
            self.check_turn(post, now)

    def update(self, event: Event) -> None:
        """An edit. Who was away is told of it alone, with the whole post: it shows what it did not show before."""
        now, post = event["t"], self.facts.posts.get(event["post"])
        edit = post.has_been(event["text"], now) if post else None
        if post is None or edit is None:
            return self.find("invented", now, f"an edit of {event['post']} to {event['text']!r}, which nobody made")
        self.report.counts["edits told"] += 1
        self.check_content(post, event, edit["begin"])
        self.check_right(post, self.facts.edges.get((self.user, post.author)), edit["begin"], now)
        self.view.add(post.id)
        self.following.add(post.id)

    def check_content(self, post: Post, event: Event, since: float) -> None:
        """Text, author and names are those of the post, then or since."""
        now, text = event["t"], event["text"]
        is_text = text == unedited(self.facts.truth_posts[post.id]["text"]) or post.has_been(text, now)
        if event["author"] != post.author or not is_text:
            self.find("invented", now, f"{post.id} with the text or author of another post")
        elif not self.facts.is_named(post.author, {field: event.get(field) for field in NAMES}, since, now):
            self.find("stale", now, f"{post.id}, begun at {post.begin}, with a name that its author had not then")
        self.texts[post.id] = text

    def check_pages(self, event: Event) -> None:
        """What was read before it went live."""
        begin = event.get("begin", event["t"])
        for post in map(self.facts.posts.get, event["first"] + event["rest"]):
            if post is None or post.author == self.user:
                continue
            self.report.counts["entries read and checked"] += 1
            edge = self.facts.edges.get((self.user, post.author))
            if edge is None or edge.surely_left(begin, event["t"]):
                self.find("stranger", event["t"], f"a page, asked for at {begin}, with {post.id} of {post.author}")

    def check_right(self, post: Post, edge: Edge | None, begin: float, now: float) -> None:
        """May this reader see this event, which began then, on this connection? What had ended before it began or the
        connection was opened must not come; what ends meanwhile may be on its way from Redis to the reader. What a fault
        has held since may come in two cases: a deletion is asked for before the delivery, and whom a user has left is known
        to Redis alone."""
        if post.author != self.user:
            if edge is None:
                self.find("stranger", now, f"post {post.id} of {post.author}, whom {self.user} never followed")
            elif self.is_too_late(begin, edge, now):
                self.find("stranger", now, f"post {post.id} of {post.author}, whom {self.user} had left")
        was_held = self.facts.was_held(post.delete_end, now, ON_THE_WAY)
        # What was let go before still comes to who has connected since, but to nobody who reads.
        if post.delete_end < max(self.connected - CALM_WITHIN, now - PUSH_WITHIN) and not was_held:
            self.find("ghost", now, f"post {post.id}, deleted at {post.delete_end}")

    def is_too_late(self, event_begin: float, edge: Edge, now: float) -> bool:
        """Had the reader left the author for so long that nobody may have told this any more?"""
        facts, (began, left) = self.facts, edge.last_before(now)
        within = CALM_WITHIN if facts.is_calm(began) else PUSH_WITHIN
        had_left = edge.surely_left(max(event_begin, self.connected), now) or (
            edge.surely_left(now - within, now) and not facts.was_held(left, now, BEHIND_REDIS))
        is_forgotten = (
            event_begin < left and facts.was_held(left, now, ON_THE_WAY)
            and any(event_begin < loss < now for loss in facts.losses))
        return had_left and not is_forgotten

    def check_turn(self, post: Post, now: float) -> None:
        """Once, and not behind one that its author began later."""
        if post.id in self.told:
            self.find("duplicate", now, f"post {post.id} again")
        self.told.add(post.id)
        begin, later = self.newest_begin.get(post.author, (0.0, ""))
        if begin > post.end and not self.facts.may_be_lost(post, now):
            self.find("out of order", now, f"{post.id} (done at {post.end}) after {later}, which was begun at {begin}")
        if post.begin >= begin:
            self.newest_begin[post.author] = (post.begin, post.id)

    def end(self) -> None:
        """Was it let in, and told all?"""
        if not self.verdicts:
            self.report.find("bad answer", f"{self.name} was never connected")
        if self.verdicts["reset"] > 5 and not self.verdicts["resumed"]:
            self.report.find("bad answer", f"{self.name} came back {self.verdicts['reset']} times and never resumed")
        for post in self.facts.posts.values():
            self.check_told(post)

    def check_told(self, post: Post) -> None:
        edge = self.facts.edges.get((self.user, post.author))
        follows_from = 0.0 if post.author == self.user else edge.surely_follows_from() if edge else INFINITY
        if post.begin > follows_from and not self.facts.truth_posts[post.id]["deleted"]:
            self.report.counts["deliveries checked"] += 1
            if post.id not in self.view and post.delete_begin == INFINITY:
                self.report.find("missing", f"{self.name} never saw {post.id} of {post.author}, begun at {post.begin}")
        is_steady = edge is None or not edge.changed_between(post.begin, INFINITY)
        is_due = post.id in self.following and post.delete_end < INFINITY and is_steady
        if is_due and self.facts.newer(post, self.user) < WINDOW:
            self.report.find("missing", f"{self.name} was never told that {post.id} was deleted at {post.delete_end}")
        self.check_text(post, edge)

    def check_text(self, post: Post, edge: Edge | None) -> None:
        """What it shows is the last text, if that was made while it was live."""
        if not post.edits or post.id not in self.following or post.delete_begin < INFINITY:
            return
        last = post.edits[-1]
        follows_from = 0.0 if post.author == self.user else edge.surely_follows_from() if edge else INFINITY
        is_steady = follows_from < last["begin"]
        is_in_window = self.facts.newer(post, self.user) < WINDOW
        # A later follow brings the newest only.
        if edge and edge.changed_between(post.begin, INFINITY):
            is_in_window = is_in_window and self.facts.newer_of_author(post) < BACKFILL
        if is_steady and is_in_window and last["begin"] > max(self.since, post.end) and last["end"] < INFINITY:
            self.report.counts["edits checked"] += 1
            if self.texts.get(post.id) != last["text"]:
                self.report.find(
                    "missing", f"{self.name} shows {post.id} as {self.texts.get(post.id)!r}, edited at {last['end']}")

    def find(self, kind: str, time: float, what: str) -> None:
        self.report.find(kind, f"{self.name} at {time}: {what}")
