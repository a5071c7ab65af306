"""The files of a run: saved so that nothing that was measured is lost, and read only if they are whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import EnvironmentProblem, UsageError
from harness.result import VERSION, Result, Run

T = TypeVar("T")


def save(record: Run | Result, path: Path) -> None:
    """Write atomically: a full disk or a kill leaves the earlier file whole. Raises EnvironmentProblem."""
    content = msgspec.json.encode(record)
    msgspec.json.decode(content, type=type(record))  # What could not be read again (a NaN) must not be written.
    _write(msgspec.json.format(content, indent=1), path)


def write_text(text: str, path: Path) -> None:
    """Like save, for a report."""
    _write(text.encode(), path)


def _write(content: bytes, path: Path) -> None:
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise EnvironmentProblem(f"Cannot save {path}: {error.strerror}. What was saved before is kept.") from error


def read_run(folder: Path) -> tuple[Run, list[Result]]:
    """The run in a folder and its results, in the order the candidates were given. Raises UsageError."""
    if not (folder / "run.json").is_file():
        raise UsageError(f"{folder} is not a run: it has no run.json. Runs are folders below results/runs/.")
    run = _read(folder / "run.json", Run)
    files = [folder / f"{file_name(candidate)}.json" for candidate in run.candidates]
    results = [_read(file, Result) for file in files if file.is_file()]
    for result in results:
        if result.run != run.id:
            raise UsageError(f"{folder}: the result of {result.candidate} belongs to run {result.run}, not {run.id}.")
    return run, results


def file_name(candidate: str) -> str:
    """A candidate's name with what some file systems refuse taken out: postgres:durable -> postgres.durable."""
    return candidate.replace(":", ".")


def schema() -> dict[str, Any]:
    """JSON Schema of run.json and of a candidate's file."""
    return {"run": msgspec.json.schema(Run), "result": msgspec.json.schema(Result)}


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{path} is not a bakeoff {kind.__name__.lower()} file of version {VERSION}: {error}."
        ) from error
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
