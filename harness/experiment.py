"""A run: start the candidates, prove their content and answers, measure them in randomised blocks, save as we go."""

from __future__ import annotations

import random
import shlex
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from msgspec.structs import replace

from harness import contender, machine, parameters, result
from harness.contender import Contender, saved
from harness.fingerprint import fingerprint
from harness.load.generator import Generator, generator
from harness.measure import measure
from harness.progress import Progress
from harness.result import Run
from harness.spec import Spec
from harness.workload import summary


def execute(spec: Spec, folder: Path, progress: Progress) -> None:
    """Run it. Whatever ends it early, every process is gone and what was measured is saved in `folder`."""
    folder.mkdir(parents=True)
    run = _begin(spec, folder.name)
    result.save(run, folder / "run.json")
    server_cpus, client_cpus = machine.split_cpus()
    with ExitStack() as stack:
        load = stack.enter_context(generator(folder / "generator.log", client_cpus, spec.listen, spec.port))
        waits = contender.start(spec, run, folder, stack, server_cpus, progress)
        for entry in spec.entries:  # While the servers come up.
            load.add(entry.candidate.name, client_cpus)
        contenders = [wait() for wait in waits]
        load.wait_for_all(spec.remote_workers)
        for each in contenders:
            with saved(each, folder, "loading"):
                contender.prepare(each, spec, load, client_cpus, progress)
        for number in range(1, spec.trials + 1):
            _block(number, contenders, spec, load, folder, progress)
        for each in contenders:
            if each.alive:
                with saved(each, folder, "after the last trial"):
                    contender.finish(each, load, progress)
    result.save(replace(run, finished=datetime.now(UTC)), folder / "run.json")


def _begin(spec: Spec, run_id: str) -> Run:
    return Run(
        version=result.VERSION,
        id=run_id,
        started=datetime.now(UTC),
        finished=None,
        bakeoff=str(metadata.version("bakeoff")),
        command=shlex.join(spec.command),
        workload=spec.workload_name,
        summary=summary(spec.workload),
        parameters=parameters.values(spec.workload),
        fingerprint=fingerprint(spec.workload),
        exact=spec.workload.exact(),
        profile=spec.profile,
        clients=spec.clients,
        rate_per_second=spec.rate_per_second,
        arrivals=spec.arrivals,
        seed=spec.seed,
        trials=spec.trials,
        warmup_seconds=spec.warmup_seconds,
        seconds=spec.seconds,
        candidates=[entry.candidate.name for entry in spec.entries],
        machine=machine.machine(),
    )


def _block(
    number: int, contenders: list[Contender], spec: Spec, load: Generator, folder: Path, progress: Progress
) -> None:
    """Every candidate once, in an order of its own: what drifts with time hits all alike."""
    order = [each for each in contenders if each.alive]
    random.Random(f"{spec.seed} {number}").shuffle(order)
    for position, each in enumerate(order, start=1):
        text = f"{each.name}: trial {number} of {spec.trials}"
        with (
            saved(each, folder, f"trial {number}"),
            progress.measuring(text, spec.warmup_seconds + spec.seconds),
        ):
            each.add(measure(number, position, each, spec, load))
