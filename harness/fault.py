"""Faults on purpose: a server is killed, restarted or paused in the middle of a trial."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast, get_args

from harness.errors import UsageError
from harness.sources import Control
from harness.trial import Fault, FaultKind

EXAMPLES = "kill@10s, restart@10s or pause@10s+2s"
PAUSE_SECONDS = 2.0  # Where nothing is said.
LONGEST_PAUSE_SECONDS = 20.0  # A trial gives its server up 30 s after its end.
PATIENCE_SECONDS = 120.0  # For a server that recovers.
_FORM = re.compile(r"(?P<kind>\w+)@(?P<at>\d+(\.\d+)?)s(\+(?P<long>\d+(\.\d+)?)s)?")


def parse(text: str, trial_seconds: float) -> Fault:
    """ "pause@10s+2s". Raises UsageError for what is none, or does not fit into a trial."""
    form = _FORM.fullmatch(text)
    kinds = get_args(FaultKind)
    if form is None or form["kind"] not in kinds or (form["long"] and form["kind"] != "pause"):
        raise UsageError(f"--fault {text}: write {EXAMPLES}, counted from the beginning of each trial.")
    kind = cast(FaultKind, form["kind"])
    at, lasts = float(form["at"]), float(form["long"] or PAUSE_SECONDS) if kind == "pause" else 0.0
    if lasts > LONGEST_PAUSE_SECONDS:
        raise UsageError(f"--fault {text}: a pause lasts {LONGEST_PAUSE_SECONDS:g} s at most.")
    if not 1 <= at <= trial_seconds - lasts - 1:
        raise UsageError(
            f"--fault {text}: a second before and after it must be seen, and trials last {trial_seconds:g} s. "
            f"Lengthen them: --seconds {max(30, round(2 * (at + lasts) + 1)):g}"
        )
    return Fault(kind=kind, at_seconds=at, for_seconds=lasts)


def strike(fault: Fault, control: Control) -> Callable[[], float | None]:
    """Do it, now; from the main thread. Returns what waits for the server to answer again.

    That gives the seconds from the fault to its first answer to us, or None where there was none in PATIENCE_SECONDS.
    """
    struck = time.perf_counter()
    if fault.kind == "pause":
        control.pause()
        try:
            time.sleep(fault.for_seconds)
        finally:
            control.resume()
    else:
        control.kill() if fault.kind == "kill" else control.stop()
        control.start()
    pool = ThreadPoolExecutor(1)  # The trial goes on meanwhile, and its end must be seen at the right moment.
    answered: Future[float] = pool.submit(lambda: (control.answered(PATIENCE_SECONDS), time.perf_counter())[1])
    pool.shutdown(wait=False)

    def wait() -> float | None:
        return None if answered.exception() else answered.result() - struck

    return wait
