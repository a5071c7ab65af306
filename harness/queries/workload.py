"""A file of own queries as a workload: rows and operations are drawn from it, whatever the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, make_dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import Meta

from harness import draw
from harness.draw import Words
from harness.engine import Language
from harness.queries import designs
from harness.queries.check_operations import answer_of, identifier
from harness.queries.form import MOST_ROWS, MOST_WEIGHT, QueryFile
from harness.queries.generators import Keys, column_drawer, keys_of
from harness.queries.operations import Kind, operations
from harness.queries.oracle import QueriesOracle
from harness.queries.reference import reads
from harness.queries.templates import Resolve, Types, resolver
from harness.statements import Batch, Design, Statements, Table
from harness.workload import Operation, Stream

LOAD_BATCH = 10_000
_ROWS = "own rows"


class Carried(msgspec.Struct, frozen=True):
    """What a load-generating process needs, which may be on a machine that has no such file."""

    file: QueryFile
    engine: str
    variant: str | None
    language: Language


@dataclass(frozen=True)
class Queries:
    """Fields, one for the rows of each table and the weight of each operation, come with a class for each file."""

    capability: ClassVar[str] = "statements"
    file: ClassVar[QueryFile]
    carried: ClassVar[Carried | None]  # Whom it is for; None on the command line, which asks nobody.

    @property
    def description(self) -> str:
        return self.file.description

    @property
    def question(self) -> list[Any]:
        """What the file says of data and operations, apart from how candidates keep and answer them."""
        asked = [(each.name, each.parameters, each.adds, each.changes) for each in self.file.operations]
        return [{name: table.columns for name, table in self.file.tables.items()}, asked]

    @property
    def sizes(self) -> dict[str, int]:
        return {table: getattr(self, f"{table}_rows") for table in self.file.tables}

    @property
    def keys(self) -> dict[str, Keys]:
        return {name: keys_of(name, form, self.sizes[name]) for name, form in self.file.tables.items()}

    @property
    def writes(self) -> Mapping[str, int]:
        return {each.name: len(each.adds) for each in self.file.operations if each.adds or each.changes}

    @property
    def rows(self) -> int:
        return sum(self.sizes.values())

    def scaled(self, factor: float) -> Self:
        sizes = {f"{table}_rows": max(1, round(rows * factor)) for table, rows in self.sizes.items()}
        return replace(self, **sizes)

    def create(self, session: Statements) -> None:
        session.create(self._design)

    def load(self) -> Iterator[Batch]:
        for name in self.file.tables:
            yield from self.batches(name)

    def batches(self, name: str) -> Iterator[Batch]:
        """The rows of one table."""
        table, columns, rows = self.table(name), self.columns(name), self.sizes[name]
        for start in range(0, rows, LOAD_BATCH):
            yield Batch(table, columns(draw.span(start, min(LOAD_BATCH, rows - start))))

    def table(self, name: str) -> Table:
        return designs.table(name, self.file.tables[name])

    def columns(self, name: str) -> Callable[[Words], tuple[list[Any], ...]]:
        """From numbers of rows of a table to their values, column by column."""
        forms, keys = self.file.tables[name].columns, self.keys
        drawers = [column_drawer(form, draw.source(_ROWS, name, each), keys) for each, form in forms.items()]
        return lambda numbers: tuple(drawer(numbers).tolist() for drawer in drawers)

    def prepare(self, session: Statements) -> None:
        session.prepare(self._design)

    def operations(self, stream: Stream) -> Iterator[Operation]:
        return operations(self.kinds, self.keys, stream)

    def exact(self) -> bool:
        return True

    def oracle(self) -> QueriesOracle:
        return QueriesOracle(self)

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        return {}

    @property
    def kinds(self) -> list[Kind]:
        forms = self.file.operations
        answers = [answer for form in forms if (answer := answer_of(form))]
        return [
            Kind(
                number=number,
                form=form,
                weight=getattr(self, f"{identifier(form.name)}_weight"),
                remembered=any(reads(answer, table) for answer in answers for table in form.adds),
                resolver=self._resolver(number),
            )
            for number, form in enumerate(forms)
        ]

    def _resolver(self, number: int) -> Callable[[Types], Resolve] | None:
        """None where nobody is asked."""
        if self.carried is None:
            return None
        who = self.carried
        statements = designs.statements(self.file.operations[number], who.engine, who.variant, who.language)
        return lambda types: resolver(who.language, statements, types)

    @property
    def _design(self) -> Design:
        assert self.carried is not None, "sessions are for candidates"
        return designs.design(self.file, self.carried.engine, self.carried.variant, self.carried.language)


def workload(file: QueryFile, carried: Carried | None = None) -> Queries:
    """Of a file: a class whose fields are its parameters, as of any workload, and its default instance."""
    rows, weight = Annotated[int, Meta(ge=1, le=MOST_ROWS)], Annotated[int, Meta(ge=1, le=MOST_WEIGHT)]
    fields: list[tuple[str, Any, Any]] = [
        *((f"{name}_rows", rows, table.rows) for name, table in file.tables.items()),
        *((f"{identifier(each.name)}_weight", weight, each.weight) for each in file.operations),
    ]
    namespace = {"file": file, "carried": carried}
    made: type[Queries] = make_dataclass("Queries", fields, bases=(Queries,), namespace=namespace, frozen=True)
    return made()
