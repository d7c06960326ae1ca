"""Faults and variants of the reference: a fault is one deviation, a variant one legitimate difference."""

from okd_conformance.reference.faults import aut, choices, documents, flows, gen, mpt, reg, variants
from okd_conformance.reference.faults.registry import (
    FAULTS,
    VARIANTS,
    Fault,
    UnknownFaultError,
    Variant,
    find_fault,
    find_variant,
)

SECTIONS = (aut, gen, mpt, documents, flows, reg, choices, variants)

__all__ = ["FAULTS", "VARIANTS", "Fault", "UnknownFaultError", "Variant", "find_fault", "find_variant"]
