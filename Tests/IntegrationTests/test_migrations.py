"""The schema is brought up to date by one process at a time, whatever it has to wait for; others wait, or are told to."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import Iterator

import pytest

from martlet_process import run_martlet
from servers import Postgres, Redis
from start_stop import Run, new_folder
from support import eventually
from test_start_wait import new_home, settings, started

LOCK = "SELECT pg_advisory_lock(7236471)"


@pytest.fixture(scope="module")
def neighbours() -> Iterator[tuple[Postgres, Redis]]:
    with new_home() as first, new_home() as second:
        postgres, redis = Postgres(first), Redis(second)
        postgres.start()
        redis.start()
        yield postgres, redis
        redis.kill()
        postgres.stop("immediate")


@pytest.fixture
def postgres(neighbours: tuple[Postgres, Redis]) -> Postgres:
    """With an empty database."""
    server = neighbours[0]
    server.query("DROP DATABASE martlet WITH (FORCE)", database="postgres")
    server.query("CREATE DATABASE martlet", database="postgres")
    return server


@contextmanager
def session(postgres: Postgres, statement: str) -> Iterator[None]:
    """Has run the statement, and keeps what it holds meanwhile."""
    command = [postgres.programs / "psql", "-XAtq", "-d", postgres.url_by(postgres.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        process.stdin.write(f"{statement};\n\\echo held\n")
        process.stdin.flush()
        while process.stdout.readline() != "held\n":
            pass
        yield
        process.kill()


def waits(run: Run, reason: str) -> bool:
    assert run.process is not None and run.process.poll() is None, run.said()
    return any('"event":"migration.waits"' in line and reason in line for line in run.said().splitlines())


@pytest.mark.slow
def test_longer_than_any_limit(postgres: Postgres, neighbours: tuple[Postgres, Redis]) -> None:
    """The role has a limit for statements, and another process migrates for longer than ours have: nobody ends."""
    postgres.query("ALTER ROLE martlet SET statement_timeout = '1s'", database="postgres")
    try:
        runs = [Run(new_folder(), command=command, environment=settings(*neighbours, MARTLET_KAFKA="127.0.0.1:1"))
                for command in ("migrate", "api", "realtime")]
        with session(postgres, f"SET statement_timeout = 0; {LOCK}"):
            with started(runs[0]), started(runs[1]), started(runs[2]):
                for run in runs:
                    eventually(lambda: waits(run, "lock timeout"), 20, "a line that it waits")
                time.sleep(12)
                assert all(run.process is not None and run.process.poll() is None for run in runs)
                postgres.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted",
                               database="postgres")
                assert runs[0].wait(60) == 0
                for run in runs[1:]:
                    run.up()
                said = "".join(run.said() for run in runs)
        # Each step once, by whichever of them.
        assert said.count('"event":"migration.applied"') == len(postgres.query("SELECT number FROM schema_migrations"))
    finally:
        postgres.query("ALTER ROLE martlet RESET statement_timeout", database="postgres")


def test_told_to_wait(postgres: Postgres, neighbours: tuple[Postgres, Redis]) -> None:
    """A process that is not to migrate starts once the command has."""
    environment = settings(*neighbours, MARTLET_KAFKA="127.0.0.1:1")
    with started(Run(new_folder(), command="api", environment=environment | {"MARTLET_MIGRATIONS": "wait"})) as run:
        eventually(lambda: waits(run, "another process is to do it"), 20, "a line that it waits")
        assert postgres.query("SELECT to_regclass('schema_migrations') IS NULL") == ["t"]
        done = run_martlet("migrate", **environment)
        assert done.returncode == 0 and done.stdout.startswith("migrated: 1, 2"), done
        assert run.up().end() == 0
        assert "migration.applied" not in run.said()


def test_a_newer_schema(postgres: Postgres, neighbours: tuple[Postgres, Redis]) -> None:
    """A process of this version starts on the schema of a later one, says so, and shows it in a metric."""
    environment = settings(*neighbours, MARTLET_KAFKA="127.0.0.1:1")
    assert run_martlet("migrate", **environment).returncode == 0
    for migrations in ("run", "wait"):
        run = Run(new_folder(), command="api", environment=environment | {"MARTLET_MIGRATIONS": migrations})
        with started(run):
            run.up()
            assert run.metric("martlet_schema_newer") == 0
            postgres.query("INSERT INTO schema_migrations (number, name) VALUES (9999, 'of a later version') ON CONFLICT DO NOTHING")
            assert run.end() == 0
            run.begin().up()
            assert run.metric("martlet_schema_newer") == 9999
            line = next(line for line in run.said().splitlines() if "migration.newer" in line)
            assert '"level":"warning"' in line and '"number":9999' in line
            postgres.query("DELETE FROM schema_migrations WHERE number = 9999")
            assert run.end() == 0
