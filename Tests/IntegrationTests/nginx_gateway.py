"""nginx with the project's own configuration, in front of one server or of several."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from martlet_process import REPOSITORY, free_port
from support import eventually, http_client

FOLDER = REPOSITORY / "deploy" / "nginx"


class Gateway:
    """deploy/nginx/nginx.conf with other paths, ports and upstreams; everything else is as it is deployed."""

    def __init__(self, api: list[int], realtime: list[int], origins: tuple[str, ...] = (), most: int | None = None) -> None:
        """The ports of those who serve the roles, and other sites whose pages may use the API. With `most` one address may
        have no more connections, and X-Forwarded-For says which it is."""
        self.home = Path(tempfile.mkdtemp(prefix="martlet-it-nginx-", dir="/tmp"))
        self.port = free_port()
        upstreams = (FOLDER / "upstreams.conf").read_text()
        for role, ports in (("api", api), ("realtime", realtime)):
            line = re.compile(rf"^    server {role}-\d+:8080 (.*;)$", re.MULTILINE)
            options = line.findall(upstreams)[0]
            first = "\n".join(f"    server 127.0.0.1:{port} {options}" for port in ports)
            upstreams = line.sub("", line.sub(first, upstreams, count=1))
        (self.home / "upstreams.conf").write_text(upstreams)
        (self.home / "origins.conf").write_text("".join(f"{origin} {origin};\n" for origin in origins))
        text = (FOLDER / "nginx.conf").read_text()
        for old, new in (
            ("/etc/nginx/upstreams.conf", f"{self.home}/upstreams.conf"), ("/run/nginx.pid", f"{self.home}/pid"),
            ("/etc/nginx/origins.conf", f"{self.home}/origins.conf"),
            ("/dev/stdout", f"{self.home}/access.log"), ("/dev/stderr", f"{self.home}/error.log"),
            ("listen 8080", f"listen 127.0.0.1:{self.port}"), ("listen [::]:8080", f"listen [::1]:{self.port}"),
            ("worker_rlimit_nofile 65536;", ""), ("worker_connections 16384", "worker_connections 512"),
        ):
            assert old in text, f"nginx.conf has no {old}"
            text = text.replace(old, new)
        if most is not None:
            old = "limit_conn martlet_connections 1000;"
            assert old in text, f"nginx.conf has no {old}"
            real = "set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;"
            text = text.replace(old, f"limit_conn martlet_connections {most}; {real}")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"    {kind}_temp_path {self.home}/{kind};\n" for kind in kinds)
        (self.home / "nginx.conf").write_text(text.replace("http {\n", "http {\n" + folders, 1))
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def unavailable() -> str | None:
        return None if shutil.which("nginx", path="/usr/sbin:/usr/bin") else "no nginx: apt-get install nginx-light"

    def start(self) -> "Gateway":
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        assert program
        self.home.chmod(0o755)
        with (self.home / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [program, "-p", self.home, "-e", self.home / "error.log", "-c", self.home / "nginx.conf", "-g", "daemon off;"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

        def answers() -> bool:
            assert self.process and self.process.poll() is None, (self.home / "output").read_text()
            try:
                with http_client(f"http://127.0.0.1:{self.port}") as http:
                    return http.get("/healthz").status_code == 200
            except OSError:
                return False
            except Exception as error:  # httpx's own for a refused connection
                return not str(error)

        eventually(answers, 20, "an answer through nginx")
        return self

    def requests(self) -> list[dict[str, Any]]:
        """What nginx took for requests, and to whom it passed each (`upstream`)."""
        lines = (self.home / "access.log").read_text().splitlines(keepends=True)
        # The last may be half written.
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def stop(self, keep: bool = False) -> None:
        """`keep`: its logs stay in `home`."""
        if self.process:
            self.process.terminate()
            self.process.wait(35)
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)
