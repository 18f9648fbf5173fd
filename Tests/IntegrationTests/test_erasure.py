"""An account with much in it is erased while the server is killed, and others go on. MARTLET_ERASURE_SCALE=10: 10,000 posts and
5,000 follows, with the figures (`-s`)."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from conftest import MakeUser
from martlet_process import Server, is_postgres, run_martlet
from sql import psql, rows
from support import PASSWORD, User, base64url_decode, eventually, expect, http_client

SCALE = int(os.environ.get("MARTLET_ERASURE_SCALE", "1"))
POSTS, FOLLOWS = 1000 * SCALE, 500 * SCALE
# What comes before a public key of Ed25519 as X.509 has it (RFC 8410).
KEY_HEAD = bytes.fromhex("302a300506032b6570032100")


class Poster:
    """Posts again and again, and measures how long that takes."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.seconds: list[float] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Poster":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.wait(0.02):
            began = time.monotonic()
            try:
                status = self.user.http.post("/v1/posts", json={"text": "somebody else's"}).status_code
            except httpx.HTTPError:
                continue  # the server was killed
            if status == 201:
                self.seconds.append(time.monotonic() - began)


def p99(*posters: Poster) -> float:
    """In milliseconds."""
    return statistics.quantiles([seconds for poster in posters for seconds in poster.seconds], n=100)[98] * 1000


def fill(server: Server, author: User) -> None:
    """Posts, followers with the posts in their feeds, and followees, past the API."""
    subprocess.run([*psql(server), "-c", f"""
        CREATE TEMP TABLE others AS SELECT (SELECT min(id) FROM users) - 1 - n AS id, n FROM generate_series(1, {FOLLOWS}) n;
        INSERT INTO users (id, handle, display_name, password_hash)
            SELECT id, 'other_' || n, 'Other', '' FROM others;
        INSERT INTO follow_counts (user_id, followers, following) SELECT id, 1, 1 FROM others;
        INSERT INTO follows (followee, bucket, follower, id, backfilled)
            SELECT {author.id}, n % 1024, id, id, true FROM others
            UNION ALL SELECT id, 7, {author.id}, id - {FOLLOWS}, true FROM others;
        UPDATE follow_counts SET followers = {FOLLOWS}, following = {FOLLOWS} WHERE user_id = {author.id};
        INSERT INTO posts (id, author_id, text) SELECT {author.id} - n, {author.id}, 'post ' || n
            FROM generate_series(1, {POSTS}) n;
        INSERT INTO post_versions (post_id, id, text) SELECT id, id, 'before' FROM posts
            WHERE author_id = {author.id} AND id % 10 = 0;
        INSERT INTO feed_items (user_id, post_id, author_id)
            SELECT o.id, {author.id} - p, {author.id} FROM others o, generate_series(1, 20) p;
    """], check=True, capture_output=True, text=True, timeout=120)


def read(server: Server, deletion: dict[str, Any]) -> dict[str, Any]:
    with http_client(server.url) as nobody:
        return read_by(nobody, deletion)


def read_by(nobody: httpx.Client, deletion: dict[str, Any]) -> dict[str, Any]:
    return expect(nobody.get(f"/v1/deletions/{deletion['id']}", params={"key": deletion["key"]}), 200).json()


def leave(user: User) -> dict[str, str]:
    return expect(user.http.post("/v1/me/deletion?grace=0", json={"password": PASSWORD}), 202).json()


def removed(server: Server, deletion: dict[str, str]) -> int:
    return sum(store["removed"] or 0 for store in read(server, deletion)["stores"])


def last_step(server: Server) -> str:
    return rows(server, "SELECT max(checked_at) FROM deletion_stores")[0][0]


def crash(server: Server) -> None:
    """`kill -9` of all at once: PostgreSQL with all its processes, Redis, the server."""
    assert server.process is not None
    redis = int((server.data / "redis" / "redis.pid").resolve().read_text())
    for pid in [*filter(is_postgres, server.leftovers()), redis, server.process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait(10)


def scan(server: Server, user: str) -> list[str]:
    """Looks for the user's id in every column of every table, and in all of Redis but what forgets by age."""
    columns = rows(server, """
        SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE 'log\\_%'
        AND c.relname <> 'erased_users'""")
    assert len(columns) > 80
    found = []
    for table, column in columns:
        if rows(server, f"SELECT 1 FROM {table} WHERE \"{column}\"::text ~ '\\m{user}\\M' LIMIT 1"):
            found.append(f"{table}.{column}")
    redis = ["redis-cli", "-s", str(server.redis_socket)]
    keys = subprocess.run([*redis, "--scan"], capture_output=True, text=True, timeout=60, check=True).stdout.split()
    needle = int(user).to_bytes(7, "big")
    for key in keys:
        if key.startswith(("changes:", "severed:")):
            continue
        kind = subprocess.run([*redis, "TYPE", key], capture_output=True, text=True, timeout=10).stdout.strip()
        reads = {"string": ["GET", key], "list": ["LRANGE", key, "0", "-1"], "hash": ["HGETALL", key],
            "set": ["SMEMBERS", key]}
        held = subprocess.run([*redis, *reads[kind]], capture_output=True, timeout=10).stdout if kind in reads else b""
        if user.encode() in held or needle in held or user in key:
            found.append(key)
    return found


def check_signature(server: Server, receipt: dict[str, object], folder: Path) -> None:
    """As anybody can: by the published key, over the canonical form of the rest."""
    with http_client(server.url) as nobody:
        keys = expect(nobody.get("/v1/keys"), 200).json()["keys"]
    unsigned = {key: value for key, value in receipt.items() if key != "signature"}
    canonical = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    parts = {
        "key": KEY_HEAD + base64url_decode(keys[0]["x"]), "signature": base64url_decode(str(receipt["signature"])),
        "message": canonical,
    }
    for name, data in parts.items():
        (folder / name).write_bytes(data)
    subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "key", "-keyform", "DER", "-rawin", "-in",
            folder / "message", "-sigfile", folder / "signature"], check=True, capture_output=True, timeout=10)


