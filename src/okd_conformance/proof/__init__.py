"""Proof of the checks: faults that they must see, and variants that they must not accuse."""
