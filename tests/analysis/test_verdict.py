"""Each gate strikes beyond its limit, says why and what to do, and keeps silent where nothing was measured."""

from dataclasses import replace as replaced

import numpy as np
import pytest
from msgspec.structs import replace

from harness import histogram
from harness.analysis.verdict import client_bound, client_busy, comparison, trial_verdict, verdict
from harness.result import Problem, Repeat
from harness.trial import ClientUse, Cold, Fault, HostUse, Slice, Struck
from tests import synthetic
from tests.synthetic import FAST

RUN = synthetic.run(["postgres", "redis"])
SLOW = replaced(FAST, p50_ms={kind: 20 * ms for kind, ms in FAST.p50_ms.items()})


def trial(number=1, pace=FAST, **changes):
    """A healthy one, and what is changed."""
    return replace(synthetic.trial(number, pace), **(busy(0.3, 0.6) | changes))


def offered(sent=1.0, timer_ms=0.06):
    schedule = synthetic.offered(1_200.0, answered=5_990)
    timer = synthetic.latency(2_000, timer_ms)
    return replace(schedule, sent=round(sent * schedule.due), unsent=0, timer_error=timer)


def opened(number=1, pace=FAST, sent=1.0, timer_ms=0.06, **changes):
    return replace(synthetic.trial(number, pace, offered(sent, timer_ms)), **(busy(0.3, 0.6) | changes))


def busy(client, server=0.5, stolen=0.0):
    """Cores that are as busy as that with client and server alone; None: not known."""
    used = synthetic.trial(1, FAST).server
    return {
        "host": HostUse(client_cores_busy=client, server_cores_busy=server, stolen=stolen),
        "client": ClientUse(processes=1, cpu_cores=0.62 if client is None else client, resident_bytes=61 << 20),
        "server": None if server is None else replace(used, cpu_seconds=server * synthetic.SECONDS),
    }


def result(trials, **changes):
    return replace(synthetic.result("postgres", trials), **changes)


def judged(*trials, **changes):
    return verdict(RUN, result(trials, **changes), trials)


def gates(*trials, **changes):
    found = judged(*trials, **changes)
    for finding in found.findings:
        assert finding.reason[0] != " "
        assert finding.remedy
    return {finding.gate: finding.status for finding in found.findings}


def timeline(*counts, took_ms=1.0):
    """Slices of these counts; `took_ms` for each, or the same for all."""
    took = took_ms if isinstance(took_ms, tuple) else (took_ms,) * len(counts)
    return [
        Slice(
            second=second,
            kind="read",
            count=count,
            errors=0,
            response=histogram.encode(histogram.counts_of(np.full(count, round(ms * 1e6), dtype=np.int64))),
        )
        for second, (count, ms) in enumerate(zip(counts, took, strict=True))
    ]


def test_a_healthy_number_is_ok():
    found = judged(trial(1), trial(2), trial(3))
    assert (found.status, list(found.findings)) == ("ok", [])
    assert judged(opened(1), opened(2)).status == "ok"
    assert trial_verdict(trial(), result([trial()])).status == "ok"


def test_the_worst_finding_is_the_status():
    assert judged(trial(problems=["read: 1 of 9 graded answers are wrong"], **busy(0.9))).status == "invalid"


@pytest.mark.parametrize(
    ("sent", "client", "found"), [(0.992, 0.9, {}), (0.98, 0.3, "flagged"), (0.98, 0.9, "invalid")]
)
def test_a_schedule_that_was_not_kept_voids_the_number_if_it_was_the_clients_fault(sent, client, found):
    assert gates(opened(sent=sent, pace=SLOW, **busy(client))) == (found and {"schedule": found})


def test_in_process_the_client_is_the_server():
    late = opened(sent=0.9, pace=SLOW, **busy(1.0))
    assert gates(late, network="in process") == {"schedule": "flagged"}
    assert gates(trial(**busy(1.0)), network="in process") == {}


