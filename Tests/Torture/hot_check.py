"""Likes, votes and comments: are the numbers those of what was done, and was everybody told who looked on?"""

from __future__ import annotations

from collections import Counter, defaultdict

from facts import INFINITY, Event, Facts, unedited
from report import Report

STATES_A_SECOND = 4
FEW_VIEWERS, ABOUT = 10, 0.03
"""Up to so many are counted, above it is that part more or less, or one: two of twenty may look like one."""
ANSWERS = (["200", "already_voted"], ["already_voted", "200"])


class HotFacts:
    """What was done about hot posts, and what is so in the end."""

    def __init__(self, events: list[Event]) -> None:
        self.likes: dict[str, dict[str, Event]] = defaultdict(dict)
        """The last of each user, by post."""
        self.comments: dict[str, Event] = {}
        """By text, as they were made."""
        self.changes: dict[str, list[Event]] = defaultdict(list)
        """Edits and ends by comment, as far as they are known to be done or may have been, in their order."""
        self.final_comments: dict[str, Event] = {}
        self.final_states: dict[str, Event] = {}
        """By channel: what REST says when all is quiet."""
        self.votes: list[Event] = []
        self.comment_likes: dict[str, dict[str, Event]] = defaultdict(dict)
        """The last of each user, by comment."""
        self.views: dict[str, set[tuple[str, int]]] = defaultdict(set)
        """Users and days, by post, which may count; those of authors don't."""
        self.last_viewers: dict[str, set[str]] = defaultdict(set)
        """Who told when nothing was broken any more, and was heard."""
        self.views_read: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            match event["e"]:
                case "like":
                    self.likes[event["post"]][event["user"]] = event
                case "comment like":
                    self.comment_likes[event["comment"]][event["user"]] = event
                case "views" if not event["own"]:
                    for post in event["posts"]:
                        if event["outcome"] != "refused":
                            self.views[post].update((event["user"], day) for day in event["days"])
                        if event["last"] and event["outcome"] == "done":
                            self.last_viewers[post].add(event["user"])
                case "views read":
                    self.views_read[event["post"]].append(event)
                case "comment":
                    self.comments[event["text"]] = event
                case "comment change":
                    changes = self.changes[event["comment"]]
                    if changes and changes[-1]["end"] is None:
                        changes.pop()
                    changes.append(event)
                case "votes":
                    self.votes.append(event)
                case "final comments":
                    self.final_comments[event["post"]] = event
                case "final likes":
                    self.final_states[f"post:{event['post']}"] = {"post_id": event["post"]} | event["counts"]
                case "final poll":
                    self.final_states[f"poll:{event['poll']}"] = {
                        key: value for key, value in event["state"].items() if key != "voted"}

    def is_deleted(self, comment: str) -> bool:
        """Surely."""
        return any(change["kind"] == "delete" and change["outcome"] == "done" for change in self.changes[comment])

    def may_be_deleted(self, comment: str) -> bool:
        return any(change["kind"] == "delete" and change["outcome"] != "refused" for change in self.changes[comment])


def check_hot(events: list[Event], report: Report) -> HotFacts:
    """What REST says in the end, against what was asked for."""
    facts = HotFacts(events)
    for event in events:
        match event["e"]:
            case "final likes":
                check_likes(event, facts, report)
                check_views(event, facts, report)
            case "final comments":
                check_comments(event, facts, report)
            case "final poll":
                check_poll(event, facts, report)
            case "audit of counts":
                report.counts["counters audited"] += event["passed"]
                if event["failed"]:
                    report.find("wrong counter", f"martlet audit counts: {event['lines']}")
    return facts


def check_likes(event: Event, facts: HotFacts, report: Report) -> None:
    """The list has each who likes it once, and nobody else; the number is how many these are."""
    post, users = event["post"], set(event["users"])
    if len(users) != len(event["users"]):
        report.find("duplicate", f"the likes of {post} show somebody twice")
    for user, last in facts.likes[post].items():
        report.counts["likes checked"] += 1
        if last["outcome"] == "done" and (user in users) != last["likes"]:
            report.find(
                "lost", f"{user} {'likes' if last['likes'] else 'does not like'} {post}, acknowledged at {last['end']}")
    for user, says in event["says"].items():
        if says != (user in users):
            report.find("wrong counter", f"liked of {post} is {says} to {user}, and the list says otherwise")
    for user in users - facts.likes[post].keys():
        report.find("invented", f"{user} never liked {post}")
    if event["counts"]["likes"] != len(users):
        report.find("wrong counter", f"likes of {post} are {event['counts']['likes']}, counted {len(users)}")


