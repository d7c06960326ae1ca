"""Which faults and variants the files touch that changed since a commit: for work at one requirement.

A row of the catalogue, a fact, a behaviour and a module of checks have faults and variants that are theirs.
All else may change the outcome of any of them, so it touches every one; save what no proof reads.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from okd_conformance.base.paths import data_folder
from okd_conformance.checks.marking import checks_of, load_suites
from okd_conformance.checks.planning import is_named
from okd_conformance.reference import faults
from okd_conformance.standard.faults import load_faults, load_variants

_UNREAD = ("docs/", "tests/", "benchmarks/", "reports/", ".ci/")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NoHistoryError(Exception):
    """Git could not tell what changed."""


@dataclass
class Touched:
    """What changed: requirements, faults and variants by name, and files that may change any outcome."""

    requirements: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    everywhere: list[str] = field(default_factory=list)

    def has(self, name: str, variants: bool) -> bool:
        """Whether a fault or variant has to be proved anew."""
        if self.everywhere or name in self.names:
            return True
        concerns = load_variants()[name].near if variants else load_faults()[name].breaks
        return any(is_named(one, changed) for one in concerns for changed in self.requirements)


def touched_since(base: str) -> Touched:
    """What the files touch that differ from the commit ``base``, new ones too. Raises NoHistoryError."""
    tracked = _git("diff", "--name-only", "--no-renames", base, "--")
    untracked = _git("ls-files", "--others", "--exclude-standard", "--full-name", ":/")
    found = Touched()
    for file in sorted({*tracked.splitlines(), *untracked.splitlines()}):
        if not file.startswith(_UNREAD) and not file.endswith(".md"):
            _take(file, base, found)
    return found


def _take(file: str, base: str, found: Touched) -> None:
    path = PurePosixPath(file)
    if file.startswith("suites/test_"):
        found.requirements |= _judged_in(path.stem)
    elif file.startswith("specs/catalogue/"):
        found.requirements |= _rows_that_differ(file, base, "requirements", "id")
    elif file.startswith("specs/faults/"):
        found.names |= _rows_that_differ(file, base, "faults", "name")
    elif file == "specs/variants.yaml":
        found.names |= _rows_that_differ(file, base, "variants", "name")
    elif path.parent.name == "faults" and (names := _behave_in(path.name)):
        found.names |= names
    else:
        found.everywhere.append(file)


def _judged_in(module: str) -> set[str]:
    functions = [f for one in load_suites() if one.__name__ == module for f in vars(one).values()]
    return {check.requirement for function in functions for check in checks_of(function)}


def _behave_in(module: str) -> set[str]:
    """The faults and variants whose behaviour a module names; none for one that others share."""
    here = Path(str(faults.__file__)).with_name(module)
    text = here.read_text(encoding="utf-8") if here.is_file() else ""
    return {name for name in {*load_faults(), *load_variants()} if f'"{name}"' in text}


def _rows_that_differ(file: str, base: str, rows: str, key: str) -> set[str]:
    now = data_folder("specs").parent / file
    old = _by_key(_git("show", f"{base}:{file}", missing=""), rows, key)
    new = _by_key(now.read_text(encoding="utf-8") if now.is_file() else "", rows, key)
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def _by_key(text: str, rows: str, key: str) -> Mapping[str, Any]:
    document = yaml.load(text, Loader=_LOADER) or {}  # noqa: S506 - a safe loader
    found: Iterable[Mapping[str, Any]] = document.get(rows) or ()
    return {row[key]: row for row in found}


def _git(*arguments: str, missing: str | None = None) -> str:
    """What git says about the checkout; ``missing`` when it knows no such file."""
    command = ["git", "-C", str(data_folder("specs").parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoHistoryError("git is not installed") from None
    if done.returncode == 0:
        return done.stdout
    if missing is None:
        raise NoHistoryError(done.stderr.strip())
    return missing
