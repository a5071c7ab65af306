"""A whole candidate on a virtual machine: loaded, calibrated, measured and counted by the harness's own code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import msgspec

from adapters.memory import store
from harness import contender, discover, parameters
from harness.analysis.verdict import Verdict, verdict
from harness.candidate import Candidate
from harness.contender import Contender
from harness.engine import Address
from harness.load import plan, prepare, trial
from harness.load.calibrate import calibrate
from harness.measure import LEAD_SECONDS, Round, measure
from harness.result import Result
from harness.sources import Server as Source
from harness.spec import Entry
from harness.trial import Arrivals, Load, Stage
from tests import synthetic
from tests.load.virtual import SECOND
from tests.simulated.engine import Server, Simulated
from tests.simulated.laws import Law
from tests.simulated.world import Process, World

CANDIDATE = Candidate(engine="memory", durability="volatile")  # Whose data and answers it has.
WORKLOAD = discover.workload("read-heavy").scaled(0.02)
SEED = 1
TICK_NS = 1_000  # While calibrating, where a loop of the harness alone must come to its end.
WARMUP_SECONDS, LEAD_IN_SECONDS = 5.0, 0.5
_numbers = count()  # Of simulations: each has data of its own.


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How an engine is measured, and how good the machine is at it."""

    clients: int = 4
    processes: int = 1
    rate_per_second: float | None = None
    arrivals: Arrivals = "constant"
    trials: int = 1
    seconds: float = 4.0
    client_us: float = 0.0  # Of its core, for each request.
    oversleep_us: float = 0.0

    def load(self, stage: Stage) -> Load:
        return Load(
            stage=stage,
            clients=self.clients,
            rate_per_second=self.rate_per_second,
            arrivals=self.arrivals,
            varied={},
        )


def simulate(law: Law, **conditions: Any) -> Result:
    """What a run saves of the candidate."""
    wanted = Conditions(**conditions)
    world = World(round(wanted.client_us * 1e3), round(wanted.oversleep_us * 1e3))
    bench = Bench(world, Server(law, world), {str(number): Worker() for number in range(wanted.processes)})
    found = bench.contender()
    cores = list(range(1, 1 + wanted.processes))
    with world.entered():
        contender.prepare(found, SimpleNamespace(seed=SEED, undisturbed=True), bench, cores, Quiet())  # type: ignore[arg-type]
        contender.calibrate(found, SEED, bench, Quiet())  # type: ignore[arg-type]
        bench.measure(found, 1, wanted.load("warm-up"), 0.0, WARMUP_SECONDS)
        for number in range(2, 2 + wanted.trials):
            bench.measure(found, number, wanted.load("main"), LEAD_IN_SECONDS, wanted.seconds)
        contender.finish(found, bench, Quiet())  # type: ignore[arg-type]
    store.drop(bench.address)
    return found.result


def judged(result: Result) -> Verdict:
    """As the report would."""
    return verdict(synthetic.run([result.candidate]), result, result.trials)


@dataclass
class Worker:
    """A load-generating process, without Locust."""

    process: Process = field(default_factory=Process)
    oracle: Any = field(default_factory=WORKLOAD.oracle)
    armed: Any = None


@dataclass
class Bench:
    """Stands in for the load generator; its processes live in one world with the server."""

    world: World
    server: Server
    workers: dict[str, Worker]
    address: Address = field(default_factory=lambda: Address(f"memory://simulated/{next(_numbers)}", "simulated"))
    answers: dict[str, Any] = field(default_factory=dict)

    def contender(self) -> Contender:
        """Before it is prepared, reached as a server of its own would be."""
        self.world.processes = [worker.process for worker in self.workers.values()]
        target = plan.Target(
            engine=CANDIDATE.engine,
            variant=None,
            workload="read-heavy",
            parameters=parameters.values(WORKLOAD),
            address=self.address,
        )
        source = Source(
            address=self.address,
            source="embedded",
            version="1",
            network="loopback",
            control=None,
            cpus=(0,),
            memory_bytes=None,
        )
        entry = Entry(candidate=CANDIDATE, source="embedded", why="", url=None, image=None)
        result = synthetic.result(CANDIDATE.name, durability=CANDIDATE.durability)
        return Contender(entry, source, target, result)

    def measure(self, found: Contender, number: int, load: Load, warmup_seconds: float, seconds: float) -> None:
        """The law's seconds count from the start of the measured part."""
        self.server.origin_ns = self.world.now_ns + round((LEAD_SECONDS + warmup_seconds) * SECOND)
        round_ = Round(number=number, load=load, warmup_seconds=warmup_seconds, seconds=seconds)
        found.add(measure(round_, 1, found, SEED, self))  # type: ignore[arg-type]

    def serving(self, candidate: str) -> list[str]:
        return list(self.workers)

    def is_local(self, worker: str) -> bool:
        return True

    def ask(self, orders: dict[str, plan.Command], answer: Any, timeout_seconds: float, say: Any = None) -> list[Any]:
        self.tell(orders)
        return self.collect(orders, answer, timeout_seconds)

    def tell(self, orders: dict[str, plan.Command]) -> None:
        self.threads = [
            self.world.thread(self._carry_out, (name, command), self.workers[name].process)
            for name, command in orders.items()
        ]
        for thread in self.threads:
            thread.start()

    def collect(self, orders: dict[str, plan.Command], answer: Any, timeout_seconds: float) -> list[Any]:
        for thread in self.threads:
            thread.join()
        return [self.answers[name] for name in orders]

    def _carry_out(self, name: str, command: plan.Command) -> None:
        self.answers[name] = getattr(self, f"_{command.name}")(self.workers[name], command.payload)

    def _prepare(self, worker: Worker, payload: dict[str, Any]) -> plan.Prepared:
        return prepare.prepare(WORKLOAD, worker.oracle, self._open, payload["seed"], lambda stage, share: None)

    def _calibrate(self, worker: Worker, payload: dict[str, Any]) -> Any:
        self.world.tick_ns = TICK_NS
        try:
            return calibrate(WORKLOAD, self._open, payload["seed"])
        finally:
            self.world.tick_ns = 0

    def _arm(self, worker: Worker, payload: dict[str, Any]) -> bool:
        worker.armed = trial.arm(msgspec.convert(payload, plan.TrialPlan), WORKLOAD, worker.oracle, self._open)
        return True

    def _go(self, worker: Worker, payload: dict[str, Any]) -> plan.TrialOutcome:
        return trial.go(worker.armed, payload["start_ns"])

    def _finish(self, worker: Worker, payload: dict[str, Any]) -> plan.Finished:
        return prepare.finish(WORKLOAD, self._open)

    def _open(self) -> Simulated:
        return Simulated(self.address, self.server)


class Quiet:
    """Progress that nobody watches."""

    def note(self, text: str) -> None:
        pass

    @contextmanager
    def preparing(self, name: str) -> Iterator[None]:
        yield
