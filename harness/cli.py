"""The command `bakeoff`: reads what the user wants, has it done, and words what went wrong."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, ParamSpec

import click
import msgspec
from rich.console import Console

from harness import bench, doctor, listing, store
from harness.engine import DURABILITIES
from harness.errors import BakeoffError
from harness.load import program
from harness.profile import PROFILES
from harness.report import files, terminal
from harness.sources import SOURCES

RUNS = Path("results/runs")
P = ParamSpec("P")


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


@main.command("list")
@_words_errors
def list_() -> int:
    """Engines and what they can do, workloads and their parameters, sources that work here."""
    listing.show(Console())
    return 0


@main.command()
@click.argument("workload")
@click.argument("candidates", nargs=-1, metavar="[CANDIDATE]...")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="quick", show_default=True, help="How long.")
@click.option("--clients", type=click.IntRange(1, 1000), help="Sessions that send at the same time.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Open loop: requests per second.")
@click.option("--slo", metavar="pN=TIME", help='Also find the highest rate that keeps it: "p99=10ms".')
@click.option("--arrivals", type=click.Choice(["constant", "poisson"]), default="poisson", show_default=True)
@click.option("--source", type=click.Choice([s for s in SOURCES if s != "at"]), default="auto", show_default=True)
@click.option("--at", "at", multiple=True, metavar="ENGINE=URL", help="Use a server that is already there.")
@click.option("--durability", type=click.Choice(DURABILITIES), help="For candidates that do not name theirs.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the workload.")
@click.option(
    "--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Times the data."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--trials", type=click.IntRange(1, 1000), help="Timed intervals for each candidate.")
@click.option("--seconds", type=click.FloatRange(min=0.5), help="Measured part of a trial.")
@click.option("--warmup", type=click.FloatRange(min=0), help="Seconds before the first trial, not counted.")
@click.option("--memory", type=click.IntRange(min=64), default=1024, show_default=True, help="MiB for each server.")
@click.option("--out", type=click.Path(path_type=Path), help=f"Folder for the run.  [default: {RUNS}/…]")
@click.option("--listen", default="127.0.0.1", show_default=True, help="Where other load generators connect.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port.")
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True, help="How many of them to wait for.")
@_words_errors
def run(**options: Any) -> int:
    """Run WORKLOAD on every CANDIDATE (default: each engine that can) and compare them.

    A candidate is ENGINE or ENGINE:DURABILITY, for example postgres or redis:durable.
    """
    wanted = bench.Wanted(**options, command=["bakeoff", *sys.argv[1:]])
    return bench.carry_out(wanted, Console(stderr=True), Console(), RUNS)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@_words_errors
def report(run: Path) -> int:
    """Show a RUN again, and write its report.md and report.html anew. Needs no database."""
    found, results = store.read_run(run)
    terminal.show(found, results, Console())
    files.write(found, results, run)
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
    doctor.show(Console())
    return 0


@main.command()
@_words_errors
def schema() -> int:
    """Print the JSON Schema of run.json and of a candidate's result file."""
    click.echo(msgspec.json.format(msgspec.json.encode(store.schema()), indent=2).decode())
    return 0


if __name__ == "__main__":
    main()
