"""What measures, and what shows what was measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from harness import bench, doctor, fault, listing, store, studies
from harness.cli.consoles import notes, output
from harness.cli.group import RUNS, main, options, sweep, words_errors
from harness.consistency import Economy
from harness.engine import DURABILITIES
from harness.load import program
from harness.profile import PROFILES
from harness.queries.read import EXAMPLE
from harness.report import files, terminal
from harness.report.comparison import of_run
from harness.sources import SOURCES
from harness.specify import Wanted


@main.command("list")
@click.argument("file", required=False)
@click.option("--example", is_flag=True, help="Print an example of FILE, to begin with.")
@words_errors
def list_(file: str | None, example: bool) -> int:
    """Engines and what they can do, workloads and their parameters, sources that work here.

    With FILE (a TOML file of own queries): its tables, operations and designs, once it is checked.
    """
    if example:
        click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)
    elif file:
        listing.show_file(output(), file)
    else:
        sweep()
        listing.show(output())
    return 0


_CANDIDATES = click.argument("candidates", nargs=-1, metavar="[CANDIDATE]...")
_SERVERS = options(
    click.option("--source", type=click.Choice([s for s in SOURCES if s != "at"]), default="auto", show_default=True),
    click.option("--image", "images", multiple=True, metavar="ENGINE=IMAGE", help="Run this image in a container."),
    click.option("--lock", is_flag=True, help="Pin the digests of images, as registries tell them, in images.lock."),
    click.option(
        "--data", type=click.Choice(["disk", "memory"]), default="disk", show_default=True, help="The servers' files."
    ),
    click.option("--durability", type=click.Choice(DURABILITIES), help="For candidates that do not name theirs."),
    click.option("--memory", type=click.IntRange(min=64), default=1024, show_default=True, help="MiB for each server."),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True),
    click.option("--out", type=click.Path(path_type=Path), help=f"Folder for the results.  [default: {RUNS}/…]"),
)


@main.command()
@click.argument("workload")
@_CANDIDATES
@click.option("--profile", type=click.Choice(list(PROFILES)), default="quick", show_default=True, help="How long.")
@click.option("--clients", type=click.IntRange(1, 1000), help="Sessions that send at the same time.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Open loop: requests per second.")
@click.option("--slo", metavar="pN=TIME", help='Also find the highest rate that keeps it: "p99=10ms".')
@click.option(
    "--common-rate",
    "common_rates",
    type=click.FloatRange(min=0, min_open=True),
    multiple=True,
    metavar="R",
    help="Response times at this rate.  [default: 50 and 80 % of what the slowest serves]",
)
@click.option("--arrivals", type=click.Choice(["constant", "poisson"]), default="poisson", show_default=True)
@click.option("--at", "at", multiple=True, metavar="ENGINE=URL", help="Use a server that is already there.")
@_SERVERS
@click.option("--cold", is_flag=True, help="Restart servers and empty their caches before every trial.")
@click.option("--fault", metavar="KIND@TIME", help=f"In every trial: {fault.EXAMPLES}.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the workload.")
@click.option(
    "--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Times the data."
)
@click.option("--trials", type=click.IntRange(1, 1000), help="Timed intervals for each candidate.")
@click.option("--seconds", type=click.FloatRange(min=0.5), help="Measured part of a trial.")
@click.option("--warmup", type=click.FloatRange(min=0), help="Seconds before the first trial, not counted.")
@click.option("--listen", default="127.0.0.1", show_default=True, help="Where other load generators connect.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port.")
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True, help="How many of them to wait for.")
@words_errors
def run(**words: Any) -> int:
    """Run WORKLOAD, or the queries in a file FILE.toml, on every CANDIDATE (default: all that can) and compare them.

    A candidate is ENGINE[@VERSION][+VARIANT][:DURABILITY]: postgres, postgres@17+brin, redis:durable.
    """
    wanted = Wanted(**words, command=["bakeoff", *sys.argv[1:]])
    return bench.carry_out(wanted, notes(), output(), RUNS)


@main.command("durability")
@_CANDIDATES
@click.option("--kills", type=click.IntRange(1, 10_000), default=5, show_default=True, help="Of each candidate.")
@click.option("--clients", type=click.IntRange(1, 1000), default=4, show_default=True, help="Sessions that write.")
@_SERVERS
@words_errors
def durability_(kills: int, **words: Any) -> int:
    """Kill each CANDIDATE while clients write, start it again, and count what it has lost.

    Default: every engine in its classes durable and relaxed. A kill is SIGKILL of the server; loss of power is not
    simulated. With 20 kills and no loss, a kill loses something in at most 17 % (95 % interval).
    """
    wanted = studies.Wanted(**words, command=["bakeoff", *sys.argv[1:]])
    return studies.study_durability(wanted, kills, notes(), output(), RUNS)


@main.command("consistency")
@_CANDIDATES
@click.option("--clients", type=click.IntRange(2, 1000), default=8, show_default=True, help="Sessions at once.")
@click.option("--seconds", type=click.FloatRange(min=0.5), default=5.0, show_default=True, help="At each level.")
@click.option("--accounts", type=click.IntRange(2), default=4, show_default=True, help="That money moves between.")
@click.option("--counters", type=click.IntRange(1), default=2, show_default=True, help="That are counted up.")
@_SERVERS
@words_errors
def consistency_(seconds: float, accounts: int, counters: int, **words: Any) -> int:
    """Have sessions change the same records at once, and count lost updates, lost money and wrong reads.

    At each level of isolation that a CANDIDATE (default: every engine) has: none, its default, its strongest.
    """
    wanted = studies.Wanted(**words, command=["bakeoff", *sys.argv[1:]])
    economy = Economy(
        sessions=wanted.clients,
        seconds=seconds,
        accounts=accounts,
        cents_each=10_000,
        counters=counters,
        seed=wanted.seed,
    )
    return studies.study_consistency(wanted, economy, notes(), output(), RUNS)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@words_errors
def report(run: Path) -> int:
    """Show a RUN (or a study) again, and write its report.md and report.html anew. Needs no database."""
    made = studies.report_of(run) or of_run(*store.read_run(run), studies.evidence_beside(run))
    terminal.show(made, output())
    files.write(made, run)
    return 0


@main.command()
@click.option("--master", "host", required=True, help="Machine on which `bakeoff run --listen` is running.")
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Its --port.")
def worker(host: str, port: int) -> None:
    """Generate load for a run on another machine (its candidates must be given with --at)."""
    program.start("worker", [host, str(port)])


@main.command("doctor")
@words_errors
def doctor_() -> int:
    """What this machine can measure, and what would improve it."""
    sweep()
    doctor.show(output())
    return 0


@main.command()
@words_errors
def schema() -> int:
    """Print the JSON Schema of run.json, a candidate's result file, study.json, judgement.json, and of a history."""
    click.echo(msgspec.json.format(msgspec.json.encode(store.schema()), indent=2).decode())
    return 0