def test_a_busy_client_is_the_limit_unless_the_server_is():
    assert gates(trial(**busy(0.9))) == {"client": "flagged"}
    assert gates(trial(**busy(0.9, server=None))) == {"client": "flagged"}
    assert gates(trial(**busy(0.9, server=0.85))) == {"client": "flagged"}
    assert gates(trial(**busy(0.8, server=0.85))) == {}
    assert gates(trial(**busy(0.98, server=0.97))) == {}
    assert gates(trial(**busy(0.69))) == {}


def test_what_else_runs_on_the_clients_cores_makes_it_busy_too():
    assert client_busy(replace(trial(), host=busy(0.9)["host"])) == 0.9
    assert client_busy(trial(**busy(None))) == 0.62
    assert client_bound(trial(**busy(0.9)), result([]))


def test_what_else_runs_on_our_cores_is_noticed():
    hog = HostUse(client_cores_busy=0.9, server_cores_busy=1.0, stolen=0.0)
    [client, others] = judged(replace(trial(**busy(0.4, 0.5)), host=hog)).findings
    assert client.gate == "client"  # A server that others keep from running is not saturated.
    assert others.reason == "other programs used 50 % of the client's cores and 50 % of the server's cores"


def test_in_an_open_loop_half_a_core_shows_in_times_under_a_millisecond():
    quick = replaced(FAST, p50_ms={kind: ms / 4 for kind, ms in FAST.p50_ms.items()})
    assert gates(opened(pace=quick, **busy(0.65))) == {"client": "flagged"}
    assert gates(opened(pace=SLOW, **busy(0.65))) == {}


def test_a_harness_that_is_a_fifth_of_the_median_compresses_differences():
    calibration = synthetic.calibration()
    assert gates(trial(), calibration=replace(calibration, null_cpu_us=500.0)) == {"harness floor": "flagged"}
    assert gates(trial(), calibration=None) == {}


def test_timers_may_be_late_by_two_milliseconds_or_a_tenth_of_the_p99():
    assert gates(opened(timer_ms=2.0)) == {"timer": "flagged"}
    assert gates(opened(timer_ms=2.0, pace=SLOW)) == {}
    assert gates(opened(timer_ms=0.5)) == {}


def test_littles_law_finds_what_cannot_be_and_time_that_is_lost():
    one = trial()
    twice = replace(one, total=replace(one.total, per_second=2 * one.total.per_second))
    assert gates(twice) == {"little's law": "invalid"}
    half = replace(one, total=replace(one.total, per_second=one.total.per_second / 2))
    assert gates(half) == {"little's law": "flagged"}
    assert "outside requests" in judged(half).findings[0].reason
    assert gates(replace(half, total=replace(half.total, errors={"Timeout": 1}))) == {}


def test_a_request_that_was_in_flight_at_either_end_breaks_no_law():
    one = trial()
    response = replace(one.total.response, max_ms=5_000.0)
    twice = replace(one, total=replace(one.total, per_second=2 * one.total.per_second, response=response))
    half = replace(one, total=replace(one.total, per_second=one.total.per_second / 2))
    last = [Slice(second=5, kind="read", count=1, errors=0, response=timeline(1, took_ms=2_500.0)[0].response)]
    assert gates(twice) == {}
    assert gates(replace(half, timeline=[*half.timeline, *last])) == {}


def test_throughput_that_falls_within_trials_is_not_steady():
    falling = [trial(number, timeline=timeline(1_000, 950, 900, 850, 800)) for number in (1, 2, 3)]
    found = judged(*falling)
    assert [finding.gate for finding in found.findings] == ["steadiness"]
    assert "throughput fell by 28 %" in found.findings[0].reason
    assert gates(*[trial(number, timeline=timeline(1_000, 999, 998, 997, 996)) for number in (1, 2, 3)]) == {}


def test_an_open_loop_is_steady_by_its_response_times():
    rising = timeline(100, 100, 100, 100, 100, took_ms=(1.0, 1.2, 1.4, 1.6, 1.8))
    found = judged(*[opened(number, timeline=rising) for number in (1, 2, 3)])
    assert [finding.gate for finding in found.findings] == ["steadiness"]
    assert "response times rose by 71 %" in found.findings[0].reason
    behind = [opened(number, sent=0.9, timeline=rising) for number in (1, 2, 3)]
    assert gates(*behind) == {"schedule": "flagged"}, "that they grow is said already"


