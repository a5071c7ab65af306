"""A requirements file and the folders of results in; a decision out. What `--check` does again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from harness.decide import requirements
from harness.decide.analysis import analyse
from harness.decide.catalog import Entry
from harness.decide.decision import About, decision
from harness.decide.findings import gather
from harness.decide.record import Decision
from harness.decide.requirements import Requirements
from harness.decide.shortlist import Here, Shortlist, shortlist
from harness.errors import UsageError

BETTER = ("--profile", "thorough")  # Makes a command measure more exactly.


@dataclass(frozen=True)
class Basis:
    """What does not change from one question to the next."""

    catalog: Mapping[str, Entry]
    here: Here
    made: datetime
    bakeoff: str
    command: str  # Repeats it.


def read(file: Path, basis: Basis) -> Requirements:
    """With every name in it known. Raises UsageError."""
    wanted = requirements.read(file)
    for number, each in enumerate(wanted.workloads, start=1):
        _known(file, f"workloads[{number}].name", [each.name], basis.here.workloads)
    engines = basis.catalog.keys() | basis.here.engines.keys()
    _known(file, "limits.engines", [name.partition("@")[0] for name in wanted.limits.engines], engines)
    _known(file, "experience", wanted.experience, engines)
    licences = {name for entry in basis.catalog.values() if entry.facts.licence for name in _parts(entry)}
    _known(file, "limits.licences", wanted.limits.licences, licences)
    if wanted.limits.min_recall and not any(basis.here.workloads[w.name] == "vectors" for w in wanted.workloads):
        raise UsageError(f"{file}: limits.min_recall is of vector searches, and no workload searches vectors.")
    return wanted


def shortlisted(file: Path, basis: Basis, folder: Path, options: Sequence[str] = ()) -> tuple[Requirements, Shortlist]:
    """`options` go with every command, and their results into folders below this one. Raises UsageError."""
    wanted = read(file, basis)
    return wanted, shortlist(wanted, basis.catalog, basis.here, folder, options)


def decided(file: Path, folders: Sequence[Path], basis: Basis, seed: int) -> Decision:
    """Raises UsageError."""
    wanted, short = shortlisted(file, basis, Path(file.stem), BETTER)
    analysis = analyse(wanted, gather(folders, wanted), basis.catalog, basis.here.workloads, seed=seed)
    about = About(
        requirements=file,
        made=basis.made,
        bakeoff=basis.bakeoff,
        command=basis.command,
        out=short.out,
        elsewhere=short.elsewhere,
        commands=dict(zip(short.commands, short.lines(), strict=True)),
    )
    return decision(analysis, about)


def _parts(entry: Entry) -> list[str]:
    assert entry.facts.licence is not None
    return [part.strip() for choice in entry.facts.licence.value.split(" OR ") for part in choice.split(" AND ")]


def _known(file: Path, key: str, names: Iterable[str], there: Iterable[str]) -> None:
    choices = sorted(there)
    for name in names:
        if name.casefold() not in {each.casefold() for each in choices}:
            near = "".join(f" Did you mean {match}?" for match in get_close_matches(name, choices, n=1))
            raise UsageError(f'{file}: {key}: there is no "{name}".{near} There are: {", ".join(choices)}.')
