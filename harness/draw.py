"""Seeded randomness that is the same on every machine, Python and NumPy: 64-bit integer arithmetic and nothing else.

It is counter based: word `i` of a source is a function of (source, i) alone, so any slice of any stream can be drawn
anywhere, in any order, vectorised, and again by an oracle. The mixing is splitmix64's, whose output number `i` for
seed `source` is `words(source, i)`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]

NORMAL_DEVIATION = 37_837  # Of near_normal: 65,536 / sqrt(3), rounded.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz_"

_CHARACTER_OF_BYTE = (ALPHABET * 4).encode()
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_LANE = np.uint64(0xFFFF)


def source(*names: int | str) -> np.uint64:
    """A source of words that has this name: ("keys", seed, trial, session), say."""
    digest = hashlib.blake2b("\0".join(map(str, names)).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def words(source: np.uint64 | Words, index: Words) -> Words:
    """Uniform 64-bit words; for one source, different indexes give different words (a bijection).

    Arrays of sources and indexes broadcast, and words are sources in turn: `words(words(source, a), b)` hashes (a, b).
    `index` has at least one dimension.
    """
    mixed: Words = source + (index + np.uint64(1)) * _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MULTIPLIERS[0]
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MULTIPLIERS[1]
    mixed ^= mixed >> np.uint64(31)
    return mixed


def span(start: int, count: int) -> Words:
    """The indexes start, start + 1, … of `count` words."""
    return np.arange(start, start + count, dtype=np.uint64)


def below(words: Words, limit: int | Integers) -> Integers:
    """Uniform integers in [0, limit), one for each word; 1 <= limit < 2**63, one for all or one for each.

    The high half of the 128-bit product word * limit. No value is likelier than another by more than limit / 2**64,
    which no experiment can see, and no word is rejected, so draws stay aligned with their counters.
    """
    limits = np.asarray(limit, dtype=np.uint64)
    high, low = words >> np.uint64(32), words & _LOW_HALF
    limit_high, limit_low = limits >> np.uint64(32), limits & _LOW_HALF
    upper = high * limit_low
    lower = low * limit_high
    carry = ((low * limit_low) >> np.uint64(32)) + (upper & _LOW_HALF) + (lower & _LOW_HALF)
    product: Words = high * limit_high + (upper >> np.uint64(32)) + (lower >> np.uint64(32)) + (carry >> np.uint64(32))
    return product.astype(np.int64)


def pick(words: Words, cumulative: Integers) -> Integers:
    """Index i with probability proportional to weight i, given the running sums of integer weights."""
    return np.searchsorted(cumulative, below(words, int(cumulative[-1])), side="right").astype(np.int64)


@lru_cache(maxsize=4)
def zipf(ranks: int, theta: float) -> Integers:
    """Running sums of the weights 1 / rank**theta for `pick`: true Zipf over `ranks` ranks, 0 the most popular.

    Weights are rounded to multiples of 2**-32, so that a last digit of some machine's power function changes no draw.
    """
    weights = np.rint(np.arange(1, ranks + 1, dtype=np.float64) ** -theta * 2.0**32)
    cumulative = np.cumsum(weights.astype(np.int64))
    cumulative.setflags(write=False)
    return cumulative


@lru_cache(maxsize=4)
def permutation(source: np.uint64, count: int) -> Integers:
    """The numbers below `count`, shuffled: scatters popularity ranks over records."""
    shuffled = np.argsort(words(source, span(0, count)), kind="stable").astype(np.int64)
    shuffled.setflags(write=False)
    return shuffled


def near_normal(words: Words) -> Integers:
    """Integers with mean 0 and deviation NORMAL_DEVIATION, near normal, within 131,070 (3.46 deviations) of 0."""
    lanes: Words = (words & _LANE) + ((words >> np.uint64(16)) & _LANE) + ((words >> np.uint64(32)) & _LANE)
    lanes += words >> np.uint64(48)
    return lanes.astype(np.int64) - np.int64(131_070)


def octets(words: Words) -> NDArray[np.uint8]:
    """The eight bytes of each word along the last axis, least significant first: (n, m) words give (n, 8 m)."""
    return np.ascontiguousarray(words, dtype="<u8").view(np.uint8)


def texts(octets: NDArray[np.uint8]) -> list[str]:
    """One text for each row, one character of ALPHABET for the low six bits of each byte."""
    characters = octets.tobytes().translate(_CHARACTER_OF_BYTE)
    return lines(np.frombuffer(characters, dtype=np.uint8).reshape(octets.shape))


def lines(characters: NDArray[np.uint8]) -> list[str]:
    """One text for each row of ASCII characters, none of them a line feed.

    Python splits a text at line feeds several times faster than NumPy or a loop of slices cuts it.
    """
    rows, length = characters.shape
    with_feeds = np.full((rows, length + 1), ord("\n"), dtype=np.uint8)
    with_feeds[:, :length] = characters
    texts = with_feeds.tobytes().decode("ascii").split("\n")
    texts.pop()  # What follows the last line feed: nothing.
    return texts
