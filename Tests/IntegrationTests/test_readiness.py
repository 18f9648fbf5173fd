"""`/readyz` says what a role can still do while a server is away: the table in deploy/README.md."""

from __future__ import annotations

from typing import Iterator

import httpx
import pytest

import kafka_broker
from servers import Kafka, Postgres, Redis
from start_stop import Run, new_folder
from support import User, eventually
from test_start_wait import new_home, settings


class Site:
    """An `api` and a `realtime`, which use no Kafka."""

    def __init__(self, postgres: Postgres, redis: Redis) -> None:
        self.postgres = postgres
        self.redis = redis
        environment = settings(postgres, redis, MARTLET_KAFKA="127.0.0.1:1")
        self.api, self.realtime = (
            Run(new_folder(), command=command, environment=environment) for command in ("api", "realtime"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api.port}"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with new_home() as first, new_home() as second:
        postgres, redis = Postgres(first), Redis(second)
        postgres.start()
        redis.start()
        site = Site(postgres, redis)
        try:
            for run in (site.api, site.realtime):
                run.begin().up()
            yield site
        finally:
            for run in (site.api, site.realtime):
                run.remove()
            redis.kill()
            postgres.stop("immediate")


READY = (200, {"status": "ready"})


def test_without_redis(site: Site) -> None:
    """`api` accepts, and reads; `realtime` can't tell anybody anything."""
    author = User.signup(site, "author")  # type: ignore[arg-type]
    reader = User.signup(site, "reader")  # type: ignore[arg-type]
    assert site.api.readiness() == site.realtime.readiness() == READY
    site.redis.kill()
    try:
        eventually(lambda: site.realtime.readiness() == (503, {"status": "not ready", "missing": ["redis", "live"]}), 20,
                   "realtime without Redis")
        eventually(lambda: site.api.readiness() == (200, {"status": "ready", "degraded": ["redis", "live"]}), 20,
                   "api without Redis")
        reader.follow(author)
        post = author.post("written while Redis is away")["id"]
        assert reader.feed_ids() == [post]
        assert reader.http.get(f"/v1/posts/{post}").status_code == 200
    finally:
        site.redis.start()
    for run in (site.api, site.realtime):
        eventually(lambda: run.readiness() == READY, 30, "Redis again")


def test_without_postgres(site: Site) -> None:
    site.postgres.stop("fast")
    try:
        for run in (site.api, site.realtime):
            eventually(lambda: run.readiness() == (503, {"status": "not ready", "missing": ["postgres"]}), 20, "no PostgreSQL")
        assert httpx.get(site.url + "/healthz", trust_env=False).status_code == 200
    finally:
        site.postgres.start()
    for run in (site.api, site.realtime):
        eventually(lambda: run.readiness() == READY, 30, "PostgreSQL again")


def test_without_a_node_number(site: Site) -> None:
    """Another process has taken all of them: what needs an id gets 503."""
    site.postgres.query("UPDATE id_nodes SET token = 'another', renewed_at = now() + interval '30 seconds'")
    try:
        eventually(lambda: site.api.readiness() == (503, {"status": "not ready", "missing": ["node"]}), 60, "no number")
        assert site.realtime.readiness() == READY
    finally:
        site.postgres.query("UPDATE id_nodes SET token = NULL")
    eventually(lambda: site.api.readiness() == READY, 30, "a number")


@pytest.mark.kafka
def test_those_who_read_the_log(site: Site) -> None:
    """Without Redis `worker` and `notifier` go on, and what they write down is there; without Kafka they can't."""
    kafka_broker.need_kafka(killable=True)
    with new_home() as home:
        kafka = Kafka(home)
        kafka.start()
        environment = settings(site.postgres, site.redis, MARTLET_KAFKA=f"127.0.0.1:{kafka.port}")
        runs = {role: Run(new_folder(), command=role, environment=environment) for role in ("fanout", "worker", "notifier")}
        try:
            for run in runs.values():
                run.begin().up()
            alice, bob = (User.signup(site, name) for name in ("alice", "bob"))  # type: ignore[arg-type]
            site.redis.kill()
            try:
                for role in ("worker", "notifier"):
                    eventually(lambda: runs[role].readiness() == (200, {"status": "ready", "degraded": ["redis"]}), 20, role)
                eventually(lambda: runs["fanout"].readiness() == (503, {"status": "not ready", "missing": ["redis"]}), 20, "fanout")
                bob.follow(alice)
                eventually(lambda: alice.http.get("/v1/notifications").json()["items"], 30, "a notification")
            finally:
                site.redis.start()
            for run in runs.values():
                eventually(lambda: run.readiness() == READY, 30, "Redis again")
            kafka.kill()
            for run in runs.values():
                eventually(lambda: run.readiness() == (503, {"status": "not ready", "missing": ["kafka"]}), 30, "no Kafka")
        finally:
            for run in runs.values():
                run.remove()
            kafka.kill()
