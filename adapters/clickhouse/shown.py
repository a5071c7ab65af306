"""Statements as people read them: SQL with its long literals shortened, and of inserts the first rows."""

from __future__ import annotations

import re

from harness.wording import shortened

LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
MOST_CHARACTERS = 4_000
MOST_ROWS = 3


def statement(sent: str) -> str:
    """A statement; one that inserts text holds its rows in the lines after the first."""
    if not sent.startswith("INSERT"):
        return shortened(LITERAL.sub(lambda literal: shortened(literal[0]), sent), MOST_CHARACTERS)
    insert, *rows = sent.rstrip("\n").split("\n")
    more = [f"… {len(rows) - MOST_ROWS:,} more rows"] if len(rows) > MOST_ROWS else []
    return "\n".join([insert, *(shortened(printable(row)) for row in rows[:MOST_ROWS]), *more])


def printable(row: str) -> str:
    """With tabs and the like as they are written: \\t."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in row)
