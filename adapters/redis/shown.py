"""Commands as people read them: a line each, as one would type it into redis-cli."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import hiredis

from harness.wording import shortened

MOST_LINES, MOST_WORDS = 8, 40  # Of a pipeline, and of a command.
MOST_CHARACTERS = 8_000

Send = Callable[[Sequence[bytes], bool], None]


def telling(sink: Callable[[str], None], send: Send) -> Send:
    """`send`, which takes packed commands, and tells of them first: of those sent together as one text."""

    def told(packed: Sequence[bytes], check_health: bool) -> None:
        if text := "\n".join(lines(b"".join(packed))):  # A pipeline may be empty.
            sink(shortened(text, MOST_CHARACTERS))
        send(packed, check_health)

    return told


def lines(packed: bytes) -> Iterator[str]:
    reader = hiredis.Reader()
    reader.feed(packed)
    commands = iter(reader.gets, False)
    yield from map(line, islice(commands, MOST_LINES))
    if left_out := sum(1 for _ in commands):
        yield f"… {left_out:,} more commands"


def line(words: Sequence[bytes]) -> str:
    shown = " ".join(map(word, words[:MOST_WORDS]))
    left_out = len(words) - MOST_WORDS
    return f"{shown} … {left_out:,} more" if left_out > 0 else shown


def word(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"<{len(value):,} bytes>"
    plain = text and text.isprintable() and not {*text} & {*" \"'"}
    return shortened(text if plain else repr(text))
