"""What a team wants, as it is written in requirements.toml: every key with what it may be and an example.

The descriptions here are the documentation: errors, `--init` and `--interview` all take their words from them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, field

from harness.analysis import slo
from harness.complaints import explain
from harness.errors import UsageError
from harness.result import Slo
from harness.trial import Parameter

Experience = Literal["none", "some", "expert"]
Criterion = Literal[
    "response",
    "capacity",
    "cost",
    "load",
    "recall",
    "durability",
    "consistency",
    "isolation",
    "operations",
    "experience",
    "sync",
]
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)
USUAL_ORDER: tuple[Criterion, ...] = ("response", "capacity", "cost", "operations", "experience")

Share = Annotated[float, Meta(gt=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Wanted(Part, frozen=True, kw_only=True):
    """A workload that the system will have."""

    name: Annotated[str, Meta(description="a workload of bakeoff (see bakeoff list)", examples=["write-heavy"])]
    importance: Annotated[Positive, Meta(description="how much it matters beside the others", examples=[3])] = 1.0
    rate_per_second: Annotated[
        Positive, Meta(description="requests per second at the busiest time today", examples=[400])
    ]
    slo: Annotated[
        str, Meta(description="a percentile and the longest response time it may have", examples=["p99=20ms"])
    ]
    rows: Annotated[int, Meta(gt=0, description="rows (records, points, vectors) today", examples=[5_000_000])]
    parameters: Annotated[
        dict[str, Parameter],
        Meta(description="parameters of the workload as --set takes them", examples=[{"records": 40_000}]),
    ] = field(default_factory=dict)

    @property
    def objective(self) -> Slo:
        return slo.parse(self.slo)


class Growth(Part, frozen=True, kw_only=True):
    percent_per_year: Annotated[
        NotNegative, Meta(description="by how much data and requests grow each year, in percent", examples=[30])
    ] = 0.0
    horizon_years: Annotated[
        NotNegative, Meta(description="for how many years the choice shall hold", examples=[3])
    ] = 3.0
    load_hours: Annotated[
        Positive, Meta(description="hours that loading all of today's data may take (a restore, say)", examples=[8])
    ] = 8.0


class Limits(Part, frozen=True, kw_only=True):
    """What every candidate must have; left out: no such limit."""

    multi_record_transactions: Annotated[
        bool, Meta(description="true if several records must change together or not at all", examples=[True])
    ] = False
    survive_node_loss: Annotated[
        bool, Meta(description="true if the system must go on by itself when one machine dies", examples=[True])
    ] = False
    open_source: Annotated[bool, Meta(description="true if the licence must be OSI-approved", examples=[True])] = False
    on_premises: Annotated[bool, Meta(description="true if it must run on your own machines", examples=[True])] = False
    row_level_security: Annotated[
        bool, Meta(description="true if the server itself must hide rows from users", examples=[True])
    ] = False
    encryption_at_rest: Annotated[
        bool, Meta(description="true if the server itself must encrypt its files", examples=[True])
    ] = False
    max_loss_seconds: Annotated[
        NotNegative | None,
        Meta(description="seconds of acknowledged writes that a crash may lose at most; 0: none", examples=[1]),
    ] = None
    min_recall: Annotated[
        Share | None, Meta(description="share of the true nearest that a vector search must find", examples=[0.95])
    ] = None
    budget_per_month: Annotated[
        Positive | None, Meta(description="the most that machines may cost in a month", examples=[500])
    ] = None
    licences: Annotated[
        list[str], Meta(description="licences that are allowed, if not all", examples=[["PostgreSQL", "Apache-2.0"]])
    ] = field(default_factory=list)
    engines: Annotated[
        list[str], Meta(description="engines that come into question, if not all", examples=[["postgres", "mongo"]])
    ] = field(default_factory=list)


class Weights(Part, frozen=True, kw_only=True):
    """Either the order of importance, or numbers."""

    order: Annotated[
        list[Criterion],
        Meta(
            description=f"criteria out of {', '.join(CRITERIA)}, the most important first",
            examples=[["response", "cost", "operations"]],
        ),
    ] = field(default_factory=list)
    numbers: Annotated[
        dict[Criterion, Positive],
        Meta(
            description=f"a number for each criterion that counts, out of {', '.join(CRITERIA)}",
            examples=[{"response": 3, "cost": 2}],
        ),
    ] = field(default_factory=dict)


class Prices(Part, frozen=True, kw_only=True):
    currency: Annotated[str, Meta(description="of all prices", examples=["EUR"])] = "EUR"
    core_hour: Annotated[Positive, Meta(description="one core for one hour", examples=[0.03])] = 0.03
    gib_memory_hour: Annotated[Positive, Meta(description="one GiB of memory for one hour", examples=[0.004])] = 0.004
    gib_disk_month: Annotated[Positive, Meta(description="one GiB of disk for one month", examples=[0.1])] = 0.1


class Machine(Part, frozen=True, kw_only=True):
    """The largest that you would run one server on."""

    cores: Annotated[int, Meta(gt=0, description="its cores", examples=[32])] = 32
    memory_gib: Annotated[Positive, Meta(description="its memory in GiB", examples=[128])] = 128.0
    disk_gib: Annotated[Positive, Meta(description="its disk in GiB", examples=[4_000])] = 4_000.0
    busy: Annotated[
        Share, Meta(description="share of its cores that may be busy at the busiest time", examples=[0.6])
    ] = 0.6
    hot: Annotated[
        Share, Meta(description="share of the data that must be in memory to be as fast as measured", examples=[0.2])
    ] = 0.2


class Requirements(Part, frozen=True, kw_only=True):
    question: Annotated[
        str, Meta(min_length=1, description="what shall be decided, in a sentence", examples=["Which database?"])
    ]
    context: Annotated[str, Meta(description="what somebody must know who was not there", examples=["…"])] = ""
    deciders: Annotated[list[str], Meta(description="who signs", examples=[["Ada", "Edsger"]])] = field(
        default_factory=list
    )
    workloads: Annotated[
        list[Wanted],
        Meta(min_length=1, description="one [[workloads]] for each", examples=['[[workloads]] name = "read-heavy"']),
    ]
    growth: Growth = Growth()
    limits: Limits = Limits()
    weights: Weights | None = None
    experience: Annotated[
        dict[str, Experience],
        Meta(description="the team's experience with engines: none, some or expert", examples=[{"postgres": "expert"}]),
    ] = field(default_factory=dict)
    prices: Prices = Prices()
    machine: Machine = Machine()
    pairs: Annotated[
        bool, Meta(description="false if two engines side by side are out of the question", examples=[False])
    ] = True

    @property
    def weighed(self) -> Weights:
        """As they are written, else the usual order; cost has no scale without a budget."""
        order = [each for each in USUAL_ORDER if each != "cost" or self.limits.budget_per_month]
        return self.weights or Weights(order=order)


def read(file: Path) -> Requirements:
    """Raises UsageError that names the key, what it may be, and an example."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no {file}. Begin with: bakeoff decide --init {file}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{file} is not readable TOML: {problem}.") from problem
    try:
        found = msgspec.convert(content, Requirements)
    except msgspec.ValidationError as problem:
        raise UsageError(f"{file}: {explain(problem, content, Requirements)}") from problem
    _check(found, file)
    return found


def _check(wanted: Requirements, file: Path) -> None:
    """What a type cannot say."""
    for number, each in enumerate(wanted.workloads, start=1):
        try:
            slo.parse(each.slo)
        except UsageError:
            raise UsageError(
                f'{file}: workloads[{number}].slo = "{each.slo}": a percentile and a time with its unit is wanted, '
                'for example slo = "p99=20ms".'
            ) from None
    names = [each.name for each in wanted.workloads]
    if len({*names}) < len(names):
        raise UsageError(f"{file}: a workload is named twice ({', '.join(names)}); give it one entry.")
    if wanted.weights:
        _check_weights(wanted.weights, wanted.limits, file)


def _check_weights(weights: Weights, limits: Limits, file: Path) -> None:
    named = weights.order or list(weights.numbers)
    if weights.order and weights.numbers:
        raise UsageError(f"{file}: weights has order and numbers: keep one of them.")
    if not named:
        raise UsageError(f'{file}: weights is empty: write order = ["response", "cost"], the most important first.')
    if len({*named}) < len(named):
        raise UsageError(f"{file}: weights.order names a criterion twice ({', '.join(named)}).")
    if "cost" in named and limits.budget_per_month is None:
        raise UsageError(
            f"{file}: weights names cost, which is measured against limits.budget_per_month: write one, for example "
            "budget_per_month = 500, or leave cost out."
        )
