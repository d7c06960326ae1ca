"""Legitimate statuses for a success, or for a method that does not exist."""

from __future__ import annotations

from okd_conformance.reference.faults.change import answering, succeeding
from okd_conformance.reference.faults.registry import variants

variants(
    {
        "stored-201": succeeding(201, "upload", "register"),
        "stored-202": succeeding(202, "upload", "register"),
        "method-403": answering(403, "method_not_allowed"),
    }
)
