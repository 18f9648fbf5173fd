"""A database that was dumped while events waited in its outbox goes on in a new cluster, whose transaction ids are lower: the
commands of docs/operate.md."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Iterator

import pytest

from martlet_process import Server
from roles import Roles, new_postgres, new_roles
from servers import Postgres
from sse_client import Sse
from support import User, eventually, expect

REACHED = 150


def client(postgres: Postgres, program: str, *words: str | Path) -> None:
    done = subprocess.run([postgres.programs / program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def url(postgres: Postgres) -> str:
    return postgres.url_by(postgres.port)


def dump(postgres: Postgres, file: Path) -> None:
    client(postgres, "pg_dump", "--format=custom", "--no-owner", f"--file={file}", url(postgres))


def restore(file: Path, postgres: Postgres) -> None:
    client(postgres, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={url(postgres)}", file)


class Load:
    """Posts all the time, by each of these users; `accepted` has those whose 201 has come."""

    def __init__(self, users: list[User]) -> None:
        self.accepted: list[tuple[str, str]] = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.post, args=(user,)) for user in users]
        for thread in self.threads:
            thread.start()

    def post(self, user: User) -> None:
        while not self.stopping.is_set():
            self.accepted.append((user.id, user.post("under load")["id"]))
            time.sleep(0.01)

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture
def roles() -> Iterator[Roles]:
    with new_roles() as roles:
        roles.start()
        yield roles


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("others", ["of before", "empty"])
def test_a_dump_under_load_in_a_new_cluster(roles: Roles, others: str, tmp_path: Path) -> None:
    authors = [roles.user(f"author{number}") for number in range(3)]
    bob = roles.user("bob")
    for author in authors:
        bob.follow(author)
    # The new cluster begins with lower ones than any that is in the dump.
    roles.postgres.query("DO $$ BEGIN FOR i IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
    roles.runs["fanout"].kill()
    load = Load(authors)
    eventually(lambda: roles.outbox() > 30, 60, "a filled outbox")
    before = list(load.accepted)
    dump(roles.postgres, tmp_path / "martlet.dump")
    load.stop()
    # What was in Kafka and not in feeds when the dump was taken: it comes from there, or from PostgreSQL.
    roles.start("fanout")
    bob.sees(*[post for _, post in load.accepted[-3:]], timeout=60)
    highest = int(roles.postgres.query("SELECT pg_current_xact_id()::text::bigint")[0])
    roles.stop()
    with new_postgres() as restored:
        restore(tmp_path / "martlet.dump", restored)
        assert int(restored.query("SELECT pg_current_xact_id()::text::bigint")[0]) < highest - 10_000
        assert int(restored.query("SELECT count(*) FROM outbox")[0]) > 20
        if others == "empty":
            roles.redis.kill()
            roles.redis.start()
            roles.delete_topics()
        roles.turn_to(restored)
        roles.start()
        # Nobody logs in anew.
        with Sse(roles, token=bob.token) as stream:  # type: ignore[arg-type]
            stream.next()
            bob.sees(*[post for _, post in before], timeout=REACHED)
            feed = bob.walk()
            assert len(feed) == len(set(feed))
            eventually(lambda: roles.outbox() == 0, 60, "an empty outbox")
            assert expect(bob.http.post("/v1/auth/refresh", json={"refresh_token": bob.session["refresh_token"]}), 200)
            new = [author.post("in the new cluster")["id"] for author in authors]
            assert min(map(int, new)) > max(int(post) for _, post in load.accepted)
            stream.until(new[-1], timeout=60)
            bob.sees(*new)
        assert len(bob.walk()) == len(set(bob.walk()))
        eventually(lambda: restored.query("SELECT count(*) FROM open_changes") == ["0"], REACHED, "no change under way")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("redis", ["of before", "empty"])
def test_the_embedded_log_is_restored_with_its_positions(redis: str, tmp_path: Path) -> None:
    """One process with everything: the dump has the log, how far each group has read it, and what is parked, of one moment."""
    server = Server()
    try:
        server.start()
        alice, bob = User.signup(server, "alice"), User.signup(server, "bob")
        bob.follow(alice)
        bob.sees(alice.post("before the load")["id"])
        load = Load([alice])
        eventually(lambda: len(load.accepted) > 40, 60, "posts")
        before = list(load.accepted)
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4]))
        socket = f"postgresql://martlet@/martlet?host={(server.data / 'postgres').resolve()}"
        file = tmp_path / "martlet.dump"

        def run(program: str, *words: str | Path) -> None:
            done = subprocess.run(
                [programs / program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr

        run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", socket)
        load.stop()
        assert server.stop() == 0
        with new_postgres() as restored:
            restore(file, restored)
            if redis == "empty":
                for dump_file in (server.data / "redis").resolve().glob("*.rdb"):
                    os.unlink(dump_file)
            server.settings["MARTLET_POSTGRES"] = url(restored)
            server.start()
            with Sse(server, token=bob.token) as stream:
                stream.next()
                bob.sees(*[post for _, post in before], timeout=REACHED)
                new = alice.post("in the new cluster")["id"]
                stream.until(new, timeout=30)
            feed = bob.walk()
            assert len(feed) == len(set(feed)) and new in feed
            rows = restored.query(
                "SELECT count(*) FROM log_positions g JOIN log_partitions p USING (topic, partition) WHERE g.next > p.next")
            assert rows == ["0"]
    finally:
        server.remove()
