"""Looks into a server's private PostgreSQL."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from martlet_process import Server


def rows(server: "Server", query: str) -> list[tuple[str, ...]]:
    """The rows of a query; every value as text."""
    done = subprocess.run(
        [*_psql(server, "martlet"), "-c", query], timeout=30, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


@contextmanager
def open_transaction(server: "Server", *statements: str, database: str = "martlet") -> Iterator[None]:
    """Has run these statements in a transaction that stays open meanwhile; it is rolled back."""
    with subprocess.Popen(
        _psql(server, database), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as psql:
        assert psql.stdin and psql.stdout
        try:
            psql.stdin.write("".join(f"{statement};\n" for statement in ("BEGIN", *statements)) + "\\echo it is open\n")
            psql.stdin.flush()
            said = ""
            while not said.endswith("it is open\n"):
                line = psql.stdout.readline()
                assert line, said
                said += line
            yield
        finally:
            psql.kill()


def _psql(server: "Server", database: str) -> list[str | Path]:
    psql = max(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[4]))
    folder = (server.data / "postgres").resolve()
    return [psql, "-h", folder, "-U", "martlet", "-d", database, "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
