"""The cases of the Autobahn test suite, brought from Python 2 to Python 3.

The suite on PyPI is written in Python 2, whose strings are bytes. Its cases are rewritten here, when they are imported
for the first time, into the package `autobahn_cases` beside the suite; what they send, expect and judge stays as it is.
A string of theirs stands for bytes: each character for the byte of its number (Latin-1).
"""

from __future__ import annotations

import binascii
import importlib
import importlib.util
import io
import sys
import tokenize
import types
from pathlib import Path
from unittest.mock import patch

from autobahn.websocket import utf8validator
from fissix.refactor import RefactoringTool, get_fixers_from_package

NAME = "autobahn_cases_2"
# An endless message, which the suite does not run either.
LEFT_OUT = ("case9_9_1",)
RENAMED = {
    "requestNoContextTakeover": "request_no_context_takeover", "requestMaxWindowBits": "request_max_window_bits",
}
"""What autobahn's client calls it now."""
COMPRESSED_MESSAGES = 20
"""In place of the suite's thousand in each of the cases of compression: they take an hour, and say no more."""


def load() -> types.ModuleType:
    """The package: `Cases` is the list of classes."""
    suite = Path(importlib.util.find_spec("autobahntestsuite").submodule_search_locations[0])
    target = suite.parent / NAME
    if not (target / "complete").exists():
        convert(suite / "case", target)
    # What they print in hexadecimal and what they validate are strings.
    with patch.dict(sys.modules, binascii=binascii_of_strings()), patch.object(
        utf8validator, "Utf8Validator", ValidatorOfStrings
    ):
        suite = importlib.import_module(NAME)
    for case in suite.Cases:
        if is_of_compression(case):
            case.COUNT = COMPRESSED_MESSAGES
    return suite


def is_of_compression(case: type) -> bool:
    """Its payloads are bytes."""
    return hasattr(case, "TESTDATA")


def convert(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    tool = RefactoringTool(get_fixers_from_package("fissix.fixes"), {})
    for file in sorted(source.glob("*.py")):
        if file.name.startswith(LEFT_OUT):
            continue
        # A byte above ASCII in a literal stays one byte. The first line may name another coding.
        lines = file.read_bytes().decode("latin-1").splitlines()
        text = "\n".join(line for line in lines if "coding=" not in line and not any(w in line for w in LEFT_OUT))
        # A class is an object by itself now, and may not name it before a class that is one.
        text = text.replace("(object, Case, )", "(Case, )") + "\n"
        # The suite itself can't be imported to ask where its files are.
        text = text.replace("import copy, os, pkg_resources,", "import copy, os,").replace(
            'pkg_resources.resource_filename("autobahntestsuite", "testdata/%s" % ',
            f"os.path.join({str(source.parent / 'testdata')!r}, ")
        for old, new in RENAMED.items():
            text = text.replace(old, new)
        (target / file.name).write_text(whole_divisions(str(tool.refactor_string(text, str(file)))), "utf-8")
    (target / "complete").touch()


def whole_divisions(text: str) -> str:
    """Divisions of integers, as `/` was."""
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type == tokenize.OP and token.string == "/":
            row, column = token.start[0] - 1, token.start[1]
            lines[row] = lines[row][:column] + "//" + lines[row][column + 1 :]
    return "".join(lines)


class ValidatorOfStrings(utf8validator.Utf8Validator):
    def validate(self, text: str) -> tuple[bool, bool, int, int]:
        return super().validate(text.encode("latin-1"))


def binascii_of_strings() -> types.ModuleType:
    module = types.ModuleType("binascii")
    module.b2a_hex = lambda text: binascii.b2a_hex(text if isinstance(text, bytes) else text.encode("latin-1")).decode()
    module.a2b_hex = lambda text: binascii.a2b_hex(text).decode("latin-1")
    return module
