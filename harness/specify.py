"""From the words of the command line to what is to be done, every word checked before anything is started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from harness import candidate, discover, fault, parameters
from harness.analysis import slo
from harness.candidate import Candidate
from harness.engine import Durability
from harness.errors import UsageError
from harness.profile import PROFILES, Profile
from harness.queries import designs
from harness.queries.workload import Queries
from harness.sources import redact, resolve
from harness.sources.order import Data
from harness.spec import Entry, Spec
from harness.trial import Parameter
from harness.workload import Workload

REFERENCE_ENGINE = "memory"  # Knows the answers and is no candidate unless named.
IMAGES = "BAKEOFF_IMAGES"  # Images to take instead of the official ones: "postgres=…,redis@8.2=…".
MEBIBYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of `bakeoff run`, as click read them; None where a profile decides."""

    workload: str
    candidates: tuple[str, ...]
    profile: str
    clients: int | None
    rate: float | None
    slo: str | None
    common_rates: tuple[float, ...]
    arrivals: Literal["constant", "poisson"]
    source: str
    at: tuple[str, ...]
    images: tuple[str, ...]
    lock: bool
    data: Data
    cold: bool
    fault: str | None
    durability: Durability | None
    settings: tuple[str, ...]
    scale: float
    seed: int
    trials: int | None
    seconds: float | None
    warmup: float | None
    memory: int
    out: Path | None
    listen: str
    port: int | None
    workers: int
    command: Sequence[str]


def specify(wanted: Wanted) -> Spec:
    """What `bakeoff run` shall do. Raises UsageError; starts nothing."""
    profile = _profile(wanted)
    workload = _workload(wanted, profile.scale * wanted.scale)
    chosen = asked_for(workload, wanted.workload, wanted.candidates, wanted.durability)
    found = entries(chosen, wanted.source, wanted.at, wanted.images)
    struck = fault.parse(wanted.fault, profile.seconds) if wanted.fault else None
    _refuse_what_cannot_be(wanted, found)
    return Spec(
        workload_name=Path(wanted.workload).name,
        workload=workload,
        queries=text_of(workload, wanted.workload),
        entries=found,
        profile_name=wanted.profile,
        profile=profile,
        rate_per_second=wanted.rate,
        arrivals=wanted.arrivals,
        slo=slo.parse(wanted.slo) if wanted.slo else None,
        common_rates=tuple(dict.fromkeys(wanted.common_rates)),
        data=wanted.data,
        cold=wanted.cold,
        fault=struck,
        lock=wanted.lock,
        seed=wanted.seed,
        memory_bytes=wanted.memory * MEBIBYTE,
        command=[redact(word) for word in wanted.command],  # It is saved and shown.
        listen=wanted.listen,
        port=wanted.port,
        remote_workers=wanted.workers,
    )


def text_of(workload: Workload, file: str) -> str | None:
    """Of own queries."""
    return Path(file).read_text(encoding="utf-8") if isinstance(workload, Queries) else None


def asked_for(workload: Workload, file: str, names: tuple[str, ...], durability: Durability | None) -> list[Candidate]:
    """Those named, else all that can do the workload (which may be out of a file). Raises UsageError."""
    if isinstance(workload, Queries):
        return _of_own(workload, file, names, durability)
    return candidates(names, workload.capability, durability)


def candidates(names: tuple[str, ...], capability: str, durability: Durability | None) -> list[Candidate]:
    """Those named, else every engine that has the capability; `durability` is for those that name none themselves."""
    names = names or tuple(
        name
        for name in discover.engine_names()
        if name != REFERENCE_ENGINE and capability in discover.capabilities(name)
    )
    chosen = _parsed(names, durability)
    for each in chosen:
        candidate.refuse_unknown(each, capability)
    return chosen


def _of_own(workload: Queries, file: str, names: tuple[str, ...], durability: Durability | None) -> list[Candidate]:
    """Those named, else every design in the file that has a statement for every operation. Raises UsageError."""
    languages = discover.languages()
    names = names or tuple(designs.complete(workload.file, languages))
    if not names:
        raise UsageError(f"{file}: none of {', '.join(languages)} has a statement for every operation.")
    chosen = _parsed(names, durability)
    for one in chosen:
        designs.refuse_unknown(workload.file, file, one.engine, one.variant, discover.engine(one.engine))
    return chosen


def _parsed(names: tuple[str, ...], durability: Durability | None) -> list[Candidate]:
    """`durability` is for those that name none themselves."""
    chosen = candidate.parse_all(names)
    if durability is None:
        return chosen
    return [
        each if ":" in name else replace(each, durability=durability) for name, each in zip(names, chosen, strict=True)
    ]


