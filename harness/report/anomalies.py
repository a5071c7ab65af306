"""The report of a consistency study: what each level of isolation let happen, and what was not looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.consistency import Consistency, Seen, anomalies, in_words
from harness.evidence import ConsistencyStudy, Consistent
from harness.report.document import Block, Items, Notes, Report, Section, Table
from harness.report.numbers import counted, digits, listed, percent, whole
from harness.report.subjects import closing_sections, told_of

_Column = tuple[str, Callable[[Consistency], str]]

NOT_SHOWN = [
    "That an anomaly cannot happen: some seconds can only show that it did.",
    "Write skew and phantoms are not looked for, so snapshot isolation looks as good as serializable here.",
    "What happens between several servers: every engine is one server, or a replica set of one.",
]


def of_consistency(study: ConsistencyStudy) -> Report:
    sentences = [said for each in study.results for said in _sentences(each)]
    answer = [*_headline(study.results), *sentences] or ["Nothing was measured."]
    first: list[Block] = [*answer, "How sure:", Notes(_how_sure(study)), "Not shown:", Notes(NOT_SHOWN)]
    parts = [
        Section(f"Consistency: {', '.join(study.about.candidates)}", first),
        _tables(study.results),
        _words(study.results),
        *closing_sections(study.about, [each.subject for each in study.results]),
    ]
    return Report(
        about=told_of(study.about),
        made_by=study.about.bakeoff,
        sections=[part for part in parts if part.blocks],
        closing=answer,
    )


def _headline(results: Sequence[Consistent]) -> list[str]:
    """What the strongest levels kept: whoever needs to be right has to take them."""
    strongest = {
        each.subject.candidate: level for each in results for level in each.levels if level.role == "strongest"
    }
    clean = [name for name, level in strongest.items() if not anomalies(level)]
    broken = [name for name, level in strongest.items() if anomalies(level)]
    without = [each.subject.candidate for each in results if {level.role for level in each.levels} == {"none"}]
    said = [f"no anomaly was seen at the strongest level of {listed(clean)}"] if clean else []
    said += [f"the strongest level of {listed(broken)} broke its promise"] if broken else []
    said += [f"without transactions over several records: {listed(without)}"] if without else []
    text = "; ".join(said)
    return [f"{text[0].upper()}{text[1:]}."] if said else []


def _sentences(found: Consistent) -> list[str]:
    """The levels that kept all, then those that did not."""
    name = found.subject.candidate
    if not found.levels:
        return [f"{name} was not studied: {problem.reason}." for problem in found.subject.problems]
    clean = [level.level for level in found.levels if not anomalies(level)]
    broken = [f"at {level.level} {_in_short(level)}" for level in found.levels if anomalies(level)]
    said = [*([f"no anomaly was seen at {listed(clean)}"] if clean else []), *broken]
    return [f"{name}: {'; '.join(said)}."]


def _in_short(level: Consistency) -> str:
    """The two that cost an application most."""
    lost, money = level.lost_updates, abs(level.money_cents)
    parts = [f"{percent(lost.at_least / lost.of)} of the increments were lost"] if lost.at_least else []
    if money:
        made = "made from nothing" if level.money_cents > 0 else "destroyed"
        parts.append(f"{whole(money)} of {whole(level.money_of_cents)} cents were {made}")
    return listed(parts) or f"{counted(len(anomalies(level)), 'kind')} of anomalies were seen"


def _how_sure(study: ConsistencyStudy) -> list[str]:
    economy = study.economy
    return [
        f"{economy.sessions} sessions for {economy.seconds:g} s at each level, on {economy.accounts} accounts and "
        f"{counted(economy.counters, 'counter')}: few, so that they get in each other's way. Each reads, decides and "
        "writes back, as applications do that load and save objects.",
        "A conflict was tried again, and is no anomaly. Where a write ended in an error, counts have bounds.",
    ]


def _tables(results: Sequence[Consistent]) -> Section:
    levels = [(f"{each.subject.candidate}, {level.level}", level) for each in results for level in each.levels]
    if not levels:
        return Section("Level by level", [])
    return Section(
        "Level by level",
        [
            _table("writes", _WRITES, levels),
            "Conflicts: transactions that the engine gave up, tried again. Money: made (+) or destroyed (−).",
            _table("reads", _READS, levels),
            "Wrong sums: reads of all balances that were not the money of the beginning. Backward: reads that found "
            "less than the same session had read before; stale: less than any session had written and been "
            "acknowledged before.",
        ],
    )


def _table(title: str, columns: Sequence[_Column], levels: Sequence[tuple[str, Consistency]]) -> Table:
    head = (title, *(name for name, _ in columns))
    return Table(head, [(name, *(text(level) for _, text in columns)) for name, level in levels])


def _words(results: Sequence[Consistent]) -> Section:
    items = [(f"{each.subject.candidate}, {level.level}", in_words(level)) for each in results for level in each.levels]
    return Section("In words", [Items(items)] if items else [])


def _seen(which: Callable[[Consistency], Seen]) -> Callable[[Consistency], str]:
    def text(level: Consistency) -> str:
        found = which(level)
        few = whole(found.at_least)
        return f"{few if found.at_least == found.at_most else f'{few}–{whole(found.at_most)}'} of {whole(found.of)}"

    return text


_WRITES: Sequence[_Column] = (
    ("operations/s", lambda level: digits(level.operations_per_second)),
    ("conflicts", lambda level: whole(level.transfers.conflicts + level.increments.conflicts)),
    ("errors", lambda level: whole(sum(level.errors.values()))),
    ("lost updates", _seen(lambda level: level.lost_updates)),
    ("money, cents", lambda level: f"{level.money_cents:+,}".replace("-", "−").replace("+0", "0")),
)
_READS: Sequence[_Column] = (
    ("wrong sums", _seen(lambda level: level.impossible_sums)),
    ("backward", _seen(lambda level: level.backward_reads)),
    ("stale", _seen(lambda level: level.stale_reads)),
)
