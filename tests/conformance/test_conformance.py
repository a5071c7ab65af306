"""Every adapter folder is held to every check of the capabilities it has: `pytest tests/conformance -k redis`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest

from harness import discover
from harness.errors import Unsupported
from harness.sources import Server
from tests.conformance.tools import Check, checks_of, opener
from tests.conftest import unavailable

KNOWN_GAPS: dict[tuple[str, str, str], str] = {}
"""(engine or engine+variant, capability, check) -> why it cannot pass. One that passes after all fails here."""

CHECKS = {
    capability: {check.__name__: check for check in checks_of(import_module(f"tests.conformance.{capability}"))}
    for capability in discover.CAPABILITIES
}


def designs() -> list[tuple[str, str, str | None]]:
    """(engine, capability, variant) of every adapter file; None is the engine's own design."""
    return [
        (engine, capability, variant)
        for engine in discover.engine_names()
        for capability in discover.capabilities(engine)
        for variant in (None, *discover.variants(engine, capability))
    ]


def cases() -> list[object]:
    found: list[object] = []
    for engine, capability, variant in designs():
        candidate = engine if variant is None else f"{engine}+{variant}"
        for name, check in CHECKS[capability].items():
            gap = KNOWN_GAPS.get((candidate, capability, name))
            marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
            marks += [pytest.mark.engines] if engine != "memory" else []
            sentence = f"{candidate}-{capability}-{name.removeprefix('check_')}"
            found.append(pytest.param(engine, capability, variant, check, marks=marks, id=sentence))
    return found


@pytest.mark.parametrize(("engine", "capability", "variant", "check"), cases())
def test_an_adapter_is_right(
    engine: str, capability: str, variant: str | None, check: Check, server_of: Callable[..., Server]
) -> None:
    try:
        server = server_of(engine, transactions=capability == "transactions")
        with opener(discover.session(engine, capability, variant), server.address) as open_session:
            check(open_session)
    except Unsupported as lack:
        unavailable(f"{engine} {capability}: {lack}")


def test_known_gaps_name_checks_that_exist() -> None:
    candidates = {
        (f"{engine}+{variant}" if variant else engine, capability) for engine, capability, variant in designs()
    }
    for candidate, capability, name in KNOWN_GAPS:
        assert (candidate, capability) in candidates
        assert name in CHECKS[capability]
