"""Starts, kills and stops the real processes under test."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from ports import free_port
from support import eventually

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
FOLDER = os.environ.get("MARTLET_TEST_FOLDER", "/tmp")
"""Where servers have their data (scripts/test-folder)."""
DECIDE_AT_FIRST = ("PARTITIONS", "LOG_", "KAFKA", "SECRET", "POSTGRES", "REDIS", "MIGRATIONS")
"""Settings whose names begin so, behind MARTLET_, make a first start another one."""
READY_LINE = "Martlet is live at http://localhost:{port}"


def report_file(name: str) -> Path:
    """Where a run's report is written: to the one that is kept in the repository only when that is asked for."""
    if os.environ.get("MARTLET_TEST_RECORD") == "1":
        return REPOSITORY / "Tests" / name / "report.md"
    folder = REPOSITORY / ".build" / "test-logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.md"


def martlet_binary() -> Path:
    """The executable under test: MARTLET_BIN, else that of the repository."""
    return binary("martlet", os.environ.get("MARTLET_BIN"))


def binary(name: str, named: str | None = None) -> Path:
    """An executable of the repository, built for release or else for debugging; or the one that is named."""
    candidates = [Path(named)] if named else [REPOSITORY / ".build" / kind / name for kind in ("release", "debug")]
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.resolve()
    raise FileNotFoundError(f"no {name} at {', '.join(map(str, candidates))}: build it")


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without settings of the caller's own Martlet, plus `settings`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MARTLET_")}
    return inherited | settings


def run_martlet(*arguments: str, timeout: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a short-lived `martlet` command to its end."""
    return subprocess.run(
        [martlet_binary(), *arguments], env=clean_environment(**settings), timeout=timeout,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )


class FirstStart:
    """What a first start leaves in a data folder, for servers whose own would be the same: a copy takes a third of its time."""

    _server: "Server | None" = None

    @classmethod
    def copy_to(cls, data: Path) -> None:
        if cls._server is None:
            server = Server()
            atexit.register(server.remove)
            server.start(copies=False)
            server.stop()
            # What was in Redis is of that server.
            shutil.rmtree(server.data / "redis")
            cls._server = server
        subprocess.run(["cp", "-a", f"{cls._server.data}/.", data], check=True, timeout=60)


class Server:
    """One `martlet serve` with its own data folder and port, which both outlive a restart."""

    def __init__(self, **settings: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="martlet-it-", dir=FOLDER))
        self.data = self.home / "data"
        self.data.mkdir()
        for folder in (self.home, self.data):
            folder.chmod(0o755)
        self.log = self.home / "serve.log"
        self.port = free_port()
        self.settings = {"MARTLET_LIMITS": "off"} | settings | {
            "MARTLET_PORT": str(self.port), "MARTLET_DATA": str(self.data),
        }
        self.process: subprocess.Popen[bytes] | None = None
        # What starts the program in its place, with its command line.
        self.launcher: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis_socket(self) -> Path:
        return self.data / "redis" / "redis.sock"

    def log_tail(self, lines: int = 60) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def start(self, copies: bool = True) -> "Server":
        """Starts the server and returns when it says that it is live (at most 60 s). Of an empty folder what a first start makes
        may be a copy."""
        if copies and self.copies_first_start and not any(self.data.iterdir()) and not self.launcher:
            FirstStart.copy_to(self.data)
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.launcher, martlet_binary(), "serve"], env=clean_environment(**self.settings), cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )
        expected = READY_LINE.format(port=self.port).encode()

        def ready() -> bool:
            code = self.process.poll() if self.process else None
            assert code is None, f"martlet serve ended with {code}:\n{self.log_tail()}"
            return any(line.strip() == expected for line in self.log.read_bytes()[begin:].splitlines())

        try:
            eventually(ready, 60, f"the line {expected.decode()!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- {self.log}\n{self.log_tail()}") from None
        return self

    @property
    def copies_first_start(self) -> bool:
        return not any(name.removeprefix("MARTLET_").startswith(DECIDE_AT_FIRST) for name in self.settings)

    def terminate(self) -> None:
        """Asks the server to drain and end; does not wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = 10) -> int:
        assert self.process is not None
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"martlet serve still runs {timeout} s after the signal:\n{self.log_tail()}") from None

    def stop(self) -> int:
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """`kill -9` of the server process alone, as a crash would be."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def remove(self) -> None:
        """Ends whatever still runs from the data folder and removes it."""
        if self.process and self.process.poll() is None:
            self.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        for pid in self.leftovers():
            try:
                os.kill(pid, signal.SIGQUIT if is_postgres(pid) else signal.SIGKILL)
            except ProcessLookupError:
                continue
        eventually(lambda: not self.leftovers(), 20, f"the end of what {self.data} still runs")
        if os.environ.get("MARTLET_TEST_KEEP") != "1":
            shutil.rmtree(self.home, ignore_errors=True)

    def leftovers(self) -> list[int]:
        """Processes that belong to the data folder: by their arguments or working directory."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._owns(pid)]

    def _owns(self, pid: int) -> bool:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return False
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
            folder = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return False
        return str(self.data).encode() in arguments or Path(folder).is_relative_to(self.data)


def is_postgres(pid: int) -> bool:
    """SIGQUIT ends a PostgreSQL with its children at once; the cluster is thrown away afterwards."""
    return "postgres" in program(pid)


def program(pid: int) -> str:
    """Its name; "" of a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
