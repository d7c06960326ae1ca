"""Compares what two checkouts find: case ids and statuses, and the tables of faults and variants.

``python benchmarks/same_outcome.py BEFORE AFTER``, where each folder holds, per edition, what

    okd-conformance run --edition ID --report-dir FOLDER/ID
    okd-conformance faults run --edition ID --format json --output FOLDER/ID.faults.json
    okd-conformance faults run --edition ID --variants --format json --output FOLDER/ID.variants.json

wrote. Prints each difference; ends with 1 when there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def main(before: str, after: str) -> int:
    """Print the differences; 0 when there are none."""
    differences = list(compared(Path(before), Path(after)))
    sys.stdout.write("".join(f"{line}\n" for line in differences))
    sys.stdout.write(f"{len(differences)} differences\n")
    return 1 if differences else 0


def compared(before: Path, after: Path) -> Iterator[str]:
    """Each difference, in words."""
    names = {file.relative_to(folder) for folder in (before, after) for file in folder.rglob("*.json")}
    for name in sorted(names):
        kind = facts_of(name)
        if kind is not None:
            yield from _differences(str(name), kind(before / name), kind(after / name))


def facts_of(name: Path) -> Any:
    """What reads the facts of a file, or None when it holds none."""
    if name.name == "report.json":
        return _statuses
    return _outcomes if name.name.endswith((".faults.json", ".variants.json")) else None


def _statuses(file: Path) -> dict[str, str]:
    rows = _read(file).get("requirements", [])
    found = {f"{row['id']} at {row['role']}": row["status"] for row in rows}
    return found | {case["id"]: case["status"] for row in rows for case in row["cases"]}


def _outcomes(file: Path) -> dict[str, str]:
    faults = _read(file).get("faults", [])
    return {fault["name"]: f"holds={fault['holds']} {json.dumps(fault['changed'])}" for fault in faults}


def _read(file: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return value


def _differences(name: str, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, "absent"), after.get(key, "absent")
        if old != new:
            yield f"{name}: {key}: {old} -> {new}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
