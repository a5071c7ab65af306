"""Charts with a row for each candidate or comparison: bars, stacks, intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from harness.report.charts import Axis, Bars, Interval, Intervals, Stacks
from harness.report.html.svg.canvas import LINE, box, element, group, line, marker, wide, words
from harness.report.html.svg.scale import Scale, scale
from harness.report.numbers import percent

_BAR, _BAR_ROW = 12.0, 21.0
_STACK, _STACK_ROW = 20.0, 46.0
_INTERVAL_ROW = 42.0
_FURTHEST = 8.0  # Times the estimates; intervals that go on beyond end in an arrow.
_EDGE = 8.0


def bars(chart: Bars, width: float) -> tuple[float, Markup]:
    left = min(max(wide(who.label, bold=True) for who, _, _ in chart.bars) + 8, width / 3)
    room = width - left - max(wide(text) for _, _, text in chart.bars) - 10
    highest = max(value for _, value, _ in chart.bars) or 1.0
    drawn = [line(left, 0, left, _BAR_ROW * len(chart.bars), "axis")]
    for number, (who, value, text) in enumerate(chart.bars):
        y, length = number * _BAR_ROW + (_BAR_ROW - _BAR) / 2, room * value / highest
        drawn.append(
            group(
                who,
                words(who.label, left - 8, y + 10, "end", "name"),
                box(left, y, length, _BAR, "bar"),
                words(text, left + length + 6, y + 10, class_="value"),
            )
        )
    return _BAR_ROW * len(chart.bars), Markup("").join(drawn)


def stacks(chart: Stacks, width: float) -> tuple[float, Markup]:
    """Bars of equal length, for the shares are the message; what the whole is stands above each."""
    key, top = _key(chart.names, width)
    drawn = [key]
    for number, (who, shares, whole) in enumerate(chart.stacks):
        y = top + number * _STACK_ROW
        heading = [words(who.label, 0, y + 12, class_="name"), words(whole, width, y + 12, "end", "value")]
        drawn.append(group(who, *heading, *_parts(shares, y + 18, width)))
    return top + _STACK_ROW * len(chart.stacks), Markup("").join(drawn)


def intervals(chart: Intervals, width: float) -> tuple[float, Markup]:
    across = _across(chart, width)
    bottom = _INTERVAL_ROW * len(chart.intervals) + 4
    drawn: list[Markup] = []
    rows = [number * _INTERVAL_ROW for number in range(len(chart.intervals))]
    for value, label in across.ticks(apart=46):
        x, sign = across.at(value), "rule" if value == chart.neutral else "grid"
        drawn += [line(x, top + 19, x, top + 35, sign) for top in rows]
        drawn.append(words(label + chart.unit, x, bottom + 12, "middle", "tick"))
    drawn += [_interval(interval, across, top, width) for interval, top in zip(chart.intervals, rows, strict=True)]
    return bottom + 18, Markup("").join(drawn)


def _across(chart: Intervals, width: float) -> Scale:
    """Every estimate, and of the intervals what is not much further away."""
    estimates = [interval.estimate for interval in chart.intervals]
    nearest, furthest = min(estimates) / _FURTHEST, max(estimates) * _FURTHEST
    bounds = [bound for each in chart.intervals for bound in (each.low, each.high) if bound is not None]
    shown = [min(max(bound, nearest), furthest) for bound in bounds]
    neutral = [] if chart.neutral is None else [chart.neutral]
    return scale(Axis("", "log"), [*estimates, *shown, *neutral], _EDGE, width - _EDGE)


def _interval(interval: Interval, across: Scale, top: float, width: float) -> Markup:
    y, x = top + 27, across.at(interval.estimate)
    low, left = _end(interval.low, across, y, -1)
    high, right = _end(interval.high, across, y, 1)
    return group(
        interval.who,
        words(interval.label, 0, top + 14, class_="name" if interval.label == interval.who.label else "pair"),
        words(interval.said, width, top + 14, "end", "value"),
        line(low, y, high, y, "whisker"),
        left,
        right,
        element("g", marker(interval.who, x, y, 5), class_="clear" if interval.clear else "unclear"),
    )


def _end(bound: float | None, across: Scale, y: float, away: int) -> tuple[float, Markup]:
    """Where an interval ends and in what: an arrow where it goes on."""
    if bound is not None and across.low <= bound <= across.high:
        x = across.at(bound)
        return x, line(x, y - 5, x, y + 5, "whisker")
    x = across.last if away > 0 else across.first
    corners = [(x, y), (x - 8 * away, y - 4.5), (x - 8 * away, y + 4.5)]
    return x - away, element("polygon", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in corners), class_="bar")


def _key(names: Sequence[str], width: float) -> tuple[Markup, float]:
    """What the parts of all stacks are, in as many lines as that takes, and where the stacks may begin."""
    x, y = 0.0, 10.0
    drawn = []
    for number, name in enumerate(names):
        length = wide(name) + 32
        if x and x + length > width:
            x, y = 0.0, y + LINE + 3
        drawn += [box(x, y - 9, 12, 11, f"part part{number}"), words(name, x + 17, y, class_="tick")]
        x += length
    return Markup("").join(drawn), y + 14


def _parts(shares: Sequence[float], y: float, width: float) -> Iterator[Markup]:
    x = 0.0
    for number, share in enumerate(shares):
        length, text = share * width, percent(share)
        yield box(x, y, length, _STACK, f"part part{number}")
        if length > wide(text) + 8:
            yield words(text, x + length / 2, y + 14, "middle", f"share share{number}")
        x += length
