"""Faults of the two sketches: the documents of 2025 (okd-0.3) and the reports of sittings (oke-2022.07)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from okd_conformance.reference import rights, routes
from okd_conformance.reference.answers import Refused, json_answer
from okd_conformance.reference.faults.change import (
    after,
    around,
    before,
    instead,
    lacks,
    of_kind,
    refusing,
    succeeding,
)
from okd_conformance.reference.faults.registry import Change, fault, faults
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Behaviour, Call, ReceivedPart, Values
from okd_conformance.standard.fields import Body, field_names, meanings
from okd_conformance.standard.operation import Operation

ALWAYS = "3f2b7a10-6d1c-4c55-9a0e-51c0b1a7e901"
NO_ID = "00000000-0000-4000-8000-000000000000"


# okd-0.3


_refuse_metadata = refusing("check_metadata", "metadata_invalid")


@fault("no-reference-in-answer")
def _no_reference(behaviour: Behaviour) -> None:
    behaviour.upload_answer = lambda call, _document, _body: json_answer(
        behaviour.success_status(call), {"status": "ok"}
    )


@fault("filed-nowhere", after("make_document"))
def _filed_nowhere(document: StoredDocument, *_: object) -> StoredDocument:
    document.filed, document.level = {}, "none"
    return document


def _first_document(call: Call) -> StoredDocument:
    return call.world.store.documents(call.role)[0]


@fault("any-document-for-an-unknown-id", around("find_document"))
def _any_document(inner: Callable[..., StoredDocument], call: Call) -> StoredDocument:
    try:
        return inner(call)
    except Refused:
        return _first_document(call)


@fault("line-ends-changed-on-reading", after("whole_document"))
def _line_ends(values: Values, *_: object) -> Values:
    content = base64.b64decode(values["document_content"]).replace(b"\r\n", b"\n")
    return {**values, "document_content": base64.b64encode(content).decode()}


@fault("author-forgotten", after("whole_document"))
def _author_forgotten(values: Values, call: Call, _document: StoredDocument) -> Values:
    uploads = call.world.edition.operations(call.role, rights.UPLOAD)
    kept = Body(uploads[0].body_schema or {}, values["metadata"]).without("author")
    return {**values, "metadata": kept.value}


@fault("document-without-an-id")
def _without_an_id(behaviour: Behaviour) -> None:
    known = behaviour.find_document

    def ids(operation: Operation, values: Any) -> dict[str, str]:
        return routes.path_ids(operation, {name: value or NO_ID for name, value in values.items()})

    def found(call: Call) -> StoredDocument:
        return _first_document(call) if call.ids["dms_document_id"] == NO_ID else known(call)

    behaviour.path_ids, behaviour.find_document = ids, found


@fault("no-link")
def _no_link(behaviour: Behaviour) -> None:
    behaviour.upload_answer = lambda call, document, _body: json_answer(
        behaviour.success_status(call), {"id": document.id}
    )


@fault("no-new-files", refusing("check_metadata", "unknown_association"))
def _no_new_files(call: Call, _body: Body, _file: ReceivedPart | None) -> bool:
    return call.world.school.enrolment(call.ids["association_id"]) is None


@fault("second-document-replaces-the-first", instead("choose_document_id"))
def _replaces(call: Call, _body: Body) -> str:
    return call.ids["association_id"]


# oke-2022.07


def _refuse_report(case: Callable[[Body], bool]) -> Change:
    return refusing("check_report", "report_invalid")(lambda _call, body: case(body))


def _each_document(body: Body, meaning: str) -> list[Any]:
    found = []
    for pointer in body.locations(meaning):
        value: Any = body.value
        for step in pointer:
            value = value[step]
        found.append(value)
    return found


def _change_report(behaviour: Behaviour, change: Callable[[Body, Body], Body]) -> None:
    """Let ``change(report, what was known)`` give what is kept; both are read by meaning."""
    inner = behaviour.merge_report
    schemas: dict[str, Any] = {}

    def look(call: Call, _body: Body) -> None:
        schemas["report"] = call.operation.body_schema

    def merged(known: Values, report: Values) -> Values:
        schema = schemas.get("report") or {}
        return inner(known, change(Body(schema, report), Body(schema, known)).value)

    before("check_report")(look)(behaviour)
    behaviour.merge_report = merged


@fault("merge-patch-only", before("check_json_type"))
def _merge_patch_only(call: Call) -> None:
    if call.request.headers.get("content-type") == next(iter(call.operation.request)):
        raise Refused("media_type", accepted="something else")


@fault("emoji-lost")
def _emoji_lost(behaviour: Behaviour) -> None:
    def plain(report: Body, _known: Body) -> Body:
        text = str(report.get("additional_info") or "")
        return report.with_("additional_info", text.encode("ascii", "replace").decode())

    _change_report(behaviour, plain)


@fault("sitting-without-report", after("read_offering"))
def _without_report(found: Values, call: Call, _known: Values) -> Values:
    bare: Values = Body(call.operation.success_schema() or {}, found).without("consumers").value
    return bare


@fault("student-in-report-breaks", refusing("check_report", "server_fault"))
def _student_in_report(call: Call, body: Body) -> bool:
    known = dir_of(call.operation.body_schema or {})
    return any(name not in known for item in body.get("consumers") or () for name in item)


def dir_of(schema: Values) -> set[str]:
    """The names of all fields of a schema."""
    return {name for meaning in meanings(schema) for name in field_names(schema, meaning)}


@fault("old-report-kept")
def _old_report_kept(behaviour: Behaviour) -> None:
    inner = behaviour.merge_report
    said: list[str] = []

    def merged(known: Values, report: Values) -> Values:
        said.append(str(report))
        return inner(known, report)

    def shown(found: Values, call: Call, _known: Values) -> Values:
        body = Body(call.operation.success_schema() or {}, found)
        changed: Values = body.with_("additional_info", "; ".join(said)).value
        return changed

    behaviour.merge_report = merged
    after("read_offering")(shown)(behaviour)


@fault("only-the-first-document", after("read_offering"))
def _first_only(found: Values, call: Call, _known: Values) -> Values:
    body = Body(call.operation.success_schema() or {}, found)
    papers = body.get("documents")
    shown: Values = body.with_("documents", papers[:1]).value if papers else found
    return shown


faults(
    {
        "document-of-another-kind": instead("paper")(lambda *_: b"<html><body>Log in</body></html>"),
        "programme-with-enrolment-refused": _refuse_metadata(
            lambda _call, body, _file: body.has("association") and body.has("program")
        ),
        "kind-of-one-word": _refuse_metadata(
            lambda _call, body, _file: " " in str(body.get("document_type"))
        ),
        "enrolment-documents-refused": _refuse_metadata(
            lambda _call, body, _file: body.has("retention_period")
        ),
        "long-retention-refused": _refuse_metadata(
            lambda _call, body, _file: (body.get("retention_period") or 0) > 20_000
        ),
        "only-pdf": _refuse_metadata(
            lambda _call, body, _file: "pdf" not in str(body.get("format") or "pdf")
        ),
        "report-answered-202": succeeding(202, "change"),
        "one-document-required": _refuse_report(lambda body: not body.get("documents")),
        "document-name-required": _refuse_report(
            lambda body: (
                len(_each_document(body, "document_name")) < len(_each_document(body, "document_url"))
            )
        ),
        "other-files-refused": _refuse_report(
            lambda body: any(e != "pdf" for e in _each_document(body, "document_extension"))
        ),
        "unknown-servers-refused": _refuse_report(
            lambda body: any(".invalid/" in u for u in _each_document(body, "document_url"))
        ),
        "one-consumer-only": _refuse_report(lambda body: len(body.get("consumers") or ()) > 1),
        "token-for-reading": instead("needs_token")(lambda call: of_kind(call, "read")),
        "enrolment-required": _refuse_metadata(lacks("association")),
        "student-of-a-sitting-required": _refuse_metadata(lacks("person")),
        "token-for-storing": instead("needs_token")(lambda call: of_kind(call, rights.UPLOAD)),
        "always-the-same-document": instead("find_document")(_first_document),
        "same-reference-for-all": instead("choose_document_id")(lambda _call, _body: ALWAYS),
        "document-address-dead": instead("paper_url")(lambda url: f"{url}-gone"),
        "report-replaces-the-sitting": instead("merge_report")(lambda _known, report: report),
    }
)
