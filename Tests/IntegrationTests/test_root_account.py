"""Who Martlet is once it runs, and what that account and its database may do. Started by root it becomes an account of its
own; an ordinary user's processes stay that user's."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from martlet_process import Server, clean_environment, free_port, martlet_binary, run_martlet
from server_account import ACCOUNT, as_root, as_user, uid
from sql import psql, rows
from start_stop import Run, new_folder
from support import User, http_client


def processes(server: Server) -> dict[str, int]:
    assert server.process is not None
    postgres = (server.data / "postgres").resolve() / "cluster/postmaster.pid"
    redis = (server.data / "redis").resolve() / "redis.pid"
    return {"serve": server.process.pid, "postgres": int(postgres.read_text().split()[0]), "redis": int(redis.read_text())}


def status(pid: int, thread: str = "self") -> dict[str, str]:
    path = f"/proc/{pid}/status" if thread == "self" else f"/proc/{pid}/task/{thread}/status"
    lines = Path(path).read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def as_account(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a program as the account that the servers have."""
    command = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", *words] if os.getuid() == 0 else list(words)
    return subprocess.run(command, capture_output=True, text=True, timeout=30, cwd="/")


@as_root
def test_root_becomes_an_account(server: Server) -> None:
    """Every thread, with the account's groups, no capability and no way back; and its servers."""
    groups = sorted(os.getgrouplist(ACCOUNT, pwd.getpwnam(ACCOUNT).pw_gid))
    assert 0 not in groups
    for name, pid in processes(server).items():
        for thread in os.listdir(f"/proc/{pid}/task"):
            found = status(pid, thread)
            assert found["Uid"].split() == [str(uid())] * 4, name
            assert found["Gid"].split() == [str(pwd.getpwnam(ACCOUNT).pw_gid)] * 4, name
            assert sorted(map(int, found["Groups"].split())) == groups, name
            assert {int(found[set_], 16) for set_ in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}, name
            assert found["NoNewPrivs"] == "1", name


@as_root
def test_the_account_is_martlets_own() -> None:
    """Nobody logs in as it, and it has no files of others."""
    entry = pwd.getpwnam(ACCOUNT)
    assert entry.pw_uid not in (0, pwd.getpwnam("nobody").pw_uid) and entry.pw_shell.endswith("nologin")
    assert [other.pw_name for other in pwd.getpwall() if other.pw_uid == entry.pw_uid] == [ACCOUNT]


@as_user
def test_an_ordinary_user_stays_who_it_is(server: Server) -> None:
    for pid in processes(server).values():
        assert status(pid)["Uid"].split() == [str(os.getuid())] * 4


def environment(pid: int | str) -> set[str]:
    """The variables of one of the account's processes."""
    read = as_account("cat", f"/proc/{pid}/environ")
    assert read.returncode == 0, read.stderr
    return {entry.split("=")[0] for entry in read.stdout.split("\0") if entry}


@pytest.fixture(scope="module")
def secretive() -> Iterator[Server]:
    """A server whose secret comes from the environment, in which there is more."""
    own = Server(MARTLET_SECRET="a secret of the environment that nobody may see", MARTLET_ORIGINS="https://a.example")
    try:
        yield own.start()
    finally:
        own.remove()


def test_the_servers_environment_is_built(secretive: Server) -> None:
    """PostgreSQL sets some variables of its own."""
    found = processes(secretive)
    for name in ("postgres", "redis"):
        assert environment(found[name]) <= {"PATH", "HOME", "LANG", "LC_ALL", "PGDATA"}, name
    assert "PATH" in environment("self"), "the search finds nothing"


@as_root
def test_the_account_can_not_look_into_serve(secretive: Server, server: Server) -> None:
    """Nor read the file with the secret: what runs in a private server gets no further."""
    pid = processes(secretive)["serve"]
    for file in (f"/proc/{pid}/environ", f"/proc/{pid}/mem", server.data / "secret"):
        tried = as_account("cat", str(file))
        assert tried.returncode != 0 and "Permission denied" in tried.stderr, file
    assert as_account("cat", "/proc/self/environ").returncode == 0
    assert (server.data / "secret").stat().st_uid == 0


