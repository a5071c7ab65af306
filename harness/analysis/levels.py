"""A candidate's probes, put together by how hard they pressed: rungs of the ladder, rates, search efforts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.merge import TOTAL, Merged, merged_kinds, valid
from harness.result import Result
from harness.trial import Load, Parameter, Stage, Trial

KNOB = "effort"  # The parameter of a sweep that trades speed for recall; what else varies names a series of its own.


@dataclass(frozen=True)
class Level:
    """All valid trials of one candidate under one load."""

    load: Load
    trials: Sequence[Trial]
    kinds: Mapping[str, Merged]  # Without the total.
    total: Merged

    @property
    def effort(self) -> int | None:
        found = self.load.varied.get(KNOB)
        return found if isinstance(found, int) else None

    @property
    def series(self) -> str:
        """What a sweep varied beside the effort: "nearest-1pct"; "" if nothing."""
        return ", ".join(map(str, others(self.load).values()))


def others(load: Load) -> dict[str, Parameter]:
    """What it varied beside the effort."""
    return {name: value for name, value in load.varied.items() if name != KNOB}


def levels(result: Result, stage: Stage) -> list[Level]:
    """In the order in which they were first measured. Raises UsageError for damaged histograms."""
    loads: list[Load] = []
    for probe in result.probes:
        if probe.load.stage == stage and probe.load not in loads:
            loads.append(probe.load)
    found = []
    for load in loads:
        trials = valid(result, [probe for probe in result.probes if probe.load == load])
        kinds = {merged.kind: merged for merged in merged_kinds(trials)}
        if total := kinds.pop(TOTAL, None):
            found.append(Level(load, trials, kinds, total))
    return found
