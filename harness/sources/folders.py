"""Where the servers' files live, and which user they belong to."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness.errors import EnvironmentProblem
from harness.sources.order import Data

LASTING = Path("/var/tmp")  # Every user can get there, and unlike /tmp it is a disk on every system.
MEMORY = Path("/dev/shm")


def server_user() -> pwd.struct_passwd | None:
    """Who servers run as where we are root, since several refuse root; None: as ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def reachable(path: Path) -> bool:
    """May the servers' user enter this folder, or run this program? What does not exist yet is not in the way."""
    whole = path.resolve()
    return server_user() is None or all(
        place.stat().st_mode & stat.S_IXOTH for place in (whole, *whole.parents) if place.exists()
    )


def cache_folder() -> Path:
    """Where unpacked wheels are kept from run to run: $BAKEOFF_CACHE, else the user's cache, else below /var/tmp.

    Raises EnvironmentProblem where it cannot be written to, or the servers' user cannot get there.
    """
    chosen = os.environ.get("BAKEOFF_CACHE")
    if chosen:
        return _make(Path(chosen), "BAKEOFF_CACHE")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bakeoff"
    if reachable(usual):
        return _make(usual, "BAKEOFF_CACHE")
    return _make_own(LASTING / f"bakeoff-cache-{os.geteuid()}", "BAKEOFF_CACHE")


@contextmanager
def data_folder(name: str, owner: pwd.struct_passwd | None, data: Data = "disk") -> Iterator[Path]:
    """An empty folder of `owner` (None: ours) below $BAKEOFF_DATA, else /var/tmp, or in memory; removed at the end.

    Its path is short, because PostgreSQL puts a socket there and a socket's path has about 100 characters. A lock marks
    it as in use, and dies with us however we die; whoever comes next clears away what killed runs have left.
    """
    root = _make_own(_root(data), "BAKEOFF_DATA")
    with locked(root):
        _clear(root)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))
        in_use = os.open(folder, os.O_RDONLY)
        fcntl.flock(in_use, fcntl.LOCK_EX)
    try:
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(in_use)


def sweep() -> None:
    """Remove the folders that killed runs have left."""
    for root in (_root("disk"), _root("memory")):
        if root.is_dir() and not root.is_symlink() and root.stat().st_uid == os.geteuid():
            with locked(root):
                _clear(root)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out until the end, after waiting for those that are in."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def memory_note(data: Path) -> str | None:
    """What must be said of data on a file system without a disk; None where there is one."""
    return "data in memory: flushing it to disk costs nothing" if in_memory(data) else None


def in_memory(folder: Path) -> bool:
    whole = folder.resolve()
    mounts = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    return next((mounts[place] for place in (whole, *whole.parents) if place in mounts), "") in ("tmpfs", "ramfs")


def _root(data: Data) -> Path:
    disk = Path(os.environ.get("BAKEOFF_DATA") or LASTING)
    return (disk if data == "disk" else MEMORY) / f"bakeoff-data-{os.geteuid()}"


def _clear(root: Path) -> None:
    for leftover in root.iterdir():
        _remove_unless_locked(leftover)


def _remove_unless_locked(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # A run that is alive.
    finally:
        os.close(descriptor)


def _make(folder: Path, variable: str) -> Path:
    folder = folder.absolute()
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)  # Whatever the umask.
    except OSError as problem:
        raise EnvironmentProblem(
            f"Cannot make the folder {folder}: {problem.strerror}. Name another one in {variable}."
        ) from problem
    if not os.access(folder, os.W_OK):
        raise EnvironmentProblem(f"Cannot write to the folder {folder}. Name another one in {variable}.")
    if not reachable(folder):
        raise EnvironmentProblem(
            f"The user nobody, who runs the servers, cannot enter {folder}. "
            f"Name a folder in {variable} that everybody can enter, below {LASTING} for example."
        )
    return folder


def _make_own(folder: Path, variable: str) -> Path:
    """Where everybody can write, another user may have made a folder of that name to slip programs in."""
    made = _make(folder, variable)
    if made.is_symlink() or made.stat().st_uid != os.geteuid():
        raise EnvironmentProblem(f"{made} belongs to another user. Name a folder of your own in {variable}.")
    return made