@pytest.mark.parametrize(("statement", "reason"), [
    ("COPY (SELECT 1) TO PROGRAM 'env'", "permission|privileges"), ("COPY users FROM PROGRAM 'env'", "permission|privileges"),
    ("COPY (SELECT 1) TO '/tmp/martlet-written'", "privileges"), ("SELECT pg_read_file('/etc/passwd')", "permission"),
    ("SELECT pg_ls_dir('.')", "permission"), ("SELECT lo_import('/etc/passwd')", "permission"),
    ("ALTER SYSTEM SET archive_command = 'env'", "permission|superuser"), ("CREATE ROLE other SUPERUSER", "permission|superuser"),
    ("ALTER ROLE martlet SUPERUSER", "superuser|permission"), ("SET ROLE maintenance", "permission"),
    ("SET SESSION AUTHORIZATION maintenance", "permission"), ("CREATE DATABASE other", "permission"),
    ("CREATE FUNCTION system(cstring) RETURNS int AS 'libc.so.6', 'system' LANGUAGE c", "permission"),
    ("LOAD 'auth_delay'", "not allowed"), ("SELECT * FROM pg_authid", "permission"),
    ("GRANT pg_execute_server_program TO martlet", "option|superuser|permission"),
])
def test_the_databases_role_reads_no_file_and_runs_no_program(server: Server, statement: str, reason: str) -> None:
    tried = subprocess.run([*psql(server), "-c", statement], capture_output=True, text=True, timeout=30)
    assert tried.returncode != 0, tried.stdout
    assert any(word in tried.stderr for word in reason.split("|")), tried.stderr


def test_roles_are_told_by_the_account(server: Server) -> None:
    """Nobody is trusted: the kernel says who is at the other end of the socket."""
    rules = rows(server, "SELECT type, auth_method, array_to_string(user_name, ',') FROM pg_hba_file_rules", role="maintenance")
    assert rules == [("local", "peer", "martlet"), ("local", "peer", "maintenance"), ("local", "peer", "maintenance")]
    assert rows(server, "SELECT rolname FROM pg_roles WHERE rolsuper", role="maintenance") == [("maintenance",)]
    assert rows(server, "SELECT array_to_string(database, ',') FROM pg_hba_file_rules", role="maintenance") == [("all",), ("all",), ("replication",)]
    owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE oid >= 16384 UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'martlet'"
    assert rows(server, owners) == [("martlet",)]


@as_root
def test_other_accounts_can_not_be_the_role(server: Server) -> None:
    """Not even where the folder were open to them."""
    folder = (server.data / "postgres").resolve()
    socket_file = folder / ".s.PGSQL.5432"
    before = folder.stat().st_mode, socket_file.stat().st_mode
    folder.chmod(0o755), socket_file.chmod(0o777)
    try:
        for role in ("martlet", "maintenance"):
            words = psql(server, role=role)
            tried = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *words, "-c", "SELECT 1"],
                                   capture_output=True, text=True, timeout=30, cwd="/")
            assert tried.returncode != 0 and "Peer authentication failed" in tried.stderr, tried
    finally:
        folder.chmod(before[0] & 0o7777), socket_file.chmod(before[1] & 0o7777)


# What root does


@as_root
def test_a_port_that_only_root_may_open(server: Server) -> None:
    """Opened by root, and served by the account; on the servers of another process."""
    run = Run(new_folder(), port=low_port(), environment=servers_of(server))
    try:
        run.begin().up()
        assert run.process is not None and status(run.process.pid)["Uid"].split() == [str(uid())] * 4
        assert run.end() == 0
    finally:
        run.remove()


def servers_of(server: Server) -> dict[str, str]:
    return {"MARTLET_POSTGRES": f"host={server.data}/postgres user=martlet dbname=martlet",
            "MARTLET_REDIS": f"unix://{server.redis_socket}"}


@as_user
def test_a_port_that_only_root_may_open_is_refused(tmp_path: Path) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) < 1024:
        pytest.skip("everybody may open it here")
    done = run_martlet("serve", MARTLET_PORT=str(low_port()), MARTLET_DATA=str(tmp_path / "data"))
    assert done.returncode == 2 and "MARTLET_PORT" in done.stderr


def low_port() -> int:
    for port in range(1023, 600, -1):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            continue
        return port
    raise OSError("no free port below 1024")


