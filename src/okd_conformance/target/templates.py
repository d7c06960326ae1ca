"""The templates of a target file, for what an edition leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from okd_conformance.base.text import say
from okd_conformance.base.yaml_input import Pointer
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.fields import meanings
from okd_conformance.standard.operation import Operation
from okd_conformance.target.layout import CONTENT, HEADER, PLACEHOLDER, SPECIALS
from okd_conformance.target.mistakes import Mistakes, at, entries
from okd_conformance.target.shape import example, one_of


def check_templates(value: Any, mistakes: Mistakes, edition: Edition | None) -> None:
    """Check that templates lay out what the edition leaves open, and name only fields that it has there."""
    for pointer, template in entries(value, "templates"):
        name = str(pointer[-1])
        if edition is None or mistakes.at(pointer):
            continue
        if name not in edition.templates:
            remedy = one_of(name, list(edition.templates)) if edition.templates else say("target_leave_out")
            mistakes.add(pointer, "target_template_fixed", remedy=remedy, edition=edition.name)
            continue
        for section, _ in entries(template):
            if section[0] not in edition.templates[name]:
                known = say("target_one_of", known=", ".join(edition.templates[name]))
                mistakes.add((*pointer, *section), "target_template_closed", remedy=known, operation=name)
        operation = next(o for o in edition.operations() if o.name == name)
        _check_layout(template, pointer, mistakes, operation)
        _check_places(template, pointer, mistakes)


def _check_layout(template: Any, pointer: Pointer, mistakes: Mistakes, operation: Operation) -> None:
    request = at(template, "request")
    here = (*pointer, "request")
    if request is None or mistakes.at(here):
        return
    if ("parts" in request) == ("body" in request):
        mistakes.add(here, "target_template_parts_or_body")
    known = [*meanings(operation.body_schema or {}), *SPECIALS]
    bodies = {(*here, "body"), *((*p, "body") for p, _ in entries(request, "parts") for p in [(*here, *p)])}
    for place, text in _texts(request, here):
        for meaning in PLACEHOLDER.findall(text):
            if meaning not in known:
                mistakes.add(place, "target_template_meaning", remedy=one_of(meaning, known), meaning=meaning)
        if CONTENT in text and not (text == CONTENT and place in bodies):
            mistakes.add(place, "target_template_content")


def _texts(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield pointer, value
    for place, inner in entries(value):
        yield from _texts(inner, (*pointer, *place))


def _check_places(template: Any, pointer: Pointer, mistakes: Mistakes) -> None:
    for place, text in entries(template, "answer"):
        where = (*pointer, *place)
        if isinstance(text, str) and not text.startswith(("/", HEADER)) and not mistakes.at(where):
            mistakes.add(where, "target_template_place", remedy=example(where))
