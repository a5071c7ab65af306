"""By how much a metric may get worse before it matters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from harness.complaints import explain
from harness.errors import UsageError

METRICS: Mapping[str, str] = {
    "throughput": "requests per second that clients get who wait for each answer",
    "response": "p99 of the response time at a fixed rate (p95 or p50 where too few requests know it)",
    "cpu": "the server's CPU per operation",
}
_FORM = re.compile(r"(?P<name>\w+)=(?:(?P<percent>\d+(?:\.\d+)?) ?%|(?P<off>off))")

Percent = Annotated[float, Meta(gt=0, lt=100)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """In percent. None: the metric is told and decides nothing."""

    throughput: Annotated[Percent | None, Meta(description="percent of throughput that may be lost", examples=[5])] = (
        5.0
    )
    response: Annotated[
        Percent | None, Meta(description="percent by which p99 at the fixed rate may grow", examples=[10])
    ] = 10.0
    cpu: Annotated[Percent | None, Meta(description="percent by which server CPU may grow", examples=[5])] = 5.0
    errors: Annotated[float, Meta(ge=0, le=100, description="percent of requests that may fail", examples=[1])] = 1.0

    def margin(self, metric: str) -> float | None:
        """As a share of 1."""
        percent = getattr(self, metric)
        return None if percent is None else percent / 100


def allowed(file: Path | None, words: Iterable[str]) -> Limits:
    """Those of a file, if there is one, changed by words. Raises UsageError."""
    return with_words(read(file) if file else Limits(), words)


def read(file: Path) -> Limits:
    """Raises UsageError."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{file} is not readable TOML: {problem}.") from problem
    try:
        return msgspec.convert(content, Limits)
    except msgspec.ValidationError as problem:
        raise UsageError(f"{file}: {explain(problem, content, Limits)}") from problem


def with_words(limits: Limits, words: Iterable[str]) -> Limits:
    """Changed by words like "throughput=3%" and "cpu=off". Raises UsageError."""
    for word in words:
        form = _FORM.fullmatch(word)
        names = [*METRICS, "errors"]
        if form is None or form["name"] not in names or (form["off"] and form["name"] == "errors"):
            raise UsageError(
                f'--limit {word}: write METRIC=PERCENT%, for example "throughput=5%", or METRIC=off. '
                f"Metrics are {', '.join(names)}."
            )
        value = None if form["off"] else float(form["percent"])
        if value is not None and not 0 < value < 100:
            raise UsageError(f"--limit {word}: a limit lies between 0 and 100 %.")
        limits = msgspec.structs.replace(limits, **{form["name"]: value})
    return limits
