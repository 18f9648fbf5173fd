"""PostgreSQL over TLS, believed by a certificate authority: `sslmode=verify-full` and `sslrootcert` in MARTLET_POSTGRES."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest

from martlet_process import run_martlet
from servers import Postgres, Redis
from start_stop import Run, new_folder
from test_start_wait import new_home, settings, started


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)


def make_authority(folder: Path, name: str) -> None:
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.crt")


class TlsPostgres(Postgres):
    """Lets nobody in without TLS. Its certificate is for `localhost`, by the authority `ca`."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.certificates = home / "certificates"
        self.certificates.mkdir()
        for name in ("ca", "another"):
            make_authority(self.certificates, name)
        (self.certificates / "names").write_text("subjectAltName=DNS:localhost\n")
        openssl(self.certificates, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key",
                "-out", "server.csr")
        openssl(self.certificates, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", "server.crt")
        data = self.home / "data"
        for name in ("server.crt", "server.key"):
            shutil.copy(self.certificates / name, data / name)
            (data / name).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(data / name, "postgres", "postgres")
        with (data / "postgresql.conf").open("a") as file:
            file.write("ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n")
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
        (self.certificates / "ca.crt").chmod(0o644)
        (self.certificates / "another.crt").chmod(0o644)
        self.certificates.chmod(0o755)

    def url(self, host: str = "localhost", **options: str) -> str:
        words = "&".join(f"{name}={value}" for name, value in options.items())
        return f"postgresql://martlet@{host}:{self.port}/martlet?{words}"


@pytest.fixture(scope="module")
def neighbours() -> Iterator[tuple[TlsPostgres, Redis]]:
    with new_home() as first, new_home() as second:
        postgres, redis = TlsPostgres(first), Redis(second)
        postgres.start()
        redis.start()
        yield postgres, redis
        redis.kill()
        postgres.stop("immediate")


def test_believed_by_its_authority(neighbours: tuple[TlsPostgres, Redis]) -> None:
    postgres, redis = neighbours
    url = postgres.url(sslmode="verify-full", sslrootcert=f"{postgres.certificates}/ca.crt")
    with started(Run(new_folder(), environment=settings(postgres, redis, MARTLET_POSTGRES=url))) as run:
        run.up()
        plain = postgres.query("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                               "WHERE a.application_name LIKE 'martlet%' AND NOT s.ssl")
        encrypted = postgres.query("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                                   "WHERE a.application_name LIKE 'martlet%' AND s.ssl")
        assert plain == ["0"] and int(encrypted[0]) > 1
        assert run.end() == 0


@pytest.mark.promised_time
@pytest.mark.parametrize(("host", "authority", "reason"), [
    ("localhost", "another.crt", "certificate verify failed"),
    ("localhost", "nosuch.crt", "nosuch.crt\" does not exist"),
    ("127.0.0.1", "ca.crt", "does not match host name"),
])
def test_one_that_is_not_believed_is_told_at_once(
        neighbours: tuple[TlsPostgres, Redis], host: str, authority: str, reason: str) -> None:
    postgres, redis = neighbours
    url = postgres.url(host, sslmode="verify-full", sslrootcert=f"{postgres.certificates}/{authority}")
    begin = time.monotonic()
    done = run_martlet("migrate", **settings(postgres, redis, MARTLET_POSTGRES=url))
    assert done.returncode == 1 and reason in done.stderr and "MARTLET_POSTGRES is" in done.stderr, done
    assert time.monotonic() - begin < 4, "waited for what does not pass"


def test_a_server_without_tls_is_told_at_once(neighbours: tuple[TlsPostgres, Redis]) -> None:
    postgres, redis = neighbours
    with new_home() as home:
        plain = Postgres(home)
        plain.start()
        try:
            url = f"{plain.url_by(plain.port)}?sslmode=require"
            done = run_martlet("migrate", **settings(postgres, redis, MARTLET_POSTGRES=url))
            assert done.returncode == 1 and "server does not support SSL" in done.stderr, done
        finally:
            plain.stop("immediate")
