"""Figures as inline SVG: complete without a script, coloured by the page's style sheet."""

from __future__ import annotations

from markupsafe import Markup, escape

from harness.report.charts import Bars, Chart, Heat, Intervals, Plot, Stacks, told
from harness.report.html.svg import heat, plot, rows
from harness.report.html.svg.canvas import element


def draw(chart: Chart, width: float, name: str) -> Markup:
    """One picture so many units wide; `name` is unique in the page. What it shows stands in it as text too."""
    height, content = _drawn(chart, width)
    return element(
        "svg",
        element("title", escape(chart.title), id=f"{name}-title"),
        element("desc", escape(told(chart)), id=f"{name}-text"),
        content,
        viewBox=f"0 0 {width:g} {height:.0f}",
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-text",
    )


def _drawn(chart: Chart, width: float) -> tuple[float, Markup]:
    match chart:
        case Plot():
            return plot.draw(chart, width)
        case Bars():
            return rows.bars(chart, width)
        case Stacks():
            return rows.stacks(chart, width)
        case Intervals():
            return rows.intervals(chart, width)
        case Heat():
            return heat.draw(chart, width)
