"""How the two Locust programs begin: `python -m harness.load.program master|worker ARGUMENT…`.

What has to happen before Locust is imported happens here.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

PARENT = "BAKEOFF_PARENT"  # Environment variable: process id of the command line that started this process.
PR_SET_PDEATHSIG = 1


def start(name: str, arguments: Sequence[str]) -> None:
    """Run harness/load/<name>.py. Locust must not patch this process: its threads are real ones."""
    os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
    os.environ["LOCUST_SKIP_URLLIB3_PATCH"] = "1"
    import_module(f"harness.load.{name}").main(arguments)


def end_with_parent() -> None:
    """Ask Linux to kill this process with the command line, however that ends."""
    parent = os.environ.get(PARENT)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)  # It ended before we asked.


if __name__ == "__main__":
    end_with_parent()
    start(sys.argv[1], sys.argv[2:])
