"""Holds a history against the promises. Knows nothing of how Martlet works.

    check.py HISTORY      prints what it finds, and ends with 1 if that is anything
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Iterable

from audience import check_probe, check_switches, check_watcher
from channel_streams import check_channels
from facts import INFINITY, Event, Facts, Post, unedited
from history import read
from hot_check import check_hot, check_hot_reader
from report import Report
from streams import check_stream

ENDS_WITHIN = 3.0
"""Seconds after a log-out. One is promised (`test_roles.py`); here the machine has a lot else to do."""
RECOVERS_WITHIN, LOOKS_WITHIN = 5.0, 12.0
"""Seconds after a fault: until what happens is heard of again, and until the sessions of all connections were asked
about."""

CHECKS = {"channels": check_channels, "watch": check_watcher}
"""By a reader's road; all others read feeds."""


def check(events: Iterable[Event]) -> Report:
    """All findings of one round."""
    report, facts = Report(), Facts(events)
    check_writes(facts, report)
    streams: dict[str, list[Event]] = defaultdict(list)
    bookmarks: dict[tuple[str, str], Event] = {}
    readers: dict[str, Event] = {}
    changed: dict[str, list[Event]] = defaultdict(list)
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
            case "bookmark":
                bookmarks[event["user"], event["post"]] = event
            case "final bookmarks":
                check_bookmarks(event, bookmarks, facts, report)
            case "final counters":
                check_counters(event, facts, report)
            case "ended session":
                check_ended_session(event, facts, report)
            case "inbox looks":
                report.counts["looks at inboxes"] += event["count"]
            case "final inbox" | "inbox look":
                report.counts["notifications listed"] += event.get("groups", 0)
                if event["listed"] != event["unread"]:
                    report.find("wrong counter", f"{event['unread']} unread of {event['user']}, {event['listed']} in the list")
            case "wrong cause":
                report.find("notification", f"a follow is {event['what']}: {event['cause']}")
            case "pushes":
                check_pushes(event, report)
            case "truth crowd":
                report.counts["feed entries checked"] += event["entries"]
                if event["missing"]:
                    report.find("missing", f"{event['missing']} of {event['entries']} entries in the crowd's stored feeds")
            case "heard":
                report.counts["heard after a stampede"] += event["members"]
            case "deaf":
                report.find("missing", f"{event['r']}, connected, was not told of {event['post']} until {event['t']}")
            case "probe":
                check_probe(event, facts, report)
            case "changed":
                streams[event["r"]].append(event)
                changed[readers[event["r"]]["user"]].append(event)
            case "watch" | "watch see":
                streams[event["r"]].append(event)
            case "hot conn" | "hot state" | "hot comment":
                streams[event["r"]].append(event)
            case "see" | "conn" | "reset" | "stream reset" | "pages" | "channel see" | "channel conn":
                streams[event["r"]].append(event)
    hot = check_hot(facts.rest, report)
    for name, reader in readers.items():
        if reader["road"] == "hot":
            check_hot_reader(reader, streams[name], facts, hot, report)
        else:
            CHECKS.get(reader["road"], check_stream)(reader, streams[name], facts, report)
    check_switches(facts, changed, readers, streams, report)
    return report


def check_writes(facts: Facts, report: Report) -> None:
    texts = Counter(unedited(truth["text"]) for truth in facts.truth_posts.values())
    for text, made in facts.by_text.items():
        report.counts[f"posts {made['outcome']}"] += 1
        stored = texts[text]
        if made["outcome"] == "done" and unedited(facts.truth_posts.get(made["post"], {"text": ""})["text"]) != text:
            report.find("lost", f"post {made['post']} ({text!r}), acknowledged at {made['end']}, is not in the database")
        if made["outcome"] == "refused" and stored:
            report.find("refused but done", f"post {text!r} was answered {made['status']} and is in the database")
        if stored > 1:
            report.find("duplicate write", f"post {text!r} is there {stored} times")
    for text in texts.keys() - facts.by_text.keys():
        report.find("invented", f"post {text!r} was never asked for")
    for post in facts.posts.values():
        is_deleted = facts.truth_posts[post.id]["deleted"]
        text = facts.truth_posts[post.id]["text"]
        if post.edits and post.edits[-1]["end"] < INFINITY and text != post.edits[-1]["text"]:
            report.find("lost", f"the edit of {post.id} to {post.edits[-1]['text']!r}, acknowledged: it is {text!r}")
        if post.delete_end < INFINITY and not is_deleted:
            report.find("lost", f"the deletion of {post.id}, acknowledged at {post.delete_end}")
        if post.delete_begin == INFINITY and is_deleted:
            report.find("invented", f"nobody deleted {post.id}")
    for (user, other), edge in facts.edges.items():
        _, end, follows = edge.changes[-1]
        if end < INFINITY and (other in facts.followed_in_the_end(user)) != follows:
            report.find("lost", f"{user} {'follows' if follows else 'left'} {other}, acknowledged at {end}")


