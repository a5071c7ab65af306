"""The commands `bakeoff gate`, `calibrate` and `compare`: from words to judgements and exit codes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

from rich.console import Console

from harness import sources, store
from harness.errors import UsageError
from harness.fingerprint import fingerprint
from harness.gate import calibration, compare, gate
from harness.gate.calibration import Calibration
from harness.gate.gate import Gate
from harness.gate.limits import Limits, allowed
from harness.gate.looks import CONFIDENCE
from harness.gate.metrics import metrics, pairs
from harness.gate.wanted import Wanted, specify
from harness.judgement import VERSION, Judged, Judgement, Said
from harness.progress import Progress
from harness.report import files, markdown, terminal
from harness.report.calibration import of_calibrations
from harness.report.judgement import of_judgement
from harness.spec import Spec

Written = Literal["text", "markdown", "json"]
CODES: dict[Said, int] = {"regression": 1, "failed": 1, "not comparable": 4}
INCONCLUSIVE = 3
KEPT_HERE = "Calibrations are kept below the current folder: call it from one that can be written to."
PAIR_TRIALS = 4  # Base and head, each in a closed loop and at the fixed rate.
AROUND_SECONDS = 1.0  # A trial: connecting, grading, sampling.


def run_gate(
    wanted: Wanted, folder: Path, calibrations: Path, notes: Console, output: Console, *, resume: bool, strict: bool
) -> int:
    """0 no regression (or inconclusive, unless strict), 1 regression or failure, 3 inconclusive, 4 base is wrong.

    Raises UsageError before anything is started if it can.
    """
    limits = allowed(wanted.limits_file, wanted.limits)
    specs = [specify(wanted, name) for name in wanted.workloads]
    known = [_calibrated(wanted, spec, calibrations) for spec in specs]
    for found in filter(None, known):
        calibration.refuse_what_cannot_be_seen(found, limits)
    _folder_for(folder, resume)
    notes_of = (
        []
        if all(known)
        else ["Not calibrated for such trials: bakeoff calibrate says which changes this machine can see."]
    )
    judged = [each for spec in specs for each in _one(wanted, spec, folder, limits, notes)]
    judgement = _judgement(wanted, judged, folder, specs, notes_of)
    store.save(judgement, folder / store.JUDGEMENT)
    files.write(report := of_judgement(judgement), folder)
    terminal.show(report, output)
    output.print(f"Results: {folder}   Report: {folder / 'report.html'}", highlight=False, soft_wrap=True)
    return INCONCLUSIVE if judgement.said == "inconclusive" and strict else CODES.get(judgement.said, 0)


def run_calibrate(
    wanted: Wanted, folder: Path, calibrations: Path, notes: Console, output: Console, *, resume: bool
) -> int:
    """Base against itself, always to the last pair."""
    specs = [specify(wanted, name) for name in wanted.workloads]
    _folder_for(folder, resume)
    store.make_folder(calibrations, KEPT_HERE)  # Before anything is measured that could not be kept.
    found = []
    for spec in specs:
        _one(wanted, spec, folder, Limits(), notes, to_the_end=True)
        found.append(_calibration(wanted, spec, folder))
        calibration.save(found[-1], calibrations)
    terminal.show(of_calibrations(found), output)
    output.print(f"Saved in {calibrations}; bakeoff gate refuses limits that cannot be seen.", highlight=False)
    return 0


def run_compare(
    base: Path, head: Path, limits: Limits, command: Sequence[str], written: Written, out: Path | None, output: Console
) -> int:
    """0, 1 where head is worse, 4 where nothing can be compared."""
    found = compare.compare(base, head, limits, datetime.now(UTC), metadata.version("bakeoff"), shlex.join(command))
    report = of_judgement(found)
    if out:
        store.new_folder(out, out).mkdir(parents=True)
        store.save(found, out / store.JUDGEMENT)
        files.write(report, out)
    match written:
        case "json":
            output.out(store.text(found), end="", highlight=False)
        case "markdown":
            output.out(markdown.render(report), end="", highlight=False)
        case "text":
            terminal.show(report, output)
    return CODES.get(found.said, 0)


def _one(
    wanted: Wanted, spec: Spec, folder: Path, limits: Limits, notes: Console, *, to_the_end: bool = False
) -> list[Judged]:
    sources.sweep(lambda text: notes.print(text, highlight=False))
    seconds = wanted.pairs * PAIR_TRIALS * (wanted.seconds + AROUND_SECONDS) / 2  # For each of both.
    progress = Progress(notes, len(spec.entries), seconds)
    one = Gate(
        spec=spec,
        folder=folder / spec.workload_name,
        limits=limits,
        seconds=wanted.seconds,
        rate_per_second=wanted.rate,
        most=wanted.pairs,
        to_the_end=to_the_end,
        tell=lambda text: notes.print(text, highlight=False, soft_wrap=True),
    )
    with progress.shown():
        try:
            return gate.run(one, progress)
        except KeyboardInterrupt:
            again = shlex.join([*wanted.command, *([] if "--resume" in wanted.command else ["--resume"])])
            place = "" if "--out" in wanted.command else f" --out {shlex.quote(str(folder))}"
            notes.print(f"Stopped; all pairs are kept. Go on with: {again}{place}", highlight=False, soft_wrap=True)
            raise


def _folder_for(folder: Path, resume: bool) -> None:
    if not resume:
        store.new_folder(folder, folder)
    elif not folder.is_dir():
        raise UsageError(f"--resume: there is no {folder}. Name with --out the folder of the gate that was stopped.")


def _calibrated(wanted: Wanted, spec: Spec, calibrations: Path) -> Calibration | None:
    here = calibration.key(spec.entries[0].source)
    engine = spec.entries[0].candidate.engine
    return calibration.find(calibrations, here, engine, spec.workload_name, wanted.seconds, wanted.clients)


def _calibration(wanted: Wanted, spec: Spec, folder: Path) -> Calibration:
    _, (base, head) = store.read_run(folder / spec.workload_name)
    found = metrics(base, head)
    return Calibration(
        version=calibration.VERSION,
        made=datetime.now(UTC),
        machine=calibration.key(base.source),
        candidate=base.engine,
        workload=spec.workload_name,
        fingerprint=fingerprint(spec.workload),
        seconds=wanted.seconds,
        clients=wanted.clients,
        spreads=[calibration.spread(each.name, each.worse, each.higher_is_better) for each in found],
        false_alarms=calibration.false_alarms({each.name: each.worse for each in found}, Limits(), wanted.seed),
    )


def _judgement(
    wanted: Wanted, found: Sequence[Judged], folder: Path, specs: Sequence[Spec], notes: Sequence[str]
) -> Judgement:
    runs, results = zip(*[store.read_run(folder / spec.workload_name) for spec in specs], strict=True)
    return Judgement(
        version=VERSION,
        kind="gate",
        made=datetime.now(UTC),
        bakeoff=str(metadata.version("bakeoff")),
        command=shlex.join(wanted.command),
        base=_named(wanted.base, wanted.base_settings, wanted.base_image),
        head=_named(wanted.head, wanted.head_settings, wanted.head_image),
        said=gate.together(found),
        pairs=max(pairs(*both) for both in results),
        confidence=CONFIDENCE,
        metrics=list(found),
        notes=list(notes),
        machine=runs[0].machine,  # As it was before all.
    )


def _named(candidate: str, settings: Sequence[str], image: str | None) -> str:
    """postgres with shared_buffers=8MB."""
    changes = [*settings, *([image] if image else [])]
    return f"{candidate} with {', '.join(changes)}" if changes else candidate
