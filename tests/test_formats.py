"""Formats that other tools read: as agreed (golden files), and read by the tools themselves where they can be had."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome
from junitparser import JUnitXml, TestSuite
from msgspec import structs

from harness import formats, metrics, store
from harness.cli import main
from harness.errors import UsageError
from harness.formats import bencher, github_action, junit, otava, pytest_benchmark, step_summary
from harness.judgement import Judgement, Said
from harness.metrics import Summary, summary
from harness.report.judgement import HEADLINES
from harness.result import Result, Run
from tests import synthetic, synthetic_judgements
from tests.oracles import OTAVA, PYTEST_BENCHMARK, ask, python_with
from tests.test_report import like_golden

COMMIT = "4f2a91c0ffee"
JUDGEMENTS = list(synthetic_judgements.JUDGEMENTS.values())
RUNS = [synthetic.comparison, synthetic.clear_winner, synthetic.objective, synthetic.vectors, synthetic.open_loop]


@cache
def told(made: Callable[[], tuple[Run, list[Result]]]) -> Summary:
    return summary(*made(), COMMIT)


def with_run(summary: Summary, **changed: Any) -> Summary:
    """The same numbers of another run."""
    run = structs.replace(summary.run, **changed)
    return dataclasses.replace(summary, view=dataclasses.replace(summary.view, run=run))


def later(summary: Summary, days: int, times: float = 1.0) -> Summary:
    """The same run on another day, so many times as fast."""
    numbers = [
        dataclasses.replace(number, value=number.value * times) if number.metric is metrics.THROUGHPUT else number
        for number in summary.numbers
    ]
    run = with_run(summary, id=f"run-{days:03}", started=summary.run.started + timedelta(days=days))
    return dataclasses.replace(run, numbers=numbers, commit=f"{days:012x}")


def bakeoff(*arguments: object) -> Outcome:
    return CliRunner().invoke(main, list(map(str, arguments)))


# --- As agreed.


def test_junit_is_as_agreed() -> None:
    like_golden("junit.xml", junit.of_judgements([made() for made in JUDGEMENTS]))


def test_the_step_summary_of_judgements_is_as_agreed() -> None:
    like_golden("step_summary_judgements.md", step_summary.of_judgements([made() for made in JUDGEMENTS]))


def test_the_step_summary_of_runs_is_as_agreed() -> None:
    like_golden("step_summary_runs.md", step_summary.of_runs([told(synthetic.comparison), told(synthetic.objective)]))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("github_action_bigger.json", github_action.bigger_is_better),
        ("github_action_smaller.json", github_action.smaller_is_better),
        ("bencher.json", bencher.of_runs),
    ],
)
def test_formats_of_a_run_are_as_agreed(name: str, made: formats.OfRuns) -> None:
    like_golden(name, made([told(synthetic.objective)]))


@pytest.mark.parametrize(("name", "made"), [("otava.csv", otava.csv_of_runs), ("otava.yaml", otava.yaml_of_runs)])
def test_formats_of_a_series_are_as_agreed(name: str, made: formats.OfRuns) -> None:
    first = told(synthetic.clear_winner)
    like_golden(name, made([later(first, 1, 0.9), first]))


# --- JUnit.


@pytest.mark.parametrize("made", JUDGEMENTS)
def test_junit_is_read_by_a_parser_of_it(made: Callable[[], Judgement]) -> None:
    judgement = made()
    gated = [judged for judged in judgement.metrics if judged.gated]
    parsed = JUnitXml.fromstring(junit.of_judgements([judgement]).encode())
    (suite,) = list(parsed)
    assert isinstance(suite, TestSuite)
    cases = list(suite)
    assert [(case.classname, case.name) for case in cases] == [(judged.workload, judged.metric) for judged in gated]
    assert suite.tests == len(cases)
    assert suite.failures == sum(case.is_failure for case in cases)
    assert suite.skipped == sum(case.is_skipped for case in cases)
    assert suite.errors == 0


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("regression", "failure"),
        ("failed", "failure"),
        ("inconclusive", "skipped"),
        ("not comparable", "skipped"),
        ("equivalent", "system-out"),
        ("improvement", "system-out"),
    ],
)
def test_what_is_said_of_a_metric_is_what_becomes_of_its_test(said: Said, becomes: str) -> None:
    judged = synthetic_judgements.judged("throughput", said, 0.9, reason="because")
    root = ElementTree.fromstring(junit.of_judgements([synthetic_judgements.judgement(said, judged)]))
    (case,) = root.iter("testcase")
    (element,) = case
    assert element.tag == becomes
    assert "because" in (element.get("message") or element.text or "")


def test_suites_have_only_attributes_that_the_schema_of_jenkins_knows() -> None:
    root = ElementTree.fromstring(junit.of_judgements([synthetic_judgements.regression()]))
    assert set(root.attrib) == {"name", "tests", "failures", "errors"}
    (suite,) = root
    assert set(suite.attrib) == {"name", "timestamp", "tests", "failures", "errors", "skipped"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])


# --- Step summary.


@pytest.mark.parametrize("made", JUDGEMENTS)
def test_the_sentence_stands_before_the_table(made: Callable[[], Judgement]) -> None:
    text = step_summary.of_judgements([made()])
    title, sentence, *_ = text.split("\n\n")
    table = text.partition("## Metrics\n\n")[2]
    assert title.startswith("# ")
    assert sentence.startswith(HEADLINES[made().said])
    assert table.startswith("|  | base → head |")


@pytest.mark.parametrize("made", RUNS)
def test_the_answer_stands_before_the_ranking(made: Callable[[], tuple[Run, list[Result]]]) -> None:
    text = step_summary.of_runs([told(made)])
    head, _, table = text.partition("\n\n|")
    assert head.startswith("# timeseries: ")
    rows = [line.split("|")[1].strip(" †") for line in f"|{table}".split("\n\n")[0].splitlines()[2:]]
    view = told(made).view
    assert rows == [candidate.name for candidate in [*view.ok, *view.unranked]]


def test_a_run_without_a_number_has_a_summary_that_says_why() -> None:
    assert "No candidate has numbers that may be used" in step_summary.of_runs([summary(synthetic.run(["redis"]), [])])


def test_a_number_that_the_client_limited_is_a_least_and_a_response_has_its_rate() -> None:
    text = step_summary.of_runs([told(synthetic.objective), told(synthetic.client_bound)])
    assert "| p99 response at 960/s, ms |" in text
    assert "| fast | 2,800 | ≥ 2,410 |" in text
    assert re.search(r"\| quicker† \| ≥ [\d,]+ \|", text)


# --- github-action-benchmark: what its source (src/extract.ts, 1.22) takes, without the coercions.

ENTRIES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "value": {"type": "number"},
            "unit": {"type": "string"},
            "range": {"type": "string"},
            "extra": {"type": "string"},
        },
        "required": ["name", "value", "unit"],
        "additionalProperties": False,
    },
}


@pytest.mark.parametrize("made", RUNS)
def test_every_number_is_in_one_of_the_two_files_under_a_name_of_its_own(
    made: Callable[[], tuple[Run, list[Result]]],
) -> None:
    found = told(made)
    bigger, smaller = (
        json.loads(render([found])) for render in (github_action.bigger_is_better, github_action.smaller_is_better)
    )
    for entries in (bigger, smaller):
        jsonschema.validate(entries, ENTRIES)
    names = [entry["name"] for entry in [*bigger, *smaller]]
    assert len(set(names)) == len(names) == len(found.numbers)
    assert {entry["unit"] for entry in bigger} <= {"operations/s", "requests/s", "rows/s", "share"}
    assert {entry["unit"] for entry in smaller} <= {"ms", "µs", "bytes"}


def test_flags_and_the_load_stand_beside_a_number() -> None:
    entries = json.loads(github_action.smaller_is_better([told(synthetic.clear_winner)]))
    (p99,) = [entry for entry in entries if entry["name"] == "timeseries/fast: p99 response"]
    assert p99["extra"] == "range: lowest to highest of 2 trials\nat 960 requests/s"
    entries = json.loads(github_action.smaller_is_better([told(synthetic.comparison)]))
    (p99,) = [entry for entry in entries if entry["name"] == "timeseries/clickhouse: p99 response"]
    assert "in a closed loop, which hides pauses" in p99["extra"]
    assert "flagged: runs in process, without a network hop" in p99["extra"]


# --- Bencher: https://bencher.dev/bmf.json, and its limits of names and slugs.

METRIC = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
    "required": ["value"],
    "additionalProperties": False,
}
BMF = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"minLength": 1, "maxLength": 1024},
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
        "additionalProperties": METRIC,
    },
}


@pytest.mark.parametrize("made", RUNS)
def test_bencher_gets_every_number_within_its_bounds(made: Callable[[], tuple[Run, list[Result]]]) -> None:
    benchmarks = json.loads(bencher.of_runs([told(made)]))
    jsonschema.validate(benchmarks, BMF)
    found = [metric for measures in benchmarks.values() for metric in measures.values()]
    assert len(found) == len(told(made).numbers)
    for metric in found:
        assert metric.get("lower_value", 0) <= metric["value"] <= metric.get("upper_value", metric["value"])


def test_every_metric_has_a_slug_of_its_own() -> None:
    assert set(bencher.SLUGS) == set(metrics.METRICS)
    assert len(set(bencher.SLUGS.values())) == len(metrics.METRICS)


# --- pytest-benchmark: read by its own command and storage.

STATS_OF_ITS_OWN = """
import json, sys
from pytest_benchmark.stats import Stats
answers = []
for data in json.load(sys.stdin):
    stats = Stats()
    for value in data:
        stats.update(value)
    answers.append(stats.as_dict())
