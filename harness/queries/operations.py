"""What sessions send: operations of a file with their parameters drawn and their statements resolved, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness import draw
from harness.draw import Words
from harness.queries.form import OperationForm
from harness.queries.generators import Keys, parameters, type_of
from harness.queries.templates import Resolve, Types, parameter_of
from harness.statements import Statements
from harness.workload import Stream

BLOCK = 1_024  # Operations that are drawn together.
TRACKED = 16  # Writes of one in so many keys are remembered,
TRACKED_ROWS = 1_000  # and of all keys of a table with fewer rows.
MOST_SESSIONS, MOST_TRIALS = 1 << 10, 1 << 14

_VALUES = "own parameters"
_KINDS = "own operations"


class Ask(msgspec.Struct, frozen=True, gc=False):
    """One operation: the same values for every candidate, and what its statements became with them."""

    kind: str
    number: int  # Of the operation in the file, from 0.
    values: tuple[Any, ...]  # Of its parameters, in the file's order.
    stream: Stream
    tracked: bool  # A read, or a write whose key is remembered.
    requests: tuple[Any, ...]  # One for each statement; () where nobody is asked.

    def on(self, session: Statements) -> list[Any]:
        return session.ask(self.number, self.requests)


class Write(Ask, frozen=True, gc=False):
    """One that has no answer to grade."""

    def on(self, session: Statements) -> None:  # type: ignore[override]  # As every operation that only writes.
        session.ask(self.number, self.requests)


@dataclass(frozen=True)
class Kind:
    """An operation of the file."""

    number: int
    form: OperationForm
    weight: int
    remembered: bool  # Does it add rows to a table that right answers are made from?
    resolver: Callable[[Types], Resolve] | None  # None where nobody is asked.

    @property
    def writes(self) -> bool:
        return bool(self.form.adds or self.form.changes)


Draws = Callable[[Words, Words], list[Ask]]  # From indexes in the stream and fresh keys, (n,), to operations.


def operations(kinds: Sequence[Kind], keys: Mapping[str, Keys], stream: Stream) -> Iterator[Ask]:
    """What one session sends, without end.

    The answer check asks every kind equally often, so that none is too rare for it.
    """
    asked = [_draws(kind, keys, stream) for kind in kinds]
    checking = stream.trial == 0 and stream.session == 0
    cumulative = np.cumsum([1 if checking else kind.weight for kind in kinds], dtype=np.int64)
    source = draw.source(_KINDS, stream.seed, stream.trial, stream.session)
    fresh = np.uint64(fresh_key(stream))
    for start in count(0, BLOCK):
        index = draw.span(start, BLOCK)
        chosen = draw.pick(draw.words(source, index), cumulative)
        places = [np.flatnonzero(chosen == number) for number in range(len(kinds))]
        made = [draws(index[own], fresh + index[own]) for draws, own in zip(asked, places, strict=True)]
        block = np.empty(BLOCK, dtype=object)
        for own, drawn in zip(places, made, strict=True):
            block[own] = drawn
        yield from block.tolist()


def fresh_key(stream: Stream) -> int:
    """The first of 2**28 keys that no other stream has and no row that was loaded; all are below 2**53."""
    if not (0 <= stream.trial < MOST_TRIALS - 1 and 0 <= stream.session < MOST_SESSIONS):
        raise ValueError(f"Trials go to 16,382 and sessions to 1,023, not to {stream.trial:,} and {stream.session:,}.")
    return (stream.trial + 1) << 38 | stream.session << 28


def _draws(kind: Kind, keys: Mapping[str, Keys], stream: Stream) -> Draws:
    form = kind.form

    def source_of(parameter: str) -> np.uint64:
        return draw.source(_VALUES, form.name, parameter, stream.seed, stream.trial, stream.session)

    values_of = parameters(form.parameters, source_of, keys)
    types = {name: type_of(parameter) for name, parameter in form.parameters.items()}
    resolve = kind.resolver(types) if kind.resolver else None
    make = Write if kind.writes and form.expect.rows is None else Ask

    def draws(index: Words, fresh: Words) -> list[Ask]:
        drawn = values_of(index, fresh)
        rows = zip(*drawn.values(), strict=True) if drawn else [()] * len(index)
        requests = resolve(drawn, len(index)) if resolve else [()] * len(index)
        flags = tracked(kind, drawn, keys) if kind.writes else [True] * len(index)
        return [
            make(form.name, kind.number, row, stream, flag, request)
            for row, flag, request in zip(rows, flags, requests, strict=True)
        ]

    return draws


def tracked(kind: Kind, drawn: Mapping[str, list[Any]], keys: Mapping[str, Keys]) -> list[bool]:
    """Which writes are remembered: by the key that they change or add, so that a key is remembered always or never."""
    table, row = next(iter((kind.form.changes or kind.form.adds).items()))
    written = next(
        name
        for name in map(parameter_of, row.values())
        if name and table in (kind.form.parameters[name].key_of, kind.form.parameters[name].fresh_key_of)
    )
    numbers: NDArray[np.int64] = np.array(drawn[written], dtype=np.int64)
    if kind.remembered or (kind.form.changes and keys[table].rows < TRACKED_ROWS):
        return [True] * len(numbers)
    flags: list[bool] = (numbers % TRACKED == 0).tolist()
    return flags
