"""What figures show, as data: `svg` draws it, and `told` says it to those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.report.numbers import percent


@dataclass(frozen=True)
class Who:
    """A candidate, with the same colour and marker in every figure."""

    name: str
    label: str
    place: int  # Among the candidates of the run, from 0.
    doubtful: bool  # Drawn dashed.


@dataclass(frozen=True)
class Axis:
    title: str
    scale: Literal["linear", "log", "tail"] = "linear"  # tail: quantiles, by the logarithm of what lies beyond them.
    low: float | None = None  # None: where the data begin or end.
    high: float | None = None
    ticks: Sequence[float] = ()  # Empty: round numbers.


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    said: str = ""  # What and how much: "99 %: 3.21 ms". Without, it only shapes its line.
    tag: str = ""  # Written beside it.


@dataclass(frozen=True)
class Line:
    who: Who
    points: Sequence[Point]
    joined: bool = True
    thin: bool = False  # A law rather than a measurement.


@dataclass(frozen=True)
class Rule:
    """A straight line across, at a value of one axis."""

    axis: Literal["x", "y"]
    value: float
    label: str = ""


@dataclass(frozen=True)
class Span:
    """A part of the x axis."""

    low: float
    high: float
    label: str
    shaded: bool


@dataclass(frozen=True)
class Plot:
    title: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    spans: Sequence[Span] = ()
    rules: Sequence[Rule] = ()


@dataclass(frozen=True)
class Bars:
    """One number of each candidate, from 0."""

    title: str
    bars: Sequence[tuple[Who, float, str]]  # The number, and how it reads.


@dataclass(frozen=True)
class Stacks:
    """Of what the whole of each candidate is made up."""

    title: str
    names: Sequence[str]  # Of the parts.
    stacks: Sequence[tuple[Who, Sequence[float], str]]  # Shares of 1, and the whole in words.


@dataclass(frozen=True)
class Cell:
    text: str
    times: float  # The lowest of its row; 1 for that itself.


@dataclass(frozen=True)
class Heat:
    title: str
    columns: Sequence[Who]
    rows: Sequence[tuple[str, Sequence[Cell | None]]]


@dataclass(frozen=True)
class Interval:
    who: Who
    label: str
    estimate: float
    low: float | None  # None: not bounded on that side.
    high: float | None
    said: str
    clear: bool = True  # Drawn filled.


@dataclass(frozen=True)
class Intervals:
    """Estimates with what bounds them, on a logarithmic axis."""

    title: str
    intervals: Sequence[Interval]
    neutral: float | None = None  # Where there is no difference.
    unit: str = ""  # After the numbers of the axis.


Chart = Plot | Bars | Stacks | Heat | Intervals


def told(chart: Chart) -> str:
    """All numbers of a chart in words, so that nobody has to see it."""
    match chart:
        case Plot():
            said = [(line.who.label, [point.said for point in line.points if point.said]) for line in chart.lines]
            parts = [f"{label}: {', '.join(points)}" for label, points in said if points]
        case Bars():
            parts = [f"{who.label}: {text}" for who, _, text in chart.bars]
        case Stacks():
            parts = [
                f"{who.label}, {whole}: "
                + ", ".join(f"{name} {percent(part)}" for name, part in zip(chart.names, shares, strict=True))
                for who, shares, whole in chart.stacks
            ]
        case Heat():
            parts = [
                f"{name}: " + ", ".join(f"{w.label} {c.text if c else 'not known'}" for w, c in _cells(chart, row))
                for name, row in chart.rows
            ]
        case Intervals():
            parts = [f"{interval.label}: {interval.said}" for interval in chart.intervals]
    return f"{chart.title}. {'; '.join(parts)}."


def _cells(chart: Heat, row: Sequence[Cell | None]) -> list[tuple[Who, Cell | None]]:
    return list(zip(chart.columns, row, strict=True))
