"""The real servers that the roles need, each started, stopped, killed and started again from here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Protocol

REPOSITORY = Path(__file__).resolve().parents[2]


class StartFailed(Exception):
    """A part of the set-up does not come up: the run says nothing about Martlet."""


def free_port() -> int:
    """A TCP port that nothing listens on; below those that the system gives to clients, which come and go here."""
    for port in range(15000 + os.getpid() * 7 % 9000, 32000):
        if port not in _taken and _is_free(port) and _is_free(port + 1):
            _taken.update((port, port + 1))
            return port
    raise StartFailed("no free port")


_taken: set[int] = set()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
    """Keeps nothing over a kill."""

    name = "redis"

    def __init__(self, home: Path) -> None:
        self.home = home / "redis"
        self.home.mkdir()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--maxmemory-policy", "volatile-lru", "--dir", str(self.home)],
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
        self.script = Path(os.environ.get("MARTLET_TEST_KAFKA_SCRIPT", REPOSITORY.parent / "shared/kafka/kafka"))
        if not self.script.is_file() or not shutil.which("java"):
            raise StartFailed(
                "the roles by themselves need a Kafka that can be killed: set MARTLET_TEST_KAFKA_SCRIPT to a script that "
                "takes `start DIR PORT` and `stop DIR -9`, or torture the embedded log with --topology serve")
        self.port = free_port()

    def start(self) -> None:
        self._run("start", str(self.home), str(self.port))

    def kill(self) -> None:
        self._run("stop", str(self.home), "-9")

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
