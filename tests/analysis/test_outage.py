"""What a fault did to a trial is read off the answers in each hundredth of a second."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.outage import STEPS_PER_SECOND, recovered_seconds, silent_seconds


def trial(*parts):
    """(seconds, answers in each step), one after the other."""
    return np.concatenate([np.full(round(seconds * STEPS_PER_SECOND), answers) for seconds, answers in parts])


@pytest.mark.parametrize(
    ("parts", "silent", "recovered"),
    [
        ([(4, 10), (1.5, 0), (4.5, 10)], 1.5, 1.5),  # Back at once as it was.
        ([(4, 10), (1.5, 0), (2, 4), (2.5, 10)], 1.5, 3.42),  # Slower first: half a second at 90 % begins at 3.42.
        ([(4, 10), (1.5, 0), (4.5, 8)], 1.5, None),  # Never at 90 %.
        ([(4, 10), (6, 0)], 6.0, None),  # Never at all.
        ([(4, 10), (6, 10)], 0.0, 0.0),  # Not felt.
        ([(4.2, 10), (0.5, 0), (5.3, 10)], 0.5, 0.7),  # Felt 0.2 s late.
        ([(1, 10), (0.5, 0), (2.5, 10), (0.2, 0), (5.8, 10)], 0.2, 0.2),  # A pause before it is not its own.
        ([(4, 0), (6, 10)], 0.0, None),  # Nothing before it to compare with.
    ],
)
def test_silence_and_recovery_are_as_constructed(parts, silent, recovered):
    answers = trial(*parts)
    assert silent_seconds(answers, 4.0) == pytest.approx(silent)
    assert recovered_seconds(answers, 4.0) == (None if recovered is None else pytest.approx(recovered))


def test_one_answer_in_an_outage_parts_the_silence():
    answers = trial((4, 10), (2, 0), (4, 10))
    answers[470] = 1
    assert silent_seconds(answers, 4.0) == pytest.approx(1.29)


@given(st.lists(st.integers(0, 20), min_size=200, max_size=400), st.floats(0.1, 1.5))
def test_nothing_is_silent_or_recovered_for_longer_than_the_trial(answers, at):
    steps = np.array(answers)
    assert 0 <= silent_seconds(steps, at) <= len(steps) / STEPS_PER_SECOND
    recovered = recovered_seconds(steps, at)
    assert recovered is None or 0 <= recovered <= len(steps) / STEPS_PER_SECOND - at + 0.01