def check_views(event: Event, facts: HotFacts, report: Report) -> None:
    """Who has seen it counts once a day; what was counted stays."""
    post, views = event["post"], event["counts"]["views"]
    least, most = len(facts.last_viewers[post]), len(facts.views[post])
    report.counts["viewers counted"] += views
    if not least - unsure(least) <= views <= most + unsure(most):
        report.find("wrong counter", f"views of {post} are {views}, seen by {least}" + (f" to {most}" if most > least else ""))
    reads = [*facts.views_read[post], {"views": views, "begin": INFINITY, "end": INFINITY}]
    for read in reads:
        report.counts["numbers of views read"] += 1
        before = max((other["views"] for other in reads if other["end"] < read["begin"]), default=0)
        if read["views"] < before:
            report.find("wrong counter", f"views of {post} were {before}, and {read['views']} at {read['begin']}")


def unsure(viewers: int) -> float:
    return max(1, ABOUT * viewers) if viewers > FEW_VIEWERS else 0


def check_comment_likes(comment: Event, facts: HotFacts, report: Report) -> None:
    """Of one that is there. Who likes it is known by what each who ever did is told of it."""
    users, changes = set(comment["liked_by"]), facts.comment_likes[comment["id"]]
    for user, last in changes.items():
        report.counts["likes of comments checked"] += 1
        if last["outcome"] == "done" and (user in users) != last["likes"]:
            report.find(
                "lost",
                f"{user} {'likes' if last['likes'] else 'does not like'} comment {comment['id']}, acknowledged at {last['end']}")
        if last["outcome"] == "gone" and not facts.may_be_deleted(comment["id"]):
            report.find("bad answer", f"there was no comment {comment['id']} to be liked at {last['end']}")
    for user in users - changes.keys():
        report.find("invented", f"{user} never liked comment {comment['id']}")
    if comment["likes"] != len(users):
        report.find("wrong counter", f"likes of comment {comment['id']} are {comment['likes']}, counted {len(users)}")


def check_comments(event: Event, facts: HotFacts, report: Report) -> None:
    post, shown = event["post"], {}
    replies: Counter[str] = Counter()
    for comment in event["comments"]:
        if comment["id"] in shown:
            report.find("duplicate", f"comment {comment['id']} is there twice")
        shown[comment["id"]] = comment
    living = {id: comment for id, comment in shown.items() if comment["text"] is not None}
    texts = Counter(unedited(comment["text"]) for comment in living.values())
    parents = {id: comment["parent"] for id, comment in shown.items()}
    for id in living:
        # A number of replies is that of all below.
        while (parent := parents.get(id)) is not None:
            replies[id := parent] += 1
    for comment in living.values():
        check_comment_likes(comment, facts, report)
    for id, comment in shown.items():
        report.counts["counters checked"] += 1
        if comment["replies"] != replies[id]:
            report.find("wrong counter", f"replies of {id} are {comment['replies']}, counted {replies[id]}")
    for text, made in facts.comments.items():
        if made["post"] != post:
            continue
        report.counts["comments checked"] += 1
        if texts[text] > 1:
            report.find("duplicate write", f"comment {text!r} is there {texts[text]} times")
        if made["outcome"] == "done":
            check_comment(made["comment"], text, living, facts, report)
        elif made["outcome"] in ("gone", "refused") and texts[text]:
            report.find("refused but done", f"comment {text!r} is there")
    for text in texts.keys() - facts.comments.keys():
        report.find("invented", f"nobody wrote the comment {text!r}")
    if (state := facts.final_states.get(f"post:{post}")) and state["comments"] != len(living):
        report.find("wrong counter", f"comments of {post} are {state['comments']}, counted {len(living)}")


def check_comment(id: str, text: str, living: dict[str, Event], facts: HotFacts, report: Report) -> None:
    """One that was acknowledged."""
    if id not in living:
        if not facts.may_be_deleted(id):
            report.find("lost", f"comment {id}, {text!r}")
        return
    if facts.is_deleted(id):
        report.find("lost", f"the end of comment {id}")
    edits = [change for change in facts.changes[id] if change["kind"] == "edit"]
    if edits and edits[-1]["outcome"] == "done" and living[id]["text"] != edits[-1]["text"]:
        report.find("lost", f"the edit of comment {id} to {edits[-1]['text']!r}: it is {living[id]['text']!r}")


def check_poll(event: Event, facts: HotFacts, report: Report) -> None:
    """Of two votes of one user at once one counts; the numbers are those of the votes."""
    counted: Counter[int] = Counter()
    is_exact = True
    for votes in facts.votes:
        report.counts["pairs of votes"] += 1
        answers = votes["answers"]
        if "unknown" in answers:
            is_exact = False
        elif answers not in ANSWERS:
            report.find("bad answer", f"two votes of {votes['user']} at once were answered {answers}")
        else:
            counted[votes["options"][answers.index("200")]] += 1
    state = event["state"]
    numbers = [option["votes"] for option in state["options"]]
    if not state["closed"]:
        report.find("missing", f"the close of poll {event['poll']}")
    if not sum(numbers) == state["votes"] == state["voters"]:
        report.find("wrong counter", f"poll {event['poll']} says {state['votes']} votes of {state['voters']}, {numbers}")
    if is_exact and numbers != [counted[index] for index in range(len(numbers))]:
        report.find("wrong counter", f"poll {event['poll']} has {numbers}, voted was {dict(counted)}")


