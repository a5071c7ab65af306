"""The report as files beside the run that it is made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.report import html, markdown
from harness.result import Result, Run
from harness.store import write_text


def write(run: Run, results: Sequence[Result], folder: Path) -> Path:
    """Write report.md and report.html; the latter's path. Raises UsageError for damaged data."""
    write_text(markdown.render(run, results), folder / "report.md")
    write_text(html.render(run, results), folder / "report.html")
    return folder / "report.html"
