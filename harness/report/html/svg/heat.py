"""A table whose cells are the darker the further they are from the lowest of their row."""

from __future__ import annotations

from markupsafe import Markup

from harness.report.charts import Cell, Heat
from harness.report.html.svg.canvas import LINE, box, element, group, wide, words
from harness.report.numbers import DASH, digits

_STEPS = (1.2, 2.0, 5.0, 10.0, 50.0)  # Times the best, above which the next shade begins.
_ROW, _GAP = 36.0, 2.0


def draw(chart: Heat, width: float) -> tuple[float, Markup]:
    names = max(wide(name) for name, _ in chart.rows) + 10
    narrow = names + 60 * len(chart.columns) > width  # Then a name stands above its cells.
    left = 0.0 if narrow else names
    row_height = _ROW + LINE if narrow else _ROW
    cell_width = min((width - left) / len(chart.columns), 150.0)
    drawn = [_column_name(chart, number, left + (number + 0.5) * cell_width, cell_width) for number in _all(chart)]
    for row, (name, cells) in enumerate(chart.rows):
        y = 20 + row * row_height
        drawn.append(words(name, 0, y + 13, class_="name") if narrow else words(name, left - 10, y + 22, "end", "name"))
        top = y + LINE + 2 if narrow else y
        drawn += [_cell(chart, n, cells[n], left + n * cell_width, top, cell_width) for n in _all(chart)]
    bottom = 20 + len(chart.rows) * row_height
    return bottom + 34, Markup("").join([*drawn, _key(bottom + 12, left, min(56.0, (width - left) / 6))])


def _all(chart: Heat) -> range:
    return range(len(chart.columns))


def _column_name(chart: Heat, number: int, x: float, room: float) -> Markup:
    who = chart.columns[number]
    fits = None if wide(who.label, bold=True) < room else f"{room - 4:.1f}"
    name = element("text", Markup.escape(who.label), x=x, y=12, class_="name", text_anchor="middle", textLength=fits)
    return group(who, name)


def _cell(chart: Heat, number: int, cell: Cell | None, x: float, y: float, width: float) -> Markup:
    who, middle = chart.columns[number], x + width / 2
    if cell is None:
        return group(who, words(DASH, middle, y + 20, "middle", "tick"))
    shade = sum(cell.times > step for step in _STEPS)
    times = "lowest" if cell.times == 1 else f"{digits(cell.times)}×"
    return group(
        who,
        box(x + _GAP / 2, y + _GAP / 2, width - _GAP, _ROW - _GAP, f"heat{shade}"),
        words(cell.text, middle, y + 16, "middle", f"cell on{shade}" + (" best" if cell.times == 1 else "")),
        words(times, middle, y + 29, "middle", f"times on{shade}"),
    )


def _key(y: float, left: float, apart: float) -> Markup:
    """Which shade means what."""
    names = [f"≤ {_STEPS[0]:g}×", *(f"≤ {step:g}×" for step in _STEPS[1:]), f"> {_STEPS[-1]:g}×"]
    drawn = []
    for number, name in enumerate(names):
        x, size = left + 1 + number * apart, apart - _GAP
        drawn += [
            box(x, y, size, 18, f"heat{number}"),
            words(name, x + size / 2, y + 13, "middle", f"times on{number}"),
        ]
    return Markup("").join(drawn)
