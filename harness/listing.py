"""What there is: engines × capabilities, workloads with their parameters, and the sources that work here."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from harness import discover, parameters
from harness.errors import BakeoffError
from harness.profile import PROFILES
from harness.sources import why_not
from harness.workload import summary

LISTED_SOURCES = ("docker", "embedded")


def show(console: Console) -> None:
    console.print(_engines())
    console.print(_workloads())
    for name in discover.workload_names():
        values = parameters.values(discover.workload(name))
        console.print(f"[bold]{name}[/bold] --set " + " ".join(f"{key}={value}" for key, value in values.items()))
    console.print()
    console.print("Profiles: " + "; ".join(f"{name}: {profile.purpose}" for name, profile in PROFILES.items()) + ".")


def _engines() -> Table:
    table = Table(title="Engines", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("engine", *discover.CAPABILITIES, *LISTED_SOURCES):
        table.add_column(column, overflow="fold")
    for name in discover.engine_names():
        has = discover.capabilities(name)
        try:
            engine = discover.engine(name)
            sources = [why_not(name, engine, source) or "yes" for source in LISTED_SOURCES]
        except BakeoffError as broken:  # The others are listed all the same.
            sources = [str(broken)] * len(LISTED_SOURCES)
        table.add_row(name, *("yes" if each in has else "–" for each in discover.CAPABILITIES), *sources)
    return table


def _workloads() -> Table:
    table = Table(title="\nWorkloads", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("workload", "capability", "what it stands for"):
        table.add_column(column, overflow="fold")
    for name in discover.workload_names():
        workload = discover.workload(name)
        table.add_row(name, workload.capability, summary(workload))
    return table
