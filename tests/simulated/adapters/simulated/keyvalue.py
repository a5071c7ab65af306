"""Records of the memory engine, served by a law."""

from __future__ import annotations

from adapters.simulated import LAW

from harness.engine import Address
from tests.simulated.engine import Server, Simulated, Wall
from tests.simulated.laws import LAWS

SERVER = Server(LAWS[LAW], Wall(), Wall.read())


class Session(Simulated):
    def __init__(self, address: Address) -> None:
        super().__init__(address, SERVER)