def check_ended_session(event: Event, facts: Facts, report: Report) -> None:
    """Its connection is told nothing more, and ends, once the log-out was answered. Who could not hear of the log-out, for
    something was broken at that time, hears of it by looking."""
    report.counts[f"sessions ended: {event['road']}"] += 1
    end, role = event["end"], event["role"]
    for time in (*event["told"], event["gone"]):
        trouble = facts.last_trouble(time, role)
        is_excused = trouble > end - RECOVERS_WITHIN and time <= max(end, trouble) + LOOKS_WITHIN
        if time > end + ENDS_WITHIN and not is_excused:
            what = "ended" if time == event["gone"] else "was told something"
            report.find(
                "overheard", f"{event['r']}, a session of {event['user']} at {role} that ended at {end}, {what} at {time}")
            return


def check_pushes(event: Event, report: Report) -> None:
    """Those that are sent twice are told apart by their ids: that may be, when a notifier was killed."""
    report.counts["pushes received"] += event["received"]
    report.counts["pushes received again"] += event["again"]
    if event["waiting"]:
        report.find("lost", f"{event['waiting']} pushes are still not sent")
    for push in event["lost"]:
        report.find("lost", f"a notification was not entered to be pushed: {push}")
    for push in event["unsent"]:
        report.find("lost", f"{push} is said to be delivered, and nobody has got it")


def check_walk(walk: Event, facts: Facts, report: Report) -> None:
    """The pages of one walk: nothing twice, newest first, no gap in what an author has posted, no ghosts."""
    report.counts["page walks"] += 1
    user, name = walk["user"], walk["r"]
    ids = [post for _, _, page in walk["pages"] for post in page]
    began, ended = walk["pages"][0][0], walk["pages"][-1][1]
    if len(set(ids)) != len(ids):
        report.find("duplicate", f"{name}: a walk of {user} at {began} shows {len(ids) - len(set(ids))} posts twice")
    if any(int(a) <= int(b) for a, b in zip(ids, ids[1:])):
        report.find("out of order", f"{name}: a walk of {user} at {began} is not newest first")
    newest: dict[str, Post] = {}
    for begin, end, page in walk["pages"]:
        for post in map(facts.posts.get, page):
            if post is None:
                report.find("invented", f"{name}: a walk of {user} at {begin} shows an unknown post")
                continue
            report.counts["entries read and checked"] += 1
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
        if follows and post.delete_begin > ended and not facts.may_be_lost(post, began):
            report.find("gap", f"{name}: a walk of {user} at {began} shows {latest.id} and not {post.id} before it")


def check_final_feed(event: Event, facts: Facts, report: Report) -> None:
    """When all is quiet, a feed is just what the truth says."""
    authors = facts.followed_in_the_end(event["user"]) | {event["user"]}
    wanted = {id for id, post in facts.truth_posts.items() if post["author"] in authors and not post["deleted"]}
    got = event["posts"]
    if len(got) != len(set(got)):
        report.find("duplicate", f"the feed of {event['user']} at the end shows posts twice")
    if sorted(got, key=int, reverse=True) != got:
        report.find("out of order", f"the feed of {event['user']} at the end is not newest first")
    for post in sorted(wanted - set(got), key=int)[:5]:
        report.find("missing", f"the feed of {event['user']} at the end lacks {post} ({len(wanted - set(got))} in all)")
    for post in sorted(set(got) - wanted, key=int)[:5]:
        report.find("stranger", f"the feed of {event['user']} at the end shows {post}")
    report.counts["feed entries checked"] += len(got)


def check_bookmarks(
    event: Event, bookmarks: dict[tuple[str, str], Event], facts: Facts, report: Report
) -> None:
    """All that were kept last and are there still; each once."""
    user, posts = event["user"], event["posts"]
    mine = {post: last for (owner, post), last in bookmarks.items() if owner == user}
    report.counts["bookmarks checked"] += len(mine)
    for post, last in mine.items():
        is_due = last["keeps"] and not facts.truth_posts[post]["deleted"]
        if last["outcome"] == "done" and (post in posts) != is_due:
            report.find("wrong bookmark", f"{post} of {user} is {'' if post in posts else 'not '}there")
    for post in set(posts) - mine.keys():
        report.find("wrong bookmark", f"{user} never kept {post}")
    if len(posts) != len(set(posts)):
        report.find("duplicate", f"a bookmark of {user} is in the list twice")


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
