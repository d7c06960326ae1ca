"""Variants in what a server asks of a body: codes of the school's own, whole records, plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.faults.change import after, both
from okd_conformance.reference.faults.registry import Change, variant, variants
from okd_conformance.reference.world import Call
from okd_conformance.standard.fields import Body

_WHOLE_PERSON = ("given_name", "surname", "display_name", "affiliations", "mail", "active_enrollment")
_WHOLE_METADATA = ("document_subtype", "component_document_id", "received_date", "registration_date")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _also_checks(check: Callable[[Call, Body], None]) -> Change:
    """Let an upload be checked in one more way, when it has passed the others."""
    return after("check_metadata")(lambda _result, call, body, _file: check(call, body))


def _refuse(why: str) -> None:
    raise Refused("metadata_invalid", why=why)


def _scalars(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a body that is neither object nor list, with the name of its field."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _scalars(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, name)
    else:
        yield name, value


def _refuse_unlisted_subtype(_result: None, call: Call, body: Body) -> None:
    own = [one["subtype_code"] for one in call.world.school.subtypes.get(call.role, [])]
    given = body.get("document_subtype")
    if given is not None and given not in own:
        raise Refused("registration_invalid", why="unknown document subtype")


def _refuse_subtype_of_no_example(call: Call, body: Body) -> None:
    known = set[Any]()
    for operation in call.world.edition.operations(call.role, "upload"):
        known |= {value for example in operation.examples.values() for _, value in _scalars(example)}
    if body.get("document_subtype") not in known | {None}:
        _refuse("unknown document subtype")


def _codes(value: Any) -> Iterator[str]:
    """The kinds of all codes in a body: of each object that holds a kind and a value, and nothing else."""
    if isinstance(value, dict):
        kinds = [item for name, item in value.items() if name.endswith("Type")]
        if len(value) == 2 and len(kinds) == 1 and isinstance(kinds[0], str):
            yield kinds[0]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _codes(item)


@variant("known-codes-only", _also_checks)
def _known_codes_only(call: Call, body: Body) -> None:
    uploads = call.world.edition.operations(call.role, "upload")
    known = {code for o in uploads for example in o.examples.values() for code in _codes(example)}
    if any(code not in known and not code.startswith("x-") for code in _codes(body.value)):
        _refuse("unknown kind of code")
    if any(isinstance(value, str) and _CONTROL.search(value) for _, value in _scalars(body.value)):
        _refuse("control character")


@variant("whole-person-needed", _also_checks)
def _whole_person_needed(call: Call, body: Body) -> None:
    if "person_id" in call.ids and not all(body.has(meaning) for meaning in _WHOLE_PERSON):
        _refuse("a person has a name and a mail address")


@variant("whole-metadata-needed", _also_checks)
def _whole_metadata_needed(_call: Call, body: Body) -> None:
    for meaning in _WHOLE_METADATA:
        if body.knows(meaning) and not body.has(meaning):
            _refuse(f"{meaning} is missing")


variants(
    {
        "own-subtypes": both(
            after("check_registration")(_refuse_unlisted_subtype), _also_checks(_refuse_subtype_of_no_example)
        ),
    }
)
