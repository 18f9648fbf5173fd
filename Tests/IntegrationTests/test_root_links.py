"""What root leaves alone: links in folders that others can change, and folders of others."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
from pathlib import Path
from typing import Iterator

import pytest

from martlet_process import run_martlet
from server_account import as_root, uid
from start_stop import Run, new_folder


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Owner, mode and content of all files in a folder, and of itself."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        entry = path.lstat()
        found[str(path)] = (entry.st_uid, entry.st_mode, path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
    return found


@pytest.fixture
def victim() -> Iterator[Path]:
    """A folder of root's, or of the user's, with a file."""
    folder = new_folder("victim")
    folder.mkdir()
    (folder / "file").write_text("untouched\n")
    before = snapshot(folder)
    yield folder
    assert snapshot(folder) == before
    (folder / "file").unlink(), folder.rmdir(), folder.parent.rmdir()


def test_links_in_folders_lead_nowhere(victim: Path) -> None:
    """The account puts links where a server's output goes, or went once. The start does without, or fails by name; what they
    name stays as it is."""
    run = Run(new_folder())
    try:
        run.data.mkdir()
        (run.data / "commands.log").symlink_to(victim / "file")
        assert run.begin().up().end() == 0
        for name in ("redis", "postgres"):
            log = (run.data / name / f"{name}.log").resolve()
            log.unlink()
            log.symlink_to(victim / "file")
            os.lchown(log, uid(), -1)
            assert run.begin().wait(60) == 1
            assert f"{log} can't be written" in run.said()
            run.is_gone()
    finally:
        run.remove()


@as_root
@pytest.mark.parametrize("owner", ["root", "postgres", "nobody", "daemon"])
@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_a_link_gives_nothing_away(name: str, owner: str) -> None:
    """The folder of a server is a link to somebody's folder."""
    run, target = Run(new_folder()), new_folder("target")
    try:
        for folder in (run.data, target):
            folder.mkdir()
        (target / "file").write_text("untouched\n")
        os.chown(target, pwd.getpwnam(owner).pw_uid, -1)
        (run.data / name).symlink_to(target)
        before = snapshot(target)
        assert run.begin().wait(30) == 1
        assert f"{run.data}/{name} is a link" in run.said()
        assert snapshot(target) == before
    finally:
        run.remove()
        (target / "file").unlink(), target.rmdir(), target.parent.rmdir()


@as_root
def test_a_data_folder_of_the_account_is_used_by_the_account(victim: Path) -> None:
    """Root writes nothing in it: what the account puts there can't lead root elsewhere."""
    run = Run(new_folder())
    try:
        run.data.mkdir()
        os.chown(run.data, uid(), -1)
        for name in ("lock", "secret"):
            (run.data / name).symlink_to(victim / "made")
            assert run.begin().wait(30) == 1
            assert name in run.said() or str(run.data) in run.said()
            (run.data / name).unlink()
        run.begin().up()
        assert {path.lstat().st_uid for path in run.data.rglob("*")} == {uid()}
        assert run.end() == 0
        run.is_gone()
    finally:
        run.remove()


@as_root
def test_a_data_folder_of_others_is_refused() -> None:
    run = Run(new_folder())
    try:
        run.data.mkdir()
        os.chown(run.data, pwd.getpwnam("daemon").pw_uid, -1)
        assert run.begin().wait(30) == 2
        assert f"{run.data} belongs to daemon" in run.said() and list(run.data.iterdir()) == []
        os.chown(run.data, 0, 0)
        run.data.chmod(0o1777)
        assert run.begin().wait(30) == 2
        assert f"{run.data} can be written to by others" in run.said() and list(run.data.iterdir()) == []
    finally:
        run.remove()


@as_root
@pytest.mark.parametrize("command", ["migrate", "token", "seed"])
def test_a_command_is_led_nowhere_by_a_strangers_link(tmp_path: Path, command: str) -> None:
    """To a socket of the stranger's, as whoever has the folder behind the link: root, for instance."""
    data, elsewhere = new_folder(), new_folder("elsewhere")
    data.mkdir(), elsewhere.mkdir()
    (data / "postgres").symlink_to(elsewhere)
    os.chown(data / "postgres", pwd.getpwnam("daemon").pw_uid, -1, follow_symlinks=False)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(elsewhere / ".s.PGSQL.5432"))
        listener.listen()
        words = {"migrate": [], "token": ["--handle", "alice"], "seed": ["--follow", "alice", "--tokens", str(tmp_path / "tokens")]}[command]
        done = run_martlet(command, *words, MARTLET_DATA=str(data), MARTLET_SECRET="a secret of more than thirty-two bytes")
        assert done.returncode == 1 and f"{data}/postgres is a link that is not root's" in done.stderr
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    shutil.rmtree(data.parent), shutil.rmtree(elsewhere.parent)
