"""Which source a candidate comes from, and why one cannot be used."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.sources import resolve, why_not
from tests.sources.toy_server import folders, toy

__all__ = ["folders"]


def test_a_url_decides_the_source() -> None:
    assert resolve("auto", toy(), "http://me:pw@host") == ("at", "--at names http://me:***@host")


def test_without_docker_the_embedded_server_is_taken() -> None:
    source, why = resolve("auto", toy(image=None), None)
    assert source == "embedded"
    assert "Toy has no image" in why


def test_a_source_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="embedded"):
        resolve("cloud", toy(), None)


def test_a_source_that_works_has_nothing_against_it() -> None:
    assert why_not("toy", toy(), "embedded") is None
    assert why_not("toy", toy(recipe=None, program=None), "embedded") == "Toy has no embedded server"


def test_a_cache_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", "/proc/cache")
    reason = why_not("toy", toy(program=None, wheels=("toy-server==1.0",)), "embedded")
    assert reason is not None
    assert "/proc/cache" in reason
