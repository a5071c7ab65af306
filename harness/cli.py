"""The command `bakeoff`: reads what the user wants, has it done, and words what went wrong."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
import msgspec
from rich.console import Console

from harness import bench, choice, doctor, fault, listing, sources, store, studies
from harness.consistency import Economy
from harness.engine import DURABILITIES
from harness.errors import BakeoffError
from harness.load import program
from harness.profile import PROFILES
from harness.report import files, terminal
from harness.report.comparison import of_run
from harness.sources import SOURCES
from harness.specify import Wanted

RUNS = Path("results/runs")
DECISIONS = Path("results/decisions")
P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


def _words_errors(command: Callable[P, int]) -> Callable[P, None]:
    """End the process with the exit code of what the command raises or returns, its message on stderr."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except BakeoffError as error:
            click.echo(f"bakeoff: {error}", err=True)
            code = error.exit_code
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="bakeoff")
def main() -> None:
    """Compare databases on the same work, with checked answers and honest numbers.

    Exit codes: 0 fine, 2 bad input, 4 a number that must not be used, 5 something is missing on this machine.
    """
    signal.signal(signal.SIGTERM, _end)  # So that every server is stopped in order.


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _sweep() -> None:
    """What a killed run has left goes with the next command."""
    sources.sweep(lambda text: click.echo(text, err=True))


@main.command("list")
@_words_errors
def list_() -> int:
    """Engines and what they can do, workloads and their parameters, sources that work here."""
    _sweep()
    listing.show(Console())
    return 0


def _options(*options: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_CANDIDATES = click.argument("candidates", nargs=-1, metavar="[CANDIDATE]...")
_SERVERS = _options(
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
@_words_errors
def run(**options: Any) -> int:
    """Run WORKLOAD on every CANDIDATE (default: each engine that can) and compare them.

    A candidate is ENGINE[@VERSION][+VARIANT][:DURABILITY]: postgres, postgres@17+brin, redis:durable.
    """
    wanted = Wanted(**options, command=["bakeoff", *sys.argv[1:]])
    return bench.carry_out(wanted, Console(stderr=True), Console(), RUNS)


@main.command("durability")
@_CANDIDATES
@click.option("--kills", type=click.IntRange(1, 10_000), default=5, show_default=True, help="Of each candidate.")
@click.option("--clients", type=click.IntRange(1, 1000), default=4, show_default=True, help="Sessions that write.")
@_SERVERS
@_words_errors
def durability_(kills: int, **options: Any) -> int:
    """Kill each CANDIDATE while clients write, start it again, and count what it has lost.

    Default: every engine in its classes durable and relaxed. A kill is SIGKILL of the server; loss of power is not
    simulated. With 20 kills and no loss, a kill loses something in at most 17 % (95 % interval).
    """
    wanted = studies.Wanted(**options, command=["bakeoff", *sys.argv[1:]])
    return studies.study_durability(wanted, kills, Console(stderr=True), Console(), RUNS)


@main.command("consistency")
@_CANDIDATES
@click.option("--clients", type=click.IntRange(2, 1000), default=8, show_default=True, help="Sessions at once.")
@click.option("--seconds", type=click.FloatRange(min=0.5), default=5.0, show_default=True, help="At each level.")
@click.option("--accounts", type=click.IntRange(2), default=4, show_default=True, help="That money moves between.")
@click.option("--counters", type=click.IntRange(1), default=2, show_default=True, help="That are counted up.")
@_SERVERS
@_words_errors
def consistency_(seconds: float, accounts: int, counters: int, **options: Any) -> int:
    """Have sessions change the same records at once, and count lost updates, lost money and wrong reads.

    At each level of isolation that a CANDIDATE (default: every engine) has: none, its default, its strongest.
    """
    wanted = studies.Wanted(**options, command=["bakeoff", *sys.argv[1:]])
    economy = Economy(
        sessions=wanted.clients,
        seconds=seconds,
        accounts=accounts,
        cents_each=10_000,
        counters=counters,
        seed=wanted.seed,
    )
    return studies.study_consistency(wanted, economy, Console(stderr=True), Console(), RUNS)


@main.command("decide")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN]...")
@click.option("--init", is_flag=True, help="Write an example with comments to FILE.")
@click.option("--interview", is_flag=True, help="Write FILE from your answers to questions.")
@click.option("--run", is_flag=True, help="Do what would settle the question, then decide.")
@click.option("--check", is_flag=True, help="FILE is a decision record: does it still hold? Exit code 1 if not.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="quick", show_default=True, help="Of runs.")
@click.option("--source", type=click.Choice([s for s in SOURCES if s != "at"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of the draws.")
@click.option("--out", type=click.Path(path_type=Path), help=f"Folder for the decision.  [default: {DECISIONS}/…]")
@_words_errors
def decide_(**options: Any) -> int:
    """Choose an engine by the requirements in FILE (a TOML file) and the results of RUNs and studies.

    Without RUNs: who is out by documented facts, and what to measure of the others.
    """
    wanted = choice.Wanted(**options, command=["bakeoff", *sys.argv[1:]])
    return choice.decide(wanted, Console(stderr=True), Console(), DECISIONS)


@main.command("catalog")
@click.argument("engine", required=False)
@_words_errors
def catalog_(engine: str | None) -> int:
    """What the makers of ENGINE (default: a table of all) document, with sources."""
    choice.show_catalog(engine, Console())
    return 0


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@_words_errors
def report(run: Path) -> int:
    """Show a RUN (or a study) again, and write its report.md and report.html anew. Needs no database."""
    made = studies.report_of(run) or of_run(*store.read_run(run), studies.evidence_beside(run))
    terminal.show(made, Console())
    files.write(made, run)
    return 0


@main.command()
@click.option("--master", "host", required=True, help="Machine on which `bakeoff run --listen` is running.")
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Its --port.")
def worker(host: str, port: int) -> None:
    """Generate load for a run on another machine (its candidates must be given with --at)."""
    program.start("worker", [host, str(port)])


@main.command("doctor")
@_words_errors
def doctor_() -> int:
    """What this machine can measure, and what would improve it."""
    _sweep()
    doctor.show(Console())
    return 0


@main.command()
@_words_errors
def schema() -> int:
    """Print the JSON Schema of run.json, of a candidate's result file, and of study.json."""
    click.echo(msgspec.json.format(msgspec.json.encode(store.schema()), indent=2).decode())
    return 0


if __name__ == "__main__":
    main()
