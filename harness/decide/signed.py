"""What a decision record carries so that it can be checked again: inputs by their paths, and what came out of them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.decide.record import Decision, Outcome
from harness.errors import UsageError
from harness.report.numbers import percent
from harness.trial import Record

_HIDDEN = re.compile(r"<!-- bakeoff decision\n(?P<content>.*?)\n-->", re.DOTALL)


class Signed(Record, frozen=True):
    requirements: str  # Path from the folder of the record, as are
    folders: list[str]  # those of runs and studies.
    digest: str  # SHA-256 of the requirements.
    seed: int
    draws: int
    leader: str | None
    outcome: Outcome
    probability: float | None


@dataclass(frozen=True)
class Check:
    holds: bool
    sentences: Sequence[str]  # What is now, and what is different.


def comment(found: Decision, folder: Path) -> str:
    """For a record in this folder; Markdown does not show it."""
    signed = Signed(
        requirements=os.path.relpath(found.requirements, folder),
        folders=[os.path.relpath(each, folder) for each in found.folders],
        digest=found.digest,
        seed=found.seed,
        draws=found.draws,
        leader=found.leader,
        outcome=found.outcome,
        probability=found.probability,
    )
    content = msgspec.json.format(msgspec.json.encode(signed), indent=1).decode().replace("-->", "--\\u003e")
    return f"<!-- bakeoff decision\n{content}\n-->"


def read(file: Path) -> Signed:
    """Raises UsageError for a file that is not there, or is no record of ours."""
    try:
        hidden = _HIDDEN.search(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{file} cannot be read: {problem}.") from problem
    if hidden is None:
        raise UsageError(f"{file} is no decision record of bakeoff: it lacks the comment that `bakeoff decide` leaves.")
    try:
        return msgspec.json.decode(hidden["content"], type=Signed)
    except msgspec.DecodeError as problem:
        raise UsageError(f"{file}: the comment that bakeoff left was changed: {problem}.") from problem


def compare(signed: Signed, now: Decision) -> Check:
    """It holds while the same option is recommended; that it has become more or less sure is said."""
    sentences = [_told(now)]
    if now.digest != signed.digest:
        sentences.append("The requirements have changed since it was signed.")
    if now.leader != signed.leader:
        sentences.append(f"It was {signed.leader or 'no candidate'}: the decision does not hold.")
    elif now.outcome != signed.outcome:
        sentences.append(f"It was {signed.outcome} when it was signed.")
    return Check(now.leader == signed.leader, sentences)


def _told(now: Decision) -> str:
    if now.leader is None:
        return "No candidate is left."
    return f"{now.leader}, {now.outcome}: the best with a chance of {percent(now.probability or 0.0)}."
