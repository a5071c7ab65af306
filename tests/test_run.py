"""Whole runs from the command line, on the memory engine: what they leave, and what they catch."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from harness import histogram, store
from tests.commands import SHORT, bakeoff


@pytest.fixture(scope="module")
def run_of_memory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    output, _ = bakeoff("run", "read-heavy", "memory", *SHORT, "--out", folder)
    return folder, output


def test_a_run_leaves_its_files_and_a_report_that_says_the_same(run_of_memory):
    folder, output = run_of_memory
    assert sorted(file.name for file in folder.glob("*.*") if file.suffix in (".json", ".md", ".html")) == [
        "memory.json",
        "report.html",
        "report.md",
        "run.json",
    ]
    again, _ = bakeoff("report", folder)
    assert again.strip() in output


def test_a_result_holds_what_was_measured_and_proven(run_of_memory):
    run, [memory] = store.read_run(run_of_memory[0])
    assert run.finished is not None
    assert run.command.startswith("bakeoff run read-heavy memory --source embedded --profile smoke --trials 2")
    assert run.parameters["records"] == 800
    assert memory.status == "ok"
    assert memory.loading.content == "800 rows compared with the data set"
    assert memory.loading.checked["read"].wrong == 0
    assert memory.statements.keys() >= {"create", "load", "settle", "read", "update"}
    assert memory.calibration.ceiling_per_second > 0
    assert memory.calibration.timer_error.count > 0
    assert memory.calibration.repeats.keys() == {"read"}
    first, second = memory.trials
    assert memory.probes[0].number < first.number < second.number
    for trial in memory.trials:
        read = next(measured for measured in trial.operations if measured.kind == "read")
        assert read.graded.answers > 0
        assert read.graded.wrong == 0
        assert read.client_cpu_us > 0
        assert trial.load.stage == "main"
        assert 0 < trial.host.client_cores_busy <= 1
        assert trial.traits["sent read"] == pytest.approx(0.95, abs=0.02)
        assert trial.traits["found"] == 1.0
        assert trial.total.count == sum(measured.count for measured in trial.operations)
        assert histogram.decode(trial.total.response.histogram).sum() == trial.total.count
        # A request in flight at the end may end in the second after: it is in the timeline, not in the total.
        measured = [part.count for part in trial.timeline if 0 <= part.second < trial.seconds]
        assert sum(measured) == trial.total.count


def test_an_open_loop_keeps_its_rate_and_counts_from_the_schedule(tmp_path):
    folder = tmp_path / "run"
    bakeoff("run", "read-heavy", "memory", *SHORT, "--rate", "500", "--arrivals", "constant", "--out", folder)
    _, [memory] = store.read_run(folder)
    for trial in memory.trials:
        assert trial.offered.due == 500
        assert trial.offered.sent + trial.offered.unsent == 500
        assert trial.total.response.count == pytest.approx(500, rel=0.05)
        assert trial.offered.timer_error.count > 0


def test_the_same_seed_asks_the_same_and_another_size_has_another_fingerprint(run_of_memory, tmp_path):
    brief = ("--trials", "1", "--seconds", "0.5")
    bakeoff("run", "read-heavy", "memory", *SHORT, *brief, "--out", tmp_path / "same")
    bakeoff("run", "read-heavy", "memory", *SHORT, *brief, "--set", "records=801", "--out", tmp_path / "other")
    first, same, other = (
        store.read_run(folder)[0].fingerprint for folder in (run_of_memory[0], tmp_path / "same", tmp_path / "other")
    )
    assert first == same != other


def damaged(folder, tmp_path, change):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    change(copy / "memory.json")
    return copy


@pytest.mark.parametrize(
    ("pattern", "replacement", "says"),
    [
        ("(?s)(.{500}).*", r"\1", "memory.json is not a bakeoff result file of version 3"),
        ("(?s).*", "{}", "missing required field"),
        ('"engine"', '"motor"', "unknown field `motor`"),
        ('"version": 3', '"version": 9', "version"),
        ('"run": "[^"]*"', '"run": "another"', "belongs to run another"),
    ],
    ids=["cut off", "empty", "foreign field", "newer version", "of another run"],
)
def test_a_damaged_or_foreign_result_is_refused_in_a_line(run_of_memory, tmp_path, pattern, replacement, says):
    def damage(file):
        file.write_text(re.sub(pattern, replacement, file.read_text(), count=1))

    _, errors = bakeoff("report", damaged(run_of_memory[0], tmp_path, damage), code=2)
    assert says in errors
    assert len(errors.strip().splitlines()) <= 2


def test_the_files_keep_their_json_schema(run_of_memory):
    jsonschema = pytest.importorskip("jsonschema")
    schemas = store.schema()
    for name, file in (("run", "run.json"), ("result", "memory.json")):
        jsonschema.validate(json.loads((run_of_memory[0] / file).read_text()), schemas[name])


def test_an_engine_and_a_workload_from_elsewhere_take_part_in_a_whole_run(tmp_path):
    toys = Path(__file__).parent / "toys"
    folder = tmp_path / "run"
    environment = os.environ | {"BAKEOFF_PATH": str(toys)}
    output, _ = bakeoff("run", "phone-book", "sqlite", "memory", *SHORT, "--out", folder, env=environment)
    assert "sqlite" in output
    _, results = store.read_run(folder)
    assert [(each.candidate, each.status, len(each.trials)) for each in results] == [
        ("sqlite", "ok", 2),
        ("memory", "ok", 2),
    ]


LIAR = """
from adapters.memory import ENGINE
from adapters.memory.keyvalue import Session as Memory

class Session(Memory):
    calls = 0

    def __init__(self, address):
        super().__init__(address)
        {method} = super().{method}

        def lie(*arguments):
            Session.calls += 1
            return {lie} if Session.calls > 3_000 and Session.calls % {every} == 0 else {method}(*arguments)

        self.{method} = lie
"""


LIES = {  # What it lies about: the lie, how often, and what is said of it.
    "read": ("None", 7, r"read: \d+ of \d+ graded answers are wrong"),
    "update": ("None", 2, "wrong|not as acknowledged writes left it"),
    "insert": ("None", 50, r"[\d,]+ rows after the last trial, where [\d,]+ were loaded and acknowledged"),
}


def test_engines_that_lie_in_mid_trial_are_invalid_and_not_ranked(tmp_path):
    for method, (lie, every, _) in LIES.items():
        liar = tmp_path / "adapters" / f"liar_{method}"
        liar.mkdir(parents=True)
        (liar / "__init__.py").write_text("from adapters.memory import ENGINE\n")
        (liar / "keyvalue.py").write_text(LIAR.format(method=method, lie=lie, every=every))
    environment = os.environ | {"BAKEOFF_PATH": str(tmp_path)}
    folder = tmp_path / "run"
    liars = [f"liar_{method}" for method in LIES]
    output, _ = bakeoff("run", "write-heavy", *liars, "memory", *SHORT, "--out", folder, env=environment, code=4)
    _, [*found, memory] = store.read_run(folder)
    assert memory.status == "ok"
    for liar, (_, _, says) in zip(found, LIES.values(), strict=True):
        assert liar.status == "invalid", liar.candidate
        assert re.search(says, " ".join(problem.reason for problem in liar.problems))
        assert f"{liar.candidate}, invalid" in output
