"""Variants: differences that the standard allows, or doesn't speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.gen import throttle
from okd_conformance.reference.faults.registry import variant
from okd_conformance.reference.world import Message, ReceivedPart

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _every_answer(behaviour: Behaviour, change: Callable[[Reply], None]) -> None:
    def finish(_call: Call, answer: Reply) -> Reply:
        change(answer)
        return answer

    behaviour.finish.append(finish)


def _statuses(behaviour: Behaviour, status: int, *situations: str) -> None:
    for situation in situations:
        behaviour.answer_with(situation, status)


def _answered_with(behaviour: Behaviour, status: int) -> list[str]:
    return [name for name, situation in behaviour.situations.items() if situation.status == status]


@variant("422-instead-of-400")
def _422_instead_of_400(behaviour: Behaviour) -> None:
    _statuses(behaviour, 422, *_answered_with(behaviour, 400))


@variant("400-instead-of-422")
def _400_instead_of_422(behaviour: Behaviour) -> None:
    _statuses(behaviour, 400, *_answered_with(behaviour, 422))


@variant("409-for-conflicts")
def _409_for_conflicts(behaviour: Behaviour) -> None:
    _statuses(behaviour, 409, "students_differ", "enrolments_differ", "enrolment_of_other", "locked")


@variant("403-for-others-documents")
def _403_for_others_documents(behaviour: Behaviour) -> None:
    _statuses(behaviour, 403, "not_yours")


@variant("status-as-text")
def _status_as_text(behaviour: Behaviour) -> None:
    behaviour.problem_status = str


@variant("extra-fields")
def _extra_fields(behaviour: Behaviour) -> None:
    def add(answer: Reply) -> None:
        if answer.has_json:
            value = json.loads(answer.body)
            for item in value if isinstance(value, list) else [value]:
                item["x-extra"] = {"of": "our own"}
            answer.body = json.dumps(value, ensure_ascii=False).encode()

    _every_answer(behaviour, add)


@variant("charset-parameter")
def _charset_parameter(behaviour: Behaviour) -> None:
    def add(answer: Reply) -> None:
        if answer.has_json:
            answer.media_type = f"{answer.media_type}; charset=utf-8"

    _every_answer(behaviour, add)


@variant("upper-case-uuids")
def _upper_case_uuids(behaviour: Behaviour) -> None:
    def raise_case(answer: Reply) -> None:
        if answer.has_json:
            answer.body = _UUID.sub(lambda found: found[0].upper(), answer.body)

    _every_answer(behaviour, raise_case)


@variant("document-own-type")
def _document_own_type(behaviour: Behaviour) -> None:
    behaviour.delivered_type = lambda _call, document, _documented: document.format


@variant("chunked-answers")
def _chunked_answers(behaviour: Behaviour) -> None:
    def chunk(answer: Reply) -> None:
        answer.chunked = True

    _every_answer(behaviour, chunk)


@variant("connection-close")
def _connection_close(behaviour: Behaviour) -> None:
    _every_answer(behaviour, lambda answer: answer.headers.update({"connection": "close"}))


@variant("latency")
def _latency(behaviour: Behaviour) -> None:
    behaviour.delay_s = 0.02


@variant("throttles")
def _throttles(behaviour: Behaviour) -> None:
    throttle(behaviour, {"Retry-After": "0"})


@variant("away-for-a-moment")
def _away_for_a_moment(behaviour: Behaviour) -> None:
    throttle(behaviour, {"Retry-After": "0"}, status=503, every=400)


@variant("disputed-scopes-refused")
def _disputed_scopes_refused(behaviour: Behaviour) -> None:
    behaviour.disputed_counts = lambda *_: False


@variant("disputed-scopes-accepted")
def _disputed_scopes_accepted(behaviour: Behaviour) -> None:
    behaviour.disputed_counts = lambda *_: True


@variant("extra-part-ignored")
def _extra_part_ignored(behaviour: Behaviour) -> None:
    inner = behaviour.pick_parts

    def pick_parts(call: Call, message: Message) -> tuple[ReceivedPart | None, ReceivedPart | None]:
        names = {spec.name for spec in call.operation.parts}
        known = [part for part in message.parts if part.name in names]
        whole = {part.name for part in known} == names
        return inner(call, Message(message.boundary, known) if whole else message)

    behaviour.pick_parts = pick_parts


@variant("file-first-refused")
def _file_first_refused(behaviour: Behaviour) -> None:
    inner = behaviour.pick_parts

    def pick_parts(call: Call, message: Message) -> tuple[ReceivedPart | None, ReceivedPart | None]:
        found = inner(call, message)
        if message.parts[0] is not found[0]:
            raise Refused("message_unreadable", why="the metadata must come first")
        return found

    behaviour.pick_parts = pick_parts


@variant("real-size-overrules")
def _real_size_overrules(behaviour: Behaviour) -> None:
    inner = behaviour.check_metadata
    behaviour.check_metadata = lambda call, body, _file: inner(call, body, None)


@variant("own-id-is-the-dms-id")
def _own_id_is_the_dms_id(behaviour: Behaviour) -> None:
    behaviour.choose_registration_id = lambda _call, body: str(body.get("dms_document_id"))


@variant("one-address")
def _one_address(behaviour: Behaviour) -> None:
    behaviour.also_at = lambda world, _operation: [
        world.edition.roles[role].path_prefix for role in world.roles
    ]
