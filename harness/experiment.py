"""A run: start the candidates, prove their content and answers, measure them stage by stage, save as we go."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from itertools import count
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from harness import contender, machine, parameters, result, stages, store
from harness.contender import saved
from harness.fingerprint import fingerprint
from harness.load.generator import generator
from harness.progress import Progress
from harness.result import Result, Run
from harness.spec import Spec
from harness.workload import summary

Measure = Callable[[stages.Bench], None]  # All trials of a run.


def execute(
    spec: Spec,
    folder: Path,
    progress: Progress,
    measure: Measure = stages.measure_all,
    earlier: Mapping[str, Result] = MappingProxyType({}),
) -> None:
    """Run it. Whatever ends it early, every process is gone and what was measured is saved in `folder`.

    `earlier`: by candidate, what was measured of it before in the same folder, to go on from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = _begin(spec, folder.name)
    store.save(run, folder / "run.json")
    if spec.queries is not None:
        store.write_text(spec.queries, folder / spec.workload_name)
    server_cpus, client_cpus = machine.split_cpus()
    with ExitStack() as stack:
        load = stack.enter_context(generator(folder / "generator.log", client_cpus, spec.listen, spec.port))
        waits = contender.start(spec, run, folder, stack, server_cpus, progress)
        for entry in spec.entries:  # While the servers come up.
            load.add(entry.name, client_cpus)
        contenders = [wait() for wait in waits]
        load.wait_for_all(spec.remote_workers)
        for each in contenders:
            with saved(each, folder, "loading"):
                contender.prepare(each, spec, load, client_cpus, progress)
                if before := earlier.get(each.name):
                    each.result = replace(each.result, trials=before.trials, probes=before.probes)
        first = 1 + max((t.number for each in earlier.values() for t in [*each.trials, *each.probes]), default=0)
        bench = stages.Bench(spec, contenders, load, folder, progress, count(first))
        for each in bench.alive:
            with saved(each, folder, "calibration"):
                contender.calibrate(each, spec.seed, load, progress)
        measure(bench)
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
        candidates=[entry.name for entry in spec.entries],
        machine=machine.machine(),
    )
