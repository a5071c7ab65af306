"""Cold trials: the server starts anew, and its files are not in memory. What cannot be done is not claimed."""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.fault import PATIENCE_SECONDS
from harness.sources import Control
from harness.trial import Cold

PAGE = mmap.PAGESIZE
MINCORE = ctypes.CDLL(None).mincore
MINCORE.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def chill(control: Control) -> Cold:
    """Stop the server in order, drop its files from the page cache, and start it again. From the main thread.

    Raises EnvironmentProblem where it does not come back. Disks and hypervisors have caches of their own, which stay.
    """
    folders = control.files
    control.stop()
    cached = _cached_bytes(folders)
    _drop(folders)
    left = _cached_bytes(folders)
    began = time.perf_counter()
    control.start()
    control.answered(PATIENCE_SECONDS)
    return Cold(restart_seconds=time.perf_counter() - began, cached_bytes=cached, left_bytes=left)


def _drop(folders: Sequence[Path]) -> None:
    """By POSIX_FADV_DONTNEED, which only takes pages that are on the disk already."""
    os.sync()
    for file in _files(folders):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _cached_bytes(folders: Sequence[Path]) -> int | None:
    """Of these folders' files in the page cache, by mincore(2); None where there is nothing that we can see."""
    if not folders:
        return None
    return sum(map(_resident, _files(folders)))


def _resident(file: Path) -> int:
    """Bytes of a file that are in memory."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ) as pages:
        view = np.frombuffer(pages, np.uint8)
        resident = np.zeros(-(-len(view) // PAGE), np.uint8)
        refused = MINCORE(view.ctypes.data, len(view), resident.ctypes.data)
        del view  # Or the map could not be closed.
    return 0 if refused else int((resident & 1).sum()) * PAGE


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink() and file.stat().st_size:
                yield file
