"""The history of a main branch: what its runs measured, one JSON line for each candidate, and where that changed."""
