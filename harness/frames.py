"""A run's results as pandas frames, for notebooks: `frames("results/runs/…")`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness import histogram
from harness.analysis.merge import decoded, merged_kinds, valid
from harness.analysis.verdict import trial_verdict, verdict
from harness.result import Result, Run
from harness.store import read_run
from harness.trial import Graded, Latency, Load, Trial


@dataclass(frozen=True, eq=False)
class Frames:
    """`stage`, `clients`, `rate_per_second` and `varied` say how hard a trial pressed: see harness.result.Load.

    `verdict` is "ok", "flagged" or "invalid": of a trial by itself, of a load in all its trials.
    """

    trials: pd.DataFrame  # One row per candidate, trial of any stage, and kind of operation, "total" for all together.
    kinds: pd.DataFrame  # One row per candidate, load and kind: all valid trials, percentiles of merged histograms.
    timeline: pd.DataFrame  # One row per candidate, trial, second and kind; seconds below 0 are warm-up.
    candidates: pd.DataFrame  # One row per candidate that has a result file.


def frames(folder: Path | str) -> Frames:
    """Columns carry their units; what was not measured is missing (NaN), never 0. Raises UsageError."""
    run, results = read_run(Path(folder))
    return Frames(
        trials=pd.DataFrame([row for result in results for row in _trials(result)]),
        kinds=pd.DataFrame([row for result in results for row in _kinds(run, result)]),
        timeline=pd.DataFrame([row for result in results for row in _timeline(result)]),
        candidates=pd.DataFrame([_candidate(run, result) for result in results]),
    )


def _trials(result: Result) -> list[dict[str, Any]]:
    return [row for trial in [*result.trials, *result.probes] for row in _trial(result, trial)]


def _trial(result: Result, trial: Trial) -> list[dict[str, Any]]:
    judged = {"valid": bool(valid(result, [trial])), "verdict": trial_verdict(trial, result).status}
    return [
        {
            "candidate": result.candidate,
            "trial": trial.number,
            **_load(trial.load),
            **judged,
            "kind": measured.kind,
            "count": measured.count,
            "errors": sum(measured.errors.values()),
            "per_second": measured.per_second,
            **_latency("response", measured.response),
            **_latency("service", measured.service),
            "client_cpu_us": _known(measured.client_cpu_us),
            **_grades(measured.graded),
        }
        for measured in [*trial.operations, trial.total]
    ]


def _kinds(run: Run, result: Result) -> list[dict[str, Any]]:
    pressed: list[tuple[Load, list[Trial]]] = []
    for trial in valid(result, [*result.trials, *result.probes]):
        same = next((trials for load, trials in pressed if load == trial.load), None)
        if same is None:
            pressed.append((trial.load, [trial]))
        else:
            same.append(trial)
    return [row for load, trials in pressed for row in _merged(run, result, load, trials)]


def _merged(run: Run, result: Result, load: Load, trials: list[Trial]) -> list[dict[str, Any]]:
    judged = verdict(run, result, trials).status
    return [
        {
            "candidate": result.candidate,
            **_load(load),
            "verdict": judged,
            "kind": merged.kind,
            "trials": len(merged.per_second),
            "count": merged.count,
            "errors": merged.failed,
            "per_second": merged.throughput,
            **_latency("response", merged.response),
            **_latency("service", merged.service),
            "client_cpu_us": _known(merged.client_cpu_us),
            **_grades(merged.graded),
        }
        for merged in merged_kinds(trials)
    ]


def _timeline(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "candidate": result.candidate,
            "trial": trial.number,
            "stage": trial.load.stage,
            "second": slice_.second,
            "kind": slice_.kind,
            "count": slice_.count,
            "errors": slice_.errors,
            **_latency("response", histogram.latency(decoded(slice_.response)) if slice_.response else None),
        }
        for trial in [*result.trials, *result.probes]
        for slice_ in trial.timeline
    ]


def _candidate(run: Run, result: Result) -> dict[str, Any]:
    loading, capacity = result.loading, result.capacity
    trials = valid(result, result.trials)
    return {
        "candidate": result.candidate,
        "engine": result.engine,
        "status": result.status,
        "verdict": verdict(run, result, trials).status if result.status != "unsupported" else None,
        "source": result.source,
        "server_version": result.server_version,
        "durability_asked": result.durability_asked,
        "durability_observed": result.durability_observed,
        "warnings": len(result.warnings),
        "rows": _known(loading.rows if loading else None),
        "load_seconds": _known(loading.seconds if loading else None),
        "load_rows_per_second": _known(loading.rows_per_second if loading else None),
        "settle_seconds": _known(loading.settle_seconds if loading else None),
        "size_bytes": _known(loading.size_bytes if loading else None),
        "index_bytes": _known(loading.index_bytes if loading else None),
        "capacity_per_second": _known(capacity.per_second if capacity else None),
        "capacity_low_per_second": _known(capacity.low_per_second if capacity else None),
        "capacity_high_per_second": _known(capacity.high_per_second if capacity else None),
    }


def _load(load: Load) -> dict[str, Any]:
    return {
        "stage": load.stage,
        "clients": load.clients,
        "rate_per_second": _known(load.rate_per_second),
        "varied": ", ".join(f"{name}={value}" for name, value in load.varied.items()),
    }


def _known(number: float | None) -> float:
    return math.nan if number is None else number


def _latency(name: str, latency: Latency | None) -> dict[str, float]:
    columns = ("mean_ms", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")
    return {f"{name}_{column}": _known(getattr(latency, column, None)) for column in columns}


def _grades(graded: Graded | None) -> dict[str, float]:
    """`recall` is the mean grade: the share of right answers where answers are all or nothing."""
    return {"recall": graded.mean if graded else math.nan, "graded_answers": graded.answers if graded else 0}
