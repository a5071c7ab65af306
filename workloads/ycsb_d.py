"""Status updates of users: what was posted last is read most, and one operation in twenty posts.

YCSB's workload D, read latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.ycsb import Ycsb


@dataclass(frozen=True)
class YcsbD(Ycsb):
    shares: ClassVar[Mapping[str, float]] = {"read": 0.95, "insert": 0.05}
    asks_for_latest: ClassVar[bool] = True


WORKLOAD = YcsbD()
