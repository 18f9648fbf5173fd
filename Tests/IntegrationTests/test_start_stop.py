"""`serve` comes up wherever and however it is started, ends when it is told to, and leaves nothing behind. A handful of
each; scripts/start-stop does it by the hundred."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable

import httpx
import pytest

from martlet_process import clean_environment, martlet_binary
from start_stop import (
    HOSTILE_ENVIRONMENT, Run, closed_folder, ended_at, ignore_signals, killed_at, new_folder, refused_or_twice, twice)
from support import eventually

as_root = pytest.mark.skipif(os.getuid() != 0, reason="an account that can't get to the folder: as root only")


@as_root
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_below_a_closed_parent(umask: int) -> None:
    twice(Run(closed_folder(), umask=umask))


@pytest.mark.parametrize("folder", [new_folder, pytest.param(closed_folder, marks=as_root)])
def test_whoever_starts_it_may_ignore_signals(folder: Callable[[], Path]) -> None:
    """That of a child's end, too, without which the kernel keeps no status: what fails must not count as done."""
    twice(Run(folder(), before=ignore_signals))


@as_root
def test_what_a_link_names_may_be_gone() -> None:
    run = Run(closed_folder())
    run.data.mkdir()
    (run.data / "postgres").symlink_to("/var/lib/martlet/gone-" + run.data.parent.name)
    twice(run)


@pytest.mark.parametrize("umask", [0o077, 0o777])
def test_under_any_umask(umask: int) -> None:
    run = Run(new_folder(), umask=umask)
    try:
        run.begin().up()
        assert (run.data.stat().st_mode & 0o777, (run.data / "secret").stat().st_mode & 0o777) == (0o755, 0o600)
        assert run.end() == 0
        assert run.begin().up().end() == 0
        run.is_gone()
    finally:
        run.remove()


@pytest.mark.parametrize("name", [" '\"\\%$&;|<>(){}[]!#*?~`^@=+:-_.", "-rf", "ä\u200dö 🐦"])
def test_folders_may_have_any_name(name: str) -> None:
    assert refused_or_twice(Run(new_folder(name))) == "up"


@pytest.mark.parametrize("name", ["a,b", "a\nb", "a" * 90])
def test_folders_that_can_not_be_used_are_refused_by_name(name: str) -> None:
    assert refused_or_twice(Run(new_folder(name))) == "refused"


def test_variables_of_libpq_and_redis_are_for_others() -> None:
    twice(Run(new_folder(), environment=HOSTILE_ENVIRONMENT))


@pytest.mark.parametrize("seconds", [0, 0.6, 1.2, 1.8])
def test_killed_during_its_first_start(seconds: float) -> None:
    killed_at(Run(new_folder()), seconds)


def test_a_database_that_was_never_made_is_made() -> None:
    """As after a kill between the start of PostgreSQL and the making of the database."""
    run = Run(new_folder())
    try:
        run.begin().up()
        subprocess.run(
            ["psql", "-h", os.path.realpath(run.data / "postgres"), "-U", "martlet", "-d", "postgres", "-qc",
             "DROP DATABASE martlet WITH (FORCE)"], check=True, timeout=30, cwd="/")
        run.kill()
        assert run.begin().up().end() == 0
        run.is_gone()
    finally:
        run.remove()


@pytest.mark.parametrize(("seconds", "number"), [
    (0, signal.SIGTERM), (0.3, signal.SIGTERM), (0.8, signal.SIGHUP), (1.4, signal.SIGINT), (2, signal.SIGQUIT)])
def test_told_to_end_during_its_first_start(seconds: float, number: int) -> None:
    assert ended_at(Run(new_folder()), seconds, number) < 10


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_each_signal_that_ends_drains(number: int) -> None:
    run = Run(new_folder())
    try:
        run.begin().up()
        assert run.end(number) == 0
        run.is_gone()
    finally:
        run.remove()


def test_under_nohup_a_closed_terminal_does_not_end_it() -> None:
    # Ignored signals stay so over an exec.
    run = Run(new_folder(), before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    try:
        run.begin().up()
        assert run.process is not None
        run.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        run.up()
        assert run.end() == 0
        run.is_gone()
    finally:
        run.remove()


def test_an_error_after_the_start_of_children_ends_them() -> None:
    """A newer version has enabled a format."""
    run = Run(new_folder())
    try:
        run.begin().up()
        subprocess.run(
            ["psql", "-h", os.path.realpath(run.data / "postgres"), "-U", "martlet", "-d", "martlet", "-qc",
             "INSERT INTO formats (name) VALUES ('from-the-future')"], check=True, timeout=30, cwd="/")
        assert run.end() == 0
        assert run.begin().wait(60) == 1
        assert "from-the-future" in run.said()
        run.is_gone(1)
    finally:
        run.remove()


def test_nobody_reads_what_it_says() -> None:
    """Standard output and error into a full pipe: it serves, counts what it drops, and ends when it is told to."""
    run = Run(new_folder())
    reader, writer = os.pipe()
    settings = {"MARTLET_DATA": str(run.data), "MARTLET_PORT": str(run.port), "MARTLET_LOG_LEVEL": "debug"}
    try:
        run.process = subprocess.Popen([martlet_binary(), "serve"], env=clean_environment(**settings), cwd="/tmp",
                                       stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, start_new_session=True)
        os.close(writer)
        answers = Answers(run.port)
        eventually(answers.ready, 60, "an answer")
        # A refused request is a line; the pipe holds 64 KB and the process 256 KB.
        eventually(lambda: answers.refused(200) and answers.dropped() > 0, 120, "lines that are dropped")
        assert answers.ready()
        os.set_blocking(reader, False)
        said = b""

        def told() -> bool:
            nonlocal said
            try:
                said += os.read(reader, 1 << 20)
            except BlockingIOError:
                pass
            return b"log lines were dropped" in said

        eventually(told, 10, "the line that tells of it")
        assert all(line.startswith(b"{") or line.startswith(b"Martlet is live") for line in said.splitlines()[:-1])
        # Full again, and then told to end.
        dropped = answers.dropped()
        eventually(lambda: answers.refused(200) and answers.dropped() > dropped, 120, "more lines that are dropped")
        assert run.end() == 0
        run.is_gone()
    finally:
        os.close(reader)
        run.remove()


def test_whoever_read_what_it_says_is_gone() -> None:
    run = Run(new_folder())
    settings = {"MARTLET_DATA": str(run.data), "MARTLET_PORT": str(run.port)}
    try:
        run.process = subprocess.Popen([martlet_binary(), "serve"], env=clean_environment(**settings), cwd="/tmp",
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert run.process.stdout is not None
        run.process.stdout.close()
        answers = Answers(run.port)
        eventually(answers.ready, 60, "an answer")
        assert answers.dropped() > 0
        assert run.end() == 0
        run.is_gone()
    finally:
        run.remove()


class Answers:
    """What a server says of itself over HTTP."""

    def __init__(self, port: int) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10)

    def ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def refused(self, count: int) -> bool:
        return all(self.http.get(f"/v1/me?{'x' * 2000}").status_code >= 400 for _ in range(count))

    def dropped(self) -> int:
        lines = self.http.get("/metrics").text.splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("martlet_log_dropped_total "))
