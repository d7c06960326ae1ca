"""Faults of okd-0.6 and okd-0.9.1: their own, and the names of those of okd-1.5 that are proven there too."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from okd_conformance.base.text import Text
from okd_conformance.reference import dms
from okd_conformance.reference.answers import Refused, json_answer
from okd_conformance.reference.faults.change import Schema, before, lacks, refuse_if
from okd_conformance.reference.faults.registry import MODULES, fault
from okd_conformance.standard.fields import Body, field_names

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
    "range-500",
    "diploma-refused",
    "scope-ignored",
    "metadata-names-component-id",
    "unknown-sitting-refused",
    "untyped-file-refused",
    "existence-shown-without-token",
    "needs-all-scopes",
    "any-okd-scope-looks-up",
    "any-scope-ends-enrolments",
    "text-before-refused",
    "extra-part-500",
    "notice-scope-refused",
    "notice-by-own-id",
    "500-on-unknown-id",
    "other-media-type-400",
    "missing-metadata-accepted",
    "empty-file-500",
    "documents-gone-with-enrolment",
    "empty-replacement-accepted",
    "malformed-json-500",
    "same-id-for-every-upload",
    "disputed-scope-500-on-change",
    "other-type-replaceable",
    "other-multipart-accepted",
    "no-auth-enforced",
    "unknown-field-refused",
    "application-binary-refused",
    "challenge-missing",
    "charset-refused",
    "specific-scope-reads-nothing",
    "service-needs-token",
    "multipart-stored-raw",
    "delete-removes-siblings",
    "accented-filename-refused",
    "token-type-missing",
    "consumer-not-named",
    "change-ids-may-differ",
    "change-one-type-only",
    "any-token-accepted",
    "unknown-person-400",
    "delivered-as-web-page",
    "lock-ignored",
    "change-answers-202",
    "image-500",
    "notice-answers-202",
    "required-metadata-not-checked",
    "enrolment-not-expanded",
    "enrolment-scope-told-404",
    "second-delete-succeeds",
    "no-okd-scope-accepted",
    "truncated-message-kept",
    "one-bit-changed",
    "chunked-refused",
    "component-id-works",
    "signature-not-checked",
    "expired-token-accepted",
    "early-token-accepted",
    "temp-url-outlives-document",
    "replace-of-unknown-accepted",
    "any-okd-scope-uploads",
    "component-id-copied",
    "upload-there-later",
    "odd-boundary-refused",
    "padding-refused",
    "truncated-at-64k",
    "text-newlines-normalised",
    "subtype-from-a-list",
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
    "exam-reference-required",
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
    "employee-500",
    "broad-scope-refused-on-persons",
    "required-field-not-checked",
    "id-not-uuid",
    "student-number-preferred",
    "upload-answers-other-name",
    "delete-does-nothing",
    "student-number-required",
    "enrolment-without-sequence-code",
    "any-scope-notifies",
    "running-placement-required",
    "any-state-accepted",
    "first-part-wins",
    "no-auth-enforced",
    "stale-size",
    "other-registration-500",
    "notice-by-own-id",
    "metadata-size-wrong",
    "text-before-refused",
    "filename-path-kept",
    "500-on-unknown-id",
    "notice-scope-refused",
    "delete-removes-siblings",
    "metadata-not-json-accepted",
    "sequence-code-required",
    "any-token-accepted",
    "offering-hardly-checked",
    "both-student-ids-confuse",
    "diploma-refused",
    "temp-url-guessable",
    "specific-scope-reads-nothing",
    "other-types-registered",
    "unknown-person-400",
    "long-boundary-refused",
    "existence-shown-without-token",
    "any-part-name",
    "types-as-object",
    "no-match-404",
    "unknown-student-accepted",
    "pages-inconsistent",
    "state-alone-refused",
    "full-person-refused",
    "creation-date-without-time",
    "same-id-for-every-upload",
    "others-association-accepted",
    "dual-training-refused",
    "subtypes-without-description",
    "other-type-replaceable",
    "unknown-sitting-refused",
    "foreign-token-accepted",
    "other-media-type-400",
    "contact-not-a-mail-address",
    "open-end-date-refused",
    "truncated-message-kept",
    "image-500",
    "put-still-served",
    "file-name-wins",
    "missing-file-accepted",
    "second-delete-succeeds",
    "notice-scope-told-404",
    "unknown-association-at-person-level",
    "file-first-loses-metadata",
    "throttles-without-retry-after",
    "extra-part-500",
    "role-and-state-required",
    "one-bit-changed",
    "search-ignores-number",
    "own-scope-refused",
    "documents-gone-with-enrolment",
    "bare-person-refused",
    "replace-answers-202",
    "not-uuid-500",
    "second-upload-500",
    "singular-paths",
    "accented-filename-refused",
    "other-multipart-accepted",
    "all-students-listed",
    "multipart-registration-taken",
    "text-mangled",
    "sitting-needs-student",
    "untyped-metadata-500",
    "registration-answers-other-name",
    "malformed-json-500",
    "disputed-scope-500-on-persons",
    "sequence-code-as-number",
    "challenge-missing",
    "boundary-look-alike-cut",
    "needs-all-scopes",
    "token-in-the-address-accepted",
    "sequence-code-ignored",
    "reference-kept",
    "replace-one-type-only",
    "exam-code-required",
    "change-one-type-only",
    "chunked-refused",
    "token-type-missing",
    "wrong-types-accepted",
    "unknown-field-refused",
    "reserved-name-500",
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
