"""Who sees whom: was anything shown to somebody who may not see it, and at once to who may?"""

from __future__ import annotations

from collections import defaultdict

from facts import CALM_WITHIN, INFINITY, NAMES, PUSH_WITHIN, Event, Facts, Post, unedited
from report import Report

PARTS = ("api", "fanout", "redis", "postgres", "kafka", "serve")
"""By whom a node hears of a change."""
LOOKS_WITHIN = 12.0
"""Seconds after a fault by which a node has heard of a change that it could not hear of."""
TOLD_WITHIN = 10.0
"""Seconds after an accept, by which live clients have heard of it at the latest, when nothing is broken."""
HIDES = ("block", "private", "removal", "unfollow", "leave")
FEED_ROADS = ("websocket", "sse", "poll", "sdk")


def check_probe(probe: Event, facts: Facts, report: Report) -> None:
    """A read of one author's posts: none while they are hidden, the one that is due while they are not. Text and names are
    of this time."""
    edges = facts.edges if probe["by"] == "feed" else facts.sights
    edge, begin, end = edges.get((probe["user"], probe["other"])), probe["begin"], probe["end"]
    report.counts["probes"] += 1
    who = f"a read ({probe['by']}) by {probe['user']} from {begin} to {end}"
    if edge is None:
        return
    report.counts["probes while hidden"] += edge.surely_left(begin, end)
    for id, text, handle, name in probe["posts"]:
        report.counts["entries read and checked"] += 1
        post = facts.posts.get(id)
        if edge.surely_left(begin, end):
            report.find("stranger", f"{who} shows {id} of {probe['other']}, hidden since {edge.left_at(end)}")
        if post is None or unedited(text) != unedited(facts.truth_posts[id]["text"]):
            report.find("invented", f"{who} shows {id} as {text!r}")
            continue
        if not facts.is_named(probe["other"], dict(zip(NAMES, (handle, name))), begin, end):
            report.find("stale", f"{who} shows {id} by {handle}, {name}")
        done = [edit["text"] for edit in post.edits if edit["end"] < begin]
        if done and text not in [edit["text"] for edit in post.edits[len(done) - 1:]]:
            report.find("stale", f"{who} shows {id} as {text!r}, edited to {done[-1]!r}")
    due = facts.posts.get(probe["due"])
    # A clock that is ahead makes ids that are above it: then it is on the next page.
    if due and probe.get("goes_on") and all(int(id) > int(due.id) for id, *_ in probe["posts"]):
        due = None
    if due and due.end < begin and due.delete_begin == INFINITY and edge.surely_follows_during(begin, end):
        report.counts["probes of what is due"] += 1
        if due.id not in [id for id, *_ in probe["posts"]]:
            report.find("missing", f"{who} does not show {due.id} of {probe['other']}, which may be seen")


def check_watcher(reader: Event, events: list[Event], facts: Facts, report: Report) -> None:
    """A subscriber of channels that are hidden at times."""
    begun: dict[str, float] = {}
    for event in events:
        channel = event["channel"]
        edge = facts.sights[reader["user"], event["author"]]
        if event["e"] == "watch":
            report.counts[f"watchers {event['verdict']}"] += 1
            if event["verdict"] in ("ended", "refused"):
                begun.pop(channel, None)
                if event["verdict"] == "refused" and edge.surely_follows_during(event["begin"], event["t"]):
                    report.find("missing", f"{reader['r']} at {event['t']}: {channel} was refused, and may be seen")
            else:
                begun[channel] = event["begin"]
            continue
        report.counts["events on watched channels"] += 1
        if channel not in begun:
            report.find("stranger", f"{reader['r']} at {event['t']}: {event['kind']} {event['post']} on {channel}, which had ended")
            continue
        if event["kind"] == "user.updated":
            check_hidden(reader, event, "user.updated", begun[channel], facts, report)
            continue
        post = facts.posts.get(event["post"])
        if post is None or post.author != event["author"]:
            report.find("invented", f"{reader['r']} at {event['t']}: {event['post']}, no post of {event['author']}")
            continue
        check_sight(reader, event, post, begun[channel], facts, report)


