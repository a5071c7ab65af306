"""Where the time of a request goes, and what this client can measure at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.report.document import Block, Items, Section, Table
from harness.report.numbers import DASH, digits, percent
from harness.report.view import Candidate, View
from harness.result import Calibration

US_PER_MS = 1_000


def split(view: View) -> Section:
    """Of the median request of each kind: the client's own work, a bare round trip, and all the rest."""
    rows = [
        (kind, candidate.label, *cells)
        for kind in view.kinds
        for candidate in view.ok
        if (cells := _shares(candidate, kind))
    ]
    if not rows:
        return Section("Where the time goes", [])
    explained = (
        "Client: CPU time of harness, driver and decoding. Round trip: a ping without its client CPU time. Rest: the "
        "server's work, and waiting: in the server, on the network, and for a client that is busy."
    )
    head = ("p50 from the send, ms", "", "all", "client", "round trip", "rest", "of all")
    return Section("Where the time goes", [Table(head, rows), explained])


def calibration(view: View) -> Section:
    """Measured of each candidate before its first trial, in one process and one session."""
    known = [c for c in [*view.ok, *view.unranked] if c.result and c.result.calibration]
    if not known:
        return Section("Calibration", [])
    rows = [
        (name, *(text(c.result.calibration) for c in known if c.result and c.result.calibration))
        for name, text in _ROWS
    ]
    blocks: list[Block] = [Table(("", *(c.label for c in known)), rows)]
    kinds = dict.fromkeys(
        kind for c in known if c.result and c.result.calibration for kind in c.result.calibration.repeats
    )
    if kinds:
        again = [(kind, *(_repeat(c, kind) for c in known)) for kind in kinds]
        blocks.append(Table(("first → again, ms", *(c.label for c in known)), again))
        blocks.append("The same question at once again: an answer out of a result cache would be far faster.")
    machine = view.run.machine
    shares = {"busy with other work": machine.busy, "stolen by the hypervisor": machine.stolen}
    host = [(name, DASH if share is None else percent(share)) for name, share in shares.items()]
    return Section("Calibration", [*blocks, "Cores before the start:", Items(host)])


def _shares(candidate: Candidate, kind: str) -> tuple[str, ...] | None:
    measured = candidate.kinds.get(kind)
    found = candidate.result.calibration if candidate.result else None
    if measured is None or measured.service is None or measured.service.p50_ms is None:
        return None
    whole = measured.service.p50_ms
    client = None if measured.client_cpu_us is None else measured.client_cpu_us / US_PER_MS
    trip = (
        None
        if found is None or found.ping.p50_ms is None
        else max(0.0, found.ping.p50_ms - found.ping_cpu_us / US_PER_MS)
    )
    if client is None or trip is None:
        return (digits(whole), digits(client), digits(trip), DASH, DASH)
    rest = max(0.0, whole - client - trip)  # Below 0 where a mean of the client's is above the median.
    return (*map(digits, (whole, client, trip, rest)), f"{rest / whole:.0%}".replace("%", " %"))


def _repeat(candidate: Candidate, kind: str) -> str:
    found = candidate.result.calibration if candidate.result else None
    repeat = found.repeats.get(kind) if found else None
    return f"{digits(repeat.first_ms)} → {digits(repeat.again_ms)}" if repeat else DASH


_ROWS: Sequence[tuple[str, Callable[[Calibration], str]]] = (
    ("shortest round trip (ping) p50, ms", lambda found: digits(found.ping.p50_ms)),
    ("ping p99, ms", lambda found: digits(found.ping.p99_ms)),
    ("client CPU of a ping, µs", lambda found: digits(found.ping_cpu_us)),
    ("harness alone, µs/operation", lambda found: digits(found.null_cpu_us)),
    ("most that one process can send, /s", lambda found: digits(found.ceiling_per_second)),
    ("timer error p50, ms", lambda found: digits(found.timer_error.p50_ms)),
    ("timer error, worst of 100, ms", lambda found: digits(found.timer_error.max_ms)),
)
