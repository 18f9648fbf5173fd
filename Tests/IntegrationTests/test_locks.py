"""Who waits for whom in PostgreSQL: posts and follows of one user not at all, and nobody in a circle."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from conftest import MakeUser
from martlet_process import Server
from sql import open_transaction, rows
from support import User, eventually, expect

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'martlet'"


def test_a_follow_does_not_hold_up_posts(alice: User, bob: User) -> None:
    """Its transaction is open, with the counters of both locked: the author's posts are accepted and arrive."""
    counters = f"SELECT FROM follow_counts WHERE user_id IN ({alice.id}, {bob.id}) ORDER BY user_id FOR UPDATE"
    with open_transaction(alice.server, counters):
        bob.sees(*alice.posts(3), timeout=5)


def test_a_post_does_not_hold_up_follows(alice: User, make_user: MakeUser) -> None:
    carol = make_user("carol")
    post = f"UPDATE users SET posts = posts + 1 WHERE id = {alice.id}"
    with open_transaction(alice.server, post):
        for _ in range(2):
            carol.follow(alice)
            assert expect(carol.http.get(f"/v1/users/{alice.id}"), 200).json()["followers"] == 1
            carol.unfollow(alice)
    assert expect(carol.http.get(f"/v1/users/{alice.id}"), 200).json()["followers"] == 0


def test_new_followers_do_not_wait_for_each_other(alice: User, make_user: MakeUser) -> None:
    """One has not committed yet: the others follow, and go, and all are counted; an author with one row keeps one."""
    users = [make_user(f"fan{number}") for number in range(6)]
    counters = f"SELECT FROM follow_counts WHERE user_id = {alice.id} FOR UPDATE"
    stripes = f"SELECT count(*) > 0, COALESCE(sum(followers), 0) FROM follower_stripes WHERE user_id = {alice.id}"

    def followers() -> int:
        return int(expect(users[0].http.get(f"/v1/users/{alice.id}"), 200).json()["followers"])

    users[0].follow(alice)
    before = followers()
    assert rows(alice.server, stripes) == [("f", "0")]
    with open_transaction(alice.server, counters):
        for user in users[1:]:
            user.follow(alice)
        assert followers() == before + 5
        users[0].unfollow(alice)
        assert followers() == before + 4
    assert rows(alice.server, stripes) == [("t", "4")]
    for user in users[1:]:
        user.unfollow(alice)
    assert followers() == before - 1
    assert rows(alice.server, stripes) == [("t", "4")]


def test_nobody_waits_in_a_circle(server: Server, make_user: MakeUser) -> None:
    """Twelve users post, delete, follow and unfollow each other at once: no deadlock, and the counters are right."""
    users = [make_user(f"crosswise{number}") for number in range(12)]
    before = rows(server, DEADLOCKS)

    def act(seed: int) -> None:
        chance, me = random.Random(seed), users[seed % len(users)]
        others = [user for user in users if user is not me]
        posts: list[str] = []
        for _ in range(40):
            match chance.randrange(6):
                case 0 | 1 | 2: posts.append(me.post("crosswise")["id"])
                case 3: me.follow(chance.choice(others))
                case 4: me.unfollow(chance.choice(others))
                case 5 if posts: me.delete(posts.pop())

    with ThreadPoolExecutor(24) as pool:
        for done in [pool.submit(act, seed) for seed in range(24)]:
            done.result()
    eventually(lambda: rows(server, "SELECT count(*) FROM outbox") == [("0",)], 15, "an empty outbox")
    assert rows(server, DEADLOCKS) == before
    for user in users:
        seen = expect(user.http.get("/v1/me"), 200).json()
        assert seen["followers"] == len(user.walk(f"/v1/users/{user.id}/followers"))
        assert seen["following"] == len(user.walk(f"/v1/users/{user.id}/following"))


def test_what_an_older_process_counts_is_passed_on(alice: User, bob: User) -> None:
    """It still counts in the users' rows while processes are replaced one by one."""
    rows(alice.server, f"UPDATE users SET followers = followers + 2, following = following + 1 WHERE id = {alice.id}")
    seen = expect(bob.http.get(f"/v1/users/{alice.id}"), 200).json()
    assert (seen["followers"], seen["following"]) == (3, 1)
    rows(alice.server, f"UPDATE users SET followers = followers - 2, following = following - 1 WHERE id = {alice.id}")
    rows(alice.server, f"DELETE FROM follow_counts WHERE user_id = {bob.id}")
    bob.unfollow(alice)
    bob.follow(alice)
    assert expect(bob.http.get(f"/v1/users/{alice.id}"), 200).json()["followers"] == 1
