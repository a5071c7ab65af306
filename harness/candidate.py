"""What is compared: an engine at a version, with a variant and a durability: `postgres@17+brin:relaxed`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from harness import discover
from harness.engine import DURABILITIES, Durability
from harness.errors import UsageError

DEFAULT_DURABILITY: Durability = "relaxed"
_FORM = re.compile(r"(?P<engine>[\w-]+)(@(?P<version>[\w.-]+))?(\+(?P<variant>[\w-]+))?(:(?P<durability>\w+))?")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    engine: str
    version: str | None = None  # None: the one that its source takes by default.
    variant: str | None = None  # Another design of what the engine does; None: the adapter's own.
    durability: Durability = DEFAULT_DURABILITY

    @property
    def name(self) -> str:
        """As the user would write it, shortest form."""
        version = f"@{self.version}" if self.version else ""
        variant = f"+{self.variant}" if self.variant else ""
        durability = f":{self.durability}" if self.durability != DEFAULT_DURABILITY else ""
        return f"{self.engine}{version}{variant}{durability}"


def parse(text: str) -> Candidate:
    """Raises UsageError for what is no candidate, or names something that there is not."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise UsageError(
            f'"{text}" is not a candidate. Write ENGINE[@VERSION][+VARIANT][:DURABILITY], '
            "for example postgres, postgres@17+brin or redis:durable."
        )
    discover.engine(form["engine"])
    durability = form["durability"] or DEFAULT_DURABILITY
    if durability not in DURABILITIES:
        raise UsageError(f'{text}: there is no durability class "{durability}". There are: {", ".join(DURABILITIES)}.')
    return Candidate(
        engine=form["engine"],
        version=form["version"],
        variant=form["variant"],
        durability=cast(Durability, durability),
    )


def parse_all(texts: tuple[str, ...]) -> list[Candidate]:
    """All of them, each once. Raises UsageError."""
    candidates = [parse(text) for text in texts]
    for candidate in candidates:
        if candidates.count(candidate) > 1:
            raise UsageError(f"{candidate.name} is named twice. A comparison needs different candidates.")
    return candidates


def refuse_unknown(candidate: Candidate, capability: str) -> None:
    """Raises UsageError where the engine has no such design for the capability."""
    engine, variant = candidate.engine, candidate.variant
    here = discover.variants(engine, capability)
    if variant is None or variant in here:
        return
    elsewhere = [each for each in discover.capabilities(engine) if variant in discover.variants(engine, each)]
    if elsewhere:
        problem = f'"+{variant}" is another design of {" and ".join(elsewhere)}, not of {capability}.'
    else:
        near = "".join(f" Did you mean +{match}?" for match in get_close_matches(variant, here, n=1))
        problem = f'{engine} has no variant "{variant}".{near}'
    choices = ", ".join(f"{engine}+{each}" for each in here) or "none beside its own"
    raise UsageError(f"{candidate.name}: {problem} Of {capability} there are: {choices}.")
