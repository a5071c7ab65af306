"""What is told of a judgement."""

from __future__ import annotations

import pytest

from harness.report import html, markdown
from harness.report.judgement import of_judgement
from tests.synthetic_judgements import JUDGEMENTS
from tests.test_report import like_golden, printed


@pytest.mark.parametrize("name", JUDGEMENTS)
def test_the_reports_are_as_agreed(name: str) -> None:
    judgement = JUDGEMENTS[name]()
    report = of_judgement(judgement)
    like_golden(f"judgement_{name}.txt", printed(report))
    like_golden(f"judgement_{name}.md", markdown.render(report))
    assert judgement.head in html.render(report)


@pytest.mark.parametrize("name", JUDGEMENTS)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_but_the_command_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = printed(of_judgement(judgement := JUDGEMENTS[name]()), width).splitlines()
    assert max(len(line) for line in lines if line != judgement.command) <= width
