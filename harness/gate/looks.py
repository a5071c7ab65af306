"""Pairs are added until something can be said: worse, better, alike; or nothing after the last look.

At each look a paired 98 % interval: with four looks about 5 % in all, as Pocock (1977) has it. A metric is worse if its
change for the worse is significant and no less than the margin; alike if the whole interval is below the margin. Of
several metrics the significance is corrected by Holm's (1979) steps; that all of them are alike needs no correction,
since each of them must be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.paired import Paired, paired
from harness.judgement import Said

LOOKS = (5, 10, 15, 20)
CONFIDENCE = 0.98


@dataclass(frozen=True)
class Change:
    """One metric over the pairs so far, as logarithms of how much worse head is: below 0 it is better."""

    found: Paired
    margin: float  # Of the logarithm.
    said: Said


def margin(share: float, higher_is_better: bool) -> float:
    """The logarithm of a change by this share for the worse: 5 % less throughput, 10 % longer response."""
    return -math.log1p(-share) if higher_is_better else math.log1p(share)


def share(margin: float, higher_is_better: bool) -> float:
    """By how much it changes for the worse, from the logarithm of that: the inverse of `margin`."""
    return -math.expm1(-margin) if higher_is_better else math.expm1(margin)


def judge(worse: Mapping[str, Sequence[float]], margins: Mapping[str, float]) -> dict[str, Change]:
    """`worse`: by metric, the logarithms of each pair. Raises ValueError under two pairs."""
    return decide({name: paired(values, CONFIDENCE) for name, values in worse.items()}, margins)


def decide(found: Mapping[str, Paired], margins: Mapping[str, float]) -> dict[str, Change]:
    """By metric, how much worse head is."""
    one_sided = (1 - CONFIDENCE) / 2
    worsened = _holm({name: each.above for name, each in found.items()}, one_sided)
    improved = _holm({name: each.below for name, each in found.items()}, one_sided)
    return {
        name: Change(each, margins[name], _said(each, margins[name], name in worsened, name in improved))
        for name, each in found.items()
    }


def together(said: Sequence[Said]) -> Said:
    """Of all gated metrics: one that is worse decides, and all must be known for anything else."""
    for worst in ("failed", "regression", "not comparable", "inconclusive", "improvement"):
        if worst in said:
            return worst
    return "equivalent"


def done(said: Said, pairs: int) -> bool:
    """Is there nothing to be gained from another pair?"""
    return pairs >= LOOKS[-1] or said in ("failed", "regression", "improvement", "equivalent")


def _said(found: Paired, margin: float, worsened: bool, improved: bool) -> Said:
    if worsened and found.estimate >= margin:
        return "regression"
    if improved and found.estimate <= -margin:
        return "improvement"
    return "equivalent" if found.high < margin else "inconclusive"


def _holm(chances: Mapping[str, float], level: float) -> set[str]:
    """Those that are significant at this level together."""
    found: set[str] = set()
    for place, name in enumerate(sorted(chances, key=lambda name: chances[name])):
        if chances[name] > level / (len(chances) - place):
            break
        found.add(name)
    return found
