"""The live feed over WebSocket: delivery, recovery and their verdicts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from centrifugo_client import Centrifugo
from conftest import LongAway, MakeUser
from martlet_process import Server
from raw_ws import open_websocket_that_never_reads
from support import User, eventually, told_to_all


def created(publications: list) -> list[str]:
    """The ids of post.created publications, in their order."""
    assert all(publication.event["type"] == "post.created" for publication in publications), publications
    return [publication.post_id for publication in publications]


def test_the_connect_reply(server: Server, alice: User) -> None:
    """The personal channel is a server-side subscription with a position to recover from."""
    with Centrifugo(server) as client:
        result = client.connect(alice.token, alice.channel)
    assert result["client"]
    assert result["ping"] > 0 and result["pong"] is True
    assert set(result["subs"]) == {alice.channel}
    subscription = result["subs"][alice.channel]
    assert subscription["recoverable"] is True and subscription["positioned"] is True
    assert subscription["epoch"] and isinstance(subscription["epoch"], str)
    assert isinstance(subscription["offset"], int) and 0 <= subscription["offset"] < 2**53


def test_a_post_arrives(alice: User, bob: User) -> None:
    """The whole post, as REST tells it, with a position beyond that of the connect."""
    with Centrifugo.of(bob) as client:
        post = alice.post("live")
        publication = client.next()
        assert publication.event == {"type": "post.created", "post": told_to_all(post)}
        assert publication.offset > client.position[1]


def test_an_author_gets_the_own_post(alice: User) -> None:
    """An own post is in the own feed, so it arrives on the author's other devices."""
    with Centrifugo.of(alice) as client:
        post = alice.post("mine")
        assert client.next().post_id == post["id"]


@pytest.mark.both_logs
def test_posts_arrive_in_order_each_once(alice: User, bob: User) -> None:
    """100 posts as fast as they are accepted; offsets only grow."""
    with Centrifugo.of(bob) as client:
        ids = alice.posts(100)
        publications = client.until(ids[-1])
    assert created(publications) == ids
    offsets = [publication.offset for publication in publications]
    assert offsets == sorted(set(offsets))


@pytest.mark.both_logs
def test_only_followers_get_it(alice: User, bob: User, make_user: MakeUser) -> None:
    """A stranger's posts, and those after an unfollow, are never sent."""
    stranger = make_user("stranger")
    with Centrifugo.of(bob) as client:
        stranger.post("not for bob")
        first = alice.post("for bob")["id"]
        assert created(client.until(first)) == [first]
        bob.unfollow(alice)
        alice.posts(5, "not any more")
        marker = bob.post("marker")["id"]
        assert created([p for p in client.until(marker) if p.event["type"] == "post.created"]) == [marker]


def test_a_follow_goes_live_without_a_reconnect(alice: User, make_user: MakeUser) -> None:
    carol = make_user("carol")
    with Centrifugo.of(carol) as client:
        carol.follow(alice)
        post = alice.post("the first after the follow")
        assert client.until(post["id"])[-1].event["post"] == told_to_all(post)


@pytest.mark.both_logs
def test_a_delete_arrives(alice: User, bob: User) -> None:
    with Centrifugo.of(bob) as client:
        post = alice.post("soon gone")
        shown = client.next()
        alice.delete(post["id"])
        gone = client.next()
        assert gone.event == {"type": "post.deleted", "post_id": post["id"]}
        assert gone.offset > shown.offset


def test_two_connections_of_one_user(alice: User, bob: User) -> None:
    """Both get all, at the same positions."""
    with Centrifugo.of(bob) as first, Centrifugo.of(bob) as second:
        ids = alice.posts(20)
        one, other = first.until(ids[-1]), second.until(ids[-1])
    assert created(one) == ids
    assert one == other


@pytest.mark.both_logs
def test_exactly_what_was_missed(alice: User, bob: User) -> None:
    """50 missed posts come at the reconnect, in order, and the next one comes live behind them."""
    with Centrifugo.of(bob) as client:
        seen = alice.posts(3)
        offset = client.until(seen[-1])[-1].offset
        epoch = client.position[0]
    missed = alice.posts(50)
    bob.sees(*missed)
    with Centrifugo.of(bob, position=(epoch, offset)) as client:
        assert client.subscription["recovered"] is True
        assert client.subscription["was_recovering"] is True
        assert created(client.take(50)) == missed
        live = alice.post("live again")["id"]
        assert created(client.until(live)) == [live]


