"""The commands for people who live in terminals: follow, unfollow, post, feed, requests, notifications, devices,
preferences, export, account."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any, Callable

import pytest

from conftest import MakeUser
from martlet_process import Server, clean_environment, martlet_binary
from support import User, eventually, expect

Terminal = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def terminal(server: Server) -> Terminal:
    """Runs a command as a user, whose token is in the environment."""

    def run(user: User | None, *words: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        who = {"MARTLET_TOKEN": user.token} if user else {}
        return subprocess.run(
            [martlet_binary(), *words], env=clean_environment(**who, MARTLET_URL=server.url, **settings), input=given, text=True, capture_output=True,
            timeout=30)

    return run


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def documents(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said(done).splitlines()]


def test_a_follow_and_its_end(terminal: Terminal, alice: User, bob: User) -> None:
    expect(bob.http.delete(f"/v1/users/{alice.id}/follow"), 204)
    assert said(terminal(bob, "follow", f"@{alice.handle.upper()}")) == f"you follow @{alice.handle}\n"
    assert alice.http.get("/v1/me").json()["followers"] == 1
    [told] = documents(terminal(bob, "unfollow", alice.handle, "--json"))
    assert told["followed"] is False and told["user"]["id"] == alice.id
    assert alice.http.get("/v1/me").json()["followers"] == 0


def test_a_tag_is_followed(terminal: Terminal, alice: User, bob: User) -> None:
    expect(bob.http.delete(f"/v1/users/{alice.id}/follow"), 204)
    assert said(terminal(bob, "follow", "#Thé")) == "you follow #Thé\n"
    assert bob.http.get("/v1/tags/thé").json()["followed"] is True
    assert documents(terminal(bob, "unfollow", "#THÉ", "--json")) == [{"tag": "THÉ", "followed": False}]
    assert bob.http.get("/v1/tags/thé").status_code == 404
    assert "#1" in terminal(bob, "follow", "#1").stderr


def test_a_post_of_words_and_of_standard_input(terminal: Terminal, alice: User) -> None:
    assert said(terminal(alice, "post", "hello there")).endswith(f"@{alice.handle}: hello there\n")
    [told] = documents(terminal(alice, "post", "--json", given="two\nlines\n"))
    assert told["text"] == "two\nlines" and told["author"]["id"] == alice.id
    assert said(terminal(alice, "post", "-", given="-")).endswith(": -\n")
    assert said(terminal(alice, "post", "--", "--limit")).endswith(": --limit\n")
    assert [post["text"] for post in alice.feed()["items"]] == ["--limit", "-", "two\nlines", "hello there"]


def test_the_feed_ends_with_the_newest(terminal: Terminal, alice: User, bob: User) -> None:
    """No text does anything to the terminal."""
    alice.posts(3, "post")
    bob.follow(alice)
    lines = said(terminal(bob, "feed", "--limit", "2")).splitlines()
    assert [line.rsplit(": ", 1)[1] for line in lines] == ["post 1", "post 2"]
    assert [post["text"] for post in documents(terminal(bob, "feed", "--json"))] == ["post 0", "post 1", "post 2"]
    alice.post("left\u202eright\n@bob: x")
    last = said(terminal(bob, "feed", "--limit=1"))
    assert last.endswith("left\\u{202e}right\\n@bob: x\n") and last.count("\n") == 1
    assert "\u202e" not in said(terminal(bob, "feed", "--limit=1", "--json"))
    assert "\u202e" not in said(terminal(bob, "feed", "--limit=1", "--color", "always"))


def test_requests(terminal: Terminal, alice: User, bob: User) -> None:
    """Asked, seen, refused; asked again and accepted."""
    expect(bob.http.delete(f"/v1/users/{alice.id}/follow"), 204)
    expect(alice.http.patch("/v1/me", json={"private": True, "display_name": "Alice"}), 200)
    assert said(terminal(alice, "requests")) == ""
    assert said(terminal(bob, "follow", alice.handle)) == f"@{alice.handle} is asked: the account is private\n"
    assert said(terminal(alice, "requests")).endswith(f" @{bob.handle} {bob.handle}\n")
    assert [request["user"]["id"] for request in documents(terminal(alice, "requests", "--json"))] == [bob.id]
    assert said(terminal(alice, "requests", "refuse", bob.handle))
    assert said(terminal(alice, "requests")) == ""
    [told] = documents(terminal(bob, "follow", alice.handle, "--json"))
    assert told["requested"] is True and told["user"]["display_name"] == "Alice"
    [told] = documents(terminal(alice, "requests", "accept", bob.handle, "--json"))
    assert told["accepted"] is True and told["user"]["id"] == bob.id
    assert bob.http.get(f"/v1/users/{alice.id}/relation").json()["followed"]


def test_notifications(terminal: Terminal, alice: User, make_user: MakeUser) -> None:
    """The newest last; all are read, for all of one's clients."""
    carol = make_user("carol")
    post = alice.post("a\u202end so")["id"]
    expect(carol.http.put(f"/v1/users/{alice.id}/follow"), 204)
    expect(carol.http.put(f"/v1/posts/{post}/like"), 204)
    eventually(lambda: alice.http.get("/v1/notifications").json()["unread"] >= 2, 10, "the notifications")
    shown = said(terminal(alice, "notifications", "--limit", "2")).splitlines()
    assert sorted(line.split(" ", 1)[1] for line in shown) == [
        f"@{carol.handle} followed you", f"@{carol.handle} liked your post: a\\u{{202e}}nd so"]
    assert [group["id"] for group in documents(terminal(alice, "notifications", "--json"))] == [
        group["id"] for group in alice.http.get("/v1/notifications").json()["items"][::-1]]
    assert said(terminal(alice, "notifications", "read")).startswith("read, but for 0")
    assert alice.http.get("/v1/notifications").json()["unread"] == 0
    assert said(terminal(make_user("nobody"), "notifications", "read")) == "there are no notifications\n"


