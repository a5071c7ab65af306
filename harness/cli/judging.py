"""`bakeoff gate`, `bakeoff calibrate` and `bakeoff compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import click

from harness import gating, store
from harness.cli.consoles import notes, output
from harness.cli.group import CALIBRATIONS, RUNS, main, options, words_errors
from harness.engine import DURABILITIES
from harness.gate.limits import allowed
from harness.gate.wanted import Wanted
from harness.sources import SOURCES

_TURNS = options(
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the workloads."),
    click.option("--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True),
    click.option("--clients", type=click.IntRange(1, 1000), default=4, show_default=True),
    click.option("--seconds", type=click.FloatRange(min=0.5), default=4.0, show_default=True, help="Of each trial."),
    click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Fixed rate.  [default: from base]"),
    click.option("--source", type=click.Choice([s for s in SOURCES if s != "at"]), default="auto", show_default=True),
    click.option("--data", type=click.Choice(["disk", "memory"]), default="disk", show_default=True),
    click.option("--durability", type=click.Choice(DURABILITIES)),
    click.option("--memory", type=click.IntRange(min=64), default=1024, show_default=True, help="MiB for each server."),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True),
    click.option("--resume", is_flag=True, help="Go on where the same command was stopped."),
    click.option("--out", type=click.Path(path_type=Path), help=f"Folder for the results.  [default: {RUNS}/…]"),
)
_LIMITS = options(
    click.option("--limit", "limits", multiple=True, metavar="METRIC=N%", help="May get so much worse; or METRIC=off."),
    click.option("--limits", "limits_file", type=click.Path(path_type=Path), help="A TOML file of limits."),
)


@main.command("gate")
@click.argument("base")
@click.argument("head")
@click.argument("workloads", nargs=-1, required=True, metavar="WORKLOAD...")
@click.option("--base-set", "base_settings", multiple=True, metavar="NAME=VALUE", help="A setting of base's server.")
@click.option("--head-set", "head_settings", multiple=True, metavar="NAME=VALUE", help="A setting of head's server.")
@click.option("--base-image", metavar="IMAGE", help="Run base in a container of this image.")
@click.option("--head-image", metavar="IMAGE", help="Run head in a container of this image.")
@click.option("--base-workload", metavar="FILE", help="What base runs: an earlier version of WORKLOAD, a TOML file.")
@_LIMITS
@click.option("--pairs", type=click.IntRange(2, 20), default=20, show_default=True, help="At most.")
@click.option("--strict", is_flag=True, help="Exit code 3 where nothing can be said.")
@_TURNS
@words_errors
def gate_(resume: bool, strict: bool, out: Path | None, **words: Any) -> int:
    """Is HEAD worse than BASE under each WORKLOAD? Both run in turns, pair by pair, until it can be said.

    BASE and HEAD are candidates: postgres@16 postgres@17, postgres postgres+brin. By default throughput may fall by
    5 %, p99 at a fixed rate grow by 10 %, and the server's CPU per operation by 5 %.
    """
    wanted = Wanted(**words, command=["bakeoff", *sys.argv[1:]])
    folder = out or store.new_place(RUNS, "gate")
    consoles = notes(), output()
    return gating.run_gate(wanted, folder, CALIBRATIONS, *consoles, resume=resume, strict=strict)


@main.command("calibrate")
@click.argument("candidate")
@click.argument("workloads", nargs=-1, required=True, metavar="WORKLOAD...")
@click.option("--pairs", type=click.IntRange(5, 100), default=20, show_default=True)
@_TURNS
@words_errors
def calibrate_(candidate: str, resume: bool, out: Path | None, **words: Any) -> int:
    """Gate CANDIDATE against itself: what changes can this machine see, and how often does it see one where none is?"""
    wanted = Wanted(base=candidate, head=candidate, command=["bakeoff", *sys.argv[1:]], **words)
    folder = out or store.new_place(RUNS, "calibrate")
    return gating.run_calibrate(wanted, folder, CALIBRATIONS, notes(), output(), resume=resume)


@main.command("compare")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("head", type=click.Path(path_type=Path))
@_LIMITS
@click.option("--format", "written", type=click.Choice(get_args(gating.Written)), default="text", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder in which to keep the judgement and its report too."
)
@words_errors
def compare_(
    base: Path, head: Path, limits: tuple[str, ...], limits_file: Path | None, written: gating.Written, out: Path | None
) -> int:
    """Is the run in folder HEAD worse than the run in folder BASE? Only where nothing else changed between them.

    What changes with time is between two runs, and not between the turns of a gate: prefer bakeoff gate.
    """
    command = ["bakeoff", *sys.argv[1:]]
    return gating.run_compare(base, head, allowed(limits_file, limits), command, written, out, output())