def test_nothing_missed(alice: User, bob: User) -> None:
    with Centrifugo.of(bob) as client:
        alice.post("seen")
        offset = client.next().offset
        epoch = client.position[0]
    with Centrifugo.of(bob, position=(epoch, offset)) as client:
        assert client.subscription["recovered"] is True
        assert client.subscription.get("publications", []) == []
        live = alice.post("live")["id"]
        assert created(client.until(live)) == [live]


def test_what_was_missed_and_deleted_is_not_shown(alice: User, bob: User) -> None:
    """A post that was made and deleted in the absence is never sent; a delete of a seen one is told."""
    with Centrifugo.of(bob) as client:
        seen = alice.post("seen")["id"]
        offset, epoch = client.until(seen)[-1].offset, client.position[0]
    hidden = alice.post("made and deleted")["id"]
    kept = alice.post("kept")["id"]
    alice.delete(hidden)
    alice.delete(seen)
    eventually(lambda: bob.walk() == [kept], 5, "the feed without the deleted posts")
    with Centrifugo.of(bob, position=(epoch, offset)) as client:
        live = alice.post("live")["id"]
        events = [publication.event for publication in client.until(live)]
    assert [event["post"]["id"] for event in events if event["type"] == "post.created"] == [kept, live]
    assert {"type": "post.deleted", "post_id": seen} in events


@pytest.mark.both_logs
def test_recovery_while_posts_arrive(alice: User, bob: User) -> None:
    """Reconnects in the midst of a stream of posts: between the recovered and the live ones nothing falls through."""
    with Centrifugo.of(bob) as client:
        first = alice.post("first")["id"]
        position = (client.position[0], client.until(first)[-1].offset)
    seen = [first]
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(alice.posts, 300)
        while not posting.done():
            with Centrifugo.of(bob, position=position) as client:
                assert client.subscription["recovered"] is True
                client.poll(0.05)
                while client.publications:
                    publication = client.next()
                    seen.append(publication.post_id)
                    position = (position[0], publication.offset)
        ids = posting.result(30)
    with Centrifugo.of(bob, position=position) as client:
        last = alice.post("last")["id"]
        seen += created(client.until(last))
    assert seen == [first, *ids, last]


def test_past_the_window(long_away: LongAway) -> None:
    """1,250 posts later: `recovered` is false and nothing is sent in part."""
    with Centrifugo.of(long_away.reader, position=long_away.ws_position) as client:
        assert client.subscription.get("recovered", False) is False
        assert client.subscription.get("publications", []) == []
        live = long_away.reader.post("still live")["id"]
        assert created(client.until(live)) == [live]


def test_a_position_of_another_epoch(alice: User, bob: User) -> None:
    """A position that the server does not know is not taken for one."""
    with Centrifugo.of(bob) as client:
        epoch, offset = client.position
    bob.sees(alice.post("missed")["id"])
    with Centrifugo.of(bob, position=(epoch[:-1] + ("x" if epoch[-1] != "x" else "y"), offset)) as client:
        assert client.subscription.get("recovered", False) is False
        assert client.subscription.get("publications", []) == []


def test_live_from_a_rest_page(alice: User, bob: User) -> None:
    """`since` with the page's `live`: what came after the page, then what comes."""
    shown = alice.posts(3, "on the page")
    bob.sees(*shown)
    page = bob.feed()
    between = alice.posts(5, "between")
    bob.sees(*between)
    with Centrifugo.of(bob, since=page["live"]) as client:
        live = alice.post("live")["id"]
        assert created(client.until(live)) == [*between, live]


def test_one_that_never_reads_costs_nobody_else(server: Server, alice: User, bob: User, make_user: MakeUser) -> None:
    """3 MB of posts pile up for one; the other has each within seconds, and the server stays ready."""
    slow = make_user("slow")
    slow.follow(alice)
    with open_websocket_that_never_reads(server, slow.token), Centrifugo.of(bob) as fast:
        text, delays, ids = "x" * 4900, [], []
        for number in range(600):
            ids.append(alice.post(f"{text} {number}")["id"])
            accepted = time.monotonic()
            assert fast.next().post_id == ids[-1]
            delays.append(time.monotonic() - accepted)
        assert max(delays) < 3, max(delays)
        assert bob.http.get("/readyz").status_code == 200
    assert set(ids[-30:]) == set(slow.feed_ids())
