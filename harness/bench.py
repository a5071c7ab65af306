"""A run from its words to its report and exit code."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from harness import experiment, sources, store
from harness.analysis.verdict import verdict
from harness.progress import Progress
from harness.report import files, terminal
from harness.report.comparison import of_run
from harness.result import Result, Run
from harness.specify import Wanted, specify
from harness.stages import expected_seconds
from harness.studies import evidence_beside


def carry_out(wanted: Wanted, notes: Console, output: Console, runs: Path) -> int:
    """Do the run, show it, and return the exit code. Raises BakeoffError before anything is started if it can."""
    spec = specify(wanted)
    folder = store.new_folder(wanted.out, store.new_place(runs, Path(wanted.workload).stem))
    sources.sweep(lambda text: notes.print(text, highlight=False))
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


def _report_what_there_is(folder: Path, output: Console | None) -> tuple[Run, list[Result]] | None:
    """Write the report, show it if there is an output, and return what it is made from; None of nothing."""
    if not (folder / "run.json").is_file():
        return None
    run, results = store.read_run(folder)
    if output is not None or any(each.trials for each in results):
        report = of_run(run, results, evidence_beside(folder))
        files.write(report, folder)
        if output is not None:
            terminal.show(report, output)
    return run, results


def _exit_code(run: Run, results: list[Result]) -> int:
    """4 where a number must not be used, 5 where a candidate did not come to its end."""
    statuses = {each.status for each in results}
    verdicts = {verdict(run, each, each.trials).status for each in results if each.status == "ok"}
    return 4 if "invalid" in statuses | verdicts else 5 if "failed" in statuses else 0
