"""Compare the answers that a trial kept with the oracle, when the clock has stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.load.sample import Answered, Sample
from harness.trial import Graded
from harness.workload import Oracle

RIGHT = 1.0 - 1e-9


def grade(oracle: Oracle, samples: Iterable[Sample], exact: bool) -> tuple[dict[str, Graded], list[str]]:
    """Grades by kind of operation, and one sentence for each kind with wrong answers.

    `exact`: anything below 1.0 is wrong. Otherwise grades are recall, and only 0.0 is.
    """
    samples = list(samples)
    for sample in samples:
        for write in sample.log:
            oracle.wrote(write.operation, write.sent_ns, write.acknowledged_ns)
    grades: dict[str, list[float]] = defaultdict(list)
    wrong: dict[str, Answered] = {}
    for sample in samples:
        for kind, answers in sample.answers.items():
            for answered in answers:
                value = oracle.grade(*answered)
                if value is None:
                    continue
                grades[kind].append(value)
                if is_wrong(value, exact):
                    wrong.setdefault(kind, answered)
    graded = {
        kind: Graded(
            answers=len(values),
            mean=sum(values) / len(values),
            lowest=min(values),
            wrong=sum(is_wrong(value, exact) for value in values),
        )
        for kind, values in grades.items()
    }
    return graded, [_sentence(kind, graded[kind], answered) for kind, answered in wrong.items()]


def is_wrong(value: float, exact: bool) -> bool:
    return value < RIGHT if exact else value == 0.0


def _sentence(kind: str, graded: Graded, example: Answered) -> str:
    return (
        f"{kind}: {graded.wrong} of {graded.answers} graded answers are wrong, "
        f"for example {_short(example.operation)} -> {_short(example.answer)}"
    )


def _short(value: object, length: int = 160) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= length else text[:length] + "…"
