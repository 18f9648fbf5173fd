"""Data of an earlier version: its folders belonged to another account where root started it, and its database's role was the
superuser."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from martlet_process import run_martlet
from server_account import ACCOUNT, as_root, uid
from start_stop import Run, closed_folder, new_folder
from support import eventually

FORMER = "postgres" if os.getuid() == 0 else ACCOUNT
SECRET = "abcdefghijklmnopqrstuvwxyz0123456789"
PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4]))


def as_account(account: str, *words: str | Path) -> list[str | Path]:
    return [*(["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups"] if os.getuid() == 0 else []), *words]


def give(account: str, *places: Path) -> None:
    entry = pwd.getpwnam(account)
    for place in places:
        os.chown(place, entry.pw_uid, entry.pw_gid)


class Former:
    """A data folder as an earlier version left it: a cluster whose superuser is `martlet`, trusted, with the schema."""

    def __init__(self, data: Path, elsewhere: bool = False, account: str = FORMER) -> None:
        self.data = data
        self.account = account
        data.mkdir()
        self.folders = {}
        for name in ("postgres", "redis"):
            place = Path("/var/lib/martlet") / f"{data.parent.name}-{name}" if elsewhere else data / name
            place.parent.mkdir(exist_ok=True, mode=0o755)
            place.mkdir(mode=0o700)
            if elsewhere:
                (data / name).symlink_to(place)
            if os.getuid() == 0:
                give(account, place)
            # Root opened the logs.
            (place / f"{name}.log").touch(mode=0o600)
            self.folders[name] = place
        # Open to the commands of this version, which are of another account.
        self.entrance = new_folder("socket")
        self.entrance.mkdir()
        self.entrance.chmod(0o777)
        self.cluster = self.folders["postgres"] / "cluster"
        self.run(PROGRAMS / "initdb", "-D", self.cluster, "-U", "martlet", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions")

    def run(self, *words: str | Path) -> str:
        done = subprocess.run(as_account(self.account, *words), capture_output=True, text=True, timeout=60, cwd="/")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> subprocess.Popen[bytes]:
        """PostgreSQL as it was left running by a `serve` that was killed."""
        folder = self.folders["postgres"]
        process = subprocess.Popen(
            as_account(self.account, PROGRAMS / "postgres", "-D", self.cluster, "-c", "listen_addresses=", "-c", f'unix_socket_directories="{folder}","{self.entrance}"',
                      "-c", "unix_socket_permissions=0777", "-c", "port=5432"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True)
        eventually(lambda: subprocess.run(self.psql("postgres", "SELECT 1"), capture_output=True).returncode == 0, 30, "PostgreSQL")
        return process

    def are_the_accounts(self) -> None:
        own = uid()
        for place in self.folders.values():
            assert {path.lstat().st_uid for path in [place, *place.rglob("*")]} == {own}

    def psql(self, database: str, *statements: str, role: str = "martlet") -> list[str | Path]:
        commands = [word for statement in statements for word in ("-c", statement)]
        return [PROGRAMS / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folders["postgres"], "-U", role, "-d", database, *commands]

    def fill(self) -> None:
        """The schema, a user, and things that an operator may have made."""
        subprocess.run(self.psql("postgres", "CREATE DATABASE martlet"), check=True)
        done = run_martlet("migrate", MARTLET_POSTGRES=f"host={self.entrance} user=martlet dbname=martlet")
        assert done.returncode == 0, done.stderr
        subprocess.run(self.psql(
            "martlet", "INSERT INTO users (id, handle, display_name, password_hash) VALUES (7, 'ann', 'Ann', '')",
            "CREATE SCHEMA \"of mine\"", "CREATE TYPE \"of mine\".mood AS ENUM ('good')", "CREATE DOMAIN word AS text",
            "CREATE VIEW names AS SELECT handle FROM users", "CREATE MATERIALIZED VIEW \"of mine\".few AS SELECT 1 AS one",
            "CREATE TABLE \"of mine\".\"Notes\" (id serial PRIMARY KEY, other int GENERATED ALWAYS AS IDENTITY, mood \"of mine\".mood)",
            "CREATE SEQUENCE lonely", "CREATE PROCEDURE nothing(a int, b text) LANGUAGE sql AS 'SELECT 1'",
            "CREATE EXTENSION IF NOT EXISTS pg_trgm", "ALTER ROLE martlet SET work_mem = '5MB'"), check=True)


@contextlib.contextmanager
def former_data(folder: Path | None = None, **options: Any) -> Iterator[tuple[Run, Former]]:
    """Such a data folder (`options`: as for `Former`), and a run in it that is not begun."""
    run = Run(folder or new_folder())
    former = Former(run.data, **options)
    try:
        yield run, former
    finally:
        run.remove()
        shutil.rmtree(former.entrance.parent)


OWNED_BY_SUPERUSER = """
    SELECT c.oid::regclass::text FROM pg_class c WHERE relowner = 10 AND oid >= 16384 AND relkind <> 't'
    UNION SELECT oid::regprocedure::text FROM pg_proc p WHERE proowner = 10 AND oid >= 16384
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION SELECT nspname FROM pg_namespace WHERE nspowner = 10 AND oid >= 16384
    UNION SELECT oid::regtype::text FROM pg_type t WHERE typowner = 10 AND oid >= 16384 AND typelem = 0
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
"""


def answers(former: Former, query: str, role: str = "martlet", database: str = "martlet") -> list[str]:
    return subprocess.run(former.psql(database, query, role=role), capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()


@pytest.mark.parametrize(("folder", "still_runs"), [(new_folder, True), pytest.param(closed_folder, False, marks=as_root)])
def test_data_of_an_earlier_version_comes_up(folder: Callable[[], Path], still_runs: bool) -> None:
    """Nothing is lost; all files are the account's, all that was the role's is the role's, which is no superuser any more."""
    with former_data(folder(), elsewhere=folder is closed_folder) as (run, former):
        process = former.start()
        former.fill()
        if not still_runs:
            # A loss of power leaves its socket and its pid file.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        run.begin().up()
        if still_runs and os.getuid() == 0:
            assert process.wait(10) == 0
        assert answers(former, "SELECT handle FROM users") == ["ann"]
        assert answers(former, "SELECT rolname FROM pg_roles WHERE rolsuper") == ["maintenance"]
        assert answers(former, "SELECT rolname FROM pg_roles WHERE rolcanlogin ORDER BY 1") == ["maintenance", "martlet"]
        assert answers(former, OWNED_BY_SUPERUSER) == []
        assert answers(former, "SHOW work_mem") == ["5MB"]
        assert answers(former, "INSERT INTO \"of mine\".\"Notes\" (mood) VALUES ('good') RETURNING id, other") == ["1|1"]
        methods = answers(former, "SELECT DISTINCT auth_method FROM pg_hba_file_rules", role="maintenance")
        assert methods == ["peer"]
        former.are_the_accounts()
        assert run.end() == 0, run.said()
        assert run.begin().up().end() == 0
        run.is_gone()


