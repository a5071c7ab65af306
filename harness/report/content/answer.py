"""What a run shows: one sentence with its uncertainty, and one more for what else was asked or can be said."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.slo import worded
from harness.report.content import faults, rates
from harness.report.content.capacity import by_capacity, carries_more, kept_up_to, unknown
from harness.report.content.capacity import found as capacity_of
from harness.report.content.quality import at_equal_recall
from harness.report.numbers import digits, interval, listed
from harness.report.view import Candidate, View

OUT = {
    "not supported": "cannot do this job",
    "failed": "failed",
    "invalid": "is out (invalid)",
    "no result": "has no result",
    "no valid trial": "has no valid trial",
    "other data": "was given other data",
    "did not keep up": "did not keep up",
}
SHARE = {"p99_ms": "99 %", "p50_ms": "half"}


def answer(view: View) -> list[str]:
    """Paragraphs: the answer, then what the stages beside the main one add; so for each durability class."""
    if not view.ok:
        return [f"No candidate has numbers that may be used: {listed(out(view))}."]
    if view.run.fault:
        return [*faults.sentences(view), *([f"{listed(out(view))}."] if view.unranked else [])]
    if view.first_look:
        return [_first_look(view)]
    paragraphs = []
    for durability, members in view.ranked.items():
        said = [*_objective(view, members), *_speed(view, members), *at_equal_recall(members)]
        head, *others = said
        if durability == next(iter(view.ranked)) and view.unranked:
            head = f"{head}; {listed(out(view))}"
        named = f"{durability}: " if len(view.ranked) > 1 else ""
        fair = rates.sentence(view, members)
        paragraphs += [
            f"{named}{head}.",
            *(f"{named}{each}." for each in others),
            *([f"{named}{fair}"] if fair else []),
        ]
    return paragraphs


def out(view: View) -> list[str]:
    """Who has no place in the answer, and why in few words."""
    return [f"{candidate.name} {OUT[candidate.status]}" for candidate in view.unranked]


def told_apart(view: View, members: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Best first: those that may be the best, and those that surely are not."""
    best, *others = members
    beaten = [other for other in others if view.standing(best, other).clear]
    return [best, *(other for other in others if other not in beaten)], beaten


def _first_look(view: View) -> str:
    why = "profile smoke" if view.run.profile == "smoke" else "a single trial"
    what = {"per_second": "operations/s", "p99_ms": "ms response at p99", "p50_ms": "ms response at p50"}[view.measure]
    numbers = listed([f"{candidate.label} {digits(view.number(candidate))}" for candidate in view.ok])
    without = f"; {listed(out(view))}" if view.unranked else ""
    return f"A first look, not a comparison ({why}): {numbers} {what}{without}."


def _objective(view: View, members: Sequence[Candidate]) -> list[str]:
    """What each can carry, where that was asked for."""
    searched = by_capacity(members)
    if view.run.slo is None or not searched:
        return []
    goal = worded(view.run.slo)
    able = [member for member in searched if (capacity := capacity_of(member)) and capacity.per_second is not None]
    carried = [f"{member.label} {kept_up_to(member)}" for member in searched]
    if not able and any(unknown(each) for each in searched):
        return [f"Which rate keeps {goal} is not known: the client was the limit at every rate that was tried"]
    if not able:
        return [f"None of {listed([each.label for each in searched])} keeps {goal}, at any rate that was tried"]
    if len(searched) == 1:
        return [f"{searched[0].label} keeps {goal} {kept_up_to(searched[0])}"]
    alike = [able[0], *(other for other in searched[1:] if not carries_more(able[0], other))]
    if len(alike) == 1:
        return [f"To keep {goal} choose {able[0].label}: it does so {kept_up_to(able[0])}, {listed(carried[1:])}"]
    names = listed([each.label for each in alike])
    return [f"No clear winner at {goal}: {names} are not told apart ({'; '.join(carried)})"]


def _speed(view: View, members: Sequence[Candidate]) -> list[str]:
    """Of candidates in one class, best first."""
    if not view.like_for_like(members):
        values = [f"{member.label} {member.recall:.3f}" for member in members if member.recall is not None]
        return [f"Speed alone does not decide: recall differs ({listed(values)}), so compare at equal recall below"]
    if len(members) == 1:
        alone = len(view.ok) == 1 < len(view.candidates)
        only = "is the only candidate whose numbers may be used: it " if alone else ""
        return [f"{members[0].label} {only}{_reached(view, members[0])}"]
    alike, beaten = told_apart(view, members)
    if len(alike) == 1:
        return [_choose(view, alike[0], beaten)]
    return [_undecided(view, alike, beaten)]


def _choose(view: View, best: Candidate, beaten: Sequence[Candidate]) -> str:
    if view.measure == "per_second":
        served = _times(view, best, beaten, "the operations of {name}")
        return f"For throughput choose {best.label}: it served {served}"
    rate, longer = digits(view.run.rate_per_second), _times(view, best, beaten, "as long for {name}")
    return f"At {rate} requests/s choose {best.label}: it {_reached(view, best)}, and it took {longer}"


def _undecided(view: View, alike: Sequence[Candidate], beaten: Sequence[Candidate]) -> str:
    best, *others = alike
    names = listed([each.label for each in alike])
    if all(each.client_bound for each in alike):
        common = " and the common rates" if any(each.levels.get("common rate") for each in alike) else ""
        said = (
            f"{names} are {'both' if len(alike) == 2 else 'all'} limited by the client here and not told apart: "
            f"compare the server's CPU time per operation{common}"
        )
    else:
        what = "throughput" if view.measure == "per_second" else "response time"
        doubts = [f"{other.label}: {view.standing(best, other).doubt}" for other in others]
        pairs = f"{best.label} against {'; '.join(doubts)}" if len(others) > 1 else view.standing(best, others[0]).doubt
        said = f"No clear winner: {what} does not tell {names} apart ({pairs})"
    if not beaten:
        return said
    if view.measure == "per_second":
        return f"{said}; {best.label} served {_times(view, best, beaten, 'the operations of {name}')}"
    return f"{said}; against {best.label} it took {_times(view, best, beaten, 'as long for {name}')}"


def _times(view: View, best: Candidate, beaten: Sequence[Candidate], clause: str) -> str:
    """2.29x the operations of postgres (95 % interval 2.15–2.45) and …"""
    said: list[str] = []
    for other in beaten:
        standing = view.standing(best, other)
        assert standing.ratio is not None
        within = interval(standing.ratio.low, standing.ratio.high)
        bound = "at least " if standing.first_bound else ""
        what = clause.format(name=other.label)
        said.append(f"{bound}{digits(standing.ratio.estimate)}x {what} ({'' if said else '95 % interval '}{within})")
    return listed(said)


def _reached(view: View, candidate: Candidate) -> str:
    number, trials = digits(view.number(candidate)), view.by_trial(candidate).values()
    spread = f" ({interval(min(trials), max(trials))} in its trials)" if len(trials) > 1 else ""
    if view.measure == "per_second":
        return f"served {'at least ' if candidate.client_bound else ''}{number} operations/s{spread}"
    return f"answered {SHARE[view.measure]} of the requests within {number} ms{spread}"
