"""How fast requests go through the harness's own loop, and through a bare loop, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from threading import Barrier, Thread
from typing import Any, ClassVar

import msgspec

from harness.engine import Address
from harness.load import plan, trial
from harness.load.merge import Merged

TARGET = plan.Target(engine="", variant=None, workload="", parameters={}, address=Address("", ""))


class Call(msgspec.Struct, frozen=True, gc=False):
    """A request whose session is a function of one argument."""

    argument: Any
    kind: ClassVar[str] = "call"

    def on(self, session: Any) -> Any:
        return session.call(self.argument)


class Calls:
    """A workload of calls, drawn ahead; nothing is graded, so that only driver and loop are measured."""

    writes: ClassVar[dict[str, int]] = {}

    def __init__(self, arguments: Sequence[Any]) -> None:
        self.operations_ = [Call(argument) for argument in arguments]

    def prepare(self, session: Any) -> None:
        pass

    def operations(self, stream: Any) -> Iterator[Call]:
        offset = stream.session * len(self.operations_) // max(1, stream.sessions)
        return cycle(self.operations_[offset:] + self.operations_[:offset])

    def exact(self) -> bool:
        return True

    def traits(self, sent: Any, answered: Any) -> dict[str, float]:
        return {}

    def tracks(self, operation: Any) -> bool:
        return False

    def check_kept(self, session: Any) -> list[str]:
        return []


def through_harness(
    open_session: Callable[[], Any],
    arguments: Sequence[Any],
    connections: int,
    seconds: float,
    rate_per_second: float | None = None,
) -> Merged:
    """One trial with this many sessions."""
    calls = Calls(arguments)
    order = plan.TrialPlan(
        target=TARGET,
        varied={},
        seed=1,
        trial=1,
        sessions=connections,
        first_session=0,
        all_sessions=connections,
        rate_per_second=rate_per_second,
        arrivals="constant",
        process=0,
        warmup_seconds=min(0.5, seconds / 4),
        seconds=seconds,
        stepwise=False,
    )
    armed = trial.arm(order, calls, calls, open_session)  # type: ignore[arg-type]
    return Merged([trial.go(armed, time.perf_counter_ns() + 50_000_000)], seconds)


def bare(open_session: Callable[[], Any], arguments: Sequence[Any], connections: int, seconds: float) -> float:
    """Calls per second with nothing measured but their number: what the driver alone can do."""
    counts = [0] * connections
    barrier = Barrier(connections + 1)

    def run(number: int) -> None:
        session = open_session()
        mine = cycle(arguments[number * len(arguments) // connections :] + arguments[:1])
        barrier.wait()
        end = time.perf_counter() + seconds
        done = 0
        call = session.call
        while time.perf_counter() < end:
            call(next(mine))
            done += 1
        counts[number] = done
        session.close()

    threads = [Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    barrier.wait()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds
