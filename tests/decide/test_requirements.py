"""Requirements: what may be written, and that every mistake ends in one line that helps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from harness.complaints import described
from harness.decide import asking, requirements
from harness.decide.making import Basis, read
from harness.decide.requirements import Requirements
from harness.errors import UsageError
from tests.decide.questions import CATALOG, HERE

EXAMPLE = asking.EXAMPLE.read_text()


def written(folder: Path, text: str) -> Path:
    file = folder / "requirements.toml"
    file.write_text(text)
    return file


def test_the_example_is_right_and_names_every_key(tmp_path: Path) -> None:
    found = requirements.read(written(tmp_path, EXAMPLE))
    assert [each.name for each in found.workloads] == ["write-heavy", "read-heavy"]
    assert [key for key in keys(Requirements) if f"{key} =" not in EXAMPLE and f"{key}]" not in EXAMPLE] == []


def test_what_the_example_leaves_out_is_right_too(tmp_path: Path) -> None:
    """Each commented line by itself."""
    lines = EXAMPLE.splitlines()
    commented = [n for n, line in enumerate(lines) if line.startswith("# ") and " = " in line]
    assert len(commented) >= 9
    for number in commented:
        other = [line for line in lines if "numbers" not in lines[number] or not line.startswith("order =")]
        changed = [line.removeprefix("# ") if line == lines[number] else line for line in other]
        requirements.read(written(tmp_path, "\n".join(changed)))


def test_every_key_is_explained() -> None:
    assert [key for key, kind in fields(Requirements) if described([key], kind)[0] == "not explained"] == [
        "growth",
        "limits",
        "weights",
        "prices",
        "machine",
    ]


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        (
            'name = "write-heavy"',
            "name = 5",
            "workloads[1].name = 5: expected text, got a whole number. Wanted: a workload",
        ),
        ("importance = 3 ", "importance = -3 ", "workloads[1].importance = -3: expected a number > 0.0"),
        ("importance = 1\n", "importance = 0\n", "workloads[2].importance = 0: expected a number > 0.0"),
        ('slo = "p99=20ms"', 'slo = "p99=20"', 'slo = "p99=20": a percentile and a time with its unit is wanted'),
        (
            "horizon_years",
            "horizon_year",
            "no key growth.horizon_year. Did you mean horizon_years? Growth has: percent",
        ),
        ("[machine]", "[maschine]", "there is no key maschine. Did you mean machine?"),
        ("rows = 5_000_000 ", "rows = 5.5 ", "workloads[1].rows = 5.5: expected a whole number, got a number"),
        ('"consistency", "iso', '"consistncy", "iso', "there is no 'consistncy'. Wanted: criteria out of response"),
        ('postgres = "expert"', 'postgres = "guru"', "there is no 'guru'. Wanted: the team's experience with engines"),
        (
            "question =",
            "# question =",
            "question is missing: what shall be decided, in a sentence, for example question =",
        ),
        ("rate_per_second = 400", "#", "workloads[1].rate_per_second is missing: requests per second"),
        ("budget_per_month = 500", "#", "weights names cost, which is measured against limits.budget_per_month"),
        (
            "budget_per_month = 500",
            "budget_per_month = -500",
            "limits.budget_per_month = -500: expected a number > 0.0",
        ),
        ("max_loss_seconds = 0 ", 'max_loss_seconds = "1s" ', 'max_loss_seconds = "1s": expected a number, got text'),
        ("# min_recall = 0.95", "min_recall = 1.5", "limits.min_recall = 1.5: expected a number <= 1.0"),
        ("cores = 32", "cores = 0", "machine.cores = 0: expected a whole number >= 1"),
        ("# numbers = {", "numbers = {", "weights has order and numbers: keep one of them"),
        ('"response", "exp', '"consistency", "exp', "weights.order names a criterion twice"),
        ('name = "read-heavy"', 'name = "write-heavy"', "a workload is named twice"),
        ('question = "', "question = ", "is not readable TOML"),
    ],
)
def test_a_mistake_is_named_with_its_key_what_it_may_be_and_an_example(
    tmp_path: Path, was: str, instead: str, said: str
) -> None:
    assert was in EXAMPLE
    file = written(tmp_path, EXAMPLE.replace(was, instead, 1))
    with pytest.raises(UsageError) as caught:
        requirements.read(file)
    message = str(caught.value)
    assert said in message
    assert str(file) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ('name = "write-heavy"', 'name = "write-havy"', 'there is no "write-havy". Did you mean write-heavy?'),
        (
            '# engines = ["postgres", "mongo"]',
            'engines = ["betta"]',
            'no "betta". Did you mean beta? There are: alpha,',
        ),
        ('# licences = ["PostgreSQL", "Apache-2.0"]', 'licences = ["Apache2"]', "Did you mean Apache-2.0?"),
        ("# min_recall = 0.95", "min_recall = 0.95", "limits.min_recall is of vector searches, and no workload"),
    ],
)
def test_a_name_that_nobody_has_is_answered_with_those_there_are(
    tmp_path: Path, was: str, instead: str, said: str
) -> None:
    text = EXAMPLE.replace('postgres = "expert"\nmongo = "some"\n', "").replace(was, instead, 1)
    with pytest.raises(UsageError) as caught:
        read(written(tmp_path, text), Basis(CATALOG, HERE, None, "", ""))  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_answered_with_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Begin with: bakeoff decide --init"):
        requirements.read(tmp_path / "none.toml")


def test_the_usual_weights_leave_cost_out_where_no_budget_gives_it_a_scale(tmp_path: Path) -> None:
    bare = 'question = "?"\n[[workloads]]\nname = "read-heavy"\nrate_per_second = 1\nslo = "p99=1ms"\nrows = 1\n'
    assert "cost" not in requirements.read(written(tmp_path, bare)).weighed.order
    assert "cost" in requirements.read(written(tmp_path, bare + "[limits]\nbudget_per_month = 5\n")).weighed.order


def test_an_interview_asks_until_it_understands_and_writes_what_can_be_read(tmp_path: Path) -> None:
    answers = iter(
        [
            *("Which one?", ""),  # Question and context.
            *("raed-heavy", "read-heavy", "many", "500", "p99=10ms", "2_000_000", "no"),  # A workload; another one?
            *("30", "", ""),  # Growth.
            *("yes", "", "", "", "", "", "1", "", "400", "PostgreSQL, Apache-2.0"),  # Limits.
            "response, cost",
            *("expert", "none"),
            *("", "", "", ""),  # Prices.
        ]
    )
    said: list[str] = []
    text = asking.interview(lambda question, default: next(answers), said.append, ["read-heavy"], ["alpha", "beta"])
    found = requirements.read(written(tmp_path, text))
    assert '  "raed-heavy" is none of them.' in said
    assert any("expected a number, got text" in line for line in said)
    assert next(answers, None) is None
    assert (found.workloads[0].rate_per_second, found.workloads[0].rows) == (500, 2_000_000)
    assert found.limits.multi_record_transactions
    assert found.limits.licences == ["PostgreSQL", "Apache-2.0"]
    assert found.weighed.order == ["response", "cost"]
    assert found.experience == {"alpha": "expert"}


def fields(kind: type) -> Iterator[tuple[str, type]]:
    for field in msgspec.structs.fields(kind):
        yield field.name, kind


def keys(kind: type) -> Iterator[str]:
    """Of a table and those inside it."""
    for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
        yield field.name
        inner = field.type
        while isinstance(inner, msgspec.inspect.Metadata | msgspec.inspect.UnionType | msgspec.inspect.ListType):
            inner = (
                inner.types[0]
                if isinstance(inner, msgspec.inspect.UnionType)
                else inner.item_type
                if isinstance(inner, msgspec.inspect.ListType)
                else inner.type
            )
        if isinstance(inner, msgspec.inspect.StructType):
            yield from keys(inner.cls)
