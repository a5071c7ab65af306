"""The files of a run: saved so that nothing that was measured is lost, and read only if they are whole."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from harness import evidence, judgement, result
from harness.errors import EnvironmentProblem, UsageError
from harness.evidence import Study
from harness.history.record import Entry
from harness.judgement import Judgement
from harness.result import Result, Run
from harness.trial import Record

STUDY = "study.json"
JUDGEMENT = "judgement.json"


def save(record: Record, path: Path) -> None:
    """Write atomically: a full disk or a kill leaves the earlier file whole. Raises EnvironmentProblem."""
    content = msgspec.json.encode(record)
    msgspec.json.decode(content, type=type(record))  # What could not be read again (a NaN) must not be written.
    _write(msgspec.json.format(content, indent=1), path)


def text(record: Record) -> str:
    """As it is saved."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n"


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
    run: Run = _read(folder / "run.json", Run, "run", result.VERSION)
    files = [folder / f"{file_name(candidate)}.json" for candidate in run.candidates]
    results: list[Result] = [_read(file, Result, "result", result.VERSION) for file in files if file.is_file()]
    for each in results:
        if each.run != run.id:
            raise UsageError(f"{folder}: the result of {each.candidate} belongs to run {each.run}, not {run.id}.")
    return run, results


def new_folder(wanted: Path | None, usual: Path) -> Path:
    """Where a run or study shall be saved; not there yet, and can be. Raises UsageError and EnvironmentProblem."""
    folder = wanted or usual
    if folder.exists():
        raise UsageError(f"{folder} exists already. Name another --out; results are never overwritten.")
    make_folder(folder)
    folder.rmdir()
    return folder


def new_place(runs: Path, what: str) -> Path:
    """Where a run or study is saved unless the user says otherwise."""
    return runs / f"{datetime.now():%Y%m%d-%H%M%S}-{what}"


def make_folder(folder: Path, remedy: str = "Name a folder with --out.") -> None:
    """Raises EnvironmentProblem."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(f"Cannot write to {folder}: {error.strerror}. {remedy}") from error


def read_study(folder: Path) -> Study | None:
    """The study in a folder; None if there is none. Raises UsageError."""
    if not (folder / STUDY).is_file():
        return None
    found: Study = _read(folder / STUDY, Study, "study", evidence.VERSION)
    return found


def read_judgement(folder: Path) -> Judgement | None:
    """Of the gate or comparison in a folder; None if there is none. Raises UsageError."""
    if not (folder / JUDGEMENT).is_file():
        return None
    found: Judgement = _read(folder / JUDGEMENT, Judgement, "judgement", judgement.VERSION)
    return found


def file_name(candidate: str) -> str:
    """A candidate's name with what some file systems refuse taken out: postgres:durable -> postgres.durable."""
    return candidate.replace(":", ".")


def schema() -> dict[str, Any]:
    """JSON Schema of run.json, of a candidate's file, of study.json, of judgement.json, and of a line of a history."""
    kinds = {"run": Run, "result": Result, "study": Study, "judgement": Judgement, "history": Entry}
    return {name: msgspec.json.schema(kind) for name, kind in kinds.items()}


def _read(path: Path, kind: Any, name: str, version: int) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} is not a bakeoff {name} file of version {version}: {error}.") from error
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
