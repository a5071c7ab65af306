"""A candidate in a run: its server, its workers, and its result so far, which is saved after every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from harness import discover, parameters, result, store
from harness.analysis.verdict import in_process
from harness.candidate import Candidate
from harness.errors import Unsupported
from harness.load import plan
from harness.load.generator import CandidateFailed, Generator
from harness.progress import Progress
from harness.queries.workload import Carried, Queries
from harness.result import Calibration, Loading, Problem, Result, Run
from harness.sources import Order, Server, start_server
from harness.spec import Entry, Spec
from harness.trial import Trial
from harness.workload import Workload

PREPARE_SECONDS = 3_600.0  # Before a load is given up.
CALIBRATE_SECONDS = 60.0
VOID = "its timings are void and it is not ranked"


@dataclass
class Contender:
    entry: Entry
    server: Server
    target: plan.Target
    result: Result
    workers: list[str] = field(default_factory=list)  # Processes of the load generator that work for it.
    rows: tuple[int, int] = (0, 0)  # At least, at most: what a count must find.
    may_have_lost: bool = False  # Was it killed in a class that allows to lose acknowledged writes?

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def runs_in_client(self) -> bool:
        return in_process(self.result)

    @property
    def alive(self) -> bool:
        """Is there more to measure? An invalid one goes on: how often it is wrong is worth knowing."""
        return self.result.status in ("ok", "invalid")

    def add(self, trial: Trial) -> None:
        if trial.load.stage == "main":
            self.result = replace(self.result, trials=[*self.result.trials, trial])
        else:
            self.result = replace(self.result, probes=[*self.result.probes, trial])
        self.void(trial.problems)

    def expect(self, at_least: int, at_most: int) -> None:
        """So many more rows must be there from now on."""
        self.rows = (self.rows[0] + at_least, self.rows[1] + at_most)

    def void(self, wrong: Sequence[str]) -> None:
        """Wrong answers or lost writes: nothing it measured counts any more."""
        if wrong:
            problems = [*self.result.problems, *(Problem(reason=each, remedy=VOID) for each in wrong)]
            self.result = replace(self.result, status="invalid", problems=problems)


def start(
    spec: Spec, run: Run, folder: Path, stack: ExitStack, server_cpus: tuple[int, ...], progress: Progress
) -> list[Callable[[], Contender]]:
    """Start every server, side by side, and return what waits for each. `stack` ends them."""
    waits: list[Callable[[], Contender]] = []
    for entry in spec.entries:
        ready = stack.enter_context(
            start_server(
                entry.candidate.engine,
                discover.engine(entry.candidate.engine),
                Order(
                    source=entry.source,
                    url=entry.url,
                    version=entry.candidate.version,
                    image=entry.image,
                    lock=spec.lock,
                    namespace=f"bakeoff_{run.id}".replace("-", "_"),
                    durability=entry.candidate.durability,
                    memory_bytes=spec.memory_bytes,
                    cpus=server_cpus,
                    data=spec.data,
                    settings=entry.settings,
                    work=folder,
                    say=progress.tell,
                ),
            )
        )
        waits.append(partial(_met, entry, spec, run, ready))
    return waits


def _met(entry: Entry, spec: Spec, run: Run, ready: Callable[[], Server]) -> Contender:
    server = ready()
    target = plan.Target(
        engine=entry.candidate.engine,
        variant=entry.candidate.variant,
        workload=spec.workload_name,
        queries=_carried(entry.queries or spec.workload, entry.candidate),
        parameters=parameters.values(spec.workload),
        address=server.address,
    )
    return Contender(entry, server, target, _first_result(entry, run, server))


def _carried(workload: Workload, candidate: Candidate) -> Carried | None:
    """Of a workload out of a file, what its load-generating processes need."""
    language = discover.engine(candidate.engine).language
    if language is None or not isinstance(workload, Queries):
        return None
    return Carried(workload.file, candidate.engine, candidate.variant, language)


def _first_result(entry: Entry, run: Run, server: Server) -> Result:
    return Result(
        version=result.VERSION,
        run=run.id,
        candidate=entry.name,
        engine=entry.candidate.engine,
        title=discover.engine(entry.candidate.engine).title,
        status="ok",
        problems=[],
        warnings=[Problem(reason=note, remedy="compare it with a server of its own") for note in server.notes],
        workload=run.workload,
        fingerprint=run.fingerprint,
        source=server.source,
        network=server.network,
        image_asked=server.image_asked,
        image=server.image,
        server_version=server.version,
        durability_asked=entry.candidate.durability,
        durability_observed=None,
        design=None,
        facts={},
        server_cpus=list(server.cpus),
        client_cpus=[],
        memory_bytes=server.memory_bytes,
        limits=server.control.limits() if server.control else None,
        loading=None,
        statements={},
        calibration=None,
        trials=[],
        probes=[],
        capacity=None,
    )


@contextmanager
def saved(contender: Contender, folder: Path, doing: str) -> Iterator[None]:
    """Turn what stops one candidate into its status, and save its result either way; the others go on."""
    try:
        yield
    except Unsupported as lack:
        problem = Problem(reason=lack.reason, remedy=lack.remedy)
        contender.result = replace(contender.result, status="unsupported", problems=[problem])
    except CandidateFailed as failure:
        control = contender.server.control
        ended = f"; the server {end}" if control and (end := control.end()) else ""
        problem = Problem(reason=f"{doing}: {failure}{ended}", remedy=f"see the logs in {folder}")
        contender.result = replace(contender.result, status="failed", problems=[*contender.result.problems, problem])
    store.save(contender.result, folder / f"{store.file_name(contender.name)}.json")


def prepare(contender: Contender, spec: Spec, load: Generator, client_cpus: Sequence[int], progress: Progress) -> None:
    """Have one worker create, load, settle and check. Raises Unsupported and CandidateFailed."""
    if contender.server.control is None and not spec.undisturbed:
        raise Unsupported("it is not a server that can be stopped and started here", "take --source docker")
    contender.workers = load.serving(contender.name)
    if contender.runs_in_client:
        contender.workers = contender.workers[:1]
    payload = plan.plain({"target": contender.target, "seed": spec.seed})
    with progress.preparing(contender.name) as say:
        orders = {contender.workers[0]: plan.Command(name="prepare", payload=payload)}
        (prepared,) = load.ask(orders, plan.Prepared, PREPARE_SECONDS, say)
    found = contender.result
    contender.result = replace(
        found,
        server_version=found.server_version or prepared.facts.get("version"),
        durability_observed=discover.engine(found.engine).observe_durability(prepared.facts),
        design=prepared.design,
        statements=prepared.statements,
        facts=prepared.facts,
        client_cpus=list(client_cpus[:1] if contender.runs_in_client else client_cpus),
        loading=Loading(
            rows=prepared.rows,
            seconds=prepared.load_seconds,
            rows_per_second=prepared.rows / prepared.load_seconds if prepared.load_seconds else 0.0,
            settle_seconds=prepared.settle_seconds,
            size_bytes=prepared.size_bytes,
            index_bytes=prepared.index_bytes,
            content=prepared.content,
            checked=prepared.checked,
        ),
    )
    contender.expect(*[prepared.rows + prepared.rows_added] * 2)
    contender.void(prepared.problems)


def calibrate(contender: Contender, seed: int, load: Generator, progress: Progress) -> None:
    """What can be measured of it from here. Raises CandidateFailed."""
    progress.note(f"{contender.name}: calibrating")
    orders = {contender.workers[0]: plan.Command(name="calibrate", payload={"seed": seed})}
    (found,) = load.ask(orders, Calibration, CALIBRATE_SECONDS)
    contender.result = replace(contender.result, calibration=found)


def finish(contender: Contender, load: Generator, progress: Progress) -> None:
    """After the last trial: are all rows there that were loaded and acknowledged, and are its settings as before?"""
    progress.note(f"{contender.name}: counting what was kept")
    orders = {contender.workers[0]: plan.Command(name="finish", payload={})}
    (finished,) = load.ask(orders, plan.Finished, PREPARE_SECONDS)
    now = discover.engine(contender.result.engine).observe_durability(finished.facts)
    if now != (before := contender.result.durability_observed):
        told, tells = before or "not told", now or "not told"
        reason = f"durability by its own settings: {told} in the beginning, {tells} in the end"
        changed = Problem(reason=reason, remedy="leave the server's settings alone while it is measured")
        contender.result = replace(contender.result, warnings=[*contender.result.warnings, changed])
    at_least, at_most = contender.rows
    if not at_least <= finished.rows <= at_most:
        wanted = f"{at_least:,}" if at_least == at_most else f"{at_least:,} to {at_most:,}"
        wrong = f"{finished.rows:,} rows after the last trial, where {wanted} were loaded and acknowledged"
        if contender.may_have_lost and finished.rows < at_least:
            allowed = Problem(
                reason=wrong, remedy=f"{contender.entry.candidate.durability} allows it; durable would not"
            )
            contender.result = replace(contender.result, warnings=[*contender.result.warnings, allowed])
        else:
            contender.void([wrong])