def test_a_warm_up_that_never_settled_is_said_with_its_length():
    warming = synthetic.loaded(stage="warm-up")
    ramp = trial(load=warming, timeline=timeline(100, 300, 500, 700, 900))
    flat = trial(load=warming, timeline=timeline(900, 905, 900, 905, 900))
    assert gates(trial(), probes=[ramp, ramp]) == {"warm-up": "flagged"}
    assert "after 10 s" in judged(trial(), probes=[ramp, ramp]).findings[0].reason
    assert gates(trial(), probes=[ramp, flat]) == {}


@pytest.mark.parametrize(("share", "status"), [(0.0005, None), (0.005, "flagged"), (0.05, "invalid")])
def test_errors_are_doubtful_and_then_too_many(share, status):
    one = trial()
    failed = round(one.total.count * share)
    total = replace(one.total, errors={"Timeout": failed})
    assert gates(replace(one, total=total)).get("errors") == status


def test_errors_are_weighed_over_all_trials_and_name_the_most_frequent():
    one = trial()
    total = replace(one.total, errors={"Timeout": one.total.count // 100, "Rare": 1})
    [finding] = judged(replace(one, total=total), trial(2), trial(3)).findings
    assert finding.status == "flagged"
    assert "in 1 of 3 trials, most with Timeout" in finding.reason


def test_wrong_answers_void_everything_and_so_does_a_server_that_ended():
    wrong = Problem("read: 3 of 100 graded answers are wrong", "void")
    assert gates(trial(), status="invalid", problems=[wrong]) == {"answers": "invalid"}
    assert gates(trial(problems=["lost"])) == {"answers": "invalid"}
    assert gates(trial(), status="failed", problems=[Problem("out of memory", "add some")]) == {"survival": "invalid"}


def test_without_a_proven_load_or_a_trial_there_is_no_number():
    assert gates(trial(), loading=None) == {"loading": "invalid"}
    assert gates() == {"trials": "invalid"}
    assert gates(trial(), fingerprint="another") == {"data": "invalid"}


@pytest.mark.parametrize("observed", ["volatile", "durable", None])
def test_another_durability_than_the_one_asked_for_is_unequal(observed):
    assert gates(trial(), durability_observed=observed) == {"durability": "flagged"}


def test_the_path_and_the_cores_are_looked_at():
    assert gates(trial(), network="mapped port") == {"network": "flagged"}
    assert gates(trial(), network="remote") == {}
    assert gates(trial(), server_cpus=[0, 1], client_cpus=[1]) == {"shared cores": "flagged"}
    assert gates(trial(), server_cpus=[0], client_cpus=[0], network="in process") == {}


def test_time_that_others_took_is_said_once_with_the_trials():
    one = trial(1)
    kept = replace(one, server=replace(one.server, throttled_seconds=0.3))
    [finding] = judged(kept, trial(2), kept, trial(4)).findings
    assert (finding.gate, finding.status) == ("throttling", "flagged")
    assert "0.3 s in 2 of 4 trials" in finding.reason
    assert gates(trial(**busy(0.3, stolen=0.05))) == {"stolen time": "flagged"}
    assert gates(trial(**busy(0.3, server=None, stolen=None))) == {}


@pytest.mark.parametrize(
    ("first_ms", "again_ms", "found"),
    [(1.2, 0.1, True), (1.2, 1.1, False), (0.2, 0.06, False), (1.2, 0.2, False), (0.3, 0.11, False)],
    ids=["cached", "works again", "little work", "works a little", "warm caches"],
)
def test_a_result_cache_is_suspected_where_only_the_first_answer_takes_work(first_ms, again_ms, found):
    calibration = replace(
        synthetic.calibration(), repeats={"lastpoint": Repeat(first_ms=first_ms, again_ms=again_ms)}
    )  # A ping takes 0.06 ms.
    assert gates(trial(), calibration=calibration) == ({"result cache": "flagged"} if found else {})


def test_a_comparison_on_a_busy_machine_is_doubtful():
    one = result([trial()])
    assert comparison(RUN, [one]) == []
    [finding] = comparison(replace(RUN, machine=replace(RUN.machine, busy=0.5)), [one])
    assert (finding.gate, "50 %" in finding.reason) == ("host load", True)
    [finding] = comparison(replace(RUN, machine=replace(RUN.machine, busy=None, load_average=1.6)), [one])
    assert "80 %" in finding.reason


def test_a_comparison_of_unequal_candidates_names_them():
    one, other = result([trial()]), result([trial()], candidate="redis", network="remote")
    [finding] = comparison(RUN, [one, other])
    assert "loopback (postgres), remote (redis)" in finding.reason
    [finding] = comparison(RUN, [one, replace(other, network="loopback", durability_observed="volatile")])
    assert "relaxed (postgres), volatile (redis)" in finding.reason
    assert comparison(RUN, [one, replace(other, status="invalid")]) == []
    durable = result([trial()], candidate="postgres:durable", durability_asked="durable", durability_observed="durable")
    assert comparison(RUN, [one, durable]) == []


# Faults, cold starts, memory


def struck(trial_, **changes):
    """Killed at 2 s of its 5; nobody was answered for 1.2 s."""
    parts = {"answering_seconds": 1.1, "silent_seconds": 1.2, "recovered_seconds": 1.5, "lost": []} | changes
    return replace(trial_, struck=Struck(fault=Fault(kind="kill", at_seconds=2.0, for_seconds=0.0), **parts))


def with_errors(trial_, **by_second):
    timeline = [replace(piece, errors=by_second.get(f"s{piece.second}", 0)) for piece in trial_.timeline]
    errors = {"ConnectionError: gone": sum(by_second.values())}
    return replace(trial_, timeline=timeline, total=replace(trial_.total, errors=errors))


def test_errors_that_a_fault_makes_are_no_fault_of_the_server():
    failing = with_errors(trial(), s2=500, s3=500)
    assert gates(failing)["errors"] == "invalid"
    assert "errors" not in gates(struck(failing))


def test_errors_before_a_fault_and_after_it_are():
    assert gates(struck(with_errors(trial(), s0=500)))["errors"] == "invalid"
    assert "errors" not in gates(struck(with_errors(trial(), s4=500))), "it was felt until 3.2 s, and a second more"
    assert gates(struck(with_errors(trial(), s4=500), silent_seconds=0.2, answering_seconds=0.1))["errors"] == "invalid"


def test_what_a_fault_cuts_off_is_no_unkept_schedule():
    behind = opened(sent=0.7)
    assert "schedule" in gates(behind)
    assert "schedule" not in gates(struck(behind))


def drifting(**changes):
    """Half as many answers in each second as in the one before, in three trials."""
    counts = {0: 1_600, 1: 800, 2: 400, 3: 200, 4: 100}
    timeline = [
        Slice(second=second, kind="total", count=count, errors=0, response="") for second, count in counts.items()
    ]
    return [replace(trial(number), timeline=timeline, **changes) for number in (1, 2, 3)]


def test_a_cold_or_struck_trial_is_not_asked_to_be_steady():
    assert "steadiness" in gates(*drifting())
    cold = Cold(restart_seconds=0.3, cached_bytes=1, left_bytes=0)
    assert "steadiness" not in gates(*drifting(cold=cold))
    assert "steadiness" not in gates(*map(struck, drifting()))


def test_a_process_that_was_killed_for_memory_voids_the_number_where_the_limit_is_the_servers_own():
    dying = replace(trial(), server=replace(trial().server, killed_for_memory=2))
    own = replace(synthetic.limits(), memory_bytes=512 << 20)
    found = judged(dying, limits=own)
    assert gates(dying, limits=own)["memory"] == "invalid"
    assert "2 of its processes were killed for memory at the limit of 512 MiB" in found.findings[0].reason
    assert "memory" not in gates(dying), "without a limit of its own, anybody may have been killed"
    assert "memory" not in gates(trial(), limits=own)
