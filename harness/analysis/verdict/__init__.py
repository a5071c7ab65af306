"""May a number be used? Gates say why not, in plain words, and what to do.

A gate looks at the trials that a number was made of and at the candidate's result. It says nothing where all is well,
or where what it would need was not measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.analysis.verdict import client, engine
from harness.analysis.verdict.client import client_bound, client_busy
from harness.analysis.verdict.engine import felt, throughput_by_second
from harness.analysis.verdict.finding import Finding, Trials, in_process, percent
from harness.result import Result, Run
from harness.trial import Trial

__all__ = [
    "Finding",
    "Verdict",
    "client_bound",
    "client_busy",
    "comparison",
    "felt",
    "in_process",
    "throughput_by_second",
    "trial_verdict",
    "verdict",
]

HOST_BUSY = 0.3  # Share of the usable cores that others had before the start.

GATES: Sequence[Callable[[Trials, Result], Finding | None]] = (  # What voids a number comes first.
    engine.answers,
    engine.survival,
    engine.loading,
    engine.memory,
    engine.errors,
    client.schedule,
    client.little,
    client.client,
    client.floor,
    client.timer,
    engine.steady,
    engine.warm_up,
    engine.result_cache,
    engine.durability,
    engine.network,
    engine.shared_cores,
    engine.interference,
    engine.throttled,
    engine.stolen,
)


@dataclass(frozen=True)
class Verdict:
    """ "ok"; "flagged": it stands, and must be read with the findings; "invalid": it must not be used."""

    status: Literal["ok", "flagged", "invalid"]
    findings: Sequence[Finding]


def trial_verdict(trial: Trial, result: Result) -> Verdict:
    """On what one trial measured. Raises UsageError for damaged histograms."""
    return _of(_struck([trial], result))


def verdict(run: Run, result: Result, trials: Trials) -> Verdict:
    """On a candidate's number made of these trials; a gate strikes once. Raises UsageError for damaged histograms."""
    findings = _struck(trials, result)
    if result.fingerprint != run.fingerprint:
        reason = f"other data or operations than those of the run ({result.fingerprint}, not {run.fingerprint})"
        findings.append(Finding("data", "invalid", reason, "compare results of one run"))
    if not trials and not findings:
        findings.append(Finding("trials", "invalid", "no trial came to its end", "run it again"))
    return _of(findings)


def comparison(run: Run, results: Iterable[Result]) -> list[Finding]:
    """On the comparison as a whole: what makes every candidate doubtful, or candidates unequal."""
    measured = [result for result in results if result.trials and result.status == "ok"]
    findings = []
    machine = run.machine
    busy = machine.load_average / machine.usable_cores if machine.busy is None else machine.busy
    if busy > HOST_BUSY:
        reason = f"before the start, {percent(busy)} of this machine's usable cores were busy with something else"
        findings.append(Finding("host load", "flagged", reason, "end other programs and run again"))
    paths = _groups((result.network or "unknown", result.candidate) for result in measured)
    if len(paths) > 1:
        reason = f"candidates were reached over different paths: {_listed(paths)}"
        findings.append(Finding("network", "flagged", reason, "give all of them one --source"))
    for asked in dict.fromkeys(result.durability_asked for result in measured):
        same = [result for result in measured if result.durability_asked == asked]
        kept = _groups((result.durability_observed or "cannot tell", result.candidate) for result in same)
        if len(kept) > 1:
            reason = f"{asked} was asked of all, and an acknowledged write is not equally safe: {_listed(kept)}"
            findings.append(Finding("durability", "flagged", reason, "compare within what they really keep"))
    return findings


def _struck(trials: Trials, result: Result) -> list[Finding]:
    return [finding for gate in GATES if (finding := gate(trials, result))]


def _of(findings: Sequence[Finding]) -> Verdict:
    invalid = any(finding.status == "invalid" for finding in findings)
    return Verdict("invalid" if invalid else "flagged" if findings else "ok", findings)


def _groups(members: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups = defaultdict(list)
    for group, member in members:
        groups[group].append(member)
    return groups


def _listed(groups: dict[str, list[str]]) -> str:
    """loopback (postgres, redis), in process (clickhouse)"""
    return ", ".join(f"{group} ({', '.join(members)})" for group, members in groups.items())
