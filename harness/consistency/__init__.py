"""What a level of isolation does to an application: how many updates it loses, how much money, which reads are wrong.

A closed economy, an idea of YCSB+T (Dey, Fekete, Nambiar, Röhm: Benchmarking web-scale transactional databases, 2014):
sessions move money between a few accounts, and count in a few counters, each by reading, deciding and writing back.
Nothing comes in and nothing goes out, so what is missing in the end, an anomaly took. `anomaly_score` is theirs.

Every number is of what sessions were told: an increment is acknowledged when it returned. Where a write ended in an
error, nobody knows whether it was done, and numbers that depend on it have bounds: at least so many, at most so many.
Nothing here proves that a level has no anomalies. They need not happen in some seconds, and others (write skew,
phantoms) are not looked for.
"""

from harness.consistency.measure import measure
from harness.consistency.record import Attempts, Consistency, Economy, Seen
from harness.consistency.words import anomalies, anomaly_score, doubts, in_words

__all__ = [
    "Attempts",
    "Consistency",
    "Economy",
    "Seen",
    "anomalies",
    "anomaly_score",
    "doubts",
    "in_words",
    "measure",
]