def test_devices(terminal: Terminal, alice: User) -> None:
    [added] = documents(terminal(alice, "devices", "add", "https://hooks.example/martlet", "--json"))
    assert added["kind"] == "webhook" and added["secret"].startswith("whsec_")
    assert said(terminal(alice, "devices", "add", "https://hooks.example/martlet")) == f"{added['id']} was there\n"
    assert f"{added['id']} webhook: active\n" in said(terminal(alice, "devices"))
    assert "whsec_" in said(terminal(alice, "devices", "rotate", added["id"]))
    assert said(terminal(alice, "devices", "test", added["id"])) == "a test is on its way\n"
    deliveries = alice.http.get(f"/v1/devices/{added['id']}/deliveries").json()["items"]
    assert [one["type"] for one in deliveries] == ["test"]
    assert documents(terminal(alice, "devices", "remove", added["id"], "--json")) == [{"removed": added["id"]}]
    assert added["id"] not in said(terminal(alice, "devices"))
    done = terminal(
        None, "devices", "add", "https://hooks.example/x", MARTLET_HANDLE=alice.handle, MARTLET_PASSWORD=alice.password)
    assert done.returncode == 2 and "ends with the session" in done.stderr


def test_preferences(terminal: Terminal, alice: User) -> None:
    """One at a time; the others stay as they are."""
    before = said(terminal(alice, "preferences"))
    assert "like: inbox on, push on\n" in before and "digest: off\n" in before and "quiet" not in before
    assert "like: inbox on, push off\n" in said(terminal(alice, "preferences", "push", "like", "off"))
    assert "quiet: from 22:00 to 07:00, Europe/Paris\n" in said(
        terminal(alice, "preferences", "quiet", "22:00", "07:00", "Europe/Paris"))
    [told] = documents(terminal(alice, "preferences", "digest", "daily", "--json"))
    assert told == alice.http.get("/v1/me/preferences").json()
    assert told["types"]["like"] == {"inbox": True, "push": False} and told["digest"] == "daily"
    assert told["quiet"] == {"from": "22:00", "to": "07:00", "time_zone": "Europe/Paris", "urgent": False}
    said(terminal(alice, "preferences", "quiet", "off"))
    said(terminal(alice, "preferences", "digest", "off"))
    assert said(terminal(alice, "preferences", "push", "like", "on")) == before


def test_who_one_is(terminal: Terminal, alice: User, tmp_path: Path) -> None:
    """A token in a file or by standard input; a handle with a password, whose session ends with the command."""
    alice.post("mine")
    (tmp_path / "token").write_text(alice.token + "\n")
    assert "mine" in said(terminal(None, "feed", "--token-file", str(tmp_path / "token")))
    assert "mine" in said(terminal(None, "feed", given=alice.token, MARTLET_TOKEN_FILE="/dev/stdin"))
    sessions = alice.http.get("/v1/me/sessions").json()["items"]
    assert "mine" in said(terminal(None, "feed", MARTLET_HANDLE=alice.handle, MARTLET_PASSWORD="correct horse battery"))
    assert alice.http.get("/v1/me/sessions").json()["items"] == sessions


