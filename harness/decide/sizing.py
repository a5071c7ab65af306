"""From CPU per operation and bytes per row to cores, memory, disk and money, and how long one machine is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.decide.measures import Measures
from harness.decide.quantities import Draws
from harness.decide.requirements import Machine, Requirements, Wanted

ASSUMPTIONS = (
    "CPU per operation and bytes per row stay as they were measured, whatever the volume.",
    "Data and requests grow alike; the rates are those of the busiest time.",
    "Memory holds the hot share of the data, or all of it of an engine that keeps its data in memory.",
    "Where the server's CPU was the limit, more cores carry proportionally more; elsewhere they do not help at all.",
    "Nothing is rented smaller than one core and 1 GiB; a system that must survive the loss of a node has three.",
)
GIB = 2**30
HOURS_A_MONTH = 730.0
LEAST_CORES, LEAST_GIB = 1.0, 1.0
NODES_TO_SURVIVE = 3  # The fewest of which two can agree that the third is gone.

Serving = Sequence[tuple[Wanted, Measures]]  # Workloads, and how the engine that shall serve them did.


@dataclass(frozen=True)
class Size:
    """What one server needs that does all of an engine's share."""

    cores: float  # Busy for no more than the share of the time that the requirements allow.
    memory_gib: float
    disk_gib: float


@dataclass(frozen=True)
class Outgrown:
    what: str  # "cores", "memory", "disk", or "throughput", where the server's CPU was not the limit.
    years: float  # From today; 0: one machine is not enough even now; inf: growth never gets there.


def grown(wanted: Requirements, years: float) -> float:
    """By which factor."""
    return float((1 + wanted.growth.percent_per_year / 100) ** years)


def nodes(wanted: Requirements) -> int:
    return NODES_TO_SURVIVE if wanted.limits.survive_node_loss else 1


def size(serving: Serving, machine: Machine, in_memory: bool) -> Size | None:
    """Today's. None where CPU or bytes of any workload were not measured."""
    if any(each.server_cpu_us is None or each.bytes_per_row is None for _, each in serving):
        return None
    cpu_us = {each.workload: each.server_cpu_us.value for _, each in serving if each.server_cpu_us}
    data_gib = math.fsum(wanted.rows * (each.bytes_per_row or 0.0) for wanted, each in serving) / GIB
    cores = float(cores_for(serving, cpu_us, machine))
    return Size(cores, data_gib * (1.0 if in_memory else machine.hot), data_gib)


def cores_for(serving: Serving, cpu_us: Mapping[str, float] | Mapping[str, Draws], machine: Machine) -> float | Draws:
    """By the CPU of one operation of each workload."""
    return sum(wanted.rate_per_second * cpu_us[m.workload] for wanted, m in serving) / 1e6 / machine.busy


def cost(cores: float | Draws, now: Size, wanted: Requirements, factor: float) -> Draws:
    """Of a month, when all but the price of things has grown by a factor; `cores` are today's, like `now`."""
    prices = wanted.prices
    hour = (
        np.maximum(LEAST_CORES, np.asarray(cores) * factor) * prices.core_hour
        + max(LEAST_GIB, now.memory_gib * factor) * prices.gib_memory_hour
    )
    return np.asarray(nodes(wanted) * (hour * HOURS_A_MONTH + now.disk_gib * factor * prices.gib_disk_month))


def ceiling(measures: Measures, machine: Machine) -> float | None:
    """Requests per second that the largest machine can do; None: not measured, or not to be said."""
    if measures.most_per_second is None or measures.cpu_bound is None:
        return None
    return measures.most_per_second * (machine.cores / measures.server_cores if measures.cpu_bound else 1.0)


def outgrown(serving: Serving, now: Size, wanted: Requirements) -> Outgrown:
    """What of the largest machine is used up first as data and requests grow."""
    machine = wanted.machine
    stuck = [(each, most) for each, m in serving if m.cpu_bound is False and (most := ceiling(m, machine))]
    shares = {
        "cores": now.cores / machine.cores,
        "memory": now.memory_gib / machine.memory_gib,
        "disk": now.disk_gib / machine.disk_gib,
        "throughput": math.fsum(each.rate_per_second / most for each, most in stuck) / machine.busy,
    }
    what = max(shares, key=lambda name: shares[name])
    return Outgrown(what, _years(shares[what], wanted.growth.percent_per_year))


def _years(share: float, percent: float) -> float:
    """Until a share that grows has become all."""
    if share >= 1:
        return 0.0
    return math.log(1 / share) / math.log1p(percent / 100) if percent and share > 0 else math.inf
