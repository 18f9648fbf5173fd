"""The deliberate bugs, mutations/NAME.patch, and a copy of the source that has them all: one debug build, in which
MARTLET_MUTATION names the bug that is on. The product's own source has none of it.

    scripts/mutants check          does every patch apply to the source as it is? (a second)
    scripts/mutants build          the copy and its build; quick where little has changed
    scripts/mutants edit NAME      a copy with this patch alone, to be edited
    scripts/mutants renew [NAME]   writes the patch from that copy; without a name, each patch as it applies now
"""

from __future__ import annotations

import fcntl
import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SWITCH = "switch"
"""The patch that makes the others a matter of MARTLET_MUTATION; it is applied first."""
COPIED = ("Package.swift", "Sources", "Tests")
"""SwiftPM wants the folders of the tests, too."""


class PatchFailed(Exception):
    pass


class Mutants:
    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.patches = repository / "Tests/Torture/mutations"
        self.home = repository / ".build/mutants"
        self.binary = self.home / "build/debug/martlet"

    def names(self) -> list[str]:
        """Of the bugs."""
        return sorted(path.stem for path in self.patches.glob("*.patch") if path.stem != SWITCH)

    def check(self) -> None:
        """Raises PatchFailed, which names all that do not apply."""
        with tempfile.TemporaryDirectory() as folder:
            for name in [SWITCH, *self.names()]:
                for path in self._touched(name):
                    copy = Path(folder) / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    if (self.repository / path).exists() and not copy.exists():
                        shutil.copy(self.repository / path, copy)
            self._apply_all(Path(folder))

    def build(self) -> Path:
        """The program with all the bugs. Files that have not changed keep their time, so SwiftPM leaves them alone."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self._locked(), tempfile.TemporaryDirectory() as folder:
            self._copy(Path(folder))
            self._apply_all(Path(folder))
            synchronize(Path(folder), self.home / "source")
            subprocess.run(
                ["swift", "build", "--package-path", self.home / "source", "--scratch-path", self.home / "build",
                 "--product", "martlet", "--explicit-target-dependency-import-check", "error", "--disable-index-store", "--quiet"],
                check=True)
        return self.binary

    def edit(self, name: str) -> tuple[Path, str]:
        """A copy of the source with one patch, and what of it did not apply, which is beside its file as `.rej`. A file that
        has moved since is found by its name."""
        folder = self.home / "edit" / name
        shutil.rmtree(folder, ignore_errors=True)
        for side in ("a", "b"):
            self._copy(folder / side)
        patch = self.patches / f"{name}.patch"
        if not patch.exists():
            return folder / "b", ""
        text = patch.read_text()
        for path in self._touched(name):
            found = list((folder / "b").rglob(Path(path).name))
            if not (folder / "b" / path).exists() and len(found) == 1:
                text = text.replace(f"/{path}\n", f"/{found[0].relative_to(folder / 'b')}\n")
        return folder / "b", apply(text, folder / "b")

    def renew(self, name: str) -> None:
        """Writes the patch as the difference of what `edit` has made; its first lines, which say what the bug is, stay."""
        folder, patch = self.home / "edit" / name, self.patches / f"{name}.patch"
        if not folder.is_dir():
            raise PatchFailed(f"there is no copy: scripts/mutants edit {name}")
        done = subprocess.run(
            ["diff", "-urN", "-x", "*.rej", "-x", "*.orig", "a", "b"], cwd=folder, capture_output=True, text=True, check=False)
        difference = re.sub(r"^diff .*\n", "", done.stdout, flags=re.MULTILINE)
        difference = re.sub(r"^(---|\+\+\+) ([^\t\n]+)\t.*$", r"\1 \2", difference, flags=re.MULTILINE)
        if not difference:
            raise PatchFailed(f"{folder}/b has no bug in it")
        about = patch.read_text().partition("--- a/")[0] if patch.exists() else f"{name}\n\n"
        patch.write_text(about + difference)

    def renew_all(self) -> None:
        """After edits nearby: files, lines and neighbours as they are now. Raises for those that need a hand."""
        failures = {}
        for name in [SWITCH, *self.names()]:
            _, failures[name] = self.edit(name)
            if not failures[name]:
                self.renew(name)
        raise_for(failures)

    # Patches

    def _apply_all(self, folder: Path) -> None:
        raise_for({
            name: apply((self.patches / f"{name}.patch").read_text(), folder) for name in [SWITCH, *self.names()]})

    def _touched(self, name: str) -> list[str]:
        return re.findall(r"^\+\+\+ b/(.+)$", (self.patches / f"{name}.patch").read_text(), re.MULTILINE)

    # Copies

    def _copy(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            if (self.repository / name).is_dir():
                shutil.copytree(
                    self.repository / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
            else:
                shutil.copy(self.repository / name, folder / name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One build at a time: tests run side by side."""
        with (self.home / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def apply(patch: str, folder: Path) -> str:
    """What went wrong."""
    done = subprocess.run(
        ["patch", "-p1", "--fuzz=2", "--batch", "--forward", "--no-backup-if-mismatch"],
        cwd=folder, input=patch, capture_output=True, text=True, check=False)
    lines = re.findall(r"^(?:Hunk .* FAILED.*|\|--- .*|.*Reversed.*)$", done.stdout + done.stderr, re.MULTILINE)
    return "" if done.returncode == 0 else "; ".join(line.replace("|--- a/", "no ") for line in lines) or done.stdout


def raise_for(failures: dict[str, str]) -> None:
    failed = [f"mutations/{name}.patch does not apply any more: {failure}" for name, failure in failures.items() if failure]
    if failed:
        raise PatchFailed("\n".join(failed) + (
            "\n`scripts/mutants renew` follows files that have moved. For the rest: scripts/mutants edit NAME, put the bug back "
            "into that copy, scripts/mutants renew NAME."))


def synchronize(new: Path, old: Path) -> None:
    """Makes a folder like another one, and touches no file that is like its model."""
    wanted = {path.relative_to(new) for path in new.rglob("*") if path.is_file()}
    for path in old.rglob("*"):
        if path.is_file() and path.relative_to(old) not in wanted:
            path.unlink()
    for path in wanted:
        (old / path).parent.mkdir(parents=True, exist_ok=True)
        if not (old / path).exists() or not filecmp.cmp(new / path, old / path, shallow=False):
            shutil.copyfile(new / path, old / path)


def main(arguments: list[str]) -> int:
    mutants = Mutants(Path(__file__).resolve().parents[2])
    try:
        match arguments:
            case ["check"]:
                mutants.check()
                print(f"{len(mutants.names())} deliberate bugs apply")
            case ["build"]:
                print(mutants.build())
            case ["edit", name]:
                folder, failure = mutants.edit(name)
                print(folder)
                if failure:
                    print(f"did not apply: {failure}", file=sys.stderr)
            case ["renew"]:
                mutants.renew_all()
            case ["renew", name]:
                mutants.renew(name)
            case _:
                print(__doc__.strip(), file=sys.stderr)
                return 2
    except PatchFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
