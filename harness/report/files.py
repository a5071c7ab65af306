"""The report as files beside the run that it is made from."""

from __future__ import annotations

from pathlib import Path

from harness.report import html, markdown
from harness.report.document import Report
from harness.store import write_text


def write(report: Report, folder: Path) -> Path:
    """Write report.md and report.html; the latter's path."""
    write_text(markdown.render(report), folder / "report.md")
    write_text(html.render(report), folder / "report.html")
    return folder / "report.html"
