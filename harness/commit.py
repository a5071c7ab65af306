"""Which commit a run measured, as far as git can tell."""

from __future__ import annotations

import subprocess
from datetime import datetime

_PATIENCE_SECONDS = 20


def commit_before(moment: datetime) -> str | None:
    """The newest commit on the checked-out branch that was made before then: 12 digits; None without git or a checkout.

    Not simply the newest of all: a run may be recorded long after it was made. What was not committed is not seen.
    """
    command = ["git", "log", "-1", "--first-parent", "--abbrev=12", "--format=%h", f"--before={moment.isoformat()}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
