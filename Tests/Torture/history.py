"""What clients did and saw, in a file of JSON lines: the only thing that the check believes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Iterator


class History:
    """Appends to the file. Times are seconds since the start of the run, of a clock that does not step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", buffering=1 << 16)
        self._start = time.monotonic()
        self.sights = 0

    @property
    def now(self) -> float:
        return round(time.monotonic() - self._start, 6)

    def add(self, event: str, **fields: Any) -> None:
        self._file.write(json.dumps({"e": event} | fields, separators=(",", ":")) + "\n")
        self.sights += event == "see"

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        for line in file:
            yield json.loads(line)
