"""Lines and points between two axes, each line with its name at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.charts import Line, Plot, Point, Span
from harness.report.html.svg.canvas import LINE, box, group, line, marker, path, wide, words
from harness.report.html.svg.scale import Scale, scale

_LEFT, _TOP, _BOTTOM = 46.0, 24.0, 40.0
_MANY_POINTS = 24  # From which their markers would be a second line.


@dataclass(frozen=True)
class Frame:
    left: float
    top: float
    right: float
    bottom: float
    x: Scale
    y: Scale

    def at(self, point: Point) -> tuple[float, float]:
        return self.x.at(point.x), self.y.at(point.y)


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: _Box) -> float:
        across = min(self.right, other.right) - max(self.left, other.left)
        along = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * along if across > 0 and along > 0 else 0.0


def draw(plot: Plot, width: float) -> tuple[float, Markup]:
    """Height and content. There is at least one point."""
    height = 300.0 if width > 500 else 260.0
    frame = _frame(plot, width, height)
    drawn = [
        *(_span(frame, span) for span in plot.spans),
        *_axes(plot, frame),
        *(_rule(frame, rule.axis, rule.value, rule.label) for rule in plot.rules),
        *(_line(each, frame) for each in plot.lines),
        *_names(plot, frame, width),
    ]
    return height, Markup("").join(drawn)


def _frame(plot: Plot, width: float, height: float) -> Frame:
    points = [point for each in plot.lines for point in each.points]
    across = [point.x for point in points] + [rule.value for rule in plot.rules if rule.axis == "x"]
    along = [point.y for point in points] + [rule.value for rule in plot.rules if rule.axis == "y"]
    right = width - min(max(wide(each.who.label, bold=True) for each in plot.lines) + 14, width / 3.4)
    bottom = height - _BOTTOM
    return Frame(_LEFT, _TOP, right, bottom, scale(plot.x, across, _LEFT, right), scale(plot.y, along, bottom, _TOP))


def _axes(plot: Plot, frame: Frame) -> Iterator[Markup]:
    for value, label in frame.y.ticks(apart=24):
        y = frame.y.at(value)
        yield line(frame.left, y, frame.right, y, "grid")
        yield words(label, frame.left - 6, y + 4, "end", "tick")
    free = -1e9  # Where the last label ended.
    for value, label in frame.x.ticks(apart=46):
        x, half = frame.x.at(value), wide(label) / 2
        yield line(x, frame.top, x, frame.bottom, "grid")
        if x - half > free + 4:
            yield words(label, x, frame.bottom + 16, "middle", "tick")
            free = x + half
    yield line(frame.left, frame.bottom, frame.right, frame.bottom, "axis")
    yield words(plot.y.title, 0, 12, class_="unit")
    yield words(plot.x.title, frame.right, frame.bottom + 33, "end", "unit")


def _span(frame: Frame, span: Span) -> Markup:
    left, right = max(frame.left, frame.x.at(span.low)), min(frame.right, frame.x.at(span.high))
    shade = [box(left, frame.top, right - left, frame.bottom - frame.top, "shade")] if span.shaded else []
    fits = wide(span.label) <= right - left
    return Markup("").join(
        [*shade, words(span.label, (left + right) / 2, frame.top - 5, "middle", "tick") if fits else ""]
    )


def _rule(frame: Frame, axis: str, value: float, label: str) -> Markup:
    if axis == "x":
        x = frame.x.at(value)
        return line(x, frame.top, x, frame.bottom, "rule") + words(label, x + 4, frame.top + 11, class_="tick")
    y = frame.y.at(value)
    return line(frame.left, y, frame.right, y, "rule") + words(label, frame.left + 4, y - 5, class_="tick")


def _line(drawn: Line, frame: Frame) -> Markup:
    places = [frame.at(point) for point in drawn.points]
    said = [(place, point) for place, point in zip(places, drawn.points, strict=True) if point.said]
    parts = [path(places, "curve thin" if drawn.thin else "curve")] if drawn.joined else []
    if len(said) <= _MANY_POINTS:
        parts += [marker(drawn.who, *place) for place, _ in said]
    parts += [words(point.tag, x, y + LINE, "middle", "tag") for (x, y), point in said if point.tag]
    read = [[round(x, 1), round(y, 1), point.said] for (x, y), point in said]
    return group(
        drawn.who, *parts, data_read=json.dumps(read, ensure_ascii=False) if read else None, data_label=drawn.who.label
    )


def _names(plot: Plot, frame: Frame, width: float) -> Iterator[Markup]:
    """The name of each candidate where its line ends, or as near as there is room."""
    named = [line for line in {each.who: each for each in plot.lines if not each.thin}.values() if line.points]
    taken = [
        _Box(x - 5, y - 5, x + 5, y + 5)
        for each in plot.lines
        for point in each.points
        if point.said or each.joined
        for x, y in [frame.at(point)]
    ]
    taken += [
        _Box(x - 8, y, x + 8, y + 18) for each in plot.lines for p in each.points if p.tag for x, y in [frame.at(p)]
    ]
    for each in sorted(named, key=lambda each: frame.at(each.points[-1])[1]):
        x, y = frame.at(each.points[-1])
        places = list(_places(x, y, wide(each.who.label, bold=True), frame, width))
        best = min(places, key=lambda place: sum(place[0].overlap(other) for other in taken) + 2 * place[1])[0]
        taken.append(best)
        name = words(each.who.label, best.left, best.bottom - 4, class_="name")
        moved = best.left > x and (abs((best.top + best.bottom) / 2 - y) > LINE or best.left > x + 2 * LINE)
        lead = [line(x + 5, y, best.left - 2, (best.top + best.bottom) / 2, "lead")] if moved else []
        yield group(each.who, *lead, name)


def _places(x: float, y: float, length: float, frame: Frame, width: float) -> Iterator[tuple[_Box, float]]:
    """Boxes for a name of this length near a point, each with how far it is."""
    highest, lowest = frame.top - 2, frame.bottom + 8 - LINE
    for shift in (0, -14, 14, -28, 28, -42, 42, -56, 56, -70, 70):
        top = y + shift - LINE / 2
        for left in (x + 9, x - length - 9, x - length / 2, width - length):
            inside = left >= 0 and left + length <= width + 1 and highest <= top <= lowest
            if inside and (shift or abs(left + length / 2 - x) > 9):
                yield _Box(left, top, left + length, top + LINE), abs(shift) + abs(left - x - 9)
    yield _Box(width - length, y - LINE / 2, width, y + LINE / 2), 1_000.0
