"""`bakeoff decide` and `bakeoff catalog`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from harness import choice
from harness.cli.consoles import notes, output
from harness.cli.group import DECISIONS, main, words_errors
from harness.profile import PROFILES
from harness.sources import SOURCES


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
@words_errors
def decide_(**words: Any) -> int:
    """Choose an engine by the requirements in FILE (a TOML file) and the results of RUNs and studies.

    Without RUNs: who is out by documented facts, and what to measure of the others.
    """
    wanted = choice.Wanted(**words, command=["bakeoff", *sys.argv[1:]])
    return choice.decide(wanted, notes(), output(), DECISIONS)


@main.command("catalog")
@click.argument("engine", required=False)
@words_errors
def catalog_(engine: str | None) -> int:
    """What the makers of ENGINE (default: a table of all) document, with sources."""
    choice.show_catalog(engine, output())
    return 0
