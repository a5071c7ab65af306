"""A user database: records are read, and as often read, modified and written back.

YCSB's workload F, read-modify-write; requests are zipfian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.ycsb import Ycsb


@dataclass(frozen=True)
class YcsbF(Ycsb):
    shares: ClassVar[Mapping[str, float]] = {"read": 0.5, "read-modify-write": 0.5}


WORKLOAD = YcsbF()
