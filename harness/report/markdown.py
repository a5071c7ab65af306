"""The report as one Markdown file."""

from __future__ import annotations

import re

from harness.report.document import Block, Command, Items, Notes, Report, Section, Table, Weighing, plain

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$])")


def render(report: Report) -> str:
    """The whole report; what is long is folded away."""
    first, *others = report.sections
    parts = [f"# {escaped(first.title)}", *map(_block, first.blocks)]
    for section in others:
        parts += _folded(section) if section.folded else [f"## {escaped(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join(parts) + "\n"


def _folded(section: Section) -> list[str]:
    return ["<details>", f"<summary>{escaped(section.title)}</summary>", *map(_block, section.blocks), "</details>"]


def _block(block: Block) -> str:
    match block:
        case Table():
            return _table(block)
        case Weighing():
            return _table(block.table())
        case Items(items):
            return "\n".join(f"- **{escaped(name)}**: {escaped(text)}" for name, text in items)
        case Notes(notes):
            return "\n".join(f"- {escaped(note)}" for note in notes)
        case Command(text):
            fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 3)
            return f"{fence}\n{text}\n{fence}"
        case str():
            return escaped(block)


def _table(table: Table) -> str:
    rule = ["---", *("---:" if table.numbers else "---" for _ in table.head[1:])]
    head = ["<br>".join(map(escaped, name.split("\n"))) for name in table.head]
    rows = [head, rule, *([escaped(cell) for cell in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def escaped(text: str) -> str:
    """Markdown's own characters are escaped: what a server says is text, whatever it says."""
    return _SPECIAL.sub(r"\\\1", plain(text))
