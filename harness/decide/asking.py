"""requirements.toml from nothing: a commented example, or one made from answers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from harness.complaints import described, plain, toml
from harness.decide.requirements import CRITERIA, Growth, Limits, Prices, Requirements, Wanted, Weights

Ask = Callable[[str, str], str]  # Question, and the answer that Enter gives -> what was typed.
Say = Callable[[str], None]

EXAMPLE = Path(__file__).with_name("example.toml")
_OF_ENGINES = ("none", "some", "expert")


def interview(ask: Ask, say: Say, workloads: Sequence[str], engines: Sequence[str]) -> str:
    """The file's text. What cannot be understood is asked again; an empty answer leaves a key out."""
    answers: dict[str, Any] = _some(Requirements, ["question", "context"], ask, say)
    answers["workloads"] = _workloads(ask, say, workloads)
    answers["growth"] = _some(Growth, Growth.__struct_fields__, ask, say)
    say("Hard limits: who breaks one is out. Enter for no such limit.")
    answers["limits"] = _some(Limits, [name for name in Limits.__struct_fields__ if name != "engines"], ask, say)
    say(f"Criteria: {', '.join(CRITERIA)}.")
    answers["weights"] = _some(Weights, ["order"], ask, say)
    say("The team's experience:")
    answers["experience"] = {
        engine: level for engine in engines if (level := _one_of(engine, _OF_ENGINES, "none", ask, say)) != "none"
    }
    answers["prices"] = _some(Prices, Prices.__struct_fields__, ask, say)
    return written(answers)


def written(answers: Mapping[str, Any]) -> str:
    """As a TOML file; what is empty is left out."""
    lines = [f"{name} = {toml(value)}" for name, value in answers.items() if isinstance(value, str) and value]
    for name, table in answers.items():
        for each in table if isinstance(table, list) else [table] if isinstance(table, Mapping) and table else []:
            lines += ["", f"[[{name}]]" if isinstance(table, list) else f"[{name}]"]
            lines += [f"{key} = {toml(value)}" for key, value in each.items()]
    return "\n".join(lines) + "\n"


def _workloads(ask: Ask, say: Say, names: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    left = list(names)
    while not found or _one_of("Another workload?", ("yes", "no"), "no", ask, say) == "yes":
        name = _one_of("Which workload?", left, "", ask, say)
        keys = ["rate_per_second", "slo", "rows"] + (["importance"] if found else [])
        found.append({"name": name, **_some(Wanted, keys, ask, say)})
        left.remove(name)
    return found


def _some(kind: type, keys: Sequence[str], ask: Ask, say: Say) -> dict[str, Any]:
    """Answers for keys of one table."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    found = {}
    for key in keys:
        about, examples = described([key], kind)
        hint = f" (for example {toml(examples[0])})" if examples else ""
        while True:
            text = ask(f"{key}: {about}{hint}", "").strip()
            if not text and not fields[key].required:
                break
            value, problem = _understood(text, fields[key].type)
            if problem is None:
                found[key] = value
                break
            say(f"  {problem}")
    return found


def _understood(text: str, kind: Any) -> tuple[Any, str | None]:
    """As TOML, or else as text, or else as a list of words with commas between; or what is wrong."""
    tried: list[Any] = [text, [word.strip() for word in text.split(",")]]
    words = {"yes": "true", "y": "true", "no": "false", "n": "false"}
    with suppress(tomllib.TOMLDecodeError):
        tried.insert(0, tomllib.loads(f"value = {words.get(text.casefold(), text)}")["value"])
    problem = ""
    for value in tried:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            problem = problem or plain(str(error))
        else:
            return value, None
    return None, problem


def _one_of(question: str, choices: Sequence[str], default: str, ask: Ask, say: Say) -> str:
    while True:
        text = ask(f"{question} ({', '.join(choices)})", default).strip()
        if text in choices:
            return text
        say(f'  "{text}" is none of them.')
