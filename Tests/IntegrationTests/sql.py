"""Looks into a server's private PostgreSQL."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from martlet_process import Server


def rows(server: "Server", query: str, role: str = "martlet") -> list[tuple[str, ...]]:
    """The rows of a query; every value as text. `role`: or the superuser, `maintenance`."""
    done = subprocess.run(
        [*psql(server, role=role), "-c", query], timeout=30, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


@contextmanager
def open_transaction(server: "Server", *statements: str, database: str = "martlet") -> Iterator[None]:
    """Has run these statements in a transaction that stays open meanwhile; it is rolled back. In another database than
    Martlet's it is the superuser's."""
    role = "martlet" if database == "martlet" else "maintenance"
    with subprocess.Popen(
        psql(server, database, role), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as session:
        assert session.stdin and session.stdout
        try:
            session.stdin.write("".join(f"{statement};\n" for statement in ("BEGIN", *statements)) + "\\echo it is open\n")
            session.stdin.flush()
            said = ""
            while not said.endswith("it is open\n"):
                line = session.stdout.readline()
                assert line, said
                said += line
            yield
        finally:
            session.kill()


def psql(server: "Server", database: str = "martlet", role: str = "martlet") -> list[str | Path]:
    """The words that run psql on it, as root or as the user who runs the server."""
    program = max(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[4]))
    folder = (server.data / "postgres").resolve()
    return [program, "-h", folder, "-U", role, "-d", database, "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
