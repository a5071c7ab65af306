"""A decision as it is saved: what was asked, what is recommended, how sure that is, and everything it rests on.

As in results, numbers carry their units and None means not known.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from harness.engine import Durability
from harness.trial import Record

VERSION: Literal[1] = 1
Outcome = Literal["clear", "leaning", "no clear winner", "no candidate"]


class Reason(Record, frozen=True, kw_only=False):
    limit: str  # Or the workload that it cannot do.
    text: str
    basis: str  # "measured", "documented", "judged" or "not known".
    source: str | None  # Address of the page, or folder of the run.


class Out(Record, frozen=True):
    """Who cannot be the only engine, and why."""

    engine: str
    title: str
    reasons: list[Reason]


class Valued(Record, frozen=True):
    basis: str  # "measured", "documented", "judged" or "not known".
    text: str  # With its unit.
    worth: float  # 0 … 1, the mean of its draws.


class Scored(Record, frozen=True):
    option: str
    engines: list[str]  # The system of record first.
    serves: dict[str, str]  # Workload -> the candidate, with its design, that would do it.
    worth: float  # At the middle of the weights.
    low: float  # 95 % of the draws lie
    high: float  # between these.
    ranks: list[float]  # Chance of being first, second …
    efficient: bool  # Is it on the Pareto front?
    central_weights: dict[str, float] | None  # By attribute: of those who would choose it; None: nobody would.
    cells: dict[str, Valued]  # By attribute.
    in_step: str | None  # How two engines are kept in step.
    cost_per_month: float | None  # At the horizon.


class Passed(Record, frozen=True):
    """A pair of engines that is not surely better than one of them alone."""

    option: str
    alone: str
    chance: float  # That the pair is better.
    difference: float  # Of worths.


class Tipping(Record, frozen=True):
    kind: Literal["weight", "importance", "measurement"]
    rival: str
    what: str
    whose: str | None
    now: float
    then: float
    unit: str


class Doubt(Record, frozen=True):
    """What more knowledge would be worth."""

    what: str  # Title of an attribute; "weights".
    share: float  # Of all doubt that would go if it were known exactly.
    command: str | None  # That measures it better.


class Growing(Record, frozen=True):
    """What one server of an engine needs for its share of an option."""

    option: str
    engine: str
    years: float
    per_second: float  # Of all its workloads.
    rows: float
    cores: float
    memory_gib: float
    disk_gib: float


class Scaling(Record, frozen=True):
    """How long one machine is enough for an engine's share of an option, and what it has to offer then."""

    option: str
    engine: str
    limit: str | None  # "cores", "memory", "disk", "throughput"; None: not known.
    years: float | None  # None: never, as data do not grow so far, or not known.
    law: list[str]  # What the throughput by clients showed, a sentence for each workload.
    then: dict[str, str]  # "replication", "sharding", "failover": as documented.


class Weighed(Record, frozen=True):
    attribute: str
    criterion: str
    workload: str | None
    weight: float  # Middle.
    scale: str  # What is worth 0, and what 1.


class Decision(Record, frozen=True):
    version: Literal[1]
    made: datetime
    bakeoff: str
    command: str  # Repeats it.
    question: str
    context: str
    deciders: list[str]
    requirements: str  # Path of the file.
    digest: str  # SHA-256 of its content.
    folders: list[str]  # Of the runs and studies it rests on.
    seed: int
    draws: int
    durability: Durability
    outcome: Outcome
    leader: str | None
    probability: float | None  # That the leader is the best.
    weights: list[Weighed]
    importance: dict[str, float]  # Of workloads, in shares of 1.
    scores: list[Scored]  # The best first.
    out: list[Out]  # Of those that were measured; and of others,
    documented_out: list[Out]  # by what is documented alone.
    passed: list[Passed]
    tipping: list[Tipping]  # The nearest first.
    doubts: list[Doubt]  # The largest first.
    growing: list[Growing]
    scaling: list[Scaling]
    currency: str
    nodes: int
    assumptions: list[str]
    elsewhere: dict[str, str]  # Engines that meet all limits as documented and were not measured -> what is missing.
    evidence: list[str]  # Sentences.
    left_out: list[str]
    warnings: list[str]
