"""`martlet audit feeds`: feeds beside what posts and follows make of them."""

from __future__ import annotations

import random
import threading

import pytest

from conftest import MakeUser
from follower import ReconnectingFollower
from hostile import metric
from martlet_process import Server, run_martlet
from redis_socket import redis_command, redis_reply
from support import User, expect


def audit(server: Server, *flags: str) -> tuple[int, list[str]]:
    done = run_martlet("audit", "feeds", *flags, MARTLET_DATA=str(server.data))
    return done.returncode, done.stdout.splitlines()


def cut_timeline(server: Server, user: User) -> None:
    """It loses all but the two oldest posts, and says still that it has all."""
    key = redis_reply(server.redis_socket, "KEYS", f"tl:*:{user.id}").split(b"\r\n")[2]
    assert redis_command(server.redis_socket, "LTRIM", key, "-3", "-1") == "+OK"


def test_a_feed_that_lost_posts(own_server: Server, make_user: MakeUser) -> None:
    """It is found, then repaired; who is live reads anew, and is told everything from then on."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    bob.follow(alice)
    ids = alice.posts(5)
    bob.sees(*ids)
    with ReconnectingFollower(bob) as follower:
        assert audit(own_server, "--all") == (0, ["2 passed, 0 failed"])
        cut_timeline(own_server, bob)
        assert bob.walk() == ids[1::-1]
        wrong = f"feed of {bob.id}: the timeline lacks 3 posts, the newest {ids[-1]}"
        assert audit(own_server, "--users", "10") == (1, [wrong, "1 passed, 1 failed"])
        assert audit(own_server, "--repair") == (0, [f"repaired: {wrong}", "2 passed, 0 failed"])
        assert bob.walk() == ids[::-1]
        ids.append(alice.post("after the repair")["id"])
        follower.sees(ids[-1])
        assert follower.view == ids
    assert audit(own_server) == (0, ["2 passed, 0 failed"])
    assert metric(own_server, "martlet_feed_failures_total") == 0


@pytest.mark.parametrize("flags", [["--users", "0"], ["--users", "100001"], ["--users", "x"], ["--all", "--users", "1"]])
def test_what_it_refuses(flags: list[str]) -> None:
    done = run_martlet("audit", "feeds", *flags)
    assert done.returncode == 2 and "--users" in done.stderr


def test_a_right_site_under_load(own_server: Server, make_user: MakeUser) -> None:
    """Posts, edits, deletions, follows, hashtags, blocks and mutes go on while it looks: nothing is wrong."""
    users = [make_user("user", own_server) for _ in range(8)]
    stop, errors, done = threading.Event(), [], [0] * len(users)

    def go_on(number: int) -> None:
        user, chance, posts = users[number], random.Random(number), [users[number].post("first")["id"]]
        try:
            while not stop.is_set():
                other = chance.choice([one for one in users if one is not user])
                tag = f"under_load_{chance.randrange(3)}"
                match chance.randrange(12):
                    case 0 | 1: user.http.put(f"/v1/users/{other.id}/follow")  # 404 behind a block
                    case 2: user.http.delete(f"/v1/users/{other.id}/follow")
                    case 3: expect(user.http.put(f"/v1/tags/{tag}/follow"), 204)
                    case 4: expect(user.http.delete(f"/v1/tags/{tag}/follow"), 204)
                    case 5: user.http.patch(f"/v1/posts/{chance.choice(posts)}", json={"text": chance.choice(["plain", f"#{tag}"])})
                    case 6: user.http.delete(f"/v1/posts/{chance.choice(posts)}")
                    case 7:
                        what = f"/v1/users/{other.id}/{chance.choice(['mute', 'block'])}"
                        user.http.put(what)
                        expect(user.http.delete(what), 204)
                    case 8: user.feed()
                    case _: posts.append(user.post(chance.choice(["plain", f"with #{tag}"]))["id"])
                done[number] += 1
        except Exception as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(len(users))]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            code, lines = audit(own_server, "--all")
            failures = [line for line in lines if not line.startswith("stray: ")]
            assert (code, failures) == (0, ["8 passed, 0 failed"])
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert not errors and min(done) > 20
    code, lines = audit(own_server, "--all")
    assert code == 0 and lines[-1] == "8 passed, 0 failed", "\n".join(lines)
    assert metric(own_server, "martlet_feed_failures_total") == 0
