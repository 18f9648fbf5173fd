"""Habits of a command line: versions, help, exit codes, and which of two settings wins."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from conftest import MakeUser
from martlet_process import Server, clean_environment, martlet_binary, run_martlet
from support import PATIENCE, User, eventually, expect


@pytest.mark.parametrize("word", ["--version", "-V", "version"])
def test_version(word: str) -> None:
    shown = run_martlet(word)
    assert (shown.returncode, shown.stderr) == (0, "") and re.fullmatch(
        r"Martlet \d+\.\d+\.\d+, commit [\w-]+\n", shown.stdout)


@pytest.mark.parametrize("words", [("help", "tail"), ("tail", "--help"), ("tail", "-h")])
def test_help_of_a_command(words: tuple[str, ...]) -> None:
    shown = run_martlet(*words)
    assert shown.returncode == 0
    assert all(option in shown.stdout for option in ("-n,", "--since", "--json", "--help", "MARTLET_TOKEN"))


def test_help_of_nothing() -> None:
    shown = run_martlet("help", "frobnicate")
    assert shown.returncode == 2 and "frobnicate" in shown.stderr


Tail = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def tail(server: Server) -> Iterator[Tail]:
    """Runs `martlet tail` on the shared server."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        started.append(subprocess.Popen(
            [martlet_binary(), "tail", "--url", server.url, *arguments], env=clean_environment(**settings), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def until_live(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("live at"):
            return
    raise AssertionError("it has ended")


@pytest.mark.parametrize(("number", "code"), [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_tail_tells_the_signal(tail: Tail, alice: User, number: int, code: int) -> None:
    process = tail("--token", alice.token)
    until_live(process)
    process.send_signal(number)
    assert process.wait(10) == code


def test_tail_ends_well_when_nobody_reads(tail: Tail, alice: User) -> None:
    process = tail("--token", alice.token)
    until_live(process)
    assert process.stdout is not None
    process.stdout.close()
    eventually(lambda: alice.post("anybody?") and process.poll() is not None, 10, "the end")
    assert process.returncode == 0


@pytest.mark.parametrize("count", [0, 1, 3, 120])
def test_tail_begins_with_so_many_posts(tail: Tail, alice: User, count: int) -> None:
    alice.posts(130 if count > 100 else 5, "old")
    process = tail("-n", str(count), "--token", alice.token)
    until_live(process)
    alice.post("new")
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip().rsplit(": ", 1)[1])
        if lines[-1] == "new":
            break
    total = 130 if count > 100 else 5
    assert lines == [f"old {number}" for number in range(total - count, total)] + ["new"]


def test_tail_begins_behind_a_position(tail: Tail, alice: User) -> None:
    alice.posts(2, "before")
    live = alice.feed()["live"]
    alice.posts(2, "after")
    process = tail("--since", live, "--token", alice.token)
    assert process.stdout is not None
    assert [process.stdout.readline().strip().rsplit(": ", 1)[1] for _ in range(2)] == ["after 0", "after 1"]


def test_tail_of_a_channel(tail: Tail, alice: User, bob: User) -> None:
    """Somebody's posts by the handle, whoever follows whom; a post until it is deleted."""
    old = alice.posts(3, "old")
    process = tail("--channel", f"user:@{alice.handle}", "-n", "2", "--token", bob.token)
    until_live(process)
    alice.post("new")
    assert process.stdout is not None
    assert [process.stdout.readline().strip().rsplit(": ", 1)[1] for _ in range(3)] == ["old 1", "old 2", "new"]
    process = tail("--channel", f"post:{old[0]}", "--token", bob.token)
    until_live(process)
    assert process.stdout is not None and process.stdout.readline().strip().endswith("old 0")
    alice.delete(old[0])
    shown, said = process.communicate(timeout=10)
    assert process.returncode == 1 and f"post:{old[0]} is not there any more" in said
    assert "deleted" in shown


def test_tail_of_what_is_around_a_post(tail: Tail, alice: User, bob: User) -> None:
    """How a post and its poll stand, and what is said of it: each as it comes, a line each."""
    post = expect(alice.http.post("/v1/posts", json={"text": "which?", "poll": {"options": ["tea", "none"], "closes_in": 300}}), 201).json()
    around, poll = (tail("--channel", f"{kind}:{id}", "--token", bob.token) for kind, id in (("post", post["id"]), ("poll", post["poll"]["id"])))
    for process in (around, poll):
        until_live(process)
    expect(bob.http.post(f"/v1/posts/{post['id']}/comments", json={"text": "both"}), 201)
    expect(bob.http.put(f"/v1/posts/{post['id']}/like"), 204)
    expect(bob.http.post(f"/v1/polls/{post['poll']['id']}/votes", json={"options": [0]}), 200)
    assert around.stdout is not None and poll.stdout is not None
    shown: list[str] = []
    while not (any("commented: both" in line for line in shown) and any("1 like, 1 comment" in line for line in shown)):
        shown.append(around.stdout.readline())
        assert shown[-1], f"it ended behind {shown}"
    while "tea 1, none 0 (1 voter)" not in (line := poll.stdout.readline()):
        assert line, "it ended before the vote"


def test_tail_of_notifications(tail: Tail, alice: User, make_user: MakeUser) -> None:
    """The newest first, and then each as it comes."""
    bob, carol = make_user("bob"), make_user("carol")
    bob.follow(alice)
    post = alice.post("hello")["id"]
    eventually(lambda: len(alice.http.get("/v1/notifications").json()["items"]) == 1, PATIENCE, "the follow")
    expect(bob.http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: len(alice.http.get("/v1/notifications").json()["items"]) == 2, PATIENCE, "both")
    process = tail("--notifications", "-n", "1", "--token", alice.token)
    until_live(process)
    expect(carol.http.put(f"/v1/posts/{post}/like"), 204)
    assert process.stdout is not None
    lines = [process.stdout.readline().strip().split(" ", 1)[1] for _ in range(2)]
    assert lines == [f"@{bob.handle} liked your post: hello", f"@{carol.handle} and 1 more liked your post: hello"]
    expect(alice.http.put("/v1/notifications/read", json={"keys": ["follow"]}), 200)
    assert process.stdout.readline().strip().endswith(f"@{bob.handle} followed you")
    expect(bob.http.delete(f"/v1/users/{alice.id}/follow"), 204)
    assert process.stdout.readline().strip().endswith("taken back: follow")


def test_tail_of_a_channel_that_is_not_there(tail: Tail, alice: User) -> None:
    for channel, code in [("user:@nobody_of_that_name", 1), ("post:9007199254740991", 1), ("feed:1", 2), ("post:1/x", 2)]:
        _, said = (process := tail("--channel", channel, "--token", alice.token)).communicate(timeout=30)
        assert process.returncode == code and said, channel


def test_tail_tells_of_a_position_that_can_not_be_used(tail: Tail, alice: User) -> None:
    alice.posts(2, "before")
    process = tail("--since", "nonsense", "--token", alice.token)
    assert process.stdout is not None and process.stderr is not None
    assert [process.stdout.readline().strip().rsplit(": ", 1)[1] for _ in range(2)] == ["before 0", "before 1"]
    assert "can't use the position" in process.stderr.readline()


def test_a_flag_beats_the_environment(tail: Tail, alice: User) -> None:
    for arguments, settings in [
        (("--token", alice.token), {"MARTLET_PASSWORD": "x"}),
        (("--token", alice.token), {"MARTLET_PASSWORD": "x", "MARTLET_HANDLE": "nobody"}),
        (("--handle", alice.handle), {"MARTLET_PASSWORD": alice.password, "MARTLET_TOKEN": "nonsense"}),
        (("-n", "1", "--token", alice.token), {"MARTLET_SINCE": "x"}),
    ]:
        until_live(tail(*arguments, **settings))


@pytest.mark.parametrize(("arguments", "settings", "names"), [
    (("--token", "a", "--password", "b"), {}, ("--token", "--password")),
    (("--token", "a", "--handle", "bob"), {"MARTLET_PASSWORD": "x"}, ("--token", "--handle")),
    ((), {"MARTLET_TOKEN": "a", "MARTLET_PASSWORD": "b"}, ("MARTLET_TOKEN", "MARTLET_PASSWORD")),
    (("--since", "a", "-n", "3", "--token", "t"), {}, ("--since", "-n")),
    (("--since", "a", "--channel", "post:1", "--token", "t"), {}, ("--since", "--channel")),
    (("--handle", "bob"), {}, ("MARTLET_TOKEN", "MARTLET_PASSWORD")),
])
def test_what_excludes_each_other_is_named(
    tail: Tail, arguments: tuple[str, ...], settings: dict[str, str], names: tuple[str, ...]
) -> None:
    _, said = (process := tail(*arguments, **settings)).communicate(timeout=10)
    assert process.returncode == 2 and all(name in said for name in names), said


def test_tail_ends_when_nobody_reads_its_notices(server: Server, alice: User) -> None:
    """Standard error is a full pipe."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 65536)
    except BlockingIOError:
        os.set_blocking(writer, True)
    process = subprocess.Popen(
        [martlet_binary(), "tail", "--url", server.url, "--token", alice.token], env=clean_environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=writer, start_new_session=True)
    try:
        assert process.stdout is not None
        alice.post("shown")
        assert process.stdout.readline().endswith("shown\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
    finally:
        process.kill()
        process.communicate()
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_tool_can_be_ended(server: Server, alice: User, tmp_path: Path, number: int) -> None:
    process = subprocess.Popen(
        [martlet_binary(), "seed", "--follow", alice.handle, "--users", "1000000", "--tokens", tmp_path / "tokens"],
        env=clean_environment(MARTLET_DATA=str(server.data)), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        eventually(lambda: alice.http.get(f"/v1/users/{alice.id}").json()["followers"] > 0, 20, "the first followers")
        process.send_signal(number)
        assert process.wait(10) == 128 + number
    finally:
        process.kill()
        process.communicate()
