"""Writing anew what a checkout holds that is generated: ``python -m okd_conformance.cli.generate``.

These are the frozen set of each edition, the schema of ``report.json``, the table of the faults, and the
page of the multipart receivers. What is as it should be stays as it is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from okd_conformance import DEFAULT_EDITION
from okd_conformance.base.paths import data_folder
from okd_conformance.proof.table import is_current, renewed
from okd_conformance.report import schema
from okd_conformance.standard.edition import edition_ids, load_edition
from okd_conformance.standard.frozen import differences, freeze, frozen_file


class Generator(Protocol):
    """One kind of generated file."""

    def __call__(self, *, write: bool) -> Iterator[Path]:
        """The files that are not as they should be; ``write`` mends each."""


def frozen(*, write: bool) -> Iterator[Path]:
    """The frozen sets of the editions that have one."""
    for edition in map(load_edition, edition_ids()):
        if frozen_file(edition).is_file() and differences(edition):
            if write:
                freeze(edition)
            yield frozen_file(edition)


def report_schema(*, write: bool) -> Iterator[Path]:
    """The JSON Schema of a report, from its model."""
    if schema.FILE.read_text("utf-8") != schema.as_text():
        if write:
            schema.FILE.write_text(schema.as_text(), "utf-8")
        yield schema.FILE


def faults(*, write: bool) -> Iterator[Path]:
    """The table of the faults; what it lacks is proved first."""
    file = _checkout() / f"docs/faults-{DEFAULT_EDITION}.md"
    page = file.read_text("utf-8")
    if not is_current(page, DEFAULT_EDITION):
        if write:
            page = renewed(page, DEFAULT_EDITION)
            file.write_text(page, "utf-8")
            if not is_current(page, DEFAULT_EDITION):
                sys.exit(f"{file}: there is a fault that its check does not see")
        yield file


def receivers(*, write: bool) -> Iterator[Path]:
    """The page of the receivers, which its own program writes where all of them are at hand."""
    if write:
        program = [sys.executable, "-m", "support.receiver_panel"]
        subprocess.run(program, cwd=_checkout() / "tests", check=True)
    yield from ()


PARTS: Mapping[str, Generator] = {
    "frozen": frozen,
    "schema": report_schema,
    "faults": faults,
    "receivers": receivers,
}


def stale() -> list[Path]:
    """The generated files that are not as they should be; a test of its own tells so of the receivers."""
    return [file for part in PARTS.values() for file in part(write=False)]


def _checkout() -> Path:
    return data_folder("specs").parent


def main(arguments: Sequence[str] | None = None) -> None:
    """Write anew what is generated."""
    parser = argparse.ArgumentParser(prog="python -m okd_conformance.cli.generate", description=main.__doc__)
    parser.add_argument("part", nargs="*", metavar=f"{{{','.join(PARTS)}}}", help="default: all of it")
    chosen = parser.parse_args(arguments).part or list(PARTS)
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    for name in chosen:
        for file in PARTS[name](write=True):
            print(file)


if __name__ == "__main__":
    main()
