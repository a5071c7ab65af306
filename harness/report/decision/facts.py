"""The catalogue as people read it: every fact with its source."""

from __future__ import annotations

from collections.abc import Mapping

from harness.decide.catalog import Entry, Fact, said, titled
from harness.report.document import Items, Report, Section, Table
from harness.report.numbers import DASH

COLUMNS = ("category", "licence", "failover", "sharding", "operational_complexity")


def of_engine(entry: Entry) -> Report:
    facts = [(titled(name), _told(fact)) for name, fact in entry.known()]
    return _report(
        f"{entry.title} {entry.version}", [Section(f"{entry.title} {entry.version} ({entry.home})", [Items(facts)])]
    )


def of_catalog(engines: Mapping[str, Entry]) -> Report:
    rows = [(name, entry.title, *(_value(entry, column) for column in COLUMNS)) for name, entry in engines.items()]
    head = ("name", "engine", *map(titled, COLUMNS))
    note = "All that is documented of one, with sources: bakeoff catalog NAME"
    return _report("The catalogue", [Section("The catalogue", [Table(head, rows, numbers=False), note])])


def _told(fact: Fact[object]) -> str:
    judged = "judged" if fact.judged else "documented"
    return f"{said(fact.value)} – {fact.text} ({judged}, {fact.checked:%Y-%m-%d}: {fact.source})"


def _value(entry: Entry, name: str) -> str:
    fact = dict(entry.known()).get(name)
    return said(fact.value) if fact else DASH


def _report(title: str, sections: list[Section]) -> Report:
    return Report(about=title, made_by="", sections=sections, closing=())
