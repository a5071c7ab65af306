"""A cache of user profiles that are made elsewhere: nothing but reads.

YCSB's workload C, read only; requests are zipfian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.ycsb import Ycsb


@dataclass(frozen=True)
class YcsbC(Ycsb):
    shares: ClassVar[Mapping[str, float]] = {"read": 1.0}


WORKLOAD = YcsbC()
