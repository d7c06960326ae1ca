"""How an instance of the reference behaves: small steps and settings that a fault or a variant replaces."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from multipart import PushMultipartParser

from okd_conformance.reference import dms, downloads, intake, lookup, module, reports, rights, routes, tokens
from okd_conformance.reference.answers import Answer, Refused, Situation, json_answer, situations
from okd_conformance.reference.compose import compose
from okd_conformance.reference.school import Attempt, Enrolment, Exam, Person, Sitting
from okd_conformance.reference.storage import Document, Spool
from okd_conformance.standard.edition import Binding, Operation
from okd_conformance.standard.fields import Body, validator

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.world import Call, World

Claims = Mapping[str, Any]
Values = dict[str, Any]
Handler = Callable[["Call"], Awaitable[Answer]]


def schema_errors(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Say what is wrong with a value by its schema."""
    return [error.message for error in validator(schema).iter_errors(value)]


def problem(world: World, refused: Refused) -> Answer:
    """Turn a refusal into a problem document (RFC 9457), with the edition's names for its fields."""
    situation = world.behaviour.situations[refused.situation]
    values = {
        "problem_status": world.behaviour.problem_status(situation.status),
        "problem_title": situation.title,
        "problem_detail": situation.detail.format(**refused.values),
    }
    media_type = world.edition.media_types.get("problem", "application/problem+json")
    answer = json_answer(situation.status, compose(problem_schema(world, media_type), values), media_type)
    answer.headers.update({**dict(situation.headers), **refused.headers})
    return answer


def problem_schema(world: World, media_type: str) -> Mapping[str, Any]:
    """Return the edition's schema of a problem document; RFC 9457's when the edition has none."""
    for operation in world.edition.operations():
        for status, contents in operation.responses.items():
            if status >= 400 and contents.get(media_type):
                return contents[media_type]
    names = {"status": "problem_status", "title": "problem_title", "detail": "problem_detail"}
    return {"properties": {name: {"x-okd-meaning": meaning} for name, meaning in names.items()}}


def handlers() -> dict[str, Handler]:
    """Return what serves each operation, by its name or else by its kind."""
    return {
        "upload": dms.upload,
        "read": dms.read,
        "metadata": dms.metadata,
        "replace": dms.replace,
        "delete": dms.delete,
        "change": dms.change_association,
        "lock_document": dms.lock_document,
        "unlock_document": dms.unlock_document,
        "replace_by_put": dms.replace_locked,
        "register": module.register,
        "notify_destroyed": module.notify_destroyed,
        "service": lookup.service,
        "read_document_types": lookup.document_types,
        "send_report": reports.send_report,
        "read_report": reports.read_report,
        "read_person": lookup.person,
        "find_persons": lookup.persons,
        "read_person_associations": lookup.person_associations,
        "read_association": lookup.association,
    }


