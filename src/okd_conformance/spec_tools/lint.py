"""``standard lint``: everything that a machine can find wrong in a published edition, or in one of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from okd_conformance.spec_tools.findings import LintFinding, finding, in_order
from okd_conformance.spec_tools.lint_answers import answers
from okd_conformance.spec_tools.lint_examples import examples
from okd_conformance.spec_tools.lint_names import names
from okd_conformance.spec_tools.lint_schemas import schemas
from okd_conformance.spec_tools.lint_security import security
from okd_conformance.spec_tools.lint_structure import structure
from okd_conformance.spec_tools.lint_text import texts
from okd_conformance.spec_tools.unsound import examining
from okd_conformance.spec_tools.world import Publication
from okd_conformance.standard.source import SourceError, real

_GROUPS: tuple[Callable[[Publication], Iterator[LintFinding]], ...] = (
    structure,
    security,
    answers,
    schemas,
    examples,
    names,
    texts,
)


def lint(document: Path, doc_folder: Path | None = None) -> list[LintFinding]:
    """Every finding, by file and line. Raises SourceError when the document itself can't be examined.

    ``doc_folder`` holds the flow documents; by default it is a folder ``doc`` beside the document or up to
    three folders above it.
    """
    with examining(document):
        world = Publication(document, doc_folder or docs_beside(document))
    found: list[LintFinding] = []
    for group in _GROUPS:
        try:
            with examining(document):
                found.extend(group(world))
        except SourceError as error:  # what the other rules find is told all the same
            where = world.shown(error.file)
            found.append(finding("openapi-invalid", where, error.line, reason=error.reason))
    return in_order(found)


def docs_beside(document: Path) -> Path | None:
    """The folder with the flow documents that belong to a document, if there is one."""
    around = real(document).parents[:3]
    return next((folder / "doc" for folder in around if (folder / "doc").is_dir()), None)
