"""The history of a main branch: what is added, what is one series, what is said of it."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rich.console import Console

from harness import store
from harness.cli import main
from harness.commit import commit_before
from harness.errors import EnvironmentProblem, UsageError
from harness.history import commands, file
from harness.history.entries import entries
from harness.history.record import Entry, Terms
from harness.history.series import series
from harness.history.terms import differences, terms
from harness.metrics import P99, THROUGHPUT, summary
from harness.report import html, terminal
from harness.report.document import Items
from harness.report.trends import SHOWN, changed, headline, of_history, sparkline
from harness.result import Slo
from tests import synthetic, synthetic_history
from tests.synthetic_history import entry, level, point, run_terms
from tests.test_report import like_golden


def bakeoff(*arguments: object) -> Outcome:
    return CliRunner().invoke(main, list(map(str, arguments)))


def of_values(values: Sequence[float], **others: Any) -> list[Entry]:
    return [entry(number, [point(THROUGHPUT, value)], **others) for number, value in enumerate(values)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results" / "history.jsonl"


# --- What one line says.


def test_there_is_an_entry_for_each_candidate_with_its_numbers_and_terms() -> None:
    run, results = synthetic.comparison()
    told = summary(run, results, "4f2a91c")
    found = entries(told)
    assert [each.candidate for each in found] == ["postgres", "mongo", "clickhouse"]
    assert sum(len(each.points) for each in found) == len(told.numbers)
    for each in found:
        assert (each.run, each.started, each.commit, each.workload) == (run.id, run.started, "4f2a91c", "timeseries")
        assert each.surroundings == {
            "bakeoff": run.bakeoff,
            "system": "Debian GNU/Linux 12",
            "kernel": "6.1.0",
            "python": "3.11.7",
            **run.machine.packages,
        }
    assert found[2].points[0].flagged  # ClickHouse in process.


MACHINE = synthetic.run([]).machine


@pytest.mark.parametrize(
    ("of_run", "of_result"),
    [
        ({"machine": structs.replace(MACHINE, cpu="Another")}, {}),
        ({"machine": structs.replace(MACHINE, usable_cores=3)}, {}),
        ({"machine": structs.replace(MACHINE, memory_bytes=16 << 30)}, {}),
        ({"machine": structs.replace(MACHINE, kernel="7.0.1")}, {}),
        ({"machine": structs.replace(MACHINE, virtualisation=None)}, {}),
        ({"machine": structs.replace(MACHINE, governor="powersave")}, {}),
        ({"fingerprint": "another"}, {}),
        ({"parameters": {"hosts": 200}}, {}),
        ({"clients": 8}, {}),
        ({"rate_per_second": 100.0}, {}),
        ({"seconds": 30.0}, {}),
        ({"data": "memory"}, {}),
        ({"cold": True}, {}),
        ({}, {"source": "docker"}),
        ({}, {"network": "mapped port"}),
        ({}, {"server_version": "18.1"}),
        ({}, {"durability_observed": "volatile"}),
        ({}, {"server_cpus": [0, 1]}),
        ({}, {"memory_bytes": 1 << 30}),
    ],
    ids=str,
)
def test_what_changes_numbers_by_itself_begins_another_series(
    of_run: dict[str, Any], of_result: dict[str, Any]
) -> None:
    run, (result, *_) = synthetic.clear_winner()
    before, after = terms(run, result), terms(structs.replace(run, **of_run), structs.replace(result, **of_result))
    assert len(differences(before, after)) == 1
    assert before.key != after.key


@pytest.mark.parametrize(
    ("of_run", "of_result"),
    [
        ({"machine": structs.replace(MACHINE, kernel="6.2.9", python="3.12.1", packages={}, load_average=2.0)}, {}),
        ({"machine": structs.replace(MACHINE, memory_bytes=(8 << 30) - (40 << 20))}, {}),
        ({"bakeoff": "0.2.0", "seed": 7, "id": "another", "trials": 5, "candidates": ["fast"]}, {}),
        ({}, {"facts": {"shared_buffers": "1GB"}, "design": "another index", "server_cpus": [3]}),
    ],
    ids=str,
)
def test_what_a_series_shall_show_does_not_end_it(of_run: dict[str, Any], of_result: dict[str, Any]) -> None:
    run, (result, *_) = synthetic.clear_winner()
    before, after = terms(run, result), terms(structs.replace(run, **of_run), structs.replace(result, **of_result))
    assert differences(before, after) == []
    assert before.key == after.key


def test_terms_are_the_same_after_a_round_through_the_file() -> None:
    found = run_terms(parameters={"b": 1, "a": 2.5, "c": "x", "d": True})
    again = msgspec.json.decode(msgspec.json.encode(found), type=Terms)
    assert (again, again.key) == (found, found.key)
    other_order = run_terms(parameters={"d": True, "c": "x", "a": 2.5, "b": 1})
    assert other_order.key == found.key


def test_differences_name_what_was_and_what_is() -> None:
    assert differences(
        run_terms(), run_terms(server_version="18.1", clients=16, slo=Slo(quantile=0.99, limit_ms=10))
    ) == [
        "server version 1.0 → 18.1",
        "clients 4 → 16",
        "slo none → p99 ≤ 10 ms",
    ]


# --- The file.


def test_what_was_added_is_read_again_in_its_order(path: Path) -> None:
    first, second = of_values(level(3, 100.0)), of_values(level(2, 50.0), candidate="redis", workload="read-heavy")
    later = [structs.replace(each, started=each.started + timedelta(hours=1)) for each in second]
    file.add(path, first)
    file.add(path, later)
    assert file.read(path) == [*first, *later]
    assert path.read_text().count("\n") == 5


@given(st.lists(st.floats(1e-6, 1e12), min_size=1, max_size=5), st.text(max_size=20))
def test_any_number_and_any_name_survive(values: list[float], name: str) -> None:
    found = of_values(values, candidate=name, commit=name)
    text = "".join(f"{msgspec.json.encode(each).decode()}\n" for each in found)
    assert len(text.splitlines()) >= len(found)
    assert [msgspec.json.decode(line, type=Entry) for line in text.split("\n") if line] == found


def test_a_run_is_added_once(path: Path) -> None:
    found = of_values(level(3, 100.0))
    file.add(path, found)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=f"has the run {found[1].run} already"):
        file.add(path, found[1:2])
    assert path.read_bytes() == before


def test_a_damaged_line_is_named_by_its_number(path: Path) -> None:
    file.add(path, of_values(level(3, 100.0)))
    lines = path.read_text().splitlines()
    for damage in (lines[1][:-20], lines[1].replace('"version":1', '"version":2'), '{"run": 1}', lines[1] + "x"):
        path.write_text("\n".join([lines[0], damage, lines[2]]) + "\n")
        with pytest.raises(UsageError, match="line 2 is damaged") as raised:
            file.read(path)
        assert len(str(raised.value).splitlines()) == 1
        with pytest.raises(UsageError, match="line 2"):
            file.add(path, of_values([1.0], workload="another"))
        assert path.read_text().splitlines()[1] == damage


def test_an_add_that_is_interrupted_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_values(level(4, 100.0))
    file.add(path, found[:3])
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EnvironmentProblem, match="No space left on device"):
        file.add(path, found[3:])
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_last_line_that_an_editor_left_open_is_kept_whole(path: Path) -> None:
    found = of_values(level(2, 100.0))
    file.add(path, found[:1])
    path.write_text(path.read_text().rstrip("\n"))
    file.add(path, found[1:])
    assert file.read(path) == found


def test_a_file_that_is_not_there_or_no_text_is_one_line_for_the_user(path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not exist\. Begin it with: bakeoff history add RUN"):
        file.read(path)
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is no text"):
        file.read(path)


# --- Series.


def test_a_series_has_one_candidate_one_workload_and_the_same_terms_in_the_order_of_time() -> None:
    found = of_values([1.0, 2.0, 3.0])
    other = of_values([4.0], candidate="redis")
    newer = of_values([5.0, 6.0], terms=run_terms(clients=16))
    told = series([*reversed(found), *other, *newer])
    assert [(each.candidate, each.values) for each in told] == [
        ("postgres", [5.0, 6.0]),
        ("postgres", [1.0, 2.0, 3.0]),
        ("redis", [4.0]),
    ]
    assert [each.title for each in told] == [
        f"timeseries: postgres, terms {newer[0].terms.key}",
        f"timeseries: postgres, terms {found[0].terms.key}",
        "timeseries: redis",
    ]


def test_a_run_that_lacks_a_metric_is_no_gap_in_the_others() -> None:
    found = [entry(n, [point(THROUGHPUT, 1.0 + n), *([point(P99, 5.0)] if n != 1 else [])]) for n in range(3)]
    throughput, p99 = series(found)
    assert throughput.values == [1.0, 2.0, 3.0]
    assert [each.run for each in p99.entries] == [found[0].run, found[2].run]


# --- What is said.


def test_a_change_names_run_commit_amount_and_direction_and_what_changed_beside() -> None:
    told = [each for each in series(synthetic_history.changed()) if each.changes]
    items = next(block for block in changed(told) if isinstance(block, Items))
    first = dict(reversed(items.items))["timeseries: postgres, terms 70396f83, throughput"]
    assert first.startswith("−9.93 %, worse: 1,400 operations/s on average before, 1,260 operations/s since run ")
    assert "20261207-093000-timeseries, commit 000000c0fffc (000000c0fffb before it)." in first
    assert "psycopg 3.3.9 → 3.4.0" in first
    assert "worse" in items.items[2][1]  # p99 rose.
    assert "rate offered 700 → 600 requests/s" in items.items[2][1]


@pytest.mark.parametrize(
    ("metric", "times", "word"),
    [(THROUGHPUT, 0.8, "worse"), (THROUGHPUT, 1.25, "better"), (P99, 0.8, "better"), (P99, 1.25, "worse")],
)
def test_each_metric_knows_which_way_is_better(metric: Any, times: float, word: str) -> None:
    values = [*level(12, 100.0), *level(8, 100.0 * times, 12)]
    told = series(entry(number, [point(metric, value)]) for number, value in enumerate(values))
    items = next(block for block in changed(told) if isinstance(block, Items))
    assert [re.search(r"worse|better", text)[0] for _, text in items.items] == [word]  # type: ignore[index]


def test_a_level_after_nothing_is_told_without_a_share() -> None:
    found = of_values([*[0.0] * 8, *[5.0] * 8])
    assert "+∞ %, better: 0 operations/s on average before, 5.00 operations/s since run" in " ".join(
        printed(found, 300).split()
    )


def test_a_series_too_short_to_be_judged_says_so() -> None:
    told = series([*of_values(level(9, 100.0)), *of_values(level(10, 100.0), candidate="redis")])
    assert headline(told) == "0 lasting changes in 1 series; 1 more have under 10 runs."
    assert "Under 10 runs, and not judged: timeseries: postgres (9 runs)." in changed(told)
    assert headline(told[:1]) == "Nothing can be said yet: a series needs 10 runs, and none of 1 has as many."


def test_a_short_metric_of_a_long_series_is_named_alone() -> None:
    found = [
        entry(n, [point(THROUGHPUT, v), *([point(P99, 5.0)] if n > 10 else [])]) for n, v in enumerate(level(12, 9))
    ]
    assert "Under 10 runs, and not judged: timeseries: postgres, p99 response (1 run)." in changed(series(found))


def printed(found: Sequence[Entry], width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    terminal.show(of_history(series(found), "0.1.0"), console)
    assert isinstance(console.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def test_the_history_is_shown_as_agreed() -> None:
    like_golden("history.txt", printed(synthetic_history.changed()))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, printed(synthetic_history.changed(), width).splitlines())) <= width


def test_the_page_has_a_figure_of_each_series_with_a_rule_at_each_change() -> None:
    told = series(synthetic_history.changed())
    report = of_history(told, "0.1.0")
    plots = [plot for section in report.sections for figure in section.figures for plot in figure.charts]
    assert len(plots) == len(told)
    ruled = {plot.title: [rule.value for rule in plot.rules] for plot in plots if plot.rules}  # type: ignore[union-attr]
    assert ruled == {"throughput, operations/s": [14.5, 23.5], "p99 response, ms": [14.5, 23.5]}
    page = html.render(report)
    assert page.count("<svg") >= len(plots)
    assert "23 November 2026, 000000c0ffee: " in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=60), st.sets(st.integers(1, 59), max_size=3))
def test_a_trend_has_a_block_for_each_of_the_newest_runs(values: list[float], cuts: set[int]) -> None:
    drawn = sparkline(values, sorted(cuts))
    assert len(drawn.replace("│", "")) == min(len(values), SHOWN)
    shown = range(max(0, len(values) - SHOWN), len(values))
    assert drawn.count("│") == len(cuts & set(shown))


def test_noise_does_not_fill_the_height_of_a_trend_and_a_step_does() -> None:
    assert set(sparkline(level(20, 100.0))) <= set("▄▅")
    stepped = sparkline([*level(10, 100.0), *level(10, 50.0)], [10])
    assert (stepped[0], stepped[10], stepped[-1]) in {("█", "│", "▁"), ("▇", "│", "▁")}


# --- Commits.


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_the_commit_is_the_last_one_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q")
    hashes = []
    for day in (1, 3, 5):
        at = (synthetic.STARTED + timedelta(days=day)).isoformat()
        monkeypatch.setenv("GIT_COMMITTER_DATE", at)
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", str(day), "--date", at)
        hashes.append(git(tmp_path, "rev-parse", "--short=12", "HEAD"))
    assert commit_before(synthetic.STARTED + timedelta(days=4)) == hashes[1]
    assert commit_before(synthetic.STARTED + timedelta(days=9)) == hashes[2]
    assert commit_before(synthetic.STARTED) is None


def test_without_a_checkout_or_git_the_commit_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_before(synthetic.STARTED) is None
    monkeypatch.setenv("PATH", "")
    assert commit_before(synthetic.STARTED) is None


# --- The commands.


def run_of_day(folder: Path, days: int, **changed: Any) -> Path:
    run, results = synthetic.clear_winner()
    started = run.started + timedelta(days=days)
    run = structs.replace(run, id=f"run-{days:03}", started=started, **changed)
    return synthetic.saved(run, [structs.replace(each, run=run.id) for each in results], folder / run.id)


def test_runs_are_added_shown_and_checked(tmp_path: Path, path: Path) -> None:
    first, second = run_of_day(tmp_path, 1), run_of_day(tmp_path, 2)
    outcome = bakeoff("history", "add", second, first, "--file", path)
    assert outcome.exit_code == 0, outcome.stderr
    assert f"{path}: added run-001, fast: " in outcome.stderr
    assert [each.run for each in file.read(path)] == ["run-001"] * 3 + ["run-002"] * 3
    shown = bakeoff("history", "show", "--file", path, "--html", tmp_path / "history.html")
    assert shown.exit_code == 0
    assert "Nothing can be said yet: a series needs 10 runs" in shown.stdout
    assert "timeseries: fast" in shown.stdout
    assert "</html>" in (tmp_path / "history.html").read_text()
    checked = bakeoff("history", "check", "--file", path)
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "Nothing can be said yet" in checked.stdout
    again = bakeoff("history", "add", first, "--file", path)
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr.endswith("has the run run-001 already. Each run is added once.\n")


def test_a_change_is_advice_and_fails_nothing(path: Path) -> None:
    file.add(path, synthetic_history.changed())
    outcome = bakeoff("history", "check", "--file", path)
    assert outcome.exit_code == 0
    assert "4 lasting changes in 11 series; 2 more have under 10 runs." in outcome.stdout
    assert "This is advice" in outcome.stdout


def test_the_commit_can_be_named_for_one_run(tmp_path: Path, path: Path) -> None:
    runs = [run_of_day(tmp_path, 1), run_of_day(tmp_path, 2)]
    outcome = bakeoff("history", "add", *runs, "--file", path, "--commit", "abc")
    assert outcome.exit_code == 2
    assert "--commit is that of one run" in outcome.stderr
    assert bakeoff("history", "add", runs[0], "--file", path, "--commit", "abc").exit_code == 0
    assert {each.commit for each in file.read(path)} == {"abc"}


def test_the_same_run_named_twice_is_refused_before_anything_is_written(tmp_path: Path, path: Path) -> None:
    run = run_of_day(tmp_path, 1)
    outcome = bakeoff("history", "add", run, run, "--file", path)
    assert outcome.exit_code == 2
    assert "run-001" in outcome.stderr
    assert not path.exists()


def test_what_cannot_be_added_is_refused_with_a_line(tmp_path: Path, path: Path) -> None:
    unfinished = run_of_day(tmp_path, 1, finished=None)
    void = synthetic.saved(synthetic.run(["redis"]), [], tmp_path / "void")
    for folder, says in (
        (unfinished, "was not finished"),
        (void, "has no number that may be used"),
        (tmp_path / "nowhere", "is not a run"),
    ):
        outcome = bakeoff("history", "add", folder, "--file", path)
        assert outcome.exit_code == 2
        assert says in outcome.stderr
        assert "Traceback" not in outcome.stderr
    assert not path.exists()
    for command in ("show", "check"):
        outcome = bakeoff("history", command, "--file", path)
        assert outcome.exit_code == 2
        assert "Begin it with: bakeoff history add RUN" in outcome.stderr
    path.parent.mkdir()
    path.touch()
    assert "is empty" in bakeoff("history", "check", "--file", path).stderr


def test_what_is_left_out_of_a_run_is_said(tmp_path: Path, path: Path) -> None:
    outcome = bakeoff("history", "add", synthetic.saved(*synthetic.comparison(), tmp_path / "run"), "--file", path)
    assert outcome.exit_code == 0
    assert "left out redis: not supported" in outcome.stderr


def test_the_history_of_this_file_format_has_a_json_schema() -> None:
    assert {"history", "judgement"} <= set(store.schema())


def test_the_usual_file_is_beside_the_runs() -> None:
    assert str(commands.FILE) == "results/history.jsonl"
