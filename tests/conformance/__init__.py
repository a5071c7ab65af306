"""What every adapter must get right, whatever its engine.

A check is a plain function that is given a way to open sessions and raises AssertionError. tests/conformance runs all
of them on every adapter folder there is; tests/test_mutants.py runs them on sessions that are broken on purpose.
"""
