"""The JSON Schema of ``report.json``, made from the model.

``python -m okd_conformance.report.schema`` writes it into the file beside this one, for those who read
reports with other tools.
"""

from __future__ import annotations

import functools
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from okd_conformance.judge.outcome import CaseResult
from okd_conformance.report.model import Report

FILE = Path(__file__).with_name("report.schema.json")
_LEFT_OUT = {part.name for kind in (Report, CaseResult) for part in fields(kind) if part.default is UNSET}
"""What is not written where there is nothing to say."""


@functools.cache
def schema() -> dict[str, Any]:
    """The schema that the model gives."""
    made = msgspec.json.schema(Report)
    for kind in made["$defs"].values():
        _say_what_is_always_there(kind)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:okd-conformance:report:1",
        "title": "okd-conformance report",
        "description": "More keys may be added without a new format; readers ignore what they don't know.",
        **made,
    }


def _say_what_is_always_there(kind: dict[str, Any]) -> None:
    """A default is only for reading older reports; what has one is written all the same."""
    properties: dict[str, dict[str, Any]] = kind.get("properties", {})
    for rule in properties.values():
        rule.pop("default", None)
    if properties:
        kind["required"] = [name for name in properties if name not in _LEFT_OUT]


def as_text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), "utf-8")
