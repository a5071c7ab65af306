"""The report in a terminal: at 80 columns, without colour where there is none, without a wrapped number."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.report.content.speed import FASTEST
from harness.report.document import Block, Command, Items, Notes, Report, Section, Table, Weighing, plain

GAP = 2  # Columns between columns.


def show(report: Report, console: Console) -> None:
    """Print all but what is folded away, and the answer once more at the end, where a long report leaves the reader."""
    shown = [section for section in report.sections if not section.folded]
    closing = [Section("In short", report.closing)] if report.closing else []
    for number, section in enumerate([*shown, *closing]):
        if number:
            console.print()
        show_section(section, console)


def show_section(section: Section, console: Console) -> None:
    console.print(_text(section.title, "bold"))
    for before, block in zip(["", *section.blocks], section.blocks, strict=False):
        belongs = isinstance(block, str) and not block.endswith(":")  # To what is above it.
        headed = isinstance(before, str) and isinstance(block, Items | Notes)
        if before and not belongs and not headed:
            console.print()
        _print(block, console)


def _print(block: Block, console: Console) -> None:
    match block:
        case Table():
            for number, part in enumerate(split(block, console.width)):
                if number:
                    console.print()
                console.print(_table(part))
        case Weighing():
            _print(block.table(), console)
        case Items(items):
            console.print(_items(items))
        case Notes(notes):
            console.print(_items([("-", note) for note in notes], gap=1))
        case Command(text):
            console.print(Text(text), soft_wrap=True)  # Unbroken, to be copied.
        case str():
            console.print(_text(block))


def split(table: Table, width: int) -> list[Table]:
    """Tables that fit side by side no more are set below each other, each with the column that names the rows."""
    widths = [
        max(cell_len(line) for cell in column for line in cell.split("\n"))
        for column in zip(table.head, *table.rows, strict=True)
    ]
    groups: list[list[int]] = [[]]
    used = widths[0]
    for column in range(1, len(widths)):
        if groups[-1] and used + GAP + widths[column] > width:
            groups.append([])
            used = widths[0]
        groups[-1].append(column)
        used += GAP + widths[column]
    return [
        Table([table.head[c] for c in (0, *g)], [[row[c] for c in (0, *g)] for row in table.rows], table.numbers)
        for g in groups
    ]


def _table(table: Table) -> RichTable:
    printed = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for number, name in enumerate(table.head):
        lines = Text("\n").join(_text(line, "bold") for line in name.split("\n"))
        printed.add_column(lines, justify="right" if number and table.numbers else "left", overflow="fold")
    for row in table.rows:
        printed.add_row(*(_text(cell, "bold" if cell.startswith(FASTEST) else "") for cell in row))
    return printed


def _items(items: Sequence[tuple[str, str]], gap: int = GAP) -> RichTable:
    grid = RichTable.grid(padding=(0, gap, 0, 0))
    grid.add_column(style="bold", max_width=24)
    grid.add_column(overflow="fold")
    for name, text in items:
        grid.add_row(_text(name), _text(text))
    return grid


def _text(text: str, style: str = "") -> Text:
    """Never read as rich's own markup: what a server says is text, whatever it says."""
    return Text(plain(text), style)
