"""Draws are the same everywhere (golden values), and have the distributions that they promise."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import draw

SOURCE = draw.source("test")
MANY = draw.words(SOURCE, draw.span(0, 100_000))


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16]


def test_words_are_those_of_splitmix64() -> None:
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert draw.words(np.uint64(1234567), draw.span(0, 4)).tolist() == published


@pytest.mark.parametrize(
    ("drawn", "golden"),
    [
        (MANY, "words"),
        (draw.below(MANY, 1_000_003), "below"),
        (draw.pick(MANY, draw.zipf(1_000, 0.99)), "zipf"),
        (draw.zipf(100_000, 0.99), "zipf table"),
        (draw.permutation(SOURCE, 10_000), "permutation"),
        (draw.near_normal(MANY), "near normal"),
        (draw.octets(MANY), "octets"),
    ],
    ids=["words", "below", "zipf", "zipf table", "permutation", "near normal", "octets"],
)
def test_draws_never_change(drawn: np.ndarray, golden: str) -> None:
    assert sha256(drawn) == GOLDEN[golden]


def test_a_slice_is_the_same_wherever_it_is_drawn() -> None:
    assert draw.words(SOURCE, draw.span(700, 50)).tolist() == MANY[700:750].tolist()


def test_words_of_one_source_differ() -> None:
    assert len(np.unique(MANY)) == len(MANY)


def test_sources_differ_by_every_part_of_their_name() -> None:
    names = [("a", 1, 2), ("a", 1, 3), ("a", 2, 2), ("b", 1, 2), ("a", 12), ("a", 1, 2, 0)]
    assert len({int(draw.source(*name)) for name in names}) == len(names)


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**63 - 1))
def test_below_is_the_high_half_of_the_exact_product(word: int, limit: int) -> None:
    assert draw.below(np.array([word], dtype=np.uint64), limit).tolist() == [word * limit >> 64]


def test_below_takes_a_limit_for_each_word() -> None:
    limits = np.array([1, 10, 10**18])
    expected = [int(word) * int(limit) >> 64 for word, limit in zip(MANY[:3], limits, strict=True)]
    assert draw.below(MANY[:3], limits).tolist() == expected


def test_integers_below_a_limit_are_uniform() -> None:
    observed = np.bincount(draw.below(MANY, 100), minlength=100)
    assert chi_square(observed, np.full(100, 1_000.0)) < 148  # 99.9 % of such tables are below, with 99 degrees.


@pytest.mark.parametrize(
    ("ranks", "hottest", "hottest_percent"), [(1_000, 0.129, 0.38), (100_000, 0.078, 0.60)], ids=["1,000", "100,000"]
)
def test_zipf_gives_popular_ranks_their_true_shares(ranks: int, hottest: float, hottest_percent: float) -> None:
    drawn = draw.pick(MANY, draw.zipf(ranks, 0.99))
    assert np.mean(drawn == 0) == pytest.approx(hottest, abs=0.003)
    assert np.mean(drawn < ranks // 100) == pytest.approx(hottest_percent, abs=0.006)
    assert drawn.min() == 0
    assert drawn.max() < ranks


def test_zipf_fits_its_law_at_every_rank() -> None:
    law = np.arange(1, 201) ** -0.99
    observed = np.bincount(draw.pick(MANY, draw.zipf(200, 0.99)), minlength=200)
    assert chi_square(observed, law / law.sum() * len(MANY)) < 268  # 99.9 %, with 199 degrees.


def test_zipf_of_zero_is_uniform() -> None:
    observed = np.bincount(draw.pick(MANY, draw.zipf(100, 0.0)), minlength=100)
    assert chi_square(observed, np.full(100, 1_000.0)) < 148


@pytest.mark.parametrize("ranks", [1_000, 100_000])
@pytest.mark.parametrize("direction", [0.0, np.inf])
def test_a_last_digit_of_the_power_function_changes_no_draw(ranks: int, direction: float) -> None:
    powers = np.nextafter(np.arange(1, ranks + 1, dtype=np.float64)[1:] ** -0.99, direction)
    weights = np.diff(draw.zipf(ranks, 0.99), prepend=0)
    assert np.array_equal(np.rint(powers * 2.0**32).astype(np.int64), weights[1:])


def test_a_permutation_holds_every_number_once_and_scatters() -> None:
    shuffled = draw.permutation(SOURCE, 1_000)
    assert sorted(shuffled.tolist()) == list(range(1_000))
    assert abs(np.corrcoef(shuffled, np.arange(1_000))[0, 1]) < 0.1


def test_near_normal_integers_have_the_promised_deviation_and_tails() -> None:
    drawn = draw.near_normal(MANY)
    assert drawn.mean() == pytest.approx(0, abs=4 * draw.NORMAL_DEVIATION / np.sqrt(len(MANY)))
    assert drawn.std() == pytest.approx(draw.NORMAL_DEVIATION, rel=0.01)
    assert np.mean(np.abs(drawn) < draw.NORMAL_DEVIATION) == pytest.approx(0.683, abs=0.02)
    assert draw.near_normal(np.array([0, 2**64 - 1], dtype=np.uint64)).tolist() == [-131_070, 131_070]


def test_texts_use_all_characters_alike() -> None:
    texts = draw.texts(draw.octets(MANY[:8_000].reshape(1_000, 8)))
    assert {len(text) for text in texts} == {64}
    observed = np.array([sum(text.count(character) for text in texts) for character in draw.ALPHABET])
    assert observed.sum() == 64_000
    assert chi_square(observed, np.full(64, 1_000.0)) < 103  # 99.9 %, with 63 degrees.
    assert hashlib.sha256("".join(texts).encode()).hexdigest()[:16] == GOLDEN["texts"]


def chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    return float(((observed - expected) ** 2 / expected).sum())


GOLDEN = {
    "words": "d47d4c65b57b7f0f",
    "below": "9877caee255da8b5",
    "zipf": "527689baacdf9948",
    "zipf table": "2258054d56da3280",
    "permutation": "49f2c6229cc5de4e",
    "near normal": "6e1a90a516afbc72",
    "octets": "d47d4c65b57b7f0f",
    "texts": "d42deb75c698ecfd",
}
