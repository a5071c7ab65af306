"""How long texts are cut for people to read."""

from __future__ import annotations

SHOWN = 120


def shortened(text: str, shown: int = SHOWN) -> str:
    """The beginning and end of a long text, and how much is left out: a vector of 1,536 numbers is no news."""
    left_out = len(text) - shown
    return text if left_out <= 20 else f"{text[: shown - 20]} … {left_out:,} more … {text[-20:]}"