print(json.dumps(answers))
"""


@pytest.mark.parametrize("made", RUNS)
def test_pytest_benchmark_compares_what_it_is_given(
    made: Callable[[], tuple[Run, list[Result]]], tmp_path: Path
) -> None:
    file = tmp_path / "0001_bakeoff.json"
    file.write_text(pytest_benchmark.of_runs([told(made)]))
    command = [python_with(PYTEST_BENCHMARK), "-m", "pytest_benchmark", "compare", str(file), "--group-by=group"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Failed to load" not in done.stderr
    for number in told(made).numbers:
        timed = number.metric not in (metrics.SIZE, metrics.LOAD, metrics.RECALL)
        assert (f"{number.metric.name}[{number.candidate}]" in done.stdout) == timed


def test_statistics_are_those_of_pytest_benchmark_but_for_the_method_of_quartiles() -> None:
    found = [each["stats"] for each in json.loads(pytest_benchmark.of_runs([told(synthetic.comparison)]))["benchmarks"]]
    theirs = ask(PYTEST_BENCHMARK, STATS_OF_ITS_OWN, [stats["data"] for stats in found])
    for ours, expected in zip(found, theirs, strict=True):
        assert set(ours) == {*expected, "data", "iterations"}
        for name in ("min", "max", "mean", "stddev", "rounds", "median", "ops", "total"):
            assert ours[name] == pytest.approx(expected[name]), name


def test_a_percentile_is_one_round_of_all_trials_merged() -> None:
    benchmarks = json.loads(pytest_benchmark.of_runs([told(synthetic.comparison)]))["benchmarks"]
    stats = {each["name"]: each["stats"] for each in benchmarks}
    assert stats["p99 response[postgres]"]["data"] == [pytest.approx(0.0236585, rel=1e-4)]
    assert stats["throughput[postgres]"]["rounds"] == 3
    assert stats["throughput[postgres]"]["ops"] == pytest.approx(1_220.7, rel=1e-3)


def test_runs_of_two_machines_do_not_fit_into_one_file_of_pytest_benchmark() -> None:
    first = told(synthetic.comparison)
    other = with_run(first, id="other", machine=structs.replace(first.run.machine, cpu="Another"))
    with pytest.raises(UsageError, match="different machines"):
        pytest_benchmark.of_runs([first, other])


# --- Apache Otava: imported by its own importer, analysed by its own command.

OTAVA_IMPORTS = """
import json, sys
from datetime import UTC, datetime
from otava.config import load_config_from_file
from otava.data_selector import DataSelector
from otava.importer import CsvImporter
from otava.series import AnalysisOptions
config = load_config_from_file("otava.yaml")
(test,) = config.tests.values()
always = DataSelector()
always.since_time, always.until_time = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
series = CsvImporter().fetch_data(test, always)
found = {name: [int(point.index) for point in points] for name, points in series.analyze().change_points.items()}
print(json.dumps({
    "time": series.time, "data": series.data, "attributes": series.attributes, "changes": found,
    "directions": {name: metric.direction for name, metric in series.metrics.items()},
}))
"""


def test_otava_imports_what_it_is_given_and_finds_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = told(synthetic.clear_winner)
    runs = [later(first, day, 1.0 + 0.001 * (day % 3) - 0.2 * (day >= 12)) for day in range(24)]
    (tmp_path / otava.FILE).write_text(otava.csv_of_runs(runs))
    (tmp_path / "otava.yaml").write_text(otava.yaml_of_runs(runs))
    monkeypatch.chdir(tmp_path)
    imported = ask(OTAVA, OTAVA_IMPORTS, None)
    assert imported["time"] == [round(each.run.started.timestamp()) for each in runs]
    assert imported["attributes"]["commit"] == [each.commit for each in runs]
    assert imported["attributes"]["run"] == [each.run.id for each in runs]
    name = "fast: throughput, operations/s"
    assert imported["data"][name] == [n.value for each in runs for n in each.numbers[:1]]
    assert len(imported["data"]) == len(first.numbers)
    assert imported["changes"][name] == [12]
    assert imported["changes"]["fast: p99 response, ms"] == []
    assert (imported["directions"][name], imported["directions"]["fast: p99 response, ms"]) == (1, -1)


def test_a_metric_that_a_run_does_not_know_has_no_column_and_that_is_said() -> None:
    first = told(synthetic.clear_winner)
    other = later(first, 1)
    without = [n for n in other.numbers if (n.candidate, n.metric) != ("fast", metrics.P99)]
    runs = [first, dataclasses.replace(other, numbers=without)]
    head = next(csv.reader(io.StringIO(otava.csv_of_runs(runs))))
    assert "fast: p99 response, ms" not in head
    assert "fast: p95 response, ms" in head
    assert otava.without_column(runs) == ["no column for fast: p99 response, ms: not known of run-001"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"workload": "read-heavy"}, "different workloads"),
        ({"clients": 16}, "clients 4 → 16"),
        ({"fingerprint": "another"}, "fingerprint"),
    ],
)
def test_runs_that_do_not_compare_are_no_series(changed: dict[str, Any], says: str) -> None:
    first = told(synthetic.clear_winner)
    with pytest.raises(UsageError, match=says):
        otava.csv_of_runs([first, with_run(later(first, 1), **changed)])


# --- The command.


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("exported")
    made = {
        "run": synthetic.saved(*synthetic.comparison(), root / "run"),
        "winner": synthetic.saved(*synthetic.clear_winner(), root / "winner"),
        "void": synthetic.saved(synthetic.run(["redis"]), [], root / "void"),
        "gate": root / "gate",
    }
    made["gate"].mkdir()
    store.save(synthetic_judgements.regression(), made["gate"] / "judgement.json")
    return made


@pytest.mark.parametrize("name", formats.FORMATS)
def test_every_format_is_made_from_a_folder_and_what_it_lacks_is_said(name: str, folders: dict[str, Path]) -> None:
    of_run = formats.FORMATS[name].of_runs is not None
    outcome = bakeoff("export", folders["run" if of_run else "gate"], "--format", name)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout
    left_out = "left out redis: not supported: the server has no time series module"
    assert (left_out in outcome.stderr) == of_run


def test_a_format_without_a_place_for_doubts_says_them(folders: dict[str, Path]) -> None:
    outcome = bakeoff("export", folders["run"], "--format", "bencher")
    assert "clickhouse is flagged, and this format cannot say it: the client was 92 % busy" in outcome.stderr
    assert "flagged" not in bakeoff("export", folders["winner"], "--format", "bencher").stderr


def test_the_format_is_written_to_a_file_where_one_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    outcome = bakeoff("export", folders["winner"], "--format", "bencher", "--out", tmp_path / "bmf.json")
    assert outcome.stdout == ""
    jsonschema.validate(json.loads((tmp_path / "bmf.json").read_text()), BMF)


def test_a_gate_is_told_in_markdown_as_well(folders: dict[str, Path]) -> None:
    outcome = bakeoff("export", folders["gate"], "--format", "github-step-summary")
    assert outcome.stdout.startswith("# postgres@18 against postgres@17\n")


@pytest.mark.parametrize(
    ("of", "name", "code", "says"),
    [
        (["run"], "xml", 2, "'xml' is not one of 'junit'"),
        ([], "junit", 2, "Missing argument 'FOLDERS...'"),
        (["run"], "junit", 2, "has no judgement.json, which junit is made of"),
        (["gate"], "bencher", 2, "has no run.json"),
        (["gate", "run"], "github-step-summary", 2, "some folders are of runs and some of gates"),
        (["run", "run"], "bencher", 2, "bencher has room for one run of postgres under timeseries"),
        (["void"], "bencher", 2, "have no number that may be used"),
    ],
)
def test_bad_input_gets_a_line(of: list[str], name: str, code: int, says: str, folders: dict[str, Path]) -> None:
    outcome = bakeoff("export", *(folders[each] for each in of), "--format", name)
    assert outcome.exit_code == code
    assert says in outcome.stderr
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr


def test_a_file_that_cannot_be_written_is_a_problem_of_the_environment(folders: dict[str, Path]) -> None:
    outcome = bakeoff("export", folders["winner"], "--format", "bencher", "--out", "/nowhere/bmf.json")
    assert outcome.exit_code == 5
    assert "Cannot save /nowhere/bmf.json" in outcome.stderr
