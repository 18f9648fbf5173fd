"""Is the torture worth anything? Each deliberate bug (mutants.py) must be caught.

    mutations.py [NAME…]       all of them, or these; ends with 1 when one got away
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutants import Mutants

MUTANTS = Mutants(Path(__file__).resolve().parents[2])
EMPHASIS = {
    # It takes a post that its author was not shown, and a fan-out that is late with it when the next one is posted.
    "author-out-of-turn": ["--only", "kill api,kill fanout"],
    # It takes a delivery that is held on its way to Redis while one of its readers leaves.
    "let-severed-in": ["--only", "hold:fanout-*>redis", "--gap", "4", "--seconds", "240"],
    # It takes a client that comes back in the milliseconds in which its user is unregistered.
    "late-scripts": ["--only", "stampede", "--gap", "14", "--crowd", "4000", "--topology", "serve"],
    # A Redis that was killed has another epoch, which tells.
    "forget-outage": ["--only", "cut,refuse"],
}
SECONDS = 80
"""Of faults at most; most are caught by the first check, after 20."""


CAUGHT_AS = {
    "ack-before-commit": {"lost"},
    "dual-write": {"gap", "missing"},
    "ignore-idempotency-key": {"duplicate write"},
    "count-afterwards": {"wrong counter"},
    "outbox-by-number": {"missing"},
    "delete-before-report": {"out of order", "missing"},
    "commit-unfinished": {"gap", "missing"},
    "chunks-in-any-partition": {"out of order"},
    "deliver-deleted": {"ghost"},
    "forget-deletions": {"missing"},
    "author-out-of-turn": {"out of order"},
    "publish-before-write": {"duplicate", "missing"},
    "read-before-register": {"missing"},
    "tell-covered": {"duplicate"},
    "forget-outage": {"missing"},
    "resume-by-id": {"missing"},
    "ignore-epoch": {"missing"},
    "forget-disorder": {"missing"},
    "let-severed-in": {"stranger"},
    "late-scripts": {"missing", "silenced"},
    "leak-descriptors": {"leak"},
    "forget-log-outs": {"overheard"},
    "list-unasked": {"stranger"},
    "push-unasked": {"stranger"},
    "forget-rechecks": {"stranger"},
    "channel-skip-newest": {"missing"},
    "deflate-by-length": {"duplicate", "missing"},
    "skip-states": {"missing"},
    "count-like-apart": {"wrong counter"},
}
"""The promise that each breaks; another finding, a run that failed, or one in which the bug was never reached, has not
caught it."""


def run(name: str, topology: str = "roles") -> bool:
    """Whether the bug was caught. `MUTANTS.build()` comes first."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result"
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("torture.py"), "--mutation", name, "--topology", topology,
             "--seconds", str(SECONDS), "--round", "20", "--gap", "0.7", "--seed", "7", "--crowd", "50", "--json", result,
             *EMPHASIS.get(name, [])],
            env=os.environ | {"MARTLET_BIN": str(MUTANTS.binary)},
            capture_output=True, text=True, timeout=1500,
        )
        found = json.loads(result.read_text()) if result.exists() else {"kinds": {}, "reached": False}
    kinds = found["kinds"]
    is_caught = found["reached"] and not CAUGHT_AS[name].isdisjoint(kinds)
    if is_caught:  # there is nothing to look into
        shutil.rmtree(found["evidence"], ignore_errors=True)
    verdict = "caught" if is_caught else "NOT CAUGHT" if found["reached"] else "NOT REACHED"
    print(f"{name:26} {verdict:11} {time.monotonic() - begin:5.0f} s  "
          f"{', '.join(sorted(kinds))}{'' if kinds else done.stderr[-300:]}", flush=True)
    return is_caught


if __name__ == "__main__":
    wanted = sys.argv[1:] or MUTANTS.names()
    unknown = set(wanted) - set(MUTANTS.names())
    if unknown:
        sys.exit(f"no such bug: {', '.join(sorted(unknown))}")
    MUTANTS.build()
    caught = [run(name) for name in wanted]
    print(f"{sum(caught)} of {len(caught)} caught")
    sys.exit(not all(caught))
