"""Hard limits against documented facts: who is out before anything is measured, and why.

A limit that the catalogue has no fact on is not met: a team cannot sign for what nobody has found in writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.decide.catalog import Entry, Fact
from harness.decide.record import Reason
from harness.decide.requirements import Limits, Requirements
from harness.engine import Durability


def documented(entry: Entry, wanted: Requirements) -> list[Reason]:
    """All limits that an engine's facts break; [] if it may take part."""
    return [reason for check in _CHECKS for reason in check(entry, wanted.limits)]


def of_a_copy(entry: Entry, wanted: Requirements) -> list[Reason]:
    """The same of an engine that only serves copies, beside a system of record that keeps the promises to users."""
    spared = ("multi_record_transactions", "max_loss_seconds")
    return [reason for reason in documented(entry, wanted) if reason.limit not in spared]


def durability(limits: Limits) -> Durability:
    """The durability class in which candidates must be compared: the weakest that keeps the limit."""
    return "durable" if limits.max_loss_seconds is not None and limits.max_loss_seconds < 1 else "relaxed"


def _true(limit: str) -> Callable[[Entry, Limits], Iterator[Reason]]:
    """A limit that names a fact which must be true."""

    def check(entry: Entry, limits: Limits) -> Iterator[Reason]:
        if getattr(limits, limit):
            fact: Fact[bool] | None = getattr(entry.facts, limit)
            if fact is None:
                yield _unknown(limit)
            elif not fact.value:
                yield _says(limit, fact)

    return check


def _unknown(limit: str) -> Reason:
    return Reason(limit, "no fact in the catalogue says so", "not known", None)


def _says(limit: str, fact: Fact[Any]) -> Reason:
    return Reason(limit, fact.text, "judged" if fact.judged else "documented", fact.source)


def _failover(entry: Entry, limits: Limits) -> Iterator[Reason]:
    fact = entry.facts.failover
    if limits.survive_node_loss:
        if fact is None:
            yield _unknown("survive_node_loss")
        elif fact.value == "none" or (fact.value == "managed-only" and limits.on_premises):
            yield _says("survive_node_loss", fact)


def _encryption(entry: Entry, limits: Limits) -> Iterator[Reason]:
    fact = entry.facts.encryption_at_rest
    if limits.encryption_at_rest:
        if fact is None:
            yield _unknown("encryption_at_rest")
        elif (
            fact.value in ("none", "add-on")
            or (fact.value == "managed-only" and limits.on_premises)
            or (fact.value == "enterprise" and limits.open_source)
        ):
            yield _says("encryption_at_rest", fact)


def _loss(entry: Entry, limits: Limits) -> Iterator[Reason]:
    """By default, or with a setting that loses nothing."""
    most, default, lossless = limits.max_loss_seconds, entry.facts.max_loss_seconds, entry.facts.lossless_setting
    if most is None or (default and default.value <= most) or (lossless and lossless.value):
        return
    if default or lossless:
        yield _says("max_loss_seconds", default or lossless)  # type: ignore[arg-type]
    else:
        yield _unknown("max_loss_seconds")


def _licence(entry: Entry, limits: Limits) -> Iterator[Reason]:
    """One of several that it is offered under is enough ("A OR B"); of several that apply together, all must be."""
    fact = entry.facts.licence
    if not limits.licences:
        return
    if fact is None:
        yield _unknown("licences")
        return
    choices = [choice.strip() for choice in fact.value.split(" OR ")]
    allowed = {name.casefold() for name in limits.licences}
    if not any(all(part.strip().casefold() in allowed for part in choice.split(" AND ")) for choice in choices):
        yield Reason("licences", f"{fact.value}: {fact.text}", "documented", fact.source)


_CHECKS: tuple[Callable[[Entry, Limits], Iterator[Reason]], ...] = (
    _true("multi_record_transactions"),
    _failover,
    _true("open_source"),
    _true("on_premises"),
    _true("row_level_security"),
    _encryption,
    _loss,
    _licence,
)
