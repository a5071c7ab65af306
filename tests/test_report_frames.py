"""Results as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from harness.frames import Frames, frames
from harness.result import Result, Run
from harness.store import file_name, save
from tests import synthetic


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    return frames(_saved(tmp_path_factory.mktemp("run"), *synthetic.troubles()))


def _saved(folder: Path, run: Run, results: Sequence[Result]) -> Path:
    save(run, folder / "run.json")
    for result in results:
        save(result, folder / f"{file_name(result.candidate)}.json")
    return folder


def test_trials_have_a_row_for_each_kind_and_one_for_the_total(found: Frames) -> None:
    rows = found.trials.query("candidate == 'postgres' and trial == 2")
    assert list(rows.kind) == [*synthetic.KINDS, "total"]


def test_numbers_that_may_not_be_used_are_marked(found: Frames) -> None:
    assert found.trials.groupby("candidate").valid.sum().to_dict() == {
        "clickhouse": 0,
        "mongo": 6,
        "postgres": 18,
        "postgres:durable": 18,
    }


def test_kinds_have_percentiles_of_all_trials_together(found: Frames) -> None:
    query = "kind == 'groupby-orderby-limit' and candidate == 'postgres'"  # So rare that no trial knows its p95.
    assert found.trials.query(query).response_p95_ms.isna().all()
    row = found.kinds.query(query)
    assert list(row["count"]) == [found.trials.query(query)["count"].sum()]
    assert row.response_p50_ms.notna().all()


def test_what_was_not_measured_is_missing_and_not_zero(found: Frames) -> None:
    observed = found.candidates.set_index("candidate").durability_observed
    assert pd.isna(observed["clickhouse"])
    rare = found.trials.query("kind == 'groupby-orderby-limit'").response_p999_ms
    assert rare.isna().all()
    assert rare.dtype == float


def test_the_timeline_keeps_the_seconds_of_warm_up(found: Frames) -> None:
    assert sorted(found.timeline.second.unique()) == [-1, 0, 1, 2, 3, 4]


def test_there_is_a_row_for_each_candidate(found: Frames) -> None:
    assert list(found.candidates.candidate) == ["postgres", "postgres:durable", "clickhouse", "mongo"]
    assert list(found.candidates.status) == ["ok", "ok", "invalid", "failed"]


def test_every_stage_is_there_with_its_load_and_verdict(tmp_path: Path) -> None:
    found = frames(_saved(tmp_path, *synthetic.objective()))
    fast = found.trials.query("candidate == 'fast' and kind == 'total'").set_index("trial")
    assert fast.stage.value_counts().to_dict() == {"ladder": 6, "common rate": 4, "main": 3, "search": 2}
    assert fast.query("stage == 'ladder'").clients.tolist() == [1, 2, 4, 8, 16, 32]
    assert fast.query("stage == 'ladder' and clients >= 16").verdict.tolist() == ["flagged", "flagged"]
    assert fast.query("stage == 'common rate'").rate_per_second.tolist() == [600.0, 960.0, 600.0, 960.0]
    together = found.kinds.query("candidate == 'fast' and kind == 'total' and stage == 'common rate'")
    assert together.trials.tolist() == [2, 2]
    assert found.candidates.set_index("candidate").capacity_per_second["fast"] == 2_410.0


def test_what_a_sweep_varied_is_named(tmp_path: Path) -> None:
    found = frames(_saved(tmp_path, *synthetic.vectors()))
    assert "effort=10, search=nearest" in found.kinds.query("stage == 'sweep'").varied.tolist()
    assert set(found.kinds.query("stage == 'main'").varied) == {""}
