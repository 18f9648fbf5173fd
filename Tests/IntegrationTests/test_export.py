"""An account is exported: what only a server that is killed, and a socket that is read slowly, can show. The rest is in
Tests/ExportsTests."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any, Callable

import httpx
import pytest

from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from nginx_gateway import Gateway
from ports import free_port
from raw_http import RawHttp
from sql import psql, rows
from support import PASSWORD, PATIENCE, User, eventually, expect, http_client
from test_erasure import Poster, check_signature, p99, read

POSTS = 10_000


def write_posts(server: Server, author: User, count: int, text: str = "'post ' || n") -> None:
    """Past the API."""
    subprocess.run([*psql(server), "-c", f"""
        INSERT INTO posts (id, author_id, text) SELECT {author.id} + n, {author.id}, {text} FROM generate_series(1, {count}) n
    """], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


# Nothing that could be compressed to much less than half: 4,800 characters a post.
LONG = "(SELECT string_agg(md5(n::text || m::text), '') FROM generate_series(1, 150) m)"


def ask(user: User) -> dict[str, Any]:
    return expect(user.http.post("/v1/me/export"), 202).json()


def state(user: User, export: dict[str, Any]) -> dict[str, Any]:
    return expect(user.http.get(f"/v1/me/exports/{export['id']}"), 200).json()


def ready(user: User, export: dict[str, Any]) -> dict[str, Any]:
    eventually(lambda: state(user, export)["state"] == "ready", 60, "an archive")
    return state(user, export)


def check(archive: bytes, server: Server, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Against the manifest, as anybody can, and the manifest by the published key. Returns the lines of each file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        files = {info.filename: opened.read(info) for info in opened.infolist()}
    manifest = json.loads(files.pop("manifest.json"))
    check_signature(server, manifest, folder)
    assert sorted(file["name"] for file in manifest["files"]) == sorted(files)
    for file in manifest["files"]:
        content = files[file["name"]]
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert (file["bytes"], file["lines"]) == (len(content), content.count(b"\n"))
    return {name: [json.loads(line) for line in content.splitlines()] for name, content in files.items()}


def test_ten_thousand_posts_are_exported_though_the_server_is_killed(
    own_server: Server, make_user: MakeUser, tmp_path: Path
) -> None:
    author, other = make_user("author", own_server), make_user("other", own_server)
    write_posts(own_server, author, POSTS)
    with Poster(other) as idle:
        time.sleep(2)
    export = ask(author)
    began = time.monotonic()
    with Poster(other) as during:
        eventually(lambda: state(author, export)["state"] != "waiting", 20, "a begin")
        own_server.kill()
        own_server.start()
        assert state(author, export)["state"] == "running", "it was done before the server was killed: take more posts"
        export = ready(author, export)
        took = time.monotonic() - began
    with http_client(own_server.url) as nobody:
        archive = expect(nobody.get(export["url"]), 200).content
        assert nobody.get(export["url"]).headers["Content-Disposition"] == f'attachment; filename="martlet-{author.handle}.zip"'
    files = check(archive, own_server, tmp_path)
    assert [post["id"] for post in files["posts.jsonl"]] == [str(int(author.id) + n) for n in range(1, POSTS + 1)]
    assert [post["text"] for post in files["posts.jsonl"]] == [f"post {n}" for n in range(1, POSTS + 1)]
    print(f"\n{POSTS} posts: {len(archive)} bytes in {took:.1f} s with one kill -9; others' posts: p99 {p99(idle):.1f} ms "
          f"idle, {p99(during):.1f} ms meanwhile")


def gauge(server: Server, queue: str) -> int:
    with http_client(server.url) as http:
        found = re.search(rf'^martlet_queue_length{{queue="{queue}"}} (\d+)$', expect(http.get("/metrics"), 200).text, re.M)
    assert found
    return int(found[1])


def test_a_download_is_read_as_fast_as_its_client_reads(own_server: Server, make_user: MakeUser, tmp_path: Path) -> None:
    """The server never holds more than a few pieces of it, and what was cut is gone on with."""
    author = make_user("author", own_server)
    write_posts(own_server, author, 6000, LONG)
    export = ready(author, ask(author))
    assert export["bytes"] > 10 << 20
    with RawHttp(own_server, receive_buffer=16_384) as slow:
        slow.socket.sendall(slow.head("GET", export["url"]))
        head = b""
        while b"\r\n\r\n" not in head:
            head += slow.socket.recv(512)
        assert f"Content-Length: {export['bytes']}\r\n".encode() in head
        part = head.split(b"\r\n\r\n", 1)[1]
        most = 0
        for _ in range(40):
            part += slow.socket.recv(16_384)
            most = max(most, gauge(own_server, "buffered_bytes"))
            time.sleep(0.01)
        # A piece has 256 KiB: one waits, and one is made at most.
        assert 0 < most <= 3 << 18, most
    eventually(lambda: gauge(own_server, "buffered_bytes") == 0, PATIENCE, "the end of what nobody reads")
    with http_client(own_server.url) as http:
        whole = expect(http.get(export["url"]), 200)
        etag = whole.headers["ETag"]
        rest = expect(
            http.get(export["url"], headers={"Range": f"bytes={len(part)}-", "If-Range": etag}), 206).content
        assert part + rest == whole.content
        head_only = expect(http.head(export["url"]), 200)
        assert head_only.content == b"" and int(head_only.headers["Content-Length"]) == export["bytes"]
    assert len(check(whole.content, own_server, tmp_path)["posts.jsonl"]) == 6000
    # Nothing of the key is in a log.
    assert export["url"].split("=")[1] not in own_server.log_tail(1_000_000)
    # Nor does a server that ends wait for who reads slowly.
    with RawHttp(own_server, receive_buffer=16_384) as slow:
        slow.socket.sendall(slow.head("GET", export["url"]))
        assert slow.socket.recv(512)
        assert own_server.stop() == 0


def test_a_download_ends_where_its_account_is_erased(own_server: Server, make_user: MakeUser) -> None:
    author = make_user("author", own_server)
    write_posts(own_server, author, 6000, LONG)
    export = ready(author, ask(author))
    with RawHttp(own_server, receive_buffer=16_384) as slow:
        slow.socket.sendall(slow.head("GET", export["url"]))
        received = len(slow.socket.recv(4096))
        deletion = expect(author.http.post("/v1/me/deletion?grace=0", json={"password": author.password}), 202).json()
        eventually(lambda: read(own_server, deletion)["state"] == "done", 60, "the end of the deletion")
        while chunk := slow.socket.recv(1 << 20):
            received += len(chunk)
    assert received < export["bytes"]
    with http_client(own_server.url) as nobody:
        expect(nobody.get(export["url"]), 404)


@pytest.mark.skipif(Gateway.unavailable() is not None, reason=str(Gateway.unavailable()))
def test_no_key_is_in_the_gateways_logs(server: Server, make_user: MakeUser) -> None:
    """Also not where the gateway can't reach a server, which it complains of with the whole request."""
    user = make_user("author")
    export = ready(user, ask(user))
    gateway = Gateway(api=[free_port(), server.port], realtime=[server.port]).start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{gateway.port}", timeout=30) as http:
            for _ in range(4):
                with zipfile.ZipFile(io.BytesIO(expect(http.get(export["url"]), 200).content)) as archive:
                    assert archive.testzip() is None
            assert expect(http.get(export["url"], headers={"Range": "bytes=0-1"}), 206).content == b"PK"
            # In a row each: nginx takes servers by turns, and of two kinds by turns one could miss the server that is away.
            for _ in range(4):
                expect(http.get("/v1/deletions/1?key=the-key-of-a-receipt"), 404)
            for _ in range(4):
                expect(http.get("/v1/users/1?other=complains"), 400)
        logs = (gateway.home / "error.log").read_text() + (gateway.home / "access.log").read_text()
    finally:
        gateway.stop()
    assert "other=complains" in logs, "it had nothing to complain of"
    assert export["url"].split("=")[1] not in logs and "the-key-of-a-receipt" not in logs


