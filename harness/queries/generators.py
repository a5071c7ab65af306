"""How columns and parameters are drawn: value i of a source is a function of the source and i, as in harness.draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import draw
from harness.draw import Words
from harness.queries.form import ColumnForm, Draw, ParameterForm, Range, TableForm, generator
from harness.statements import Type

Values = NDArray[Any]  # int64, float64, bool, or objects that are texts.
Drawer = Callable[[Words], Values]  # From indexes, (n,), to values, (n,).

USUAL_THETA = 0.99
VOCABULARY = 512
ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st")
VOWELS = ("a", "e", "i", "o", "u", "ai", "eo", "ou")
_POPULARITY = "own popularity"
_NULLS = "own nulls"


@dataclass(frozen=True)
class Keys:
    """The loaded keys of a table: first, first + 1, …, each with a popularity of its own, the same wherever drawn."""

    table: str
    first: int
    rows: int

    def drawer(self, source: np.uint64, theta: float) -> Drawer:
        if not theta:
            return lambda index: self.first + draw.below(draw.words(source, index), self.rows)
        popular = draw.permutation(draw.source(_POPULARITY, self.table), self.rows)
        cumulative = draw.zipf(self.rows, theta)
        return lambda index: self.first + popular[draw.pick(draw.words(source, index), cumulative)]


def type_of(form: Draw) -> Type:
    """Of what a column or parameter is drawn as."""
    kind = generator(form)
    values = getattr(form, kind)
    if kind in ("text", "words"):
        return "text"
    if kind in ("timestamp", "after"):
        return "timestamp"
    if kind == "true_share":
        return "bool"
    if kind in ("uniform", "normal", "choice"):
        if any(isinstance(value, str) for value in values):
            return "text"
        return "float" if any(isinstance(value, float) for value in values) else "int"
    return "int"


def drawer(form: Draw, source: np.uint64, keys: Mapping[str, Keys]) -> Drawer:
    """For any generator that needs nothing but an index. `keys` are those of all tables."""
    kind = generator(form)
    if kind == "key_of":
        assert form.key_of is not None
        return keys[form.key_of].drawer(source, form.zipf_theta or 0.0)
    return _DRAWERS[kind](form, source)


def column_drawer(form: ColumnForm, source: np.uint64, keys: Mapping[str, Keys]) -> Drawer:
    """Of a table, by the number of the row; None is null."""
    if form.sequential is not None:
        first = form.sequential
        return lambda index: first + index.astype(np.int64)
    drawn = drawer(form, source, keys)
    if not form.null_share:
        return drawn
    nulls, share = draw.source(_NULLS, int(source)), form.null_share

    def with_nulls(index: Words) -> Values:
        values = drawn(index).astype(object)
        values[_fractions(draw.words(nulls, index)) < share] = None
        return values

    return with_nulls


def keys_of(name: str, form: TableForm, rows: int) -> Keys:
    first = next(column.sequential for column in form.columns.values() if column.sequential is not None)
    return Keys(name, first, rows)


def milliseconds(moment: str) -> int:
    """Since 1970. What names no offset is UTC. Raises ValueError."""
    parsed = datetime.fromisoformat(moment)
    return round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1_000)


def span_of(value: int | Range) -> Range:
    """5 is (5, 5)."""
    return (value, value) if isinstance(value, int) else value


def _fractions(words: Words) -> NDArray[np.float64]:
    """Uniform in [0, 1), in steps of 2**-53."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _uniform(form: Draw, source: np.uint64) -> Drawer:
    assert form.uniform is not None
    low, high = form.uniform
    if isinstance(low, int) and isinstance(high, int):
        return lambda index: low + draw.below(draw.words(source, index), high - low + 1)
    return lambda index: _rounded(low + (high - low) * _fractions(draw.words(source, index)), form)


def _zipf(form: Draw, source: np.uint64) -> Drawer:
    assert form.zipf is not None
    low, high = form.zipf
    cumulative = draw.zipf(high - low + 1, USUAL_THETA if form.zipf_theta is None else form.zipf_theta)
    return lambda index: low + draw.pick(draw.words(source, index), cumulative)


