"""How an instance of the reference behaves when no fault or variant changes it: every step, put together."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

from okd_conformance.reference import (
    dms,
    downloads,
    hooks,
    intake,
    lookup,
    module,
    reports,
    rights,
    routes,
    tokens,
)
from okd_conformance.reference.answers import Refused, Reply, json_answer, situations
from okd_conformance.reference.compose import compose
from okd_conformance.reference.world import Behaviour, Handler, World
from okd_conformance.standard.fields import validator
from okd_conformance.standard.operation import Operation


def schema_errors(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Say what is wrong with a value by its schema."""
    return [error.message for error in validator(schema).iter_errors(value)]


def problem(world: World, refused: Refused) -> Reply:
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


@functools.cache
def refusal(situation: str) -> Callable[..., Any]:
    """Return a step that refuses in this situation, whatever it is asked."""

    def refuse(*_: object) -> Any:
        raise Refused(situation)

    return refuse


def as_it_is(value: Any) -> Any:
    """Change nothing."""
    return value


def nowhere_else(_world: World, _operation: Operation) -> list[str]:
    """Serve an operation under its own path only."""
    return []


def documented_behaviour() -> Behaviour:
    """Return the steps and settings of an instance that does what the edition says."""
    return Behaviour(
        situations=dict(situations()),
        handlers=handlers(),
        problem=problem,
        problem_status=as_it_is,
        success_status=dms.success_status,
        also_at=nowhere_else,
        path_of=routes.path_of,
        method_of=routes.method_of,
        path_ids=routes.path_ids,
        token_answer=as_it_is,
        clock=time.time,
        link_lifetime_s=downloads.LIFETIME_S,
        # who calls, and what they may do
        needs_token=rights.needs_token,
        authenticate=rights.authenticate,
        accept_token=rights.accept_token,
        signed_claims=tokens.signed_claims,
        token_checks={
            "times": tokens.check_times,
            "audience": tokens.check_audience,
            "issuer": tokens.check_issuer,
        },
        caller_of=tokens.caller_of,
        check_operation_rights=rights.check_operation_rights,
        check_type_rights=rights.check_type_rights,
        scope_suffices=rights.scope_suffices,
        scope_counts=rights.scope_counts,
        disputed_counts=rights.disputed_counts,
        may_use=rights.may_use,
        # reading what is sent
        errors=schema_errors,
        receive_message=intake.receive_message,
        message_filter=intake.DelimiterPadding,
        end_message=intake.end_message,
        boundary_of=intake.boundary_of,
        document_limit=intake.document_limit,
        pick_parts=intake.pick_parts,
        check_file_part=intake.check_file_part,
        parse_object=intake.parse_object,
        check_json_type=intake.check_json_type,
        check_binary_type=intake.check_binary_type,
        # the DMS
        read_metadata=dms.read_metadata,
        check_metadata=dms.check_metadata,
        make_document=dms.make_document,
        choose_document_id=dms.choose_document_id,
        store=dms.store_document,
        upload_answer=dms.upload_answer,
        make_document_link=dms.make_document_link,
        find_document=dms.find_document,
        whole_document=dms.whole_document,
        deliver=dms.deliver,
        delivered_type=dms.delivered_type,
        describe=dms.describe,
        make_download_url=downloads.make_download_url,
        deliver_download=downloads.deliver_download,
        refuse_empty=refusal("empty_body"),
        refuse_locked=refusal("locked"),
        check_lock=dms.check_lock,
        replace_content=dms.replace_content,
        remove=dms.remove,
        destroy=hooks.destroy_document,
        check_change=dms.check_change,
        check_change_ids=dms.check_path_id,
        refuse_unknown_association=refusal("unknown_association"),
        # the modules
        read_registration=module.read_registration,
        check_registration=module.check_registration,
        refuse_other_type=refusal("other_document_type"),
        file_registration=module.file_registration,
        find_student=module.find_student,
        student_not_found=refusal("unknown_student"),
        students_differ=refusal("students_differ"),
        find_enrolment=module.find_enrolment,
        enrolment_not_found=refusal("unknown_enrolment"),
        enrolment_of_other=refusal("enrolment_of_other"),
        enrolments_differ=refusal("enrolments_differ"),
        file_without_student=refusal("student_missing"),
        file_with_person=module.file_with_person,
        file_with_exam=module.file_with_exam,
        file_with_sitting=module.file_with_sitting,
        file_with_attempt=module.file_with_attempt,
        student_not_in_sitting=refusal("not_in_sitting"),
        sitting_not_found=refusal("unknown_sitting"),
        exam_not_found=refusal("unknown_exam"),
        choose_attempt=module.choose_attempt,
        register=module.register_document,
        choose_registration_id=module.choose_registration_id,
        forget_registration=module.forget_registration,
        refuse_unknown_notice=refusal("unknown_document"),
        # looking up
        describe_service=lookup.describe_service,
        list_types=lookup.list_types,
        describe_person=lookup.describe_person,
        search_persons=lookup.search_persons,
        query_missing=intake.query_missing,
        page=lookup.page,
        list_enrolments=lookup.list_enrolments,
        describe_listed_enrolment=lookup.describe_listed_enrolment,
        describe_enrolment=lookup.describe_enrolment,
        # the reports of sittings
        check_report=reports.check_report,
        merge_report=reports.merge_report,
        read_offering=reports.read_offering,
        paper=reports.paper,
        paper_url=as_it_is,
    )
