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
"""(engine, capability, check) -> why the adapter cannot pass it. One that passes after all fails here."""

CHECKS = {
    capability: {check.__name__: check for check in checks_of(import_module(f"tests.conformance.{capability}"))}
    for capability in discover.CAPABILITIES
}


def cases() -> list[object]:
    found: list[object] = []
    for engine in discover.engine_names():
        for capability in discover.capabilities(engine):
            for name, check in CHECKS[capability].items():
                gap = KNOWN_GAPS.get((engine, capability, name))
                marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
                marks += [pytest.mark.engines] if engine != "memory" else []
                sentence = f"{engine}-{capability}-{name.removeprefix('check_')}"
                found.append(pytest.param(engine, capability, check, marks=marks, id=sentence))
    return found


@pytest.mark.parametrize(("engine", "capability", "check"), cases())
def test_an_adapter_is_right(engine: str, capability: str, check: Check, server_of: Callable[[str], Server]) -> None:
    try:
        with opener(discover.session(engine, capability), server_of(engine).address) as open_session:
            check(open_session)
    except Unsupported as lack:
        unavailable(f"{engine} {capability}: {lack}")


def test_known_gaps_name_checks_that_exist() -> None:
    for engine, capability, name in KNOWN_GAPS:
        assert capability in discover.capabilities(engine)
        assert name in CHECKS[capability]
