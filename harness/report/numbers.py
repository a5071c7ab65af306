"""How numbers are written: three significant digits, units in the head of the table, a dash for what is not known."""

from __future__ import annotations

import math
from collections.abc import Sequence

DASH = "–"


def digits(value: float | None) -> str:
    """0.012, 1.23, 45.6, 1,230: three significant digits, or fewer where they would be below a thousandth."""
    if value is None:
        return DASH
    rounded = float(f"{value:.3g}")
    if rounded == 0:
        return "0"
    exponent = math.floor(math.log10(abs(rounded)))
    decimals = max(0, min(2 - exponent, max(3, 1 - exponent)))
    return f"{value if decimals else rounded:,.{decimals}f}"


def whole(value: int | None) -> str:
    return DASH if value is None else f"{value:,}"


def interval(low: float, high: float) -> str:
    return f"{digits(low)}–{digits(high)}"


def percent(share: float) -> str:
    return f"{digits(100 * share)} %"


def size(count_bytes: float | None) -> str:
    if count_bytes is None:
        return DASH
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count_bytes >= factor:
            return f"{digits(count_bytes / factor)} {unit}"
    return f"{count_bytes:.0f} B"


def counted(count: int, noun: str) -> str:
    """1 trial, 3 trials."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def cores(numbers: Sequence[int]) -> str:
    """0; 0–3 of neighbours; 0, 2, 4 of others."""
    if not numbers:
        return DASH
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}–{ordered[-1]}"
    return ", ".join(str(number) for number in ordered)


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
