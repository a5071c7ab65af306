"""How sure the answer is, and what it leaves open: the rest of the first screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.analysis.slo import worded
from harness.analysis.verdict import comparison
from harness.report.content.answer import told_apart
from harness.report.content.capacity import by_capacity, found
from harness.report.content.speed import method
from harness.report.content.trust import why_out
from harness.report.numbers import counted, digits, listed, percent
from harness.report.view import DOUBTFUL, Candidate, View

MANY_ERRORS = 0.001  # Share of failed requests from which the first screen speaks of them.
MIXED_COST = 10  # Slowest over fastest kind, from which a total of all kinds needs explaining.


def how_sure(view: View) -> list[str]:
    """What the answer rests on."""
    if not view.ok:
        return []
    return [
        _basis(view),
        *_ahead(view),
        *_alike(view),
        *_more(view),
        *_searched(view),
        *_gates(view),
        *_as_a_whole(view),
    ]


def not_shown(view: View) -> list[str]:
    """What the numbers do not say, the most important first."""
    return [
        *_unfinished(view),
        *_unranked(view),
        *_classes(view),
        *_bounds(view),
        *_pauses(view),
        *_mix(view),
        *_errors(view),
        *_reach(view),
    ]


def _basis(view: View) -> str:
    run = view.run
    if run.rate_per_second is None:
        load = f"{counted(run.clients, 'client')} that wait for each answer (closed loop)"
    else:
        load = f"{digits(run.rate_per_second)} requests/s offered ({run.arrivals}, open loop)"
    compared = view.compared and any(len(members) > 1 for members in view.ranked.values())
    return f"{counted(run.trials, 'trial')} of {run.seconds:g} s; {load}" + (f"; {method(view)}." if compared else ".")


def _ahead(view: View) -> list[str]:
    """In how many rounds a clear winner was the best: what an interval means in plain words."""
    if not view.compared:
        return []
    said = []
    for members in view.ranked.values():
        alike, beaten = told_apart(view, members)
        if len(alike) == 1 and beaten and view.like_for_like(members):
            rounds, won = _rounds(view, members)
            said.append(
                f"{alike[0].label} was the best in {won} of {counted(rounds, 'round')}; in each, all ran in turn."
            )
    return said


def _rounds(view: View, members: Sequence[Candidate]) -> tuple[int, int]:
    """All that the best shared with every other, and those of them in which it was the best."""
    sign = 1 if view.measure == "per_second" else -1
    best, *others = [{n: sign * v for n, v in view.by_trial(member).items()} for member in members]
    shared = [number for number in best if all(number in other for other in others)]
    return len(shared), sum(all(best[number] > other[number] for other in others) for number in shared)


def _alike(view: View) -> list[str]:
    """Neighbours below the first place that nothing tells apart."""
    if not view.compared:
        return []
    said = []
    for members in view.ranked.values():
        _, beaten = told_apart(view, members)
        for one, other in pairwise(beaten):
            standing = view.standing(one, other)
            if not standing.clear:
                said.append(f"Not told apart: {one.label} and {other.label} ({standing.doubt}).")
    return said


def _more(view: View) -> list[str]:
    """What would settle it."""
    if view.first_look:
        return ["A first look only: no interval can be given. Use profile quick or thorough for a comparison."]
    fronts = [told_apart(view, members)[0] for members in view.ranked.values()] if view.compared else []
    undecided = [front for front in fronts if len(front) > 1]
    if not undecided:
        return []
    if any(all(member.client_bound for member in front) for front in undecided):
        return ["More client cores or machines (bakeoff worker) would tell them apart; more trials would not."]
    return [f"More or longer trials (--trials {max(10, 2 * view.run.trials)}) would narrow the interval."]


def _searched(view: View) -> list[str]:
    if view.run.slo is None or not by_capacity(view.ok):
        return []
    return [
        f"Capacity at {worded(view.run.slo)} is one search each; its bounds are rates seen to keep and to break it."
    ]


def _gates(view: View) -> list[str]:
    flagged = [member.name for member in view.ok if member.doubtful]
    clean = [member.name for member in view.ok if not member.doubtful]
    said = [f"Main trials: {listed(clean)} passed every check"] if clean else []
    said += [f"{listed(flagged)} ({DOUBTFUL}) with reservations, see the verdict"] if flagged else []
    return [f"{'; '.join(said)}."]


def _as_a_whole(view: View) -> list[str]:
    """What makes the comparison doubtful; that classes differ is said by itself."""
    found = comparison(view.run, [c.result for c in view.candidates if c.result])
    return [f"Doubtful as a whole: {finding.reason}." for finding in found if finding.gate != "durability"]


def _unfinished(view: View) -> list[str]:
    return [] if view.run.finished else ["The rest of the run: it was interrupted or still goes on."]


def _unranked(view: View) -> list[str]:
    return [f"How fast {each.name} is: {each.status} ({why_out(view, each)})." for each in view.unranked]


def _classes(view: View) -> list[str]:
    names = listed(list(view.ranked)).capitalize()
    return [f"{names} keep different promises when a server dies: not ranked together."] if len(view.ranked) > 1 else []


def _bounds(view: View) -> list[str]:
    names = [member.label for member in view.ok if member.client_bound or _ended_by_client(member)]
    if not names:
        return []
    return [f"How much more {listed(names)} can do: the client was the limit, so the numbers are lower bounds."]


def _ended_by_client(member: Candidate) -> bool:
    """Did the search for its capacity?"""
    capacity = found(member)
    return capacity is not None and capacity.limit == "client"


def _pauses(view: View) -> list[str]:
    """Of a closed loop, which asks less while a server stalls."""
    if view.run.rate_per_second is not None or not view.ok:
        return []
    if any(member.levels.get("common rate") for member in view.ok):
        return ["Pauses, in the closed loop's times: clients that wait ask less. At the same rates pauses count."]
    return ["Pauses: clients that wait ask less while a server stalls (closed loop). With --rate pauses count."]


def _mix(view: View) -> list[str]:
    """What a total means where one kind of operation costs far more than another."""
    if not any(_mixed(candidate) for candidate in view.ok):
        return []
    return [f"Other mixes: the total adds cheap and expensive kinds, and the slowest set its pace.{_fastest(view)}"]


def _fastest(view: View) -> str:
    """How many kinds each candidate is alone the fastest in; nothing where classes differ."""
    if len(view.ranked) > 1:
        return ""
    fastest = [view.fastest(kind, view.ok) for kind in view.kinds]
    counts = [(c.label, fastest.count({c.name})) for c in view.ok if {c.name} in fastest]
    named = listed([f"{label} in {count}" for label, count in counts])
    return f" Clearly fastest by p50, of {len(view.kinds)} kinds: {named}." if counts else ""


def _mixed(candidate: Candidate) -> bool:
    means = [kind.response.mean_ms for kind in candidate.kinds.values() if kind.response]
    return len(means) > 1 and max(means) >= MIXED_COST * min(means)


def _errors(view: View) -> list[str]:
    shares = {c.label: c.total.error_share for c in view.ok if c.total and c.total.error_share > MANY_ERRORS}
    named = listed([f"{name} {percent(share)}" for name, share in shares.items()])
    return [f"Requests failed and are in no throughput or response time: {named}."] if shares else []


def _reach(view: View) -> list[str]:
    """What no run of this kind shows."""
    rows = {c.result.loading.rows for c in view.ok if c.result and c.result.loading}
    if not rows:
        return []
    crash = "" if view.run.fault else " no crash,"
    return [f"Anything but one server with {max(rows):,} rows: no replication,{crash} no month of growth."]
