"""Starts, ends and kills `martlet serve` in folders and environments of every kind; used by tests and scripts/start-stop."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import string
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import httpx

from martlet_process import READY_LINE, clean_environment, free_port, is_postgres, martlet_binary
from support import eventually

# What libpq, its tools, redis-cli and the loader would obey.
HOSTILE_ENVIRONMENT = {
    "PGSERVICE": "nosuch", "PGHOST": "/nowhere", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGUSER": "nobody",
    "PGDATABASE": "nosuch", "PGPASSWORD": "x", "PGPASSFILE": "/nowhere", "PGOPTIONS": "-c nosuch=1",
    "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGREQUIREPEER": "nobody", "PGGSSENCMODE": "require",
    "PGCLIENTENCODING": "nosuch", "PGDATESTYLE": "nosuch", "PGTZ": "nosuch", "PGDATA": "/nowhere",
    "PGCONNECT_TIMEOUT": "x", "PGTARGETSESSIONATTRS": "standby", "PGCHANNELBINDING": "require", "PGAPPNAME": "x",
    "PSQLRC": "/nowhere", "REDISCLI_AUTH": "x", "LC_ALL": "nosuch", "LANG": "nosuch", "TZ": "nosuch",
    "HOME": "/nowhere", "TMPDIR": "/nowhere",
}


# How the names of folders begin that are made here.
OWN = "m-"


@dataclass
class Run:
    """A `serve` with a data folder of its own, which outlives each start."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    umask: int = 0o022
    before: Callable[[], None] | None = None
    """What the new process does before it becomes `serve`."""
    folder: Path = Path("/tmp")
    port: int = field(default_factory=free_port)
    program: Path = field(default_factory=martlet_binary)
    command: str = "serve"
    process: subprocess.Popen[bytes] | None = None
    output: bytes = b""

    def begin(self) -> "Run":
        settings = {"MARTLET_DATA": str(self.data), "MARTLET_PORT": str(self.port), "MARTLET_LIMITS": "off"}
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [self.program, self.command], env=clean_environment() | self.environment | settings, cwd=self.folder,
            umask=self.umask, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=self.before)
        return self

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def has_begun(self) -> bool:
        """It has taken the signals over, as the first thing that it does."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        blocked = next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:"))
        return bool(int(blocked, 16) >> (signal.SIGTERM - 1) & 1)

    def begun(self, seconds: float) -> "Run":
        """Begins, and returns so long after it has begun."""
        eventually(self.begin().has_begun, 10, "its beginning")
        time.sleep(seconds)
        return self

    def is_live(self) -> bool:
        assert self.process is not None
        if (code := self.process.poll()) is not None:
            raise AssertionError(f"serve in {str(self.data)!r} ended with {code}:\n{self.said()}")
        return READY_LINE.format(port=self.port) in self.said()

    def up(self, seconds: float = 90) -> "Run":
        """Returns when it is live and its page answers."""
        eventually(self.is_live, seconds, f"serve in {str(self.data)!r}")
        assert httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=10).status_code == 200
        return self

    def readiness(self) -> tuple[int, dict[str, object]]:
        answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=10)
        return answer.status_code, answer.json()

    def metric(self, name: str) -> int:
        lines = httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False, timeout=10).text.splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def end(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float = 20) -> int:
        assert self.process is not None
        code = self.process.wait(seconds)
        return code

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    @property
    def places(self) -> list[str]:
        """The data folder, and where its parts really are."""
        return [str(self.data)] + [os.path.realpath(self.data / part) for part in ("postgres", "redis")]

    def processes(self) -> list[int]:
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._owns(pid)]

    def _owns(self, pid: int) -> bool:
        if self.process and pid == self.process.pid:
            return False
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return False
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            folder = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return False
        return any(place.encode() in words or (folder + "/").startswith(place + "/") for place in self.places)

    def is_gone(self, seconds: float = 10) -> None:
        """Nothing runs any more that belongs to it."""
        eventually(lambda: not self.processes(), seconds, f"the end of what {str(self.data)!r} runs")

    def remove(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGQUIT if is_postgres(pid) else signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.is_gone(20)
        remove_elsewhere(self.data)
        made = self.data.parent if self.data.parent.name.startswith(OWN) else self.data
        shutil.rmtree(made, ignore_errors=True)


def remove_elsewhere(data: Path) -> None:
    """Removes what of a data folder is below the common folder."""
    for part in ("postgres", "redis"):
        place = os.path.realpath(data / part)
        if place.startswith("/var/lib/martlet/"):
            shutil.rmtree(place, ignore_errors=True)


def new_folder(name: str = "data", parent: str | None = None, mode: int = 0o755) -> Path:
    """A name below a fresh folder; the last part does not exist yet."""
    home = Path(tempfile.mkdtemp(prefix=OWN, dir=parent or "/tmp"))
    home.chmod(mode)
    return home / name


def closed_folder() -> Path:
    """Below a folder that no other account may pass."""
    return new_folder(parent=os.path.expanduser("~"), mode=0o700)


def ignore_signals() -> None:
    """As a shell's `trap '' …` leaves it to what it runs."""
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGALRM, signal.SIGUSR1, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)


