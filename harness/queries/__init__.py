"""Workloads out of a TOML file of the user: tables of drawn rows, and statements in each engine's own language."""
