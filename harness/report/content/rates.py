"""Response times at the same offered rates for all: the only fair comparison of latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.levels import Level
from harness.analysis.ratio import Trials, ratio
from harness.analysis.verdict import Verdict, verdict
from harness.report.content.trust import Said, reasons_once
from harness.report.document import Block, Section, Table
from harness.report.numbers import DASH, counted, digits, interval, listed
from harness.report.standing import Standing, limited_by_client
from harness.report.view import DOUBTFUL, NOT_KEPT, Candidate, View
from harness.trial import Latency

QUANTILES = {"p99": "99 %", "p95": "95 %", "p50": "half"}


@dataclass(frozen=True)
class Served:
    """What became of one rate at one candidate."""

    candidate: Candidate
    level: Level
    verdict: Verdict

    @property
    def usable(self) -> bool:
        behind = any(finding.gate == NOT_KEPT for finding in self.verdict.findings)
        return self.verdict.status != "invalid" and not behind

    @property
    def said(self) -> str:
        return self.verdict.status if self.usable or self.verdict.status == "invalid" else "did not keep up"

    @property
    def label(self) -> str:
        marked = self.candidate.doubtful or self.verdict.status == "flagged"
        return self.candidate.name + DOUBTFUL * marked

    @property
    def response(self) -> Latency | None:
        return self.level.total.response if self.usable else None

    @property
    def client_bound(self) -> bool:
        return self.candidate.result is not None and limited_by_client(self.candidate.result, self.level.trials)

    def quantile(self, name: str) -> float | None:
        return getattr(self.response, f"{name}_ms", None)

    def by_trial(self, name: str) -> Trials:
        """Empty unless every trial knows it."""
        found: Trials = {"p99": self.level.total.p99_ms, "p50": self.level.total.p50_ms}.get(name, {})
        return found if len(found) == len(self.level.trials) else {}

    def standing(self, other: Served, name: str) -> Standing:
        return Standing(ratio(other.by_trial(name), self.by_trial(name)), self.client_bound, other.client_bound)


def at_rates(view: View, members: Sequence[Candidate]) -> dict[float, list[Served]]:
    """By rate, rising; usable ones first, by their response."""
    found: dict[float, list[Served]] = {}
    for member in members:
        for level in member.levels.get("common rate", ()):
            if (rate := level.load.rate_per_second) is not None and member.result:
                served = Served(member, level, verdict(view.run, member.result, level.trials))
                found.setdefault(rate, []).append(served)
    return {rate: sorted(found[rate], key=_place) for rate in sorted(found)}


def sentence(view: View, members: Sequence[Candidate]) -> str | None:
    """At the highest rate at which more than one has a usable number."""
    for rate, served in reversed(at_rates(view, members).items()):
        usable = [each for each in served if each.usable]
        name = _known_to_all(usable)
        if len(usable) > 1 and name:
            within = [f"{digits(each.quantile(name))} ms by {each.label}{_spread(each, name)}" for each in usable]
            out = [each.candidate.name for each in served if not each.usable]
            also = _alike(usable, name) + (f"; {listed(out)} did not serve that rate" if out else "")
            return (
                f"At the same {digits(rate)} requests/s, {QUANTILES[name]} of them were answered within "
                f"{listed(within)}{also}."
            )
    return None


def common_rates(view: View, members: Sequence[Candidate], title: str) -> Section:
    blocks: list[Block] = []
    for rate, served in at_rates(view, members).items():
        name = _known_to_all([each for each in served if each.usable]) or "p99"
        if name == "p95":
            name = "p50"  # The only others that are known trial by trial.
        head = (f"{digits(rate)} requests/s", "p50", "p95", "p99", f"{name} in trials", f"{name} / lowest", "verdict")
        lowest = served[0]
        blocks.append(Table(head, [_row(each, lowest, name) for each in served]))
    if blocks:
        blocks.append(
            "From when each request was due, in an open loop: pauses count. In brackets: 95 % intervals of the ratio."
        )
    if reasons := _doubts(view, members):
        blocks.append(reasons_once(reasons))
    return Section(title, blocks)


def _doubts(view: View, members: Sequence[Candidate]) -> list[Said]:
    """Those that the main trials did not raise, each at the highest rate that did."""
    found: dict[tuple[str, str], Said] = {}
    for rate, served in at_rates(view, members).items():
        for each in served:
            known = {finding.gate for finding in each.candidate.verdict.findings} if each.candidate.verdict else set()
            for doubt in each.verdict.findings:
                if doubt.gate not in known:
                    reason = f"at {digits(rate)}/s {doubt.reason}"
                    found[each.candidate.name, doubt.gate] = (each.candidate.name, reason, doubt.remedy)
    return list(found.values())


def _row(served: Served, lowest: Served, name: str) -> tuple[str, ...]:
    trials = served.by_trial(name).values() if served.usable else ()
    spread = interval(min(trials), max(trials)) if len(trials) > 1 else DASH
    compared = DASH
    if served is not lowest and served.usable and lowest.usable:
        compared = lowest.standing(served, name).cell
    quantiles = (digits(served.quantile(each)) for each in ("p50", "p95", "p99"))
    return (served.label, *quantiles, spread, compared, served.said)


def _place(served: Served) -> tuple[bool, float, float]:
    infinite = float("inf")
    p99, p50 = served.quantile("p99"), served.quantile("p50")
    return not served.usable, infinite if p99 is None else p99, infinite if p50 is None else p50


def _known_to_all(served: Sequence[Served]) -> str | None:
    """The highest quantile that has enough samples everywhere."""
    return next((name for name in QUANTILES if served and all(each.quantile(name) for each in served)), None)


def _alike(served: Sequence[Served], name: str) -> str:
    """Who is as good as the first, where trials tell."""
    first, *others = served
    if not all(each.by_trial(name) for each in served):
        return ""
    alike = [other.label for other in others if not first.standing(other, name).clear]
    trials = counted(len(first.level.trials), "trial")
    return f"; {trials} do not tell {listed([first.label, *alike])} apart" if alike else ""


def _spread(served: Served, name: str) -> str:
    trials = served.by_trial(name).values()
    return f" ({interval(min(trials), max(trials))})" if len(trials) > 1 else ""
