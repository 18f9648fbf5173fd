"""A private server that hangs, its queue of connections full, is not taken for a dead one and not waited for."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from start_stop import Run, new_folder

SOCKETS = {"postgres": ("postgres/.s.PGSQL.5432", "postgres/cluster/postmaster.pid"),
           "redis": ("redis/redis.sock", "redis/redis.pid")}


def fill(path: Path) -> None:
    """Connects until the listener's queue is full. Those that are closed stay in it until they are taken."""
    for _ in range(100_000):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            try:
                connection.connect(str(path))
            except BlockingIOError:
                return
    raise AssertionError(f"{path} has a queue without end")


@pytest.mark.parametrize("which", ["postgres", "redis"])
@pytest.mark.parametrize("taken_over", [False, True])
def test_an_end_while_one_stands_still(which: str, taken_over: bool) -> None:
    """SIGTERM: it ends, with the servers, whether it has started them or taken them over from one that was killed."""
    run = Run(new_folder())
    path, pid_file = (run.data / name for name in SOCKETS[which])
    try:
        run.begin().up()
        if taken_over:
            run.kill()
            run.begin().up()
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
        fill(path)
        # The upkeep looks at it a few times.
        time.sleep(1)
        assert "has died" not in run.said() and pid in run.processes()
        assert run.end(seconds=30) == 0, run.said()
        run.is_gone()
        assert run.begin().up().end() == 0
        run.is_gone()
    finally:
        run.remove()


def test_a_second_interrupt_ends_it_at_once() -> None:
    """Later than two seconds after the first, while PostgreSQL hangs."""
    run = Run(new_folder())
    try:
        run.begin().up()
        pid = int((run.data / SOCKETS["postgres"][1]).read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
        fill(run.data / SOCKETS["postgres"][0])
        assert run.process is not None
        run.process.send_signal(signal.SIGINT)
        time.sleep(2.2)
        if run.process.poll() is None:
            assert run.end(signal.SIGINT, seconds=5) in (0, 128 + signal.SIGINT), run.said()
        run.is_gone(20)
    finally:
        run.remove()
