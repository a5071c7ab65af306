"""What the checks of all capabilities share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Barrier
from types import ModuleType
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings

from harness.engine import Address
from harness.session import Session

AnySession = TypeVar("AnySession", bound=Session)
Check = Callable[[Callable[[], Any]], None]

few_examples = settings(
    max_examples=15,
    derandomize=True,  # Whether an adapter conforms must not depend on the day.
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    phases=(Phase.generate,),  # Shrinking a failure would ask a real server for minutes.
    suppress_health_check=list(HealthCheck),
)

NASTY_TEXTS = (
    "",
    " ",
    " leading and trailing ",
    'it\'s "quoted" `text`',
    "back\\slash \\n \\x41 \\",
    "100 % %s %(name)s {0} {name} $1 :name ?",
    "line\nfeed\r\nreturn\ttab",
    "comma, semicolon; pipe| dash-- hash# /* comment */",
    "(a) [b] {c} <d> a=b & c.d*e^f$",
    "$where",
    "@host:{a}",
    "null",
    "NULL",
    "\\N",
    "0",
    "1e3",
    "true",
    "e\u0301",  # Looks like the next one, but is another text.
    "\u00e9",
    "\u0638\u0644 \u05e9\u05dc\u05d5\u05dd",
    "\U0001f469\u200d\U0001f680 \U0001f1ea\U0001f1fa",
    "\u4f60\u597d",
    "\ufeffmark",
    "\x01\x1f\x7f\x85",
    "\u2028",
    "\uffff\U0010ffff",
)


def checks_of(module: ModuleType) -> list[Check]:
    return [value for name, value in vars(module).items() if name.startswith("check_")]


@contextmanager
def opener(session: type[AnySession], address: Address) -> Iterator[Callable[[], AnySession]]:
    """A function that opens sessions; all of them are closed in the end."""
    with ExitStack() as opened:

        def open_session() -> AnySession:
            new = session(address)
            opened.callback(new.close)
            return new

        yield open_session


def at_once(jobs: Sequence[Callable[[], None]]) -> None:
    """Run each job in a thread of its own, starting together. Raises what the first of them raised."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        start.wait()
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(run, job) for job in jobs]:
            future.result()


LONGEST = 10_000  # Characters of one told text, however large what it tells of is.

Request = tuple[Callable[[], object], str]
"""What to ask for, and what the statements for it must name."""


def assert_tells_of(session: Session, *requests: Request) -> None:
    """The session tells of each request while it is watched, in texts for people to read, and of none afterwards.

    The last request is repeated, unwatched: it should be one that only reads.
    """
    for request, named in requests:
        told: list[str] = []
        session.watch(told.append)
        request()
        session.watch(None)
        assert told, f"not a word of a request with {named!r}"
        assert named in "\n".join(told)
        for text in told:
            assert text
            assert len(text) <= LONGEST
            assert all(line.isprintable() for line in text.split("\n")), text
    in_all = len(told)
    request()
    assert len(told) == in_all


def assert_same_when_watched(
    session: AnySession, watched: AnySession, *questions: Callable[[AnySession], object]
) -> None:
    """Both sessions give equal answers, though one is being watched, by one after the other."""
    first: list[str] = []
    second: list[str] = []
    watched.watch(first.append)
    for question in questions:
        assert question(watched) == question(session)
    before = list(first)
    watched.watch(second.append)
    for question in questions:
        assert question(watched) == question(session)
    watched.watch(None)
    assert first == before
    assert second


def assert_describes_itself(session: Session) -> None:
    """After settle() on data."""
    facts = session.facts()
    assert facts.get("version"), facts
    for name, value in facts.items():
        assert isinstance(name, str)
        assert isinstance(value, str), f"{name} is {value!r}"
    assert len(session.design().splitlines()) == 1
    size = session.size_bytes()
    assert size is None or (type(size) is int and size > 0)
