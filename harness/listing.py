"""What there is: engines × capabilities with variants, workloads with parameters, sources that work here."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from harness import discover, parameters
from harness.errors import BakeoffError, UsageError
from harness.profile import PROFILES
from harness.queries import designs
from harness.queries.generators import span_of
from harness.queries.workload import Queries
from harness.sources import why_not
from harness.workload import summary

LISTED_SOURCES = ("docker", "embedded")


def show(console: Console) -> None:
    console.print(_engines())
    console.print("A variant is another design of the same engine: postgres+brin. Versions: postgres@17.\n")
    console.print(_sources())
    console.print(_workloads())
    for name in discover.workload_names():
        values = parameters.values(discover.workload(name))
        console.print(f"[bold]{name}[/bold] --set " + " ".join(f"{key}={value}" for key, value in values.items()))
    console.print()
    console.print(
        "Your own queries: bakeoff list --example > my.toml, then bakeoff list my.toml and bakeoff run my.toml."
    )
    console.print("Profiles: " + "; ".join(f"{name}: {profile.purpose}" for name, profile in PROFILES.items()) + ".")


def show_file(console: Console, name: str) -> None:
    """What a file of own queries has. Raises UsageError for what is none, or wrong."""
    if not name.endswith(".toml"):
        raise UsageError(
            f"{name} is no file of own queries: its name ends in .toml. An example: bakeoff list --example"
        )
    own = discover.workload(name)
    assert isinstance(own, Queries)
    console.print(own.description, highlight=False)
    console.print(_tables(own))
    console.print(_operations(own))
    candidates = designs.complete(own.file, discover.languages())
    console.print(f"\nbakeoff run {name} {' '.join(candidates)}", highlight=False, soft_wrap=True)
    console.print(
        "--set " + " ".join(f"{key}={value}" for key, value in parameters.values(own).items()), highlight=False
    )


def _tables(own: Queries) -> Table:
    table = _table("\nTables", "table", "rows", "columns")
    for name, rows in own.sizes.items():
        columns = ", ".join(f"{column.name} {column.type}" for column in own.table(name).columns)
        table.add_row(name, f"{rows:,}", columns)
    return table


def _operations(own: Queries) -> Table:
    table = _table("\nOperations", "operation", "share", "what it does", "how it is judged", "statements for")
    total = sum(kind.weight for kind in own.kinds)
    for kind in own.kinds:
        effects = [*(f"adds to {name}" for name in kind.form.adds), *(f"changes {name}" for name in kind.form.changes)]
        expect = kind.form.expect
        judged = [
            *(["rows read back"] if effects else []),
            *([f"{' to '.join(map(str, span_of(expect.rows)))} rows"] if expect.rows is not None else []),
            *(["answer of SQLite"] if expect.answer else []),
        ]
        table.add_row(
            kind.form.name,
            f"{kind.weight / total:.1%}",
            ", ".join(effects) or "reads",
            ", ".join(judged),
            ", ".join(kind.form.statements),
        )
    return table


def _engines() -> Table:
    table = _table("Engines", "engine", *discover.CAPABILITIES)
    for name in discover.engine_names():
        has = discover.capabilities(name)
        table.add_row(name, *(_designs(name, each) if each in has else "–" for each in discover.CAPABILITIES))
    return table


def _designs(engine: str, capability: str) -> str:
    try:
        has = discover.engine(engine).lacks.get(capability, "yes")
    except BakeoffError:
        has = "broken"
    return "\n".join([has, *(f"+{variant}" for variant in discover.variants(engine, capability))])


def _sources() -> Table:
    table = _table("Where their servers can come from here", "engine", *LISTED_SOURCES)
    for name in discover.engine_names():
        try:
            engine = discover.engine(name)
            sources = [why_not(name, engine, source) or "yes" for source in LISTED_SOURCES]
        except BakeoffError as broken:  # The others are listed all the same.
            sources = [str(broken)] * len(LISTED_SOURCES)
        table.add_row(name, *sources)
    return table


def _workloads() -> Table:
    table = _table("\nWorkloads", "workload", "capability", "what it stands for")
    for name in discover.workload_names():
        workload = discover.workload(name)
        table.add_row(name, workload.capability, summary(workload))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
