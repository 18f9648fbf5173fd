"""Follows and their lists over the wire. The rules have tests in Tests/RelationsTests."""

from __future__ import annotations

from conftest import MakeUser
from support import User, assert_problem, expect

NOBODY = "1"


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


def test_the_short_follow(alice: User, make_user: MakeUser) -> None:
    carol = make_user("carol")
    for _ in range(2):
        expect(carol.http.post("/follow", json={"user_id": alice.id}), 204)
    assert alice.walk(f"/v1/users/{alice.id}/followers") == [carol.id]
    assert_problem(carol.http.post("/follow", json={"user_id": NOBODY}), 404, "not_found")
