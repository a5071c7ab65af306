"""Finds engines and workloads by their place: a folder in adapters/ is an engine, a file in workloads/ a workload.

A workload may also be a TOML file of the user, named by its path.

Own ones may also live elsewhere: each folder named in BAKEOFF_PATH may hold an `adapters` and a `workloads` folder,
which are searched after those of this checkout. Nothing is imported before it is asked for, so one broken file
breaks only itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from inspect import isabstract
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import adapters
import workloads
from harness.engine import Engine, Language
from harness.errors import BakeoffError, EnvironmentProblem, Unsupported, UsageError
from harness.queries import workload as queries
from harness.queries.read import read
from harness.session import Session
from harness.workload import Workload

CAPABILITIES = {
    "keyvalue": "KeyValue",
    "timeseries": "TimeSeries",
    "vectors": "Vectors",
    "transactions": "Transactions",
    "statements": "Statements",
}
"""Each is declared by the class of that name in harness/<capability>.py."""

for folder in filter(None, os.environ.get("BAKEOFF_PATH", "").split(os.pathsep)):
    adapters.__path__.append(str(Path(folder, "adapters").resolve()))
    workloads.__path__.append(str(Path(folder, "workloads").resolve()))


def engine_names() -> list[str]:
    return sorted({m.name for m in iter_modules(adapters.__path__) if m.ispkg and not m.name.startswith("_")})


def workload_names() -> list[str]:
    """As the user writes them: workloads/read_heavy.py is "read-heavy"."""
    names = {m.name for m in iter_modules(workloads.__path__) if not m.name.startswith("_")}
    return sorted(name.replace("_", "-") for name in names)


def capabilities(engine_name: str) -> list[str]:
    """Those the engine has a file for. Whether the running server has them too, only opening a session can tell."""
    files = _files(engine_name)
    return [capability for capability in CAPABILITIES if capability in files]


def variants(engine_name: str, capability: str) -> list[str]:
    """Other designs of what it does: adapters/postgres/timeseries_brin.py is "brin" of timeseries."""
    prefix = f"{capability}_"
    names = [name.removeprefix(prefix) for name in _files(engine_name) if name.startswith(prefix)]
    return sorted(name.replace("_", "-") for name in names)


def engine(name: str) -> Engine:
    _known("engine", name, engine_names())
    found = _import(f"adapters.{name}")
    declared = getattr(found, "ENGINE", None)
    if not isinstance(declared, Engine):
        raise UsageError(f"{found.__file__} must define ENGINE, a harness.engine.Engine.")
    return declared


def languages() -> dict[str, Language]:
    """Of every engine that can run the user's own statements, the language that they are written in."""
    found = {}
    for name in engine_names():
        with suppress(BakeoffError):  # A broken one says so where it is asked for.
            if "statements" in capabilities(name) and (language := engine(name).language):
                found[name] = language
    return found


def workload(name: str) -> Workload:
    """The default instance; its fields are its parameters. What ends in .toml is the path of a file of own queries."""
    if name.endswith(".toml"):
        return queries.workload(read(Path(name), languages()))
    _known("workload", name, workload_names())
    found = _import(f"workloads.{name.replace('-', '_')}")
    declared: Workload | None = getattr(found, "WORKLOAD", None)
    if declared is None or getattr(declared, "capability", None) not in CAPABILITIES:
        raise UsageError(f"{found.__file__} must define WORKLOAD with a capability: {', '.join(CAPABILITIES)}.")
    return declared


def session(engine_name: str, capability: str, variant: str | None = None) -> type[Session]:
    """The class to open sessions with. Raises `Unsupported` where the engine has no file for the capability."""
    _known("capability", capability, list(CAPABILITIES))
    file = capability if variant is None else f"{capability}_{variant.replace('-', '_')}"
    if file not in _files(engine_name):
        name = engine_name if variant is None else f"{engine_name}+{variant}"
        raise Unsupported(f"{name} has no {capability} adapter", f"write adapters/{engine_name}/{file}.py")
    found = _import(f"adapters.{engine_name}.{file}")
    contract = getattr(import_module(f"harness.{capability}"), CAPABILITIES[capability])
    declared: type[Session] | None = getattr(found, "Session", None)
    if not isinstance(declared, type) or not issubclass(declared, contract):
        raise UsageError(
            f"{found.__file__} must define Session, a subclass of {contract.__module__}.{contract.__name__}."
        )
    if isabstract(declared):
        raise UsageError(f"{found.__file__}: Session lacks {', '.join(sorted(declared.__abstractmethods__))}.")
    return declared


def _files(engine_name: str) -> set[str]:
    _known("engine", engine_name, engine_names())
    spec = find_spec(f"adapters.{engine_name}")
    return {module.name for module in iter_modules(spec.submodule_search_locations if spec else [])}


def _known(kind: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        near = "".join(f" Did you mean {match}?" for match in get_close_matches(name, names, n=1))
        raise UsageError(f'No {kind} is named "{name}".{near} There are: {", ".join(names)}.')


def _import(module: str) -> ModuleType:
    place = module.replace(".", "/")
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "adapters", "harness", "workloads"):
            raise UsageError(f"{place} cannot be imported: {error}.") from error
        raise EnvironmentProblem(f"{place} needs the Python package {missing}, which is not installed.") from error
    except Exception as error:
        raise UsageError(f"{place} cannot be imported: {type(error).__name__}: {error}.") from error
