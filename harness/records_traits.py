"""What requests for records turned out to be like: the mix, how popular the popular keys are, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from harness import draw
from harness.keyvalue import Insert, Read, ReadModifyWrite, Scan
from harness.workload import Operation

SENT = "sent "  # And a kind of operation: its share of all.
HOTTEST_KEY = "hottest key"
HOTTEST_PERCENT = "hottest 1 % of keys"
FOUND = "found"
REQUESTS_PER_HOT_KEY = 20  # On average, if all requests went to the hottest 1 %; with fewer, their share is a guess.

_HALVES = draw.source("records halves")


def traits(sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]], records: int) -> dict[str, float]:
    """Shares of 1, without those that so few operations cannot tell. `records` were loaded.

    `found` is the share of answers with a record in them. Inserts ask for no key, scans for the one where they start.
    """
    kinds: Counter[str] = Counter()
    keys = []
    for operation in sent:
        kinds[operation.kind] += 1
        if not isinstance(operation, Insert):
            keys.append(_asked(operation))
    shares = {SENT + kind: number / kinds.total() for kind, number in sorted(kinds.items())}
    if keys:
        shares[HOTTEST_KEY] = Counter(keys).most_common(1)[0][1] / len(keys)
        hot = max(1, round(records / 100))
        if len(keys) >= hot * REQUESTS_PER_HOT_KEY:
            shares[HOTTEST_PERCENT] = _share_of_hottest(keys, hot)
    found = [bool(answer) for operation, answer in answered if isinstance(operation, Read | ReadModifyWrite | Scan)]
    if found:
        shares[FOUND] = sum(found) / len(found)
    return shares


def _share_of_hottest(keys: list[str], hot: int) -> float:
    """Of one half of the requests, drawn by lot: the share that goes to the keys which are hottest in the other half.

    In the sample that they are chosen by, keys look hotter than they are, even where all are alike. Counted so, they
    look less hot than they are, by a fifth where there are just enough requests.
    """
    choosing = (draw.words(_HALVES, draw.span(0, len(keys))) >> np.uint64(63)).astype(np.bool_).tolist()
    chosen = Counter(key for key, chooses in zip(keys, choosing, strict=True) if chooses)
    counted = Counter(key for key, chooses in zip(keys, choosing, strict=True) if not chooses)
    return sum(counted[key] for key, _ in chosen.most_common(hot)) / max(1, counted.total())


def _asked(operation: Any) -> str:
    key: str = operation.start if isinstance(operation, Scan) else operation.key
    return key
