"""The report of a durability study: what was lost, how sure that is, and what it leaves open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from harness.analysis.losses import Counted, chance, oldest_seconds, total, with_loss
from harness.analysis.proportion import at_most
from harness.evidence import DurabilityStudy, Kill, Survival
from harness.report.document import Block, Notes, Report, Section, Table
from harness.report.numbers import counted, digits, interval, listed, percent, whole
from harness.report.subjects import closing_sections, told_of

_Column = tuple[str, Callable[[Survival], str]]

NOT_SHOWN = [
    "Loss of power: a kill ends the server and not the machine, so what the operating system had been given is kept, "
    "though no disk may have it yet. Class durable promises more than was tested here.",
    "Loss of a disk or of the machine, and what replicas would save.",
]


def of_durability(study: DurabilityStudy) -> Report:
    answer = [*_headline(study.results), *sentences(study.results)] or ["Nothing was measured."]
    first: list[Block] = [*answer, "How sure:", Notes(_how_sure(study)), "Not shown:", Notes(NOT_SHOWN)]
    parts = [
        Section(f"Durability: {', '.join(study.about.candidates)}", first),
        losses(study.results),
        _kills(study),
        *closing_sections(study.about, [each.subject for each in study.results]),
    ]
    return Report(
        about=told_of(study.about),
        made_by=study.about.bakeoff,
        sections=[part for part in parts if part.blocks],
        closing=answer,
    )


def _headline(results: Sequence[Survival]) -> list[str]:
    """Whether promises were kept, where any were made."""
    durable = [each for each in results if each.kills and each.subject.durability_asked == "durable"]
    broke = [each.subject.candidate for each in durable if with_loss(each)]
    kept = [each.subject.candidate for each in durable if not with_loss(each)]
    if broke:
        return [f"{listed(broke)} lost acknowledged writes, which class durable does not allow."]
    if kept:
        kills = counted(min(len(each.kills) for each in durable), "kill")
        return [f"No acknowledged write of class durable was lost: {listed(kept)}, {kills} each."]
    return []


def sentences(results: Sequence[Survival]) -> list[str]:
    """One for each candidate that was killed at all."""
    return [_sentence(each) for each in results if each.kills] + [
        f"{each.subject.candidate} was not studied: {each.subject.problems[0].reason}."
        for each in results
        if not each.kills and each.subject.problems
    ]


def losses(results: Sequence[Survival]) -> Section:
    """All kills of a candidate together."""
    killed = [each for each in results if each.kills]
    if not killed:
        return Section("What a kill loses", [])
    return Section(
        "What a kill loses",
        [
            _table("acknowledged writes", _LOST, killed),
            "Chance: that a kill loses acknowledged writes (95 % Clopper–Pearson interval over kills). Settled: "
            "records that were there long before.",
            _table("afterwards", _AFTER, killed),
            "In doubt: sent, but not acknowledged when the server died; it may keep or lose them. Serving: from the "
            "kill to the first read, the server having been started again at once.",
        ],
    )


def _table(title: str, columns: Sequence[_Column], killed: Sequence[Survival]) -> Table:
    head = (title, *(name for name, _ in columns))
    return Table(head, [(each.subject.candidate, *(text(each) for _, text in columns)) for each in killed])


def _sentence(survival: Survival) -> str:
    subject, kills = survival.subject, survival.kills
    acknowledged, lost = total(survival, "acknowledged"), total(survival, "lost")
    begin = f"{subject.candidate}, killed {counted(len(kills), 'time')},"
    if not with_loss(survival):
        most = percent(at_most(0, len(kills)))
        said = f"{begin} lost none of {whole(acknowledged)} acknowledged writes (chance of a loss ≤ {most}, 95 % sure)"
    else:
        struck = with_loss(survival)
        said = f"{begin} lost {whole(lost)} of {whole(acknowledged)} acknowledged writes in {struck} of them"
        if oldest := oldest_seconds(survival):
            said += f", acknowledged up to {digits(oldest)} s before"
        if settled := total(survival, "settled_lost"):
            said += f", and {whole(settled)} of {whole(total(survival, 'settled'))} that had been settled"
    return f"{said}. It served again after {_serving(survival)} s."


def _how_sure(study: DurabilityStudy) -> list[str]:
    wrong = [
        f"{each.subject.candidate}: {each.subject.durability_asked} was asked for, the server's own settings say "
        f"{each.subject.durability_observed or 'nothing'}; read its numbers as those of that class."
        for each in study.results
        if each.kills and each.subject.durability_observed != each.subject.durability_asked
    ]
    foreign = [
        f"{each.subject.candidate}: {counted(found, 'record')} that nobody wrote."
        for each in study.results
        if (found := total(each, "foreign"))
    ]
    return [
        f"{counted(study.kills, 'kill')} each by SIGKILL at random moments, while {counted(study.clients, 'client')} "
        "wrote one record after the other; every record was then compared with what was acknowledged.",
        *wrong,
        *foreign,
    ]


def _kills(study: DurabilityStudy) -> Section:
    blocks: list[Block] = []
    head = (
        "kill",
        "writing, s",
        "acknowledged",
        "lost",
        "oldest, s",
        "holes",
        "in doubt",
        "kept of these",
        "serving, s",
    )
    for each in study.results:
        if each.kills:
            blocks += [f"{each.subject.candidate}:", Table(head, [_row(kill) for kill in each.kills])]
    if blocks:
        blocks.append("Holes: lost writes after which the same client's later ones survived.")
    return Section("Kill by kill", blocks, folded=True)


def _row(kill: Kill) -> tuple[str, ...]:
    return (
        str(kill.number),
        digits(kill.after_seconds),
        whole(kill.acknowledged),
        whole(kill.lost),
        digits(kill.oldest_lost_seconds),
        whole(kill.holes),
        whole(kill.unacknowledged),
        whole(kill.unacknowledged_found),
        digits(kill.serving_seconds),
    )


def _serving(survival: Survival) -> str:
    seconds = [kill.serving_seconds for kill in survival.kills]
    spread = f" ({interval(min(seconds), max(seconds))})" if len(seconds) > 1 else ""
    return f"{digits(median(seconds))}{spread}"


def _of(part: Counted, of: Counted) -> Callable[[Survival], str]:
    return lambda each: f"{whole(total(each, part))} of {whole(total(each, of))}"


_LOST: Sequence[_Column] = (
    ("kills with loss", lambda each: f"{with_loss(each)} of {len(each.kills)}"),
    ("chance", lambda each: "–".join(map(percent, chance(each)))),
    ("lost", _of("lost", "acknowledged")),
    ("oldest, s", lambda each: digits(oldest_seconds(each))),
    ("settled lost", _of("settled_lost", "settled")),
)
_AFTER: Sequence[_Column] = (
    ("kept in doubt", _of("unacknowledged_found", "unacknowledged")),
    ("serving again after, s", _serving),
)
