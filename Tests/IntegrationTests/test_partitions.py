"""The site's record: how many partitions Redis has, which all processes must agree on; and a change of it while they run."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import Callable, Iterator

import httpx
import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from follower import ReconnectingFollower
from martlet_process import Server, run_martlet
from sse_client import Sse
from roles import new_roles
from sql import rows
from support import PATIENCE, User, eventually


@pytest.fixture
def small() -> Iterator[Server]:
    """A site that was begun with 8."""
    server = Server(MARTLET_PARTITIONS="8")
    try:
        yield server.start()
    finally:
        server.remove()


def partitions(server: Server, *words: str) -> tuple[int, str]:
    done = run_martlet("partitions", *words, MARTLET_DATA=str(server.data), timeout=90)
    return done.returncode, (done.stderr if done.returncode else done.stdout).strip()


def refused(server: Server) -> str:
    """What is said where it does not start."""
    with pytest.raises(AssertionError, match="ended with 2"):
        server.start()
    return server.log_tail()


def test_who_is_told_something_else_does_not_start(small: Server) -> None:
    small.stop()
    small.settings["MARTLET_PARTITIONS"] = "32"
    said = refused(small)
    assert "MARTLET_PARTITIONS is '32', but this site has 8 partitions" in said and "martlet partitions 32" in said, said
    # The tools, too: they would look for erased users elsewhere.
    done = run_martlet("audit", "counts", MARTLET_DATA=str(small.data), MARTLET_PARTITIONS="32")
    assert done.returncode != 0
    del small.settings["MARTLET_PARTITIONS"]
    small.start()
    assert partitions(small)[1].startswith("8 partitions, layout 1, since ")


def test_a_command_takes_what_is_recorded(small: Server) -> None:
    done = run_martlet("audit", "counts", MARTLET_DATA=str(small.data), MARTLET_PARTITIONS="32")
    assert done.returncode == 2 and "has 8 partitions" in done.stderr, done.stderr
    done = run_martlet("audit", "erasure", MARTLET_DATA=str(small.data))
    assert done.returncode == 0, done.stderr


def test_wrong_words() -> None:
    for words in (["12"], ["2048"], ["x"], ["8", "16"]):
        done = run_martlet("partitions", *words)
        assert done.returncode == 2 and "martlet help partitions" in done.stderr, (words, done.stderr)


def test_a_change_on_a_running_server(small: Server, make_user: MakeUser) -> None:
    """8 to 32 and back, with clients on all transports and keys of before that must not be read again."""
    alice, bob = make_user("alice", small), make_user("bob", small)
    bob.follow(alice)
    pid, said = small.process.pid, []
    first = alice.posts(3, "before")
    bob.sees(*first)
    with ReconnectingFollower(bob) as follower:
        for number, wanted in enumerate((32, 8), start=2):
            code, text = partitions(small, str(wanted))
            assert code == 0, (text, small.log_tail())
            said.append(text)
            print(text)
            assert "1 of 1 processes are back" in text, text
            eventually(lambda: is_ready(small), PATIENCE, "the server")
            assert partitions(small)[1].startswith(f"{wanted} partitions, layout {number}, since ")
            more = alice.posts(3, f"in layout {number}")
            follower.sees(*more)
            with Sse(small, token=bob.token) as stream, Centrifugo.of(bob) as live:
                stream.verdict("live")
                one = alice.posts(1)[0]
                assert stream.next().post_id == one
                eventually(lambda: live.poll(0.1) or [p for p in live.publications if p.post_id == one], PATIENCE, "it live")
            bob.sees(*first, *more, one)
        shown = [post["id"] for page in bob.pages() for post in page["items"]]
        assert len(shown) == len(set(shown)) == 11
        assert len(set(follower.view)) == len(follower.view)
    assert small.process.poll() is None and small.process.pid == pid
    assert "enabled: the format layouts" in said[0] and "enabled" not in said[1]
    # What the earlier layouts have left goes.
    eventually(lambda: not old_keys(small), PATIENCE, f"the end of {old_keys(small)[:5]}")
    code, text = partitions(small, "8")
    assert (code, text) == (0, "the site has 8 partitions already")


def test_more_partitions_of_the_log(small: Server, make_user: MakeUser) -> None:
    """Under load: each author's posts in their order."""
    authors = [make_user(f"author{number}", small) for number in range(3)]
    reader = make_user("reader", small)
    for author in authors:
        reader.follow(author)
    stop, written = threading.Event(), {author.id: [] for author in authors}
    log_grows(authors, reader, written, stop, lambda: partitions(small, "--log", "9"))
    code, text = partitions(small)
    assert code == 0 and "9 partitions of each topic of the event log" in text, text
    for words, said in ((("--log", "9"), "already"), (("--log", "5"), "not fewer"), (("--log", "x"), "no number"),
            (("8", "--log", "12"), "one of the two")):
        assert said in partitions(small, *words)[1], words
    counts = rows(small, "SELECT count(*) FROM log_partitions GROUP BY topic")
    assert {row[0] for row in counts} == {"9"}
    small.stop()
    small.settings["MARTLET_LOG_PARTITIONS"] = "24"
    assert "MARTLET_LOG_PARTITIONS is '24', but the topics of this site's event log have 9" in refused(small)
    small.settings["MARTLET_LOG_PARTITIONS"] = "4"
    small.start()
    eventually(lambda: "setting.outdated" in small.log_tail(400), 5, "a warning")


