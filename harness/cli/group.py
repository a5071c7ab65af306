"""The group of all commands, and what they have in common: how errors end, and where results go."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from harness import sources
from harness.cli.consoles import to_nowhere
from harness.errors import BakeoffError

RUNS = Path("results/runs")
DECISIONS = Path("results/decisions")
CALIBRATIONS = Path("results/calibrations")
UNREAD = 128 + signal.SIGPIPE  # As a shell says of what ends because nobody reads it.
P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


def words_errors(command: Callable[P, int]) -> Callable[P, None]:
    """End the process with the exit code of what the command raises or returns, its message on stderr."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except BakeoffError as error:
            code = error.exit_code
            with suppress(BrokenPipeError):
                click.echo(f"bakeoff: {error}", err=True)
        except KeyboardInterrupt:
            code = 130
        except BrokenPipeError:
            code = UNREAD
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            to_nowhere(sys.stdout)
        sys.exit(code)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="bakeoff")
def main() -> None:
    """Compare databases on the same work, with checked answers and honest numbers.

    Exit codes: 0 fine, 1 a gate failed or a decision holds no more, 2 bad input, 3 inconclusive (gate --strict), 4 a
    number that must not be used, 5 something is missing on this machine.
    """
    signal.signal(signal.SIGTERM, end)  # So that every server is stopped in order.


def end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def sweep() -> None:
    """What a killed run has left goes with the next command."""
    sources.sweep(lambda text: click.echo(text, err=True))


def options(*options: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
