"""Limits by words and by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.gate.limits import Limits, read, with_words


def test_what_is_not_said_is_as_usual() -> None:
    assert Limits() == Limits(throughput=5.0, response=10.0, cpu=5.0, errors=1.0)
    assert Limits().margin("response") == 0.10


def test_words_change_a_limit_or_switch_it_off() -> None:
    found = with_words(Limits(), ["throughput=2.5%", "cpu=off", "errors=3 %"])
    assert found == Limits(throughput=2.5, cpu=None, errors=3.0)
    assert found.margin("cpu") is None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("throughput=5", 'write METRIC=PERCENT%, for example "throughput=5%"'),
        ("speed=5%", "Metrics are throughput, response, cpu, errors."),
        ("errors=off", "write METRIC=PERCENT%"),
        ("cpu=0%", "between 0 and 100 %"),
        ("cpu=100%", "between 0 and 100 %"),
        ("cpu", "write METRIC=PERCENT%"),
    ],
)
def test_a_word_that_is_no_limit_is_answered_with_what_is(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"--limit {word}: ") as caught:
        with_words(Limits(), [word])
    assert said in str(caught.value)


def test_a_file_has_them_as_numbers(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("throughput = 3\nresponse = 20\n")
    assert read(file) == Limits(throughput=3.0, response=20.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("throughputs = 3", "there is no key throughputs. Did you mean throughput?"),
        (
            "cpu = -1",
            "cpu = -1: expected a number > 0.0. Wanted: percent by which server CPU may grow, for example cpu = 5",
        ),
        ('cpu = "5%"', "expected a number, got text"),
        ("cpu =", "is not readable TOML"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read(file)
    assert said in str(caught.value)
