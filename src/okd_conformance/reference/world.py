"""What the steps of the reference share: what a request meets, and the types of every step.

The steps themselves are put together in ``behaviour.py``; this module knows none of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from okd_conformance.reference.answers import Refused, Reply, Situation
from okd_conformance.reference.issuer import Granting, Issuer
from okd_conformance.reference.school import Attempt, Enrolment, Exam, Person, School, Sitting
from okd_conformance.reference.storage import Spool, Store, StoredDocument
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.fields import Body, allowed_values
from okd_conformance.standard.operation import Binding, Operation

if TYPE_CHECKING:
    from multipart import PushMultipartParser
    from starlette.requests import Request

Claims = Mapping[str, Any]
Values = dict[str, Any]
Handler = Callable[["Call"], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the token says; ``component`` is the calling system."""

    client_id: str
    component: str
    scopes: frozenset[str]
    claims: Mapping[str, Any] = field(default_factory=dict, compare=False)


ANONYMOUS = Caller("", "", frozenset())


@dataclass(slots=True)
class ReceivedPart:
    """One part of a message."""

    name: str
    filename: str | None
    content_type: str | None
    charset: str | None
    spool: Spool
    length: str | None = None
    """The Content-Length that the part itself names."""


Picked = tuple[ReceivedPart | None, ReceivedPart | None]
"""The metadata and the file of a message; what it lacks is None where that is let through."""


@dataclass(slots=True)
class Message:
    """A multipart message, read to its end."""

    boundary: bytes
    parts: list[ReceivedPart] = field(default_factory=list)

    def discard(self) -> None:
        """Forget the bytes that nobody kept."""
        for part in self.parts:
            part.spool.discard()


class MessageFilter(Protocol):
    """What a multipart message passes through on its way to the parser."""

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk of the message and return the bytes that may go on."""
        ...

    def rest(self) -> bytes:
        """Return what was held back, at the end of the message."""
        ...


@dataclass(frozen=True, slots=True)
class Filing:
    """Where a registered document belongs; ids are None where they don't apply."""

    level: str
    person_id: str | None = None
    association_id: str | None = None
    offering_id: str | None = None
    attempt: int | None = None


