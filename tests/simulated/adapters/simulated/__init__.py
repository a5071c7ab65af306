"""The simulated engine in the real world, where it sleeps: BAKEOFF_SIMULATED names its law (tests/simulated/laws.py).

BAKEOFF_PATH=tests/simulated BAKEOFF_SIMULATED=result-cache bakeoff run read-heavy simulated --profile smoke
"""

from __future__ import annotations

import os

from adapters.memory.store import drop
from harness.engine import Engine
from harness.errors import UsageError
from tests.simulated.laws import LAWS

LAW = os.environ.get("BAKEOFF_SIMULATED", "constant")


def ping(url: str) -> str:
    if LAW not in LAWS:
        raise UsageError(f"BAKEOFF_SIMULATED={LAW}: there is no such law. There are: {', '.join(LAWS)}.")
    return LAW


ENGINE = Engine(
    title="Simulated",
    ping=ping,
    create_namespace=drop,
    drop_namespace=drop,
    observe_durability=lambda facts: "relaxed",
    url_example="simulated://name",
    in_process=lambda data: f"simulated://{data}",
    in_process_note="a simulation, for tests of bakeoff itself",
)
