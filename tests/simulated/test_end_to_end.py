"""Faults are noticed through all processes of a real run too, where the simulated engine sleeps."""

import os
from pathlib import Path

import pytest

from harness import store
from harness.analysis.verdict import verdict
from tests.commands import bakeoff, start

# The faults are frequent and every key is asked alike: no verdict hangs on what the machine does meanwhile.
SHORT = ["--source", "embedded", "--profile", "smoke", "--trials", "1", "--seconds", "2", "--warmup", "0"]
SHORT += ["--scale", "0.2", "--set", "zipf_theta=0"]


@pytest.mark.parametrize(
    ("law", "gate", "status"),
    [
        ("wrong-answers", "answers", "invalid"),
        ("many-errors", "errors", "invalid"),
        ("result-cache", "result cache", "flagged"),
    ],
)
def test_a_fault_is_noticed_in_a_real_run(tmp_path, law, gate, status):
    environment = os.environ | {"BAKEOFF_PATH": str(Path(__file__).parent), "BAKEOFF_SIMULATED": law}
    folder = tmp_path / "run"
    _, errors = start("run", "read-heavy", "simulated", *SHORT, "--out", folder, env=environment).communicate(
        timeout=100
    )
    assert "Traceback" not in errors
    run, [result] = store.read_run(folder)
    found = {finding.gate: finding.status for finding in verdict(run, result, result.trials).findings}
    assert found[gate] == status


def test_a_law_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    environment = os.environ | {"BAKEOFF_PATH": str(Path(__file__).parent), "BAKEOFF_SIMULATED": "magic"}
    _, errors = bakeoff("run", "read-heavy", "simulated", *SHORT, "--out", tmp_path / "run", env=environment, code=2)
    assert "constant, bimodal, exponential" in errors
