"""The commands `bakeoff decide` and `bakeoff catalog`: from words to a shortlist, a decision, or a check of one."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click
from rich.console import Console

from harness import discover, parameters, store
from harness.decide import asking, making, signed
from harness.decide.catalog import catalog, entry
from harness.decide.making import Basis
from harness.decide.shortlist import Here, Shortlist
from harness.errors import EnvironmentProblem, UsageError
from harness.report import files, terminal
from harness.report.decision import adr, of_decision
from harness.report.decision.before import of_shortlist
from harness.report.decision.facts import of_catalog, of_engine
from harness.specify import REFERENCE_ENGINE

RECORD = "adr.md"
MEASURED = (0, 4, 5)  # Exit codes after which there are results.


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of `bakeoff decide`, as click read them."""

    file: Path
    runs: tuple[Path, ...]
    init: bool
    interview: bool
    run: bool
    check: bool
    profile: str
    source: str
    seed: int
    out: Path | None
    command: Sequence[str]


def decide(wanted: Wanted, notes: Console, output: Console, decisions: Path) -> int:
    """0; 1 where a decision that was signed holds no more; 2 where no candidate is left."""
    if sum((wanted.init, wanted.interview, wanted.run, wanted.check)) > 1:
        raise UsageError("--init, --interview, --run and --check are different things: take one of them.")
    if wanted.init or wanted.interview:
        return _write_requirements(wanted, output)
    if wanted.check:
        return _check(wanted, output)
    folder = wanted.out or decisions / wanted.file.stem
    if not wanted.runs and not wanted.run:
        return _shortlist(wanted, folder, output)
    if (folder / RECORD).exists():
        raise UsageError(f"{folder / RECORD} is there already, and may be signed. Name another --out.")
    runs = [*wanted.runs, *(_measured(wanted, folder, notes) if wanted.run else ())]
    return _decide(wanted, runs, folder, output)


def show_catalog(engine: str | None, output: Console) -> None:
    terminal.show(of_engine(entry(engine)) if engine else of_catalog(catalog()), output)


def _decide(wanted: Wanted, runs: Sequence[Path], folder: Path, output: Console) -> int:
    _check_parameters(wanted.file)
    found = making.decided(wanted.file, runs, _basis(wanted.command), wanted.seed)
    report = of_decision(found)
    store.make_folder(folder)
    store.save(found, folder / "decision.json")
    files.write(report, folder)
    store.write_text(adr.render(found, folder / RECORD), folder / RECORD)
    terminal.show(report, output)
    told = f"Report: {folder / 'report.html'}   Record to sign: {folder / RECORD}"
    output.print(told, highlight=False, soft_wrap=True)
    if found.leader is None:
        raise UsageError("No candidate is left. Loosen a limit, or measure others; the report says who fails where.")
    return 0


def _shortlist(wanted: Wanted, folder: Path, output: Console) -> int:
    _check_parameters(wanted.file)
    basis = _basis(wanted.command)
    requirements, short = making.shortlisted(wanted.file, basis, folder, _options(wanted))
    after = f"bakeoff decide {shlex.quote(str(wanted.file))} {shlex.quote(str(folder))}/*"
    terminal.show(of_shortlist(short, requirements, basis.made, basis.bakeoff, after), output)
    _refuse_nobody(short)
    return 0


def _measured(wanted: Wanted, folder: Path, notes: Console) -> Iterator[Path]:
    """Do what would settle the question; results that are there already are kept."""
    _check_parameters(wanted.file)
    _, short = making.shortlisted(wanted.file, _basis(wanted.command), folder, _options(wanted))
    _refuse_nobody(short)
    for what, command in short.commands.items():
        if (folder / what).exists():
            notes.print(f"{folder / what} is there already and kept.", highlight=False)
        else:
            notes.print(shlex.join(command), highlight=False, soft_wrap=True)
            code = subprocess.run([sys.executable, "-m", "harness", *command[1:]], check=False).returncode
            if code not in MEASURED:
                raise EnvironmentProblem(
                    f"{what}: that ended with exit code {code}. What was measured is kept; the same command goes on."
                )
        yield folder / what


def _check(wanted: Wanted, output: Console) -> int:
    was = signed.read(wanted.file)
    beside = wanted.file.parent
    folders = wanted.runs or [beside / each for each in was.folders]
    now = making.decided(beside / was.requirements, folders, _basis(wanted.command), was.seed)
    check = signed.compare(was, now)
    for sentence in check.sentences:
        output.print(sentence, highlight=False, soft_wrap=True)
    output.print("The decision holds." if check.holds else "The decision does not hold.", highlight=False)
    return 0 if check.holds else 1


def _write_requirements(wanted: Wanted, output: Console) -> int:
    file = wanted.file
    if file.exists():
        raise UsageError(f"{file} exists already. Name another file; nothing is overwritten.")
    here = _here()
    if wanted.init:
        text = asking.EXAMPLE.read_text(encoding="utf-8")
    else:
        text = asking.interview(_ask, click.echo, [*here.workloads], [*here.engines])
    store.write_text(text, file)
    output.print(f"Written: {file}. Next: bakeoff decide {file}", highlight=False, soft_wrap=True)
    return 0


def _ask(question: str, default: str) -> str:
    return str(click.prompt(question, default=default, show_default=bool(default)))


def _check_parameters(file: Path) -> None:
    """By the workloads themselves."""
    for each in making.read(file, _basis(())).workloads:
        parameters.configure(discover.workload(each.name), each.parameters)


def _refuse_nobody(short: Shortlist) -> None:
    if not short.here:
        who = "; ".join(f"{each.engine}: {each.reasons[0].limit.replace('_', ' ')}" for each in short.out)
        raise UsageError(f"No candidate is left that can be measured here ({who}). Loosen a limit.")


def _options(wanted: Wanted) -> list[str]:
    """Beside what is usual."""
    profile = ["--profile", wanted.profile] if wanted.profile != "quick" else []
    return profile + (["--source", wanted.source] if wanted.source != "auto" else [])


def _basis(command: Sequence[str]) -> Basis:
    return Basis(catalog(), _here(), datetime.now(UTC), metadata.version("bakeoff"), shlex.join(command))


def _here() -> Here:
    engines = [name for name in discover.engine_names() if name != REFERENCE_ENGINE]
    return Here(
        workloads={name: discover.workload(name).capability for name in discover.workload_names()},
        engines={name: discover.capabilities(name) for name in engines},
    )
