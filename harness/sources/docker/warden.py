"""Outlive the harness, and remove its containers if it could not. A script of its own, run by leftovers.py.

Its arguments are Docker's address and a label. Its standard input ends when the harness does, however that comes; what
carries the label then is removed with its data. After an orderly end there is nothing.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import time
from urllib.parse import quote, urlsplit

SWEEPS, PAUSE_SECONDS = 3, 1.0  # Docker may still be making one when the harness is killed.


class Local(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(docker: str, method: str, path: str) -> bytes:
    place = urlsplit(docker)
    local = place.scheme == "unix"
    connection = Local(place.path) if local else http.client.HTTPConnection(place.netloc)
    connection.request(method, path)
    return connection.getresponse().read()


def sweep(docker: str, label: str) -> int:
    """How many containers there were."""
    wanted = quote(json.dumps({"label": [label]}))
    found = json.loads(ask(docker, "GET", f"/containers/json?all=1&filters={wanted}"))
    for container in found:
        ask(docker, "DELETE", f"/containers/{container['Id']}?force=1&v=1")
    return len(found)


def main() -> None:
    docker, label = sys.argv[1:]
    sys.stdin.buffer.read()
    for number in range(SWEEPS):
        if number:
            time.sleep(PAUSE_SECONDS)
        if not sweep(docker, label) and number == 0:
            return  # It ended in order.


if __name__ == "__main__":
    main()
