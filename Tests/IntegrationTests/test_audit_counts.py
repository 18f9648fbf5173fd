"""`martlet audit counts`: every counter beside the rows that it counts."""

import subprocess

from conftest import MakeUser
from martlet_process import Server, run_martlet
from sql import psql
from support import expect


def audit(server: Server, *flags: str) -> tuple[int, list[str]]:
    done = run_martlet("audit", "counts", *flags, MARTLET_DATA=str(server.data))
    return done.returncode, done.stdout.splitlines()


def break_counter(server: Server, statement: str) -> None:
    subprocess.run([*psql(server), "-c", statement], check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)


def test_counters_are_compared_and_set_right(own_server: Server, make_user: MakeUser) -> None:
    author, reader = make_user("author", own_server), make_user("reader", own_server)
    reader.follow(author)
    post = author.post("counted #audited")["id"]
    for user in (author, reader):
        expect(user.http.put(f"/v1/posts/{post}/like"), 204)
    code, lines = audit(own_server)
    assert code == 0 and len(lines) == 1 and lines[0].endswith(" passed, 0 failed")
    total = int(lines[0].split()[0])
    assert total >= 2 + 2 + 2 + 1 + 1  # posts, followers and following of two users, likes of a post, posts with a tag
    break_counter(own_server, f"UPDATE counters SET likes = likes + 3 WHERE object_id = {post}")
    break_counter(own_server, f"INSERT INTO counters (object_id, stripe, likes) VALUES (77, 3, 1)")
    break_counter(own_server, f"UPDATE users SET posts = 0 WHERE id = {author.id}")
    break_counter(own_server, "UPDATE tag_counts SET posts = posts + 4")
    wrong = [
        "tags of 1: 5 counted, 1 found",
        f"posts of {author.id}: 0 counted, 1 found", "likes of 77: 1 counted, 0 found", f"likes of {post}: 5 counted, 2 found",
    ]
    code, lines = audit(own_server)
    assert code == 1 and sorted(lines[:-1]) == sorted(wrong) and lines[-1].endswith(" passed, 4 failed")
    # The inbox may have come by its counter meanwhile.
    assert total - 3 <= int(lines[-1].split()[0]) <= total - 2
    code, lines = audit(own_server, "--repair")
    assert code == 0 and sorted(lines[:-1]) == sorted(f"repaired: {line}" for line in wrong)
    code, lines = audit(own_server)
    assert code == 0 and len(lines) == 1
    counts = expect(reader.http.get(f"/v1/posts/{post}"), 200).json()["counts"]
    # Who was told of the wrong number takes the right one for the newer.
    assert counts["likes"] == 2 and counts["version"] == 3
