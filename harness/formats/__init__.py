"""What other tools read, made from the files of a run, a gate or a comparison: one module for each format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import store
from harness.commit import commit_before
from harness.errors import UsageError
from harness.formats import bencher, github_action, junit, otava, pytest_benchmark, step_summary
from harness.judgement import Judgement
from harness.metrics import Summary, summary

OfRuns = Callable[[Sequence[Summary]], str]
OfJudgements = Callable[[Sequence[Judgement]], str]


@dataclass(frozen=True)
class Format:
    """How it is made; None of what it cannot tell."""

    of_runs: OfRuns | None = None
    of_judgements: OfJudgements | None = None
    over_time: bool = False  # Runs of the same candidates one after the other; else each candidate and workload once.
    unsaid: Callable[[Sequence[Summary]], Sequence[str]] = lambda _: ()  # What of the runs it has no place for.


SUMMARY = "github-step-summary"  # The one that also tells why there is no number.
FORMATS = {
    "junit": Format(of_judgements=junit.of_judgements),
    SUMMARY: Format(step_summary.of_runs, step_summary.of_judgements),
    "github-action-benchmark-bigger": Format(github_action.bigger_is_better),
    "github-action-benchmark-smaller": Format(github_action.smaller_is_better),
    "bencher": Format(bencher.of_runs, unsaid=bencher.doubts),
    "pytest-benchmark": Format(pytest_benchmark.of_runs),
    "otava-csv": Format(otava.csv_of_runs, over_time=True, unsaid=otava.without_column),
    "otava-yaml": Format(otava.yaml_of_runs, over_time=True, unsaid=otava.without_column),
}


def export(folders: Sequence[Path], name: str, say: Callable[[str], None]) -> str:
    """The text of a format, by its name in FORMATS; what is not in it is said. Raises UsageError."""
    wanted = FORMATS[name]
    found = [store.read_judgement(folder) for folder in folders] if wanted.of_judgements else []
    judgements = [judgement for judgement in found if judgement]
    if wanted.of_judgements and len(judgements) == len(folders):
        return wanted.of_judgements(judgements)
    if wanted.of_runs is None:
        without = folders[found.index(None)]
        raise UsageError(f"{without} has no judgement.json, which {name} is made of: name the folder of a gate.")
    if judgements:
        raise UsageError(f"{name}: some folders are of runs and some of gates. Export them one after the other.")
    return _of_runs(wanted.of_runs, [read(folder) for folder in folders], name, say)


def read(folder: Path) -> Summary:
    """Raises UsageError."""
    run, results = store.read_run(folder)
    return summary(run, results, commit_before(run.started))


def _of_runs(made: OfRuns, summaries: Sequence[Summary], name: str, say: Callable[[str], None]) -> str:
    for each in summaries:
        for candidate, why in each.left_out:
            say(f"{each.run.id}: left out {candidate}: {why}")
    if not FORMATS[name].over_time:
        _each_once(summaries, name)
    if not any(each.numbers for each in summaries) and name != SUMMARY:
        raise UsageError(f"{name}: these runs have no number that may be used. See bakeoff report.")
    text = made(summaries)
    for unsaid in FORMATS[name].unsaid(summaries):
        say(unsaid)
    return text


def _each_once(summaries: Sequence[Summary], name: str) -> None:
    seen: set[tuple[str, str]] = set()
    for each in summaries:
        for candidate in each.run.candidates:
            if (each.run.workload, candidate) in seen:
                twice = f"{candidate} under {each.run.workload}"
                raise UsageError(f"{name} has room for one run of {twice}, and there are two. Name one of them.")
            seen.add((each.run.workload, candidate))
