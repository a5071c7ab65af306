"""An objective in words, and how many requests of a trial missed it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.slo import missed, parse, worded
from harness.errors import UsageError
from harness.result import Slo
from tests import synthetic


@pytest.mark.parametrize(
    ("text", "quantile", "limit_ms"),
    [("p99=10ms", 0.99, 10.0), ("p99.9=1.5s", 0.999, 1500.0), ("p50 <= 200us", 0.5, 0.2), ("p95≤5 ms", 0.95, 5.0)],
)
def test_an_objective_is_a_percentile_and_a_time_with_its_unit(text, quantile, limit_ms):
    assert parse(text) == Slo(quantile=quantile, limit_ms=limit_ms)


@pytest.mark.parametrize("text", ["", "10ms", "p99", "p99=10", "p0=1ms", "p100=1ms", "p99=0ms", "p99=-1ms", "q99=1ms"])
def test_what_is_none_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="p99=10ms"):
        parse(text)


@given(st.integers(1, 999), st.integers(1, 10_000))
def test_what_is_worded_can_be_parsed_again(permille, limit_ms):
    slo = Slo(quantile=permille / 1000, limit_ms=float(limit_ms))
    assert parse(worded(slo)) == slo


def test_late_failed_and_unsent_requests_have_missed_it():
    pace = synthetic.Pace({"insert": 2.0}, slowed=(1.0,), errors={"Timeout": 7})
    trial = synthetic.trial(1, pace, synthetic.offered(1_000.0, answered=4_900))
    in_time = parse("p99=1h".replace("1h", "3600s"))
    assert missed(trial, in_time) == 7 + trial.offered.unsent
    half = missed(trial, Slo(quantile=0.5, limit_ms=2.0)) - missed(trial, in_time)
    assert half == pytest.approx(trial.total.count / 2, rel=0.01)
