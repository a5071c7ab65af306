"""YCSB's random choices, bit by bit: the same uniform number in gives the same item and the same key out.

As of commit d9faaac8 (2026-04-15), with its quirks, since results are compared by these names. Arrays have an element
for each operation. Zipf is by Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994.

Only the power function may differ in a last bit between machines and from Java's. Where that could change an item, it
is the C library's (a millionth of the draws from SCRAMBLED_ITEMS at most), and constants are spelled out.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from harness.draw import Integers, Words
from harness.records import Keys

Doubles = NDArray[np.float64]

THETA = 0.99
SCRAMBLED_ITEMS = 10_000_000_001  # Zipf is drawn from 0 … 10^10, whatever the number of records, and then hashed.
SCRAMBLED_ZETA = 26.46902820178302  # As YCSB gives it, for 10^10.
SCRAMBLED_ETA = 0.21220003380967406  # Follows from these two.

_ALPHA = 1 / (1 - THETA)
_ZETA_OF_2 = 1 + 1 / 2**THETA
_FNV_OFFSET, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(1_099_511_628_211)
_EIGHT_BITS, _OCTET = np.uint64(8), np.uint64(0xFF)
_ZETA_CHUNK = 65_536


def uniform(words: Words) -> Doubles:
    """In [0, 1), from the high 53 bits: what Java's nextDouble makes of these words."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choice(words: Words, lowest: int, highest: int) -> Integers:
    """Whole numbers from `lowest` to `highest`: what UniformLongGenerator makes of these words."""
    return np.abs(words.view(np.int64)) % (highest - lowest + 1) + lowest


def fnv_hashes(numbers: Words) -> Words:
    """FNV-1a over the eight octets of each number, lowest first, without the sign of the result."""
    hashes = np.full(numbers.shape, _FNV_OFFSET)
    for octet in range(8):
        hashes ^= numbers >> np.uint64(octet) * _EIGHT_BITS & _OCTET
        hashes *= _FNV_PRIME
    return np.abs(hashes.view(np.int64)).view(np.uint64)


def key_texts(hashes: Words) -> list[str]:
    """The keys with these hashes: "user" and as many digits as it takes (zeropadding=1)."""
    return [f"user{hash_}" for hash_ in hashes.tolist()]


def key_hash(key: str) -> int:
    """The hash of a key; 0 where it is no key."""
    digits = key[4:]
    return int(digits) if digits.isdecimal() and len(digits) <= 19 else 0


KEYS = Keys(fnv_hashes, key_texts, key_hash)


def eta(items: int, zeta: float | Doubles) -> float | Doubles:
    return (1 - math.pow(2 / items, 1 - THETA)) / (1 - _ZETA_OF_2 / zeta)


def zipfian(uniforms: Doubles, items: int | Integers, zeta: float | Doubles, eta: float | Doubles) -> Integers:
    """Zipf's law over the numbers below `items`, 0 the most popular."""
    bases = eta * uniforms - eta + 1
    powers = np.fromiter(map(math.pow, bases.tolist(), repeat(_ALPHA)), np.float64, len(bases))
    drawn = (items * powers).astype(np.int64)
    sums = uniforms * zeta
    drawn[sums < 1 + math.pow(0.5, THETA)] = 1
    drawn[sums < 1] = 0
    return drawn


def scrambled(uniforms: Doubles, items: int) -> Integers:
    """Zipf's law scattered over the numbers below `items` by a hash, which several popular ones may share."""
    ranks = zipfian(uniforms, SCRAMBLED_ITEMS, SCRAMBLED_ZETA, SCRAMBLED_ETA)
    return (fnv_hashes(ranks.view(np.uint64)) % np.uint64(items)).view(np.int64)


def zetas(zeta: float, items: int, more: int) -> Doubles:
    """The zetas of items, items + 1, … items + more, from the first: added one by one, since last bits depend on it."""
    terms = 1 / np.arange(items + 1, items + more + 1, dtype=np.float64) ** THETA
    return np.cumsum(np.concatenate(([zeta], terms)))


@lru_cache(maxsize=4)
def zeta(items: int) -> float:
    """The sum of 1 / i**0.99 for i from 1 to `items`."""
    total = 0.0
    for start in range(0, items, _ZETA_CHUNK):
        total = float(zetas(total, start, min(_ZETA_CHUNK, items - start))[-1])
    return total


def latest(uniforms: Doubles, last: Integers, items: int, zetas: Doubles) -> Integers:
    """Zipf's law from the newest to the oldest: `last` is the highest number that exists, at each draw.

    YCSB keeps `items`, the first `last`, in one term, and hardly ever draws number 0.
    """
    return last - zipfian(uniforms, last, zetas, eta(items, zetas))
