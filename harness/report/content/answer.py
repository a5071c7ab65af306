"""What a run shows, in sentences that claim no more than its trials carry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.analysis.ratio import Ratio
from harness.report.numbers import counted, digits, interval, listed, percent
from harness.report.view import DOUBTFUL, Candidate, View

MANY_ERRORS = 0.001  # Share of failed requests from which the answer speaks of them.
MIXED_COST = 10  # Slowest over fastest kind, from which a total of all kinds needs explaining.


def answer(view: View) -> list[str]:
    """In a paragraph, or one for each durability class."""
    if not view.ok:
        return ["No candidate has numbers that may be used."]
    return [_first_look(view)] if view.first_look else _comparison(view)


def limits(view: View) -> list[str]:
    """What the answer rests on, and what it does not say."""
    if not view.ok:
        return [*_unfinished(view), *_unranked(view)]
    return [
        _basis(view),
        *_unfinished(view),
        *_classes(view),
        *_mix(view),
        *_errors(view),
        *_unranked(view),
        *_doubts(view),
    ]


def _first_look(view: View) -> str:
    why = "profile smoke" if view.run.profile == "smoke" else "a single trial"
    what = {"per_second": "operations/s", "p99_ms": "ms response at p99", "p50_ms": "ms response at p50"}[view.measure]
    numbers = listed([f"{candidate.label} {digits(view.number(candidate))}" for candidate in view.ok])
    return f"A first look, not a comparison ({why}): {numbers} {what}."


def _comparison(view: View) -> list[str]:
    paragraphs = []
    for durability, members in view.ranked.items():
        kept = [member for member in members if member.schedule is None or member.schedule.kept]
        sentences = [*_recall(view, members), *_best(view, kept)]
        sentences += [_fell_behind(view, member) for member in members if member not in kept]
        paragraphs.append((f"{durability}: " if len(view.ranked) > 1 else "") + " ".join(sentences))
    return paragraphs


def _recall(view: View, members: Sequence[Candidate]) -> list[str]:
    if view.like_for_like(members):
        return []
    values = [f"{member.label} {member.recall:.3f}" for member in members if member.recall is not None]
    return [f"Not like for like, recall differs ({listed(values)}): compare speed only at equal recall."]


def _best(view: View, members: Sequence[Candidate]) -> list[str]:
    """Of candidates in one class, best first: whom the first one beats, and who cannot be told apart."""
    if not members:
        return []
    best, *others = members
    if not others:
        return [f"{best.label} {_reached(view, best)}."]
    ratios = [(other.label, view.better(best, other)) for other in others]
    clear = [(name, ratio) for name, ratio in ratios if ratio and ratio.clear]
    alike = [_alike(best.label, name, ratio) for name, ratio in ratios if not (ratio and ratio.clear)]
    for one, other in pairwise(others):
        ratio = view.better(one, other)
        if not (ratio and ratio.clear):
            alike.append(_alike(one.label, other.label, ratio))
    return [*([_beats(view, best, clear)] if clear else []), *alike]


def _beats(view: View, best: Candidate, ratios: Sequence[tuple[str, Ratio]]) -> str:
    found = [(name, f"{digits(r.estimate)}x", f"({interval(r.low, r.high)})") for name, r in ratios]
    if view.measure == "per_second":
        more = [f"{times} the operations of {name} {within}" for name, times, within in found]
        return f"{best.label} served {listed(more)}."
    longer = [f"{name} took {times} as long {within}" for name, times, within in found]
    return f"{best.label} {_reached(view, best)}, the lowest: {listed(longer)}."


def _alike(one: str, other: str, ratio: Ratio | None) -> str:
    if ratio is None:
        return f"Too few trials to tell {one} and {other} apart."
    why = "their trials overlap" if ratio.overlap else "the interval includes 1"
    numbers = f"{digits(ratio.estimate)}x, {interval(ratio.low, ratio.high)}"
    return f"No clear difference between {one} and {other} ({numbers}; {why})."


def _reached(view: View, candidate: Candidate) -> str:
    number = digits(view.number(candidate))
    if view.measure == "per_second":
        return f"served {number} operations/s"
    return f"answered {'99 %' if view.measure == 'p99_ms' else 'half'} of the requests within {number} ms"


def _fell_behind(view: View, candidate: Candidate) -> str:
    assert candidate.total is not None
    rates = f"{digits(candidate.total.throughput)} of {digits(view.run.rate_per_second)} requests/s"
    return f"{candidate.label} did not keep up ({rates}): its response times only say how long the trial was."


def _basis(view: View) -> str:
    run = view.run
    trials = f"{counted(run.trials, 'trial')} of {run.seconds:g} s"
    if run.rate_per_second is None:
        load = f"{counted(run.clients, 'client')}, each sending its next request on the answer (closed loop)"
    else:
        load = f"{digits(run.rate_per_second)} requests/s offered ({run.arrivals}, open loop)"
    compared = not view.first_look and any(len(members) > 1 for members in view.ranked.values())
    return f"{trials}; {load}." + (" In brackets: 95 % intervals of the ratio." if compared else "")


def _unfinished(view: View) -> list[str]:
    return [] if view.run.finished else ["The run was interrupted or still goes on: this is what was saved so far."]


def _classes(view: View) -> list[str]:
    names = listed(list(view.ranked)).capitalize()
    return [f"{names} keep different promises when a server dies: not ranked together."] if len(view.ranked) > 1 else []


def _mix(view: View) -> list[str]:
    """What a total means where one kind of operation costs far more than another."""
    if not any(_mixed(candidate) for candidate in view.ok):
        return []
    meaning = "Totals add cheap and expensive kinds of operation, in one mix that is the same for all"
    if view.run.rate_per_second is None:
        meaning += "; in a closed loop the slowest kinds set the pace"
    return [f"{meaning}.{_fastest(view)}"]


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


def _unranked(view: View) -> list[str]:
    named = listed([f"{candidate.name} ({candidate.status})" for candidate in view.unranked])
    return [f"Without a number: {named}."] if view.unranked else []


def _doubts(view: View) -> list[str]:
    inside = [c.name for c in view.ok if c.in_process]
    warned = [c.name for c in view.ok if c.doubtful and not c.in_process]
    lines = []
    if inside:
        apart = "in the client's process, without a network hop; its CPU time counts as the client's"
        lines.append(f"{DOUBTFUL} {listed(inside)}: {apart}.")
    if warned:
        lines.append(f"{DOUBTFUL} {listed(warned)}: measured with warnings, see below.")
    return lines