def twice(run: Run) -> None:
    """Up, down, up again, down; nothing is left."""
    try:
        for _ in range(2):
            run.begin().up()
            assert run.end() == 0, run.said()
            run.is_gone()
    finally:
        run.remove()


def refused_or_twice(run: Run) -> str:
    """It comes up twice, or ends at once and names the setting. Says which."""
    run.begin()
    assert run.process is not None
    try:
        eventually(lambda: run.process.poll() is not None or run.is_live(), 90, "a verdict")
    except AssertionError:
        if run.process.poll() != 2 or "MARTLET_DATA" not in run.said():
            run.remove()
            raise
    if (code := run.process.poll()) is not None:
        said = run.said()
        run.is_gone()
        run.remove()
        assert code == 2 and "MARTLET_DATA" in said, (code, said)
        return "refused"
    try:
        assert run.end() == 0, run.said()
        run.is_gone()
    except BaseException:
        run.remove()
        raise
    twice(run)
    return "up"


def killed_at(run: Run, seconds: float) -> None:
    """Killed so long after its first start began; the next start comes up."""
    try:
        run.begun(seconds).kill()
        run.begin().up()
        assert run.end() == 0, run.said()
        run.is_gone()
        left = [name for name in os.listdir(os.path.realpath(run.data / "postgres")) if name.startswith("draft-")]
        assert not left, left
    finally:
        run.remove()


def ended_at(run: Run, seconds: float, number: int = signal.SIGTERM) -> float:
    """Told to end so long after its first start began: it does, soon, with 0, and leaves nothing. How long it took."""
    try:
        run.begun(seconds)
        begin = time.monotonic()
        code = run.end(number)
        took = time.monotonic() - begin
        assert code == 0, (code, run.said())
        run.is_gone()
        return took
    finally:
        run.remove()


# The whole of it, for scripts/start-stop.


def cycle(count: int, _: random.Random) -> str:
    run, starts, stops = Run(new_folder()), [], []
    try:
        for _ in range(count):
            begin = time.monotonic()
            run.begin().up()
            starts.append(time.monotonic() - begin)
            begin = time.monotonic()
            assert run.end() == 0, run.said()
            stops.append(time.monotonic() - begin)
            run.is_gone()
    finally:
        run.remove()
    return (f"started and stopped {count} times: {sorted(starts)[count // 2]:.2f} s to live, "
            f"{sorted(stops)[count // 2]:.2f} s to end (medians); at most {max(starts):.2f} s, {max(stops):.2f} s")


def kill(count: int, chance: random.Random) -> str:
    for number in range(count):
        killed_at(Run(closed_folder() if number % 3 == 0 else new_folder(), umask=(0o022, 0o077)[number % 2]),
                  chance.uniform(0, 3))
    return f"killed at random moments of the first start {count} times: each next start came up"


def end(count: int, chance: random.Random) -> str:
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    took = [ended_at(Run(new_folder()), chance.uniform(0, 3), signals[number % 4]) for number in range(count)]
    return f"told to end at random moments of the first start {count} times: the longest took {max(took):.2f} s"


def paths(_: int, __: random.Random) -> str:
    outcome: dict[str, list[str]] = {"up": [], "refused": []}
    for character in string.printable[:95]:
        if character != "/":
            outcome[refused_or_twice(Run(new_folder(f"a{character}b")))].append(character)
    return f"paths with each printable character: {len(outcome['up'])} up twice, refused by name: {outcome['refused']}"


def masks(_: int, __: random.Random) -> str:
    for umask in (0o022, 0o077, 0o777):
        twice(Run(new_folder(), umask=umask))
        twice(Run(closed_folder(), umask=umask))
    return "umask 022, 077, 777, each in /tmp and below a closed parent: up twice"


def variables(_: int, __: random.Random) -> str:
    twice(Run(new_folder(), environment=HOSTILE_ENVIRONMENT))
    return f"{len(HOSTILE_ENVIRONMENT)} variables of libpq, Redis and the system set: up twice"


def ignored(_: int, __: random.Random) -> str:
    twice(Run(new_folder(), before=ignore_signals))
    twice(Run(closed_folder(), before=ignore_signals))
    return "signals ignored by whoever starts it, that of a child's end too: up twice"


PARTS = {"cycle": (cycle, 200), "kill": (kill, 60), "end": (end, 40), "paths": (paths, 0), "masks": (masks, 0),
         "variables": (variables, 0), "ignored": (ignored, 0)}


def main() -> None:
    parser = argparse.ArgumentParser(description="serve, started, ended and killed in every way")
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(PARTS) + "; default: all")
    parser.add_argument("--count", type=int, help="how often, where it is a number")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.parts or PARTS:
        part, count = PARTS[name]
        print(part(options.count or count, random.Random(options.seed)), flush=True)


if __name__ == "__main__":
    main()