@dataclass(kw_only=True)
class Behaviour:
    """The steps and settings of one instance; a fault or a variant replaces some of them."""

    situations: dict[str, Situation]
    handlers: dict[str, Handler]
    problem: Callable[[World, Refused], Reply]
    problem_status: Callable[[int], int | str]
    success_status: Callable[[Call], int]
    also_at: Callable[[World, Operation], list[str]]
    path_of: Callable[[Operation], str]
    method_of: Callable[[Request], str]
    path_ids: Callable[[Operation, Mapping[str, str]], dict[str, str]]
    token_answer: Callable[[Values], Values]
    granting: Granting = field(default_factory=Granting)
    clock: Callable[[], float]
    finish: list[Callable[[Call, Reply], Reply]] = field(default_factory=list)
    delay_s: float = 0.0
    link_lifetime_s: float

    # who calls, and what they may do
    needs_token: Callable[[Call], bool]
    authenticate: Callable[[Call], Caller]
    accept_token: Callable[[Call, str], Caller]
    signed_claims: Callable[[World, str], Claims]
    token_checks: dict[str, Callable[[World, Claims], None]]
    caller_of: Callable[[World, Claims], Caller]
    check_operation_rights: Callable[[Call], None]
    check_type_rights: Callable[[Call, str | None], None]
    scope_suffices: Callable[[Call, Binding], bool]
    scope_counts: Callable[[Call, Binding, str], bool]
    disputed_counts: Callable[[Call, Binding, str], bool]
    may_use: Callable[[Call, StoredDocument], bool]

    # reading what is sent
    errors: Callable[[Mapping[str, Any], Any], list[str]]
    receive_message: Callable[[Call], Awaitable[Message]]
    message_filter: Callable[[bytes], MessageFilter]
    end_message: Callable[[PushMultipartParser], None]
    boundary_of: Callable[[Call], bytes]
    document_limit: Callable[[Call], int]
    pick_parts: Callable[[Call, Message], Picked]
    check_file_part: Callable[[Call, ReceivedPart], None]
    parse_object: Callable[[bytes], Values]
    check_json_type: Callable[[Call], None]
    check_binary_type: Callable[[Call], None]

    # the DMS
    read_metadata: Callable[[Call, ReceivedPart | None], Values]
    check_metadata: Callable[[Call, Body, ReceivedPart | None], None]
    make_document: Callable[[Call, Body, ReceivedPart | None], StoredDocument]
    choose_document_id: Callable[[Call, Body], str]
    store: Callable[[Call, StoredDocument, Spool, Message], None]
    upload_answer: Callable[[Call, StoredDocument, Body], Reply]
    make_document_link: Callable[[Call, StoredDocument], str]
    find_document: Callable[[Call], StoredDocument]
    whole_document: Callable[[Call, StoredDocument], Values]
    deliver: Callable[[Call, StoredDocument], Reply]
    delivered_type: Callable[[Call, StoredDocument, str], str]
    describe: Callable[[Call, StoredDocument], Values]
    make_download_url: Callable[[Call, StoredDocument], str]
    deliver_download: Callable[[World, Request, StoredDocument], Reply]
    refuse_empty: Callable[[Call], None]
    refuse_locked: Callable[[Call, StoredDocument], None]
    check_lock: Callable[[Call, StoredDocument, str | None], None]
    replace_content: Callable[[Call, StoredDocument, Spool], None]
    remove: Callable[[Call, StoredDocument], None]
    destroy: Callable[[World, str, StoredDocument], None]
    check_change: Callable[[Call, Body], None]
    check_change_ids: Callable[[Call, Body], None]
    refuse_unknown_association: Callable[[Call], None]

    # the modules
    read_registration: Callable[[Call, Body], Body]
    check_registration: Callable[[Call, Body], None]
    refuse_other_type: Callable[[Call, Body], None]
    file_registration: Callable[[Call, Body], Filing]
    find_student: Callable[[Call, Body], Person | None]
    student_not_found: Callable[[Call, Body], Person | None]
    students_differ: Callable[[Call, Body, Person], Person | None]
    find_enrolment: Callable[[Call, Body, Person], Enrolment | None]
    enrolment_not_found: Callable[[Call, Body, Person], Enrolment | None]
    enrolment_of_other: Callable[[Call, Body, Enrolment], Enrolment | None]
    enrolments_differ: Callable[[Call, Body, Enrolment], Enrolment | None]
    file_without_student: Callable[[Call, Body], Filing]
    file_with_person: Callable[[Call, Person], Filing]
    file_with_exam: Callable[[Call, Body, Person | None], Filing | None]
    file_with_sitting: Callable[[Call, Body, Sitting, Person | None], Filing | None]
    file_with_attempt: Callable[[Call, Body, Exam, Person | None], Filing | None]
    student_not_in_sitting: Callable[[Call, Sitting, Person], Filing | None]
    sitting_not_found: Callable[[Call, Body, Person | None], Filing | None]
    exam_not_found: Callable[[Call, Body, Person | None], Filing | None]
    choose_attempt: Callable[[Exam, Any], Attempt]
    register: Callable[[Call, Body, Filing], Reply]
    choose_registration_id: Callable[[Call, Body], str]
    forget_registration: Callable[[Call], bool]
    refuse_unknown_notice: Callable[[Call], None]

    # looking up
    describe_service: Callable[[Call], Values]
    list_types: Callable[[Call], list[Values]]
    describe_person: Callable[[Call, Person], Values]
    search_persons: Callable[[Call, str | None], list[Person]]
    query_missing: Callable[[Call, str], None]
    page: Callable[[Values, Sequence[Values]], Values]
    list_enrolments: Callable[[Call, Person], list[Enrolment]]
    describe_listed_enrolment: Callable[[Call, Enrolment], Values]
    describe_enrolment: Callable[[Call, Enrolment], Values]

    # the reports of sittings
    check_report: Callable[[Call, Body], None]
    merge_report: Callable[[Values, Values], Values]
    read_offering: Callable[[Call, Values], Values]
    paper: Callable[[World, Values], bytes]
    paper_url: Callable[[str], str]

    def answer_with(self, situation: str, status: int) -> None:
        """Let a refusal have another status."""
        self.situations[situation] = dataclasses.replace(self.situations[situation], status=status)


@dataclass(slots=True)
class World:
    """Everything that the requests to one instance share."""

    edition: Edition
    roles: tuple[str, ...]
    behaviour: Behaviour
    school: School
    store: Store
    issuer: Issuer
    base_url: str

    def consumer_key(self) -> str | None:
        """Return the key under which the edition's own fields stand among the consumers."""
        schemas = (o.body_schema for o in self.edition.operations())
        found = (key for schema in schemas if schema for key in allowed_values(schema, "consumer_key"))
        return next(found, None)


@dataclass(slots=True)
class Call:
    """One request for one operation; ``ids`` are the path's values by meaning, in lower case."""

    world: World
    request: Request
    operation: Operation
    ids: Mapping[str, str]
    caller: Caller = ANONYMOUS

    @property
    def role(self) -> str:
        """The role that serves this request."""
        return self.operation.role

    @property
    def behaviour(self) -> Behaviour:
        """How this instance behaves."""
        return self.world.behaviour
