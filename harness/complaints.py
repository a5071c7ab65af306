"""What is wrong in a TOML file of the user, in words that name the key, what it may be and an example."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import inspect

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_KINDS = re.compile(r"`([^`]+)`")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+|\.\.\.)\]|\[?(key)\]?")


def explain(problem: msgspec.ValidationError, content: Mapping[str, Any], kind: type) -> str:
    """One line for the first thing that is wrong."""
    form = _WHERE.match(str(problem))
    assert form is not None
    path = _steps(form["path"] or "")
    if unknown := re.search(r"unknown field `([^`]+)`", form["what"]):
        return _unknown([*path, unknown[1]], kind)
    if missing := re.search(r"missing required field `([^`]+)`", form["what"]):
        path = [*path, missing[1]]
        return f"{dotted(path)} is missing: {_about(path, kind)}"
    value = _value(content, path)
    said = "" if value is None else f" = {toml(value)}"
    return f"{dotted(path)}{said}: {plain(form['what'])}. Wanted: {_about(path, kind)}"


def dotted(path: Sequence[str | int]) -> str:
    """workloads[1].slo, counted as people do."""
    text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _unknown(path: Sequence[str | int], kind: type) -> str:
    *parents, name = path
    names = list(_fields(parents, kind))
    near = "".join(f" Did you mean {match}?" for match in get_close_matches(str(name), names, n=1))
    place = f"{dotted(parents)} has" if parents else "there are"
    return f"there is no key {dotted(path)}.{near} {place[0].upper()}{place[1:]}: {', '.join(names)}."


def described(path: Sequence[str | int], kind: type) -> tuple[str, Sequence[Any]]:
    """Description and examples of a key; of the nearest one above that has them, inside of lists and tables."""
    for length in range(len(path), 0, -1):
        *parents, name = path[:length]
        found = _fields(parents, kind).get(str(name))
        if isinstance(found, inspect.Metadata):
            extra = found.extra_json_schema or {}
            if "description" in extra:
                return str(extra["description"]), extra.get("examples") or []
    return "not explained", []


def _about(path: Sequence[str | int], kind: type) -> str:
    about, examples = described(path, kind)
    name = next(str(step) for step in reversed(path) if isinstance(step, str) and step != "...")
    example = f", for example {name} = {toml(examples[0])}" if examples else ""
    return f"{about}{example}."


def _fields(path: Sequence[str | int], kind: type) -> dict[str, Any]:
    """Of the table at a path: key -> its type as msgspec sees it."""
    found: Any = inspect.type_info(kind)
    for step in path:
        found = _inside(found)
        if isinstance(found, inspect.ListType):
            found = found.item_type
        elif isinstance(found, inspect.StructType):
            found = next((each.type for each in found.fields if each.name == step), inspect.AnyType())
        else:
            return {}
    found = _inside(found)
    return {each.name: each.type for each in found.fields} if isinstance(found, inspect.StructType) else {}


def _inside(found: Any) -> Any:
    """Of what may be left out, what it is if it is not."""
    while isinstance(found, inspect.Metadata | inspect.UnionType):
        found = found.type if isinstance(found, inspect.Metadata) else found.types[0]
    return found


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for name, index, _ in _STEP.findall(path):
        if name:
            steps.append(name)
        elif index.isdigit():
            steps.append(int(index))
    return steps


def _value(content: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def plain(text: str) -> str:
    """msgspec's words for Python's types in those of TOML."""
    words = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}
    words |= {"array": "a list", "object": "a table"}
    named = _KINDS.sub(lambda kinds: " or ".join(words.get(k, k) for k in kinds[1].split(" | ") if k != "null"), text)
    named = named.replace("Invalid enum value", "there is no")
    return f"{named[0].lower()}{named[1:]}"


def toml(value: Any) -> str:
    """As it is written in a file."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {toml(part)}" for name, part in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
