"""A decision in sentences, for reports and records alike."""

from __future__ import annotations

from harness.decide.record import Decision, Doubt, Out, Passed, Reason, Scaling, Scored, Tipping
from harness.report.numbers import digits, interval, listed, percent

FURTHEST_AMOUNT = 9.0  # Times better or worse, beyond which a measurement will not change.


def answer(found: Decision) -> list[str]:
    """The recommendation, and what it means where two engines come into question."""
    if not found.scores:
        return [f"No candidate is left: {'; '.join(f'{each.engine} ({_first(each)})' for each in found.out)}."]
    leader, *others = found.scores
    probability = chance(found.probability or 0.0)
    if not others:
        sentence = f"{leader.option}: no other candidate that was measured meets all limits."
    elif found.outcome == "no clear winner":
        sentence = (
            f"No clear winner: {leader.option} is ahead of {others[0].option}, but is the best with a chance of only "
            f"{probability}. Decide on other grounds, or measure what is named below."
        )
    else:
        word = "clearly" if found.outcome == "clear" else "probably"
        sentence = f"{leader.option}, {word}: the best with a chance of {probability}, ahead of {others[0].option}."
    return [sentence, *division(leader), *(within_noise(each) for each in found.passed[:2])]


def division(option: Scored) -> list[str]:
    """Which engine does what, of a pair."""
    if len(option.engines) < 2:
        return []
    parts = [
        f"{engine} for {listed([name for name, by in option.serves.items() if _engine(by) == engine])}"
        for engine in option.engines
    ]
    return [f"That is {listed(parts)}, kept in step by {option.in_step}."]


def within_noise(passed: Passed) -> str:
    if passed.difference <= 0:
        return f"{passed.option} is not better than {passed.alone} alone (chance {chance(passed.chance)})."
    return (
        f"{passed.option} is better than {passed.alone} alone with a chance of {chance(passed.chance)} only: "
        "within the noise, so the simple choice stands."
    )


def sure(found: Decision) -> list[str]:
    """Where the certainty comes from."""
    if not found.scores:
        return []
    return [
        f"{found.draws:,} draws of weights as the team stated them, and of every measurement within its error.",
        *(tip(each) for each in nearest(found)[:3]),
        *doubts(found)[:2],
    ]


def nearest(found: Decision) -> list[Tipping]:
    """Those within reach, the nearest first; of each rival and kind, one."""
    seen, tips = set(), []
    for each in found.tipping:
        key = each.rival, each.kind
        if key not in seen and _within_reach(each):
            seen.add(key)
            tips.append(each)
    return tips


def tips(found: Decision) -> list[str]:
    return [tip(each) for each in found.tipping if _within_reach(each)]


def tip(each: Tipping) -> str:
    """What would make a rival draw level."""
    then = f"{each.rival} would draw level"
    match each.kind:
        case "weight":
            return f"{then} if {each.what} weighed {share(each.then)} instead of {share(each.now)}."
        case "importance":
            return f"{then} if {each.what} mattered {share(each.then)} instead of {share(each.now)}."
    if each.what.startswith("recall"):
        found = f"{percent(1 - each.then)} instead of {percent(1 - each.now)}"
        return f"{then} if {each.whose} found {found} ({each.what})."
    way, change = ("higher", each.then / each.now - 1) if each.then > each.now else ("lower", 1 - each.then / each.now)
    space = "" if each.unit.startswith("/") else " "
    amounts = f"{digits(each.then)} instead of {digits(each.now)}{space}{each.unit}"
    return f"{then} if {each.whose}'s {each.what} were {share(change)} {way} ({amounts})."


def doubt(each: Doubt) -> str:
    if each.what == "weights":
        return f"Agreeing on exact weights would take away {share(each.share)} of the doubt."
    end = f": {each.command}" if each.command else "."
    return f"Knowing {each.what} exactly would take away {share(each.share)} of the doubt{end}"


def reasons(out: Out, *, sources: bool = True) -> str:
    return " ".join(reason(each, sources) for each in out.reasons)


def reason(each: Reason, source: bool) -> str:
    """Open source (documented): the text. Address."""
    limit = each.limit.replace("_", " ").capitalize() if "_" in each.limit else each.limit
    end = f" {each.source}" if source and each.source else ""
    return f"{limit} ({each.basis}): {each.text.rstrip('.')}.{end}"


def enough(each: Scaling) -> str:
    """How long one machine carries it."""
    if each.limit is None:
        return "not known: CPU or size was not measured"
    if each.years is None:
        return f"whatever comes at this growth; {each.limit} would be the first to end"
    if each.years == 0:
        return f"not even today: {each.limit}"
    return f"for {each.years:.1f} years, then {each.limit} is used up"


def between(option: Scored) -> str:
    return f"{digits(option.worth)} ({interval(option.low, option.high)})"


def chance(value: float) -> str:
    """Never quite sure, and never quite impossible."""
    return "over 99 %" if value > 0.99 else "under 1 %" if value < 0.01 else share(value)


def share(value: float) -> str:
    return f"{100 * value:.0f} %"


def doubts(found: Decision) -> list[str]:
    """What would help; nothing where there is hardly any doubt."""
    return [] if found.outcome == "clear" else [doubt(each) for each in found.doubts]


def _within_reach(each: Tipping) -> bool:
    return each.kind != "measurement" or 1 / FURTHEST_AMOUNT <= each.then / each.now <= FURTHEST_AMOUNT


def _first(out: Out) -> str:
    return f"{out.reasons[0].limit.replace('_', ' ')}: {out.reasons[0].text.rstrip('.')}"


def _engine(candidate: str) -> str:
    return candidate.partition("+")[0].partition(":")[0]
