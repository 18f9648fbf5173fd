"""A Redis that goes back in time: what it lost is in the feeds all the same, and live goes on."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator

import pytest

from conftest import MakeUser
from follower import ReconnectingFollower
from hostile import metric
from martlet_process import Server, run_martlet
from servers import Redis
from support import User, eventually
from tcp_proxy import TcpProxy

POSTS = 20


class Site:
    """A server on a Redis behind a proxy: an author, one who is live, and one who reads now and then."""

    def __init__(self, server: Server, redis: Redis, proxy: TcpProxy, make_user: MakeUser) -> None:
        self.server, self.redis, self.proxy = server, redis, proxy
        self.alice, self.bob, self.carol = (make_user(name, server) for name in ("alice", "bob", "carol"))
        for reader in (self.bob, self.carol):
            reader.follow(self.alice)
        self.ids: list[str] = []
        self.follower = ReconnectingFollower(self.bob)

    def post(self, count: int = POSTS) -> None:
        """All of it is in the feeds when this returns."""
        self.ids += self.alice.posts(count)
        self.follower.sees(self.ids[-1])
        for reader in (self.bob, self.carol):
            reader.sees(self.ids[-1])

    def reads(self) -> None:
        for reader in (self.alice, self.bob, self.carol):
            assert reader.walk(limit=7) == self.ids[::-1]

    def is_whole(self, rewound: int = 1) -> None:
        eventually(lambda: metric(self.server, "martlet_redis_rewound_total") == rewound, 20, "what Redis lost is noticed")
        self.reads()
        self.post(3)
        self.reads()
        assert self.follower.view == self.ids
        done = run_martlet("audit", "feeds", "--all", **self.server.settings)
        assert done.returncode == 0 and done.stdout == "3 passed, 0 failed\n", done.stdout + done.stderr
        assert metric(self.server, "martlet_redis_rewound_total") == rewound


@pytest.fixture
def site(tmp_path: Path, make_user: MakeUser) -> Iterator[Site]:
    redis = Redis(tmp_path)
    redis.start()
    with ExitStack() as stack:
        stack.callback(redis.kill)
        proxy = stack.enter_context(TcpProxy(redis.port))
        server = Server(MARTLET_REDIS=f"redis://127.0.0.1:{proxy.port}")
        stack.callback(server.remove)
        server.start()
        site = Site(server, redis, proxy, make_user)
        with site.follower:
            yield site


def test_an_old_snapshot(site: Site) -> None:
    """Redis is killed and started with what it had some posts before. No read ever lacks one."""
    site.post()
    site.redis.keep_snapshot()
    site.post()
    stop, wrong = threading.Event(), []

    def read() -> None:
        with User.of_token(site.server, site.carol.token).http as http:
            while not stop.is_set():
                answer = http.get("/v1/feed", params={"limit": 100})
                if answer.status_code == 200 and [post["id"] for post in answer.json()["items"]] != site.ids[::-1]:
                    wrong.append(answer.json())

    reader = threading.Thread(target=read)
    reader.start()
    site.redis.kill()
    site.redis.start(puts_back=True)
    eventually(lambda: metric(site.server, "martlet_redis_rewound_total") == 1, 20, "what Redis lost is noticed")
    eventually(lambda: site.carol.feed()["live"] is not None, 10, "a feed")
    site.reads()
    stop.set()
    reader.join(20)
    assert not wrong
    site.is_whole()


def test_an_old_snapshot_in_a_later_layout(site: Site) -> None:
    """Its keys have the layout's number in their names."""
    site.post()
    for number in ("8", "4"):
        done = run_martlet("partitions", number, **site.server.settings)
        assert done.returncode == 0, done.stdout + done.stderr
    site.post()
    site.redis.keep_snapshot()
    site.post()
    site.redis.kill()
    site.redis.start(puts_back=True)
    site.is_whole()


def test_a_restart_with_all_its_data(site: Site) -> None:
    """It can't be told from one that lost something: feeds are built anew."""
    site.post()
    site.redis.keep_snapshot()
    site.redis.kill()
    site.redis.start(puts_back=True)
    site.is_whole()


def test_serve_knows_its_own_redis(own_server: Server, make_user: MakeUser) -> None:
    """Behind a clean end it has everything; unless somebody put an older snapshot there."""
    alice, bob = make_user("alice", own_server), make_user("bob", own_server)
    bob.follow(alice)
    first = alice.post("first")["id"]
    bob.sees(first)
    snapshot = own_server.redis_socket.with_name("dump.rdb")
    assert own_server.stop() == 0
    old = snapshot.read_bytes()
    own_server.start()
    position = bob.feed()["live"]
    second = alice.post("second")["id"]
    bob.sees(second)
    assert own_server.stop() == 0

    own_server.start()
    assert metric(own_server, "martlet_redis_rewound_total") == 0
    answer = bob.feed(since=position)
    assert answer["reset"] is False and [event["post"]["id"] for event in answer["items"]] == [second]
    assert own_server.stop() == 0

    owner = snapshot.stat()
    snapshot.write_bytes(old)
    os.chown(snapshot, owner.st_uid, owner.st_gid)
    own_server.start()
    eventually(lambda: metric(own_server, "martlet_redis_rewound_total") == 1, 20, "what Redis lost is noticed")
    assert bob.walk() == [second, first]
    assert bob.feed(since=position)["reset"] is True


def test_a_replica_that_was_behind(site: Site, tmp_path: Path) -> None:
    """It takes over."""
    replica = Redis(tmp_path, "replica")
    replica.start()
    try:
        with TcpProxy(site.redis.port) as road:
            replica.command("REPLICAOF", "127.0.0.1", str(road.port))
            site.post()
            eventually(lambda: "master_link_status:up" in replica.command("INFO", "replication"), 20, "the replica's link")
            site.redis.command("WAIT", "1", "5000")
            road.cut(refusing=True)
            site.post()
        site.redis.kill()
        replica.command("REPLICAOF", "NO", "ONE")
        site.proxy.target = replica.port
        site.proxy.cut()
        site.is_whole()
    finally:
        replica.kill()


def test_older_data_under_connections_that_are_kept(site: Site) -> None:
    """The same process loads an older file: its mark is an old one."""
    site.post()
    eventually(lambda: int(site.redis.command("GET", "mark") or 0) > 2, 20, "a mark")
    site.redis.keep_snapshot()
    site.post()
    mark = int(site.redis.command("GET", "mark"))
    eventually(lambda: int(site.redis.command("GET", "mark")) > mark + 1, 20, "a mark that moves")
    (site.redis.home / "dump.rdb").write_bytes(site.redis.snapshot.read_bytes())
    assert site.redis.command("DEBUG", "RELOAD", "NOSAVE") == "OK"
    site.is_whole()
