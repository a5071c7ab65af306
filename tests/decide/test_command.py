"""`bakeoff decide` and `bakeoff catalog`, run as a user would; no server is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import store
from harness.result import Result, Run
from tests import synthetic
from tests.commands import bakeoff

QUESTION = """
question = "Where do the metrics go?"
[[workloads]]
name = "timeseries"
rate_per_second = 100
slo = "p99=50ms"
rows = 1_000_000
[limits]
engines = ["postgres", "mongo", "clickhouse"]
[experience]
postgres = "expert"
"""


@pytest.fixture
def question(tmp_path: Path) -> Path:
    file = tmp_path / "metrics.toml"
    file.write_text(QUESTION)
    return file


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    run, results = synthetic.comparison()
    return saved(tmp_path / "run", run, results)


def saved(folder: Path, run: Run, results: list[Result]) -> Path:
    folder.mkdir()
    store.save(run, folder / "run.json")
    for each in results:
        store.save(each, folder / f"{each.candidate}.json")
    return folder


def test_it_begins_with_an_example_and_goes_on_with_a_shortlist(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    assert f"bakeoff decide {file}" in bakeoff("decide", "--init", file)[0]
    output, _ = bakeoff("decide", file, "--out", tmp_path / "mine")
    assert "bakeoff run write-heavy mongo:durable postgres:durable" in output
    assert "Knocked out, as documented" in output
    assert bakeoff("decide", "--init", file, code=2)[1].startswith(f"bakeoff: {file} exists already.")


def test_results_make_a_decision_with_reports_and_a_record_that_can_be_checked(
    tmp_path: Path, question: Path, measured: Path
) -> None:
    output, _ = bakeoff("decide", question, measured, "--out", tmp_path / "decision")
    assert "In short" in output
    assert {file.name for file in (tmp_path / "decision").iterdir()} == {
        "decision.json",
        "report.html",
        "report.md",
        "adr.md",
    }
    record = tmp_path / "decision" / "adr.md"
    assert "The decision holds." in bakeoff("decide", "--check", record)[0]
    assert "is there already" in bakeoff("decide", question, measured, "--out", tmp_path / "decision", code=2)[1]


def test_a_decision_that_newer_results_overturn_ends_with_exit_code_1(
    tmp_path: Path, question: Path, measured: Path
) -> None:
    bakeoff("decide", question, measured, "--out", tmp_path / "decision")
    record = tmp_path / "decision" / "adr.md"
    leader = record.read_text().partition("# Use ")[2].split()[0] if "# Use " in record.read_text() else ""
    run, results = synthetic.comparison()
    others = [each for each in results if each.candidate != (leader or "postgres")]
    newer = saved(tmp_path / "newer", run, others)
    output, _ = bakeoff("decide", "--check", record, newer, code=1)
    assert "does not hold" in output


def test_without_a_candidate_left_the_line_says_who_failed_where(tmp_path: Path, question: Path) -> None:
    question.write_text(QUESTION + "\n[limits]\nlicences = ['Nobody-1.0']\n".replace("[limits]\n", "") + "")
    _, errors = bakeoff("decide", question, code=2)
    assert errors.startswith("bakeoff: ")
    assert len(errors.splitlines()) <= 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.toml",), "There is no none.toml. Begin with: bakeoff decide --init none.toml"),
        (("none.toml", "--init", "--run"), "are different things"),
        (("--check", "README.md"), "README.md is no decision record of bakeoff"),
    ],
)
def test_bad_words_end_in_a_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in bakeoff("decide", *arguments, code=2)[1]


def test_the_catalogue_is_shown_whole_and_by_engine() -> None:
    assert "yugabytedb" in bakeoff("catalog")[0]
    output, _ = bakeoff("catalog", "postgres")
    assert "https://www.postgresql.org/docs/18/transaction-iso.html" in output.replace("\n", "").replace(" ", "")
    assert "Did you mean redis?" in bakeoff("catalog", "rediss", code=2)[1]
