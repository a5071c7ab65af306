"""From the words of the command line to a run and its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from rich.console import Console

from harness import candidate, discover, experiment, parameters, store
from harness.analysis import slo
from harness.analysis.verdict import verdict
from harness.candidate import Candidate
from harness.engine import Durability
from harness.errors import EnvironmentProblem, UsageError
from harness.profile import PROFILES, Profile
from harness.progress import Progress
from harness.report import files, terminal
from harness.result import Parameter, Result, Run
from harness.sources import redact, resolve
from harness.spec import Entry, Spec
from harness.stages import expected_seconds
from harness.workload import Workload

REFERENCE_ENGINE = "memory"  # Knows the answers and is no candidate unless named.


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of `bakeoff run`, as click read them; None where a profile decides."""

    workload: str
    candidates: tuple[str, ...]
    profile: str
    clients: int | None
    rate: float | None
    slo: str | None
    arrivals: Literal["constant", "poisson"]
    source: str
    at: tuple[str, ...]
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


def carry_out(wanted: Wanted, notes: Console, output: Console, runs: Path) -> int:
    """Do the run, show it, and return the exit code. Raises BakeoffError before anything is started if it can."""
    spec = specify(wanted)
    folder = _folder(wanted, runs)
    progress = Progress(notes, len(spec.entries), expected_seconds(spec))
    for reason in dict.fromkeys(f"source {entry.source}: {entry.why}" for entry in spec.entries):
        notes.print(reason, highlight=False)
    try:
        with progress.shown():
            experiment.execute(spec, folder, progress)
    except BaseException as error:
        _, results = _report_what_there_is(folder, None) or (None, [])
        if kept := sum(len(each.trials) for each in results):
            notes.print(
                f"Stopped early; {kept} trials are kept: bakeoff report {folder}", highlight=False, soft_wrap=True
            )
        raise error
    reported = _report_what_there_is(folder, output)
    output.print(f"Results: {folder}   Report: {folder / 'report.html'}", highlight=False, soft_wrap=True)
    return _exit_code(*reported) if reported else 0


def specify(wanted: Wanted) -> Spec:
    """Check every word of the user. Raises UsageError; starts nothing."""
    profile = _profile(wanted)
    workload = _workload(wanted, profile.scale * wanted.scale)
    chosen = _candidates(wanted, workload)
    urls = _urls(wanted.at, chosen)
    entries = [
        Entry(candidate=each, source=source, why=why, url=urls.get(each.engine))
        for each, (source, why) in zip(chosen, _sources(wanted.source, chosen, urls), strict=True)
    ]
    if wanted.workers and any(entry.source != "at" for entry in entries):
        raise UsageError(
            "--workers: load generators on other machines reach only servers given with --at, "
            "since servers started here listen on 127.0.0.1 alone."
        )
    return Spec(
        workload_name=wanted.workload,
        workload=workload,
        entries=entries,
        profile_name=wanted.profile,
        profile=profile,
        rate_per_second=wanted.rate,
        arrivals=wanted.arrivals,
        slo=slo.parse(wanted.slo) if wanted.slo else None,
        seed=wanted.seed,
        memory_bytes=wanted.memory * 2**20,
        command=[redact(word) for word in wanted.command],  # It is saved and shown.
        listen=wanted.listen,
        port=wanted.port,
        remote_workers=wanted.workers,
    )


def _profile(wanted: Wanted) -> Profile:
    """The profile, with what the user wants otherwise."""
    profile = PROFILES[wanted.profile]
    return replace(
        profile,
        trials=wanted.trials or profile.trials,
        warmup_seconds=profile.warmup_seconds if wanted.warmup is None else wanted.warmup,
        seconds=wanted.seconds or profile.seconds,
        clients=wanted.clients or profile.clients,
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


def _candidates(wanted: Wanted, workload: Workload) -> list[Candidate]:
    names = wanted.candidates or tuple(
        name
        for name in discover.engine_names()
        if name != REFERENCE_ENGINE and workload.capability in discover.capabilities(name)
    )
    chosen = candidate.parse_all(names)
    if wanted.durability is None:
        return chosen
    return [
        each if ":" in name else replace(each, durability=wanted.durability)
        for name, each in zip(names, chosen, strict=True)
    ]


def _urls(texts: tuple[str, ...], chosen: list[Candidate]) -> dict[str, str]:
    urls: dict[str, str] = {}
    for text in texts:
        engine, equals, url = text.partition("=")
        if not equals or "://" not in url:
            example = discover.engine(chosen[0].engine).url_example
            raise UsageError(f"--at: write ENGINE=URL, for example --at {chosen[0].engine}={example}")
        if engine not in [each.engine for each in chosen]:
            names = ", ".join(each.engine for each in chosen)
            raise UsageError(f"--at {engine}=…: {engine} is not among the candidates ({names}).")
        urls[engine] = url
    return urls


def _sources(source: str, chosen: list[Candidate], urls: dict[str, str]) -> list[tuple[str, str]]:
    """Where each comes from, and why. Whatever starts here comes from one source, or terms would not be equal."""
    found = [resolve(source, discover.engine(each.engine), urls.get(each.engine)) for each in chosen]
    lacking = next((why for name, why in found if name == "embedded"), None)
    return [
        ("embedded", lacking) if name == "docker" and lacking and source == "auto" else (name, why)
        for name, why in found
    ]


def _folder(wanted: Wanted, runs: Path) -> Path:
    folder = wanted.out or runs / f"{datetime.now():%Y%m%d-%H%M%S}-{wanted.workload}"
    if folder.exists():
        raise UsageError(f"{folder} exists already. Name another --out; results are never overwritten.")
    try:
        folder.mkdir(parents=True)
        folder.rmdir()
    except OSError as error:
        raise EnvironmentProblem(f"Cannot write to {folder}: {error.strerror}. Name a folder with --out.") from error
    return folder


def _report_what_there_is(folder: Path, output: Console | None) -> tuple[Run, list[Result]] | None:
    """Write the report, show it if there is an output, and return what it is made from; None of nothing."""
    if not (folder / "run.json").is_file():
        return None
    run, results = store.read_run(folder)
    if output is not None or any(each.trials for each in results):
        files.write(run, results, folder)
    if output is not None:
        terminal.show(run, results, output)
    return run, results


def _exit_code(run: Run, results: list[Result]) -> int:
    """4 where a number must not be used, 5 where a candidate did not come to its end."""
    statuses = {each.status for each in results}
    verdicts = {verdict(run, each, each.trials).status for each in results if each.status == "ok"}
    return 4 if "invalid" in statuses | verdicts else 5 if "failed" in statuses else 0
