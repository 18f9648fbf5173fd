"""Notifications through the processes: what is done reaches the worker by the log, and the list."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from conftest import MakeUser
from support import PATIENCE, User, eventually, expect


def notified(user: User) -> dict[str, Any]:
    return expect(user.http.get("/v1/notifications"), 200).json()


def groups(user: User) -> dict[str, int]:
    """How often what happened, by key; and the number of unread ones is that of the list."""
    page = notified(user)
    assert page["unread"] == sum(not group["read"] for group in page["items"])
    return {group["key"]: group["count"] for group in page["items"]}


def like(user: User, kind: str, id: str, method: str = "PUT") -> None:
    expect(user.http.request(method, f"/v1/{kind}/{id}/like"), 204)


@pytest.mark.both_logs
def test_what_is_done_is_told_and_what_is_undone_is_taken_back(alice: User, bob: User, make_user: MakeUser) -> None:
    carol = make_user("carol")
    expect(carol.http.put(f"/v1/users/{alice.id}/bell"), 204)
    post = alice.post(f"hello @{bob.handle}")["id"]
    expect(bob.http.put(f"/v1/users/{alice.id}/follow"), 204)
    for user in (bob, carol):
        like(user, "posts", post)
    comment = expect(bob.http.post(f"/v1/posts/{post}/comments", json={"text": "a comment"}), 201).json()["id"]
    reply = expect(
        carol.http.post(f"/v1/posts/{post}/comments", json={"text": "a reply", "parent": comment}), 201).json()["id"]
    like(alice, "comments", comment)
    eventually(
        lambda: groups(alice) == {"follow": 1, f"like:post:{post}": 2, f"comment:post:{post}": 2}, PATIENCE, "all of alice's")
    eventually(
        lambda: groups(bob) == {f"mention:post:{post}": 1, f"reply:comment:{comment}": 1, f"like:comment:{comment}": 1},
        PATIENCE, "all of bob's")
    eventually(lambda: groups(carol) == {f"post:post:{post}": 1}, PATIENCE, "carol's")
    read = expect(alice.http.put("/v1/notifications/read", json={"up_to": notified(alice)["items"][0]["id"]}), 200).json()
    assert read == {"unread": 0} and notified(alice)["unread"] == 0
    expect(carol.http.delete(f"/v1/comments/{reply}"), 204)
    like(carol, "posts", post, "DELETE")
    like(alice, "comments", comment, "DELETE")
    expect(bob.http.delete(f"/v1/users/{alice.id}/follow"), 204)
    eventually(
        lambda: groups(alice) == {f"like:post:{post}": 1, f"comment:post:{post}": 1}, PATIENCE, "what was undone to go")
    eventually(lambda: groups(bob) == {f"mention:post:{post}": 1}, PATIENCE, "bob's to go")
    expect(alice.http.delete(f"/v1/posts/{post}"), 204)
    for user in (alice, bob, carol):
        eventually(lambda: groups(user) == {}, PATIENCE, "all of the post's to go")


@pytest.mark.both_logs
def test_a_request_that_is_accepted(alice: User, make_user: MakeUser) -> None:
    dave = make_user("dave")
    expect(alice.http.patch("/v1/me", json={"private": True}), 200)
    expect(dave.http.put(f"/v1/users/{alice.id}/follow"), 202)
    eventually(lambda: groups(alice) == {"follow_request": 1}, PATIENCE, "the request")
    expect(alice.http.put(f"/v1/me/requests/{dave.id}"), 204)
    eventually(lambda: groups(dave) == {"follow_accepted": 1}, PATIENCE, "the acceptance")
    eventually(lambda: groups(alice) == {}, PATIENCE, "the request to go")


@pytest.mark.both_logs
def test_what_is_done_and_undone_at_once_is_counted_right(alice: User, make_user: MakeUser) -> None:
    """By several users, over several topics and partitions: `unread` is that of the list at each look, and in the end what is
    told is what is so."""
    fans = [make_user(f"fan{number}") for number in range(4)]
    posts = [alice.post(f"post {number}")["id"] for number in range(3)]
    failures: list[BaseException] = []

    def act(fan: User, chance: random.Random) -> None:
        try:
            for _ in range(40):
                post, method = chance.choice(posts), chance.choice(["PUT", "DELETE"])
                match chance.randrange(3):
                    case 0: like(fan, "posts", post, method)
                    case 1: expect(fan.http.request(method, f"/v1/users/{alice.id}/follow"), 204)
                    case _:
                        comment = expect(fan.http.post(f"/v1/posts/{post}/comments", json={"text": "x"}), 201).json()["id"]
                        if method == "DELETE":
                            expect(fan.http.delete(f"/v1/comments/{comment}"), 204)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=act, args=(fan, random.Random(number))) for number, fan in enumerate(fans)]
    for thread in threads:
        thread.start()
    looks = 0
    while any(thread.is_alive() for thread in threads):
        groups(alice)
        looks += 1
    for thread in threads:
        thread.join()
    assert not failures and looks > 5

    def holds() -> dict[str, int]:
        counts = {f"{kind}:post:{post}": alice.http.get(f"/v1/posts/{post}").json()["counts"][number]
                  for post in posts for kind, number in (("like", "likes"), ("comment", "comments"))}
        counts["follow"] = alice.http.get("/v1/me").json()["followers"]
        return {key: count for key, count in counts.items() if count > 0}

    eventually(lambda: groups(alice) == holds(), PATIENCE, "what is told to be what is so")
