"""What a file of own queries may say: every key with what it may be and an example.

The descriptions are the documentation: errors take their words from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

MOST_ROWS = 10_000_000
MOST_WEIGHT = 1_000_000

Number = int | float
Value = bool | int | float | str
Range = tuple[int, int]
Choices = Annotated[list[int | float | str], Meta(min_length=1)]
Theta = Annotated[float, Meta(ge=0, le=2)]
Digits = Annotated[int, Meta(ge=0, le=9)]
Start = Annotated[int, Meta(ge=0, le=2**32)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Draw(Part, frozen=True):
    """How values are drawn: exactly one of GENERATORS, and what goes with it."""

    uniform: Annotated[
        tuple[Number, Number] | None,
        Meta(description="the least and the greatest of values that are equally frequent", examples=[[1, 100]]),
    ] = None
    zipf: Annotated[
        Range | None,
        Meta(description="the most frequent whole number and the rarest, by Zipf's law", examples=[[1, 1000]]),
    ] = None
    normal: Annotated[
        tuple[Number, Number] | None,
        Meta(description="mean and standard deviation of normal values", examples=[[80.0, 25.0]]),
    ] = None
    choice: Annotated[
        Choices | None,
        Meta(description="the values that there are", examples=[["new", "paid", "sent"]]),
    ] = None
    text: Annotated[
        int | Range | None,
        Meta(description="how many random characters, or the fewest and the most", examples=[20, [5, 40]]),
    ] = None
    words: Annotated[
        int | Range | None,
        Meta(description="how many words of a small vocabulary, or the fewest and the most", examples=[[3, 12]]),
    ] = None
    timestamp: Annotated[
        tuple[str, str] | None,
        Meta(description="the first and the last moment, in UTC", examples=[["2025-01-01", "2025-12-31T23:59:59"]]),
    ] = None
    true_share: Annotated[Share | None, Meta(description="true or false: the share that is true", examples=[0.1])] = (
        None
    )
    key_of: Annotated[
        str | None, Meta(description="a table, one of whose loaded keys is drawn", examples=["customers"])
    ] = None
    zipf_theta: Annotated[
        Theta | None,
        Meta(description="how uneven zipf and key_of are; 0: all alike, 0.99: usual", examples=[0.99]),
    ] = None
    weights: Annotated[
        list[Annotated[int, Meta(ge=1, le=MOST_WEIGHT)]] | None,
        Meta(description="how often each value of choice comes, in whole numbers", examples=[[1, 4, 15]]),
    ] = None
    min: Annotated[Number | None, Meta(description="what smaller values of normal become", examples=[0])] = None
    max: Annotated[Number | None, Meta(description="what greater values of normal become", examples=[200])] = None
    decimals: Annotated[Digits | None, Meta(description="how many digits behind the point are kept", examples=[2])] = (
        None
    )


class ColumnForm(Draw, frozen=True):
    sequential: Annotated[
        Start | None,
        Meta(description="the first of whole numbers that count up: the table's key", examples=[1]),
    ] = None
    null_share: Annotated[Share, Meta(description="the share of rows that have no value", examples=[0.2])] = 0.0


class ParameterForm(Draw, frozen=True):
    fresh_key_of: Annotated[
        str | None, Meta(description="a table; the parameter is a key that no row has yet", examples=["orders"])
    ] = None
    after: Annotated[
        str | None, Meta(description="another parameter that is a timestamp; see seconds", examples=["since"])
    ] = None
    seconds: Annotated[Number | None, Meta(description="how long after that other parameter", examples=[604_800])] = (
        None
    )


class TableForm(Part, frozen=True):
    rows: Annotated[int, Meta(ge=1, le=MOST_ROWS, description="how many rows are loaded", examples=[10_000])]
    columns: Annotated[
        dict[str, ColumnForm],
        Meta(min_length=1, description="each column with how it is drawn", examples=[{"id": {"sequential": 1}}]),
    ]


Written = str | dict[str, Any]


class SchemaForm(Part, frozen=True):
    create: Annotated[
        list[Written] | None,
        Meta(description="statements that make all tables", examples=[["CREATE TABLE orders (id bigint PRIMARY KEY)"]]),
    ] = None
    after_load: Annotated[
        list[Written] | None,
        Meta(
            description="statements after loading, for indexes",
            examples=[["CREATE INDEX orders_customer ON orders (customer)"]],
        ),
    ] = None
    each_row: Annotated[
        dict[str, list[str]] | None,
        Meta(
            description="by table, commands that are sent with each row",
            examples=[{"orders": ["ZADD orders-of:{customer} {id} {id}"]}],
        ),
    ] = None


class ExpectForm(Part, frozen=True):
    rows: Annotated[
        int | Range | None,
        Meta(description="how many rows an answer has, or the fewest and the most", examples=[1, [0, 20]]),
    ] = None
    answer: Annotated[
        bool | str | None,
        Meta(
            description="SQL that gives the right rows in SQLite, or true: statements.sql does",
            examples=["SELECT name FROM customers WHERE id = {id}"],
        ),
    ] = None
    ordered: Annotated[
        bool, Meta(description="true if the rows must come in the order of the right ones", examples=[True])
    ] = False


Row = dict[str, Value]


class OperationForm(Part, frozen=True):
    name: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9][a-z0-9 _-]{0,39}$",
            description="its name in reports, of small letters, digits, spaces, - and _",
            examples=["order history"],
        ),
    ]
    weight: Annotated[
        int,
        Meta(ge=1, le=MOST_WEIGHT, description="how often it is sent beside the others, from 1", examples=[20]),
    ]
    statements: Annotated[
        dict[str, Written | list[Written]],
        Meta(
            min_length=1,
            description="what is sent, by engine or design; sql is for every engine that speaks it",
            examples=[{"sql": "SELECT name FROM customers WHERE id = {id}"}],
        ),
    ]
    parameters: Annotated[
        dict[str, ParameterForm],
        Meta(description="each parameter with how it is drawn", examples=[{"id": {"key_of": "customers"}}]),
    ] = field(default_factory=dict)
    adds: Annotated[
        dict[str, Row],
        Meta(
            description="by table, the row that it adds, all columns of it",
            examples=[{"orders": {"id": "{id}", "customer": "{customer}", "status": "new"}}],
        ),
    ] = field(default_factory=dict)
    changes: Annotated[
        dict[str, Row],
        Meta(
            description="by table, the key of the loaded row that it changes, and the new values",
            examples=[{"orders": {"id": "{id}", "status": "{status}"}}],
        ),
    ] = field(default_factory=dict)
    expect: Annotated[
        ExpectForm, Meta(description="what a right answer is", examples=[{"rows": 1}, {"answer": True}])
    ] = ExpectForm()


class QueryFile(Part, frozen=True):
    description: Annotated[
        str, Meta(min_length=1, description="what application it stands for, in a sentence", examples=["A web shop."])
    ]
    tables: Annotated[
        dict[str, TableForm],
        Meta(min_length=1, description="the data, a [tables.NAME] for each", examples=["[tables.orders] rows = 10000"]),
    ]
    operations: Annotated[
        list[OperationForm],
        Meta(min_length=1, description="one [[operations]] for each", examples=['[[operations]] name = "read"']),
    ]
    schemas: Annotated[
        dict[str, SchemaForm],
        Meta(description="by engine or design, what is made", examples=["[schemas.postgres] after_load = […]"]),
    ] = field(default_factory=dict)


GENERATORS = (
    *("sequential", "uniform", "zipf", "normal", "choice", "text", "words", "timestamp", "true_share"),
    *("key_of", "fresh_key_of", "after"),
)
GO_WITH: Mapping[str, tuple[str, ...]] = {
    "zipf_theta": ("zipf", "key_of"),
    "weights": ("choice",),
    "min": ("normal",),
    "max": ("normal",),
    "decimals": ("uniform", "normal"),
    "seconds": ("after",),
}
"""Keys that say more about some generators."""


def generator(drawn: Draw) -> str:
    """Its one generator."""
    return next(name for name in GENERATORS if getattr(drawn, name, None) is not None)
