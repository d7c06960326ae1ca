"""The target file for a running reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from okd_conformance import DEFAULT_EDITION
from okd_conformance.reference.app import TOKEN_PATH
from okd_conformance.reference.hooks import HOOKS, PATH
from okd_conformance.reference.issuer import AUDIENCE, process_key
from okd_conformance.reference.school import School, load_school
from okd_conformance.standard.edition import Edition, load_edition


def target_of(
    base_url: str, *, edition_id: str = DEFAULT_EDITION, roles: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the target file of an instance of this process, as a mapping."""
    edition, school, base_url = load_edition(edition_id), load_school(), base_url.rstrip("/")
    return {
        "name": "Embedded reference",
        "vendor": "okd-conformance",
        "version": edition.version,
        "contact": school.service["contact_email"],
        "edition": edition.name,
        "environment": "test",
        "roles": {
            role: {"base_url": base_url + edition.roles[role].path_prefix} for role in roles or edition.roles
        },
        "auth": _auth(base_url, edition, school),
        "fixtures": fixtures_of(school),
        "limits": {"requests_per_second": 10_000},
        "hooks": {name: f"{base_url}{PATH}{name}" for name in HOOKS},
    }


def print_target(
    base_url: str, *, edition_id: str = DEFAULT_EDITION, roles: Sequence[str] | None = None
) -> str:
    """Return the target file of an instance of this process, as YAML.

    The signing key in it is the key of this process, so call it in the process that serves ``base_url``.
    """
    target = target_of(base_url, edition_id=edition_id, roles=roles)
    return yaml.safe_dump(target, sort_keys=False, allow_unicode=True, width=110)


def _auth(base_url: str, edition: Edition, school: School) -> dict[str, Any]:
    scopes = {c.client_id: list(edition.scopes if c.scopes is None else c.scopes) for c in school.clients}
    clients = [
        {
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "component": client.component,
            "scopes": scopes[client.client_id],
        }
        for client in school.clients
        if scopes[client.client_id]
    ]
    return {
        "token_url": base_url + TOKEN_PATH,
        "client_auth": "basic",
        "clients": clients,
        "audience": AUDIENCE,
        "signing_key": process_key().as_dict(private=True),
    }


def fixtures_of(school: School) -> dict[str, Any]:
    """Return what a target file may name of a school."""
    student, other = school.people[:2]
    first, second = student.enrolments[:2]
    others = other.enrolments[0]
    exam = school.exams[0]
    return {
        "person_id": student.person_id,
        "student_number": student.student_number,
        "association_id": first.association_id,
        "sequence_code": first.sequence_code,
        "second_association": {
            "association_id": second.association_id,
            "sequence_code": second.sequence_code,
        },
        "other_person": {
            "person_id": other.person_id,
            "student_number": other.student_number,
            "association_id": others.association_id,
            "sequence_code": others.sequence_code,
        },
        "offering_id": school.sittings[0].offering_id,
        "reported_offering_id": school.sittings[0].offering_id,
        "exam_code": exam.code,
        "exam_code_path": exam.path,
    }
