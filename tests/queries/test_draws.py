"""What columns and parameters are drawn as: the same for everybody, and distributed as the file says."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from statistics import mean, stdev
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import draw
from harness.queries.form import ColumnForm
from harness.queries.generators import Keys, column_drawer, milliseconds, type_of, vocabulary
from harness.queries.operations import BLOCK, fresh_key
from harness.workload import Stream
from tests.queries.tools import SMALL, changed, first, named, of_kind, own
from tests.workload_tools import digest

COUNT = 20_000
KEYS = {"people": Keys("people", 1, 1_000)}


def drawn(form: dict[str, Any], count: int = COUNT, name: str = "column") -> list[Any]:
    made = column_drawer(msgspec.convert(form, ColumnForm), draw.source(name), KEYS)
    values: list[Any] = made(draw.span(0, count)).tolist()
    return values


def shares(values: list[Any]) -> dict[Any, float]:
    return {value: number / len(values) for value, number in Counter(values).items()}


def test_whole_numbers_are_uniform_from_the_least_to_the_greatest() -> None:
    found = shares(drawn({"uniform": [-2, 7]}))
    assert sorted(found) == list(range(-2, 8))
    assert all(share == pytest.approx(0.1, abs=0.01) for share in found.values())


def test_numbers_with_a_point_fill_their_range_and_keep_the_digits_that_are_wanted() -> None:
    values = drawn({"uniform": [1.0, 3.0], "decimals": 2})
    assert all(isinstance(value, float) and 1 <= value <= 3 and round(value, 2) == value for value in values)
    assert mean(values) == pytest.approx(2, abs=0.02)
    assert len(set(values)) == 201


def test_normal_values_have_their_mean_and_deviation_and_stay_within_bounds() -> None:
    values = drawn({"normal": [80.0, 25.0]})
    assert mean(values) == pytest.approx(80, abs=0.6)
    assert stdev(values) == pytest.approx(25, abs=0.6)
    clipped = drawn({"normal": [80, 25], "min": 70, "max": 90})
    assert (min(clipped), max(clipped)) == (70, 90)
    assert all(isinstance(value, int) for value in clipped)


def test_zipf_prefers_the_least_by_its_law() -> None:
    found = shares(drawn({"zipf": [10, 13], "zipf_theta": 1.0}))
    whole = 1 + 1 / 2 + 1 / 3 + 1 / 4
    assert [found[value] for value in (10, 11, 12, 13)] == pytest.approx(
        [1 / whole, 1 / 2 / whole, 1 / 3 / whole, 1 / 4 / whole], abs=0.01
    )


def test_choices_come_as_often_as_their_weights_say() -> None:
    found = shares(drawn({"choice": ["a", "b", "c"], "weights": [1, 2, 7]}))
    assert found == pytest.approx({"a": 0.1, "b": 0.2, "c": 0.7}, abs=0.01)
    assert set(drawn({"choice": [1, 2.5]})) == {1.0, 2.5}


def test_truth_and_absence_have_their_shares() -> None:
    found = shares(drawn({"true_share": 0.3, "null_share": 0.2}))
    assert found == pytest.approx({True: 0.24, False: 0.56, None: 0.2}, abs=0.01)


def test_what_is_absent_does_not_depend_on_the_values() -> None:
    lower, upper = (
        [value for value in drawn({"uniform": [0, 99], "null_share": 0.5}) if value is not None and test(value)]
        for test in ((lambda value: value < 50), (lambda value: value >= 50))
    )
    assert len(lower) == pytest.approx(len(upper), rel=0.05)


def test_texts_have_the_length_and_the_number_of_words_that_are_wanted() -> None:
    assert {len(text) for text in drawn({"text": 17}, 200)} == {17}
    assert {len(text) for text in drawn({"text": [3, 9]}, 2_000)} == set(range(3, 10))
    sentences = drawn({"words": [2, 4]}, 2_000)
    assert {len(text.split()) for text in sentences} == {2, 3, 4}
    words = shares([word for text in sentences for word in text.split()])
    assert set(words) <= set(vocabulary())
    assert words[vocabulary()[0]] == pytest.approx(2 * words[vocabulary()[1]], rel=0.2)


def test_the_vocabulary_has_different_words() -> None:
    assert len(vocabulary()) == len(set(vocabulary())) == 512


def test_moments_lie_between_the_first_and_the_last() -> None:
    values = drawn({"timestamp": ["2025-01-01", "2025-01-02T00:00:00+01:00"]})
    assert milliseconds("2025-01-01") == 1_735_689_600_000
    assert 0 <= min(values) - 1_735_689_600_000 < 60_000
    assert 0 <= 1_735_689_600_000 + 23 * 3_600_000 - max(values) < 60_000


def test_keys_of_a_table_are_those_it_has_and_the_popular_ones_are_popular_wherever_they_are_drawn() -> None:
    even = drawn({"key_of": "people"})
    assert (min(even), max(even)) == (1, 1_000)
    skewed, again = (Counter(drawn({"key_of": "people", "zipf_theta": 0.99}, name=name)) for name in ("one", "other"))
    hottest, number = skewed.most_common(1)[0]
    assert number / COUNT == pytest.approx(1 / sum(rank**-0.99 for rank in range(1, 1_001)), rel=0.1)
    assert again.most_common(1)[0][0] == hottest


@given(st.integers(0, 290), st.integers(1, 10))
def test_any_rows_of_a_table_can_be_drawn_again(start: int, count: int) -> None:
    """The oracle compares rows in whatever order a server gives them."""
    columns = own().columns("people")
    whole = list(zip(*columns(draw.span(0, 300)), strict=True))
    assert list(zip(*columns(draw.span(start, count)), strict=True)) == whole[start : start + count]


def test_data_and_operations_never_change() -> None:
    """If a change is meant, results of before and after cannot be compared: say so in the changelog."""
    made = own()
    assert digest(made.load())[:16] == "f435397c28920575"
    assert digest([(each.kind, each.values) for each in first(made, 2_000)])[:16] == "bf9e7cec1db1e07f"


def test_one_more_column_table_or_operation_changes_nothing_of_the_others() -> None:
    more = own(
        changed(
            ("age = {", "pets = { uniform = [0, 3] }\nage = {"),
            ("[tables.notes]\n", "[tables.things]\nrows = 5\ncolumns.id = { sequential = 1 }\n[tables.notes]\n"),
        )
    )
    batches = {batch.table.name: dict(zip(batch.table.names, batch.columns, strict=True)) for batch in more.load()}
    for batch in own().load():
        for name, values in zip(batch.table.names, batch.columns, strict=True):
            assert batches[batch.table.name][name] == values
    assert [each.values for each in first(more, 100)] == [each.values for each in first(own(), 100)]


@pytest.mark.parametrize("other", [Stream(8, 1, 0, 1), Stream(7, 2, 0, 1), Stream(7, 1, 1, 2)], ids=str)
def test_another_seed_trial_or_session_asks_otherwise(other: Stream) -> None:
    assert [each.values for each in first(own(), 50)] != [each.values for each in first(own(), 50, other)]


def test_operations_come_in_their_shares() -> None:
    found = shares([each.kind for each in first(own(), COUNT)])
    wanted = {"person": 5 / 11, "stars of an author": 3 / 11, "write": 2 / 11, "rename": 1 / 11}
    assert found == pytest.approx(wanted, abs=0.01)


def test_the_answer_check_asks_rare_operations_as_often_as_others() -> None:
    rare = own(changed(("weight = 5", "weight = 100000")))
    found = Counter(each.kind for each in first(rare, 100, Stream(7, 0, 0, 1)))
    assert min(found.values()) > 10


def test_fresh_keys_are_different_in_all_streams_and_from_loaded_ones() -> None:
    made = own()
    streams = [Stream(7, trial, session, 3) for trial in (0, 1, 2) for session in (0, 1, 2)]
    written = [of_kind("write", first(made, 3 * BLOCK, stream)) for stream in streams]
    keys = [named(made, each)["id"] for stream in written for each in stream]
    assert len(set(keys)) == len(keys)
    assert min(keys) > 2**32 + 10_000_000
    last = Stream(7, (1 << 14) - 2, 1_023, 1_024)
    assert fresh_key(last) + 2**28 <= 2**53
    with pytest.raises(ValueError, match="sessions to 1,023"):
        fresh_key(Stream(7, 1, 1_024, 1_025))


def test_a_window_ends_as_long_after_its_begin_as_it_should() -> None:
    text = SMALL + (
        '[[operations]]\nname = "born"\nweight = 1\nparameters.since = { timestamp = [1950-01-01, 2009-12-31] }\n'
        'parameters.until = { after = "since", seconds = 86_400.5 }\nexpect.answer = true\n'
        'statements.sql = "SELECT count(*) FROM people WHERE born >= {since} AND born < {until}"\n'
    )
    made = own(text)
    windows = [named(made, each) for each in of_kind("born", first(made, 2_000))]
    assert windows
    assert all(window["until"] - window["since"] == 86_400_500 for window in windows)


def test_rows_and_weights_are_parameters() -> None:
    scaled = own().scaled(0.1)
    assert scaled.sizes == {"people": 30, "notes": 200}
    assert sum(len(batch) for batch in scaled.load()) == scaled.rows == 230
    assert max(named(scaled, each)["id"] for each in of_kind("person", first(scaled, 1_000))) == 30


@pytest.mark.parametrize(
    ("form", "type"),
    [
        ({"sequential": 1}, "int"),
        ({"uniform": [1, 2]}, "int"),
        ({"uniform": [1, 2.0]}, "float"),
        ({"normal": [1.0, 2]}, "float"),
        ({"choice": ["1"]}, "text"),
        ({"choice": [1, 2.5]}, "float"),
        ({"words": 3}, "text"),
        ({"true_share": 0.5}, "bool"),
        ({"timestamp": ["2025-01-01", "2025-01-02"]}, "timestamp"),
        ({"key_of": "people"}, "int"),
    ],
)
def test_types_follow_from_how_values_are_drawn(form: dict[str, Any], type: str) -> None:
    assert type_of(msgspec.convert(form, ColumnForm)) == type
    kinds = {"int": int, "float": float, "text": str, "bool": bool, "timestamp": int}
    assert {each.__class__ for each in islice(drawn(form, 50), 50)} == {kinds[type]}