@dataclass
class Behaviour:
    """The steps and settings of one instance; every callable may be replaced."""

    situations: dict[str, Situation] = field(default_factory=lambda: dict(situations()))
    handlers: dict[str, Handler] = field(default_factory=handlers)
    problem: Callable[[World, Refused], Answer] = problem
    problem_status: Callable[[int], int | str] = lambda status: status
    success_status: Callable[[Call], int] = dms.success_status
    also_at: Callable[[World, Operation], list[str]] = lambda _world, _operation: []
    path_of: Callable[[Operation], str] = routes.path_of
    method_of: Callable[[Request], str] = routes.method_of
    path_ids: Callable[[Operation, Mapping[str, str]], dict[str, str]] = routes.path_ids
    token_answer: Callable[[Values], Values] = lambda granted: granted
    finish: list[Callable[[Call, Answer], Answer]] = field(default_factory=list)
    delay_s: float = 0.0
    link_lifetime_s: float = downloads.LIFETIME_S

    # who calls, and what they may do
    needs_token: Callable[[Call], bool] = rights.needs_token
    authenticate: Callable[[Call], tokens.Caller] = rights.authenticate
    accept_token: Callable[[Call, str], tokens.Caller] = rights.accept_token
    signed_claims: Callable[[World, str], Claims] = tokens.signed_claims
    token_checks: dict[str, Callable[[World, Claims], None]] = field(
        default_factory=lambda: {
            "times": tokens.check_times,
            "audience": tokens.check_audience,
            "issuer": tokens.check_issuer,
        }
    )
    caller_of: Callable[[World, Claims], tokens.Caller] = tokens.caller_of
    check_operation_rights: Callable[[Call], None] = rights.check_operation_rights
    check_type_rights: Callable[[Call, str | None], None] = rights.check_type_rights
    scope_suffices: Callable[[Call, Binding], bool] = rights.scope_suffices
    scope_counts: Callable[[Call, Binding, str], bool] = rights.scope_counts
    disputed_counts: Callable[[Call, Binding, str], bool] = rights.disputed_counts
    may_use: Callable[[Call, Document], bool] = rights.may_use

    # reading what is sent
    errors: Callable[[Mapping[str, Any], Any], list[str]] = schema_errors
    receive_message: Callable[[Call], Awaitable[intake.Message]] = intake.receive_message
    message_filter: Callable[[bytes], intake.MessageFilter] = intake.DelimiterPadding
    end_message: Callable[[PushMultipartParser], None] = intake.end_message
    boundary_of: Callable[[Call], bytes] = intake.boundary_of
    document_limit: Callable[[Call], int] = intake.document_limit
    pick_parts: Callable[[Call, intake.Message], tuple[intake.Part | None, intake.Part | None]] = (
        intake.pick_parts
    )
    check_file_part: Callable[[Call, intake.Part], None] = intake.check_file_part
    parse_object: Callable[[bytes], Values] = intake.parse_object
    check_json_type: Callable[[Call], None] = intake.check_json_type
    check_binary_type: Callable[[Call], None] = intake.check_binary_type

    # the DMS
    read_metadata: Callable[[Call, intake.Part | None], Values] = dms.read_metadata
    check_metadata: Callable[[Call, Body, intake.Part | None], None] = dms.check_metadata
    make_document: Callable[[Call, Body, intake.Part | None], Document] = dms.make_document
    choose_document_id: Callable[[Call, Body], str] = dms.choose_document_id
    store: Callable[[Call, Document, Spool, intake.Message], None] = dms.store_document
    upload_answer: Callable[[Call, Document, Body], Answer] = dms.upload_answer
    make_document_link: Callable[[Call, Document], str] = dms.make_document_link
    find_document: Callable[[Call], Document] = dms.find_document
    whole_document: Callable[[Call, Document], Values] = dms.whole_document
    deliver: Callable[[Call, Document], Answer] = dms.deliver
    delivered_type: Callable[[Call, Document, str], str] = dms.delivered_type
    describe: Callable[[Call, Document], Values] = dms.describe
    make_download_url: Callable[[Call, Document], str] = downloads.make_download_url
    deliver_download: Callable[[World, Request, Document], Answer] = downloads.deliver_download
    refuse_empty: Callable[[Call], None] = dms.refuse_empty
    refuse_locked: Callable[[Call, Document], None] = dms.refuse_locked
    check_lock: Callable[[Call, Document, str | None], None] = dms.check_lock
    replace_content: Callable[[Call, Document, Spool], None] = dms.replace_content
    remove: Callable[[Call, Document], None] = dms.remove
    check_change: Callable[[Call, Body], None] = dms.check_change
    check_change_ids: Callable[[Call, Body], None] = dms.check_path_id
    refuse_unknown_association: Callable[[Call], None] = dms.refuse_unknown_association

    # the modules
    read_registration: Callable[[Call, Body], Body] = module.read_registration
    check_registration: Callable[[Call, Body], None] = module.check_registration
    refuse_other_type: Callable[[Call, Body], None] = module.refuse_other_type
    file_registration: Callable[[Call, Body], module.Filing] = module.file_registration
    find_student: Callable[[Call, Body], Person | None] = module.find_student
    student_not_found: Callable[[Call, Body], Person | None] = module.student_not_found
    students_differ: Callable[[Call, Body, Person], Person | None] = module.students_differ
    find_enrolment: Callable[[Call, Body, Person], Enrolment | None] = module.find_enrolment
    enrolment_not_found: Callable[[Call, Body, Person], Enrolment | None] = module.enrolment_not_found
    enrolment_of_other: Callable[[Call, Body, Enrolment], Enrolment | None] = module.enrolment_of_other
    enrolments_differ: Callable[[Call, Body, Enrolment], Enrolment | None] = module.enrolments_differ
    file_without_student: Callable[[Call, Body], module.Filing] = module.file_without_student
    file_with_person: Callable[[Call, Person], module.Filing] = module.file_with_person
    file_with_exam: Callable[[Call, Body, Person | None], module.Filing | None] = module.file_with_exam
    file_with_sitting: Callable[[Call, Body, Sitting, Person | None], module.Filing | None] = (
        module.file_with_sitting
    )
    file_with_attempt: Callable[[Call, Body, Exam, Person | None], module.Filing | None] = (
        module.file_with_attempt
    )
    student_not_in_sitting: Callable[[Call, Sitting, Person], module.Filing | None] = (
        module.student_not_in_sitting
    )
    sitting_not_found: Callable[[Call, Body, Person | None], module.Filing | None] = module.sitting_not_found
    exam_not_found: Callable[[Call, Body, Person | None], module.Filing | None] = module.exam_not_found
    choose_attempt: Callable[[Exam, Any], Attempt] = module.choose_attempt
    register: Callable[[Call, Body, module.Filing], Answer] = module.register_document
    choose_registration_id: Callable[[Call, Body], str] = module.choose_registration_id
    forget_registration: Callable[[Call], bool] = module.forget_registration
    refuse_unknown_notice: Callable[[Call], None] = module.refuse_unknown_notice

    # looking up
    describe_service: Callable[[Call], Values] = lookup.describe_service
    list_types: Callable[[Call], list[Values]] = lookup.list_types
    describe_person: Callable[[Call, Person], Values] = lookup.describe_person
    search_persons: Callable[[Call, str | None], list[Person]] = lookup.search_persons
    query_missing: Callable[[Call, str], None] = intake.query_missing
    page: Callable[[Values, Sequence[Values]], Values] = lookup.page
    list_enrolments: Callable[[Call, Person], list[Enrolment]] = lookup.list_enrolments
    describe_listed_enrolment: Callable[[Call, Enrolment], Values] = lookup.describe_listed_enrolment
    describe_enrolment: Callable[[Call, Enrolment], Values] = lookup.describe_enrolment

    # the reports of sittings
    check_report: Callable[[Call, Body], None] = reports.check_report
    merge_report: Callable[[Values, Values], Values] = reports.merge_report
    read_offering: Callable[[Call, Values], Values] = reports.read_offering
    paper: Callable[[World, Values], bytes] = reports.paper
    paper_url: Callable[[str], str] = lambda url: url

    def answer_with(self, situation: str, status: int) -> None:
        """Let a refusal have another status."""
        self.situations[situation] = dataclasses.replace(self.situations[situation], status=status)