def entries(chosen: Sequence[Candidate], source: str, at: Iterable[str], images: Iterable[str]) -> list[Entry]:
    """Where each of them comes from. Whatever starts here comes from one source, or terms would not be equal."""
    urls = _named("--at", at, chosen, "://")
    asked = _named("--image", images, chosen, "")
    if asked and source not in ("auto", "docker"):
        raise UsageError(f"--image is for containers, and --source {source} has none: leave one of them out.")
    if asked:
        source = "docker"
    instead = images_instead() | asked
    found = []
    for each in chosen:
        image = _of(each, instead)
        name, why = resolve(source, discover.engine(each.engine), _of(each, urls), each.version, image)
        found.append(Entry(candidate=each, source=name, why=why, url=_of(each, urls), image=image))
    lacking = next((entry.why for entry in found if entry.source == "embedded"), None)
    return [
        replace(entry, source="embedded", why=lacking) if entry.source == "docker" and lacking else entry
        for entry in found
    ]


def _of(candidate: Candidate, named: Mapping[str, str]) -> str | None:
    """What is said of the engine at the candidate's version, or, where it names none, of the engine."""
    return named.get(f"{candidate.engine}@{candidate.version}" if candidate.version else candidate.engine)


def _named(option: str, texts: Iterable[str], chosen: Sequence[Candidate], must_have: str) -> dict[str, str]:
    """ENGINE=… and ENGINE@VERSION=… of candidates. Raises UsageError."""
    names = list(dict.fromkeys(f"{c.engine}@{c.version}" if c.version else c.engine for c in chosen))
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or must_have not in value:
            engine = discover.engine(chosen[0].engine)
            example = engine.url_example if must_have else engine.image
            raise UsageError(f"{option}: write ENGINE=…, for example {option} {names[0]}={example}")
        if name not in names:
            raise UsageError(f"{option} {name}=…: {name} is not among the candidates ({', '.join(names)}).")
        found[name] = value
    return found


def images_instead() -> dict[str, str]:
    """Of the environment: engine, or engine@version -> image. Raises UsageError."""
    pairs = [text.partition("=") for text in os.environ.get(IMAGES, "").split(",") if text.strip()]
    if any(not name or not image for name, _, image in pairs):
        raise UsageError(f"{IMAGES}: write ENGINE=IMAGE pairs with commas between, for example redis=my/redis:8.2.")
    return {name.strip(): image.strip() for name, _, image in pairs}


def _refuse_what_cannot_be(wanted: Wanted, found: Sequence[Entry]) -> None:
    if wanted.workers and any(entry.source != "at" for entry in found):
        raise UsageError(
            "--workers: load generators on other machines reach only servers given with --at, "
            "since servers started here listen on 127.0.0.1 alone."
        )
    if wanted.slo and (wanted.cold or wanted.fault):
        raise UsageError("--slo searches for what an undisturbed server can do: leave --cold and --fault out.")
    if wanted.common_rates and (wanted.rate or wanted.cold or wanted.fault):
        raise UsageError("--common-rate is for a stage of its own: leave --rate, --cold and --fault out.")
    hurting = "--cold" if wanted.cold else f"--fault {wanted.fault}" if wanted.fault else None
    if hurting is None:
        return
    for entry in found:
        name = entry.name
        if entry.source == "at":
            raise UsageError(f"{hurting}: the server of {name} is not ours to stop; leave --at out.")
        if entry.candidate.durability == "volatile" and not hurting.startswith("--fault pause"):
            raise UsageError(f"{hurting}: {name} may keep nothing when it stops; take relaxed or durable.")
    if wanted.data == "memory" and not hurting.startswith("--fault pause"):
        raise UsageError(f"{hurting}: data in memory may be gone when a server stops; take --data disk.")


def _profile(wanted: Wanted) -> Profile:
    """The profile, with what the user wants otherwise."""
    profile = PROFILES[wanted.profile]
    return replace(
        profile,
        trials=wanted.trials or profile.trials,
        warmup_seconds=profile.warmup_seconds if wanted.warmup is None else wanted.warmup,
        seconds=wanted.seconds or profile.seconds,
        clients=wanted.clients or profile.clients,
        common_trials=profile.common_trials or int(bool(wanted.common_rates)),
    )


def _workload(wanted: Wanted, scale: float) -> Workload:
    settings: dict[str, Parameter] = {}
    for setting in wanted.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f'--set {setting}: write NAME=VALUE, for example "--set records=10000".')
        settings[name.strip()] = value.strip()
    try:
        workload = discover.workload(wanted.workload).scaled(scale)
    except ValueError as error:
        raise UsageError(f"--scale {wanted.scale:g}: {error}") from error
    return parameters.configure(workload, settings)
