"""The record of a run's exchanges as one document."""

from __future__ import annotations

from typing import Any

from okd_conformance import __version__


def as_har(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Wrap entries into a HAR 1.2 document."""
    creator = {"name": "okd-conformance", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}
