"""Twice the load that the server carries: most of the goodput stays, answers stay quick, nothing is lost or half done.

The load comes from `martlet-bench overload` (open loop: the times are fixed beforehand), which compares phases of one
run with each other; no rate of the machine is expected.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from martlet_process import REPOSITORY, Server, clean_environment, martlet_binary, run_martlet
from support import PASSWORD, User, assert_problem, expect, http_client


def bench_binary() -> Path:
    """Beside the server under test, or in the repository."""
    beside = [martlet_binary().with_name("martlet-bench"), REPOSITORY / ".build" / "release" / "martlet-bench"]
    for candidate in beside:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    pytest.skip("no martlet-bench: swift build -c release --product martlet-bench")


@pytest.mark.long  # it compares goodputs, which takes a machine that does nothing else
@pytest.mark.parametrize("mix", ["post=1", "read=70,post=29,login=1"])
def test_twice_the_load(own_server: Server, tmp_path: Path, mix: str) -> None:
    """The bounds are the program's own: it ends with an error and says which one was broken."""
    author = User.signup(own_server, "author")
    tokens = tmp_path / "tokens"
    seeded = run_martlet("seed", "--users", "60", "--follow", author.handle, "--tokens", str(tokens),
                         MARTLET_DATA=str(own_server.data))
    assert seeded.returncode == 0, seeded.stderr
    ended = subprocess.run(
        [bench_binary(), "overload", str(own_server.port), author.handle, PASSWORD, author.token, tokens, mix, "2", "10"],
        env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150,
    )
    author.close()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 503" in ended.stdout.replace("×", " "), f"nothing was shed:\n{ended.stdout}"


@pytest.mark.slow
def test_a_shed_write_has_no_effect(own_server: Server) -> None:
    """A burst beyond the limit: what got 503 is not there, also with a key, and the same key writes it once later."""
    burst = 600
    author = User.signup(own_server, "burst")

    def post(number: int) -> tuple[int, str, int]:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        with http_client(own_server.url, author.token) as http:
            answer = http.post("/v1/posts", json={"text": f"burst {number}"}, headers=key)
        if answer.status_code == 503:
            assert_problem(answer, 503, "overloaded")
            assert int(answer.headers["retry-after"]) >= 1
        return number, key["Idempotency-Key"], answer.status_code

    with ThreadPoolExecutor(burst) as pool:
        done = list(pool.map(post, range(burst)))
    assert {status for _, _, status in done} <= {201, 503}

    def texts() -> list[str]:
        return [post["text"] for page in author.pages(f"/v1/users/{author.id}/posts") for post in page["items"]]

    written = texts()
    assert sorted(written) == sorted(f"burst {number}" for number, _, status in done if status == 201)
    for number, key, status in done:
        if status == 503:
            answer = author.http.post("/v1/posts", json={"text": f"burst {number}"}, headers={"Idempotency-Key": key})
            assert "idempotency-replayed" not in expect(answer, 201).headers
    assert sorted(texts()) == sorted(f"burst {number}" for number in range(burst))
    author.close()