def check_hot_reader(reader: Event, events: list[Event], facts: Facts, hot: HotFacts, report: Report) -> None:
    by_channel: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_channel[event["channel"]].append(event)
    for post in hot.final_comments:
        if f"post:{post}" not in by_channel:
            report.find("bad answer", f"{reader['r']} was never subscribed to post:{post}")
    for channel, told in by_channel.items():
        check_states(f"{reader['r']} on {channel}", channel, told, facts, hot, report)
        if channel.startswith("post:"):
            Comments(f"{reader['r']} on {channel}", channel, hot, report).check(told)


POLLS = "hot poll"
"""So begin the names of readers by long polls."""


def check_states(name: str, channel: str, events: list[Event], facts: Facts, hot: HotFacts, report: Report) -> None:
    """Versions never go back in one subscription, there are not too many of them, and the last is what REST says."""
    version, last = -1, None
    calm: list[float] = []
    for event in events:
        if event["e"] == "hot conn":
            # A subscription that goes on by long polls is told nothing of the sort.
            version, calm = -1, []
        elif event["e"] == "hot state":
            last = event["state"]
            report.counts["states seen"] += 1
            # Each poll is a read of its own, which may meet a Redis that has forgotten; its client takes the larger version.
            if last["version"] < version and not name.startswith(POLLS):
                report.find("out of order", f"{name} at {event['t']}: version {last['version']} after {version}")
            version = last["version"]
            if facts.is_calm(event["t"]):
                calm.append(event["t"])
                report.counts["states measured"] += 1
                # The first one comes with the subscription, the next at once.
                if len(calm) > STATES_A_SECOND * (calm[-1] - calm[0]) + 3:
                    report.find("too many", f"{name}: {len(calm)} states from {calm[0]} to {calm[-1]}")
                    calm = []
    report.counts["last states checked"] += 1
    truth = hot.final_states.get(channel)
    # Views make no state: one has those of when it was read.
    if last and truth and "views" in truth and last["views"] < truth["views"]:
        last = last | {"views": truth["views"]}
    # What could not be read in the end is a finding, too.
    if last != truth:
        report.find("missing", f"{name}: the last state was {last}, it is {truth}")


class Comments:
    """What one subscription was told of comments: no gap, nothing twice, of each in order."""

    def __init__(self, name: str, channel: str, hot: HotFacts, report: Report) -> None:
        self.name, self.post, self.hot, self.report = name, channel.partition(":")[2], hot, report
        self.since, self.position = INFINITY, 0
        self.told: dict[str, str | None] = {}
        """By comment, since it began anew: the last text; `None`: its end."""

    def check(self, events: list[Event]) -> None:
        for event in events:
            if event["e"] == "hot conn" and event["verdict"] != "resumed":
                self.since, self.position, self.told = event["t"], 0, {}
            elif event["e"] == "hot comment":
                self.take(event)
        for text, made in self.hot.comments.items():
            if made["post"] == self.post and made["outcome"] == "done" and made["begin"] > self.since:
                self.end(made["comment"], text)

    def take(self, event: Event) -> None:
        self.report.counts["comment events seen"] += 1
        comment = event["comment"]
        if event["at"] <= self.position:
            self.find("out of order", event, f"at {event['at']}, after {self.position}")
        self.position = event["at"]
        if comment in self.told and (event["kind"] == "created" or self.told[comment] is None):
            self.find("duplicate" if event["kind"] != "updated" else "out of order", event, f"{event['kind']} again")
        if event["text"] is not None and unedited(event["text"]) not in self.hot.comments:
            self.find("invented", event, f"{event['text']!r}")
        if event["kind"] == "deleted" and not self.hot.may_be_deleted(comment):
            self.find("invented", event, "whose end nobody had asked for")
        self.told[comment] = None if event["kind"] == "deleted" else event["text"]

    def end(self, comment: str, text: str) -> None:
        """One that was made since then."""
        self.report.counts["comments told"] += 1
        if comment not in self.told:
            # What was deleted while it was under way is told to nobody.
            if not self.hot.may_be_deleted(comment):
                self.report.find("missing", f"{self.name} was never told of {comment}, {text!r}")
            return
        if self.hot.is_deleted(comment):
            if self.told[comment] is not None:
                self.report.find("missing", f"{self.name} was never told that {comment} was deleted")
            return
        done = [change["text"] for change in self.hot.changes[comment] if change["kind"] == "edit"]
        is_known = all(change["outcome"] == "done" for change in self.hot.changes[comment])
        if is_known and self.told[comment] != (done[-1] if done else text):
            self.report.find("missing", f"{self.name} shows {comment} as {self.told[comment]!r}, edited to {done[-1:]}")

    def find(self, kind: str, event: Event, what: str) -> None:
        self.report.find(kind, f"{self.name} at {event['t']}: comment {event['comment']} {what}")