def test_a_cluster_whose_database_was_never_made() -> None:
    """An earlier version was killed before that."""
    with former_data() as (run, former):
        run.begin().up()
        assert answers(former, "SELECT rolname FROM pg_roles WHERE rolsuper") == ["maintenance"]
        assert run.end() == 0
        run.is_gone()


@as_root
@pytest.mark.parametrize("owner", [ACCOUNT, FORMER])
def test_folders_that_are_the_accounts_already(owner: str) -> None:
    """An earlier version ran its servers as `martlet` where there was one, and gave it the folders only; root opened the logs."""
    with former_data(account=owner) as (run, former):
        give(ACCOUNT, *former.folders.values())
        run.begin().up()
        assert answers(former, "SELECT rolname FROM pg_roles WHERE rolsuper") == ["maintenance"]
        former.are_the_accounts()
        assert run.end() == 0, run.said()
        run.is_gone()


@as_root
def test_a_data_folder_that_is_the_accounts_already() -> None:
    """Root had made the lock, the secret and the logs in it."""
    with former_data(account=ACCOUNT) as (run, former):
        for name, text in (("lock", ""), ("secret", SECRET)):
            (run.data / name).write_text(text)
            (run.data / name).chmod(0o600)
        os.link(run.data / "secret", run.data.parent / "again")
        give(ACCOUNT, run.data)
        assert run.begin().wait(30) == 1 and "second name" in run.said()
        assert (run.data.parent / "again").stat().st_uid == 0
        (run.data.parent / "again").unlink()
        run.begin().up()
        former.are_the_accounts()
        assert {path.stat().st_uid for path in (run.data / "lock", run.data / "secret")} == {uid()}
        assert (run.data / "secret").read_text() == SECRET
        assert run.end() == 0, run.said()
        run.is_gone()


@as_root
def test_a_data_folder_of_an_earlier_versions_account_is_told_with_its_cure() -> None:
    with former_data() as (run, former):
        give(FORMER, run.data)
        assert run.begin().wait(30) == 2
        assert f"chown root: {run.data}" in run.said()
        os.chown(run.data, 0, 0)
        run.begin().up()
        former.are_the_accounts()
        assert run.end() == 0, run.said()
        run.is_gone()


@as_root
def test_a_cluster_that_can_not_be_looked_into_is_no_new_one() -> None:
    """Another one is not made in its place."""
    with former_data(account=ACCOUNT) as (run, former):
        give("daemon", former.cluster)
        assert run.begin().wait(30) == 1
        assert f"the cluster in {former.cluster} can't be used: Permission denied" in run.said()
        assert not list(former.folders["postgres"].glob("draft-*"))


@pytest.mark.parametrize("attributes", ["LOGIN", "NOLOGIN", "LOGIN SUPERUSER"])
def test_an_operators_role_that_is_called_maintenance(attributes: str) -> None:
    """`martlet` does not stay the superuser without a word."""
    with former_data() as (run, former):
        process = former.start()
        subprocess.run(former.psql("postgres", f"CREATE ROLE maintenance {attributes}"), check=True)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        assert run.begin().wait(60) == 1
        assert "has a role maintenance already" in run.said() and "ALTER ROLE maintenance RENAME TO" in run.said()
        run.is_gone()
