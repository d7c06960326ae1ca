"""Faults of okd-0.6 and okd-0.9.1: their own, and the names of those of okd-1.5 that are proven there too."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from okd_conformance.fields import Body, field_names
from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, json_answer
from okd_conformance.reference.faults.change import Schema, before, lacks, refuse_if
from okd_conformance.reference.faults.registry import MODULES, fault
from okd_conformance.text import Text

if TYPE_CHECKING:
    from okd_conformance.reference.answers import Answer
    from okd_conformance.reference.behaviour import Behaviour, Handler
    from okd_conformance.reference.world import Call

OKD_06 = ("okd-0.6",)
OKD_091 = ("okd-0.9.1",)
EXAMS = ("examineren",)
LOCK, UNLOCK, REPLACE = "lock_document", "unlock_document", "replace_by_put"

PROVEN_IN_06 = (
    "employee-500",
    "replace-one-type-only",
    "only-first-scope-read",
    "any-document-type",
    "scope-compared-loosely",
    "unknown-notice-succeeds",
    "temp-url-guessable",
    "foreign-token-accepted",
    "other-type-deletable",
    "first-part-wins",
    "open-end-date-refused",
    "long-boundary-refused",
    "any-part-name",
    "specific-scope-uploads-nothing",
    "only-first-consumer-read",
    "reference-kept",
    "metadata-not-json-accepted",
    "any-state-accepted",
    "not-uuid-500",
    "expect-500",
    "others-documents-readable",
    "other-type-readable",
    "missing-file-accepted",
    "retention-in-years-only",
    "capitals-make-another-id",
    "patch-keeps-old-content",
    "replace-answers-202",
    "second-upload-500",
    "token-in-the-address-accepted",
    "contact-not-a-mail-address",
    "delete-answers-202",
    "upload-not-kept",
    "patch-changes-metadata",
    "exam-subtypes-from-a-list",
    "delete-does-nothing",
    "upload-answers-201",
    "state-alone-refused",
    "temp-url-needs-token",
    "boundary-look-alike-cut",
    "sitting-needs-student",
    "untyped-metadata-500",
    "body-id-wins",
    "sequence-code-required",
    "unknown-association-changed",
)
PROVEN_IN_091 = (
    "scope-compared-loosely",
    "only-first-scope-read",
    "type-listed-twice",
    "other-method-400",
    "retention-in-years-only",
    "other-type-readable",
    "null-refused",
    "application-binary-refused",
    "change-ids-may-differ",
    "capitals-make-another-id",
    "enrolment-scope-told-404",
    "time-zone-offset-refused",
    "other-type-deletable",
    "charset-refused",
    "listed-codes-refused",
    "problem-without-title",
    "old-size-spelling-500",
    "sequence-code-preferred",
    "change-answers-202",
    "answer-outside-schema",
    "any-document-type",
    "person-without-mail",
    "disputed-scope-500-on-change",
    "only-first-consumer-read",
    "exam-subtypes-from-a-list",
    "required-metadata-not-checked",
    "patch-changes-metadata",
    "metadata-names-component-id",
    "component-id-works",
    "person-without-birth-date",
    "enrolment-without-dates",
    "first-publication-refused",
    "any-scope-ends-enrolments",
    "unknown-association-refused",
    "metadata-without-url",
    "unknown-association-changed",
    "notice-answers-202",
    "unknown-notice-succeeds",
    "types-without-scope-401",
    "any-okd-scope-looks-up",
    "allow-missing",
    "service-needs-token",
    "unknown-person-id-500",
    "body-id-wins",
    "delivered-as-web-page",
    "specific-scope-uploads-nothing",
    "repeat-makes-new-id",
    "registered-not-readable",
    "missing-metadata-accepted",
    "html-errors",
    "patch-keeps-old-content",
    "enrolment-not-expanded",
    "neither-accepted",
    "multipart-stored-raw",
    "no-okd-scope-accepted",
    "person-id-required",
    "empty-replacement-accepted",
    "search-by-prefix",
)


# okd-0.6


def _other_handler(behaviour: Behaviour, name: str, handler: Handler) -> None:
    behaviour.handlers = {**behaviour.handlers, name: handler}


@fault(
    "lock-without-id",
    breaks="OKD-FY-010",
    editions=OKD_06,
    says=Text(nl="Vergrendelen geeft geen lockId terug.", en="Locking returns no lockId."),
)
def _lock_without_id(behaviour: Behaviour) -> None:
    async def locked(call: Call) -> Answer:
        await dms.lock_document(call)
        return json_answer(behaviour.success_status(call), {"locked": True})

    _other_handler(behaviour, LOCK, locked)


@fault(
    "unlock-does-nothing",
    breaks="OKD-FY-010",
    editions=OKD_06,
    says=Text(
        nl="Een document blijft vergrendeld na het ontgrendelen.",
        en="A document stays locked after it was unlocked.",
    ),
)
def _unlock_nothing(behaviour: Behaviour) -> None:
    async def unlocked(call: Call) -> Answer:
        return dms.empty_success(call)

    _other_handler(behaviour, UNLOCK, unlocked)


@fault(
    "only-the-lock-option",
    breaks="OKD-FY-003",
    editions=OKD_06,
    says=Text(
        nl="Vervangen kan alleen na vergrendelen, met PUT; PATCH geeft 405.",
        en="Content can only be replaced after locking, with PUT; PATCH gives 405.",
    ),
)
def _only_lock_option(behaviour: Behaviour) -> None:
    async def refused(_call: Call) -> Answer:
        raise Refused("method_not_allowed", method="PATCH")

    _other_handler(behaviour, "replace", refused)


def _refuse_method(behaviour: Behaviour, method: str, place: str) -> None:
    """Answer 405 to a method on paths about something; other answers stay."""

    def check(call: Call) -> None:
        meanings = {p.meaning for p in call.operation.path_parameters}
        if call.operation.method == method and place in meanings:
            raise Refused("method_not_allowed", method=method)

    before(behaviour, "needs_token", check)


@fault(
    "put-on-a-sitting-refused",
    breaks="OKD-F02-001",
    editions=OKD_06,
    says=Text(
        nl="PUT bij een examenzitting geeft 405; de DMS kent alleen POST van een latere editie.",
        en="PUT on a sitting gives 405; the DMS only knows the POST of a later edition.",
    ),
)
def _put_on_sitting(behaviour: Behaviour) -> None:
    _refuse_method(behaviour, "PUT", "offering_id")


@fault(
    "put-on-an-enrolment-refused",
    breaks="OKD-F02-002",
    editions=OKD_06,
    says=Text(
        nl="PUT bij een inschrijving geeft 405; de DMS kent alleen POST van een latere editie.",
        en="PUT on an enrolment gives 405; the DMS only knows the POST of a later edition.",
    ),
)
def _put_on_enrolment(behaviour: Behaviour) -> None:
    _refuse_method(behaviour, "PUT", "association_id")


@fault(
    "put-replaces-the-document",
    breaks="OKD-F02-011",
    editions=OKD_06,
    says=Text(
        nl="Hetzelfde document opnieuw sturen geeft hetzelfde id; dat mag, en het rapport vermeldt het.",
        en="Sending the same document again gives the same id; that is allowed, and the report tells it.",
    ),
)
def _put_replaces(behaviour: Behaviour) -> None:
    def chosen(_call: Call, body: Body) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(body.get("component_document_id"))))

    behaviour.choose_document_id = chosen


@fault(
    "download-under-the-later-path",
    breaks="OKD-FX-001",
    editions=OKD_06,
    says=Text(
        nl="De inhoud staat niet op het pad van deze editie; dat pad geeft 404.",
        en="The content is not at the path of this edition; that path gives 404.",
    ),
)
def _later_path(behaviour: Behaviour) -> None:
    behaviour.path_of = lambda operation: (
        operation.path + "/content" if operation.kind == "read" else operation.path
    )


# okd-0.9.1


@fault(
    "vain-hint-refused",
    breaks="OKD-F12-006",
    roles=EXAMS,
    editions=OKD_091,
    says=Text(
        nl="Een onbekende zitting geeft een fout; in deze editie hoort het document dan bij de student.",
        en="An unknown sitting gives an error; in this edition the document then goes to the student.",
    ),
)
def _unknown_sitting(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body, _student: object) -> bool:
        named = body.get("exam_component_offering_id")
        return isinstance(named, str) and call.world.school.sitting(named) is None

    before(behaviour, "file_with_exam", refuse_if("unknown_sitting", unknown))


@fault(
    "first-publication-refused",
    breaks="OKD-F12-001",
    roles=EXAMS,
    editions=OKD_091,
    says=Text(
        nl="Een examendocument zonder verwijzing naar het examen wordt geweigerd.",
        en="An exam document without a reference to the exam is refused.",
    ),
)
def _exam_required(behaviour: Behaviour) -> None:
    before(
        behaviour,
        "check_registration",
        refuse_if("registration_invalid", lacks("exam_component_offering_id")),
    )


@fault(
    "one-spelling-of-the-size",
    breaks="OKD-REG-005",
    roles=MODULES,
    editions=OKD_091,
    says=Text(
        nl="De grootte wordt alleen gelezen als documentSize.", en="The size is only read as documentSize."
    ),
)
def _one_spelling(behaviour: Behaviour) -> None:
    def lacks_the_first(_call: Call, body: Body) -> bool:
        return field_names(body.schema, "document_size")[0] not in body.value

    before(behaviour, "check_registration", refuse_if("registration_invalid", lacks_the_first))


@fault(
    "dates-not-required",
    breaks="OKD-REG-002",
    roles=MODULES,
    editions=OKD_091,
    says=Text(
        nl="Een registratie zonder datums wordt aangenomen; die zijn in deze editie verplicht.",
        en="A registration without dates is accepted; they are required in this edition.",
    ),
)
def _dates_not_required(behaviour: Behaviour) -> None:
    known = behaviour.errors

    def lenient(schema: Schema, value: Any) -> list[str]:
        dates = (n for m in ("received_date", "registration_date") for n in field_names(schema, m))
        return known(schema, {**dict.fromkeys(dates, "2026-01-05"), **value})

    behaviour.errors = lenient
