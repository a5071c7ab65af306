"""Chromium without a window, driven through a pipe by its DevTools protocol: no driver, no port, no package."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = "BAKEOFF_REQUIRE_BROWSER"
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe"
)
# The protocol wants to read descriptor 3 and to write descriptor 4.
AT_3_AND_4 = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@" 2>/dev/null'


@dataclass
class Browser:
    """One page. `events` are those that arrived while answers were waited for."""

    commands: int  # File descriptors.
    answers: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _unread: bytes = b""

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return dict(answer["result"])

    def open(self, file: Path) -> None:
        """Returns when all of it is loaded. `events` then are those of this page alone."""
        self.events.clear()
        self.send("Page.navigate", url=file.as_uri())
        while not self.seen("Page.loadEventFired"):
            self.events.append(self._next())

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def complaints(self) -> list[str]:
        """Whatever a console would show, and scripts that failed."""
        self.run("0")
        return [
            *(entry["entry"]["text"] for entry in self.seen("Log.entryAdded")),
            *(str(call["args"]) for call in self.seen("Runtime.consoleAPICalled")),
            *(str(thrown["exceptionDetails"]) for thrown in self.seen("Runtime.exceptionThrown")),
        ]

    def requested(self) -> list[str]:
        return [request["request"]["url"] for request in self.seen("Network.requestWillBeSent")]

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.send("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def size(self, width: int, height: int, *, scale: float = 1.0, phone: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )

    def colours(self, scheme: str) -> None:
        """dark or light."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, **options: Any) -> bytes:
        return base64.b64decode(self.send("Page.captureScreenshot", **options)["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            part = os.read(self.answers, 1 << 16)
            assert part, "Chromium has ended."
            self._unread += part
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """With the network off. Skips the test where no Chromium is installed, unless one is required."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        assert not os.environ.get(REQUIRED), f"{REQUIRED} is set, and none of {', '.join(NAMES)} is installed."
        pytest.skip("no Chromium is installed")
    theirs_in, commands = os.pipe()
    answers, theirs_out = os.pipe()
    command = ["bash", "-c", AT_3_AND_4, "bash", str(theirs_in), str(theirs_out), program]
    command += [*OPTIONS.split(), f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL)
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        driven = Browser(commands, answers)
        pages = driven.send("Target.getTargets")["targetInfos"]
        page = next(each["targetId"] for each in pages if each["type"] == "page")
        driven.session = driven.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            driven.send(f"{domain}.enable")
        driven.send(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )
        yield driven
    finally:
        os.close(commands)
        process.terminate()
        process.wait(timeout=20)
        os.close(answers)
