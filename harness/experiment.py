"""A run: start the candidates, prove their content and answers, measure them stage by stage, save as we go."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from harness import contender, machine, parameters, result, stages, store
from harness.contender import saved
from harness.fingerprint import fingerprint
from harness.load.generator import generator
from harness.progress import Progress
from harness.result import Run
from harness.spec import Spec
from harness.workload import summary


def execute(spec: Spec, folder: Path, progress: Progress) -> None:
    """Run it. Whatever ends it early, every process is gone and what was measured is saved in `folder`."""
    folder.mkdir(parents=True)
    run = _begin(spec, folder.name)
    store.save(run, folder / "run.json")
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
        bench = stages.Bench(spec, contenders, load, folder, progress, count(1))
        for each in bench.alive:
            with saved(each, folder, "calibration"):
                contender.calibrate(each, spec.seed, load, progress)
        stages.measure_all(bench)
        for each in bench.alive:
            with saved(each, folder, "after the last trial"):
                contender.finish(each, load, progress)
    store.save(replace(run, finished=datetime.now(UTC)), folder / "run.json")


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
        profile=spec.profile_name,
        clients=spec.profile.clients,
        rate_per_second=spec.rate_per_second,
        arrivals=spec.arrivals,
        seed=spec.seed,
        trials=spec.profile.trials,
        warmup_seconds=spec.profile.warmup_seconds,
        seconds=spec.profile.seconds,
        slo=spec.slo,
        data=spec.data,
        cold=spec.cold,
        fault=spec.fault,
        common_shares=list(spec.common_shares),
        candidates=[entry.candidate.name for entry in spec.entries],
        machine=machine.machine(),
    )