def check_erased(server: Server, deletion: dict[str, str], author: User, folder: Path) -> None:
    """The receipt says that all of it went, and nothing is found by other means."""
    receipt = read(server, deletion)
    check_signature(server, receipt, folder)
    stores = {store["name"]: store for store in receipt["stores"]}
    assert stores["postgres.posts"]["removed"] == POSTS + 1
    assert stores["postgres.follows"]["removed"] == 2 * FOLLOWS + 1
    assert stores["postgres.feed_items"]["removed"] >= 20 * FOLLOWS
    for name, store in stores.items():
        assert store["left"] == 0 or store["kept_until"], name
    assert scan(server, author.id) == []
    counts = rows(server, "SELECT sum(followers), sum(following) FROM follow_counts")
    assert counts == [("0", "0")]


def test_an_account_is_erased_though_the_server_is_killed(own_server: Server, make_user: MakeUser, tmp_path: Path) -> None:
    author, other = make_user("author", own_server), make_user("other", own_server)
    other.follow(author)
    author.post("the last one")
    fill(own_server, author)
    with Poster(other) as idle:
        time.sleep(2 * SCALE)
    deletion = leave(author)
    began = time.monotonic()
    with Poster(other) as before:
        eventually(lambda: read(own_server, deletion)["state"] != "scheduled", 20, "a begin")
        time.sleep(0.3 * SCALE)
    state = read(own_server, deletion)["state"]
    own_server.kill()
    own_server.start()
    assert state == "running", "it was done before the server was killed: take more posts"
    # A server that has just come up is slow by itself.
    for number in range(50):
        other.post(f"warm {number}")
    # To make a client takes this process longer than a post.
    with http_client(own_server.url) as nobody, Poster(other) as after:
        eventually(lambda: read_by(nobody, deletion)["state"] == "done", 60, "the end of the deletion")
    took = time.monotonic() - began
    check_erased(own_server, deletion, author, tmp_path)
    assert expect(other.http.get(f"/v1/users/{author.id}"), 404)
    print(f"\n{POSTS} posts, {2 * FOLLOWS} follows: erased in {took:.1f} s with one kill -9 of the server; others' posts: p99 "
          f"{p99(idle):.1f} ms idle, {p99(before, after):.1f} ms meanwhile")


def test_what_a_crash_takes_back_is_erased_again(own_server: Server, make_user: MakeUser, tmp_path: Path) -> None:
    """Steps don't wait for the disk: PostgreSQL, killed, has lost the last ones, and how far they were with them."""
    author, other = make_user("author", own_server), make_user("other", own_server)
    other.follow(author)
    author.post("the last one")
    fill(own_server, author)
    # Now what is not waited for stays in memory until something else is.
    writer = rows(own_server, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'", "maintenance")[0][0]
    os.kill(int(writer), signal.SIGSTOP)
    deletion = leave(author)
    eventually(lambda: removed(own_server, deletion) > FOLLOWS, 30, "some that is gone")
    before = last_step(own_server)
    crash(own_server)
    own_server.settings["MARTLET_WORK"] = "notifications"
    own_server.start()
    assert last_step(own_server) < before
    own_server.stop()
    del own_server.settings["MARTLET_WORK"]
    own_server.start()
    eventually(lambda: read(own_server, deletion)["state"] == "done", 60, "the end of the deletion")
    check_erased(own_server, deletion, author, tmp_path)


def audit(server: Server, *flags: str) -> tuple[int, list[str]]:
    done = run_martlet("audit", "erasure", *flags, MARTLET_DATA=str(server.data))
    return done.returncode, done.stdout.splitlines()


def test_an_audit_finds_and_erases_what_is_left(own_server: Server, make_user: MakeUser) -> None:
    user, other = make_user("gone", own_server), make_user("other", own_server)
    other.follow(user)
    user.post("soon gone")
    deletion = expect(user.http.post("/v1/me/deletion?grace=0", json={"password": PASSWORD}), 202).json()
    eventually(lambda: read(own_server, deletion)["state"] == "done", 60, "the end of the deletion")
    stores = len(read(own_server, deletion)["stores"])
    assert audit(own_server) == (0, [f"{stores} passed, 0 failed"])
    # Other workers would find it, too.
    own_server.stop()
    own_server.settings["MARTLET_WORK"] = "erasure"
    own_server.start()
    # As a restored backup, or a bug, would leave it.
    subprocess.run([*psql(own_server), "-c", f"INSERT INTO feed_items VALUES ({other.id}, 7, {user.id}), ({other.id}, 8, {user.id})"],
        check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    left = f"deletion {deletion['id']}, postgres.feed_items: 2 left"
    assert audit(own_server) == (1, [left, f"{stores - 1} passed, 1 failed"])
    assert audit(own_server, "--repair") == (0, [f"repaired: {left}", f"{stores} passed, 0 failed"])
    assert scan(own_server, user.id) == []
    assert run_martlet("audit").returncode == 2
    assert run_martlet("audit", "erasure", "now", MARTLET_DATA=str(own_server.data)).returncode == 2
