"""Settings are checked by name before anything else happens; secrets are in no message; a neighbour's own reason is told."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Iterator

import httpx
import pytest

from martlet_process import Server, free_port, run_martlet
from start_stop import Run, new_folder, remove_elsewhere
from support import eventually, expect, http_client

SECRET = "hunter2secret"


def ended(tmp_path: Path, command: str = "serve", *arguments: str, timeout: float = 30, **settings: str) -> tuple[int, str]:
    """How a command ends that can't begin, and what it says."""
    given = {"MARTLET_PORT": str(free_port()), "MARTLET_DATA": str(tmp_path / "data"), "MARTLET_START_SECONDS": "5"} | settings
    try:
        done = run_martlet(command, *arguments, timeout=timeout, **given)
    finally:
        # A private server that had begun has its data elsewhere: pytest's own folders are closed.
        remove_elsewhere(Path(given["MARTLET_DATA"]))
    said = done.stdout + done.stderr
    assert SECRET not in said, said
    return done.returncode, said


WRONG = [
    ("MARTLET_ORIGINS", "https://a.example/path"), ("MARTLET_ORIGINS", "https://*.example"), ("MARTLET_ORIGINS", "a.example"),
    ("MARTLET_ORIGINS", "https://u@a.example"), ("MARTLET_ORIGINS", "https://a.example?x"), ("MARTLET_ORIGINS", "*"),
    ("MARTLET_APNS_TOPICS", "com.example.app,com/evil"), ("MARTLET_APNS_TOPICS", ","),
    ("MARTLET_ORIGINS", "https://b.example,https://bücher.example"), ("MARTLET_ORIGINS", "ftp://a.example"),
    ("MARTLET_REDIS", "redis://h:x"), ("MARTLET_REDIS", f"http://:{SECRET}@h"), ("MARTLET_REDIS", f"redis://:{SECRET}@h/x"),
    ("MARTLET_REDIS", f"redis://{SECRET}%zz@h"), ("MARTLET_REDIS", f"redis:/:{SECRET}@h"),
    ("MARTLET_POSTGRES", f"postgresql://u:{SECRET}%zz@h/d"), ("MARTLET_POSTGRES", f"host=h password={SECRET} sslmode=x"),
    ("MARTLET_POSTGRES", f"host=h password=my {SECRET}"), ("MARTLET_POSTGRES", f"host=h password='{SECRET}"),
    ("MARTLET_POSTGRES", "host=h port=99999"), ("MARTLET_POSTGRES", f"h:5432:{SECRET}@x"),
    ("MARTLET_KAFKA", "localhost"), ("MARTLET_KAFKA", "a:1,b"), ("MARTLET_KAFKA_PREFIX", "a b"),
    ("MARTLET_KAFKA_PROPERTIES", f"sasl.password={SECRET};nosuch=1"), ("MARTLET_KAFKA_PROPERTIES", f"sasl.password {SECRET}"),
    ("MARTLET_KAFKA_PROPERTIES", f"acks=1;sasl.password={SECRET}"),
    ("MARTLET_KAFKA_PROPERTIES", f"security.protocol=sasl_plaintext;sasl.mechanism=PLAIN;sasl.password={SECRET}"),
    ("MARTLET_SECRETS_ACCEPTED", f"{SECRET}@2026-12-24T18:00:00Z"), ("MARTLET_SECRETS_ACCEPTED", f"{SECRET * 3}@tomorrow"),
    ("MARTLET_SECRETS_ACCEPTED", f"{SECRET * 3}@2026-12-24"), ("MARTLET_SECRETS_ACCEPTED", SECRET * 3),
    ("MARTLET_SECRETS_ACCEPTED", f"{SECRET * 3}@2026-12-24T18:00:00Z,{SECRET * 3}@2027-12-24T18:00:00Z"),
    ("MARTLET_SECRETS_ACCEPTED", ",".join(f"{SECRET * 3}{number}@2026-12-24T18:00:00Z" for number in range(5))),
    ("MARTLET_SECRET", SECRET), ("MARTLET_WEB", "/nowhere"), ("MARTLET_DATA", "/dev/null/x"), ("MARTLET_ADDRESS", "nosuch.invalid"),
    ("MARTLET_ADDRESS", "192.0.2.1"), ("MARTLET_ADDRESS", "300.1.2.3"), ("MARTLET_TRUSTED_PROXIES", "x"),
    ("MARTLET_NODE", "16"), ("MARTLET_NODE", "61"), ("MARTLET_NODE", "64"), ("MARTLET_NODE", "x"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
@pytest.mark.parametrize("by", ["environment", "flag"])
def test_a_wrong_setting_is_named_as_it_was_given(tmp_path: Path, name: str, value: str, by: str) -> None:
    flag = "--" + name.removeprefix("MARTLET_").lower().replace("_", "-")
    if by == "flag":
        code, said = ended(tmp_path, "serve", flag, value)
    else:
        code, said = ended(tmp_path, **{name: value})
    assert code == 2, said
    assert (flag if by == "flag" else name) in said and "expected" in said, said
    assert SECRET in value or value in said
    assert not (tmp_path / "data").exists(), "something was written before the settings were read"


def test_a_part_without_a_sign_is_not_shown(tmp_path: Path) -> None:
    """What was meant as a value may be anywhere."""
    _, said = ended(tmp_path, "serve", f"--pasword={SECRET}")
    assert "--pasword is not a setting" in said


@pytest.mark.parametrize("arguments", [
    ("seed", "--follow", "a b", "--tokens", "t"), ("seed", "--follow", "alice", "--tokens", "/nowhere/t"),
    ("seed", "--follow", "alice", "--tokens", "/tmp"), ("seed", "--prefix", "a b"), ("token", "--handle", "a"),
    ("tail", "--url", "localhost:8080"), ("tail", "--since", "a b"), ("tail", "-n", "x"), ("migrate", "--postgres", "host=h port=x"),
])
def test_every_command_checks_its_settings(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, said = ended(tmp_path, *arguments)
    assert code == 2 and "expected" in said and any(word in said for word in arguments if word.startswith("-")), said


def test_what_a_flag_overrides_need_not_be_right(tmp_path: Path) -> None:
    code, said = ended(tmp_path, "serve", "--redis", "redis://h:x", MARTLET_REDIS="nonsense")
    assert code == 2 and "--redis" in said and "nonsense" not in said


@pytest.mark.parametrize(("address", "shown"), [
    ("127.0.0.2", "127.0.0.2"), ("localhost", "localhost"), ("0.0.0.0", "localhost"), ("::1", "[::1]"), ("0:0::1", "[::1]"),
])
def test_the_printed_address_answers(server: Server, address: str, shown: str) -> None:
    """A second process on the servers of the first."""
    if ":" in address and not has_ipv6():
        pytest.skip("no IPv6 here")
    run = Run(new_folder(), environment={
        "MARTLET_ADDRESS": address, "MARTLET_REDIS": f"unix://{server.redis_socket}",
        "MARTLET_POSTGRES": f"host={server.data}/postgres user=martlet dbname=martlet"})
    try:
        run.begin()
        url = f"http://{shown}:{run.port}"
        eventually(lambda: f"Martlet is live at {url}\n" in run.said(), 30, url)
        assert httpx.get(url + "/healthz", trust_env=False).status_code == 200
        assert run.end() == 0
    finally:
        run.remove()


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def test_a_port_is_taken_where_it_is_listened_on(tmp_path: Path) -> None:
    """On another address of the machine it may be in use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.3", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = ended(tmp_path, MARTLET_ADDRESS="127.0.0.3", MARTLET_PORT=port)
        assert code == 1 and f"port {port} is taken" in said and not (tmp_path / "data").exists()
        code, said = ended(tmp_path, MARTLET_ADDRESS="127.0.0.4", MARTLET_PORT=port, MARTLET_POSTGRES="host=/nowhere")
        assert "is taken" not in said and "/nowhere" in said


@pytest.mark.parametrize("setting", ["HTTPS://App.Example:443/", "https://app.example"])
def test_origins_are_compared_in_one_form(server: Server, setting: str) -> None:
    run = Run(new_folder(), environment={
        "MARTLET_ORIGINS": setting, "MARTLET_REDIS": f"unix://{server.redis_socket}",
        "MARTLET_POSTGRES": f"host={server.data}/postgres user=martlet dbname=martlet"})
    try:
        run.begin().up()
        with http_client(f"http://127.0.0.1:{run.port}") as http:
            answer = http.get("/healthz", headers={"Origin": "https://app.example"})
            assert answer.headers["access-control-allow-origin"] == "https://app.example"
    finally:
        run.remove()


# Neighbours


@pytest.fixture(scope="module")
def redis() -> Iterator[int]:
    """A Redis with a password."""
    port = free_port()
    with subprocess.Popen(["redis-server", "--port", str(port), "--requirepass", SECRET, "--save", ""],
                          stdout=subprocess.DEVNULL) as process:
        def answers() -> bool:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            return False
        eventually(answers, 10, "Redis")
        yield port
        process.terminate()


@pytest.mark.promised_time
@pytest.mark.parametrize(("login", "database", "reason"), [
    ("", "", "NOAUTH Authentication required"), (f":{SECRET}x@", "", "WRONGPASS"),
    (f":{SECRET}@", "/99", "ERR DB index is out of range"), (f"nobody:{SECRET}@", "", "WRONGPASS"),
])
def test_redis_tells_why(server: Server, tmp_path: Path, redis: int, login: str, database: str, reason: str) -> None:
    begin = time.monotonic()
    code, said = ended(tmp_path, MARTLET_REDIS=f"redis://{login}127.0.0.1:{redis}{database}",
                       MARTLET_POSTGRES=f"host={server.data}/postgres user=martlet dbname=martlet")
    assert code == 1 and reason in said and "MARTLET_REDIS" in said, said
    assert time.monotonic() - begin < 4, "waited for what does not pass"


def test_redis_that_is_down_is_told(server: Server, tmp_path: Path) -> None:
    code, said = ended(tmp_path, MARTLET_REDIS=f"redis://:{SECRET}@127.0.0.1:1/3",
                       MARTLET_POSTGRES=f"host={server.data}/postgres user=martlet dbname=martlet")
    assert code == 1 and "redis://***@127.0.0.1:1/3" in said and "Connection refused" in said, said


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """A PostgreSQL that wants passwords, and says things in a language of its own where it has one."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    home = Path(tempfile.mkdtemp(prefix="martlet-pg-"))
    words: dict = {}
    if os.getuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
        words = {"user": account.pw_uid, "group": account.pw_gid}
    (password := home / "password").write_text(SECRET)
    password.chmod(0o644)
    subprocess.run([programs / "initdb", "-D", home / "c", "-U", "martlet", "-A", "scram-sha-256", "--pwfile", password],
                   check=True, stdout=subprocess.DEVNULL, cwd="/", **words)
    port = free_port()
    process = subprocess.Popen([programs / "postgres", "-D", home / "c", "-c", f"port={port}", "-c", "listen_addresses=127.0.0.1",
                                "-c", f"unix_socket_directories={home}"], stderr=subprocess.DEVNULL, cwd="/", **words)
    eventually((home / f".s.PGSQL.{port}").exists, 20, "PostgreSQL")
    yield port
    process.send_signal(signal.SIGQUIT)
    process.wait(20)
    shutil.rmtree(home)


@pytest.mark.parametrize(("login", "database", "reason"), [
    (f"martlet:{SECRET}x", "martlet", 'password authentication failed for user "martlet"'),
    (f"nobody:{SECRET}", "martlet", 'password authentication failed for user "nobody"'),
    (f"martlet:{SECRET}", "nosuch", 'database "nosuch" does not exist'), ("martlet", "martlet", "no password supplied"),
])
def test_postgres_tells_why(tmp_path: Path, server: Server, postgres: int, login: str, database: str, reason: str) -> None:
    begin = time.monotonic()
    code, said = ended(tmp_path, MARTLET_POSTGRES=f"postgresql://{login}@127.0.0.1:{postgres}/{database}",
                       MARTLET_REDIS=f"unix://{server.redis_socket}")
    assert code == 1 and reason in said and "MARTLET_POSTGRES" in said, said
    assert time.monotonic() - begin < (4 if "password supplied" not in reason else 10), "waited for what does not pass"


def test_a_tool_tells_why_and_ends(tmp_path: Path, postgres: int) -> None:
    code, said = ended(tmp_path, "token", "--handle", "alice", MARTLET_SECRET="x" * 32,
                       MARTLET_POSTGRES=f"postgresql://martlet:{SECRET}x@127.0.0.1:{postgres}/martlet")
    assert code == 1 and "password authentication failed" in said, said


@pytest.mark.parametrize("name", ["a" * 120, "a,b"])
def test_a_tool_needs_no_folder_for_servers_that_it_does_not_use(tmp_path: Path, server: Server, name: str) -> None:
    """Tools use PostgreSQL: where a setting names it, any folder will do; without it, the folder is named."""
    data = tmp_path / name
    postgres = f"host={server.data}/postgres user=martlet dbname=martlet"
    code, said = ended(tmp_path, "migrate", MARTLET_DATA=str(data), MARTLET_POSTGRES=postgres)
    assert code == 0 and "up to date" in said and not data.exists(), said
    code, said = ended(tmp_path, "token", "--handle", "nobody_there", MARTLET_DATA=str(data), MARTLET_SECRET="x" * 32,
                       MARTLET_POSTGRES=postgres)
    assert code == 1 and "there is no user @nobody_there" in said, said
    code, said = ended(tmp_path, "token", "--handle", "nobody_there", MARTLET_DATA=str(data), MARTLET_SECRET="x" * 32)
    assert code == 2 and "MARTLET_DATA" in said, said
    code, said = ended(tmp_path, MARTLET_DATA=str(data), MARTLET_POSTGRES=postgres)
    assert code == 2 and "MARTLET_DATA" in said, said
    code, said = ended(tmp_path, "api", MARTLET_DATA=str(data), MARTLET_POSTGRES=postgres)
    assert code == 2 and "MARTLET_REDIS" in said and "MARTLET_DATA" not in said, said


def test_postgres_that_is_down_is_told(tmp_path: Path, server: Server) -> None:
    code, said = ended(tmp_path, MARTLET_POSTGRES=f"host=127.0.0.1 port=1 user=x password={SECRET}",
                       MARTLET_REDIS=f"unix://{server.redis_socket}")
    assert code == 1 and "Connection refused" in said and "password=***" in said, said


def test_kafka_that_is_down_is_told(tmp_path: Path, server: Server) -> None:
    code, said = ended(tmp_path, timeout=90, MARTLET_KAFKA="127.0.0.1:1", MARTLET_REDIS=f"unix://{server.redis_socket}",
                       MARTLET_POSTGRES=f"host={server.data}/postgres user=martlet dbname=martlet")
    assert code == 1 and "MARTLET_KAFKA is '127.0.0.1:1'" in said and "refused" in said, said
