"""The document subtypes that a module lists."""

from __future__ import annotations

from typing import Any

from okd_conformance.standard.fields import field_name
from okd_conformance.standard.operation import Operation


def lists_types(operation: Operation) -> bool:
    """Whether an operation lists document types with their subtypes (flow 10)."""
    return field_name(operation.success_schema() or {}, "subtypes") is not None


def first_subtypes(operation: Operation, listed: Any) -> dict[str, str]:
    """Per document type, the code of its first subtype, in the answer of an operation that lists them.

    An older edition writes a subtype as text.
    """
    schema = operation.success_schema() or {}
    names = {m: field_name(schema, m) or "" for m in ("document_type", "subtypes", "subtype_code")}
    found: dict[str, str] = {}
    for one in listed if isinstance(listed, list) else ():
        subtypes = one.get(names["subtypes"]) if isinstance(one, dict) else None
        first = subtypes[0] if isinstance(subtypes, list) and subtypes else None
        code = first.get(names["subtype_code"]) if isinstance(first, dict) else first
        if isinstance(code, str) and isinstance(one.get(names["document_type"]), str):
            found.setdefault(one[names["document_type"]], code)
    return found
