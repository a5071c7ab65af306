"""The report as people see it, held against golden files. Renew them with UPDATE_GOLDEN=1 and read the difference."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from harness.errors import UsageError
from harness.report import markdown, terminal
from harness.report.anomalies import of_consistency
from harness.report.comparison import of_run
from harness.report.document import Report, Table
from harness.report.survival import of_durability
from harness.result import Problem
from tests import synthetic, synthetic_studies

GOLDEN = Path(__file__).parent / "golden"
RUNS = {
    "report": synthetic.comparison,
    "report_troubles": synthetic.troubles,
    "report_open_loop": synthetic.open_loop,
    "report_clear_winner": synthetic.clear_winner,
    "report_no_clear_winner": synthetic.no_clear_winner,
    "report_client_bound": synthetic.client_bound,
    "report_objective": synthetic.objective,
    "report_vectors": synthetic.vectors,
    "report_fault": synthetic.fault,
}
REPORTS = {
    **{name: lambda made=made: of_run(*made()) for name, made in RUNS.items()},
    "durability": lambda: of_durability(synthetic_studies.durability()),
    "consistency": lambda: of_consistency(synthetic_studies.consistency()),
}


def printed(report: Report, width: int = 80) -> str:
    """As into a file: no terminal, no colour."""
    console = Console(file=io.StringIO(), width=width)
    terminal.show(report, console)
    assert isinstance(console.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def like_golden(name: str, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", REPORTS)
def test_the_terminal_report_is_as_agreed(name: str) -> None:
    like_golden(f"{name}.txt", printed(REPORTS[name]()))


@pytest.mark.parametrize("name", REPORTS)
def test_the_markdown_report_is_as_agreed(name: str) -> None:
    like_golden(f"{name}.md", markdown.render(REPORTS[name]()))


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_but_the_command_is_wider_than_the_terminal(name: str, width: int) -> None:
    run, results = RUNS[name]()
    lines = [line for line in printed(of_run(run, results), width).splitlines() if line != run.command]
    assert max(map(len, lines)) <= width


def test_the_command_is_printed_on_one_line_to_be_copied() -> None:
    run, results = synthetic.comparison()
    run = msgspec.structs.replace(run, command="bakeoff run timeseries --set 'name=two  blanks' " + "--set a=1 " * 20)
    assert run.command.rstrip() in printed(of_run(run, results)).splitlines()
    assert run.command in markdown.render(of_run(run, results))


@pytest.mark.parametrize("name", ["comparison", "clear_winner", "no_clear_winner", "client_bound", "objective"])
def test_answer_certainty_and_what_is_not_shown_fill_no_more_than_a_screen(name: str) -> None:
    lines = printed(of_run(*getattr(synthetic, name)())).splitlines()
    assert "How sure:" in lines
    assert "Not shown:" in lines
    assert lines.index("Verdict") <= 30


def test_the_answer_stands_at_the_end_of_the_terminal_again() -> None:
    text = printed(of_run(*synthetic.comparison()))
    _, first, *_ = text.split("\n", 2)
    _, _, last = text.rpartition("In short\n")
    assert first.startswith("For throughput choose clickhouse†")
    assert last.startswith(first)


def test_statements_are_in_the_file_as_they_were_sent() -> None:
    run, results = synthetic.comparison()
    text = "SELECT a,\n  ```b```\nFROM t -- *all*"
    first = msgspec.structs.replace(results[0], statements={"read": [text]})
    assert f"````\n{text}\n````" in markdown.render(of_run(run, [first, *results[1:]]))


def test_what_was_asked_is_shown_in_shares() -> None:
    run, results = synthetic.clear_winner()
    shares = {"sent read": 0.951, "hottest key": 0.0852}
    trials = [msgspec.structs.replace(trial, traits=shares) for trial in results[0].trials]
    text = printed(of_run(run, [msgspec.structs.replace(results[0], trials=trials), *results[1:]]))
    assert "hottest key  8.52 %" in text


def test_without_a_terminal_there_are_no_escape_sequences() -> None:
    assert "\x1b" not in printed(of_run(*synthetic.comparison()))


def test_no_color_leaves_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    terminal.show(of_run(*synthetic.comparison()), console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[3" not in console.file.getvalue()


def test_text_of_servers_is_never_read_as_markup() -> None:
    run, (postgres, *_) = synthetic.comparison()
    nasty = "[bold]a|b[/bold] <script> :smile: *x* `y`\n# z\x1b[31m"
    result = msgspec.structs.replace(postgres, design=nasty, warnings=[Problem(nasty, "none")])
    run = msgspec.structs.replace(run, candidates=["postgres"])
    assert "[bold]a|b[/bold] <script> :smile: *x* `y` # z" in printed(of_run(run, [result]), width=200)
    assert r"\[bold\]a\|b\[/bold\] \<script\> :smile: \*x\* \`y\` \# z" in markdown.render(of_run(run, [result]))


def test_a_row_of_a_markdown_table_has_a_cell_for_each_column() -> None:
    tables = [part for part in markdown.render(of_run(*synthetic.comparison())).split("\n\n") if part.startswith("|")]
    assert tables
    for table in tables:
        assert len({line.replace(r"\|", "").count("|") for line in table.splitlines()}) == 1


def test_a_table_too_wide_is_split_and_each_part_names_its_rows() -> None:
    table = Table(("kind", *"abcd"), [("read", "1" * 10, "2" * 10, "3" * 10, "4" * 10)])
    assert [part.head for part in terminal.split(table, 30)] == [["kind", "a", "b"], ["kind", "c", "d"]]


def test_a_column_wider_than_the_terminal_is_still_shown() -> None:
    table = Table(("kind", "a", "b"), [("read", "1" * 100, "2")])
    assert [part.head for part in terminal.split(table, 30)] == [["kind", "a"], ["kind", "b"]]


def test_a_damaged_histogram_is_one_line_for_the_user() -> None:
    run, (postgres, *others) = synthetic.comparison()
    first, *rest = postgres.trials
    assert first.total.response is not None
    damaged = msgspec.structs.replace(first.total.response, histogram="HISTFAAA")
    first = msgspec.structs.replace(first, total=msgspec.structs.replace(first.total, response=damaged))
    with pytest.raises(UsageError, match="damaged"):
        markdown.render(of_run(run, [msgspec.structs.replace(postgres, trials=[first, *rest]), *others]))


def test_a_report_needs_no_database_driver_docker_or_load_generator() -> None:
    code = "import sys, harness.frames, harness.report.markdown, harness.report.terminal; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"locust", "gevent", "docker", "testcontainers", "adapters", "workloads"}
    assert not loaded & {"psycopg", "pymongo", "redis", "clickhouse_connect", "chdb"}
    assert "harness.load" not in done.stdout


def test_kinds_asked_too_rarely_for_a_p99_show_their_p95() -> None:
    rare = synthetic.Pace(dict.fromkeys(synthetic.KINDS, 40.0))  # About 460 operations in each trial.
    result = synthetic.result("rare", [synthetic.trial(number, rare) for number in (1, 2, 3)])
    text = printed(of_run(synthetic.run(["rare"]), [result]))
    assert "p95 by kind" in text
    assert "p99 by kind" not in text
