"""Before anything is measured: who is out by documented facts, who can be measured here, and with which commands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.decide import knockouts
from harness.decide.catalog import Entry
from harness.decide.record import Out
from harness.decide.requirements import Requirements, Wanted

KILLS = 20  # Without a loss, a kill then loses something in at most 17 % (95 % interval).


@dataclass(frozen=True)
class Here:
    """What this installation has: adapters and workloads, by name."""

    workloads: Mapping[str, str]  # -> capability.
    engines: Mapping[str, Sequence[str]]  # -> capabilities.


@dataclass(frozen=True)
class Shortlist:
    out: Sequence[Out]  # Break a limit, as documented.
    here: Sequence[str]  # Meet all limits as documented, and can be measured.
    beside: Sequence[str]  # Can be measured, and could only serve copies beside a system of record.
    elsewhere: Mapping[str, str]  # Meet all limits as documented -> why nothing is measured of them.
    commands: Mapping[str, Sequence[str]]  # Workload, "durability" or "consistency" -> what would settle it.

    def lines(self) -> list[str]:
        """The commands as one types them."""
        return [shlex.join(command) for command in self.commands.values()]


def shortlist(
    wanted: Requirements, catalog: Mapping[str, Entry], here: Here, folder: Path, options: Sequence[str] = ()
) -> Shortlist:
    """Commands leave their results in folders below this one; `options` (a profile, a source) go with each."""
    in_question = {n: e for n, e in catalog.items() if not wanted.limits.engines or n in wanted.limits.engines}
    reasons = {name: knockouts.documented(entry, wanted) for name, entry in in_question.items()}
    fine = [name for name, why in reasons.items() if not why]
    able = [name for name in fine if name in here.engines]
    beside = [
        name
        for name, entry in in_question.items()
        if wanted.pairs
        and len(wanted.workloads) > 1
        and name in here.engines
        and name not in able
        and not knockouts.of_a_copy(entry, wanted)
    ]
    return Shortlist(
        out=[
            Out(engine=name, title=in_question[name].title, reasons=why)
            for name, why in reasons.items()
            if why and name not in beside
        ]
        + [Out(engine=name, title=in_question[name].title, reasons=reasons[name]) for name in beside],
        here=able,
        beside=beside,
        elsewhere={n: _not_here(in_question[n], wanted, here) for n in fine if n not in here.engines},
        commands=_commands(wanted, able, [*able, *beside], here, folder, options),
    )


def _not_here(entry: Entry, wanted: Requirements, here: Here) -> str:
    """Absence from a maker's list is no denial, so it knocks nobody out; but it is said. Keys everybody has."""
    needed = {here.workloads[each.name] for each in wanted.workloads} - {"keyvalue"}
    missing = sorted(needed - {*entry.facts.capabilities.value})
    return "no adapter" + (f"; its makers do not present it for {', '.join(missing)}" if missing else "")


def _commands(
    wanted: Requirements,
    records: Sequence[str],
    engines: Sequence[str],
    here: Here,
    folder: Path,
    options: Sequence[str],
) -> dict[str, Sequence[str]]:
    suffix = f":{found}" if (found := knockouts.durability(wanted.limits)) != "relaxed" else ""
    commands: dict[str, Sequence[str]] = {}
    for each in wanted.workloads:
        able = [f"{name}{suffix}" for name in engines if here.workloads[each.name] in here.engines[name]]
        if able:
            out = ["--out", str(folder / each.name)]
            commands[each.name] = ["bakeoff", "run", each.name, *able, *_as_asked(each), *options, *out]
    weighed = wanted.weighed.order or list(wanted.weighed.numbers)
    studied = [option for option in options if option in ("--source", *_SOURCES)]
    if records and ("durability" in weighed or wanted.limits.max_loss_seconds is not None):
        names = [f"{name}{suffix}" for name in records]
        out = ["--kills", str(KILLS), *studied, "--out", str(folder / "durability")]
        commands["durability"] = ["bakeoff", "durability", *names, *out]
    transacting = [name for name in records if "transactions" in here.engines[name]]
    if transacting and ("consistency" in weighed or wanted.limits.multi_record_transactions):
        out = [*studied, "--out", str(folder / "consistency")]
        commands["consistency"] = ["bakeoff", "consistency", *transacting, *out]
    return commands


_SOURCES = ("docker", "embedded")  # That studies know too.


def _as_asked(wanted: Wanted) -> list[str]:
    """Response times at the rate of the requirements, and the highest rate that keeps their objective."""
    settings = [word for name, value in wanted.parameters.items() for word in ("--set", f"{name}={value}")]
    return ["--slo", wanted.slo, "--common-rate", f"{wanted.rate_per_second:g}", *settings]
