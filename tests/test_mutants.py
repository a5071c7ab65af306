"""The conformance checks are worth something: they reject every adapter that is broken on purpose."""

from __future__ import annotations

import sqlite3
from importlib import import_module
from pathlib import Path

import pytest

from harness import discover
from harness.engine import Address
from harness.errors import UsageError
from harness.session import Session
from tests.conformance.tools import Check, checks_of, opener
from tests.mutants import MUTANTS
from tests.toys.adapters.sqlite import statements

CHECKS: dict[Check, str] = {}
for capability in discover.CAPABILITIES:
    import_module(f"tests.mutants.{capability}")
    CHECKS |= dict.fromkeys(checks_of(import_module(f"tests.conformance.{capability}")), capability)


def name_of(part: type[Session] | Check) -> str:
    return f"{part.__module__.rpartition('.')[2]}-{part.__name__.removeprefix('check_')}"


def reference(capability: str) -> type[Session]:
    """The adapter that mutants break: dictionaries, and for the user's own statements SQLite."""
    return statements.Session if capability == "statements" else discover.session("memory", capability)


def run(check: Check, session: type[Session], folder: Path) -> None:
    with opener(session, Address(f"{folder}", name_of(session))) as open_session:
        check(open_session)


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        pytest.param(mutant, check, id=f"{name_of(mutant)}-by-{check.__name__.removeprefix('check_')}")
        for mutant, checks in MUTANTS.items()
        for check in checks
    ],
)
def test_a_broken_adapter_is_rejected(mutant: type[Session], check: Check, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, UsageError, sqlite3.Error)):  # Or a server says so.
        run(check, mutant, tmp_path)


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_the_unbroken_adapter_passes(check: Check, tmp_path: Path) -> None:
    run(check, reference(CHECKS[check]), tmp_path)


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_every_check_can_fail(check: Check) -> None:
    assert any(check in checks for checks in MUTANTS.values()), "No mutant is rejected by this check."


def test_every_method_of_a_contract_is_broken_by_some_mutant() -> None:
    for capability in discover.CAPABILITIES:
        session = reference(capability)
        mutants = [mutant for mutant in MUTANTS if issubclass(mutant, session)]
        contract = session.__mro__[1]
        promised = {name for name, method in vars(contract).items() if getattr(method, "__isabstractmethod__", False)}
        assert promised - {name for mutant in mutants for name in vars(mutant)} == set()
