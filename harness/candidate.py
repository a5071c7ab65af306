"""What is compared: an engine at a version, with a variant and a durability: `postgres@17+brin:relaxed`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from harness import discover
from harness.engine import DURABILITIES, Durability
from harness.errors import UsageError

DEFAULT_DURABILITY: Durability = "relaxed"
_FORM = re.compile(r"(?P<engine>[\w-]+)(@(?P<version>[\w.-]+))?(\+(?P<variant>[\w-]+))?(:(?P<durability>\w+))?")


@dataclass(frozen=True)
class Candidate:
    engine: str
    durability: Durability = DEFAULT_DURABILITY

    @property
    def name(self) -> str:
        """As the user would write it, shortest form."""
        return self.engine if self.durability == DEFAULT_DURABILITY else f"{self.engine}:{self.durability}"


def parse(text: str) -> Candidate:
    """Raises UsageError for what is no candidate, or none that can be started."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise UsageError(
            f'"{text}" is not a candidate. Write ENGINE or ENGINE:DURABILITY, for example postgres:durable.'
        )
    discover.engine(form["engine"])
    if form["version"] or form["variant"]:
        part, what = ("@" + form["version"], "version") if form["version"] else ("+" + form["variant"], "variant")
        raise UsageError(
            f'{text}: {form["engine"]} comes in one {what} here, so "{part}" cannot be chosen. Leave it out.'
        )
    durability = form["durability"] or DEFAULT_DURABILITY
    if durability not in DURABILITIES:
        raise UsageError(f'{text}: there is no durability class "{durability}". There are: {", ".join(DURABILITIES)}.')
    return Candidate(form["engine"], cast(Durability, durability))


def parse_all(texts: tuple[str, ...]) -> list[Candidate]:
    """All of them, each once. Raises UsageError."""
    candidates = [parse(text) for text in texts]
    for candidate in candidates:
        if candidates.count(candidate) > 1:
            raise UsageError(f"{candidate.name} is named twice. A comparison needs different candidates.")
    return candidates
