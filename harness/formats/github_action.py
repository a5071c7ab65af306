"""What github-action-benchmark reads: its tools customBiggerIsBetter and customSmallerIsBetter, a file for each.

https://github.com/benchmark-action/github-action-benchmark: an array of objects with name, unit and value, and with
range and extra as text. Charts are named by `name`, so nothing that changes from run to run stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.metrics import RESPONSES, Number, Summary


def bigger_is_better(summaries: Sequence[Summary]) -> str:
    return _entries(summaries, higher_is_better=True)


def smaller_is_better(summaries: Sequence[Summary]) -> str:
    return _entries(summaries, higher_is_better=False)


def _entries(summaries: Sequence[Summary], higher_is_better: bool) -> str:
    entries = [
        _entry(each.run.workload, number)
        for each in summaries
        for number in each.numbers
        if number.metric.higher_is_better == higher_is_better
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _entry(workload: str, number: Number) -> dict[str, str | float]:
    entry: dict[str, str | float] = {
        "name": f"{workload}/{number.candidate}: {number.metric.name}",
        "unit": number.metric.unit,
        "value": number.value,
    }
    if number.low is not None and number.high is not None:
        entry["range"] = f"{number.low:.4g}–{number.high:.4g}"
    if extra := _extra(number):
        entry["extra"] = "\n".join(extra)
    return entry


def _extra(number: Number) -> list[str]:
    of_trials = [f"range: lowest to highest of {len(number.trials)} trials"] if len(number.trials) > 1 else []
    at_rate = [f"at {number.at_per_second:.4g} requests/s"] if number.at_per_second is not None else []
    hides = number.metric in RESPONSES and number.at_per_second is None
    closed = ["in a closed loop, which hides pauses"] if hides else []
    return [*of_trials, *at_rate, *closed, *(f"flagged: {doubt}" for doubt in number.doubts)]
