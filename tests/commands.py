"""The command line, run as a user would, and the processes that it starts."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

SMALL = ("--profile", "smoke", "--trials", "2", "--seconds", "1", "--warmup", "0.2", "--scale", "0.2")
"""A run of seconds."""
SHORT = ("--source", "embedded", *SMALL)


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """What a shell runs in the background ignores Ctrl-C, and so would all that it starts: tests may be run there."""
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def bakeoff(*arguments: object, code: int = 0, **options: Any) -> tuple[str, str]:
    """What it prints, and what it says on stderr."""
    process = start(*arguments, **options)
    output, errors = process.communicate(timeout=280)
    assert process.returncode == code, errors + output
    assert "Traceback" not in errors
    return output, errors


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def wait_until(ready: Callable[[], T], seconds: float = 60) -> T:
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)
    return found


def trials_in(folder: Path, candidate: str) -> int:
    """So many are kept by now."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return len(json.loads((folder / f"{candidate}.json").read_text())["trials"])
    return 0
