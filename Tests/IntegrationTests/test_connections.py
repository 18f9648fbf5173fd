"""Requests have connections of their own: they are answered while workers and rebuilds of timelines wait for a lock."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

from martlet_process import Server
from redis_socket import flush_all
from sql import open_transaction
from support import SLACK, User, eventually, expect, http_client


def test_rebuilds_and_workers_hold_up_no_request(own_server: Server) -> None:
    """A crowd comes back to an empty Redis while the table of posts is locked: its timelines and the fan-out wait, and
    nobody else does."""
    own_server.settings["MARTLET_POSTGRES_CONNECTIONS"] = "4"
    own_server.stop()
    own_server.start()
    author = User.signup(own_server, "author")
    # More than the connections for rebuilds can carry.
    crowd = [User.signup(own_server, "crowd") for _ in range(22)]
    for user in crowd[:3]:
        user.follow(author)
    author.posts(4)
    flush_all(own_server.redis_socket)
    with http_client(own_server.url) as http, ThreadPoolExecutor(len(crowd)) as pool:

        def length(queue: str) -> int:
            text = expect(http.get("/metrics"), 200).text
            return int(re.search(rf'^martlet_queue_length{{queue="{queue}"}} (\d+)$', text, re.M)[1])

        with open_transaction(own_server, "LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"):
            reads = [pool.submit(user.http.get, "/v1/feed") for user in crowd]
            eventually(lambda: length("pg_scans_waiting") > 0, 5, "rebuilds that wait for connections")
            assert length("pg_scans_pipelines") == 2 * 8
            begun = time.monotonic()
            for _ in range(10):
                expect(author.http.get("/v1/me"), 200)
                author.unfollow(crowd[0])
            author.login().close()
            assert time.monotonic() - begun < 3 * SLACK
            assert sum(not read.done() for read in reads) >= 8, "nothing was held up"
        for read in reads:
            assert read.result().status_code in (200, 503)
    eventually(lambda: author.http.get("/v1/feed").status_code == 200, 10, "a feed after the lock")
