"""What is served and listened on where nobody has said anything, and a secret that is none."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Iterator

import httpx
import pytest

from martlet_process import REPOSITORY, Server, free_port, martlet_binary, run_martlet
from start_stop import Run, new_folder
from support import http_client

OPEN = "open to other machines"


def beside(server: Server, **environment: str) -> Run:
    """Another process on the servers of the first."""
    return Run(new_folder(), environment=environment | {
        "MARTLET_REDIS": f"unix://{server.redis_socket}",
        "MARTLET_POSTGRES": f"host={server.data}/postgres user=martlet dbname=martlet"})


# The page


@pytest.fixture
def forged() -> Iterator[Path]:
    """A working folder with a page that somebody has put there."""
    folder = new_folder("work")
    (folder / "web-demo").mkdir(parents=True)
    (folder / "web-demo/index.html").write_text("forged")
    (folder / "web-demo/forged.html").write_text("forged")
    yield folder
    shutil.rmtree(folder.parent)


def test_the_page_is_the_programs(server: Server, forged: Path) -> None:
    run = beside(server)
    run.folder = forged
    try:
        run.begin().up()
        with http_client(f"http://127.0.0.1:{run.port}") as http:
            assert http.get("/").text == (REPOSITORY / "web-demo/index.html").read_text()
            assert http.get("/forged.html").status_code == 404
        assert run.end() == 0
    finally:
        run.remove()


def test_only_regular_files_are_a_page(server: Server, forged: Path) -> None:
    """Named by the setting: no link, wherever it leads, no dotfile, no pipe, no folder; nothing of them is waited for."""
    page = forged / "web-demo"
    (page / "env.json").symlink_to("/proc/self/environ")
    (page / "passwd.txt").symlink_to("/etc/passwd")
    (page / "beside.txt").symlink_to("index.html")
    (page / ".hidden.json").write_text("{}")
    (page / ".json").write_text("{}")
    (page / "notes.md").write_text("x")
    (page / "folder.txt").mkdir()
    (page / "folder.txt/in.txt").write_text("x")
    os.mkfifo(page / "pipe.txt")
    run = beside(server, MARTLET_WEB=str(page))
    try:
        run.begin().up()
        with http_client(f"http://127.0.0.1:{run.port}") as http:
            assert http.get("/").text == http.get("/index.html").text == "forged"
            assert http.get("/forged.html").text == "forged"
            for name in ("env.json", "passwd.txt", "beside.txt", ".hidden.json", ".json", "notes.md", "folder.txt", "folder.txt/in.txt", "pipe.txt"):
                assert http.get(f"/{name}").status_code == 404, name
        assert f"{page}/env.json" in run.said()
        assert run.end() == 0
    finally:
        run.remove()


@pytest.mark.parametrize("entry", ["link", "folder", "pipe"])
def test_a_page_needs_an_index(forged: Path, entry: str) -> None:
    index = forged / "web-demo/index.html"
    index.unlink()
    {"link": lambda: index.symlink_to("/etc/passwd"), "folder": index.mkdir, "pipe": lambda: os.mkfifo(index)}[entry]()
    done = run_martlet("serve", MARTLET_WEB=str(forged / "web-demo"), MARTLET_DATA=str(forged / "data"), MARTLET_PORT=str(free_port()))
    assert done.returncode == 2 and "MARTLET_WEB" in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="root's part")
def test_a_page_behind_a_strangers_link_is_none(forged: Path) -> None:
    link = forged / "link"
    link.symlink_to(forged / "web-demo")
    os.chown(link, pwd.getpwnam("daemon").pw_uid, -1, follow_symlinks=False)
    for page in (link, link / "."):
        done = run_martlet("serve", MARTLET_WEB=str(page), MARTLET_DATA=str(forged / "data"), MARTLET_PORT=str(free_port()))
        assert done.returncode == 2 and "MARTLET_WEB" in done.stderr and "is a link that is not root's" in done.stderr


def test_an_installed_program_has_its_page_beside_it(server: Server) -> None:
    """As in the image: PREFIX/bin/martlet and PREFIX/share/martlet/web-demo."""
    prefix = new_folder("prefix")
    shutil.copytree(REPOSITORY / "web-demo", prefix / "share/martlet/web-demo")
    (prefix / "bin").mkdir()
    shutil.copy(martlet_binary(), prefix / "bin/martlet")
    (prefix / "share/martlet/web-demo/installed.txt").write_text("here")
    run = beside(server)
    run.program = prefix / "bin/martlet"
    try:
        run.begin().up()
        assert httpx.get(f"http://127.0.0.1:{run.port}/installed.txt", trust_env=False).text == "here"
        assert run.end() == 0
    finally:
        run.remove()
        shutil.rmtree(prefix.parent)


# Who is let in


def own_addresses() -> list[str]:
    """Of this machine, beyond loopback."""
    shown = subprocess.run(["hostname", "-I"], capture_output=True, text=True, timeout=10).stdout.split()
    return [address for address in shown if not address.startswith("fe80")]


def accepts(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
        return True
    except OSError:
        return False


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def test_without_an_address_only_this_machine_is_let_in(server: Server) -> None:
    """Both of its loopback addresses; nothing is to be told."""
    assert accepts("127.0.0.1", server.port) and accepts("::1", server.port) == has_ipv6()
    assert not any(accepts(address, server.port) for address in [*own_addresses(), "127.0.0.2"])
    assert OPEN not in server.log.read_text()
    for family, host in (("4", "127.0.0.1"), ("6", "[::1]")):
        if family == "4" or has_ipv6():
            assert httpx.get(f"http://{host}:{server.port}/healthz", trust_env=False).status_code == 200


@pytest.mark.parametrize("address", ["::", "0.0.0.0"])
def test_what_is_open_to_others_is_told(server: Server, address: str) -> None:
    run = beside(server, MARTLET_ADDRESS=address)
    try:
        run.begin().up()
        [line] = [line for line in run.said().splitlines() if OPEN in line]
        assert '"level":"warning"' in line and "plain HTTP" in line and "TLS" in line and str(run.port) in line
        assert all(accepts(other, run.port) for other in own_addresses() if ":" not in other)
        assert run.end() == 0
    finally:
        run.remove()


def test_a_port_that_is_taken_on_one_loopback_address_is_told(tmp_path: Path) -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if family == socket.AF_INET6 and not has_ipv6():
            continue
        with socket.socket(family) as taken:
            taken.bind((host, 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            done = run_martlet("serve", MARTLET_PORT=port, MARTLET_DATA=str(tmp_path / "data"))
            assert done.returncode == 1 and f"port {port} is taken" in done.stderr


def test_what_is_deployed_says_where_it_listens() -> None:
    """Behind a gateway, in containers: the default would let nobody in."""
    for name in ("Dockerfile", "docker-compose.yml", "kubernetes/base/configmap.yaml"):
        text = (REPOSITORY / "deploy" / name).read_text()
        assert any("MARTLET_ADDRESS" in line and "::" in line for line in text.splitlines()), name


# The secret


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 64])
def test_a_broken_secret_is_told_and_kept(content: bytes) -> None:
    run = Run(new_folder())
    try:
        run.data.mkdir()
        file = run.data / "secret"
        file.write_bytes(content)
        assert run.begin().wait(30) == 1
        assert f"{file} can't be used" in run.said() and file.read_bytes() == content
        assert not (run.data / "postgres").exists()
        token = run_martlet("token", "--handle", "alice", MARTLET_DATA=str(run.data))
        assert token.returncode == 1 and f"{file} can't be used" in token.stderr
    finally:
        run.remove()


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_secret_that_can_not_be_read_is_told_and_kept() -> None:
    run = Run(new_folder())
    try:
        run.data.mkdir()
        file = run.data / "secret"
        file.write_text("x" * 20 + "abcdefghijklmnopqrst")
        file.chmod(0)
        assert run.begin().wait(30) == 1
        assert f"{file} can't be used: Permission denied" in run.said() and file.stat().st_mode & 0o777 == 0
    finally:
        run.remove()


def test_a_secret_behind_a_link(server: Server) -> None:
    """Kubernetes mounts each key as a link to another one's inside. Root follows its own links, and nobody else's."""
    run = beside(server)
    try:
        (run.data / "..1").mkdir(parents=True)
        (run.data / "..1/secret").write_text("abcdefghijklmnopqrstuvwxyz0123456789")
        (run.data / "..data").symlink_to("..1")
        (run.data / "secret").symlink_to("..data/secret")
        run.begin().up()
        assert run.end() == 0
        if os.getuid() == 0:
            for link in ("secret", "..data"):
                os.chown(run.data / link, pwd.getpwnam("daemon").pw_uid, -1, follow_symlinks=False)
                assert run.begin().wait(30) == 1
                assert f"{run.data}/secret can't be used: " in run.said() and "is a link that is not root's" in run.said()
                os.chown(run.data / link, 0, 0, follow_symlinks=False)
    finally:
        run.remove()
