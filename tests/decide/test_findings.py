"""From saved runs and studies to what a decision may use of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness import store
from harness.decide.findings import gather
from harness.decide.measures import Measures
from harness.decide.quantities import Bracket, Estimate
from harness.errors import UsageError
from harness.result import Result, Run
from tests import synthetic, synthetic_studies
from tests.decide.questions import METRICS, requirements

WANTED = requirements({**METRICS, "slo": "p99=25ms", "rate_per_second": 1_000})


def saved(folder: Path, run: Run, results: Sequence[Result]) -> Path:
    folder.mkdir()
    store.save(run, folder / "run.json")
    for each in results:
        store.save(each, folder / f"{store.file_name(each.candidate)}.json")
    return folder


def test_numbers_are_those_of_the_run(tmp_path: Path) -> None:
    run, results = synthetic.objective()
    found = gather([saved(tmp_path / "run", run, results)], WANTED)
    assert found.engines == ["middle", "fast", "slow"]
    middle, fast, slow = (one(found.of(name, "timeseries")) for name in found.engines)
    level = [each for each in results[0].probes if each.load.rate_per_second == 960.0]
    assert isinstance(middle.response_ms, Estimate)
    assert middle.rate_per_second == 960.0
    assert level[0].total.response is not None
    assert middle.response_ms.value == pytest.approx(level[0].total.response.p99_ms, rel=0.05)
    assert middle.capacity_per_second == Bracket(880.0, 905.0, 930.0)
    assert isinstance(fast.capacity_per_second, Estimate)
    assert (fast.at_least, slow.capacity_per_second) == (True, None)
    assert middle.bytes_per_row == pytest.approx(61_300_000 / 360_000)
    assert middle.law is not None


def test_a_quantile_that_no_trial_knows_alone_is_taken_of_all_together_and_is_less_sure(tmp_path: Path) -> None:
    run, results = synthetic.objective()
    thin = requirements({**METRICS, "slo": "p99.9=25ms"})
    found = one(gather([saved(tmp_path / "run", run, results)], thin).of("middle", "timeseries"))
    assert found.response_ms is None or found.response_ms.error == 0.2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"workload": "read-heavy"}, "read-heavy is no workload of the question"),
        ({"cold": True}, "hurt or cold on purpose"),
        ({"parameters": {"hosts": 7}}, "hosts was 7, 100 is asked for"),
    ],
)
def test_a_run_that_says_nothing_about_the_question_is_left_out_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    run, results = synthetic.objective()
    wanted = requirements({**METRICS, "parameters": {"hosts": 100}})
    found = gather([saved(tmp_path / "run", replace(run, **changes), results)], wanted)
    assert found.measures == []
    assert why in found.left_out[0]


def test_runs_of_one_workload_with_different_data_never_compare(tmp_path: Path) -> None:
    run, results = synthetic.objective()
    one_ = saved(tmp_path / "one", run, results)
    other = saved(tmp_path / "other", replace(run, parameters={**run.parameters, "hosts": 7}), results)
    with pytest.raises(UsageError, match="different hosts"):
        gather([one_, other], WANTED)


def test_a_newer_run_of_a_candidate_replaces_an_older_one(tmp_path: Path) -> None:
    run, results = synthetic.objective()
    later = replace(run, started=run.started.replace(hour=11))
    new = saved(tmp_path / "new", later, results[:1])
    old = saved(tmp_path / "old", run, results)
    found = gather([new, old], WANTED)
    assert one(found.of("middle", "timeseries")).run == str(new)
    assert one(found.of("fast", "timeseries")).run == str(old)


def test_only_the_durability_class_of_the_question_is_used(tmp_path: Path) -> None:
    run, results = synthetic.objective()
    durable = requirements({**METRICS, "slo": "p99=25ms"}, limits={"max_loss_seconds": 0})
    found = gather([saved(tmp_path / "run", run, results)], durable)
    assert found.measures == []
    assert found.left_out == [f"{tmp_path / 'run'}: middle, fast, slow: the question is one of class durable"]


def test_studies_are_evidence_too(tmp_path: Path) -> None:
    for study, name in ((synthetic_studies.durability(), "kills"), (synthetic_studies.consistency(), "levels")):
        (tmp_path / name).mkdir()
        store.save(study, tmp_path / name / store.STUDY)
    found = gather([tmp_path / "kills", tmp_path / "levels"], WANTED)
    assert (found.survived["relaxed"].without_loss.hits, found.survived["relaxed"].without_loss.trials) == (0, 5)
    assert [each.role for each in found.levels["safe"]] == ["none", "default", "strongest"]


def test_runs_on_different_terms_are_warned_of(tmp_path: Path) -> None:
    run, results = synthetic.objective()
    elsewhere = replace(run, machine=replace(run.machine, cpu="Another"), started=run.started.replace(hour=11))
    folders = [saved(tmp_path / "one", run, results), saved(tmp_path / "two", elsewhere, results)]
    assert "not made on the same terms" in gather(folders, WANTED).warnings[0]


def one(found: Sequence[Measures]) -> Measures:
    assert len(found) == 1
    return found[0]
