"""SVG as text: elements whose attributes and words are escaped unless they are markup already."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from harness.report.charts import Who

LETTER, BOLD_LETTER = 6.7, 7.5  # Widths of average letters that are 12 units of a viewBox high.
LINE = 15.0  # From one line of words to the next.
COLOURS, MARKERS = 8, 7  # Without a common divisor: 56 candidates until one looks like another.


def element(name: str, *content: str, **attributes: float | str | None) -> Markup:
    """Names end in _ where Python has its own use for them, and _ stands for -; None leaves an attribute out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _number(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(content)
    if not inside:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{}{}>{}</{}>").format(name, written, inside, name)


def words(text: str, x: float, y: float, anchor: str = "start", class_: str | None = None) -> Markup:
    """On one line; `y` is its base line."""
    return element("text", escape(text), x=x, y=y, class_=class_, text_anchor=None if anchor == "start" else anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return element("rect", x=x, y=y, width=max(0.0, width), height=height, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return element("polyline", points=corners, class_=class_)


def group(who: Who, *content: str, **attributes: str | None) -> Markup:
    """All of one candidate, so that it can be coloured and hidden."""
    kind = f"who c{who.place % COLOURS}" + (" doubtful" if who.doubtful else "")
    return element("g", *content, class_=kind, data_who=who.name, **attributes)


def marker(who: Who, x: float, y: float, size: float = 4.0) -> Markup:
    """Circle, square, triangle, diamond, triangle on its head, plus, cross: none looks like another in grey."""
    s = size
    shapes: list[list[tuple[float, float]]] = [
        [],
        [(-s, -s), (s, -s), (s, s), (-s, s)],
        [(0, -1.2 * s), (1.2 * s, s), (-1.2 * s, s)],
        [(0, -1.4 * s), (1.4 * s, 0), (0, 1.4 * s), (-1.4 * s, 0)],
        [(0, 1.2 * s), (1.2 * s, -s), (-1.2 * s, -s)],
        _cross(s, 0.4),
        [((a - b) * 0.75, (a + b) * 0.75) for a, b in _cross(s, 0.4)],
    ]
    corners = shapes[who.place % MARKERS]
    if not corners:
        return element("circle", cx=x, cy=y, r=s, class_="mark")
    return element("polygon", points=" ".join(f"{_number(x + a)},{_number(y + b)}" for a, b in corners), class_="mark")


def wide(text: str, *, bold: bool = False) -> float:
    """About how wide these words are, in a wide typeface."""
    return (BOLD_LETTER if bold else LETTER) * len(text)


def _cross(size: float, thick: float) -> list[tuple[float, float]]:
    a, b = 1.3 * size, thick * size
    return [(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b), (-b, -b)]


def _number(value: float | str) -> str:
    """A tenth of a unit is less than anybody sees."""
    if isinstance(value, str):
        return value
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")  # + 0.0, for there is a -0.0.
