"""The report of a decision, theme by theme. Every number says whether it is measured, documented or judged."""

from __future__ import annotations

from harness.decide.record import Decision, Scored, Valued
from harness.report.charts import Bars, Who
from harness.report.decision import words
from harness.report.document import Block, Command, Figure, Items, Notes, Section, Table, Weighing
from harness.report.numbers import digits

NOT_SHOWN = (
    "What exit, migration, support contracts and people cost, and what the organisation already runs.",
    "Other machines: every measured number is of the machine named under Evidence.",
    "Backup, restore, upgrades and replicas: documented at best, not measured.",
)


def sections(found: Decision) -> list[Section]:
    """Those with nothing to say are left out."""
    parts = [
        _answer(found),
        _options(found),
        _weighing(found),
        _cells(found),
        _weights(found),
        _change(found),
        _two(found),
        _growth(found),
        out(found),
        _not_measured(found),
        _evidence(found),
        Section("Repeat it", [Command(found.command)]),
    ]
    return [part for part in parts if part.blocks]


def _answer(found: Decision) -> Section:
    blocks: list[Block] = [*words.answer(found)]
    if found.context:
        blocks.append(found.context)
    if sure := words.sure(found):
        blocks += ["How sure:", Notes(sure)]
    blocks += ["Not shown:", Notes(NOT_SHOWN)]
    return Section(found.question, blocks)


def _options(found: Decision) -> Section:
    if not found.scores:
        return Section("Options", [])
    ranks = [f"rank {number}" for number in range(2, min(4, len(found.scores)) + 1)]
    rows = [
        (
            each.option,
            words.between(each),
            digits(each.cost_per_month),
            *(words.chance(share) for share in each.ranks[: len(ranks) + 1]),
            "yes" if each.efficient else "no",
        )
        for each in found.scores
    ]
    head = ("", "worth\n0 … 1", f"{found.currency}\na month", "best", *ranks, "Pareto\nfront")
    how = (
        "Worth: the weighted sum of what follows, with the range of 95 % of the draws. Best, rank: the chance of it. "
        "Pareto front: no other option is as good in everything and better in something."
    )
    bars = Bars("Chance of being the best", [(w, s.ranks[0], words.chance(s.ranks[0])) for w, s in _who(found)])
    figure = Figure("chances", bars.title, "Over all draws of weights and measurements.", [bars])
    return Section("Options", [Table(head, rows), how], figures=[figure] if len(found.scores) > 1 else [])


def everybody(found: Decision) -> list[Who]:
    return [who for who, _ in _who(found)]


def _who(found: Decision) -> list[tuple[Who, Scored]]:
    return [(Who(each.option, each.option, place, doubtful=False), each) for place, each in enumerate(found.scores)]


def _weighing(found: Decision) -> Section:
    if not found.scores:
        return Section("Weigh it yourself", [])
    return Section(
        "Weigh it yourself",
        [
            Weighing(
                attributes=[(each.criterion, each.workload) for each in found.weights],
                weights=[each.weight for each in found.weights],
                importance=list(found.importance.items()),
                options=[
                    (each.option, [each.cells[weight.attribute].worth for weight in found.weights])
                    for each in found.scores
                ],
            ),
            "Points: a hundred times weight times worth. They say who is ahead, and not how surely.",
        ],
    )


def _cells(found: Decision) -> Section:
    if not found.scores:
        return Section("What was found", [])
    rows = [(each.attribute, *(_told(score.cells[each.attribute]) for score in found.scores)) for each in found.weights]
    designs = [
        (each.option, "; ".join(f"{workload}: {candidate}" for workload, candidate in each.serves.items()))
        for each in found.scores
    ]
    table = Table(("", *(each.option for each in found.scores)), rows, numbers=False)
    return Section("What was found", [table, "Who would serve what:", Items(designs)])


def _told(cell: Valued) -> str:
    return f"{cell.text} ({cell.basis})"


def _weights(found: Decision) -> Section:
    rows = [(each.attribute, words.share(each.weight), each.scale) for each in found.weights]
    blocks: list[Block] = [Table(("", "weight", "worth 0 … worth 1"), rows, numbers=False)]
    would = [each for each in found.scores if each.central_weights]
    if len(would) > 1:
        blocks += [
            "The weights of those who would choose each option, on average:",
            Table(
                ("", *(each.option for each in would)),
                [
                    (w.attribute, *(words.share((each.central_weights or {})[w.attribute]) for each in would))
                    for w in found.weights
                ],
            ),
        ]
    return Section("Weights and scales", blocks if found.weights else [])


def _change(found: Decision) -> Section:
    blocks: list[Block] = []
    if tips := words.tips(found):
        blocks += ["Each by itself, everything else being as it is:", Notes(tips)]
    if doubts := words.doubts(found):
        blocks += ["What to find out next:", Notes(doubts)]
    return Section("What would change it", blocks)


def _two(found: Decision) -> Section:
    pairs = [each for each in found.scores if each.in_step]
    notes = [text for each in pairs for text in (f"{each.option}: {words.division(each)[0]}",)]
    notes += [words.within_noise(each) for each in found.passed]
    return Section("One engine or two", [Notes(notes)] if notes else [])


def _growth(found: Decision) -> Section:
    if not found.growing:
        return Section("Capacity and growth", [])
    several = len({each.option for each in found.growing}) > 1
    rows = [
        (
            _share(each.option, each.engine) if several else each.engine,
            "today" if not each.years else f"in {each.years:g} years",
            digits(each.per_second),
            digits(each.rows),
            digits(each.cores),
            digits(each.memory_gib),
            digits(each.disk_gib),
        )
        for each in found.growing
    ]
    head = ("", "when", "requests/s", "rows", "cores", "memory\nGiB", "disk\nGiB")
    blocks: list[Block] = [
        f"What one server needs; the cost above is of {found.nodes} of them." if found.nodes > 1 else "",
        Table(head, rows),
        "One machine is enough:",
        Items([(_share(each.option, each.engine), words.enough(each)) for each in found.scaling]),
        "What throughput by clients showed:",
        Items([(_share(each.option, each.engine), " ".join(each.law)) for each in found.scaling if each.law]),
    ]
    then = {each.engine: each.then for each in found.scaling if each.then}
    blocks += [
        "What each offers beyond one machine (documented):",
        Items([(engine, " ".join(f"{k}: {text}" for k, text in facts.items())) for engine, facts in then.items()]),
        "All of these are estimates, which assume:",
        Notes(found.assumptions),
    ]
    return Section("Capacity and growth", [block for block in blocks if block != ""])


def _share(option: str, engine: str) -> str:
    return option if option == engine else f"{option}: {engine}"


def out(found: Decision) -> Section:
    return Section(
        "Knocked out", [Items([(each.title, words.reasons(each)) for each in found.out])] if found.out else []
    )


def _not_measured(found: Decision) -> Section:
    blocks: list[Block] = []
    if found.elsewhere:
        note = "They meet all limits as documented; nothing is known of their speed:"
        blocks += [note, Items(list(found.elsewhere.items()))]
    if found.documented_out:
        items = [(each.title, words.reasons(each)) for each in found.documented_out]
        blocks += ["They do not, as documented:", Items(items)]
    return Section("Not measured", blocks, folded=True)


def _evidence(found: Decision) -> Section:
    notes = [*found.evidence, f"Class {found.durability}: all candidates were measured with this durability."]
    notes += [f"Left out: {each}" for each in found.left_out]
    blocks: list[Block] = [Notes(notes)]
    if found.warnings:
        blocks += ["Doubts about measurements that were used:", Notes(found.warnings)]
    return Section("Evidence", blocks)