def test_what_is_overdue_is_counted(event_log: Callable[[], dict[str, str]]) -> None:
    """By those who do not do it: where no worker erases anybody, the operator hears of it."""
    idle = Server(**event_log(), MARTLET_WORK="trim-changes")
    try:
        idle.start()
        assert metric(idle, "martlet_deletions_overdue") == metric(idle, "martlet_exports_overdue") == 0
        leaver, exporter = User.signup(idle, "leaver"), User.signup(idle, "exporter")
        expect(leaver.http.post("/v1/me/deletion?grace=0", json={"password": PASSWORD}), 202)
        expect(exporter.http.post("/v1/me/export"), 202)
        for change in ("deletions SET erase_at = erase_at", "exports SET requested_at = requested_at"):
            subprocess.run([*psql(idle), "-c", f"UPDATE {change} - interval '61 minutes'"],
                check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        for name in ("martlet_deletions_overdue", "martlet_exports_overdue"):
            eventually(lambda: metric(idle, name) == 1, 30, name)
        idle.settings["MARTLET_WORK"] = "erasure,exports"
        assert idle.stop() == 0
        idle.start()
        again = exporter.login()
        eventually(lambda: again.http.get("/v1/me/exports").json()["items"][0]["state"] == "ready", 60, "the archive")
        eventually(lambda: rows(idle, "SELECT state FROM deletions") == [("done",)], 60, "the end of the deletion")
        for name in ("martlet_deletions_overdue", "martlet_exports_overdue"):
            eventually(lambda: metric(idle, name) == 0, 30, name)
    finally:
        idle.remove()
