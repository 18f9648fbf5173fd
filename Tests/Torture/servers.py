"""The real servers that the roles need, each started, stopped, killed and started again from here."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "Tests/IntegrationTests"))
from ports import free_port  # noqa: E402


class StartFailed(Exception):
    """A part of the set-up does not come up: the run says nothing about Martlet."""


def wait_for_port(port: int, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise StartFailed(f"{what} does not answer on port {port} within {seconds} s")


class Server(Protocol):
    name: str
    port: int

    def start(self) -> None: ...
    def kill(self) -> None: ...


class Postgres:
    """A cluster of its own, durable as it comes from the package."""

    name = "postgres"

    def __init__(self, home: Path) -> None:
        self.home = home / "postgres"
        self.port = free_port()
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
        if not versions:
            raise StartFailed("PostgreSQL is not installed")
        self.programs = versions[-1].parent
        self.home.mkdir()
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            shutil.chown(self.home, "postgres", "postgres")
        self._run("initdb", "-D", self.home / "data", "-U", "martlet", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    @staticmethod
    def url_by(port: int) -> str:
        return f"postgresql://martlet@127.0.0.1:{port}/martlet"

    def start(self) -> None:
        options = f"-c port={self.port} -c unix_socket_directories= -c max_connections=200 -c log_min_messages=log"
        self._run("pg_ctl", "-D", self.home / "data", "-l", self.home / "log", "-w", "-t", "60", "-o", options, "start")
        if "martlet" not in self.query("SELECT datname FROM pg_database", database="postgres"):
            self.query("CREATE DATABASE martlet", database="postgres")

    def stop(self, mode: str) -> None:
        """`fast` lets nobody finish; `immediate` is a crash, with recovery at the next start."""
        self._run("pg_ctl", "-D", self.home / "data", "-m", mode, "-w", "-t", "60", "stop")

    def kill(self) -> None:
        self.stop("immediate")

    def query(self, sql: str, database: str = "martlet") -> list[str]:
        """The rows' text, columns parted by `|`; by another road than Martlet's own."""
        command = [
            self.programs / "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-d", f"postgresql://martlet@127.0.0.1:{self.port}/{database}", "-c", sql,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise StartFailed(f"psql: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        with (self.home.parent / "postgres-commands.log").open("ab") as log:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", timeout=120)
        if done.returncode:
            raise StartFailed(f"{program} failed: see {log.name} and {self.home}/log")


class Redis:
    """Keeps nothing over a kill, but for a snapshot that is put back."""

    def __init__(self, home: Path, name: str = "redis") -> None:
        self.name = name
        self.home = home / name
        self.home.mkdir()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.snapshot = self.home / "snapshot.rdb"

    def command(self, *words: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.strip()

    def keep_snapshot(self) -> None:
        """To be put back later."""
        assert self.command("SAVE") == "OK"
        (self.home / "dump.rdb").rename(self.snapshot)

    def start(self, puts_back: bool = False) -> None:
        """`puts_back`: with what the snapshot has."""
        # Redis looks for it as it starts.
        if puts_back:
            shutil.copy(self.snapshot, self.home / "dump.rdb")
        else:
            (self.home / "dump.rdb").unlink(missing_ok=True)
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--maxmemory-policy", "volatile-lru", "--enable-debug-command", "yes", "--dir", str(self.home)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        wait_for_port(self.port, 20, "Redis")

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()


class Kafka:
    """One broker by the script that the other tests use, too."""

    name = "kafka"

    def __init__(self, home: Path) -> None:
        self.home = home / "kafka"
        done = subprocess.run([REPOSITORY / "scripts/test-kafka"], capture_output=True, text=True, check=False)
        found = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        if "script" not in found:
            raise StartFailed(
                f"the roles by themselves need a Kafka that can be killed ({found.get('none') or done.stderr.strip()}): set "
                "MARTLET_TEST_KAFKA_SCRIPT, see scripts/test-kafka, or torture the embedded log with --topology serve")
        self.script = Path(found["script"])
        self.port = free_port(2)

    def start(self) -> None:
        self._run("start", str(self.home), str(self.port))

    def kill(self) -> None:
        self._run("stop", str(self.home), "-9")

    def delete_topics(self, *names: str) -> bool:
        """Whether one of them was there."""
        admin, deleted = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.port}"}), False
        for done in admin.delete_topics(list(names)).values():
            with contextlib.suppress(KafkaException):
                done.result(30)
                deleted = True
        return deleted

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.script), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=120)
        if done.returncode:
            raise StartFailed(f"{self.script} {' '.join(arguments)} failed: see {self.home}/server.log")


def end_process(process: subprocess.Popen[bytes] | None, seconds: float = 10) -> None:
    """SIGTERM, and SIGKILL for who does not go."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
