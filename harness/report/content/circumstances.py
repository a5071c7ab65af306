"""The other half of the report: what it cost, and under which conditions it was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.analysis.losses import chance, with_loss
from harness.report.document import Block, Command, Items, Section, Table
from harness.report.numbers import DASH, cores, counted, digits, listed, percent, size, whole
from harness.report.totals import Costs
from harness.report.view import Candidate, View
from harness.result import Limits, Loading, Machine, Result
from harness.trial import Trial

_Row = tuple[str, Callable[[Candidate], str]]  # A property, and how it reads for a candidate.


def costs(view: View) -> Section:
    return Section("Cost", _by_candidate(view, [*_LOADING, *_RUNNING]))


def fairness(view: View) -> Section:
    """What has to be alike, and where it is not."""
    started = [candidate for candidate in _known(view) if candidate.result and candidate.result.source]
    conditions = [*_CONDITIONS, ("durability measured", _measured(view))]
    values = {name: {text(candidate) for candidate in started} - {DASH} for name, text in conditions}
    alike = [(name, next(iter(found))) for name, found in values.items() if len(found) == 1]
    differing = [row for row in conditions if len(values[row[0]]) > 1]
    designs: dict[str, list[str]] = {}
    for candidate in started:
        if candidate.result and candidate.result.design:
            designs.setdefault(candidate.result.design, []).append(candidate.label)
    blocks: list[Block] = []
    if alike:
        blocks += ["Alike wherever known:", Items(alike)]
    blocks += _by_candidate(view, differing, numbers=False)
    if designs:
        blocks += ["Schema, index and access path:", Items([(listed(who), what) for what, who in designs.items()])]
    return Section("Fairness", blocks)


def settings(view: View) -> Section:
    run = view.run
    load = (
        "closed loop" if run.rate_per_second is None else f"{digits(run.rate_per_second)}/s {run.arrivals}, open loop"
    )
    ended = f" to {run.finished:%H:%M:%S}" if run.finished else ", not finished"
    items = [
        ("stands for", run.summary),
        ("workload", ", ".join(f"{name}={value}" for name, value in run.parameters.items())),
        ("load", f"{counted(run.clients, 'client')}, {load}"),
        (
            "trials",
            f"{run.trials} of {run.seconds:g} s after {run.warmup_seconds:g} s of warm-up, "
            f"profile {run.profile}, seed {run.seed}",
        ),
        ("servers", f"data on {run.data}, {'cold' if run.cold else 'warm'} caches"),
        ("data", f"fingerprint {run.fingerprint}"),
        ("run", f"{run.id}, {run.started:%Y-%m-%d %H:%M:%S %Z}{ended}, bakeoff {run.bakeoff}"),
    ]
    return Section("Settings", [Items(items)])


def machine(view: View) -> Section:
    return Section("Machine", [Items(machine_items(view.run.machine))])


def machine_items(host: Machine) -> list[tuple[str, str]]:
    usable = f", {host.usable_cores} usable" if host.usable_cores != host.cores else ""
    return [
        ("hardware", f"{host.cpu}, {counted(host.cores, 'core')}{usable}, {size(host.memory_bytes)} memory"),
        ("virtualisation", host.virtualisation or "none seen"),
        ("clock governor", host.governor or "not known"),
        ("load average", f"{host.load_average:.2f} before the start"),
        ("system", f"{host.system}, kernel {host.kernel}, Python {host.python}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in host.packages.items())),
    ]


def facts(view: View) -> Section:
    """Everything the servers said of themselves."""
    found = [c for c in _known(view) if c.result and c.result.facts]
    tables = [
        Table((candidate.name, "value"), list(candidate.result.facts.items()), numbers=False)
        for candidate in found
        if candidate.result
    ]
    return Section("Settings as the servers report them", tables, folded=True)


def statements(view: View) -> Section:
    """As each engine got them, by what they were for."""
    blocks: list[Block] = []
    for candidate in _known(view):
        for purpose, sent in candidate.result.statements.items() if candidate.result else ():
            blocks += [f"{candidate.name}, {purpose}:", Command("\n".join(sent))]
    return Section("Statements as they were sent", blocks, folded=True)


def _measured(view: View) -> Callable[[Candidate], str]:
    def text(candidate: Candidate) -> str:
        survival = view.survival(candidate)
        if survival is None:
            return DASH
        low, high = map(percent, chance(survival))
        return f"{with_loss(survival)} of {counted(len(survival.kills), 'kill')} lost some writes ({low}–{high})"

    return text


def memory_limit(limits: Limits | None) -> str:
    """As the kernel has it."""
    if limits is None:
        return DASH
    if limits.memory_bytes is None:
        return "none, by settings only"
    swap = {None: ", swap not seen", 0: ", no swap"}.get(limits.swap_bytes, f" and {size(limits.swap_bytes)} swap")
    return f"{size(limits.memory_bytes)}{swap}"


def caches(trials: Sequence[Trial]) -> str:
    """What was done before trials so that nothing was in memory."""
    chilled = [trial.cold for trial in trials if trial.cold]
    if not chilled:
        return "warm" if trials else DASH
    left = [cold.left_bytes for cold in chilled if cold.left_bytes is not None]
    if len(left) < len(chilled):
        return "restarted; its files could not be seen, and may be in memory"
    dropped = [(cold.cached_bytes or 0) - (cold.left_bytes or 0) for cold in chilled]
    return f"restarted, {size(max(dropped))} of its files dropped, {size(max(left))} left in memory"


def _known(view: View) -> list[Candidate]:
    return [candidate for candidate in [*view.ok, *view.unranked] if candidate.result]


def _by_candidate(view: View, rows: Sequence[_Row], *, numbers: bool = True) -> list[Table]:
    """Rows are properties, columns candidates; those without a number say so in their head."""
    candidates = [*view.ok, *view.unranked]
    head = ("", *(c.label if c.status == "ok" else f"{c.name}\n{c.status}" for c in candidates))
    cells = [(name, *(text(candidate) for candidate in candidates)) for name, text in rows]
    filled = [row for row in cells if any(cell != DASH for cell in row[1:])]
    return [Table(head, filled, numbers)] if filled else []


def _loading(text: Callable[[Loading], str]) -> Callable[[Candidate], str]:
    return lambda candidate: text(candidate.result.loading) if candidate.result and candidate.result.loading else DASH


def _running(text: Callable[[Costs], str]) -> Callable[[Candidate], str]:
    """Only of numbers that stand."""
    return lambda candidate: text(candidate.costs) if candidate.costs and candidate.status == "ok" else DASH


def _result(text: Callable[[Result], str]) -> Callable[[Candidate], str]:
    return lambda candidate: text(candidate.result) if candidate.result else DASH


_LOADING: Sequence[_Row] = (
    ("load, rows/s", _loading(lambda loading: digits(loading.rows_per_second))),
    ("rows loaded", _loading(lambda loading: whole(loading.rows))),
    ("settle, s", _loading(lambda loading: digits(loading.settle_seconds))),
    ("data and indexes", _loading(lambda loading: size(loading.size_bytes))),
    ("index on vectors", _loading(lambda loading: size(loading.index_bytes))),
)
_RUNNING: Sequence[_Row] = (
    ("server CPU, µs/operation", _running(lambda costs: digits(costs.server_cpu_us))),
    (
        "server cores busy",
        _running(lambda costs: DASH if costs.server_cores_busy is None else percent(costs.server_cores_busy)),
    ),
    ("server memory", _running(lambda costs: size(costs.server_resident_bytes))),
    ("server writes/operation", _running(lambda costs: size(costs.written_bytes))),
    ("client CPU, µs/operation", _running(lambda costs: digits(costs.client_cpu_us))),
    ("client cores busy", _running(lambda costs: f"{percent(costs.client_busy)} of {costs.client_processes}")),
    ("client memory", _running(lambda costs: size(costs.client_resident_bytes))),
)
_CONDITIONS: Sequence[_Row] = (
    ("product", _result(lambda result: result.title)),
    ("version", _result(lambda result: result.server_version or DASH)),
    ("source", _result(lambda result: result.source or DASH)),
    ("image asked", _result(lambda result: result.image_asked or DASH)),
    ("image that ran", _result(lambda result: (result.image or DASH)[-19:])),  # A digest's end tells it from others.
    ("network path", _result(lambda result: result.network or DASH)),
    ("durability asked", _result(lambda result: result.durability_asked)),
    (
        "durability observed",
        _result(lambda result: result.durability_observed or ("cannot tell" if result.facts else DASH)),
    ),
    ("server cores asked", _result(lambda result: cores(result.server_cpus))),
    ("server cores observed", _result(lambda result: cores(result.limits.cpus) if result.limits else DASH)),
    ("client cores", _result(lambda result: cores(result.client_cpus))),
    ("memory asked", _result(lambda result: size(result.memory_bytes))),
    ("memory limit observed", _result(lambda result: memory_limit(result.limits))),
    (
        "shared memory observed",
        _result(lambda result: size(result.limits.shared_memory_bytes if result.limits else None)),
    ),
    ("data observed on", _result(lambda result: result.limits.data if result.limits else DASH)),
    ("caches observed", lambda candidate: caches(candidate.trials)),
    ("content after load", _loading(lambda loading: loading.content)),
)
