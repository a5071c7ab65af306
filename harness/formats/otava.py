"""What Apache Otava reads: a CSV file with a row for each run, and the part of its configuration that goes with it.

https://otava.apache.org/docs/csv/: a column of times, columns of attributes, a column for each metric. It takes no
empty cell, so a metric has a column only if all runs know it, and it takes each series for one, so runs have to be
alike in all that makes numbers comparable.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from harness.errors import UsageError
from harness.history.entries import entries
from harness.history.terms import differences
from harness.metrics import Metric, Number, Summary

FILE = "bakeoff.csv"  # As the configuration names it.
ATTRIBUTES = ("run", "commit", "flagged")

Column = tuple[str, Metric]  # Candidate and metric.


def csv_of_runs(summaries: Sequence[Summary]) -> str:
    """Raises UsageError for runs that are no series."""
    ordered, columns = _series(summaries)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", *ATTRIBUTES, *map(_name, columns)])
    for each in ordered:
        known = _known(each)
        flagged = sorted({number.candidate for number in each.numbers if number.doubts})
        about = (each.run.started.isoformat(timespec="seconds"), each.run.id, each.commit or "", " ".join(flagged))
        writer.writerow([*about, *(repr(float(known[column].value)) for column in columns)])
    return text.getvalue()


def yaml_of_runs(summaries: Sequence[Summary]) -> str:
    """The test that analyses the CSV file of the same runs, with the direction of each metric: 1 up, -1 down."""
    ordered, columns = _series(summaries)
    lines = [
        "tests:",
        f"  {ordered[0].run.workload}:",
        "    type: csv",
        f"    file: {FILE}",
        "    time_column: time",
        f"    attributes: [{', '.join(ATTRIBUTES)}]",
        "    metrics:",
    ]
    for column in columns:
        direction = 1 if column[1].higher_is_better else -1
        lines.append(f"      {json.dumps(_name(column), ensure_ascii=False)}: {{direction: {direction}}}")
    return "\n".join(lines) + "\n"


def without_column(summaries: Sequence[Summary]) -> list[str]:
    """Metrics that some of the runs know, with the first one that does not."""
    found = {column: None for each in summaries for column in _known(each)}
    lacking = {column: [each.run.id for each in summaries if column not in _known(each)] for column in found}
    return [f"no column for {_name(column)}: not known of {runs[0]}" for column, runs in lacking.items() if runs]


def _series(summaries: Sequence[Summary]) -> tuple[list[Summary], list[Column]]:
    """Oldest first, and what all of them know."""
    ordered = sorted(summaries, key=lambda each: each.run.started)
    first = ordered[0]
    terms = {entry.candidate: entry.terms for entry in entries(first)}
    for other in ordered[1:]:
        if other.run.workload != first.run.workload:
            raise UsageError(f"{first.run.id} and {other.run.id} have different workloads. Export each by itself.")
        for entry in entries(other):
            if differs := entry.candidate in terms and differences(terms[entry.candidate], entry.terms):
                what = "; ".join(differs)
                raise UsageError(f"{first.run.id} and {other.run.id} are no series for {entry.candidate}: {what}.")
    columns = [column for column in _known(first) if all(column in _known(each) for each in ordered)]
    if not columns:
        raise UsageError("No metric is known of all these runs. Name runs with the same candidates.")
    return ordered, columns


def _known(summary: Summary) -> dict[Column, Number]:
    return {(number.candidate, number.metric): number for number in summary.numbers}


def _name(column: Column) -> str:
    return f"{column[0]}: {column[1].name}, {column[1].unit}"
