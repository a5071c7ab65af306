"""On which terms a run measured a candidate, and where the terms of two runs differ."""

from __future__ import annotations

from harness.history.record import Terms
from harness.result import Result, Run, Slo
from harness.trial import Fault

GIBIBYTE = 2**30


def terms(run: Run, result: Result) -> Terms:
    machine = run.machine
    return Terms(
        cpu=machine.cpu,
        cores=machine.usable_cores,
        memory_gib=round(machine.memory_bytes / GIBIBYTE),
        kernel=machine.kernel.partition(".")[0],
        virtualisation=machine.virtualisation,
        governor=machine.governor,
        source=result.source,
        network=result.network,
        server_version=result.server_version,
        durability=result.durability_observed or result.durability_asked,
        server_cores=len(result.server_cpus),
        client_cores=len(result.client_cpus),
        memory_bytes=result.memory_bytes,
        data=run.data,
        fingerprint=run.fingerprint,
        parameters=run.parameters,
        clients=run.clients,
        rate_per_second=run.rate_per_second,
        arrivals=run.arrivals,
        seconds=run.seconds,
        slo=run.slo,
        cold=run.cold,
        fault=run.fault,
    )


def differences(one: Terms, other: Terms) -> list[str]:
    """["server version 18.0 → 18.1"]; [] if they are alike."""
    pairs = [(name, getattr(one, name), getattr(other, name)) for name in one.__struct_fields__]
    return [f"{name.replace('_', ' ')} {_said(a)} → {_said(b)}" for name, a, b in pairs if a != b]


def _said(value: object) -> str:
    match value:
        case None:
            return "none"
        case dict():
            return ", ".join(f"{name}={each}" for name, each in value.items())
        case Slo():
            return f"p{100 * value.quantile:g} ≤ {value.limit_ms:g} ms"
        case Fault():
            return f"{value.kind}@{value.at_seconds:g}s"
    return str(value)
