"""Each fault gets the verdict that it deserves and no other, through all of the harness but its processes."""

import pytest

from tests.simulated.laws import LAWS, Law, bimodal, constant, exponential
from tests.simulated.simulation import judged, simulate

USUAL = {"client_us": 50, "oversleep_us": 60, "trials": 2}  # What driver, harness and timers take on a real machine.
OPEN = {"rate_per_second": 500.0, "arrivals": "poisson", "clients": 16}
BURSTS = {"seconds": 4.32}  # Whole cycles of a session with its pauses after errors.


@pytest.mark.parametrize(
    ("law", "conditions"),
    [
        (Law(constant(2.0)), {}),
        (Law(bimodal(1.0, 20.0, slow_share=0.04)), {}),
        (Law(exponential(2.0)), {}),
        (Law(exponential(2.0)), OPEN),
        (Law(constant(1.4), in_turn=True), OPEN | {"clients": 64}),
        (Law(constant(200.0)), {}),
        (LAWS["stall"], {"rate_per_second": 500.0, "clients": 16, "seconds": 12.0}),
        (LAWS["stall"], {"clients": 1, "client_us": 0, "seconds": 12.0, "trials": 1}),
        (Law(constant(2.0), stall=(3.0, 5.0)), {"trials": 1}),
        (Law(constant(2.0), stall=(-1.0, 1.0)), {"trials": 1}),
    ],
    ids=[
        "constant",
        "bimodal",
        "exponential",
        "open loop",
        "a queue",
        "few and slow",
        "a stall in an open loop",
        "a stall in a closed loop",
        "a stall over the end",
        "a stall over the start",
    ],
)
def test_a_healthy_engine_is_ok_however_its_times_are_spread(law, conditions):
    found = judged(simulate(law, **(USUAL | conditions)))
    assert found.findings == []
    assert found.status == "ok"


@pytest.mark.parametrize(
    ("law", "conditions", "status", "gates"),
    [
        (Law(failing=(4, 1_000)), BURSTS, "flagged", ["errors"]),
        (Law(failing=(40, 1_000)), BURSTS, "invalid", ["errors"]),
        (Law(wrong_every=50), {}, "invalid", ["answers"]),
        (Law(wrong_every=50), OPEN, "invalid", ["answers"]),
        (Law(lost_every=3), {}, "invalid", ["answers"]),
        (Law(constant(10.0), cached_ms=0.5, ping_ms=0.5), {}, "flagged", ["warm-up", "result cache"]),
        (Law(slower=0.03), {}, "flagged", ["steadiness", "warm-up"]),
        (Law(exponential(2.0), slower=0.03), OPEN, "flagged", ["steadiness"]),
        (Law(in_turn=True), {"rate_per_second": 1_000.0, "clients": 16}, "flagged", ["schedule"]),
    ],
    ids=[
        "few errors",
        "many errors",
        "wrong answers",
        "wrong answers in an open loop",
        "lost writes",
        "a result cache",
        "a slow drift",
        "a slow drift in an open loop",
        "overload",
    ],
)
def test_a_fault_of_the_engine_gets_the_verdict_it_deserves(law, conditions, status, gates):
    found = judged(simulate(law, **(USUAL | conditions)))
    assert [finding.gate for finding in found.findings] == gates
    assert found.status == status


@pytest.mark.parametrize(
    ("law", "conditions", "status", "gates"),
    [
        (Law(), {"clients": 64}, "flagged", ["client"]),
        (Law(), {"clients": 4, "client_us": 800}, "flagged", ["client"]),
        (Law(), {"rate_per_second": 3_000.0, "clients": 16, "client_us": 500}, "invalid", ["schedule"]),
        (Law(constant(0.2)), {"rate_per_second": 3_000.0, "clients": 16, "client_us": 200}, "flagged", ["client"]),
        (Law(), OPEN | {"oversleep_us": 5_000}, "flagged", ["timer"]),
        (Law(constant(0.009)), {"clients": 1, "client_us": 0, "seconds": 1.0}, "flagged", ["harness floor"]),
    ],
    ids=["64 clients", "a slow client", "a client behind its schedule", "a busy client", "late timers", "too fast"],
)
def test_a_fault_of_the_client_is_not_blamed_on_the_engine(law, conditions, status, gates):
    found = judged(simulate(law, **(USUAL | conditions)))
    assert [finding.gate for finding in found.findings] == gates
    assert found.status == status


def test_the_same_simulation_gives_the_same_result():
    law, conditions = Law(exponential(2.0)), {"processes": 2, "seconds": 1.0}
    one, other = (simulate(law, **conditions).trials[0] for _ in range(2))
    assert one.operations == other.operations
    assert one.timeline == other.timeline
