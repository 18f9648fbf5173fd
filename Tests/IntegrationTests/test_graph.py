"""Users as others see them, follows and their lists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from conftest import MakeUser
from support import User, alterations, assert_problem, eventually, expect, newest_first

NOBODY = "1"


def test_a_user_by_id_and_by_handle(api: httpx.Client, alice: User, bob: User) -> None:
    """The same user by both names, the handle in any case; `followed` only for who is signed in."""
    by_id = expect(bob.http.get(f"/v1/users/{alice.id}"), 200).json()
    assert by_id["followed"] is True
    for handle in (alice.handle, alice.handle.upper()):
        assert expect(bob.http.get(f"/v1/users/@{handle}"), 200).json()["id"] == alice.id
    assert expect(alice.http.get(f"/v1/users/{bob.id}"), 200).json()["followed"] is False
    anonymous = expect(api.get(f"/v1/users/{alice.id}"), 200).json()
    assert anonymous["id"] == alice.id and "followed" not in anonymous


def test_users_that_are_not_there(alice: User) -> None:
    for path in (f"/v1/users/{NOBODY}", "/v1/users/@nobody_has_this", f"/v1/users/{NOBODY}/posts",
                 f"/v1/users/{NOBODY}/followers", f"/v1/users/{NOBODY}/following"):
        assert_problem(alice.http.get(path), 404, "not_found")
    assert_problem(alice.http.put(f"/v1/users/{NOBODY}/follow"), 404, "not_found")


def test_follow_and_unfollow_are_idempotent(alice: User, make_user: MakeUser) -> None:
    """204 each time, and the counts say what is, not how often it was asked."""
    carol = make_user("carol")

    def counts() -> tuple[int, int, bool]:
        seen = expect(carol.http.get(f"/v1/users/{alice.id}"), 200).json()
        return seen["followers"], expect(carol.http.get("/v1/me"), 200).json()["following"], seen["followed"]

    for _ in range(3):
        carol.follow(alice)
    eventually(lambda: counts() == (1, 1, True), 5, "one follow")
    for _ in range(3):
        carol.unfollow(alice)
    eventually(lambda: counts() == (0, 0, False), 5, "no follow")


def test_follows_at_once_count_once(alice: User, make_user: MakeUser) -> None:
    carol = make_user("carol")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: carol.http.put(f"/v1/users/{alice.id}/follow").status_code, range(24)))
    assert answers == [204] * 24
    assert alice.walk(f"/v1/users/{alice.id}/followers") == [carol.id]
    eventually(lambda: carol.http.get(f"/v1/users/{alice.id}").json()["followers"] == 1, 5, "one follower")


def test_nobody_follows_oneself(alice: User) -> None:
    assert_problem(alice.http.put(f"/v1/users/{alice.id}/follow"), 400, "invalid_field")
    assert_problem(alice.http.post("/follow", json={"user_id": alice.id}), 400, "invalid_field")


def test_follow_needs_a_session(api: httpx.Client, alice: User) -> None:
    for method in ("PUT", "DELETE"):
        assert_problem(api.request(method, f"/v1/users/{alice.id}/follow"), 401, "unauthenticated")


def test_lists_of_followers(alice: User, make_user: MakeUser) -> None:
    """Newest follow first, over pages, nobody twice; a follow that is renewed is new."""
    fans = [make_user("fan") for _ in range(7)]
    for fan in fans:
        fan.follow(alice)
    path = f"/v1/users/{alice.id}/followers"
    pages = [[user["id"] for user in page["items"]] for page in alice.pages(path, limit=3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == [fan.id for fan in reversed(fans)]
    fans[0].unfollow(alice)
    fans[0].follow(alice)
    assert alice.walk(path, limit=2)[0] == fans[0].id
    assert sorted(alice.walk(path, limit=2)) == sorted(fan.id for fan in fans)


def test_lists_of_followed(alice: User, make_user: MakeUser) -> None:
    idols = [make_user("idol") for _ in range(4)]
    for idol in idols:
        alice.follow(idol)
    path = f"/v1/users/{alice.id}/following"
    assert alice.walk(path, limit=3) == [idol.id for idol in reversed(idols)]
    first = expect(alice.http.get(path, params={"limit": 1}), 200).json()["items"][0]
    assert {"id", "handle", "display_name", "created_at", "followers", "following", "posts"} <= set(first)


def test_cursors_belong_to_their_list(alice: User, make_user: MakeUser) -> None:
    """A cursor of one list, of one user's list, or an altered one, is refused by name."""
    for fan in (make_user("fan"), make_user("fan")):
        fan.follow(alice)
        alice.follow(fan)
        fan.post("x")
    alice.posts(2)
    followers, following, posts = (f"/v1/users/{alice.id}/{name}" for name in ("followers", "following", "posts"))
    paths = (followers, following, posts)
    cursors = {path: expect(alice.http.get(path, params={"limit": 1}), 200).json()["next"] for path in paths}
    for path in cursors:
        for other, cursor in cursors.items():
            if other != path:
                assert_problem(alice.http.get(path, params={"cursor": cursor}), 400, "invalid_cursor")
    for altered in alterations(cursors[followers]):
        assert_problem(alice.http.get(followers, params={"cursor": altered}), 400, "invalid_cursor")


def test_the_list_of_a_users_posts(alice: User, bob: User) -> None:
    """Newest first over pages, for anyone signed in, without deleted ones."""
    ids = alice.posts(12)
    alice.delete(ids.pop(5))
    path = f"/v1/users/{alice.id}/posts"
    assert bob.walk(path, limit=5) == ids[::-1]
    assert newest_first(bob.walk(path, limit=1))
    eventually(lambda: bob.http.get(f"/v1/users/{alice.id}").json()["posts"] == len(ids), 5, "the count of posts")


@pytest.mark.parametrize("user_id", ["abc", "", "-1", "1 "])
def test_the_short_follow_names_a_bad_id(alice: User, user_id: str) -> None:
    answer = alice.http.post("/follow", json={"user_id": user_id})
    assert answer.status_code in (400, 404)
    assert_problem(answer, answer.status_code, ("invalid_field", "not_found"))


def test_the_short_follow(alice: User, make_user: MakeUser) -> None:
    carol = make_user("carol")
    for _ in range(2):
        expect(carol.http.post("/follow", json={"user_id": alice.id}), 204)
    assert alice.walk(f"/v1/users/{alice.id}/followers") == [carol.id]
    assert_problem(carol.http.post("/follow", json={"user_id": NOBODY}), 404, "not_found")
