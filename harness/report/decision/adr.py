"""A decision as an architecture decision record, in the form of MADR 4 (adr.github.io/madr)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.decide import signed
from harness.decide.record import Decision, Scored
from harness.report.decision import words
from harness.report.markdown import escaped
from harness.report.numbers import digits

GOOD, BAD = 0.75, 0.25  # Worths from which on something speaks for an option, or against it.


def render(found: Decision, file: Path) -> str:
    """What it points to is named relative to this file, so that all of it can be moved and checked in together."""
    parts = [
        _front(found),
        f"# {escaped(_title(found))}",
        "## Context and Problem Statement",
        escaped(found.question),
        escaped(found.context),
        "## Decision Drivers",
        _list(f"{each.attribute}: weight {words.share(each.weight)}; {each.scale}" for each in found.weights),
        "## Considered Options",
        _list(_considered(found)),
        "## Decision Outcome",
        *map(escaped, _outcome(found)),
        "### Consequences",
        _list(_consequences(found)),
        "### Confirmation",
        "This command says whether the decision still holds, and ends with exit code 1 when it does not. With folders "
        "of newer runs after it, it decides by those.",
        f"```sh\nbakeoff decide --check {file}\n```",
        "## Pros and Cons of the Options",
        *(part for each in found.scores for part in (f"### {escaped(each.option)}", _list(_pros_and_cons(each)))),
        *(
            part
            for each in found.out
            for part in (f"### {escaped(each.title)}", _list([f"Out: {words.reasons(each)}"]))
        ),
        "## More Information",
        _list([*words.tips(found), *words.doubts(found)]),
        _list([*found.evidence, *found.warnings]),
        signed.comment(found, file.parent),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(found: Decision) -> str:
    people = f"decision-makers: {', '.join(found.deciders)}\n" if found.deciders else ""
    return f"---\nstatus: proposed\ndate: {found.made:%Y-%m-%d}\n{people}---"


def _title(found: Decision) -> str:
    if found.leader is None:
        return "No candidate meets the requirements"
    return f"Use {found.leader}{' for now: no clear winner' if found.outcome == 'no clear winner' else ''}"


def _considered(found: Decision) -> Iterator[str]:
    for each in found.scores:
        yield f"{each.option}: best with a chance of {words.chance(each.ranks[0])}"
    yield from map(words.within_noise, found.passed)
    for out in found.out:
        yield f"{out.engine}: out ({', '.join(dict.fromkeys(each.limit.replace('_', ' ') for each in out.reasons))})"


def _outcome(found: Decision) -> list[str]:
    if found.leader is None:
        return words.answer(found)
    provisional = ", provisionally" if found.outcome == "no clear winner" else ""
    return [f'Chosen option: "{found.leader}"{provisional}.', *words.answer(found)]


def _consequences(found: Decision) -> Iterator[str]:
    """Of the leader: what is good and bad about it, what it costs, and how long it carries."""
    if not found.scores:
        return
    leader = found.scores[0]
    yield from _pros_and_cons(leader)
    if leader.cost_per_month is not None:
        yield f"Neutral, because machines cost {digits(leader.cost_per_month)} {found.currency} a month at the horizon"
    for each in found.scaling:
        if each.option == leader.option:
            yield f"Neutral, because one machine is enough for {each.engine} {words.enough(each)}"


def _pros_and_cons(option: Scored) -> Iterator[str]:
    for name, each in option.cells.items():
        if each.basis == "not known":
            yield f"Neutral, because {name} is not known: {each.text}"
        elif each.worth >= GOOD:
            yield f"Good, because of {name} ({each.basis}): {each.text}"
        elif each.worth <= BAD:
            yield f"Bad, because of {name} ({each.basis}): {each.text}"
        else:
            yield f"Neutral, because of {name} ({each.basis}): {each.text}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"* {escaped(item)}" for item in items)
