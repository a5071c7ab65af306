"""A workload's parameters: its dataclass fields, read from text, with errors that name what may be said."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_type_hints

import msgspec

from harness.errors import UsageError
from harness.trial import Parameter
from harness.workload import Workload


def values(workload: Workload) -> dict[str, Parameter]:
    """Every parameter with its value."""
    return {field.name: getattr(workload, field.name) for field in _fields(workload)}


def configure(workload: Workload, settings: Mapping[str, Parameter]) -> Workload:
    """The workload with some parameters replaced; text is converted. Raises UsageError."""
    names = [field.name for field in _fields(workload)]
    for name in settings:
        if name not in names:
            near = "".join(f" Did you mean {match}?" for match in get_close_matches(name, names, n=1))
            raise UsageError(f'The workload has no parameter "{name}".{near} It has: {", ".join(names)}.')
    hints = get_type_hints(type(workload), include_extras=True)
    changed: dict[str, Any] = {}
    for name, value in settings.items():
        try:
            changed[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError as error:
            raise UsageError(f"--set {name}={value}: {error}. The default is {getattr(workload, name)}.") from error
    try:
        return dataclasses.replace(workload, **changed)  # type: ignore[type-var]
    except ValueError as error:
        raise UsageError(f"These parameters do not go together: {error}") from error


def _fields(workload: Workload) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(workload)  # type: ignore[arg-type]  # A Protocol cannot say that it is a dataclass.
