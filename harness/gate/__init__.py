"""Performance as a test: is head worse than base, and by how much can this machine tell?

`looks` is the statistics of pairs that are added until something can be said, `metrics` what of a pair is compared,
`turns` runs the pairs, `gate` puts them together with limits, `calibration` is base against itself, and `compare` sets
two stored runs side by side.
"""
