"""Variants: differences that the standard allows, or doesn't speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import answering, around, finishing, instead
from okd_conformance.reference.faults.gen import throttle
from okd_conformance.reference.faults.registry import Change, variant, variants
from okd_conformance.reference.world import Behaviour, Call, Message, Picked, World
from okd_conformance.standard.fields import Body

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _every(change: Callable[[Reply], None]) -> Change:
    """Change every answer."""

    def finish(_call: Call, answer: Reply) -> Reply:
        change(answer)
        return answer

    return finishing(finish)


def _instead_of(known: int, status: int) -> Change:
    """Answer with another status wherever the reference answers with this one."""
    return lambda behaviour: answering(
        status, *(name for name, one in behaviour.situations.items() if one.status == known)
    )(behaviour)


@variant("extra-fields", _every)
def _extra_fields(answer: Reply) -> None:
    if answer.has_json:
        value = json.loads(answer.body)
        for item in value if isinstance(value, list) else [value]:
            item["x-extra"] = {"of": "our own"}
        answer.body = json.dumps(value, ensure_ascii=False).encode()


@variant("charset-parameter", _every)
def _charset_parameter(answer: Reply) -> None:
    if answer.has_json:
        answer.media_type = f"{answer.media_type}; charset=utf-8"


@variant("upper-case-uuids", _every)
def _upper_case_uuids(answer: Reply) -> None:
    if answer.has_json:
        answer.body = _UUID.sub(lambda found: found[0].upper(), answer.body)


@variant("chunked-answers", _every)
def _chunked_answers(answer: Reply) -> None:
    answer.chunked = True


@variant("latency")
def _latency(behaviour: Behaviour) -> None:
    behaviour.delay_s = 0.02


@variant("away-for-a-moment")
def _away_for_a_moment(behaviour: Behaviour) -> None:
    throttle(behaviour, {"Retry-After": "0"}, status=503, every=400)


@variant("extra-part-ignored", around("pick_parts"))
def _extra_part_ignored(inner: Callable[..., Picked], call: Call, message: Message) -> Picked:
    names = {spec.name for spec in call.operation.parts}
    known = [part for part in message.parts if part.name in names]
    whole = {part.name for part in known} == names
    return inner(call, Message(message.boundary, known) if whole else message)


@variant("file-first-refused", around("pick_parts"))
def _file_first_refused(inner: Callable[..., Picked], call: Call, message: Message) -> Picked:
    found = inner(call, message)
    if message.parts[0] is not found[0]:
        raise Refused("message_unreadable", why="the metadata must come first")
    return found


@variant("real-size-overrules", around("check_metadata"))
def _real_size_overrules(inner: Callable[..., None], call: Call, body: Body, _file: object) -> None:
    return inner(call, body, None)


@variant("own-id-is-the-dms-id", instead("choose_registration_id"))
def _own_id_is_the_dms_id(_call: Call, body: Body) -> str:
    return str(body.get("dms_document_id"))


@variant("one-address", instead("also_at"))
def _one_address(world: World, _operation: object) -> list[str]:
    return [world.edition.roles[role].path_prefix for role in world.roles]


variants(
    {
        "409-for-conflicts": answering(
            409, "students_differ", "enrolments_differ", "enrolment_of_other", "locked"
        ),
        "connection-close": _every(lambda answer: answer.headers.update({"connection": "close"})),
        "422-instead-of-400": _instead_of(400, 422),
        "400-instead-of-422": _instead_of(422, 400),
        "403-for-others-documents": answering(403, "not_yours"),
        "status-as-text": instead("problem_status")(str),
        "document-own-type": instead("delivered_type")(lambda _call, document, _documented: document.format),
        "throttles": lambda behaviour: throttle(behaviour, {"Retry-After": "0"}),
        "disputed-scopes-refused": instead("disputed_counts")(lambda *_: False),
        "disputed-scopes-accepted": instead("disputed_counts")(lambda *_: True),
    }
)
