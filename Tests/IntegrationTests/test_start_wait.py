"""A start waits for PostgreSQL, Redis and Kafka as long as the setting says, and says which it waits for; what does not pass
is told at once."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Iterator

import pytest

import kafka_broker
from servers import Kafka, Postgres, Redis
from start_stop import Run, new_folder
from support import eventually


@contextlib.contextmanager
def started(run: Run) -> Iterator[Run]:
    try:
        yield run.begin()
    finally:
        run.remove()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with new_home() as home:
        server = Postgres(home)
        server.start()
        yield server
        server.stop("immediate")


@contextlib.contextmanager
def new_home() -> Iterator[Path]:
    """A folder that PostgreSQL's account gets to."""
    run = Run(new_folder())
    run.data.mkdir()
    run.data.parent.chmod(0o755)
    try:
        yield run.data
    finally:
        run.remove()


@pytest.fixture
def redis() -> Iterator[Redis]:
    with new_home() as home:
        server = Redis(home)
        server.start()
        yield server
        server.kill()


def settings(postgres: Postgres, redis: Redis, **more: str) -> dict[str, str]:
    return {"MARTLET_POSTGRES": postgres.url_by(postgres.port), "MARTLET_REDIS": f"redis://127.0.0.1:{redis.port}",
            "MARTLET_SECRET": "s" * 32, "MARTLET_START_SECONDS": "120", "MARTLET_LIMITS": "off"} | more


def says(run: Run, server: str, reason: str) -> None:
    """It has told which server it waits for, and why."""
    def told() -> bool:
        assert run.process is not None and run.process.poll() is None, run.said()
        return any('"event":"server.awaited"' in line and f'"server":"{server}"' in line and reason in line
                   for line in run.said().splitlines())
    eventually(told, 15, f"a line that it waits for {server}")


def test_servers_that_come_up_late(redis: Redis) -> None:
    """PostgreSQL, and then Redis, longer than they were given before."""
    with new_home() as home:
        postgres = Postgres(home)
        postgres.start()
        postgres.stop("fast")
        redis.kill()
        with started(Run(new_folder(), environment=settings(postgres, redis))) as run:
            says(run, "PostgreSQL", "Connection refused")
            time.sleep(4)
            postgres.start()
            try:
                says(run, "Redis", "Connection refused")
                time.sleep(6)
                redis.start()
                assert run.up().end() == 0
            finally:
                postgres.stop("immediate")


@pytest.mark.parametrize("seconds", [0, 6])
@pytest.mark.parametrize("which", ["PostgreSQL", "Redis", "Kafka"])
def test_the_setting_says_how_long(postgres: Postgres, redis: Redis, which: str, seconds: int) -> None:
    """Then it ends with the setting's name and the reason."""
    nobody = {"PostgreSQL": {"MARTLET_POSTGRES": "postgresql://martlet@127.0.0.1:1/martlet"},
              "Redis": {"MARTLET_REDIS": "redis://127.0.0.1:1"}, "Kafka": {"MARTLET_KAFKA": "127.0.0.1:1"}}[which]
    begin = time.monotonic()
    environment = settings(postgres, redis) | nobody | {"MARTLET_START_SECONDS": str(seconds)}
    with started(Run(new_folder(), environment=environment)) as run:
        assert run.wait(60) == 1
        assert time.monotonic() - begin >= seconds
        said = run.said()
    assert f"{next(iter(nobody))} is" in said and "refused" in said, said
    told = [line for line in said.splitlines() if '"event":"server.awaited"' in line]
    assert all(f'"server":"{which}"' in line for line in told) and bool(told) == bool(seconds), said


def test_a_postgresql_that_goes_in_the_middle_of_a_start(postgres: Postgres, redis: Redis) -> None:
    """What the process has begun before is not begun again when it is back."""
    with started(Run(new_folder(), environment=settings(postgres, redis))) as run:
        assert run.up().end() == 0
        for step in ("secrets_in_use", "public_keys"):
            postgres.query(f"""
                CREATE OR REPLACE FUNCTION is_away() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN RAISE 'the database is starting up' USING ERRCODE = 'cannot_connect_now'; END $$;
                CREATE TRIGGER is_away BEFORE INSERT ON {step} FOR EACH STATEMENT EXECUTE FUNCTION is_away()""")
            run.begin()
            says(run, "PostgreSQL", "starting up")
            postgres.query(f"DROP TRIGGER is_away ON {step}")
            # Longer than anything of it rests.
            run.up()
            time.sleep(6)
            assert run.readiness() == (200, {"status": "ready"})
            assert run.end() == 0


def test_told_to_end_while_it_waits(postgres: Postgres, redis: Redis) -> None:
    redis.kill()
    try:
        with started(Run(new_folder(), environment=settings(postgres, redis))) as run:
            says(run, "Redis", "Connection refused")
            assert run.end(seconds=5) == 0
    finally:
        redis.start()


@pytest.mark.kafka
def test_a_kafka_that_comes_up_late(postgres: Postgres, redis: Redis) -> None:
    """A role that reads the log waits for it; and its readiness is told by Kafka then."""
    kafka_broker.need_kafka(killable=True)
    with new_home() as home:
        kafka = Kafka(home)
        environment = settings(postgres, redis, MARTLET_KAFKA=f"127.0.0.1:{kafka.port}")
        with started(Run(new_folder(), command="fanout", environment=environment)) as run:
            says(run, "Kafka", "refused")
            kafka.start()
            try:
                run.up()
                kafka.kill()
                eventually(lambda: run.readiness() == (503, {"status": "not ready", "missing": ["kafka"]}), 20, "no Kafka")
                kafka.start()
                eventually(lambda: run.readiness() == (200, {"status": "ready"}), 60, "Kafka")
                assert run.end() == 0
            finally:
                kafka.kill()
