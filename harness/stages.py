"""The stages of a run, each some rounds of trials: warm-up, main, sweep, ladder, search for capacity, common rates.

In a round every candidate runs the same trial once, in an order of its own: what drifts with time hits all alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness.analysis.capacity import Probe, search
from harness.analysis.levels import others
from harness.analysis.merge import merged_kinds, valid_trials
from harness.analysis.slo import missed
from harness.analysis.steady import steadiness
from harness.analysis.verdict import client_bound, throughput_by_second
from harness.contender import Contender, saved
from harness.load.generator import Generator
from harness.measure import Round, measure
from harness.progress import Progress
from harness.result import Capacity
from harness.spec import LADDER_CLIENTS, Spec
from harness.trial import Load, Parameter, Stage

LEAD_IN_SECONDS = 0.3  # Of a trial, after its sessions were opened; the candidate itself is warm by then.
OPEN_LOOP_CLIENTS = 16  # Enough that sessions wait for the schedule, and not the schedule for them.
SWEPT_ANSWERS = 30  # That a trial of the sweep shall have,
LONGEST_SWEEP = 10  # in no more than so many times its usual length.
RECALL_ENOUGH = 0.998  # Above the highest recall at which candidates are compared.
ABOVE_THE_LADDER = 1.2  # Times the best closed loop: where the search for the capacity begins from above.


@dataclass(frozen=True)
class Bench:
    """All that stages work with."""

    spec: Spec
    contenders: Sequence[Contender]
    load: Generator
    folder: Path
    progress: Progress
    numbers: Iterator[int]  # Of rounds.

    @property
    def alive(self) -> list[Contender]:
        return [each for each in self.contenders if each.alive]

    def round(self, pressed: Load, seconds: float, lead_in_seconds: float = LEAD_IN_SECONDS) -> Round:
        """The next one."""
        return Round(number=next(self.numbers), load=pressed, warmup_seconds=lead_in_seconds, seconds=seconds)

    def loaded(
        self,
        stage: Stage,
        clients: int | None = None,
        rate_per_second: float | None = None,
        varied: dict[str, Parameter] | None = None,
    ) -> Load:
        return Load(
            stage=stage,
            clients=clients or self.spec.profile.clients,
            rate_per_second=rate_per_second,
            arrivals=self.spec.arrivals,
            varied=varied or {},
        )


def measure_all(bench: Bench) -> None:
    """Every stage that the run wants."""
    if not bench.spec.cold:
        warm_up(bench)
    _main(bench)
    if not bench.spec.undisturbed:
        return
    _sweep(bench)
    if bench.spec.slo:
        _ladder(bench)
        _search(bench)
    _common_rates(bench)


def expected_seconds(spec: Spec) -> float:
    """How long all stages take for one candidate, if its warm-up is steady at once."""
    profile = spec.profile
    main = [*([] if spec.cold else [profile.warmup_seconds]), *[profile.seconds] * profile.trials]
    if not spec.undisturbed:
        return sum(length + LEAD_IN_SECONDS for length in main)
    swept = len(spec.workload.sweep()) if profile.sweep_seconds else 0
    lengths = [
        *main,
        *[profile.sweep_seconds] * swept,
        *[profile.common_seconds] * profile.common_trials * len(spec.common_shares),
        *[spec.common_seconds(rate) for rate in spec.common_rates] * profile.common_trials,
        *([profile.ladder_seconds] * len(LADDER_CLIENTS) if spec.slo else []),
    ]
    return sum(length + LEAD_IN_SECONDS for length in lengths) + (profile.search_seconds if spec.slo else 0.0)


def warm_up(bench: Bench, alone: Callable[[Contender], AbstractContextManager[object]] = nullcontext) -> None:
    """Until it is steady, but no longer than twice the time; what was seen is kept and judged again by the report.

    Each is warmed up within `alone` of it.
    """
    seconds = bench.spec.profile.warmup_seconds
    if not seconds:
        return
    pressed = bench.loaded("warm-up", rate_per_second=bench.spec.rate_per_second)
    first, second = (bench.round(pressed, seconds, lead_in_seconds=0.0) for _ in range(2))
    for position, each in enumerate(_shuffled(bench, first.number), start=1):
        with alone(each):
            take(bench, each, first, position, "warming up")
            if each.alive and not steadiness(throughput_by_second(each.result.probes[-1])).steady:
                take(bench, each, second, position, "warming up, not steady yet")


def _main(bench: Bench) -> None:
    spec = bench.spec
    pressed = bench.loaded("main", rate_per_second=spec.rate_per_second)
    for number in range(1, spec.profile.trials + 1):
        round_ = bench.round(pressed, spec.profile.seconds, lead_in_seconds=0.0 if spec.cold else LEAD_IN_SECONDS)
        round_ = replace(round_, cold=spec.cold, fault=spec.fault)
        _take_all(bench, round_, f"trial {number} of {spec.profile.trials}")


def _sweep(bench: Bench) -> None:
    if not bench.spec.profile.sweep_seconds:
        return
    variations = list(bench.spec.workload.sweep())
    for number, varied in enumerate(variations, start=1):
        said = f"sweep {number} of {len(variations)}"
        round_ = bench.round(bench.loaded("sweep", varied=dict(varied)), bench.spec.profile.sweep_seconds)
        for position, each in enumerate(_shuffled(bench, round_.number), start=1):
            if _not_yet_found(each, round_.load):
                take(bench, each, replace(round_, seconds=_long_enough(each, round_.seconds)), position, said)


def _long_enough(contender: Contender, seconds: float) -> float:
    """So that a slow engine has some answers to be judged by, too."""
    rate = _served(contender)
    return max(seconds, min(SWEPT_ANSWERS / rate, LONGEST_SWEEP * seconds)) if rate else seconds


def _not_yet_found(contender: Contender, pressed: Load) -> bool:
    """Could more effort than the last one find more? An exact search is swept once, and others as far as it matters."""
    for probe in contender.result.probes:
        if probe.load.stage == "sweep" and others(probe.load) == others(pressed):
            graded = probe.total.graded
            if graded and graded.mean >= RECALL_ENOUGH:
                return False
    return True


def _ladder(bench: Bench) -> None:
    """Throughput by number of clients, in a closed loop."""
    for clients in LADDER_CLIENTS:
        _round(bench, bench.loaded("ladder", clients), bench.spec.profile.ladder_seconds, f"ladder, {clients} clients")


def _search(bench: Bench) -> None:
    for each in bench.alive:
        with saved(each, bench.folder, "search for the capacity"):
            _search_for(bench, each)


def _search_for(bench: Bench, contender: Contender) -> None:
    """The highest rate at which the objective is kept."""
    slo = bench.spec.slo
    assert slo is not None
    served = [trial.total.per_second for trial in contender.result.probes if trial.load.stage == "ladder"]
    if not served:
        return

    def probe(rate_per_second: float, seconds: float) -> Probe:
        pressed = bench.loaded("search", OPEN_LOOP_CLIENTS, rate_per_second)
        round_ = bench.round(pressed, seconds)
        with bench.progress.measuring(f"{contender.name}: {rate_per_second:,.0f}/s, is {slo.limit_ms:g} ms kept?", 0):
            trial = measure(round_, 1, contender, bench.spec.seed, bench.load)
        contender.add(trial)
        assert trial.offered is not None
        due, late = trial.offered.due, missed(trial, slo)
        # A busy client that kept the objective all the same has proven it; and an engine in process is the client.
        by_client = late > (1 - slo.quantile) * due and client_bound(trial, contender.result)
        return Probe(rate_per_second, seconds, due, late, by_client)

    top = max(served) * ABOVE_THE_LADDER
    found = search(probe, slo.quantile, low=top / 1_000, high=top, budget_seconds=bench.spec.profile.search_seconds)
    contender.result = msgspec.structs.replace(
        contender.result,
        capacity=Capacity(
            per_second=found.per_second,
            low_per_second=found.low_per_second,
            high_per_second=found.high_per_second,
            limit=found.limit,
        ),
    )


def _common_rates(bench: Bench) -> None:
    """Response times at the same offered rates for all: those asked for, or what the slowest of them can serve."""
    spec = bench.spec
    capacities = [served for each in bench.alive if (served := _capacity(each))]
    shared = [float(f"{share * min(capacities):.3g}") for share in spec.common_shares] if capacities else []
    seconds = {rate: spec.common_seconds(rate) for rate in spec.common_rates}
    seconds |= dict.fromkeys(shared, spec.profile.common_seconds)
    for trial in range(1, spec.profile.common_trials + 1):
        for rate, length in seconds.items():
            said = f"{rate:g}/s for all, trial {trial} of {spec.profile.common_trials}"
            _round(bench, bench.loaded("common rate", OPEN_LOOP_CLIENTS, rate), length, said)


def _capacity(contender: Contender) -> float | None:
    """What it is known to serve: at the objective, or else in the main trials; None of a wrong one."""
    if contender.result.status != "ok":
        return None
    if contender.result.capacity:
        return contender.result.capacity.low_per_second
    return _served(contender)


def _served(contender: Contender) -> float | None:
    """In the main trials."""
    kinds = merged_kinds(valid_trials(contender.result))
    return kinds[-1].throughput if kinds else None


def _round(bench: Bench, pressed: Load, seconds: float, said: str) -> None:
    _take_all(bench, bench.round(pressed, seconds), said)


def _take_all(bench: Bench, round_: Round, said: str) -> None:
    for position, each in enumerate(_shuffled(bench, round_.number), start=1):
        take(bench, each, round_, position, said)


def _shuffled(bench: Bench, number: int) -> list[Contender]:
    order = bench.alive
    random.Random(f"{bench.spec.seed} {number}").shuffle(order)
    return order


def take(bench: Bench, contender: Contender, round_: Round, position: int, said: str) -> None:
    """One trial of one candidate; what ends it is in its result afterwards."""
    with (
        saved(contender, bench.folder, said),
        bench.progress.measuring(f"{contender.name}: {said}", round_.warmup_seconds + round_.seconds),
    ):
        contender.add(measure(round_, position, contender, bench.spec.seed, bench.load))
