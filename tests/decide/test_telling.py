"""What is told of a decision: reports, records, and the check of a signed one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from harness.decide import signed
from harness.decide.record import Decision
from harness.errors import UsageError
from harness.report import html, markdown
from harness.report.decision import adr, of_decision
from tests.decide.decisions import DECISIONS, alike, clear, pair
from tests.test_report import like_golden, printed


@pytest.mark.parametrize("name", DECISIONS)
def test_the_reports_are_as_agreed(name: str) -> None:
    report = of_decision(DECISIONS[name]())
    like_golden(f"{name}.txt", printed(report))
    like_golden(f"{name}.md", markdown.render(report))


@pytest.mark.parametrize("name", DECISIONS)
def test_the_record_is_as_agreed(name: str) -> None:
    like_golden(f"{name}_adr.md", adr.render(DECISIONS[name](), Path("tests/decide/orders/adr.md")))


@pytest.mark.parametrize("name", DECISIONS)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_but_commands_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = printed(of_decision(DECISIONS[name]()), width).splitlines()
    assert max(len(line) for line in lines if not line.startswith("bakeoff ")) <= width


@pytest.mark.parametrize("name", DECISIONS)
def test_it_is_read_back_as_it_was_saved(name: str) -> None:
    found = DECISIONS[name]()
    assert msgspec.json.decode(msgspec.json.encode(found), type=Decision) == found


@pytest.mark.parametrize("name", ["decision_clear", "decision_pair"])
def test_every_cell_says_whether_it_is_measured_documented_or_judged(name: str) -> None:
    found = DECISIONS[name]()
    bases = {cell.basis for score in found.scores for cell in score.cells.values()}
    assert bases <= {"measured", "documented", "judged", "not known"}
    text = markdown.render(of_decision(found))
    section = text.partition("## What was found")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    cells = [cell for row in rows for cell in row.split("|")[2:-1]]
    assert cells
    assert all(re.search(r"\((measured|documented|judged|not known)\)", cell) for cell in cells)


def test_the_page_carries_what_its_sliders_compute_with() -> None:
    found = pair()
    page = html.render(of_decision(found))
    data = json.loads(re.search(r'data-weighing="([^"]*)"', page)[1].replace("&#34;", '"'))  # type: ignore[index]
    assert len(data["options"]) == len(found.scores)
    for worths, score in zip(data["options"], found.scores, strict=True):
        points = sum(worth * each.weight for worth, each in zip(worths, found.weights, strict=True))
        assert points == pytest.approx(score.worth)


def test_a_signed_record_holds_while_the_same_option_leads(tmp_path: Path) -> None:
    was = recorded(clear(), tmp_path)
    assert signed.compare(was, clear()).holds
    other = msgspec.structs.replace(clear(), leader="beta", outcome="leaning")
    check = signed.compare(was, other)
    assert not check.holds
    assert "It was alpha: the decision does not hold." in check.sentences


def test_a_record_says_what_has_changed_since(tmp_path: Path) -> None:
    was = recorded(alike(), tmp_path)
    now = msgspec.structs.replace(alike(), digest="other", outcome="leaning")
    assert signed.compare(was, now).sentences[1:] == [
        "The requirements have changed since it was signed.",
        "It was no clear winner when it was signed.",
    ]


def test_what_a_record_points_to_is_named_from_where_it_lies(tmp_path: Path) -> None:
    was = recorded(clear(), tmp_path)
    assert (tmp_path / was.requirements).resolve() == Path(clear().requirements).resolve()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# A record of others", "lacks the comment"),
        ("<!-- bakeoff decision\n{}\n-->", "comment that bakeoff left was"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "adr.md").write_text(text)
    with pytest.raises(UsageError, match=said):
        signed.read(tmp_path / "adr.md")


def recorded(found: Decision, folder: Path) -> signed.Signed:
    (folder / "adr.md").write_text(adr.render(found, folder / "adr.md"))
    return signed.read(folder / "adr.md")
