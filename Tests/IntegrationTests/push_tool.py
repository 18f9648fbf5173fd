"""Talks to martlet-push (Tests/PushTool): what Sources/Push and PushDelivery do, a line of JSON at a time."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from martlet_process import binary


class Tool:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [binary("martlet-push")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, what: str, **values: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": what} | values) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(10) == 0
