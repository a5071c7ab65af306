"""Adapters broken on purpose, each in one way that real ones are. The checks must reject them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from harness.session import Session
from tests.conformance.tools import Check

Mutant = TypeVar("Mutant", bound=type[Session])

MUTANTS: dict[type[Session], tuple[Check, ...]] = {}
"""The broken session -> the checks that must notice."""


def rejected_by(*checks: Check) -> Callable[[Mutant], Mutant]:
    def enlist(mutant: Mutant) -> Mutant:
        MUTANTS[mutant] = checks
        return mutant

    return enlist
