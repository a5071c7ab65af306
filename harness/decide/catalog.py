"""What makers document of their engines: one file each in catalog/, every fact with its source and the day it was read.

Nothing here was measured by us. A fact that nobody could source is left out, so a missing one means "not known".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from harness.errors import UsageError

FOLDER = Path(__file__).parents[2] / "catalog"
LONGEST_TEXT = 200

T = TypeVar("T")
Url = Annotated[str, Meta(pattern=r"^https://\S+$")]
Offered = Literal["built-in", "add-on", "enterprise", "managed-only", "none"]
Capability = Literal[
    "keyvalue", "timeseries", "vectors", "transactions", "documents", "analytics", "full-text", "graph"
]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Fact(_Strict, Generic[T], frozen=True):
    value: T
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]  # What is so, with its condition or exception.
    source: Url
    checked: date  # When it was read there.
    judged: bool = False  # An opinion drawn from the source, rather than what it says.


class Facts(_Strict, frozen=True):
    """In the order in which they are shown. None: not known."""

    category: Fact[
        Literal[
            "relational",
            "document",
            "key-value",
            "columnar",
            "time-series",
            "wide-column",
            "graph",
            "search",
            "vector",
            "multi-model",
        ]
    ]
    data_model: Fact[str]
    capabilities: Fact[list[Capability]]  # What its makers document it for; what is not in it is not denied.
    cap: Fact[Literal["CP", "AP", "tunable", "single-node"]] | None = None  # When a network parts its replicas.
    consistency: Fact[str] | None = None
    multi_record_transactions: Fact[bool] | None = None
    isolation_levels: Fact[list[str]] | None = None
    default_isolation: Fact[str] | None = None
    strongest_isolation: Fact[str] | None = None
    replication: Fact[str] | None = None
    failover: Fact[Offered] | None = None  # Goes on without a person when one node is lost.
    sharding: Fact[Offered] | None = None
    index_types: Fact[list[str]] | None = None
    durability: Fact[str] | None = None  # What an acknowledged write survives by default.
    max_loss_seconds: Fact[float] | None = None  # Of acknowledged writes, by a crash, as it comes out of the box.
    lossless_setting: Fact[bool] | None = None  # Is there a setting with which a crash loses none?
    in_memory: Fact[bool] | None = None  # Must all data fit in memory?
    roles: Fact[bool] | None = None
    row_level_security: Fact[bool] | None = None
    encryption_at_rest: Fact[Offered] | None = None
    encryption_in_transit: Fact[Offered] | None = None
    audit: Fact[Offered] | None = None
    licence: Fact[str] | None = None
    open_source: Fact[bool] | None = None  # Is it OSI-approved?
    on_premises: Fact[bool] | None = None
    managed_offerings: Fact[list[str]] | None = None
    operational_complexity: Fact[Literal["low", "medium", "high"]] | None = None
    first_release: Fact[int] | None = None  # Year.
    limits: Fact[list[str]] | None = None
    bad_at: Fact[list[str]] | None = None


class Entry(_Strict, frozen=True):
    """One engine."""

    title: str
    version: str  # That the facts are about; "managed" for services without one.
    maker: str
    home: Url
    facts: Facts

    def known(self) -> Iterator[tuple[str, Fact[Any]]]:
        """Name and fact, in the order in which they are shown."""
        for name in self.facts.__struct_fields__:
            if (fact := getattr(self.facts, name)) is not None:
                yield name, fact


@cache
def catalog(folder: Path = FOLDER) -> dict[str, Entry]:
    """All engines by name. Raises UsageError for a file that breaks the rules, naming it and the key."""
    return {file.stem: _read(file) for file in sorted(folder.glob("*.toml"))}


def entry(name: str) -> Entry:
    """Raises UsageError for an engine that is not there."""
    engines = catalog()
    if name not in engines:
        near = "".join(f" Did you mean {match}?" for match in get_close_matches(name, engines, n=1))
        raise UsageError(f'The catalogue has no engine "{name}".{near} It has: {", ".join(engines)}.')
    return engines[name]


def said(value: Any) -> str:
    """A fact's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def titled(name: str) -> str:
    """max_loss_seconds -> max loss, s."""
    name = "CAP" if name == "cap" else name
    return name.replace("_seconds", ", s").replace("_", " ")


def _read(file: Path) -> Entry:
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Entry)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise UsageError(f"{file}: {problem}.") from problem
