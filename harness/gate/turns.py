"""Base and head in turns, AB and BA, only one of them running at a time: what drifts with time hits both alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from harness.contender import Contender
from harness.errors import EnvironmentProblem
from harness.gate.metrics import pairs
from harness.result import Result
from harness.stages import OPEN_LOOP_CLIENTS, Bench, take, warm_up
from harness.trial import Trial

BELOW_CAPACITY = 0.6  # Of base's throughput: the fixed rate, if none is given.

Enough = Callable[[Result, Result], bool]  # Base and head after a pair -> need there be no more?


@dataclass(frozen=True)
class Turns:
    seconds: float  # Of each trial: one in a closed loop, one at the fixed rate.
    rate_per_second: float | None  # None: from what base serves.
    most: int  # Pairs.
    enough: Enough


def measure(bench: Bench, turns: Turns) -> None:
    """Warm up, then pair after pair. Raises EnvironmentProblem where one of them cannot go on."""
    base, head = _both(bench)
    with _one_at_a_time(bench.contenders) as alone:
        warm_up(bench, alone)
        rate = turns.rate_per_second or _fixed_rate(base)
        for pair in range(pairs(base.result, head.result) + 1, turns.most + 1):
            closed = bench.round(bench.loaded("main"), turns.seconds)
            fixed = bench.round(bench.loaded("common rate", OPEN_LOOP_CLIENTS, rate), turns.seconds)
            for position, each in enumerate((base, head) if pair % 2 else (head, base), start=1):
                with alone(each):
                    take(bench, each, closed, position, f"pair {pair}")
                    take(bench, each, fixed, position, f"pair {pair}, {rate:,.0f}/s")
            base, head = _both(bench)
            if turns.enough(base.result, head.result):
                break
    _both(bench)


def _both(bench: Bench) -> tuple[Contender, Contender]:
    """Base and head, as long as both live: one without the other compares nothing."""
    for each in bench.contenders:
        if each.result.status in ("failed", "unsupported"):
            raise EnvironmentProblem(f"{each.name}: {each.result.problems[-1].reason}.")
    base, head = bench.contenders
    return base, head


def _fixed_rate(base: Contender) -> float:
    """From an earlier trial at it, where a gate goes on; else from the warm-up."""
    trials: Sequence[Trial] = base.result.probes
    for trial in trials:
        if trial.load.stage == "common rate" and trial.load.rate_per_second:
            return trial.load.rate_per_second
    warm = [trial.total.per_second for trial in trials if trial.load.stage == "warm-up"]
    return float(f"{BELOW_CAPACITY * warm[-1]:.3g}")


@contextmanager
def _one_at_a_time(contenders: Sequence[Contender]) -> Iterator[Callable[[Contender], ExitStack]]:
    """Stop the time of all servers; `alone` lets one of them go on for a while. All go on in the end."""
    controls = [each.server.control for each in contenders if each.server.control]
    for control in controls:
        control.pause()

    def alone(one: Contender) -> ExitStack:
        stack = ExitStack()
        if control := one.server.control:
            control.resume()
            stack.callback(control.pause)
        return stack

    try:
        yield alone
    finally:
        for control in controls:
            control.resume()
