"""What every benchmark shares: contracts, servers, load, measurement, results. Knows no engine and no workload."""
