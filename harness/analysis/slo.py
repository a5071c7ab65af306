"""The objective of a run: `p99=10ms` means that at most 1 % of requests due take longer, fail or are never sent."""

from __future__ import annotations

import re

import numpy as np

from harness import histogram
from harness.analysis.merge import decoded
from harness.errors import UsageError
from harness.result import Slo
from harness.trial import Trial

_FORM = re.compile(r"p(?P<percent>\d{1,2}(\.\d+)?)\s*(=|<=|<|≤)\s*(?P<limit>\d+(\.\d+)?)\s*(?P<unit>us|µs|ms|s)")
_MS = {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0}


def parse(text: str) -> Slo:
    """Raises UsageError."""
    form = _FORM.fullmatch(text.strip())
    if form is None or not 0 < float(form["percent"]) < 100 or float(form["limit"]) == 0:
        raise UsageError(f'--slo {text}: write a percentile and a time with its unit, for example "p99=10ms".')
    # Divided as decimals are written, so that p99.9 is 0.999 and not 0.9990000000000001.
    return Slo(quantile=round(float(form["percent"]) / 100, 6), limit_ms=float(form["limit"]) * _MS[form["unit"]])


def missed(trial: Trial, slo: Slo) -> int:
    """How many of the requests due in an open loop were answered too late, failed, or never sent."""
    late = 0
    if trial.total.response:
        limit_ns = np.array([round(slo.limit_ms * 1e6)], dtype=np.int64)
        counts = decoded(trial.total.response.histogram)
        late = int(counts[int(histogram.buckets(limit_ns)[0]) + 1 :].sum())
    return late + sum(trial.total.errors.values()) + (trial.offered.unsent if trial.offered else 0)


def worded(slo: Slo) -> str:
    """p99 ≤ 10 ms."""
    return f"p{100 * slo.quantile:g} ≤ {slo.limit_ms:g} ms"
