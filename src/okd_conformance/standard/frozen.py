"""The frozen set of an edition: which requirements there are, with a digest of what each demands.

``specs/<edition>/frozen.yaml`` makes a change to a requirement visible: whoever changes one writes the file
again with ``python -m okd_conformance.standard.frozen EDITION`` and names the change in the change log.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from okd_conformance import __version__
from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.edition import Edition, edition_ids, load_edition

_HEADER = """\
# The requirements of this edition, with a digest of what each demands. Written by a program, not by hand:
#   python -m okd_conformance.standard.frozen {edition}
# To write it anew is to change what the suite demands: name each change in CHANGELOG.md.
"""


def digest(requirement: Requirement) -> str:
    """Twelve hexadecimal digits for what a requirement demands; the order of its lists does not matter."""
    demands = {
        "level": requirement.level,
        "basis": requirement.basis,
        "never_fails": requirement.never_fails,
        "roles": requirement.roles,
        "applies": asdict(requirement.applies),
        "answers": {name: asdict(answers) for name, answers in requirement.answers.items()},
        "statement": requirement.statement.en,
    }
    canonical = json.dumps(_sorted(demands), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(inner) for key, inner in value.items()}
    return sorted(map(str, value)) if isinstance(value, list | tuple) else value


def frozen_set(edition: Edition) -> dict[str, str]:
    """The digest of each requirement of the edition as the catalogue has it now, in its order."""
    return {requirement.id: digest(requirement) for requirement in load_catalogue().of(edition)}


def frozen_file(edition: Edition) -> Path:
    """Where the frozen set of the edition is kept."""
    return edition.folder / "frozen.yaml"


def differences(edition: Edition) -> list[str]:
    """What the catalogue says otherwise than the frozen set of the edition, one line for each requirement."""
    kept: dict[str, str] = read_data(frozen_file(edition))["requirements"]
    now = frozen_set(edition)
    found = [f"{name}: new" for name in now if name not in kept]
    found += [f"{name}: gone" for name in kept if name not in now]
    return found + [f"{name}: changed" for name in now if name in kept and now[name] != kept[name]]


def freeze(edition: Edition) -> Path:
    """Write the frozen set of the edition, and return the file."""
    data = {"suite": __version__, "requirements": frozen_set(edition)}
    words = yaml.safe_dump(data, sort_keys=False)
    file = frozen_file(edition)
    file.write_text(_HEADER.format(edition=edition.id) + words, encoding="utf-8")
    return file


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the frozen set of one edition."""
    parser = argparse.ArgumentParser(
        prog="python -m okd_conformance.standard.frozen", description=main.__doc__
    )
    parser.add_argument("edition", choices=edition_ids())
    freeze(load_edition(parser.parse_args(arguments).edition))


if __name__ == "__main__":
    main()
