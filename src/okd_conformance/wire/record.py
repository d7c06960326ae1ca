"""The record of a run's exchanges, with every known secret taken out before anything is kept."""

from __future__ import annotations

from typing import Any

from okd_conformance import __version__
from okd_conformance.wire.redaction import Redactor

__all__ = ["Redactor", "as_har"]


def as_har(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Wrap entries into a HAR 1.2 document."""
    creator = {"name": "okd-conformance", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}