@as_root
def test_a_role_and_a_command_become_the_account_too(server: Server, alice: User) -> None:
    """They reach the private PostgreSQL, which takes the account; the secret is read before."""
    run = Run(server.data, environment=servers_of(server) | {"MARTLET_KAFKA": "127.0.0.1:1"}, command="api")
    run.begin().up()
    assert run.process is not None and status(run.process.pid)["Uid"].split() == [str(uid())] * 4
    assert run.end() == 0
    token = run_martlet("token", "--handle", alice.handle, MARTLET_DATA=str(server.data))
    assert token.returncode == 0 and alice.http.get("/v1/me", headers={"Authorization": f"Bearer {token.stdout.strip()}"}).status_code == 200
    assert run_martlet("migrate", MARTLET_DATA=str(server.data)).returncode == 0


def test_a_backup_can_be_taken_by_the_superuser(server: Server, tmp_path: Path) -> None:
    """And not by the role that has the database."""
    program = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4])) / "pg_basebackup"
    for role, ends_well in (("martlet", False), ("maintenance", True)):
        done = subprocess.run(
            [program, "-h", (server.data / "postgres").resolve(), "-U", role, "-D", tmp_path / role, "-c", "fast", "-w"],
            capture_output=True, text=True, timeout=60)
        assert (done.returncode == 0) == ends_well, done.stderr
    assert (tmp_path / "maintenance/PG_VERSION").exists()


@as_root
@pytest.mark.parametrize("command", ["serve", "api"])
def test_a_root_who_can_not_change_its_user_is_told_so(server: Server, command: str) -> None:
    """As in a container without these capabilities. Nothing is made before."""
    data = new_folder()
    done = subprocess.run(
        ["setpriv", "--bounding-set=-setuid,-setgid", martlet_binary(), command], capture_output=True, text=True, timeout=30,
        env=clean_environment(MARTLET_DATA=str(data), MARTLET_PORT=str(free_port()), MARTLET_KAFKA="127.0.0.1:1",
                              MARTLET_SECRET="a secret of more than thirty-two bytes", **servers_of(server)))
    assert done.returncode == 1
    assert "root can't become another user: Operation not permitted; start Martlet as an ordinary user" in done.stderr
    assert not data.exists()
    data.parent.rmdir()


@as_root
def test_tokens_are_written_where_only_root_may(server: Server, alice: User) -> None:
    """The process is the account by then. What was there is replaced, a link not followed."""
    folder = new_folder("closed", mode=0o700)
    folder.mkdir(mode=0o700)
    (folder / "victim").write_text("untouched")
    (folder / "tokens").symlink_to(folder / "victim")
    made = run_martlet("seed", "--users", "2", "--follow", alice.handle, "--prefix", "rooted", "--tokens", str(folder / "tokens"), MARTLET_DATA=str(server.data))
    assert made.returncode == 0, made.stderr
    found = (folder / "tokens").lstat()
    assert (found.st_uid, found.st_mode & 0o777, len((folder / "tokens").read_text().split())) == (0, 0o600, 2)
    assert (folder / "victim").read_text() == "untouched"
    shutil.rmtree(folder.parent)


@as_root
def test_seed_in_a_data_folder_of_the_account() -> None:
    run = Run(new_folder())
    tokens = run.data.parent / "tokens"
    try:
        run.data.mkdir()
        os.chown(run.data, uid(), -1)
        run.begin().up()
        with http_client(f"http://127.0.0.1:{run.port}") as http:
            assert http.post("/v1/auth/signup", json={"handle": "author", "password": "correct horse battery", "display_name": "A"}).status_code == 201
            made = run_martlet("seed", "--users", "1", "--follow", "author", "--tokens", str(tokens), MARTLET_DATA=str(run.data))
            assert made.returncode == 0, made.stderr
            assert http.get("/v1/me", headers={"Authorization": f"Bearer {tokens.read_text().strip()}"}).status_code == 200
        assert run.end() == 0
    finally:
        run.remove()


@as_root
def test_a_command_is_never_root_at_a_servers_socket() -> None:
    """Where the folder is root's it is the account, not root."""
    data = new_folder()
    (data / "postgres").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(data / "postgres/.s.PGSQL.5432"))
        (data / "postgres/.s.PGSQL.5432").chmod(0o777)
        listener.listen()
        listener.settimeout(30)
        process = subprocess.Popen(
            [martlet_binary(), "migrate"], env=clean_environment(MARTLET_DATA=str(data)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            connection, _ = listener.accept()
            with connection:
                peer = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            assert peer[:2] == (process.pid, uid())
        finally:
            process.kill()
            process.wait()
    shutil.rmtree(data.parent)
