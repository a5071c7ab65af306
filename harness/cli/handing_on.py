"""`bakeoff export` and `bakeoff history`: what other tools and later days get."""

from __future__ import annotations

from pathlib import Path

import click

from harness import formats, store
from harness.cli.consoles import output
from harness.cli.group import main, words_errors
from harness.history import commands as history


def _say(text: str) -> None:
    click.echo(text, err=True)


@main.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "name", type=click.Choice(list(formats.FORMATS)), required=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: stdout]")
@words_errors
def export(folders: tuple[Path, ...], name: str, out: Path | None) -> int:
    """Say what is in FOLDERS, of runs or of gates, in a format that another tool reads.

    What must not be used is left out, and said on stderr.
    """
    text = formats.export(folders, name, _say)
    if out:
        store.write_text(text, out)
    else:
        click.echo(text, nl=False)
    return 0


@main.group("history")
def history_() -> None:
    """Keep what runs of a main branch measured, and find where it changed."""


_FILE = click.option("--file", type=click.Path(path_type=Path), default=history.FILE, show_default=True)


@history_.command("add")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@_FILE
@click.option("--commit", help="The one that was measured.  [default: the last before the run, as git tells]")
@words_errors
def history_add(runs: tuple[Path, ...], file: Path, commit: str | None) -> int:
    """Append the numbers of finished RUNS."""
    return history.add(runs, file, commit, _say)


@history_.command("show")
@_FILE
@click.option("--html", "page", type=click.Path(path_type=Path), help="Also write this page, with figures.")
@words_errors
def history_show(file: Path, page: Path | None) -> int:
    """Show the trend of every number, and where it changed."""
    return history.show(file, page, output())


@history_.command("check")
@_FILE
@words_errors
def history_check(file: Path) -> int:
    """Say where numbers changed for good, for better or worse. Advice only: exit code 0 whatever is found."""
    return history.check(file, output())
