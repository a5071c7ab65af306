"""A gate: pairs of base and head until it can be said whether head is worse, workload by workload."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import experiment, store
from harness.errors import UsageError
from harness.gate import looks, turns
from harness.gate.limits import Limits
from harness.gate.looks import LOOKS, Change
from harness.gate.metrics import Metric, metrics, pairs
from harness.gate.wanted import BASE, HEAD
from harness.judgement import Judged, Said, signed, without_numbers
from harness.progress import Progress
from harness.result import Result
from harness.spec import Spec
from harness.trial import Trial


@dataclass(frozen=True)
class Gate:
    """One workload."""

    spec: Spec  # Of base and head, in this order.
    folder: Path
    limits: Limits
    seconds: float
    rate_per_second: float | None
    most: int  # Pairs.
    to_the_end: bool  # Never stop before that.
    tell: Callable[[str], None]  # Takes what is known so far, after each pair.


def run(gate: Gate, progress: Progress) -> list[Judged]:
    """Go on where the folder ends, if it has pairs already. What was measured is saved after every trial."""
    earlier = _earlier(gate)
    if not (earlier and _enough(gate, *earlier)):
        experiment.execute(
            gate.spec,
            gate.folder,
            progress,
            lambda bench: turns.measure(
                bench, turns.Turns(gate.seconds, gate.rate_per_second, gate.most, lambda *both: _told(gate, *both))
            ),
            earlier={each.candidate: each for each in earlier or ()},
        )
    return judged(*_read(gate.folder), gate.limits)


def judged(base: Result, head: Result, limits: Limits) -> list[Judged]:
    """What the pairs so far say of each metric."""
    if wrong := _failed(base, limits):
        return [without_numbers(base.workload, "answers", "not comparable", f"base itself fails: {wrong}")]
    if failed := _failed(head, limits):
        return [without_numbers(base.workload, "answers", "failed", failed)]
    found = metrics(base, head)
    changes = _changes(found, limits)
    return [_judged(base.workload, each, changes.get(each.name), limits) for each in found]


def together(found: Sequence[Judged]) -> Said:
    return looks.together([each.said for each in found if each.gated] or ["inconclusive"])


def _told(gate: Gate, base: Result, head: Result) -> bool:
    """Say what is known after a pair, and whether that is enough."""
    found = judged(base, head, gate.limits)
    gate.tell(f"{gate.spec.workload_name}, pair {pairs(base, head)}: {'; '.join(map(so_far, found))}")
    return _enough(gate, base, head)


def so_far(each: Judged) -> str:
    """throughput −3.1 % (−6.0 … +0.2)."""
    if each.base and each.head and each.ratio is None:
        return f"{each.metric} {signed(each.head / each.base)} % in one pair"
    if each.ratio is None or each.low is None or each.high is None:
        return each.reason or each.said
    change, low, high = map(signed, (each.ratio, each.low, each.high))
    return f"{each.metric} {change} % ({low} … {high}){'' if each.gated else ', not gated'}"


def _enough(gate: Gate, base: Result, head: Result) -> bool:
    """Only looks decide: more of them would raise more false alarms. A failure ends it at once."""
    if _failed(head, gate.limits) or _failed(base, gate.limits):
        return True
    count = pairs(base, head)
    if gate.to_the_end:
        return count >= gate.most
    return count >= gate.most or (count in LOOKS and looks.done(together(judged(base, head, gate.limits)), count))


def _failed(result: Result, limits: Limits) -> str | None:
    """What no speed makes good."""
    if result.status == "invalid":
        return result.problems[0].reason
    trials: list[Trial] = [*result.trials, *result.probes]
    failed = sum(sum(trial.total.errors.values()) for trial in trials)
    share = failed / max(1, failed + sum(trial.total.count for trial in trials))
    return f"{100 * share:.2g} % of its requests failed" if 100 * share > limits.errors else None


def _changes(found: Sequence[Metric], limits: Limits) -> dict[str, Change]:
    """By metric, gated ones corrected for each other; the others as if they were alone."""
    if not found or len(found[0].base) < 2:
        return {}
    worse = {each.name: each.worse for each in found}
    margins = {each.name: looks.margin(limits.margin(each.name) or 0.0, each.higher_is_better) for each in found}
    gated = {name: logs for name, logs in worse.items() if limits.margin(name) is not None}
    told = {name: looks.judge({name: worse[name]}, margins)[name] for name in worse.keys() - gated.keys()}
    return (looks.judge(gated, margins) if gated else {}) | told


def _judged(workload: str, metric: Metric, change: Change | None, limits: Limits) -> Judged:
    margin = limits.margin(metric.name)
    sign = -1 if metric.higher_is_better else 1
    bounds = sorted((math.exp(sign * change.found.low), math.exp(sign * change.found.high))) if change else None
    return Judged(
        workload=workload,
        metric=metric.title,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        base=_mean(metric.base),
        head=_mean(metric.head),
        ratio=math.exp(sign * change.found.estimate) if change else None,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        margin=margin or 0.0,
        gated=margin is not None,
        said=change.said if change else "inconclusive",
        reason="" if change else "one pair says nothing of its error",
    )


def _mean(values: Sequence[float]) -> float:
    """Geometric."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _earlier(gate: Gate) -> tuple[Result, Result] | None:
    """What was measured before in this folder. Raises UsageError where that was something else."""
    if not (gate.folder / "run.json").is_file():
        return None
    run_, results = store.read_run(gate.folder)
    if len(results) < 2:
        return None
    same = (run_.workload, run_.seed, run_.clients) == (
        gate.spec.workload_name,
        gate.spec.seed,
        gate.spec.profile.clients,
    )
    if not same or run_.candidates != [BASE, HEAD] or any(each.run != run_.id for each in results):
        raise UsageError(f"{gate.folder} holds something else than this gate. Name another --out.")
    return results[0], results[1]


def _read(folder: Path) -> tuple[Result, Result]:
    _, (base, head) = store.read_run(folder)
    return base, head
