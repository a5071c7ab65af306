"""From a run to the lines of a history."""

from __future__ import annotations

from harness.history.record import VERSION, Entry, Point
from harness.history.terms import terms
from harness.metrics import Number, Summary


def entries(summary: Summary) -> list[Entry]:
    """Of each candidate with numbers that may be used, in the order of the run."""
    run = summary.run
    machine = run.machine
    versions = {"bakeoff": run.bakeoff, "system": machine.system, "kernel": machine.kernel, "python": machine.python}
    found = []
    for candidate in summary.view.ok:
        points = [_point(number) for number in summary.numbers if number.candidate == candidate.name]
        if candidate.result and points:
            entry = Entry(
                version=VERSION,
                run=run.id,
                started=run.started,
                commit=summary.commit,
                workload=run.workload,
                candidate=candidate.name,
                terms=terms(run, candidate.result),
                surroundings=versions | machine.packages,
                points=points,
            )
            found.append(entry)
    return sorted(found, key=lambda entry: run.candidates.index(entry.candidate))


def _point(number: Number) -> Point:
    return Point(
        metric=number.metric.name,
        unit=number.metric.unit,
        higher_is_better=number.metric.higher_is_better,
        value=number.value,
        low=number.low,
        high=number.high,
        at_per_second=number.at_per_second,
        flagged=list(number.doubts),
    )
