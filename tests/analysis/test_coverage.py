"""How often the 95 % intervals of a ratio hold the true one, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.ratio import ratio

SIMULATIONS = 2_000  # The share of 95 % is then known to half a percent.
TRUE = 1.2


@pytest.mark.parametrize("trials", [3, 5, 7, 9, 10, 15, 20])
def test_95_of_100_intervals_hold_the_true_ratio(trials: int) -> None:
    """Trials differ by 5 %, and what slows a block, by 20 %, slows both candidates."""
    rng = np.random.default_rng(trials)
    blocks = rng.normal(0, 0.2, size=(SIMULATIONS, trials)).cumsum(axis=1)
    others, ones = (100 * np.exp(blocks + rng.normal(0, 0.05, size=blocks.shape)) for _ in range(2))
    inside = 0
    for one, other in zip(TRUE * ones, others, strict=True):
        found = ratio(dict(enumerate(one)), dict(enumerate(other)))
        assert found is not None
        inside += found.low <= TRUE <= found.high
    assert 0.93 <= inside / SIMULATIONS <= 0.975


@pytest.mark.parametrize("trials", [5, 15])
def test_without_pairing_the_blocks_would_hide_the_difference(trials: int) -> None:
    """The same trials, paired and matched at random: the width says what pairing is worth."""
    rng = np.random.default_rng(trials)
    blocks = rng.normal(0, 0.2, size=trials).cumsum()
    ones, others = (np.exp(blocks + rng.normal(0, 0.05, size=trials)) for _ in range(2))
    paired = ratio(dict(enumerate(ones)), dict(enumerate(others)))
    matched = ratio(dict(enumerate(ones)), dict(enumerate(rng.permutation(others))))
    assert paired is not None
    assert matched is not None
    assert np.log(matched.high / matched.low) > 2 * np.log(paired.high / paired.low)
