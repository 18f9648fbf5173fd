"""Data of an earlier version: its folders belonged to another account where root started it, and its database's role was the
superuser."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from martlet_process import run_martlet
from start_stop import Run, closed_folder, new_folder
from support import eventually

as_root = pytest.mark.skipif(os.getuid() != 0, reason="an account of an earlier version: as root only")
FORMER = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4]))


def as_former(*words: str | Path) -> list[str | Path]:
    return [*(["setpriv", f"--reuid={FORMER}", f"--regid={FORMER}", "--clear-groups"] if os.getuid() == 0 else []), *words]


class Former:
    """A data folder as an earlier version left it: a cluster whose superuser is `martlet`, trusted, with the schema."""

    def __init__(self, data: Path, elsewhere: bool = False) -> None:
        self.data = data
        data.mkdir()
        self.folders = {}
        for name in ("postgres", "redis"):
            place = Path("/var/lib/martlet") / f"{data.parent.name}-{name}" if elsewhere else data / name
            place.parent.mkdir(exist_ok=True, mode=0o755)
            place.mkdir(mode=0o700)
            if elsewhere:
                (data / name).symlink_to(place)
            if os.getuid() == 0:
                os.chown(place, pwd.getpwnam(FORMER).pw_uid, pwd.getpwnam(FORMER).pw_gid)
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
        done = subprocess.run(as_former(*words), capture_output=True, text=True, timeout=60, cwd="/")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> subprocess.Popen[bytes]:
        """PostgreSQL as it was left running by a `serve` that was killed."""
        folder = self.folders["postgres"]
        process = subprocess.Popen(
            as_former(PROGRAMS / "postgres", "-D", self.cluster, "-c", "listen_addresses=", "-c", f'unix_socket_directories="{folder}","{self.entrance}"',
                      "-c", "unix_socket_permissions=0777", "-c", "port=5432"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True)
        eventually(lambda: subprocess.run(self.psql("postgres", "SELECT 1"), capture_output=True).returncode == 0, 30, "PostgreSQL")
        return process

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
    run = Run(folder())
    former = Former(run.data, elsewhere=folder is closed_folder)
    try:
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
        if os.getuid() == 0:
            own = pwd.getpwnam("martlet").pw_uid
            for place in former.folders.values():
                assert {path.lstat().st_uid for path in [place, *place.rglob("*")]} == {own}
        assert run.end() == 0, run.said()
        assert run.begin().up().end() == 0
        run.is_gone()
    finally:
        run.remove()
        shutil.rmtree(former.entrance.parent)


def test_a_cluster_whose_database_was_never_made() -> None:
    """An earlier version was killed before that."""
    run = Run(new_folder())
    former = Former(run.data)
    try:
        run.begin().up()
        assert answers(former, "SELECT rolname FROM pg_roles WHERE rolsuper") == ["maintenance"]
        assert run.end() == 0
        run.is_gone()
    finally:
        run.remove()
        shutil.rmtree(former.entrance.parent)
