"""From the words of `bakeoff gate` and `bakeoff calibrate` to what is to be done; all is checked before a start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import discover, parameters
from harness.engine import Durability
from harness.errors import UsageError
from harness.fingerprint import fingerprint
from harness.profile import PROFILES
from harness.queries.workload import Queries
from harness.sources import redact
from harness.sources.order import Data
from harness.spec import Entry, Spec
from harness.specify import MEBIBYTE, asked_for, entries, text_of
from harness.trial import Parameter
from harness.workload import Workload

BASE, HEAD = "base", "head"  # How both are called in the files of a gate.
WARM_UP_SECONDS = 3.0  # Or two trials, if that is less.


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of both commands, as click read them."""

    base: str
    head: str
    workloads: tuple[str, ...]
    base_settings: tuple[str, ...] = ()
    head_settings: tuple[str, ...] = ()
    base_image: str | None = None
    head_image: str | None = None
    base_workload: str | None = None  # The version of a file of own queries that base runs.
    limits_file: Path | None = None
    limits: tuple[str, ...] = ()
    settings: tuple[str, ...]
    scale: float
    clients: int
    seconds: float
    rate: float | None
    pairs: int
    source: str
    data: Data
    durability: Durability | None
    memory: int
    seed: int
    command: Sequence[str]


def specify(wanted: Wanted, name: str) -> Spec:
    """Of base and head under one workload. Raises UsageError."""
    workload = _workload(wanted, name)
    before = wanted.base_workload or name
    earlier = _earlier(wanted, before, workload) if wanted.base_workload else workload
    base = _entry(wanted, BASE, wanted.base, wanted.base_settings, wanted.base_image, (earlier, before))
    head = _entry(wanted, HEAD, wanted.head, wanted.head_settings, wanted.head_image, (workload, name))
    both = [replace(base, queries=earlier if isinstance(earlier, Queries) else None), head]
    if len({each.source for each in both}) > 1:
        raise UsageError(f"base comes from {both[0].source} and head from {both[1].source}: choose one --source.")
    profile = replace(
        PROFILES["quick"], trials=wanted.pairs, seconds=wanted.seconds, clients=wanted.clients, common_trials=0
    )
    return Spec(
        workload_name=Path(name).name,
        workload=workload,
        queries=text_of(workload, name),
        entries=both,
        profile_name="quick",
        profile=replace(profile, warmup_seconds=min(WARM_UP_SECONDS, 2 * wanted.seconds)),
        rate_per_second=None,
        arrivals="poisson",
        slo=None,
        common_rates=(),
        data=wanted.data,
        cold=False,
        fault=None,
        lock=False,
        seed=wanted.seed,
        memory_bytes=wanted.memory * MEBIBYTE,
        command=[redact(word) for word in wanted.command],
        listen="127.0.0.1",
        port=None,
        remote_workers=0,
    )


def _workload(wanted: Wanted, name: str) -> Workload:
    return parameters.configure(discover.workload(name).scaled(wanted.scale), _named("--set", wanted.settings))


def _earlier(wanted: Wanted, file: str, workload: Workload) -> Workload:
    """What base runs, if that is another version of the file. Raises UsageError where it asks something else."""
    found = _workload(wanted, file)
    if len(wanted.workloads) > 1 or not isinstance(workload, Queries):
        raise UsageError("--base-workload is the earlier version of one file of own queries: name that file alone.")
    if fingerprint(found) != fingerprint(workload):
        raise UsageError(
            f"{file} and {wanted.workloads[0]} do not ask the same: their tables, operations or parameters differ, "
            "so their numbers do not compare. Only schemas and statements may differ."
        )
    return found


def _entry(
    wanted: Wanted, label: str, name: str, settings: Iterable[str], image: str | None, asked: tuple[Workload, str]
) -> Entry:
    """`asked`: the workload and where it is from."""
    (chosen,) = asked_for(*asked, (name,), wanted.durability)
    images = [f"{chosen.engine}={image}"] if image else []
    (found,) = entries([chosen], wanted.source, (), images)
    values = {key: str(value) for key, value in _named(f"--{label}-set", settings).items()}
    return replace(found, label=label, settings=values)


def _named(option: str, texts: Iterable[str]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            example = "records=10000" if option == "--set" else "shared_buffers=256MB"
            raise UsageError(f"{option} {text}: write NAME=VALUE, for example {option} {example}")
        found[name.strip()] = value.strip()
    return found
