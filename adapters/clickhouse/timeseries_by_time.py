"""Time series sorted by the hour first, and within it by host and time.

Chosen where hosts are very many and most questions are about all of them in a window, which then is one piece of the
table. The price: what one host reported lies in as many places as there are hours.
"""

from __future__ import annotations

from adapters.clickhouse import timeseries
from adapters.clickhouse.timeseries import AT_MS

HOUR_MS = 3_600_000
HOUR = f"intDiv({AT_MS}, {HOUR_MS})"  # toStartOfHour() ends in 2106.


class Session(timeseries.Session):
    ORDER = f"{HOUR}, host, at"

    def design(self) -> str:
        return (
            "MergeTree sorted by hour, host and time; Delta and T64 with LZ4; "
            "an aggregating projection for the newest row of each host"
        )

    def _within(self, start_ms: int, end_ms: int) -> str:
        """Hours are named too, as the server does not conclude them from instants, and would read all of them."""
        hours = f"{HOUR} BETWEEN intDiv({start_ms:d}, {HOUR_MS}) AND intDiv({end_ms - 1:d}, {HOUR_MS})"
        return f"{hours} AND {super()._within(start_ms, end_ms)}"