def check_sight(reader: Event, event: Event, post: Post, subscribed: float, facts: Facts, report: Report) -> None:
    """What was asked for behind the change must not come; what was subscribed to before it, for a second."""
    now = event["t"]
    text = event.get("text")
    edit = post.has_been(text, now) if text else None
    start = edit["begin"] if event["kind"] == "updated" and edit else post.begin
    if text is not None and edit is None and text != unedited(facts.truth_posts[post.id]["text"]):
        report.find("invented", f"{reader['r']} at {now}: {post.id} as {text!r}")
    elif text is not None and not facts.is_named(post.author, event, start, now):
        report.find("stale", f"{reader['r']} at {now}: {post.id} by {event['handle']}, {event['display_name']}")
    check_hidden(reader, event, f"{event['kind']} {post.id}", subscribed, facts, report)


def check_hidden(reader: Event, event: Event, what: str, subscribed: float, facts: Facts, report: Report) -> None:
    edge, now = facts.sights[reader["user"], event["author"]], event["t"]
    began, hidden = edge.last_before(now)
    if not edge.surely_left(now, now):
        return
    report.counts["events under way when hidden"] += 1
    within = CALM_WITHIN if facts.is_calm(began) else PUSH_WITHIN
    trouble = facts.trouble(began, now, event["role"], *PARTS)
    is_excused = not facts.is_calm(began) and now < trouble + LOOKS_WITHIN
    if subscribed > hidden or (now > hidden + within and not is_excused):
        report.find(
            "stranger", f"{reader['r']} at {now}: {what} on {event['channel']}, hidden since {hidden}")


def check_switches(
    facts: Facts, changed: dict[str, list[Event]], readers: dict[str, Event], streams: dict[str, list[Event]], report: Report
) -> None:
    """Counts them, and how long it took until each had come to live clients, when nothing was broken."""
    sights = seen_by(readers, streams, facts)
    feeds: dict[str, list[str]] = defaultdict(list)
    for name, reader in readers.items():
        if reader["road"] in FEED_ROADS:
            feeds[reader["user"]].append(name)
    for switch in facts.switches:
        report.counts[f"switch: {switch['what']}"] += 1
        report.counts["switches of who sees whom"] += switch["what"] in ("block", "unblock", "private", "public", "accept all")
        if not facts.is_calm(switch["begin"]):
            continue
        end = switch["end"]
        if switch["what"] == "accept":
            for name in feeds[switch["user"]]:
                told = [event["t"] for event in changed[switch["user"]]
                        if event["r"] == name and event["reason"] == "accept" and event["other"] == switch["other"]
                        and switch["begin"] <= event["t"] <= end + TOLD_WITHIN]
                if told:
                    report.times["accept to feed.changed"].append(max(0.0, told[0] - end))
                elif not any(event["e"] in ("reset", "stream reset", "conn") and end - 1 < event["t"] < end + TOLD_WITHIN
                             for event in streams[name] if readers[name]["road"] != "poll"):
                    report.find("missing", f"{name} was not told that {switch['other']} had accepted at {end}")
        for user, author in switch["pairs"] if switch["what"] in HIDES else ():
            until = facts.sights[user, author].next_begin(end)
            last = max((time for time in sights[user, author] if end < time < until), default=end)
            report.times[f"{switch['what']} to last event"].append(last - end)


def seen_by(
    readers: dict[str, Event], streams: dict[str, list[Event]], facts: Facts
) -> dict[tuple[str, str], list[float]]:
    """When users were told something live of others, of those whose sight changes."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, reader in readers.items():
        for event in streams[name]:
            if event["e"] in ("see", "watch see") and (post := facts.posts.get(event["post"])):
                if (reader["user"], post.author) in facts.sights:
                    found[reader["user"], post.author].append(event["t"])
    return found
