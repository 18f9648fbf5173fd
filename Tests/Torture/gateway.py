"""nginx in front of the roles, with the project's own configuration."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from cluster import Role
from servers import REPOSITORY, StartFailed, end_process, free_port, wait_for_port


class Gateway:
    """deploy/nginx as it is, but for the port, the places of its files and where the roles are."""

    def __init__(self, home: Path, roles: list[Role]) -> None:
        self.home = home / "nginx"
        self.home.mkdir()
        self.port = free_port()
        self.roles = roles
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            raise StartFailed("nginx is not installed: apt-get install nginx-light")
        self._write()
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-p", str(self.home), "-c", str(self.home / "nginx.conf"), "-g", "daemon off;"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_for_port(self.port, 10, "nginx")

    def _write(self) -> None:
        source = REPOSITORY / "deploy/nginx"
        upstreams = (source / "upstreams.conf").read_text()
        for command in ("api", "realtime"):
            of_role = iter(role.port for role in self.roles if role.command == command)
            upstreams = re.sub(rf"{command}-\d+:8080", lambda _: f"127.0.0.1:{next(of_role)}", upstreams)
        (self.home / "upstreams.conf").write_text(upstreams)
        text = (source / "nginx.conf").read_text()
        text = re.sub(r"listen \[::\]:8080.*;", "", text).replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        text = text.replace("/etc/nginx/upstreams.conf", str(self.home / "upstreams.conf"))
        text = text.replace("/run/nginx.pid", str(self.home / "pid"))
        text = text.replace("/dev/stdout", str(self.home / "access.log")).replace("/dev/stderr", str(self.home / "error.log"))
        (self.home / "nginx.conf").write_text(text)

    def close(self) -> None:
        end_process(self.process)
