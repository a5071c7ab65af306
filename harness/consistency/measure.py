"""Sessions in threads, which get in each other's way for some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from itertools import count
from random import Random
from threading import Barrier, Event
from typing import TypeVar

from harness.consistency.judge import judged
from harness.consistency.ledger import Ledger, Request, requests
from harness.consistency.record import Consistency, Economy
from harness.errors import Unsupported
from harness.transactions import Conflict, Role, Transactions

Open = Callable[[], Transactions]
Stream = Iterator[tuple[str, Request]]
Answer = TypeVar("Answer")

BACKOFF_SECONDS = 0.0005  # At most, before the first repetition after a conflict; twice as long before each next,
DOUBLINGS = 6  # up to this often.
PAUSE_SECONDS = 0.05  # Between two attempts to connect again.
LAST_ATTEMPTS = 100  # At a read that nobody disturbs any more.


def measure(open_session: Open, role: Role, economy: Economy) -> Consistency:
    """Make the economy, let sessions work on it for its seconds, then count what became of it.

    Raises Unsupported where engine or server lack the level, and whatever sessions raise if the end cannot be read.
    """
    open_at_level = partial(at_level, open_session, role)
    ledgers = [Ledger() for _ in range(economy.sessions)]
    with ExitStack() as opened:
        first = opened.enter_context(closing(open_at_level()))
        first.create(economy.accounts, economy.cents_each, economy.counters)
        first.settle()
        tellers = [opened.enter_context(closing(Teller(open_at_level, ledger))) for ledger in ledgers]
        streams = [requests(economy, number, ledgers) for number in range(economy.sessions)]
        seconds = work(tellers, streams, economy.seconds)
    with closing(open_at_level()) as last:
        last.settle()
        balances = undisturbed(last.balances)
        counters = [undisturbed(partial(last.read, counter)) for counter in range(economy.counters)]
        level = last.LEVELS[role]
    return judged(role, level, economy, seconds, ledgers, balances, counters)


def at_level(open_session: Open, role: Role) -> Transactions:
    session = open_session()
    try:
        if role not in session.LEVELS:
            raise Unsupported("no transactions over several records", f"ask for {' or '.join(session.LEVELS)}")
        session.set_level(role)
    except BaseException:
        session.close()
        raise
    return session


def undisturbed(ask: Callable[[], Answer]) -> Answer:
    """The answer, when nobody else asks for anything any more."""
    for _ in range(LAST_ATTEMPTS):
        with suppress(Conflict):
            return ask()
        time.sleep(PAUSE_SECONDS)
    return ask()


class Teller:
    """Sends the requests of one session, from a thread of its own."""

    def __init__(self, open_session: Open, ledger: Ledger) -> None:
        self.open_session = open_session
        self.ledger = ledger
        self.session = open_session()
        self.patience = Random()  # Not the one that draws requests: how often they conflict must not change them.

    def send(self, kind: str, request: Request, goes_on: Callable[[], bool]) -> None:
        """Until it is answered, ends in an error, or all is over."""
        tally = self.ledger.tallies[kind]
        for attempt in count():
            try:
                done = request(self.session, self.ledger)
            except Conflict:
                tally.conflicts += 1
            except Exception as problem:
                tally.failed += 1
                self.ledger.errors[type(problem).__name__] += 1
                self.connect_again(goes_on)
                break
            else:
                tally.committed += done
                tally.refused += not done
                break
            if not goes_on():
                break
            time.sleep(self.patience.uniform(0, BACKOFF_SECONDS * 2 ** min(attempt, DOUBLINGS)))

    def connect_again(self, goes_on: Callable[[], bool]) -> None:
        """What an application does that does not know which state a session is in after an error."""
        self.close()
        while goes_on():
            try:
                self.session = self.open_session()
            except Exception as problem:
                self.ledger.errors[type(problem).__name__] += 1
                time.sleep(PAUSE_SECONDS)
            else:
                break

    def close(self) -> None:
        with suppress(Exception):  # It may be lost already.
            self.session.close()


def work(tellers: Sequence[Teller], streams: Sequence[Stream], seconds: float) -> float:
    """How long they took to send requests for this time, all at once, and to finish the last one."""
    over, together = Event(), Barrier(len(tellers) + 1)

    def serve(teller: Teller, stream: Stream) -> None:
        together.wait()
        deadline = time.perf_counter() + seconds

        def goes_on() -> bool:
            return time.perf_counter() < deadline and not over.is_set()

        while goes_on():
            teller.send(*next(stream), goes_on)

    with ThreadPoolExecutor(len(tellers)) as pool:
        try:
            served = [pool.submit(serve, teller, stream) for teller, stream in zip(tellers, streams, strict=True)]
            together.wait()
            began = time.perf_counter()
            for each in served:
                each.result()
            return time.perf_counter() - began
        finally:
            over.set()  # Where this thread is interrupted, the others end all the same,
            together.abort()  # also those that wait for one that could not be started.
