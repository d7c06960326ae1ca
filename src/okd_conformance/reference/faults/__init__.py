"""Faults and variants of the reference: a fault is one deviation, a variant one legitimate difference."""

from okd_conformance.reference.faults import (
    aut,
    choices,
    documents,
    facts,
    gen,
    lim,
    lookups,
    metadata,
    mpt,
    notices,
    older,
    preferences,
    reg,
    sketches,
    uploads,
    variants,
    variants_bodies,
    variants_documents,
    variants_early,
    variants_headers,
    variants_intake,
    variants_lookups,
    variants_registrations,
    variants_rights,
    variants_service,
    variants_statuses,
)
from okd_conformance.reference.faults.registry import (
    FAULTS,
    VARIANTS,
    UnknownFaultError,
    find_fault,
    find_variant,
)

SECTIONS = (
    *(aut, gen, mpt, metadata, documents, lim, uploads, notices, lookups, facts, reg, preferences),
    *(choices, sketches, older),
    *(variants, variants_bodies, variants_headers, variants_intake, variants_lookups),
    *(variants_registrations, variants_rights, variants_statuses),
    *(variants_documents, variants_early, variants_service),
)

__all__ = ["FAULTS", "VARIANTS", "UnknownFaultError", "find_fault", "find_variant"]
