"""`bakeoff gate` and `bakeoff calibrate` on real servers, as a user and as a CI job would run them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from harness import store
from harness.gate.metrics import pairs
from tests.commands import bakeoff, start, wait_until

SHORT = ("--source", "embedded", "--seconds", "0.7", "--scale", "0.1", "--pairs", "2")
SAME = ("gate", "redis", "redis", "read-heavy", *SHORT)


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Redis against itself: where it is, what was printed, and what was said on the way."""
    folder = tmp_path_factory.mktemp("gates") / "gate"
    return folder, *bakeoff(*SAME, "--out", folder, env={**os.environ, "NO_COLOR": "1"})


@pytest.mark.engines
def test_a_gate_says_what_it_knows_from_the_second_pair_on_and_leaves_files(gated: tuple[Path, str, str]) -> None:
    folder, output, notes = gated
    assert "read-heavy, pair 2: throughput " in notes
    assert "server CPU " in output
    judgement = json.loads((folder / "judgement.json").read_text())
    assert judgement["pairs"] == 2
    assert judgement["metrics"][0]["metric"] == "throughput"
    run = json.loads((folder / "read-heavy" / "run.json").read_text())
    assert judgement["machine"] == run["machine"], "what else it was doing is of before the start"
    assert (folder / "report.html").is_file()
    assert "\x1b" not in output + notes


@pytest.mark.engines
def test_base_and_head_take_turns_ab_ba(gated: tuple[Path, str, str]) -> None:
    _, (base, head) = store.read_run(gated[0] / "read-heavy")
    assert [trial.position for trial in base.trials] == [1, 2]
    assert [trial.position for trial in head.trials] == [2, 1]


@pytest.mark.alone  # It measures.
@pytest.mark.engines
def test_a_setting_that_hurts_is_found(tmp_path: Path) -> None:
    """Every write waits for its sync: throughput falls by far more than 5 %."""
    command = ("gate", "redis", "redis", "write-heavy", *SHORT[:-1], "5", "--head-set", "appendfsync=always")
    output, _ = bakeoff(*command, "--out", tmp_path / "gate", code=1)
    assert output.splitlines()[1].startswith("Regression after 5 pairs: ")
    assert "redis with appendfsync=always" in output


@pytest.mark.engines
def test_a_gate_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    command = ("gate", "redis", "redis", "read-heavy", *SHORT[:-1], "3", "--out", tmp_path / "gate")
    process = start(*command)

    def one_pair() -> bool:
        try:
            return pairs(*store.read_run(tmp_path / "gate" / "read-heavy")[1]) >= 1
        except Exception:  # Not there yet.
            return False

    wait_until(one_pair)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "all pairs are kept. Go on with: bakeoff gate redis redis read-heavy" in errors.replace("\n", " ")
    kept = store.read_run(tmp_path / "gate" / "read-heavy")[1][0].trials[0].started
    bakeoff(*command, "--resume")
    _, (base, head) = store.read_run(tmp_path / "gate" / "read-heavy")
    assert base.trials[0].started == kept
    assert pairs(base, head) == 3
    assert len({trial.number for trial in [*base.trials, *base.probes]}) == len([*base.trials, *base.probes])


@pytest.mark.engines
def test_calibration_is_kept_and_the_gate_refuses_what_it_cannot_see(tmp_path: Path) -> None:
    command = ("calibrate", "redis", "read-heavy", *SHORT[:-1], "5", "--out", tmp_path / "calibration")
    output, _ = bakeoff(*command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    assert "smallest,\n" in output or "smallest," in output
    assert list((tmp_path / "results" / "calibrations").glob("redis-read-heavy.json"))
    refused = (*SAME, "--limit", "throughput=0.01%", "--out", tmp_path / "gate")
    _, errors = bakeoff(*refused, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path.cwd())}, code=2)
    assert "throughput: a change of 0.01 % is too small for this machine" in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("redis", "redis", "none-heavy"), 'No workload is named "none-heavy"'),
        (("redis", "rediss", "read-heavy"), '"rediss"'),
        (("redis", "redis", "read-heavy", "--limit", "speed=1%"), "Metrics are throughput, response, cpu, errors"),
        (("redis", "redis", "read-heavy", "--head-set", "maxmemory"), "--head-set maxmemory: write NAME=VALUE"),
        (("redis", "redis", "read-heavy", "--resume", "--out", "nowhere"), "--resume: there is no nowhere"),
        (("postgres", "postgres+none", "read-heavy"), 'no variant "none"'),
    ],
)
def test_bad_words_end_in_a_line(arguments: tuple[str, ...], said: str) -> None:
    _, errors = bakeoff("gate", *arguments, "--source", "embedded", code=2)
    assert said in errors
    assert len(errors.splitlines()) <= 3


def test_an_earlier_file_of_queries_must_ask_the_same(tmp_path: Path) -> None:
    shop = Path("examples/queries/shop.toml").read_text(encoding="utf-8")
    now, other = tmp_path / "now.toml", tmp_path / "other.toml"
    now.write_text(shop, encoding="utf-8")
    other.write_text(shop.replace("rows = 10_000", "rows = 10_001"), encoding="utf-8")
    words = ("gate", "postgres", "postgres", now, "--source", "embedded", "--base-workload", other)
    _, errors = bakeoff(*words, code=2)
    assert "do not ask the same" in errors
    _, errors = bakeoff("gate", "redis", "redis", "read-heavy", "--base-workload", other, code=2)
    assert "--base-workload is the earlier version of one file of own queries" in errors
