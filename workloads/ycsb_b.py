"""Photo tagging: nearly all operations read the tags, one in twenty adds one.

YCSB's workload B, read mostly; requests are zipfian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.ycsb import Ycsb


@dataclass(frozen=True)
class YcsbB(Ycsb):
    shares: ClassVar[Mapping[str, float]] = {"read": 0.95, "update": 0.05}


WORKLOAD = YcsbB()
