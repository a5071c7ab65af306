"""The report as one HTML file that asks no host for anything: text, tables, figures, style and script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.charts import Who
from harness.report.content.speed import FASTEST
from harness.report.document import Command, Items, Notes, Report, Section, Table, Weighing, plain
from harness.report.html import svg
from harness.report.html.svg.canvas import element, group, line, marker
from harness.report.numbers import DASH

WIDE, NARROW = 720.0, 360.0  # Of a figure, in units that are about a pixel: for a page, and for a phone or a column.
MANY_TABLES = 2  # Up to which the figures of a section follow its tables; else they come first.
_HERE = Path(__file__).parent
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def render(report: Report) -> str:
    """The whole report."""
    style, script = (Markup((_HERE / name).read_text(encoding="utf-8")) for name in ("style.css", "script.js"))
    return (
        _environment()
        .get_template("template.html")
        .render(
            report=report,
            parts=list(zip(_names(report.sections), report.sections, strict=True)),
            style=style,
            script=script,
            digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"plain": plain, "picture": svg.draw, "key": _key, "weighing": _weighing}
    environment.tests |= {name: _test(kind) for name, kind in _KINDS.items()} | {"lead_in": _leads_in}
    environment.globals |= {
        "FASTEST": FASTEST,
        "DASH": DASH,
        "WIDE": WIDE,
        "NARROW": NARROW,
        "MANY_TABLES": MANY_TABLES,
    }
    return environment


_KINDS: dict[str, type] = {
    "table": Table,
    "items": Items,
    "notes": Notes,
    "command": Command,
    "weighing": Weighing,
    "paragraph": str,
}


def _test(kind: type) -> Callable[[object], bool]:
    return lambda block: isinstance(block, kind)


def _leads_in(block: object) -> bool:
    """Is it the heading of the block after it?"""
    return isinstance(block, str) and block.endswith(":")


def _weighing(block: Weighing) -> str:
    """What the script computes with."""
    return json.dumps({"attributes": block.attributes, "options": [worths for _, worths in block.options]})


def _key(who: Who) -> Markup:
    """How a candidate is drawn."""
    drawn = group(who, line(0, 7, 26, 7, "curve"), marker(who, 13, 7))
    return element("svg", drawn, viewBox="0 0 26 14", class_="key", aria_hidden="true")


def _names(sections: Sequence[Section]) -> list[str]:
    """Of the sections in the page's addresses: letters and digits, each once."""
    names: list[str] = []
    for section in sections:
        name = _NOT_IN_A_NAME.sub("-", section.title.casefold()).strip("-") or "section"
        names.append(name if name not in names else f"{name}-{len(names)}")
    return names
