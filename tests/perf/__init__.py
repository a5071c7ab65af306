"""`make perf`: the harness against native clients and exact laws. Ratios within one run; absolute numbers are noise."""
