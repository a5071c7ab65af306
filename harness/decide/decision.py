"""An analysis as the record that is saved, reported and signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from harness.decide import acceptability, growth, record, sizing, tipping
from harness.decide.acceptability import centres, doubts
from harness.decide.analysis import Analysis, values
from harness.decide.criteria import Attribute, scale
from harness.decide.record import Decision, Doubt, Out, Scored, Tipping, Valued, Weighed
from harness.decide.requirements import Requirements, Wanted
from harness.decide.scores import Question, in_step, monthly
from harness.report.numbers import digits, percent

TIPS_OF_A_RIVAL = 3  # Of each kind, the nearest.
LEAST_DOUBT = 0.02
FAR = 10  # Times the rows that were measured: from there on it is said.


@dataclass(frozen=True)
class About:
    """What only the command knows."""

    requirements: Path
    made: datetime
    bakeoff: str
    command: str
    out: Sequence[Out]  # By what is documented, measured or not.
    elsewhere: Mapping[str, str]
    commands: Mapping[str, str]  # Workload, or "durability" or "consistency" -> what measures it better.


def decision(analysis: Analysis, about: About) -> Decision:
    question, ranking = analysis.question, analysis.ranking
    wanted, findings = question.wanted, question.findings
    return Decision(
        version=record.VERSION,
        made=about.made,
        bakeoff=about.bakeoff,
        command=about.command,
        question=wanted.question,
        context=wanted.context,
        deciders=wanted.deciders,
        requirements=str(about.requirements),
        digest=sha256(about.requirements.read_bytes()).hexdigest(),
        folders=list(findings.folders),
        seed=question.seed,
        draws=question.draws,
        durability=findings.durability,
        outcome=analysis.outcome,
        leader=analysis.options[0].name if analysis.options else None,
        probability=float(ranking.acceptability[0, 0]) if ranking else None,
        weights=_weights(analysis),
        importance=centres(wanted, analysis.attributes)[1],
        scores=[_scored(analysis, place) for place in range(len(analysis.options))],
        out=list(analysis.out),
        documented_out=[each for each in about.out if each.engine not in {m.engine for m in findings.measures}],
        passed=_passed(analysis),
        tipping=_tipping(analysis),
        doubts=_doubts(analysis, about.commands),
        growing=[each for option in analysis.options for each in growth.growing(question, option)],
        scaling=[each for option in analysis.options for each in growth.scaling(question, option)],
        currency=wanted.prices.currency,
        nodes=sizing.nodes(wanted),
        assumptions=list(sizing.ASSUMPTIONS),
        elsewhere=dict(about.elsewhere),
        evidence=list(findings.places),
        left_out=list(findings.left_out),
        warnings=[*findings.warnings, *_warnings(analysis)],
    )


def _passed(analysis: Analysis) -> list[record.Passed]:
    return [
        record.Passed(option=each.pair.name, alone=each.alone.name, chance=each.chance, difference=each.difference)
        for each in analysis.passed
    ]


def _weights(analysis: Analysis) -> list[Weighed]:
    question = analysis.question
    return [
        Weighed(
            attribute=each.title,
            criterion=each.criterion,
            workload=each.workload,
            weight=float(weight),
            scale=_scale(each, question.wanted, question.grown),
        )
        for each, weight in zip(analysis.attributes, analysis.weights.centre, strict=True)
    ]


def _scale(attribute: Attribute, wanted: Requirements, grown: float) -> str:
    """What is worth 0, and what 1."""
    if attribute.criterion == "recall" and (found := scale(attribute, wanted, grown)):
        return f"finds {percent(1 - found.worst)} … {percent(1 - found.target)}"
    if found := scale(attribute, wanted, grown):
        space = "" if found.unit.startswith("/") else " "
        return f"{digits(found.worst)} … {digits(found.target)}{space}{found.unit}"
    return _SCALES[attribute.criterion]


_SCALES = {
    "durability": "every kill loses something … none does",
    "consistency": "anomalies at every level … none at the default level; 0.75: none at the strongest",
    "isolation": "weaker than snapshot … serializable; 0.5: snapshot",
    "operations": "high effort … low",
    "experience": "none … expert",
    "sync": "copies that drift apart … one engine",
}


def _scored(analysis: Analysis, place: int) -> Scored:
    option, ranking, question = analysis.options[place], analysis.ranking, analysis.question
    assert ranking is not None
    cells = analysis.cells[option.name]
    means = np.array([[each.worth for each in analysis.cells[o.name].values()] for o in analysis.options])
    central = ranking.central[place]
    return Scored(
        option=option.name,
        engines=list(option.engines),
        serves={name: question.chosen[engine, name].candidate for name, engine in option.serves.items()},
        worth=float(ranking.mean[place]),
        low=float(ranking.low[place]),
        high=float(ranking.high[place]),
        ranks=[float(share) for share in ranking.acceptability[place]],
        efficient=acceptability.pareto(means)[place],
        central_weights=None
        if np.isnan(central).any()
        else dict(zip([a.title for a in cells], map(float, central), strict=True)),
        cells={a.title: Valued(basis=c.basis, text=c.text, worth=c.worth) for a, c in cells.items()},
        in_step=None if option.single else in_step(question, option)[1],
        cost_per_month=monthly(question, option),
    )


def _tipping(analysis: Analysis) -> list[Tipping]:
    """The nearest of each kind for each rival that could be first at all."""
    question, attributes = analysis.question, analysis.attributes
    criteria, importance = centres(question.wanted, attributes)
    scales = {each: scale(each, question.wanted, question.grown) for each in attributes}
    weights = dict(zip(attributes, map(float, analysis.weights.centre), strict=True))
    found = []
    for rival in analysis.options[1:]:
        first, other = analysis.cells[analysis.options[0].name], analysis.cells[rival.name]
        lead = np.array([first[each].worth - other[each].worth for each in attributes])
        tips = tipping.of_weights(lead, criteria, importance, attributes, rival.name)
        names = (analysis.options[0].name, rival.name)
        measured = [*tipping.of_measurements(first, other, scales, weights, names)]
        for some in (tips, measured):
            found += sorted(some, key=lambda tip: tip.change)[:TIPS_OF_A_RIVAL]
    return [
        Tipping(kind=t.kind, rival=t.rival, what=t.what, whose=t.whose, now=t.now, then=t.then, unit=t.unit)
        for t in sorted(found, key=lambda tip: tip.change)
    ]


def _doubts(analysis: Analysis, commands: Mapping[str, str]) -> list[Doubt]:
    if len(analysis.options) < 2:
        return []
    cells = [analysis.cells[option.name] for option in analysis.options]
    shares = doubts(values(cells), analysis.weights)
    found = []
    for place, share in shares.items():
        if share >= LEAST_DOUBT:
            attribute = analysis.attributes[place] if place >= 0 else None
            what = attribute.title if attribute else "weights"
            key = (attribute.workload or attribute.criterion) if attribute else ""
            found.append(Doubt(what=what, share=share, command=commands.get(key)))
    return sorted(found, key=lambda doubt: -doubt.share)


def _far(wanted: Wanted, question: Question) -> str | None:
    """What is said of a workload that was measured with far fewer rows than there are."""
    rows = max((m.rows or 0 for (_, name), m in question.chosen.items() if name == wanted.name), default=0)
    if not rows or wanted.rows < FAR * rows:
        return None
    times = float(f"{wanted.rows / rows:.2g}")
    return (
        f"{wanted.name} was measured with {rows:,} rows, and the question is about {times:,.0f} times as many: "
        "responses and costs per operation may be others at that size."
    )


def _warnings(analysis: Analysis) -> list[str]:
    """What the chosen measurements were doubted for, and servers that are not the documented version."""
    question = analysis.question
    used = {(e, w) for option in analysis.options for w, e in option.serves.items()}
    found = [
        f"{m.candidate}, {m.workload}: {doubt}."
        for key, m in sorted(question.chosen.items())
        if key in used
        for doubt in m.doubts
    ]
    found += [far for each in question.wanted.workloads if (far := _far(each, question))]
    for engine in sorted({engine for engine, _ in used}):
        entry = question.entry(engine)
        versions = {m.server_version for (e, _), m in question.chosen.items() if e == engine and m.server_version}
        found += [
            f"{engine} was measured at {version}; the catalogue is about {entry.version}."
            for version in sorted(versions)
            if entry and version.partition(".")[0] != entry.version.partition(".")[0]
        ]
    return found
