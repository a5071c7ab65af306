"""The commands `bakeoff history add`, `show` and `check`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from rich.console import Console

from harness import store
from harness.commit import commit_before
from harness.errors import UsageError
from harness.history import file
from harness.history.entries import entries
from harness.history.record import Entry
from harness.history.series import Series, series
from harness.metrics import summary
from harness.report import html, terminal
from harness.report.document import Section
from harness.report.trends import changed, headline, of_history

FILE = Path("results/history.jsonl")


def add(folders: Sequence[Path], path: Path, commit: str | None, say: Callable[[str], None]) -> int:
    """All of these runs, or none. Raises UsageError."""
    if commit is not None and len(folders) > 1:
        raise UsageError("--commit is that of one run. Add these runs one after the other.")
    found = [entry for folder in folders for entry in _entries(folder, commit, say)]
    file.add(path, sorted(found, key=lambda entry: entry.started))
    for entry in found:
        at = f" at commit {entry.commit}" if entry.commit else ", commit not known"
        say(f"{path}: added {entry.run}, {entry.candidate}: {len(entry.points)} numbers{at}")
    return 0


def show(path: Path, page: Path | None, console: Console) -> int:
    """Raises UsageError."""
    report = of_history(_series(path), metadata.version("bakeoff"))
    if page:
        store.write_text(html.render(report), page)  # First: the reader of a pipe may leave early.
    terminal.show(report, console)
    if page:
        console.print(f"Report: {page}", highlight=False, soft_wrap=True)
    return 0


def check(path: Path, console: Console) -> int:
    """0 whatever is found. Raises UsageError."""
    found = _series(path)
    terminal.show_section(Section("Changes", [headline(found), *changed(found)]), console)
    return 0


def _series(path: Path) -> list[Series]:
    found = series(file.read(path))
    if not found:
        raise UsageError(f"{path} is empty. Begin it with: bakeoff history add RUN")
    return found


def _entries(folder: Path, commit: str | None, say: Callable[[str], None]) -> list[Entry]:
    run, results = store.read_run(folder)
    if run.finished is None:
        raise UsageError(f"{folder} was not finished, so its numbers are of fewer trials than others. Run it again.")
    told = summary(run, results, commit or commit_before(run.started))
    for candidate, why in told.left_out:
        say(f"{run.id}: left out {candidate}: {why}")
    if not told.numbers:
        raise UsageError(f"{folder} has no number that may be used. See bakeoff report {folder}")
    return entries(told)
