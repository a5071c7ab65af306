"""What a machine can see: the spread of two that are alike, and the smallest effects that pairs find in it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate.calibration import PAIRS, POWER, Calibration
from harness.gate.limits import Limits
from harness.report.document import Block, Report, Section, Table

EXPLAINED = (
    f"Smallest: the change that so many pairs find with a chance of {100 * POWER:.0f} %. Spread: standard deviation of "
    "the logarithm of one pair's ratio. False alarms: of gates over these pairs, turned round at random."
)


def of_calibrations(found: Sequence[Calibration]) -> Report:
    answer = [_sentence(each) for each in found]
    blocks: list[Block] = [*answer, *(_table(each) for each in found), EXPLAINED]
    title = f"What this machine can see: {found[0].candidate}" if found else "Nothing was calibrated"
    return Report(about="calibration", made_by="", sections=[Section(title, blocks)], closing=answer)


def _sentence(each: Calibration) -> str:
    usual = Limits()
    blind = [s.metric for s in each.spreads if (m := usual.margin(s.metric)) and s.smallest[PAIRS[-1]] > m]
    alarms = f"{100 * each.false_alarms:.1f} % false alarms"
    if blind:
        return f"{each.workload}: {alarms}; the usual limits of {', '.join(blind)} are too small to be seen here."
    return f"{each.workload}: {alarms}; all the usual limits can be seen."


def _table(each: Calibration) -> Table:
    usual = Limits()
    rows = []
    for found in each.spreads:
        margin = usual.margin(found.metric)
        effects = [f"{100 * found.smallest[count]:.1f} %" for count in PAIRS]
        rows.append(
            (found.metric, f"{100 * found.deviation:.1f} %", *effects, f"{100 * margin:g} %" if margin else "–")
        )
    heads = [f"smallest,\n{count} pairs" for count in PAIRS]
    return Table((each.workload, "spread", *heads, "usual\nlimit"), rows)
