"""Gates that ask whether we measured the database or ourselves: schedule, client, floor, timers, Little's law."""

from __future__ import annotations

from harness.analysis.merge import decoded
from harness.analysis.verdict.finding import Finding, Trials, in_process, in_some, percent
from harness.histogram import quantile_ns
from harness.result import Result
from harness.trial import Trial

CLIENT_BUSY = 0.7  # Share of the client's cores from which Python's own waiting shows in every latency.
FAST_MS, CLIENT_BUSY_IF_FAST = 1.0, 0.5  # Under a millisecond it shows earlier.
SATURATED = 0.95  # Share of the server's cores from which the server is the limit, whatever the client does.
SENT = 0.99  # Share of the schedule: the missing ones would have been the slowest.
FLOOR = 0.2  # Of the median: with more of the harness in it, differences between servers are compressed.
TIMER_MS, TIMER_SHARE = (
    2.0,
    0.1,
)  # p99 of oversleeping; the second, of the response's p99. Requests then come in bursts.
MOST_IN_FLIGHT, LEAST_IN_FLIGHT = 1.05, 0.9  # For each client of a closed loop, where one should be.

MORE_CLIENT = "give the client more cores or machines (bakeoff worker)"
LESS_LOAD = "ask for a lower --rate"


def client_busy(trial: Trial) -> float:
    """Share of the time of the client's cores, by us or, where it is known, by anything else."""
    own = trial.client.cpu_cores / trial.client.processes
    return max(own, trial.host.client_cores_busy or 0.0)


def server_busy(trial: Trial, result: Result) -> float | None:
    """Share of the time of its cores that the server itself used; None where that cannot be seen."""
    if trial.server is None or not result.server_cpus:
        return None
    return trial.server.cpu_seconds / trial.seconds / len(result.server_cpus)


def client_bound(trial: Trial, result: Result) -> bool:
    """Was the client the limit: very busy, and busier than the server? An engine in process is the client."""
    client, server = client_busy(trial), server_busy(trial, result) or 0.0
    return client > CLIENT_BUSY and server < min(client, SATURATED) and not in_process(result)


def behind(trial: Trial) -> bool:
    """Was too much of an open loop's schedule never sent? In a trial with a fault that is the fault's doing."""
    return trial.struck is None and trial.offered is not None and trial.offered.sent < SENT * trial.offered.due


def schedule(trials: Trials, result: Result) -> Finding | None:
    offered = [(trial, trial.offered) for trial in trials if trial.offered and behind(trial)]
    if not offered:
        return None
    struck = [trial for trial, _ in offered]
    sent = sum(each.sent for _, each in offered) / sum(each.due for _, each in offered)
    share = f"{percent(sent)} of the requests due were sent{in_some(struck, trials)}"
    if any(client_bound(trial, result) for trial in struck):
        reason = f"the client could not keep the schedule: {share}, with its cores {percent(_busiest(struck))} busy"
        return Finding("schedule", "invalid", reason, f"{LESS_LOAD}, or {MORE_CLIENT}")
    reason = f"it did not keep up: {share}; response times only say how long the trial was"
    return Finding("schedule", "flagged", reason, LESS_LOAD)


def client(trials: Trials, result: Result) -> Finding | None:
    """In a closed loop the client's limit looks like the server's. An engine in process is the client."""
    if in_process(result):
        return None
    if struck := [trial for trial in trials if trial.offered is None and client_bound(trial, result)]:
        reason = (
            f"client-bound: the client's cores were {percent(_busiest(struck))} busy{in_some(struck, trials)}; "
            "throughput is the client's limit and a lower bound for the server"
        )
        return Finding("client", "flagged", reason, MORE_CLIENT)
    if struck := [
        trial for trial in trials if trial.offered and _is_fast(trial) and client_busy(trial) > CLIENT_BUSY_IF_FAST
    ]:
        reason = (
            f"the client's cores were {percent(_busiest(struck))} busy{in_some(struck, trials)}, "
            "which shows in response times under a millisecond"
        )
        return Finding("client", "flagged", reason, f"{LESS_LOAD}, or {MORE_CLIENT}")
    return None


def floor(trials: Trials, result: Result) -> Finding | None:
    medians = [ms for trial in trials if (ms := _p50_ms(trial)) is not None]
    if result.calibration is None or not medians:
        return None
    null_ms, median_ms = result.calibration.null_cpu_us / 1_000, min(medians)
    if null_ms <= FLOOR * median_ms:
        return None
    reason = (
        f"the harness alone takes {null_ms * 1_000:.1f} µs of a median of {median_ms * 1_000:.1f} µs, "
        "so differences between servers are compressed"
    )
    return Finding("harness floor", "flagged", reason, "compare this kind of request with a native client")


def timer(trials: Trials, result: Result) -> Finding | None:
    late = {id(trial): error for trial in trials if (error := _timer_error_ms(trial))}
    struck = [trial for trial in trials if id(trial) in late]
    if not struck:
        return None
    reason = f"the client's timers were late by {max(late.values()):.1f} ms (p99){in_some(struck, trials)}"
    return Finding("timer", "flagged", f"{reason}: requests came in bursts", "free the client's cores of other work")


def little(trials: Trials, result: Result) -> Finding | None:
    """Little's law: throughput times mean response is the number of requests in flight, in a closed loop one each.

    A request counts where it ended, so those in flight at either end of the measured part may be in or out with their
    whole length: both limits give way by the longest. Failed requests are in no response time.
    """
    loops = [trial for trial in trials if trial.offered is None and trial.total.response and trial.struck is None]
    over = [t for t in loops if _in_flight(t) > MOST_IN_FLIGHT + _longest_seconds(t) / t.seconds]
    if over:
        reason = f"measurement error: {max(map(_in_flight, over)):.2f} requests in flight for each client"
        return Finding("little's law", "invalid", reason + in_some(over, trials), "tell the makers of bakeoff")
    under = [
        t for t in loops if not t.total.errors and _in_flight(t) < LEAST_IN_FLIGHT - _longest_seconds(t) / t.seconds
    ]
    if under:
        outside = 1 - min(map(_in_flight, under))
        reason = f"sessions spent {percent(outside)} of their time outside requests, in the client"
        return Finding("little's law", "flagged", reason + in_some(under, trials), MORE_CLIENT)
    return None


def _in_flight(trial: Trial) -> float:
    assert trial.total.response is not None
    return trial.total.per_second * trial.total.response.mean_ms / 1_000 / trial.load.clients


def _longest_seconds(trial: Trial) -> float:
    """Of the measured requests and of those that were in flight at the end."""
    last = [piece.response for piece in trial.timeline if piece.second >= trial.seconds and piece.response]
    ends_ns = [quantile_ns(decoded(text), 1.0) or 0 for text in last]
    return max((trial.total.response.max_ms if trial.total.response else 0.0) / 1e3, *[ns / 1e9 for ns in ends_ns], 0.0)


def _timer_error_ms(trial: Trial) -> float | None:
    """p99, where it is too large."""
    error = trial.offered.timer_error.p99_ms if trial.offered and trial.offered.timer_error else None
    p99_ms = trial.total.response.p99_ms if trial.total.response else None
    return error if error is not None and error > max(TIMER_MS, TIMER_SHARE * (p99_ms or 0.0)) else None


def _p50_ms(trial: Trial) -> float | None:
    return trial.total.response.p50_ms if trial.total.response else None


def _is_fast(trial: Trial) -> bool:
    p50_ms = _p50_ms(trial)
    return p50_ms is not None and p50_ms < FAST_MS


def _busiest(trials: Trials) -> float:
    return max(map(client_busy, trials))
