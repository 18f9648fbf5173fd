"""The roles as processes on servers of a test's own, which the test may stop, empty and replace."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Iterator

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

import kafka_broker
from servers import Postgres, Redis
from start_stop import Run, new_folder
from test_start_wait import new_home, settings
from support import User, eventually

ROLES = ("api", "realtime", "fanout", "worker")


class Roles:
    """One process of each role; topics of its own on the run's broker."""

    def __init__(self, postgres: Postgres, redis: Redis, **more: str) -> None:
        self.postgres, self.redis = postgres, redis
        self.kafka = kafka_broker.settings()
        self.more = more
        self.runs = {role: Run(new_folder(), command=role) for role in ROLES}
        self.turn_to(postgres)

    def turn_to(self, postgres: Postgres) -> None:
        """Where they find PostgreSQL at their next start."""
        self.postgres = postgres
        for run in self.runs.values():
            run.environment = settings(postgres, self.redis, **self.kafka, **self.more)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.runs['api'].port}"

    @property
    def port(self) -> int:
        """For streams."""
        return self.runs["realtime"].port

    def start(self, *roles: str) -> None:
        for role in roles or ROLES:
            self.runs[role].begin().up()

    def stop(self, *roles: str) -> None:
        for role in roles or ROLES:
            assert self.runs[role].end() == 0, self.runs[role].said()

    def user(self, name: str) -> User:
        return User.signup(self, name)  # type: ignore[arg-type]

    @property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.kafka["MARTLET_KAFKA"]})

    def topics(self) -> list[str]:
        return [name for name in self.admin.list_topics(timeout=10).topics if name.startswith(self.kafka["MARTLET_KAFKA_PREFIX"])]

    def delete_topics(self, *names: str) -> None:
        """All, or those of these names."""
        prefix = self.kafka["MARTLET_KAFKA_PREFIX"]
        # It has to be there until they have gone.
        admin = self.admin
        for done in admin.delete_topics([prefix + name for name in names] or eventually(self.topics, 30, "topics")).values():
            try:
                done.result(30)
            except KafkaException as error:
                # It is listed a little longer than it is there.
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise

    def outbox(self) -> int:
        return int(self.postgres.query("SELECT count(*) FROM outbox")[0])

    def is_ready(self, role: str, timeout: float = 30) -> None:
        eventually(lambda: self.runs[role].readiness() == (200, {"status": "ready"}), timeout, f"a ready {role}")

    def remove(self) -> None:
        for run in self.runs.values():
            run.remove()


@contextlib.contextmanager
def new_roles(**more: str) -> Iterator[Roles]:
    kafka_broker.need_kafka()
    with new_home() as first, new_home() as second:
        postgres, redis = Postgres(first), Redis(second)
        postgres.start()
        redis.start()
        roles = Roles(postgres, redis, **more)
        try:
            yield roles
        finally:
            roles.remove()
            redis.kill()
            postgres.stop("immediate")


@contextlib.contextmanager
def new_postgres() -> Iterator[Postgres]:
    with new_home() as home:
        postgres = Postgres(Path(home))
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop("immediate")