@pytest.mark.kafka
def test_more_partitions_of_topics() -> None:
    """The same on Kafka, with a process of each role."""
    with new_roles() as roles:
        roles.start()
        authors, reader = [roles.user(f"author{number}") for number in range(3)], roles.user("reader")
        for author in authors:
            reader.follow(author)
        stop, written = threading.Event(), {author.id: [] for author in authors}

        def grow() -> tuple[int, str]:
            done = run_martlet("partitions", "--log", "9", **roles.runs["api"].environment, timeout=120)
            return done.returncode, done.stdout + done.stderr

        log_grows(authors, reader, written, stop, grow)
        topics = roles.admin.list_topics(timeout=10).topics
        assert {len(topics[name].partitions) for name in roles.topics()} == {9}


def log_grows(
    authors: list[User], reader: User, written: dict[str, list[str]], stop: threading.Event, grow: Callable[[], tuple[int, str]]
) -> None:
    def write(author: User) -> None:
        with User.of_token(author.server, author.token).http as http:
            while not stop.is_set():
                try:
                    answer = http.post("/v1/posts", json={"text": f"{len(written[author.id])}"})
                except httpx.TransportError:
                    answer = None
                if answer is None or answer.status_code >= 500:
                    time.sleep(0.1)
                    continue
                written[author.id].append(answer.json()["id"])
                time.sleep(0.02)

    threads = [threading.Thread(target=write, args=[author]) for author in authors]
    with ReconnectingFollower(reader) as follower:
        for thread in threads:
            thread.start()
        eventually(lambda: all(len(posts) > 20 for posts in written.values()), PATIENCE, "some posts")
        code, text = grow()
        print(text)
        assert code == 0 and "9 partitions of the event log, after" in text, text
        counts = {author: len(posts) for author, posts in written.items()}
        eventually(lambda: all(len(written[author]) > count + 20 for author, count in counts.items()), PATIENCE, "more posts")
        stop.set()
        for thread in threads:
            thread.join(30)
        last = [posts[-1] for posts in written.values()]
        eventually(lambda: set(last) <= set(follower.view), PATIENCE, "the last posts live")
        shown = reader.walk(limit=100)
        for posts in written.values():
            # One may have been accepted without an answer; and who reads anew sees a page.
            assert [post for post in reversed(shown) if post in posts] == posts
            assert [post for post in follower.view if post in posts] == [post for post in posts if post in follower.view]
        assert len(set(follower.view)) == len(follower.view)


def is_ready(server: Server) -> bool:
    try:
        return httpx.get(server.url + "/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def old_keys(server: Server) -> list[str]:
    found = subprocess.run(["redis-cli", "-s", server.redis_socket, "--scan"], capture_output=True, text=True, check=True)
    return [key for key in found.stdout.splitlines() if ":{" in key and ".3}" not in key and not key.startswith("ended:")]
