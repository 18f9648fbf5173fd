"""A PgBouncer in transaction mode before a PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from ports import free_port
from servers import Postgres, wait_for_port


class PgBouncer:
    """`size`: the sessions with PostgreSQL that all clients share."""

    name = "pgbouncer"

    def __init__(self, home: Path, postgres: Postgres, size: int = 12) -> None:
        self.home = home / "pgbouncer"
        self.home.mkdir()
        self.port = free_port()
        (self.home / "users").write_text('"martlet" ""\n')
        (self.home / "ini").write_text(f"""
[databases]
martlet = host=127.0.0.1 port={postgres.port} dbname=martlet user=martlet
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {self.home}/users
admin_users = martlet
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
logfile = {self.home}/log
""")
        self.program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
        assert self.program, "PgBouncer is not installed: scripts/setup test"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return Postgres.url_by(self.port)

    def start(self) -> None:
        command = [self.program, self.home / "ini"]
        if os.geteuid() == 0:  # which it refuses to run as
            shutil.chown(self.home, "postgres", "postgres")
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, 20, "PgBouncer")

    def pools(self, postgres: Postgres) -> dict[str, int]:
        """What it says of the database's pool, by the name of the column."""
        command = [postgres.programs / "psql", "-XAq", "-F", "|", "-d", f"postgresql://martlet@127.0.0.1:{self.port}/pgbouncer",
                   "-c", "SHOW POOLS"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()
        row = next(line.split("|") for line in lines if line.startswith("martlet|"))
        return {name: int(value) for name, value in zip(lines[0].split("|"), row, strict=True) if value.isdigit()}

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
