"""Gates that ask what the engine did, and under which terms: answers, errors, steadiness, durability, path, limits."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from harness import histogram
from harness.analysis.merge import decoded
from harness.analysis.steady import Series, steadiness, trend
from harness.analysis.verdict.client import behind, server_busy
from harness.analysis.verdict.finding import Finding, Severity, Trials, in_process, in_some, percent
from harness.result import Repeat, Result
from harness.trial import Struck, Trial

ERRORS_FLAGGED, ERRORS_INVALID = 0.001, 0.01  # Shares of requests: with 1 % failed, p99 is of the rest only.
OTHERS = 0.15  # Share of the cores: our own accounts agree with the kernel's within 0.06 on a quiet machine.
STOLEN = 0.02  # Share of the cores' time: as much as trials differ on a quiet machine.
MEBIBYTE = 2**20
FIRST_PINGS, AGAIN_PINGS, FASTER = 4, 2, 3  # Work the first time, and hardly more than a round trip the second.


def answers(trials: Trials, result: Result) -> Finding | None:
    problems = [each.reason for each in result.problems] if result.status == "invalid" else []
    problems = problems or [problem for trial in trials for problem in trial.problems]
    if not problems:
        return None
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Finding("answers", "invalid", problems[0] + more, "mend the adapter or the server; the timings are void")


def survival(trials: Trials, result: Result) -> Finding | None:
    if result.status not in ("failed", "unsupported"):
        return None
    return Finding("survival", "invalid", result.problems[-1].reason, result.problems[-1].remedy)


def loading(trials: Trials, result: Result) -> Finding | None:
    if not trials or result.loading is not None:
        return None
    return Finding("loading", "invalid", "it was measured on data that nobody compared", "run it again")


def errors(trials: Trials, result: Result) -> Finding | None:
    """A fault is meant to break requests: of a struck trial only those before it and after it count."""
    counts = [apart_from_fault(trial) for trial in trials]
    failed, struck = sum(f for _, f in counts), [t for t, (_, f) in zip(trials, counts, strict=True) if f]
    share = failed / (failed + sum(answered for answered, _ in counts)) if failed else 0.0
    if share <= ERRORS_FLAGGED:
        return None
    [(most, _)] = sum((Counter(trial.total.errors) for trial in struck), Counter()).most_common(1)
    reason = f"{percent(share, 2)} of the requests failed{in_some(struck, trials)}, most with {most}"
    status: Severity = "invalid" if share > ERRORS_INVALID else "flagged"
    return Finding("errors", status, f"{reason}; they are in no latency", "see the server's log, or press less")


def steady(trials: Trials, result: Result) -> Finding | None:
    """One-second slices, a block for each trial. Where a schedule was not kept, that response times grow is known."""
    if not trials or any(map(behind, trials)) or any(trial.struck or trial.cold for trial in trials):
        return None
    opened = trials[0].offered is not None
    found = trend([_response_by_second(trial) if opened else throughput_by_second(trial) for trial in trials])
    if found is None or not found.large:
        return None
    what = "response times" if opened else "throughput"
    verb = "rose" if found.slope_share > 0 else "fell"
    low, high = sorted((abs(found.low), abs(found.high)))  # Of one sign, or the change would not be large.
    size = f"{percent(abs(found.slope_share))} of the mean ({percent(low)} to {percent(high)})"
    reason = f"not steady: {what} {verb} by {size} within the trials"
    remedy = "warm up longer (--warmup), and look for what changes in the server"
    return Finding("steadiness", "flagged", reason, remedy)


def warm_up(trials: Trials, result: Result) -> Finding | None:
    """It was extended once already where it was not steady."""
    probes = [probe for probe in result.probes if probe.load.stage == "warm-up"]
    if not probes or steadiness(throughput_by_second(probes[-1])).steady:
        return None
    seconds = sum(probe.seconds for probe in probes)
    return Finding("warm-up", "flagged", f"the warm-up was not steady after {seconds:g} s", "warm up longer (--warmup)")


def durability(trials: Trials, result: Result) -> Finding | None:
    """A class above the one asked for is unequal too: it pays for more."""
    asked, observed = result.durability_asked, result.durability_observed
    if result.loading is None or observed == asked:
        return None
    kept = (
        f"the server's own settings say {observed}" if observed else "the server's settings do not tell what it keeps"
    )
    return Finding("durability", "flagged", f"{asked} was asked for, {kept}", "compare it within what it really keeps")


def network(trials: Trials, result: Result) -> Finding | None:
    """An engine in process says so in a warning of its own."""
    if result.network != "mapped port":
        return None
    reason = "reached through a mapped port: each request goes through a proxy that takes up to half of the time"
    return Finding("network", "flagged", reason, "let Docker use the host's network, or give the server with --at")


def shared_cores(trials: Trials, result: Result) -> Finding | None:
    shared = sorted({*result.server_cpus} & {*result.client_cpus})
    if not shared or in_process(result):
        return None
    reason = f"server and client share cores ({', '.join(map(str, shared))}) and slow each other down"
    return Finding("shared cores", "flagged", reason, "use a machine with more cores, or a server elsewhere (--at)")


def memory(trials: Trials, result: Result) -> Finding | None:
    """Only where it has a control group of its own: in ours it could be anybody who was killed."""
    if result.limits is None or result.limits.memory_bytes is None:
        return None
    killed = {trial.number: trial.server.killed_for_memory or 0 for trial in trials if trial.server}
    struck = [trial for trial in trials if killed.get(trial.number, 0) > 0]
    if not struck:
        return None
    limit = f"{result.limits.memory_bytes // MEBIBYTE:,} MiB"
    count = sum(killed.values())
    reason = f"{count} of its processes were killed for memory at the limit of {limit}{in_some(struck, trials)}"
    return Finding("memory", "invalid", reason, "give the servers more (--memory), or less data (--scale)")


def throttled(trials: Trials, result: Result) -> Finding | None:
    seconds = {trial.number: trial.server.throttled_seconds or 0.0 for trial in trials if trial.server}
    struck = [trial for trial in trials if seconds.get(trial.number, 0.0) > 0]
    if not struck:
        return None
    reason = (
        f"a CPU limit kept the server from running for up to {max(seconds.values()):.2g} s{in_some(struck, trials)}"
    )
    return Finding("throttling", "flagged", reason, "bind it to cores instead of limiting its CPU time")


def stolen(trials: Trials, result: Result) -> Finding | None:
    struck = [trial for trial in trials if (trial.host.stolen or 0.0) > STOLEN]
    if not struck:
        return None
    most = max(trial.host.stolen or 0.0 for trial in struck)
    reason = f"the hypervisor gave up to {percent(most)} of the cores' time to other machines{in_some(struck, trials)}"
    return Finding("stolen time", "flagged", reason, "use a machine of your own, or more trials")


def interference(trials: Trials, result: Result) -> Finding | None:
    """The kernel tells how busy cores were, and how much of it was ours."""
    others: dict[str, float] = {}
    for trial in trials:
        own = {"client's": trial.client.cpu_cores / trial.client.processes, "server's": server_busy(trial, result)}
        cores = {"client's": trial.host.client_cores_busy, "server's": trial.host.server_cores_busy}
        for name, used in own.items():
            busy = cores[name]
            if used is not None and busy is not None and busy - used > OTHERS:
                others[name] = max(others.get(name, 0.0), busy - used)
    if not others or set(result.server_cpus) & set(result.client_cpus):
        return None
    told = " and ".join(f"{percent(share)} of the {name} cores" for name, share in others.items())
    return Finding("interference", "flagged", f"other programs used {told}", "end them and run again")


def result_cache(trials: Trials, result: Result) -> Finding | None:
    calibration = result.calibration
    if calibration is None or calibration.ping.p50_ms is None:
        return None
    ping_ms = calibration.ping.p50_ms
    kinds = {kind: each for kind, each in calibration.repeats.items() if _is_cached(each, ping_ms)}
    if not kinds:
        return None
    first = next(iter(kinds.values()))
    reason = (
        f"{', '.join(kinds)}: {first.first_ms:.2g} ms when first asked, {first.again_ms:.2g} ms when asked again, "
        "so repeated questions seem to be answered from a result cache"
    )
    return Finding(
        "result cache", "flagged", reason, "turn the cache off, or be sure that your users repeat themselves"
    )


def _is_cached(repeat: Repeat, ping_ms: float) -> bool:
    works = repeat.first_ms >= FIRST_PINGS * ping_ms
    return works and repeat.again_ms <= min(AGAIN_PINGS * ping_ms, repeat.first_ms / FASTER)


def apart_from_fault(trial: Trial) -> tuple[int, int]:
    """Requests that were answered and that failed, without the seconds in which a fault was felt."""
    if trial.struck is None:
        return trial.total.count, sum(trial.total.errors.values())
    first, last = felt(trial.struck)
    calm = [piece for piece in trial.timeline if 0 <= piece.second < trial.seconds]
    calm = [piece for piece in calm if not first <= piece.second <= last]
    return sum(piece.count for piece in calm), sum(piece.errors for piece in calm)


def felt(struck: Struck) -> tuple[int, int]:
    """The first and the last second of a trial in which its fault was felt."""
    at = struck.fault.at_seconds
    silence = max(struck.silent_seconds, struck.answering_seconds or 0.0, struck.fault.for_seconds)
    return math.floor(at), math.floor(at + silence) + 1  # Clients may be a moment late to find the server again.


def throughput_by_second(trial: Trial) -> list[int]:
    """Answers in each whole second of the measured part: that ended in it (open loop: that were due in it)."""
    counts = [0] * max(1, int(trial.seconds))
    for piece in trial.timeline:
        if 0 <= piece.second < len(counts):
            counts[piece.second] += piece.count
    return counts


def _response_by_second(trial: Trial) -> Series:
    """Mean response, in nanoseconds, of what was due in each whole second that has any."""
    counts: dict[int, histogram.Counts] = defaultdict(histogram.empty)
    for piece in trial.timeline:
        if 0 <= piece.second < int(trial.seconds) and piece.response:
            counts[piece.second] += decoded(piece.response)
    return [histogram.mean_ns(counts[second]) or 0.0 for second in sorted(counts)]
