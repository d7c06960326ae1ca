"""Faults and variants of the reference: a fault is one deviation, a variant one legitimate difference."""

from okd_conformance.reference.faults import (
    aut,
    choices,
    documents,
    flows,
    gen,
    lim,
    mpt,
    older,
    reg,
    sketches,
    variants,
    variants_intake,
)
from okd_conformance.reference.faults.registry import (
    FAULTS,
    VARIANTS,
    Fault,
    UnknownFaultError,
    Variant,
    also_in,
    find_fault,
    find_variant,
)

SECTIONS = (aut, gen, mpt, documents, lim, flows, reg, choices, sketches, older, variants, variants_intake)

also_in("okd-0.6", *older.PROVEN_IN_06)
also_in("okd-0.9.1", *older.PROVEN_IN_091)

__all__ = ["FAULTS", "VARIANTS", "Fault", "UnknownFaultError", "Variant", "find_fault", "find_variant"]
