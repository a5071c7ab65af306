"""`python -m tests.simulated.table` prints how far the harness's figures are from exact ones, for the README."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulated.figures import Figure, figures

HEADING = ["engine", "figure", "exact", "measured", "error", "allowed"]


def table(found: Iterable[Figure]) -> str:
    """In Markdown."""
    lines = ["| " + " | ".join(HEADING) + " |", "|---|---|--:|--:|--:|--:|"]
    before = ""
    for figure in found:
        cells = [
            figure.law if figure.law != before else "",
            figure.name,
            _value(figure.exact, figure.unit),
            "–" if figure.measured is None else _value(figure.measured, figure.unit),
            f"{100 * figure.error:.2f} %",
            f"{100 * figure.limit:.1f} %" if figure.limit else "none",
        ]
        before = figure.law
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _value(value: float, unit: str) -> str:
    digits = 0 if value >= 1_000 or unit == "" else 1 if value >= 100 else 3
    return f"{value:,.{digits}f}{'' if unit in ('', '/s') else ' '}{unit}"


if __name__ == "__main__":
    print(table(figures()))
