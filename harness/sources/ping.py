"""Asking a server for its version, and wording what came instead."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

from harness.engine import Engine
from harness.errors import EnvironmentProblem

ANSWER_SECONDS = 30.0  # Until a server that was started is given up.
KNOCK_SECONDS = 1.0
PAUSE_SECONDS = 0.02  # Between two looks at one that starts.
TELLING = re.compile(r"error|fatal|fail|cannot|can't|could not|denied|refused|invalid|unknown|in use", re.IGNORECASE)

SECRETS = (
    (re.compile(r"(://[^:/?#@\s]*):\S*@"), r"\1:***@"),
    (re.compile(r"((?:password|passwd|pwd)\s*=\s*)(?:'[^']*'|[^&\s]+)", re.IGNORECASE), r"\1***"),
)


def ping_within(ping: Callable[[str], str], url: str, seconds: float) -> str:
    """ping(url), or TimeoutError: a peer of another kind may accept a connection and stay silent for ever."""
    answer: Future[str] = Future()

    def ask() -> None:
        try:
            answer.set_result(ping(url))
        except BaseException as problem:
            answer.set_exception(problem)

    Thread(target=ask, name="ping", daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError as silence:
        raise TimeoutError(str(silence) or f"no answer within {seconds:.0f} s") from None


def redact(text: str) -> str:
    """The text, a URL or a message with URLs in it, without passwords."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def reason(problem: BaseException, url: str) -> str:
    """What went wrong as one short line, without the password of `url`."""
    line = " ".join(str(problem).split()) or type(problem).__name__
    password = urlsplit(url).password
    for secret in {password, unquote(password)} if password else ():
        line = line.replace(secret, "***") if len(secret) > 2 else line
    line = redact(line)
    return line if len(line) <= 160 else f"{line[:157]}..."


def wait_for_answer(
    engine: Engine,
    url: str,
    end: Callable[[], str | None],
    words: Callable[[], bytes],
    log: Path,
    patience_seconds: float,
) -> str:
    """The version of a server that was started, once it answers.

    `end` says how it ended ("ended", say) or None, `words` what it logged last. Raises EnvironmentProblem with them
    where the server ends or stays silent.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        if (ended := end()) is not None:
            said = telling_line(words())
            raise EnvironmentProblem(f"{engine.title} {ended} before it answered. It says: {said}\nIts log: {log}")
        try:
            knock(url)
            return ping_within(engine.ping, url, max(deadline - time.monotonic(), 1.0))
        except Exception as problem:
            if time.monotonic() > deadline:
                raise EnvironmentProblem(
                    f"{engine.title} did not answer within {patience_seconds:.0f} s: {reason(problem, url)}. "
                    f"It says: {telling_line(words())}\nIts log: {log}"
                ) from problem
        time.sleep(PAUSE_SECONDS)


def knock(url: str) -> None:
    """Raises OSError where nobody listens yet. Asked first, for some drivers look again only after half a second."""
    place = urlsplit(url)
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), KNOCK_SECONDS).close()


def telling_line(log: bytes) -> str:
    """The last line of a log that sounds like a reason, else the last one."""
    lines = [line.strip() for line in log.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if TELLING.search(line)]
    return (telling or lines or ["nothing"])[-1][:300]
