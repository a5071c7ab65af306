"""Threaded conversations: clients read a thread's posts from some point on, one operation in twenty posts.

YCSB's workload E, short ranges: scans of 1 to 100 records, all lengths alike; where they start is zipfian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.ycsb import Ycsb


@dataclass(frozen=True)
class YcsbE(Ycsb):
    shares: ClassVar[Mapping[str, float]] = {"insert": 0.05, "scan": 0.95}


WORKLOAD = YcsbE()
