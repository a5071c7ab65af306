"""Points in sorted sets of the core, even where the server has the time series module.

What teams have whose Redis is without modules, is not database 0, or is another that speaks its protocol. A row is one
member however many metrics it has, so batches are cheap to write and whole rows to read; but nothing is compressed
(eight times the memory of the module's series), and who asks for an aggregate is sent all rows of the window.
"""

from __future__ import annotations

from adapters.redis import timeseries
from adapters.redis.sorted_sets import SortedSets


class Session(timeseries.Session):
    def chosen_store(self) -> SortedSets:
        return SortedSets(self.client, self.address)

    def design(self) -> str:
        return f"{self.store.DESIGN}; nothing is compressed"
