"""Prints which requirements the suites check, as JSON: one list of checks and one of observers.

A program of its own, so that loading every suite leaves no trace in the tests.
"""

from __future__ import annotations

import importlib
import json
import sys

from okd_conformance.base.paths import data_folder
from okd_conformance.checks.marking import checks_of, observers


def checked() -> dict[str, list[str]]:
    """The ids that a check or an observer of any suite names."""
    suites = data_folder("suites")
    sys.path.insert(0, str(suites))
    modules = [importlib.import_module(file.stem) for file in sorted(suites.glob("test_*.py"))]
    checks = {spec.requirement for m in modules for f in vars(m).values() for spec in checks_of(f)}
    return {"checks": sorted(checks), "observers": sorted(observers())}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(checked()))
