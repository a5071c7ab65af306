"""A level's record in words: which anomalies were seen, and what is to be thought of those that were not."""

from __future__ import annotations

from harness.analysis.proportion import at_most
from harness.consistency.record import Consistency, Seen

COUNTED = (
    ("lost_updates", "acknowledged increments are lost"),
    ("surplus_increments", "counted increments were made by nobody"),
    ("impossible_sums", "reads of all balances did not add up to the money of the beginning"),
    ("backward_reads", "reads of a counter found less than the same session had read before"),
    ("stale_reads", "reads of a counter found less than had been acknowledged before they were sent"),
)
"""What can be counted one by one: the field, and what its count is of."""


def anomalies(found: Consistency) -> list[str]:
    """A sentence for each kind that was certainly seen; [] where none was."""
    seen = [f"{how_many(getattr(found, name))} {what}" for name, what in COUNTED if getattr(found, name).at_least]
    if found.money_cents:
        change = "made from nothing" if found.money_cents > 0 else "destroyed"
        seen.append(f"{abs(found.money_cents):,} cents were {change}, of {found.money_of_cents:,}")
    if found.misplaced_cents.at_least:
        seen.append(f"{how_many(found.misplaced_cents)} cents are not where acknowledged transfers put or left them")
    return seen


def how_many(seen: Seen) -> str:
    few, many = f"{seen.at_least:,}", f"{seen.at_most:,}"
    return f"{few} of {seen.of:,}" if few == many else f"{few} to {many} of {seen.of:,}"


def doubts(found: Consistency) -> list[str]:
    """What would be different if writes that ended in an error were done, or were not."""
    unknown = found.transfers.failed + found.increments.failed
    if not unknown:
        return []
    sentences = [f"{unknown:,} {'writes' if unknown > 1 else 'write'} ended in an error and may have been done or not"]
    if not found.lost_updates.at_least and found.lost_updates.at_most:
        lost = found.lost_updates
        sentences.append(f"up to {lost.at_most:,} of {lost.of:,} acknowledged increments may be lost")
    if not found.misplaced_cents.at_least and found.misplaced_cents.at_most:
        cents = found.misplaced_cents
        sentences.append(f"up to {cents.at_most:,} of {cents.of:,} cents may be misplaced")
    return sentences


def in_words(found: Consistency) -> str:
    """All of it. Never that something cannot happen: only that it was not seen, and in how many attempts."""
    seen = anomalies(found)
    if not (seen or found.transfers.committed or found.increments.committed):
        return "Nothing was acknowledged, so nothing is known."
    sentences = [*(seen or [none_seen(found)]), *doubts(found)]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def none_seen(found: Consistency) -> str:
    tried = (
        f"none seen in {found.transfers.committed:,} transfers, {found.increments.committed:,} increments,"
        f" {found.reads.committed:,} reads and {found.sums.committed:,} sums"
    )
    if not found.lost_updates.of:
        return tried
    percent = 100 * at_most(found.lost_updates.at_most, found.lost_updates.of)
    return f"{tried}; if all increments are alike, less than {percent:.2g} % of them are lost (95 % confidence)"


def anomaly_score(found: Consistency) -> float:
    """That of YCSB+T: money made or destroyed, in cents per operation. What cancels out is not in it."""
    kinds = (found.transfers, found.increments, found.reads, found.sums)
    operations = sum(each.committed + each.refused for each in kinds)
    return abs(found.money_cents) / operations if operations else 0.0
