"""The deliberate bugs fit the source, and the tool that keeps them so does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mutations
from mutants import Mutants, PatchFailed, synchronize

SOURCE = "".join(f"let line{number} = {number}\n" for number in range(1, 10))
PATCH = """Five is six.

--- a/Sources/A.swift
+++ b/Sources/A.swift
@@ -2,7 +2,7 @@
 let line2 = 2
 let line3 = 3
 let line4 = 4
-let line5 = 5
+let line5 = Mutation.isOn("five") ? 6 : 5
 let line6 = 6
 let line7 = 7
 let line8 = 8
"""
SWITCH = """The switch.

--- a/Sources/Mutation.swift
+++ b/Sources/Mutation.swift
@@ -0,0 +1 @@
+enum Mutation {}
"""


@pytest.fixture
def mutants(tmp_path: Path) -> Mutants:
    """A small project with one bug."""
    for path, text in {
        "Package.swift": "", "Sources/A.swift": SOURCE, "Tests/T.swift": "", "Tests/Torture/mutations/five.patch": PATCH,
        "Tests/Torture/mutations/switch.patch": SWITCH,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return Mutants(tmp_path)


def test_every_bug_applies_to_the_source() -> None:
    mutations.MUTANTS.check()


def test_the_products_source_has_none() -> None:
    sources = mutations.MUTANTS.repository / "Sources"
    assert not [path for path in sources.rglob("*.swift") if re.search(r"\bMutation\.|MARTLET_MUTATION", path.read_text())]


def test_every_bug_has_its_switch_and_its_promise() -> None:
    names = mutations.MUTANTS.names()
    assert set(names) == mutations.CAUGHT_AS.keys()
    assert mutations.EMPHASIS.keys() <= mutations.CAUGHT_AS.keys()
    for name in names:
        added = re.findall(r"^\+.*", (mutations.MUTANTS.patches / f"{name}.patch").read_text(), re.MULTILINE)
        assert any(re.search(rf"""["']{name}["']""", line) for line in added), f"{name}.patch asks for another switch"


def test_a_bug_whose_place_has_changed_is_named(mutants: Mutants) -> None:
    mutants.check()
    (mutants.repository / "Sources/A.swift").write_text(SOURCE.replace("line5 = 5", "line5 = 50"))
    with pytest.raises(PatchFailed, match="five.patch does not apply any more: Hunk #1 FAILED"):
        mutants.check()


def test_a_bug_moves_with_its_place(mutants: Mutants) -> None:
    """And what the patch says of it stays."""
    (mutants.repository / "Sources/A.swift").write_text("// new\n" * 20 + SOURCE)
    mutants.renew_all()
    renewed = (mutants.patches / "five.patch").read_text()
    assert renewed == PATCH.replace("@@ -2,7 +2,7 @@", "@@ -22,7 +22,7 @@")
    assert (mutants.patches / "switch.patch").read_text() == SWITCH


def test_a_bug_follows_a_file_that_has_moved(mutants: Mutants) -> None:
    (mutants.repository / "Sources/B").mkdir()
    (mutants.repository / "Sources/A.swift").rename(mutants.repository / "Sources/B/A.swift")
    with pytest.raises(PatchFailed, match="five.patch .*no Sources/A.swift"):
        mutants.check()
    mutants.renew_all()
    assert (mutants.patches / "five.patch").read_text() == PATCH.replace("Sources/A", "Sources/B/A")
    mutants.check()


def test_a_bug_is_edited_and_written_back(mutants: Mutants) -> None:
    copy, failure = mutants.edit("five")
    assert not failure
    file = copy / "Sources/A.swift"
    assert 'Mutation.isOn("five") ? 6 : 5' in file.read_text()
    file.write_text(file.read_text().replace("? 6", "? 7"))
    mutants.renew("five")
    assert (mutants.patches / "five.patch").read_text() == PATCH.replace("? 6", "? 7")
    mutants.check()


def test_files_that_are_alike_are_left_alone(tmp_path: Path) -> None:
    """Or SwiftPM would build everything anew each time."""
    new, old = tmp_path / "new", tmp_path / "old"
    for folder, files in {new: {"same": "1", "other": "2", "more/new": "3"}, old: {"same": "1", "other": "0", "gone": ""}}.items():
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    before = (old / "same").stat().st_mtime_ns
    synchronize(new, old)
    assert {str(path.relative_to(old)): path.read_text() for path in old.rglob("*") if path.is_file()} == {
        "same": "1", "other": "2", "more/new": "3"}
    assert (old / "same").stat().st_mtime_ns == before
