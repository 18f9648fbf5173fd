"""The roles as processes, with a link for each road between two parts."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from links import Network
from role import Role
from servers import REPOSITORY, Kafka, Postgres, Redis, StartFailed, end_process

from pg_bouncer import PgBouncer  # its folder is one that `servers` adds to the path

POOL = 24
"""Sessions with PostgreSQL behind a PgBouncer."""


def martlet_binary() -> Path:
    named = os.environ.get("MARTLET_BIN")
    path = Path(named) if named else REPOSITORY / ".build/release/martlet"
    if not path.is_file():
        raise StartFailed(f"no martlet at {path}: make build, or set MARTLET_BIN")
    return path.resolve()


def build_step_clock(home: Path) -> Path:
    """The library that lets a role's time of day jump."""
    library = home / "stepclock.so"
    source = Path(__file__).with_name("stepclock.c")
    compiler = shutil.which("cc") or shutil.which("clang") or shutil.which("gcc")
    if compiler is None:
        raise StartFailed("no C compiler for stepclock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
    return library


class Cluster:
    """`roles`: two of each role but notifier and worker, on servers of their own, every road over a link.
    `serve`: one process with its private PostgreSQL and Redis and the embedded log."""

    def __init__(
        self, topology: str, mutation: str | None = None, keep: bool = False, binary: Path | None = None, *,
        sets_nodes: bool = False, pushes: bool = False, pooled: bool = False,
    ) -> None:
        """`sets_nodes`: the program is one that leases no node numbers, so each role is given one. `pushes`: devices may be on
        this machine. `pooled`: PostgreSQL is behind a PgBouncer in transaction mode, if its server is one of the cluster's own."""
        self.topology = topology
        self.sets_nodes = sets_nodes
        self.binary = binary or martlet_binary()
        self.keep = keep
        self.home = Path(tempfile.mkdtemp(prefix="martlet-torture-", dir="/tmp"))
        self.home.chmod(0o755)
        self.step_clock = build_step_clock(self.home)
        self.network = Network()
        self.common = {
            "MARTLET_SECRET": secrets.token_hex(32), "MARTLET_LIMITS": "off", "MARTLET_PASSWORD_COST": "1",
            "MARTLET_AUDIT_SECONDS": "5", "MARTLET_LIVE_DEFLATE": "on",
        }
        if pushes:
            self.common["MARTLET_PUSH_LOOPBACK"] = "on"
        if mutation:
            self.common["MARTLET_MUTATION"] = mutation
        self.roles: list[Role] = []
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self.kafka: Kafka | None = None
        self.is_pooled = pooled
        self.pgbouncer: PgBouncer | None = None
        self.gateway_port: int | None = None
        """Where clients go instead of to the roles, if there is something in front of them."""

    # Starting and ending

    def start(self, notifiers: int = 1, workers: int = 1) -> None:
        if self.topology == "serve":
            self._start_serve()
        else:
            self._start_roles(self.names(notifiers, workers))
        self.network.open({f"client>{role.name}": {"target": role.port} for role in self.roles})

    def names(self, notifiers: int, workers: int) -> list[str]:
        """Of the roles: the first makes the schema."""
        return ["api-0", "api-1", "realtime-0", "realtime-1", "fanout-0", "fanout-1",
            *(f"notifier-{number}" for number in range(notifiers)), *(f"worker-{number}" for number in range(workers))]

    def _start_serve(self) -> None:
        data = self.home / "data"
        data.mkdir(mode=0o755)
        role = Role("serve", "serve", self.home, self.common | {"MARTLET_DATA": str(data)}, self.step_clock,
            self.binary)
        self.roles = [role]
        role.start()
        role.ready()

    def _start_roles(self, names: list[str]) -> None:
        self.postgres, self.redis, self.kafka = Postgres(self.home), Redis(self.home), Kafka(self.home)
        servers = [self.postgres, self.redis, self.kafka]
        for server in servers:
            server.start()
        if self.is_pooled:
            self.pgbouncer = PgBouncer(self.home, self.postgres, POOL)
            self.pgbouncer.start()
            servers.append(self.pgbouncer)
        for node, name in enumerate(names):
            self.network.open({
                f"{name}>{server.name}": {"target": server.port, "rewrites_address": server is self.kafka}
                for server in servers
            })
            ports = {server.name: self.network.ports[f"{name}>{server.name}"] for server in servers}
            settings = self.common | {
                "MARTLET_POSTGRES": Postgres.url_by(ports["pgbouncer" if self.is_pooled else "postgres"]),
                "MARTLET_REDIS": f"redis://127.0.0.1:{ports['redis']}",
                "MARTLET_KAFKA": f"127.0.0.1:{ports['kafka']}",
            }
            if self.is_pooled:
                settings["MARTLET_POSTGRES_DIRECT"] = Postgres.url_by(ports["postgres"])
            if self.sets_nodes:
                settings["MARTLET_NODE"] = str(node)
            if name == "realtime-1":
                settings["MARTLET_LOOPS"] = "2"
            self.roles.append(Role(name, name.split("-")[0], self.home, settings, self.step_clock, self.binary))
        self.roles[0].start()  # it makes the schema, alone
        self.roles[0].ready()
        for role in self.roles[1:]:
            role.start()
        for role in self.roles[1:]:
            role.ready()

    def close(self) -> None:
        for role in self.roles:
            role.note_unexpected_end()
            role.signal(signal.SIGCONT)
            role._expects_end = True
        for role in self.roles:
            if role.is_running:
                role.process.terminate()
        for role in self.roles:
            end_process(role.process, 20)
        self.network.close()
        for server in (self.redis, self.pgbouncer):
            end_process(server and server.process)
        for stop in (lambda: self.postgres and self.postgres.stop("immediate"), lambda: self.kafka and self.kafka.kill()):
            try:
                stop()
            except StartFailed:
                pass
        self._end_leftovers()
        if not self.keep:
            shutil.rmtree(self.home, ignore_errors=True)

    def _end_leftovers(self) -> None:
        """`serve` that was killed leaves its private servers."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if str(self.home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes() and int(pid) != os.getpid():
                    os.kill(int(pid), signal.SIGQUIT)
            except OSError:
                continue

    # Who does what

    def of(self, command: str) -> list[Role]:
        """The roles that can do this: `serve` does all."""
        return [role for role in self.roles if role.command in (command, "serve")]

    def client_port(self, role: Role) -> int:
        return self.gateway_port or self.network.ports[f"client>{role.name}"]

    def sql(self, statement: str) -> list[str]:
        """Rows of the truth, read by psql."""
        if self.postgres:
            return self.postgres.query(statement)
        folder = self.home / "data/postgres"
        done = subprocess.run(
            ["psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-U", "martlet", "-d", "martlet",
             "-c", statement], capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise StartFailed(f"psql: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def server_connections(self) -> list[tuple[str, int, int]]:
        """Server, connections of Martlet's to it, and how many there may be: on PostgreSQL for each role pools of 12 for
        requests, 6 for workers and 6 for scans, a listener and its hold on the layout (`serve` has 12 more for the log); behind a
        PgBouncer its pool, the listeners and holds; on Redis three links, the gateway's, and subscriptions."""
        pools = 24 if self.postgres else 36
        postgres = int(self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'martlet%'")[0])
        most = POOL + 3 * len(self.roles) if self.is_pooled else len(self.roles) * (pools + 2)
        found = [("postgres", postgres, most)]
        if self.redis:
            count = int(re.search(r"connected_clients:(\d+)", self.redis_command("INFO", "clients"))[1])
            found.append(("redis", count - 1, len(self.roles) * 6))
        return found

    def redis_command(self, *words: str) -> str:
        """What Redis says; nothing if it is away."""
        road = ["-p", str(self.redis.port)] if self.redis else ["-s", str(self.home / "data/redis/redis.sock")]
        return subprocess.run(["redis-cli", *road, *words], capture_output=True, text=True, timeout=10).stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the program, with the settings of one of the roles."""
        role = self.of("api")[0]
        settings = {name: value for name, value in role.settings.items() if name.startswith("MARTLET_")}
        settings.pop("MARTLET_MUTATION", None)
        return subprocess.run(
            [role.binary, *words], env=settings | {"PATH": "/usr/bin:/bin"}, cwd=self.home, capture_output=True, text=True,
            timeout=120, check=False)

    def forget_scripts(self) -> None:
        self.redis_command("SCRIPT", "FLUSH", "SYNC")

    def end_private_server(self, fault: str) -> None:
        """Ends one of the servers that `serve` looks after."""
        folder = self.home / "data"
        if fault == "kill redis":
            try:
                os.kill(int((folder / "redis/redis.pid").read_text()), signal.SIGKILL)
            except (OSError, ValueError):
                pass  # it is down already
        else:
            try:
                pid = int((folder / "postgres/cluster/postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGQUIT if fault.endswith("immediate") else signal.SIGINT)
            except (OSError, ValueError, IndexError):
                pass

    def crashes(self) -> list[str]:
        for role in self.roles:
            role.note_unexpected_end()
        return [end for role in self.roles for end in role.unexpected_ends]

    def has_reached_mutation(self) -> bool:
        """Has any role come by the place of the deliberate bug? It says so once (mutations/switch.patch)."""
        line = f"deliberate bug: {self.common.get('MARTLET_MUTATION')}\n".encode()
        return any(line in role.log.read_bytes() for role in self.roles)