@pytest.mark.parametrize(("words", "given", "code", "what"), [
    (("follow",), "", 2, "martlet follow HANDLE"),
    (("follow", "a b"), "", 2, "no handle"),
    (("follow", "nobody_of_that_name"), "", 1, "nobody_of_that_name"),
    (("requests", "accept"), "", 2, "accept HANDLE"),
    (("requests", "accept", "nobody_of_that_name"), "", 1, "nobody_of_that_name"),
    (("post", "two", "texts"), "", 2, "quotation marks"),
    (("post", " "), "", 1, "text"),
    (("post",), "x" * 70_000, 1, "longer"),
    (("post", "x" * 5_001), "", 1, "5,000|5000"),
    (("feed", "--limit", "0"), "", 2, "--limit"),
    (("feed", "more"), "", 2, "no words"),
    (("feed", "--frobnicate"), "", 2, "--frobnicate"),
    (("notifications", "all"), "", 2, "notifications read"),
    (("devices", "add", "nowhere"), "", 2, "nowhere"),
    (("devices", "add", "http://127.0.0.1/x"), "", 1, "url|https"),
    (("devices", "break", "1"), "", 2, "remove, test or rotate"),
    (("devices", "test", "1"), "", 1, "no device 1"),
    (("preferences", "push", "like", "maybe"), "", 2, "on|off"),
    (("preferences", "push", "shouting", "on"), "", 2, "shouting"),
    (("preferences", "quiet", "25:00", "07:00", "UTC"), "", 1, "time of the day"),
    (("preferences", "digest", "yearly"), "", 1, "digest"),
])
def test_what_is_wrong_is_said(
    terminal: Terminal, alice: User, words: tuple[str, ...], given: str, code: int, what: str
) -> None:
    done = terminal(alice, *words, given=given)
    assert done.returncode == code and done.stdout == "", done
    assert done.stderr.startswith("martlet") and any(part in done.stderr for part in what.split("|")), done.stderr
    assert done.stderr.count("\n") == 1


def test_nobody(terminal: Terminal, alice: User, tmp_path: Path) -> None:
    for settings, what in (
        ({}, "MARTLET_TOKEN"), ({"MARTLET_TOKEN": "wrong"}, "access token"),
        ({"MARTLET_HANDLE": alice.handle, "MARTLET_PASSWORD": "not the password"}, alice.handle),
        ({"MARTLET_TOKEN_FILE": str(tmp_path / "none")}, "MARTLET_TOKEN_FILE"),
    ):
        done = terminal(None, "feed", **settings)
        assert done.returncode == 2 and what in done.stderr and alice.token not in done.stderr, done
    done = subprocess.run(
        [martlet_binary(), "feed", "--url", "http://127.0.0.1:1", "--token", "x"], env=clean_environment(), text=True,
        capture_output=True, timeout=30)
    assert done.returncode == 1 and done.stderr.startswith("martlet feed: ")


@pytest.mark.parametrize("command", ["follow", "unfollow", "post", "feed", "requests", "notifications", "devices", "preferences"])
def test_help(terminal: Terminal, command: str) -> None:
    shown = said(terminal(None, command, "--help"))
    assert all(option in shown for option in ("--json", "MARTLET_TOKEN_FILE", "--url")) and "--postgres" not in shown


def test_an_export_into_a_file(terminal: Terminal, make_user: MakeUser, tmp_path: Path) -> None:
    user = make_user("exporter")
    user.post("kept")
    file = tmp_path / "all.zip"
    assert said(terminal(user, "export", str(file))) == f"{file}: {file.stat().st_size} bytes\n"
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert [json.loads(line)["text"] for line in archive.read("posts.jsonl").splitlines()] == ["kept"]
    there = terminal(user, "export", str(file))
    assert there.returncode == 2 and "exists" in there.stderr
    [told] = documents(terminal(user, "export", str(tmp_path / "two.zip"), "--json"))
    assert told["state"] == "ready" and (tmp_path / "two.zip").stat().st_size == told["bytes"]
    enough = terminal(user, "export", str(tmp_path / "three.zip"))
    assert enough.returncode == 1 and "24 hours" in enough.stderr and not (tmp_path / "three.zip").exists()


def test_an_account_is_deleted_and_kept(terminal: Terminal, make_user: MakeUser) -> None:
    user = make_user("leaver")
    who = {"MARTLET_HANDLE": user.handle, "MARTLET_PASSWORD": user.password}
    without = terminal(user, "account", "delete")
    assert without.returncode == 2 and "password" in without.stderr
    [told] = documents(terminal(None, "account", "delete", "--json", "--grace", "3", **who))
    assert told["state"] == "scheduled"
    shown = said(terminal(None, "account", "receipt", told["id"], told["key"]))
    assert shown == f"scheduled, to be erased on {told['erase_at']}\n"
    assert terminal(None, "account", "receipt", told["id"], "x").returncode == 1
    assert said(terminal(None, "account", "cancel", **who)) == "the account is here again\n"
    assert terminal(None, "account", "receipt", told["id"], told["key"]).returncode == 1
    lines = said(terminal(None, "account", "delete", "--grace", "0", **who)).splitlines()
    words = lines[1].split()[3:]
    eventually(lambda: said(terminal(None, *words)).startswith("done, "), 60, "the end of the deletion")
    assert "postgres.users: found 1, removed 1, left 0" in said(terminal(None, *words))
    for wrong in (["account"], ["account", "receipt", "x", "y"], ["account", "delete", "now"], ["export", "a", "b"]):
        assert terminal(user, *wrong).returncode == 2
