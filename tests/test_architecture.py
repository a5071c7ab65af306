"""Who may import whom, and how large a file may be: what DESIGN.md promises, asserted."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(
    file.relative_to(ROOT).as_posix()
    for package in ("harness", "adapters", "workloads")
    for file in (ROOT / package).rglob("*.py")
)

ONLY_IN: dict[str, str | tuple[str, ...]] = {
    "locust": ("harness/load/master.py", "harness/load/worker.py"),
    "gevent": ("harness/load/master.py", "harness/load/worker.py"),
    "testcontainers": "harness/sources/docker/",
    "docker": "harness/sources/docker/",
    "pandas": "harness/frames.py",
    "MLRsearch": "harness/analysis/capacity.py",
    "psycopg": "adapters/postgres/",
    "pymongo": "adapters/mongo/",
    "bson": "adapters/mongo/",
    "redis": "adapters/redis/",
    "hiredis": "adapters/redis/",
    "clickhouse_connect": "adapters/clickhouse/",
    "chdb": "adapters/clickhouse/",
}
CONTRACTS = {
    "engine",
    "errors",
    "session",
    "keyvalue",
    "timeseries",
    "vectors",
    "transactions",
    "statements",
    "wording",
}
MACHINERY = {"bench", "cli", "discover", "experiment", "formats", "frames", "history", "listing", "load", "metrics"}
MACHINERY |= {"report", "result", "sources"}
FINDS_BY_NAME = "harness/discover.py"

LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 300, 40
REASONS = (ROOT / "DESIGN.md").read_text().partition("## Files over 300 lines")[2].partition("\n## ")[0]


def imported(file: str) -> set[str]:
    """Dotted names of all that a file imports, wherever in it; `from a import b` counts as a and as a.b."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: relative imports hide who imports whom."
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def forbidden(file: str, module: str) -> str | None:
    """Why this file may not import this module; None if it may."""
    top, _, below = module.partition(".")
    part = below.partition(".")[0]
    layer, folder = file.split("/")[:2]
    allowed = ONLY_IN.get(top)
    if allowed and not file.startswith(allowed):
        return f"only {allowed} may"
    if top == "workloads" and (file != FINDS_BY_NAME or below):
        return "nothing imports a workload"
    if top == "adapters" and layer == "adapters" and part not in ("", folder):
        return "an adapter imports only its own folder"
    if top == "adapters" and layer != "adapters" and (file != FINDS_BY_NAME or below):
        return f"only {FINDS_BY_NAME} finds engines, by name"
    if top == "harness" and layer == "adapters" and part and part not in CONTRACTS:
        return "an adapter imports contracts only"
    if top == "harness" and layer == "workloads" and part in MACHINERY:
        return "a workload knows nothing of what runs it"
    return None


@pytest.mark.parametrize("file", FILES)
def test_imports_point_inward(file: str) -> None:
    for module in imported(file):
        reason = forbidden(file, module)
        assert reason is None, f"{file} imports {module}: {reason}."


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("harness/bench.py", "adapters.postgres"),
        ("harness/discover.py", "adapters.postgres"),
        ("harness/bench.py", "workloads"),
        ("harness/bench.py", "locust.env"),
        ("harness/sources/process.py", "testcontainers"),
        ("harness/report/view.py", "pandas"),
        ("adapters/redis/keyvalue.py", "adapters.memory.store"),
        ("adapters/redis/keyvalue.py", "psycopg"),
        ("adapters/redis/keyvalue.py", "harness.sources"),
        ("adapters/redis/keyvalue.py", "workloads.read_heavy"),
        ("workloads/read_heavy.py", "harness.load.plan"),
        ("workloads/read_heavy.py", "adapters.redis"),
        ("workloads/read_heavy.py", "workloads.write_heavy"),
    ],
)
def test_an_import_that_points_outward_is_noticed(file: str, module: str) -> None:
    assert forbidden(file, module)


REPORTS = ("report", "result", "deci", "formats", "history", "metrics", "judgement", "commit")
REPORTING = [file for file in FILES if file.startswith(tuple(f"harness/{name}" for name in REPORTS))]
NOT_FOR_REPORTS = sorted({*ONLY_IN} - {"pandas"} | {"duckdb", "adapters", "workloads"})
IMPORT_WITHOUT = """
import sys
from importlib import import_module

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2:]:
            raise ImportError(name + " is not for reports")

sys.meta_path.insert(0, Missing())
import_module(sys.argv[1])
"""


@pytest.mark.parametrize("file", REPORTING)
def test_reports_need_no_database_driver_or_docker(file: str) -> None:
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    command = [sys.executable, "-c", IMPORT_WITHOUT, module, *NOT_FOR_REPORTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr.splitlines()[-1]


@pytest.mark.parametrize("file", FILES)
def test_a_large_file_has_its_reason_in_the_design(file: str) -> None:
    lines = len((ROOT / file).read_text().splitlines())
    fits = lines <= LINES_OF_A_FILE or f"`{file}`" in REASONS
    assert fits, f"{file} has {lines} lines: split it, or say why in DESIGN.md."


@pytest.mark.parametrize("file", FILES)
def test_a_long_function_has_its_reason_in_the_design(file: str) -> None:
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            fits = lines <= LINES_OF_A_FUNCTION or f"`{file}:{node.name}`" in REASONS
            assert fits, f"{file}:{node.name} has {lines} lines: split it, or say why in DESIGN.md."
