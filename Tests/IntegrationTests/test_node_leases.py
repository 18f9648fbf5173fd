"""Node numbers of ids are leased: by process, given back, and refused clearly."""

from __future__ import annotations

import signal

from martlet_process import Server, run_martlet
from ports import free_port
from sql import rows
from support import User, assert_problem, eventually, expect, http_client, unique_handle

HELD = "SELECT number FROM id_nodes WHERE token IS NOT NULL ORDER BY number"


def node(identifier: str) -> int:
    return int(identifier) >> 6 & 63


def test_a_number_is_given_back_by_a_clean_end_and_kept_by_a_killed_process(own_server: Server) -> None:
    first = User.signup(own_server)
    number = node(first.id)
    assert rows(own_server, HELD) == [(str(number),)] and 16 <= number <= 61
    own_server.stop()
    own_server.start()
    second = User.signup(own_server)
    assert node(second.id) == number and int(second.id) > int(first.id)

    own_server.kill()
    own_server.start()
    third = User.signup(own_server)
    assert node(third.id) != number
    assert {row[0] for row in rows(own_server, HELD)} == {str(number), str(node(third.id))}


def test_without_a_number_writes_are_refused_and_reads_go_on(own_server: Server) -> None:
    """Somebody else has it: no id is made, and what needs one is refused as a whole; then another number is taken."""
    user, other = User.signup(own_server), User.signup(own_server)
    rows(own_server, "UPDATE id_nodes SET token = 'living', renewed_at = now() + interval '50 s'")
    answer = eventually(
        lambda: next((a for a in [user.http.post("/v1/posts", json={"text": "late"})] if a.status_code != 201), None),
        20, "the loss of the number")
    assert_problem(answer, 503, "overloaded")
    assert answer.headers["retry-after"] == "1"
    before = rows(own_server, "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM follows)")
    with http_client(own_server.url) as http:
        signup = http.post("/v1/auth/signup", json={"handle": unique_handle("late"), "password": "long enough, that"})
    assert_problem(signup, 503, "overloaded")
    assert_problem(user.http.put(f"/v1/users/{other.id}/follow"), 503, "overloaded")
    assert rows(own_server, "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM follows)") == before
    expect(user.http.get("/v1/feed"), 200)
    expect(user.http.get("/v1/me"), 200)
    with http_client(own_server.url) as http:
        assert "\nmartlet_id_node -1\n" in expect(http.get("/metrics"), 200).text

    rows(own_server, "UPDATE id_nodes SET token = NULL WHERE number = 40")
    eventually(lambda: user.http.post("/v1/posts", json={"text": "again"}).status_code == 201, 10, "another number")
    assert node(user.post("and on")["id"]) == 40


def test_a_paused_process_makes_no_ids_before_it_has_looked(own_server: Server) -> None:
    """It was stopped, and another one has taken its number: whatever it makes afterwards has another number."""
    user = User.signup(own_server)
    number = node(user.id)
    own_server.process.send_signal(signal.SIGSTOP)
    rows(own_server, f"UPDATE id_nodes SET token = 'next', ids_until = ids_until + 60000 WHERE number = {number}")
    own_server.process.send_signal(signal.SIGCONT)
    # What was written down before is good until its end; then comes the look.
    last = int(rows(own_server, f"SELECT ids_until - 60000 FROM id_nodes WHERE number = {number}")[0][0])

    def moved() -> bool:
        answer = user.http.post("/v1/posts", json={"text": "on"})
        if answer.status_code == 503:
            return False
        made = int(expect(answer, 201).json()["id"])
        if node(str(made)) == number:
            assert (made >> 12) + 1_767_225_600_000 <= last
            return False
        return True

    eventually(moved, 15, "another number")


def test_when_all_are_taken_the_start_says_what_to_do(server: Server) -> None:
    mine = rows(server, HELD)
    rows(server, "UPDATE id_nodes SET token = 'taken', renewed_at = now() + interval '50 s' WHERE token IS NULL")
    try:
        socket = (server.data / "postgres").resolve()
        settings = {
            "MARTLET_POSTGRES": f"host='{socket}' user=martlet dbname=martlet",
            "MARTLET_REDIS": f"unix://{server.redis_socket.resolve()}",
            "MARTLET_DATA": str(server.data.parent / "second"), "MARTLET_SECRET": "0" * 32,
        }
        done = run_martlet("serve", **settings, MARTLET_PORT=str(free_port()))
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        for part in ("all 46 node numbers", "id_nodes", "MARTLET_NODE", "0 to 15"):
            assert part in said, said
    finally:
        rows(server, "UPDATE id_nodes SET token = NULL WHERE token = 'taken'")
    assert rows(server, HELD) == mine


def test_a_fixed_number_takes_no_lease(own_server: Server) -> None:
    own_server.stop()
    own_server.settings["MARTLET_NODE"] = "5"
    own_server.start()
    assert node(User.signup(own_server).id) == 5
    assert rows(own_server, HELD) == []
