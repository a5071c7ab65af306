"""Commands as people read them: extended JSON, as mongosh and the server's own log write it."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from bson import decode
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.json_util import dumps

from harness.wording import shortened

MOST_ELEMENTS = 10  # Of an array that is shown whole; of a longer one, the first few.
FEW_ELEMENTS = 3
MOST_CHARACTERS = 8_000
DATES = CodecOptions[dict[str, Any]](datetime_conversion=DatetimeConversion.DATETIME_MS)  # Of any year.

Send = Callable[[bytes, int], None]


def telling(sink: Callable[[str], None], send: Send, header: Struct) -> Send:
    """`send`, which takes a message with one command after the header, and tells of the command first."""

    def told(message: bytes, largest: int) -> None:
        text = dumps(brief(decode(message[header.size :], DATES)), ensure_ascii=False)
        sink(shortened(text, MOST_CHARACTERS))
        send(message, largest)

    return told


def brief(value: Any) -> Any:
    """The same with long texts and arrays shortened, wherever in it they are."""
    if isinstance(value, dict):
        return {name: brief(part) for name, part in value.items()}
    if isinstance(value, list) and len(value) > MOST_ELEMENTS:
        return [*map(brief, value[:FEW_ELEMENTS]), f"… {len(value) - FEW_ELEMENTS:,} more"]
    if isinstance(value, list):
        return list(map(brief, value))
    return shortened(value) if isinstance(value, str) else value
