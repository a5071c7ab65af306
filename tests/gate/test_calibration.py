"""What a machine can see, from pairs of two that are alike."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness import machine
from harness.analysis.paired import paired
from harness.errors import UsageError
from harness.gate.calibration import (
    VERSION,
    Calibration,
    false_alarms,
    find,
    key,
    refuse_what_cannot_be_seen,
    save,
    smallest,
    spread,
)
from harness.gate.limits import Limits, with_words
from harness.gate.looks import CONFIDENCE, margin, share


def calibration(deviation: float, workload: str = "write-heavy", day: int = 1) -> Calibration:
    random = np.random.default_rng(1)
    return Calibration(
        version=VERSION,
        made=datetime(2026, 11, day, tzinfo=UTC),
        machine="AMD EPYC 7763, 2 of 4 cores, embedded",
        candidate="postgres",
        workload=workload,
        fingerprint="8c1f2e7a",
        seconds=4.0,
        clients=4,
        spreads=[spread("throughput", list(random.normal(0, deviation, 20)), higher_is_better=True)],
        false_alarms=0.01,
    )


@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize("pairs", [5, 10, 20])
def test_the_smallest_effect_is_found_nine_times_in_ten(pairs: int, higher_is_better: bool) -> None:
    """By simulation, with the test that it is meant for."""
    random, found = np.random.default_rng(pairs), 0
    effect = margin(smallest(0.05, pairs, higher_is_better), higher_is_better)
    for _ in range(1_000):
        values = list(random.normal(effect, 0.05, pairs))
        found += paired(values, CONFIDENCE).above <= (1 - CONFIDENCE) / 2
    assert found / 1_000 == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("deviation", [0.15, 0.2, 0.3, 0.5])
def test_a_limit_that_the_machine_cannot_see_is_refused_with_one_that_it_can(deviation: float) -> None:
    noisy = calibration(deviation)
    with pytest.raises(
        UsageError, match=r"throughput: a change of 5 % is too small (.|\n)* --limit throughput=\d+%"
    ) as refused:
        refuse_what_cannot_be_seen(noisy, Limits())
    instead = str(refused.value).rpartition("--limit ")[2]
    refuse_what_cannot_be_seen(noisy, with_words(Limits(), [instead]))
    refuse_what_cannot_be_seen(calibration(0.02), Limits())
    refuse_what_cannot_be_seen(noisy, Limits(throughput=None))


def test_what_only_more_than_the_whole_could_show_can_decide_nothing() -> None:
    hopeless = replace(calibration(0.1), spreads=[spread("response", [-2.0, 2.0] * 10, higher_is_better=False)])
    with pytest.raises(UsageError, match="--limit response=off"):
        refuse_what_cannot_be_seen(hopeless, Limits())


@given(st.floats(0.0, 0.99), st.booleans())
def test_a_share_is_what_its_margin_says(of_one: float, higher_is_better: bool) -> None:
    assert share(margin(of_one, higher_is_better), higher_is_better) == pytest.approx(of_one)


def test_alarms_over_pairs_without_a_change_are_few() -> None:
    random = np.random.default_rng(3)
    worse = {"throughput": list(random.normal(0, 0.05, 20)), "cpu": list(random.normal(0, 0.03, 20))}
    assert false_alarms(worse, Limits(), seed=1) <= 0.03


def test_the_newest_that_fits_is_found_and_damaged_files_are_none(tmp_path: Path) -> None:
    save(calibration(0.02), tmp_path)
    save(calibration(0.03, day=2), tmp_path)
    save(calibration(0.02, workload="read-heavy"), tmp_path)
    (tmp_path / "damaged.json").write_text("{")
    here = "AMD EPYC 7763, 2 of 4 cores, embedded"
    found = find(tmp_path, here, "postgres", "write-heavy", 4.0, 4)
    assert found is not None
    assert found.made.day == 2
    assert find(tmp_path, "another machine", "postgres", "write-heavy", 4.0, 4) is None
    assert find(tmp_path, here, "postgres", "write-heavy", 1.0, 4) is None  # Shorter trials are noisier.
    assert find(tmp_path / "nowhere", here, "postgres", "write-heavy", 4.0, 4) is None


def test_a_spread_belongs_to_a_machine_and_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    here = key("docker")
    assert here == key("docker") != key("embedded")
    monkeypatch.setattr(machine, "cpu_model", lambda: "Another")
    assert key("docker") != here
