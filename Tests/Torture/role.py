"""One process of Martlet."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from servers import StartFailed, free_port

READY_WITHIN = 60.0


class Role:
    """One process of Martlet, which comes back with the same settings after each end."""

    def __init__(self, name: str, command: str, home: Path, settings: dict[str, str], step_clock: Path, binary: Path) -> None:
        self.name = name
        self.command = command
        self.port = free_port()
        self.log = home / f"{name}.log"
        self.clock = home / f"{name}.clock"
        self.settings = settings | {
            "MARTLET_PORT": str(self.port), "MARTLET_ADDRESS": "127.0.0.1",
            "LD_PRELOAD": str(step_clock), "STEPCLOCK_FILE": str(self.clock),
        }
        self.clock.write_bytes(struct.pack("=q", 0))
        self.binary = binary
        """May be another one at the next start."""
        self.process: subprocess.Popen[bytes] | None = None
        self.unexpected_ends: list[str] = []
        self.lock = threading.Lock()
        self._expects_end = True
        self._log_start = 0

    def start(self, log: Path | None = None) -> None:
        """Starts it; does not wait. `log`: another file for its output, such as one without room."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("MARTLET_")}
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with (log or self.log).open("ab") as output:
            self.process = subprocess.Popen(
                [self.binary, self.command], env=inherited | self.settings, cwd=self.log.parent,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        self._expects_end = False

    def step_clock(self, seconds: float) -> None:
        """Its time of day is this much beside the real one from now on."""
        with self.clock.open("r+b") as file:
            file.write(struct.pack("=q", int(seconds * 1e9)))

    def ready(self, within: float = READY_WITHIN) -> None:
        deadline = time.monotonic() + within
        while not self.answers("/readyz"):
            if self.process is None or self.process.poll() is not None:
                raise StartFailed(f"{self.name} ended while it started: see {self.log}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} is not ready after {within} s: see {self.log}")
            time.sleep(0.05)

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def metric(self, name: str) -> float:
        """The sum over all labels of a metric."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_unexpected_end(self) -> bool:
        """An end that nobody asked for is a crash, unless it had not begun to serve: then a server was missing."""
        if self.process is None or self._expects_end or self.process.poll() is None:
            return False
        self._expects_end = True
        code = self.process.returncode
        with self.log.open("rb") as log:
            log.seek(min(self._log_start, self.log.stat().st_size))
            had_begun = b"Martlet is live" in log.read()
        if code < 0 or had_begun:
            self.unexpected_ends.append(f"{self.name} ended by itself with {code}: see {self.log}")
        return True

    def revive(self) -> bool:
        """Starts it again where it has ended by itself."""
        if not self.note_unexpected_end():
            return False
        self.start()
        return True

    def kill(self) -> bool:
        """Whether it was running."""
        self.note_unexpected_end()
        was_running = self.is_running
        self._expects_end = True
        assert self.process
        self.process.kill()
        self.process.wait()
        return was_running

    def terminate(self) -> None:
        self.note_unexpected_end()
        self._expects_end = True
        assert self.process
        self.process.terminate()

    def signal(self, number: signal.Signals) -> None:
        if self.is_running:
            assert self.process
            self.process.send_signal(number)

    def usage(self) -> dict[str, int]:
        """What it holds: file descriptors, threads, kilobytes of memory."""
        assert self.process
        base = Path(f"/proc/{self.process.pid}")
        status = (base / "status").read_text()
        return {
            "descriptors": len(list((base / "fd").iterdir())),
            "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
            "kilobytes": int(re.search(r"VmRSS:\s+(\d+)", status)[1]),
        }
