"""From what one operation takes to cores, memory, disk and money: by hand."""

from __future__ import annotations

import math

import pytest

from harness.decide import sizing
from harness.decide.sizing import Size, cost, grown, outgrown, size
from tests.decide.questions import METRICS, WRITES, measures, requirements

MACHINE = {"cores": 8, "memory_gib": 64, "disk_gib": 100, "busy": 0.5, "hot": 0.25}
PRICES = {"core_hour": 0.1, "gib_memory_hour": 0.01, "gib_disk_month": 0.2}
GIB = 2**30


def test_cores_memory_and_disk_are_what_the_workloads_take_together() -> None:
    wanted = requirements(
        WRITES | {"rate_per_second": 1_000, "rows": GIB},
        METRICS | {"rate_per_second": 50, "rows": 2 * GIB},
        machine=MACHINE,
    )
    serving = [
        (wanted.workloads[0], measures("alpha", "write-heavy", server_cpu_us=300.0, bytes_per_row=10.0)),
        (wanted.workloads[1], measures("alpha", "timeseries", server_cpu_us=10_000.0, bytes_per_row=15.0)),
    ]
    now = size(serving, wanted.machine, in_memory=False)
    assert now is not None
    assert now.cores == pytest.approx((0.3 + 0.5) / 0.5)  # Core seconds per second, half of the time busy.
    assert (now.disk_gib, now.memory_gib) == (40.0, 10.0)
    assert size(serving, wanted.machine, in_memory=True) == Size(now.cores, 40.0, 40.0)


def test_nothing_is_said_where_a_workload_was_not_measured() -> None:
    wanted = requirements(WRITES)
    for missing in ("server_cpu_us", "bytes_per_row"):
        serving = [(wanted.workloads[0], measures("alpha", **{missing: None}))]
        assert size(serving, wanted.machine, in_memory=False) is None


def test_a_month_costs_its_hours_and_its_disk() -> None:
    wanted = requirements(WRITES, prices=PRICES, machine=MACHINE)
    now = Size(cores=2.0, memory_gib=8.0, disk_gib=50.0)
    assert cost(now.cores, now, wanted, 1.0) == pytest.approx((2 * 0.1 + 8 * 0.01) * 730 + 50 * 0.2)
    assert cost(now.cores, now, wanted, 2.0) == pytest.approx(2 * ((2 * 0.1 + 8 * 0.01) * 730 + 50 * 0.2))


def test_nothing_is_rented_smaller_than_a_core_and_a_gibibyte() -> None:
    wanted = requirements(WRITES, prices=PRICES)
    now = Size(cores=0.01, memory_gib=0.1, disk_gib=0.0)
    assert cost(now.cores, now, wanted, 1.0) == pytest.approx((0.1 + 0.01) * 730)


def test_a_system_that_survives_the_loss_of_a_node_has_three() -> None:
    now = Size(cores=2.0, memory_gib=8.0, disk_gib=50.0)
    one, three = (
        cost(now.cores, now, requirements(WRITES, limits={"survive_node_loss": survive}), 1.0)
        for survive in (False, True)
    )
    assert three == pytest.approx(3 * one)


def test_growth_compounds() -> None:
    assert grown(requirements(WRITES, growth={"percent_per_year": 20}), 3) == pytest.approx(1.2**3)


@pytest.mark.parametrize(
    ("now", "what", "years"),
    [
        (Size(cores=2.0, memory_gib=1.0, disk_gib=1.0), "cores", 2.0),
        (Size(cores=0.1, memory_gib=16.0, disk_gib=1.0), "memory", 2.0),
        (Size(cores=0.1, memory_gib=1.0, disk_gib=25.0), "disk", 2.0),
        (Size(cores=9.0, memory_gib=1.0, disk_gib=1.0), "cores", 0.0),
    ],
)
def test_one_machine_is_enough_until_the_first_thing_is_used_up(now: Size, what: str, years: float) -> None:
    """Of a machine with 8 cores, 64 GiB and 100 GiB, when everything doubles every year: a quarter is two doublings."""
    wanted = requirements(WRITES, machine=MACHINE, growth={"percent_per_year": 100})
    found = outgrown([(wanted.workloads[0], measures("alpha"))], now, wanted)
    assert (found.what, found.years) == (what, pytest.approx(years))


def test_without_growth_one_machine_is_enough_for_ever() -> None:
    wanted = requirements(WRITES, machine=MACHINE)
    assert math.isinf(outgrown([(wanted.workloads[0], measures("alpha"))], Size(1.0, 1.0, 1.0), wanted).years)


def test_more_cores_help_only_where_cpu_was_the_limit() -> None:
    wanted = requirements(WRITES | {"rate_per_second": 1_000}, machine=MACHINE, growth={"percent_per_year": 100})
    bound, stuck, unseen = (
        measures("alpha", cpu_bound=each, fastest_per_second=8_000.0) for each in (True, False, None)
    )
    assert sizing.ceiling(bound, wanted.machine) == 64_000
    assert sizing.ceiling(stuck, wanted.machine) == 8_000
    assert sizing.ceiling(unseen, wanted.machine) is None
    found = outgrown([(wanted.workloads[0], stuck)], Size(0.1, 1.0, 1.0), wanted)
    assert (found.what, found.years) == ("throughput", pytest.approx(2.0))  # 1,000 of 8,000, half of it allowed.
