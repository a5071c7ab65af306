"""`python -m tests.perf.agreement RUN RUN`: do two runs of the same comparison agree within their own intervals?

Each metric is a ratio of two candidates with its 95 % interval; two runs agree on it if their intervals meet. Exit code
1 if they agree on less than nine in ten.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from harness.analysis.levels import levels
from harness.analysis.merge import TOTAL, Merged, merged_kinds, valid_trials
from harness.analysis.ratio import Ratio, Trials, ratio
from harness.result import Result
from harness.store import read_run

WANTED = 0.9
Metrics = dict[str, Trials]


def main(folders: list[str]) -> int:
    if len(folders) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    one, other = (dict(_ratios(Path(folder))) for folder in folders)
    agreed = total = 0
    print("| metric | first run | second run | widths | agree |\n|---|---|---|---|---|")
    for name in [name for name in one if name in other]:
        first, second = one[name], other[name]
        meet = first.low <= second.high and second.low <= first.high
        agreed, total = agreed + meet, total + 1
        widths = f"±{_width(first):.0%}, ±{_width(second):.0%}"
        print(f"| {name} | {_worded(first)} | {_worded(second)} | {widths} | {'yes' if meet else 'NO'} |")
    print(f"\n{agreed} of {total} agree.")
    return 0 if total and agreed >= WANTED * total else 1


def _ratios(folder: Path) -> Iterator[tuple[str, Ratio]]:
    _, results = read_run(folder)
    for one, other in combinations(results, 2):
        ours, theirs = _metrics(one), _metrics(other)
        for name in ours:
            if name in theirs and (found := ratio(ours[name], theirs[name])):
                yield f"{name}, {one.candidate} / {other.candidate}", found


def _metrics(result: Result) -> Metrics:
    metrics: Metrics = {}
    for merged in merged_kinds(valid_trials(result)):
        if merged.kind == TOTAL:
            metrics["throughput"] = merged.per_second
        metrics |= _percentiles(f"{merged.kind}", merged)
    for share, level in zip(("lower", "higher"), levels(result, "common rate"), strict=False):
        metrics |= _percentiles(f"{share} common rate", level.total)
    return metrics


def _percentiles(name: str, merged: Merged) -> Metrics:
    return {f"p50 of {name}": merged.p50_ms, f"p99 of {name}": merged.p99_ms}


def _width(found: Ratio) -> float:
    return math.sqrt(found.high / found.low) - 1


def _worded(found: Ratio) -> str:
    return f"{found.estimate:.3g} ({found.low:.3g}–{found.high:.3g})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