def _normal(form: Draw, source: np.uint64) -> Drawer:
    assert form.normal is not None
    mean, deviation = form.normal
    whole = type_of(form) == "int"

    def drawn(index: Words) -> Values:
        values = mean + deviation / draw.NORMAL_DEVIATION * draw.near_normal(draw.words(source, index))
        if form.min is not None or form.max is not None:
            values = np.clip(values, form.min, form.max)
        return np.rint(values).astype(np.int64) if whole else _rounded(values, form)

    return drawn


def _rounded(values: Values, form: Draw) -> Values:
    return values if form.decimals is None else np.round(values, form.decimals)


def _choice(form: Draw, source: np.uint64) -> Drawer:
    assert form.choice is not None
    kind = type_of(form)
    values = np.array(form.choice, dtype={"text": object, "float": np.float64, "int": np.int64}[kind])
    cumulative = np.cumsum(form.weights or [1] * len(values), dtype=np.int64)
    return lambda index: values[draw.pick(draw.words(source, index), cumulative)]


def _text(form: Draw, source: np.uint64) -> Drawer:
    assert form.text is not None
    low, high = span_of(form.text)

    def drawn(index: Words) -> Values:
        seeds = draw.words(source, index)
        characters = draw.words(seeds[:, None], draw.span(1, -(-high // 8)))
        texts = draw.texts(draw.octets(characters)[:, :high])
        if low < high:
            lengths = (low + draw.below(seeds, high - low + 1)).tolist()
            texts = [text[:length] for text, length in zip(texts, lengths, strict=True)]
        return _objects(texts)

    return drawn


def _words(form: Draw, source: np.uint64) -> Drawer:
    assert form.words is not None
    low, high = span_of(form.words)
    chosen = draw.zipf(VOCABULARY, 1.0)

    def drawn(index: Words) -> Values:
        seeds = draw.words(source, index)
        counts = (low + draw.below(seeds, high - low + 1)).tolist()
        picked = draw.pick(draw.words(seeds[:, None], draw.span(1, high)), chosen)
        words = vocabulary()
        rows = zip(picked.tolist(), counts, strict=True)
        return _objects([" ".join([words[each] for each in row[:count]]) for row, count in rows])

    return drawn


@cache
def vocabulary() -> tuple[str, ...]:
    """Of one to three syllables, the short ones first, for they are the most frequent."""
    syllables = [onset + vowel for onset in ONSETS for vowel in VOWELS]
    numbers = draw.below(draw.words(draw.source("own vocabulary"), draw.span(0, 8 * VOCABULARY)), len(syllables))
    found: dict[str, None] = {}
    for start in range(0, len(numbers), 3):
        length = 1 + (len(found) >= 64) + (len(found) >= 320)
        found["".join(syllables[number] for number in numbers[start : start + length])] = None
    return tuple(found)[:VOCABULARY]


def _timestamp(form: Draw, source: np.uint64) -> Drawer:
    assert form.timestamp is not None
    low, high = map(milliseconds, form.timestamp)
    return lambda index: low + draw.below(draw.words(source, index), high - low + 1)


def _true_share(form: Draw, source: np.uint64) -> Drawer:
    assert form.true_share is not None
    share = form.true_share
    return lambda index: _fractions(draw.words(source, index)) < share


_DRAWERS: Mapping[str, Callable[[Draw, np.uint64], Drawer]] = {
    "uniform": _uniform,
    "zipf": _zipf,
    "normal": _normal,
    "choice": _choice,
    "text": _text,
    "words": _words,
    "timestamp": _timestamp,
    "true_share": _true_share,
}


def _objects(texts: list[str]) -> Values:
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made


def parameters(
    forms: Mapping[str, ParameterForm], source_of: Callable[[str], np.uint64], keys: Mapping[str, Keys]
) -> Callable[[Words, Words], dict[str, list[Any]]]:
    """Of an operation: from indexes in its stream, (n,), and keys that no other operation of the run has, (n,)."""
    plain = {
        name: drawer(form, source_of(name), keys)
        for name, form in forms.items()
        if generator(form) not in ("fresh_key_of", "after")
    }

    def drawn(index: Words, fresh: Words) -> dict[str, list[Any]]:
        found: dict[str, Values] = {name: draws(index) for name, draws in plain.items()}
        for name, form in forms.items():
            if form.fresh_key_of is not None:
                found[name] = fresh.astype(np.int64)
            elif form.after is not None:
                found[name] = found[form.after] + round((form.seconds or 0) * 1_000)
        return {name: found[name].tolist() for name in forms}

    return drawn
