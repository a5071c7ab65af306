"""The examples are what they say: each record still holds, and is about the results beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import bakeoff

EXAMPLES = Path("examples")
CHOSEN = {"orders": "postgres", "metrics": "postgres", "search": "redis"}


@pytest.mark.parametrize("name", CHOSEN)
def test_a_record_still_holds(name: str) -> None:
    output, _ = bakeoff("decide", "--check", EXAMPLES / name / "adr.md")
    assert f"{CHOSEN[name]}" in output


@pytest.mark.parametrize("name", CHOSEN)
def test_requirements_report_and_record_lie_side_by_side(name: str) -> None:
    text = (EXAMPLES / name / "adr.md").read_text(encoding="utf-8")
    assert f'Chosen option: "{CHOSEN[name]}".' in text
    assert (EXAMPLES / f"{name}.toml").is_file()
    assert (EXAMPLES / name / "report.html").is_file()
    assert (EXAMPLES / name / "report.md").is_file()
