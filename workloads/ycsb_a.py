"""A session store that records recent actions of its users: half of the operations read, half update one field.

YCSB's workload A, update heavy; requests are zipfian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.ycsb import Ycsb


@dataclass(frozen=True)
class YcsbA(Ycsb):
    shares: ClassVar[Mapping[str, float]] = {"read": 0.5, "update": 0.5}


WORKLOAD = YcsbA()
