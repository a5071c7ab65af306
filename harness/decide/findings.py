"""All that runs and studies found which may be used for one question, and what may not, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import store
from harness.analysis.levels import KNOB
from harness.analysis.losses import oldest_seconds, with_loss
from harness.consistency.record import Consistency
from harness.decide.knockouts import durability
from harness.decide.measures import Measures, engine_of, measures
from harness.decide.quantities import Counted
from harness.decide.requirements import Requirements
from harness.engine import Durability
from harness.errors import UsageError
from harness.evidence import About, ConsistencyStudy, DurabilityStudy, Study
from harness.report.view import view
from harness.result import Machine, Result, Run
from harness.trial import Parameter


@dataclass(frozen=True)
class Survived:
    """What kills left of acknowledged writes."""

    without_loss: Counted  # Of the kills.
    oldest_lost_seconds: float | None  # How long before its kill the earliest lost one was acknowledged.


@dataclass(frozen=True)
class Findings:
    durability: Durability  # The class that all were measured in.
    measures: Sequence[Measures]
    survived: Mapping[str, Survived]  # By engine.
    levels: Mapping[str, Sequence[Consistency]]  # By engine, the weakest first.
    folders: Sequence[str]  # That were used.
    places: Sequence[str]  # On which machines, when, with which versions: a sentence each.
    left_out: Sequence[str]  # What was given and not used, and why.
    warnings: Sequence[str]

    @property
    def engines(self) -> list[str]:
        return list(dict.fromkeys(each.engine for each in self.measures))

    def of(self, engine: str, workload: str) -> list[Measures]:
        """One for each design, version or search effort that was measured."""
        return [each for each in self.measures if (each.engine, each.workload) == (engine, workload)]


def gather(folders: Sequence[Path], wanted: Requirements) -> Findings:
    """From the folders of runs and studies. Raises UsageError for what is neither, and for runs that do not match."""
    wanted_class = durability(wanted.limits)
    studies = [(str(folder), study) for folder in folders if (study := store.read_study(folder))]
    used = {name for name, _ in studies}
    runs = [(str(folder), *store.read_run(folder)) for folder in folders if str(folder) not in used]
    fit = [each for each in runs if not _unfit(each[1], wanted)]
    left_out = [f"{folder}: {why}" for folder, run, _ in runs if (why := _unfit(run, wanted))]
    _same_data(fit)
    found: dict[tuple[str, str, object], Measures] = {}  # A newer run of the same candidate replaces an older one.
    for folder, run, results in sorted(fit, key=lambda each: each[1].started):
        workload = next(each for each in wanted.workloads if each.name == run.workload)
        for each in view(run, results).candidates:
            if each.result and each.result.durability_asked == wanted_class:
                key = each.name, run.workload, run.parameters.get(KNOB)
                found[key] = measures(each, run, workload, folder)
        left_out += _of_another_class(folder, results, wanted_class)
    subjects = sorted(studies, key=lambda each: each[1].about.started)
    machines = {_machine(run.machine, results): None for _, run, results in fit}
    return Findings(
        durability=wanted_class,
        measures=[*found.values()],
        survived={name: each for _, study in subjects for name, each in _survived(study, wanted_class)},
        levels={name: levels for _, study in subjects for name, levels in _levels(study)},
        folders=[folder for folder, _, _ in fit] + [folder for folder, _ in studies],
        places=[_told(folder, run) for folder, run, _ in fit] + [_told(*each) for each in studies],
        left_out=left_out,
        warnings=[f"The runs were not made on the same terms: {'; '.join(machines)}."] if len(machines) > 1 else [],
    )


def _unfit(run: Run, wanted: Requirements) -> str | None:
    """Why a run says nothing about the question."""
    workload = next((each for each in wanted.workloads if each.name == run.workload), None)
    if workload is None:
        return f"{run.workload} is no workload of the question"
    for name, value in workload.parameters.items():
        if name != KNOB and run.parameters.get(name) != value:
            return f"{name} was {run.parameters.get(name)}, {value} is asked for"
    if run.fault or run.cold:
        return "its servers were hurt or cold on purpose"
    return None


def _same_data(runs: Sequence[tuple[str, Run, Sequence[Result]]]) -> None:
    """Raises UsageError where runs of one workload differ in more than the effort of searches."""
    first: dict[str, tuple[str, dict[str, Parameter]]] = {}
    for folder, run, _ in runs:
        parameters = {name: value for name, value in run.parameters.items() if name != KNOB}
        other, others = first.setdefault(run.workload, (folder, parameters))
        differ = [name for name in parameters if others.get(name) != parameters[name]]
        if differ:
            raise UsageError(
                f"{other} and {folder} are {run.workload} with different {', '.join(differ)}: numbers of different "
                f"data never compare. Name one of them, or the value under parameters of that workload."
            )


def _of_another_class(folder: str, results: Sequence[Result], wanted: Durability) -> list[str]:
    others = [result.candidate for result in results if result.durability_asked != wanted]
    return [f"{folder}: {', '.join(others)}: the question is one of class {wanted}"] if others else []


def _survived(study: Study, wanted: Durability) -> list[tuple[str, Survived]]:
    if not isinstance(study, DurabilityStudy):
        return []
    return [
        (
            engine_of(each.subject.candidate),
            Survived(Counted(len(each.kills) - with_loss(each), len(each.kills)), oldest_seconds(each)),
        )
        for each in study.results
        if each.kills and each.subject.durability_asked == wanted
    ]


def _levels(study: Study) -> list[tuple[str, Sequence[Consistency]]]:
    if not isinstance(study, ConsistencyStudy):
        return []
    return [(engine_of(each.subject.candidate), each.levels) for each in study.results if each.levels]


def _told(folder: str, found: Run | Study) -> str:
    head: Run | About = found if isinstance(found, Run) else found.about
    what = f"{found.workload}, profile {found.profile}" if isinstance(found, Run) else f"{_kind(found)} study"
    return f"{folder}: {what}, {head.started:%d %B %Y}, {head.machine.cpu}"


def _kind(study: Study) -> str:
    return "durability" if isinstance(study, DurabilityStudy) else "consistency"


def _machine(machine: Machine, results: Sequence[Result]) -> str:
    sources = sorted({result.source for result in results if result.source})
    cores = sorted({len(result.server_cpus) for result in results if result.server_cpus})
    return f"{machine.cpu}, {'/'.join(map(str, cores))} server cores, source {'/'.join(sources)}"
