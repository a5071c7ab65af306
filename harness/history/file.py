"""The file of a history: JSON lines, read as a whole and only if every line is whole."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import UsageError
from harness.history.record import VERSION, Entry
from harness.store import write_text


def read(path: Path) -> list[Entry]:
    """In the order of the file. Raises UsageError for a missing file and for a damaged line, which it names."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist. Begin it with: bakeoff history add RUN")
    return _entries(_text(path), path)


def add(path: Path, entries: Sequence[Entry]) -> None:
    """Append them. Raises UsageError for a run that is there already, and EnvironmentProblem.

    The file is written anew beside the old one and then takes its place, so an interrupted add changes nothing.
    """
    text = _text(path) if path.is_file() else ""
    known = {(entry.run, entry.started) for entry in _entries(text, path)}
    times = Counter((entry.run, entry.started, entry.candidate) for entry in entries)
    for entry in entries:
        if (entry.run, entry.started) in known:
            raise UsageError(f"{path} has the run {entry.run} already. Each run is added once.")
        if times[entry.run, entry.started, entry.candidate] > 1:
            raise UsageError(f"The run {entry.run} is named twice. Each run is added once.")
    if text and not text.endswith("\n"):
        text += "\n"
    with contextlib.suppress(OSError):  # That it cannot be written is said next.
        path.parent.mkdir(parents=True, exist_ok=True)
    write_text(text + "".join(f"{msgspec.json.encode(entry).decode()}\n" for entry in entries), path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text: {error.reason} at byte {error.start}.") from error


def _entries(text: str, path: Path) -> list[Entry]:
    return [_entry(line, number, path) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _entry(line: str, number: int, path: Path) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{path}, line {number} is damaged or not of version {VERSION}: {error}. Mend that line or remove it."
        ) from error
