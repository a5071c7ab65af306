"""Who may be chosen: hard limits against what is documented and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.analysis.slo import worded
from harness.consistency import anomalies
from harness.decide import knockouts
from harness.decide.catalog import Entry
from harness.decide.findings import Findings
from harness.decide.measures import Measures
from harness.decide.record import Reason
from harness.decide.requirements import Limits, Requirements, Wanted
from harness.report.numbers import digits, percent

UNDOCUMENTED = Reason("catalogue", "it has no file in the catalogue, so no limit can be checked", "documented", None)


def promises(engine: str, entry: Entry | None, findings: Findings, wanted: Requirements) -> list[Reason]:
    """Why it may not keep the records; [] if it may."""
    found = [UNDOCUMENTED] if entry is None else knockouts.documented(entry, wanted)
    return [*found, *_lost(engine, findings, wanted.limits), *_inconsistent(engine, findings, wanted.limits)]


def copies(entry: Entry | None, wanted: Requirements) -> list[Reason]:
    """Why it may not even serve copies beside a system of record."""
    return [UNDOCUMENTED] if entry is None else knockouts.of_a_copy(entry, wanted)


def unfit(measures: Measures, workload: Wanted, limits: Limits) -> list[Reason]:
    """Why one design of an engine cannot do one workload; [] if it can."""
    if measures.status != "ok":
        return [Reason(measures.workload, measures.problem or measures.status, "measured", measures.run)]
    found = []
    capacity, objective = measures.capacity, workload.objective
    if capacity and capacity.limit == "bottom" and measures.slo == objective:
        found.append(Reason(measures.workload, f"no rate keeps {worded(objective)}", "measured", measures.run))
    if limits.min_recall and measures.recall is not None and measures.recall < limits.min_recall:
        text = f"finds {percent(measures.recall)} of the nearest, {percent(limits.min_recall)} are wanted"
        found.append(Reason("min_recall", text, "measured", measures.run))
    return found


def unable(engine: str, findings: Findings, wanted: Requirements) -> Mapping[str, Sequence[Reason]]:
    """Workload -> why no measured design of an engine can do it."""
    found = {}
    for workload in wanted.workloads:
        designs = findings.of(engine, workload.name)
        reasons = [unfit(each, workload, wanted.limits) for each in designs]
        if not designs:
            found[workload.name] = [Reason(workload.name, "it was not measured with this workload", "measured", None)]
        elif all(reasons):
            found[workload.name] = reasons[0]
    return found


def _lost(engine: str, findings: Findings, limits: Limits) -> Iterator[Reason]:
    survived, most = findings.survived.get(engine), limits.max_loss_seconds
    if survived and most is not None and survived.oldest_lost_seconds is not None:
        oldest = survived.oldest_lost_seconds
        if oldest > most:
            text = f"a kill lost writes acknowledged {digits(oldest)} s before, {digits(most)} s are allowed"
            yield Reason("max_loss_seconds", text, "measured", None)


def _inconsistent(engine: str, findings: Findings, limits: Limits) -> Iterator[Reason]:
    levels = findings.levels.get(engine)
    if limits.multi_record_transactions and levels and anomalies(levels[-1]):
        strongest = levels[-1]
        text = f"even {strongest.level}, its strongest level, showed anomalies: {'; '.join(anomalies(strongest))}"
        yield Reason("multi_record_transactions", text, "measured", None)
