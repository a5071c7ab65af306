"""The command line: what bad input is answered with, before anything is started."""

import sys

import pytest
from click.testing import CliRunner

from harness.cli import main


def bakeoff(*arguments):
    sys.argv = ["bakeoff", *map(str, arguments)]
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(autouse=True)
def _nothing_may_start(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.experiment.execute", lambda *_: pytest.fail("a run was started"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["run", "time-series", "memory"],
            ['No workload is named "time-series"', "Did you mean timeseries?", "read-heavy"],
        ),
        (["run", "read-heavy", "postgrs"], ['No engine is named "postgrs"', "Did you mean postgres?", "redis"]),
        (["run", "read-heavy", "memory", "memory"], ["memory is named twice"]),
        (["run", "read-heavy", "memory:eternal"], ['no durability class "eternal"', "durable, relaxed, volatile"]),
        (["run", "read-heavy", "memory+brin"], ['memory has no variant "brin"', "none beside its own"]),
        (
            ["run", "read-heavy", "postgres+brin"],
            ['"+brin" is another design of timeseries, not of keyvalue', "+jsonb"],
        ),
        (["run", "timeseries", "postgres+brim"], ["Did you mean +brin?"]),
        (["run", "read-heavy", "!?"], ['"!?" is not a candidate', "postgres@17+brin"]),
        (["run", "read-heavy", "memory", "--set", "record=5"], ['no parameter "record"', "Did you mean records?"]),
        (["run", "read-heavy", "memory", "--set", "records=many"], ["--set records=many", "int", "default is 40000"]),
        (["run", "read-heavy", "memory", "--set", "records=0"], ["--set records=0", ">= 1"]),
        (["run", "read-heavy", "memory", "--set", "records"], ["write NAME=VALUE"]),
        (["run", "read-heavy", "memory", "--at", "memory"], ["--at: write ENGINE=…", "--at memory=memory://name"]),
        (["run", "read-heavy", "memory", "--at", "redis=redis://h"], ["redis is not among the candidates (memory)"]),
        (["run", "read-heavy", "redis", "--image", "redis"], ["--image: write ENGINE=…", "--image redis=redis:"]),
        (["run", "read-heavy", "redis", "--image", "redis@7=x"], ["redis@7 is not among the candidates (redis)"]),
        (
            ["run", "read-heavy", "redis", "--image", "redis=x", "--source", "embedded"],
            ["--image is for containers, and --source embedded has none"],
        ),
        (["run", "read-heavy", "memory", "--workers", "2"], ["--workers", "--at"]),
        (["run", "read-heavy", "memory", "--clients", "0"], ["--clients", "0 is not in the range"]),
        (["run", "read-heavy", "memory", "--rate", "fast"], ["--rate", "not a valid float"]),
        (["run", "read-heavy", "memory", "--profile", "long"], ["--profile", "quick"]),
        (["run", "read-heavy", "memory", "--slo", "fast"], ["--slo fast", "p99=10ms"]),
        (["run", "read-heavy", "memory", "--slo", "p99=10"], ["with its unit"]),
        (["report", "nowhere"], ["nowhere is not a run", "results/runs/"]),
        (["gates"], ["No such command"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0] in ("run", "report", "gates") else "",
)
def test_bad_input_gets_a_line_or_two_and_exit_code_2(arguments, says):
    outcome = bakeoff(*arguments)
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stdout == ""
    for words in says:
        assert words in outcome.stderr
    message = outcome.stderr.partition("Error:")[2] or outcome.stderr
    assert len(message.strip().splitlines()) <= 2
    assert "Traceback" not in outcome.stderr


def test_an_existing_folder_is_never_overwritten(tmp_path):
    outcome = bakeoff("run", "read-heavy", "memory", "--out", tmp_path)
    assert outcome.exit_code == 2
    assert "exists already" in outcome.stderr


def test_a_folder_that_cannot_be_written_is_a_problem_of_the_environment(tmp_path):
    (tmp_path / "file").write_text("")
    outcome = bakeoff("run", "read-heavy", "memory", "--out", tmp_path / "file" / "run")
    assert outcome.exit_code == 5
    assert "Cannot write to" in outcome.stderr


def test_the_list_names_every_engine_workload_and_parameter():
    outcome = bakeoff("list")
    assert outcome.exit_code == 0
    for word in ("postgres", "mongo", "redis", "clickhouse", "read-heavy", "timeseries", "records=40000", "embedded"):
        assert word in outcome.stdout


def test_the_doctor_says_what_this_machine_can_measure_in_plain_words():
    outcome = bakeoff("doctor")
    assert outcome.exit_code == 0
    for word in ("cores", "quiet", "client", "timer", "disk", "oversleeps", "embedded"):
        assert word in outcome.stdout


def test_the_schema_is_json_schema():
    outcome = bakeoff("schema")
    assert '"$defs"' in outcome.stdout
    assert '"durability_observed"' in outcome.stdout
