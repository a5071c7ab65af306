"""JUnit XML, which nearly every CI server shows: a suite for each judgement, a test case for each gated metric.

A regression and a failed measurement fail; what cannot be said is skipped with its reason; the rest passes. There are
no times, since a metric takes none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from harness.judgement import Judged, Judgement
from harness.report.document import plain
from harness.report.judgement import answer, line, title

FAILURES = ("regression", "failed")
SKIPPED = ("inconclusive", "not comparable")


def of_judgements(judgements: Sequence[Judgement]) -> str:
    gated = [judged for judgement in judgements for judged in judgement.metrics if judged.gated]
    suites = Element("testsuites", {"name": "bakeoff", **_counts(gated)})
    del suites.attrib["skipped"]  # Of a suite only, by the schema that Jenkins has.
    for judgement in judgements:
        _suite(suites, judgement)
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _suite(suites: Element, judgement: Judgement) -> None:
    gated = [judged for judged in judgement.metrics if judged.gated]
    made = judgement.made.replace(tzinfo=None).isoformat(timespec="seconds")
    suite = SubElement(
        suites,
        "testsuite",
        {"name": plain(f"bakeoff {judgement.kind}: {title(judgement)}"), "timestamp": made, **_counts(gated)},
    )
    properties = SubElement(suite, "properties")
    for name, value in {"command": judgement.command, "bakeoff": judgement.bakeoff}.items():
        SubElement(properties, "property", {"name": name, "value": plain(value)})
    for judged in gated:
        _case(suite, judged)
    only_told = [
        f"{judged.workload}, {judged.metric}: {line(judged)}" for judged in judgement.metrics if not judged.gated
    ]
    lines = [answer(judgement), *judgement.notes, *only_told]
    SubElement(suite, "system-out").text = "\n".join(map(plain, lines))


def _case(suite: Element, judged: Judged) -> None:
    case = SubElement(suite, "testcase", {"classname": plain(judged.workload), "name": plain(judged.metric)})
    said = plain(line(judged))
    if judged.said in FAILURES:
        SubElement(case, "failure", {"type": judged.said, "message": said}).text = said
    elif judged.said in SKIPPED:
        SubElement(case, "skipped", {"message": said})
    else:
        SubElement(case, "system-out").text = said


def _counts(gated: Sequence[Judged]) -> dict[str, str]:
    failures, skipped = (sum(judged.said in group for judged in gated) for group in (FAILURES, SKIPPED))
    return {"tests": str(len(gated)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
