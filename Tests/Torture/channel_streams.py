"""Was a subscriber of authors' channels told what they posted: all of it, once, in order?"""

from __future__ import annotations

from facts import INFINITY, Event, Facts, Post, unedited
from report import Report


def check_channels(reader: Event, events: list[Event], facts: Facts, report: Report) -> None:
    """One reader's life, channel by channel."""
    for author in dict.fromkeys(event["author"] for event in events):
        channel = Channel(f"{reader['r']} on user:{author}", author, facts, report)
        for event in events:
            if event["author"] == author:
                channel.take(event)
        channel.end()
    if not any(event["e"] == "channel conn" for event in events):
        report.find("bad answer", f"{reader['r']} was never subscribed")


class Channel:
    def __init__(self, name: str, author: str, facts: Facts, report: Report) -> None:
        self.name, self.facts, self.report = name, facts, report
        self.posts = [post for post in facts.posts.values() if post.author == author]
        self.author = author
        self.since = INFINITY
        """Since when it is to be told all: its last beginning, or its last reset."""
        self.told: set[str] = set()
        self.ended: set[str] = set()
        self.texts: dict[str, str] = {}
        self.position = 0

    def take(self, event: Event) -> None:
        if event["e"] == "channel conn":
            self.report.counts[f"channel {event['verdict']}"] += 1
            if event["verdict"] != "resumed":
                self.since, self.told, self.ended, self.position = event["t"], set(), set(), 0
            return
        self.report.counts["channel events seen"] += 1
        if event["at"] <= self.position:
            self.find("out of order", event, f"at {event['at']}, after {self.position}")
        self.position = event["at"]
        post = self.facts.posts.get(event["post"])
        if post is None or post.author != self.author:
            self.find("invented", event, "which is no post of this author")
        elif event["kind"] == "deleted":
            self.end_of(post, event)
        elif event["kind"] == "updated":
            if post.has_been(event["text"], event["t"]) is None:
                self.find("invented", event, f"as {event['text']!r}, which nobody made of it")
            self.texts[post.id] = event["text"]
        else:
            self.see(post, event)

    def end_of(self, post: Post, event: Event) -> None:
        if post.delete_begin > event["t"]:
            self.find("invented", event, "whose end was told, and nobody had asked for it")
        if post.id in self.ended:
            self.find("duplicate", event, "whose end was told before")
        self.ended.add(post.id)

    def see(self, post: Post, event: Event) -> None:
        self.texts[post.id] = event["text"]
        is_text = event["text"] == unedited(self.facts.truth_posts[post.id]["text"]) or post.has_been(event["text"], event["t"])
        if event["by"] != self.author or not is_text:
            self.find("invented", event, "with the text or author of another post")
        if post.id in self.told:
            self.find("duplicate", event, "again")
        # What was deleted while it was under way is told to nobody.
        for other in self.posts:
            if other.end < post.begin and other.begin > self.since and other.delete_begin == INFINITY:
                self.report.counts["channel turns checked"] += 1
                if other.id not in self.told:
                    self.find("gap", event, f"before {other.id}, which was done at {other.end}")
                    self.told.add(other.id)
        self.told.add(post.id)

    def end(self) -> None:
        """Everything since the last time that it began anew."""
        for post in self.posts:
            if post.begin <= self.since:
                continue
            if post.delete_begin == INFINITY:
                self.report.counts["channel posts checked"] += 1
                if post.id not in self.told:
                    self.report.find("missing", f"{self.name} was never told of {post.id}, begun at {post.begin}")
                self.check_text(post)
            elif post.id in self.told and post.delete_end < INFINITY and post.id not in self.ended:
                self.report.find("missing", f"{self.name} was never told that {post.id} was deleted")

    def check_text(self, post: Post) -> None:
        last = post.edits[-1] if post.edits else None
        if last and last["end"] < INFINITY and last["begin"] > self.since:
            self.report.counts["channel edits checked"] += 1
            if self.texts.get(post.id) != last["text"]:
                self.report.find(
                    "missing", f"{self.name} shows {post.id} as {self.texts.get(post.id)!r}, edited at {last['end']}")

    def find(self, kind: str, event: Event, what: str) -> None:
        self.report.find(kind, f"{self.name} at {event['t']}: {event['post']} {what}")
