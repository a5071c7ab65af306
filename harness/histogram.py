"""HDR histograms of nanoseconds with three significant digits, as plain NumPy arrays of counts.

The buckets are those of HdrHistogram (Gil Tene) with lowest discernible value 1, highest trackable value of one hour
and 3 digits, so the encoded form is read by all of its tools; the `hdrh` package is the codec. Counting is ours because
it is done for a thousand values at once. Two histograms are merged by adding their arrays.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from harness.trial import Latency

Counts = NDArray[np.int64]  # (LENGTH,)
Sparse = tuple[NDArray[np.uint16], NDArray[np.int64]]  # Buckets in use, ascending and distinct, and their counts.

HIGHEST_NS = 3_600_000_000_000
DIGITS = 3
BEYOND = 10  # Samples that must lie beyond a quantile.
_MAGNITUDE = 11  # 2,048 sub-buckets: the least power of two that resolves 2 * 10**3 steps.
_HALF = 1 << (_MAGNITUDE - 1)
LENGTH = int(HdrHistogram(1, HIGHEST_NS, DIGITS).counts_len)


def buckets(values_ns: NDArray[np.int64]) -> NDArray[np.uint16]:
    """The index of the bucket of each value; values outside 0 … one hour are clamped, not lost."""
    values = np.clip(values_ns, 0, HIGHEST_NS)
    # frexp is exact below 2**53: its exponent is the bit length.
    bits = np.frexp((values | (2 * _HALF - 1)).astype(np.float64))[1].astype(np.int64)
    shift = bits - _MAGNITUDE
    return ((shift << (_MAGNITUDE - 1)) + (values >> shift)).astype(np.uint16)


def count(indices: NDArray[np.uint16]) -> Sparse:
    """Bucket indices, counted."""
    counts = np.bincount(indices)
    used = np.flatnonzero(counts)
    return used.astype(np.uint16), counts[used].astype(np.int64)


def merge(parts: Sequence[Sparse]) -> Sparse:
    """The sum of histograms."""
    if len(parts) == 1:
        return parts[0]
    total = dense(parts)
    used = np.flatnonzero(total)
    return used.astype(np.uint16), total[used]


def dense(parts: Iterable[Sparse]) -> Counts:
    """The sum of histograms, with its empty buckets."""
    total = empty()
    for indices, counts in parts:
        total[indices] += counts
    return total


def counts_of(values_ns: NDArray[np.int64]) -> Counts:
    return np.bincount(buckets(values_ns), minlength=LENGTH)


def empty() -> Counts:
    return np.zeros(LENGTH, dtype=np.int64)


def quantile_ns(counts: Counts, quantile: float) -> int | None:
    """The highest value equivalent to the one at this quantile (0 … 1); None of an empty histogram."""
    total = int(counts.sum())
    if total == 0:
        return None
    wanted = max(1, int(quantile * total + 0.5))
    return _highest_equivalent(int(np.searchsorted(np.cumsum(counts), wanted)))


def mean_ns(counts: Counts) -> float | None:
    total = int(counts.sum())
    return float(np.dot(counts, _middles())) / total if total else None


def knows(samples: int, quantile: float) -> bool:
    """Do enough samples lie beyond a quantile to say where it is?"""
    return round(samples * (1 - quantile), 6) >= BEYOND


def latency(counts: Counts) -> Latency | None:
    """Summary for a result; None without samples. Quantiles that too few samples carry are None."""
    total = int(counts.sum())
    if total == 0:
        return None

    def quantile_ms(quantile: float) -> float | None:
        value = quantile_ns(counts, quantile) if knows(total, quantile) else None
        return None if value is None else value / 1e6

    mean, highest = mean_ns(counts), quantile_ns(counts, 1.0)
    assert mean is not None
    assert highest is not None
    return Latency(
        count=total,
        mean_ms=mean / 1e6,
        p50_ms=quantile_ms(0.5),
        p95_ms=quantile_ms(0.95),
        p99_ms=quantile_ms(0.99),
        p999_ms=quantile_ms(0.999),
        max_ms=highest / 1e6,
        histogram=encode(counts),
    )


def encode(counts: Counts) -> str:
    """HDR V2, compressed, base64."""
    histogram = HdrHistogram(1, HIGHEST_NS, DIGITS)
    used = np.flatnonzero(counts)
    if len(used):
        np.ctypeslib.as_array(histogram.counts)[:] = counts
        histogram.total_count = int(counts.sum())
        histogram.min_value = _lowest_equivalent(int(used[0]))
        histogram.max_value = _highest_equivalent(int(used[-1]))
    return str(histogram.encode(), "ascii")


def decode(text: str) -> Counts:
    """The counts of an encoded histogram. Raises ValueError for text that is none, or has another resolution."""
    try:
        base64.b64decode(text, validate=True)
        histogram = HdrHistogram.decode(text)
    except Exception as error:  # The codec raises whatever zlib, ctypes and struct do.
        raise ValueError(f"not an encoded HDR histogram: {error}") from error
    if histogram.counts_len != LENGTH or histogram.significant_figures != DIGITS:
        raise ValueError("an HDR histogram of another range or resolution")
    return np.ctypeslib.as_array(histogram.counts).astype(np.int64)


def _lowest_equivalent(index: int) -> int:
    shift = max(0, (index >> (_MAGNITUDE - 1)) - 1)
    return (index - (shift << (_MAGNITUDE - 1))) << shift


def _highest_equivalent(index: int) -> int:
    shift = max(0, (index >> (_MAGNITUDE - 1)) - 1)
    return _lowest_equivalent(index) + (1 << shift) - 1


@cache
def _middles() -> NDArray[np.float64]:
    indices = np.arange(LENGTH)
    shifts = np.maximum(0, (indices >> (_MAGNITUDE - 1)) - 1)
    lowest = (indices - (shifts << (_MAGNITUDE - 1))) << shifts
    middles: NDArray[np.float64] = lowest + (np.left_shift(1, shifts) - 1) / 2
    return middles
