"""PostgreSQL behind PgBouncer in transaction mode: whatever is said goes through it but LISTEN and migrations."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import pytest

from centrifugo_client import Centrifugo
from martlet_process import run_martlet
from pg_bouncer import PgBouncer
from servers import Postgres, Redis
from sse_client import Sse
from start_stop import Run, new_folder
from support import User, eventually, expect, http_client
from test_start_wait import new_home, settings


class Pooled:
    """A `serve` behind a PgBouncer."""

    def __init__(self, postgres: Postgres, redis: Redis, bouncer: PgBouncer) -> None:
        self.postgres = postgres
        self.bouncer = bouncer
        self.environment = settings(postgres, redis, MARTLET_POSTGRES_DIRECT=postgres.url_by(postgres.port)) | {
            "MARTLET_POSTGRES": bouncer.url}
        self.run = Run(new_folder(), environment=self.environment)

        self.port = self.run.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def pooled() -> Iterator[Pooled]:
    with new_home() as home, new_home() as other:
        postgres, redis = Postgres(home), Redis(other)
        postgres.start()
        # Nothing relies on what a session would keep, nor on what the role has.
        for setting in ("bytea_output = 'escape'", "DateStyle = 'German'", "TimeZone = 'Asia/Kolkata'", "lock_timeout = '1ms'",
                        "synchronous_commit = 'off'", "statement_timeout = '500ms'"):
            postgres.query(f"ALTER ROLE martlet SET {setting}")
        redis.start()
        bouncer = PgBouncer(home, postgres)
        bouncer.start()
        site = Pooled(postgres, redis, bouncer)
        try:
            site.run.begin().up()
            yield site
        finally:
            site.run.remove()
            bouncer.kill()
            redis.kill()
            postgres.stop("immediate")


def users(pooled: Pooled, *names: str) -> list[User]:
    return [User.signup(pooled, name) for name in names]  # type: ignore[arg-type]


def test_accounts_posts_live_and_fan_out(pooled: Pooled) -> None:
    alice, bob = users(pooled, "alice", "bob")
    bob.follow(alice)
    with Sse(pooled, token=bob.token) as stream, Centrifugo.of(bob) as client:  # type: ignore[arg-type]
        stream.verdict("live")
        ids = [alice.post(f"naïve – \\ ' 😀 {number}")["id"] for number in range(20)]
        assert [event.post_id for event in stream.until(ids[-1])] == ids
        assert [told.event["post"]["id"] for told in client.until(ids[-1])] == ids
    bob.sees(*ids)
    assert bob.walk(limit=7) == ids[::-1]
    write = {"url": "/v1/posts", "json": {"text": "once"}, "headers": {"Idempotency-Key": "behind-a-pooler"}}
    first = expect(alice.http.post(**write), 201)
    assert expect(alice.http.post(**write), 201).content == first.content
    with http_client(pooled.url) as http:
        token = {"refresh_token": bob.session["refresh_token"]}
        expect(http.post("/v1/auth/refresh", json=token), 200)


def test_a_log_out_is_heard(pooled: Pooled) -> None:
    """By NOTIFY, past the pooler."""
    alice, = users(pooled, "alice")
    session = alice.login()
    with Sse(pooled, token=session.token) as stream:  # type: ignore[arg-type]
        stream.verdict("live")
        expect(session.http.post("/v1/auth/logout", json={"refresh_token": session.session["refresh_token"]}), 204)
        stream.rest(10)
    assert session.http.get("/v1/me").status_code == 401


def test_many_at_once_share_few_sessions(pooled: Pooled) -> None:
    """More connections than sessions, transactions and single statements beside each other: each has its own reply."""
    authors = users(pooled, *(f"author{number}" for number in range(8)))

    def work(author: User) -> list[str]:
        ids = []
        for number in range(25):
            ids.append(author.post(f"{author.handle} {number}")["id"])
            me = expect(author.http.get("/v1/me"), 200).json()
            assert me["id"] == author.id
        return ids

    with ThreadPoolExecutor(len(authors)) as pool:
        posted = list(pool.map(work, authors))
    for author, ids in zip(authors, posted, strict=True):
        assert author.walk(f"/v1/users/{author.id}/posts") == ids[::-1]
    pools = pooled.bouncer.pools(pooled.postgres)
    assert pools["sv_active"] + pools["sv_idle"] + pools["sv_used"] <= 12 < pools["cl_active"] + pools["cl_waiting"], pools


def test_tools_go_through_it(pooled: Pooled) -> None:
    alice, = users(pooled, "alice")
    done = run_martlet("token", "--handle", alice.handle, **pooled.environment)
    assert done.returncode == 0, done.stderr
    done = run_martlet("migrate", **pooled.environment)
    assert (done.returncode, done.stdout) == (0, "the schema is up to date\n"), done
    done = run_martlet("audit", "counts", **pooled.environment)
    assert done.returncode == 0 and " 0 failed" in done.stdout, done


def test_it_comes_back(pooled: Pooled) -> None:
    """A PgBouncer that is killed takes its connections along."""
    alice, bob = users(pooled, "alice", "bob")
    bob.follow(alice)
    pooled.bouncer.kill()
    eventually(lambda: pooled.run.readiness()[0] == 503, 20, "no database")
    pooled.bouncer.start()
    eventually(lambda: pooled.run.readiness()[0] == 200, 30, "a database")
    bob.sees(alice.post("after it")["id"], timeout=30)


def test_the_direct_one_alone_is_refused() -> None:
    done = run_martlet("api", MARTLET_POSTGRES_DIRECT="postgresql://h/d", MARTLET_SECRET="s" * 32)
    assert done.returncode == 2 and "MARTLET_POSTGRES_DIRECT needs MARTLET_POSTGRES" in done.stderr, done


def processor_seconds(postgres: Postgres) -> float:
    """What the sessions of PostgreSQL that are there have used."""
    ticks = 0
    for pid in postgres.query("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'martlet%'"):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(os.environ.get("MARTLET_MEASURE") != "pooled", reason="a measurement: MARTLET_MEASURE=pooled")
@pytest.mark.parametrize("way", ["prepared", "not prepared", "pgbouncer"])
def test_what_it_costs(pooled: Pooled, way: str) -> None:
    """PostgreSQL's processor time for a request, with statements prepared, without, and without through PgBouncer."""
    direct = pooled.postgres.url_by(pooled.postgres.port)
    change = {"prepared": {"MARTLET_POSTGRES": direct, "MARTLET_POSTGRES_DIRECT": ""},
              "not prepared": {"MARTLET_POSTGRES": direct}, "pgbouncer": {}}[way]
    assert pooled.run.end() == 0
    run = Run(new_folder(), environment=pooled.environment | change, port=pooled.port)
    try:
        run.begin().up()
        alice, bob = users(pooled, "alice", "bob")
        bob.follow(alice)
        for name, request in (("POST /v1/posts", lambda: alice.post("hello")), ("GET /v1/feed", bob.feed)):
            for _ in range(100):
                request()
            before, begin = processor_seconds(pooled.postgres), time.monotonic()
            for _ in range(500):
                request()
            used, took = processor_seconds(pooled.postgres) - before, time.monotonic() - begin
            print(f"\n{way}, {name}: {used * 2:.2f} ms of PostgreSQL's processor, {took * 2:.2f} ms in all")
        assert run.end() == 0
    finally:
        run.remove()
        pooled.run.begin().up()
