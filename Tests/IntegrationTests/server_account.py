"""Whom the servers run as: Martlet's own account where root starts them, otherwise whoever does."""

from __future__ import annotations

import os
import pwd

import pytest

as_root = pytest.mark.skipif(os.getuid() != 0, reason="root's part")
as_user = pytest.mark.skipif(os.getuid() == 0, reason="an ordinary user's part")
ACCOUNT = "martlet" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name


def uid() -> int:
    """Of the account, which the first start may have made."""
    return pwd.getpwnam(ACCOUNT).pw_uid
