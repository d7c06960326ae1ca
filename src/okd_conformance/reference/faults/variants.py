"""Variants: differences that the standard allows, or doesn't speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from okd_conformance.base.text import Text
from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.faults.gen import throttle
from okd_conformance.reference.faults.registry import variant
from okd_conformance.reference.intake import Message, Part

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour
    from okd_conformance.reference.world import Call

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _every_answer(behaviour: Behaviour, change: Callable[[Answer], None]) -> None:
    def finish(_call: Call, answer: Answer) -> Answer:
        change(answer)
        return answer

    behaviour.finish.append(finish)


def _statuses(behaviour: Behaviour, status: int, *situations: str) -> None:
    for situation in situations:
        behaviour.answer_with(situation, status)


def _answered_with(behaviour: Behaviour, status: int) -> list[str]:
    return [name for name, situation in behaviour.situations.items() if situation.status == status]


@variant(
    "422-instead-of-400",
    says=Text(nl="422 waar de referentie 400 geeft.", en="422 wherever the reference answers 400."),
)
def _422_instead_of_400(behaviour: Behaviour) -> None:
    _statuses(behaviour, 422, *_answered_with(behaviour, 400))


@variant(
    "400-instead-of-422",
    says=Text(nl="400 waar de referentie 422 geeft.", en="400 wherever the reference answers 422."),
)
def _400_instead_of_422(behaviour: Behaviour) -> None:
    _statuses(behaviour, 400, *_answered_with(behaviour, 422))


@variant(
    "409-for-conflicts",
    says=Text(
        nl="409 bij gegevens die elkaar tegenspreken en bij een document dat op slot zit.",
        en="409 for data that contradict each other and for a locked document.",
    ),
)
def _409_for_conflicts(behaviour: Behaviour) -> None:
    _statuses(behaviour, 409, "students_differ", "enrolments_differ", "enrolment_of_other", "locked")


@variant(
    "403-for-others-documents",
    says=Text(
        nl="403 in plaats van 404 bij een document van een andere module.",
        en="403 instead of 404 for a document of another module.",
    ),
)
def _403_for_others_documents(behaviour: Behaviour) -> None:
    _statuses(behaviour, 403, "not_yours")


@variant(
    "status-as-text",
    says=Text(
        nl="De status in een foutmelding is tekst, zoals het schema van de standaard zegt.",
        en="The status in a problem document is text, as the schema of the standard says.",
    ),
)
def _status_as_text(behaviour: Behaviour) -> None:
    behaviour.problem_status = str


@variant(
    "extra-fields",
    says=Text(nl="Antwoorden bevatten een extra veld.", en="Answers hold an extra field."),
)
def _extra_fields(behaviour: Behaviour) -> None:
    def add(answer: Answer) -> None:
        if answer.has_json:
            value = json.loads(answer.body)
            for item in value if isinstance(value, list) else [value]:
                item["x-extra"] = {"of": "our own"}
            answer.body = json.dumps(value, ensure_ascii=False).encode()

    _every_answer(behaviour, add)


@variant(
    "charset-parameter",
    says=Text(
        nl="JSON-antwoorden noemen hun tekenset in het type.",
        en="JSON answers name their character set in the type.",
    ),
)
def _charset_parameter(behaviour: Behaviour) -> None:
    def add(answer: Answer) -> None:
        if answer.has_json:
            answer.media_type = f"{answer.media_type}; charset=utf-8"

    _every_answer(behaviour, add)


@variant(
    "upper-case-uuids",
    says=Text(nl="UUID's in antwoorden staan in hoofdletters.", en="UUIDs in answers are in capitals."),
    not_in=["oke-2022.07"],  # where they stand in free text and in addresses
)
def _upper_case_uuids(behaviour: Behaviour) -> None:
    def raise_case(answer: Answer) -> None:
        if answer.has_json:
            answer.body = _UUID.sub(lambda found: found[0].upper(), answer.body)

    _every_answer(behaviour, raise_case)


@variant(
    "document-own-type",
    says=Text(
        nl="Een document komt terug met zijn eigen type.", en="A document comes back with its own type."
    ),
)
def _document_own_type(behaviour: Behaviour) -> None:
    behaviour.delivered_type = lambda _call, document, _documented: document.format


@variant(
    "chunked-answers",
    says=Text(
        nl="Antwoorden komen in stukken, zonder Content-Length.",
        en="Answers come in chunks, without Content-Length.",
    ),
)
def _chunked_answers(behaviour: Behaviour) -> None:
    def chunk(answer: Answer) -> None:
        answer.chunked = True

    _every_answer(behaviour, chunk)


@variant(
    "connection-close",
    says=Text(
        nl="Na elk antwoord gaat de verbinding dicht.", en="After each answer the connection is closed."
    ),
)
def _connection_close(behaviour: Behaviour) -> None:
    _every_answer(behaviour, lambda answer: answer.headers.update({"connection": "close"}))


@variant("latency", says=Text(nl="Elk antwoord duurt even.", en="Every answer takes a moment."))
def _latency(behaviour: Behaviour) -> None:
    behaviour.delay_s = 0.02


@variant(
    "throttles",
    says=Text(nl="Nu en dan een 429, met Retry-After.", en="Now and then a 429, with Retry-After."),
)
def _throttles(behaviour: Behaviour) -> None:
    throttle(behaviour, {"Retry-After": "0"})


@variant(
    "disputed-scopes-refused",
    says=Text(
        nl="Een scope waarover de bronnen het oneens zijn, is nergens genoeg.",
        en="A scope that the sources disagree about is enough nowhere.",
    ),
)
def _disputed_scopes_refused(behaviour: Behaviour) -> None:
    behaviour.disputed_counts = lambda *_: False


@variant(
    "disputed-scopes-accepted",
    says=Text(
        nl="Een scope waarover de bronnen het oneens zijn, is overal genoeg.",
        en="A scope that the sources disagree about is enough everywhere.",
    ),
)
def _disputed_scopes_accepted(behaviour: Behaviour) -> None:
    behaviour.disputed_counts = lambda *_: True


@variant(
    "extra-part-ignored",
    says=Text(
        nl="Een onbekend extra deel in een bericht wordt overgeslagen.",
        en="An unknown extra part of a message is passed over.",
    ),
)
def _extra_part_ignored(behaviour: Behaviour) -> None:
    inner = behaviour.pick_parts

    def pick_parts(call: Call, message: Message) -> tuple[Part | None, Part | None]:
        names = {spec.name for spec in call.operation.parts}
        known = [part for part in message.parts if part.name in names]
        whole = {part.name for part in known} == names
        return inner(call, Message(message.boundary, known) if whole else message)

    behaviour.pick_parts = pick_parts


@variant(
    "file-first-refused",
    says=Text(
        nl="Een bericht met het bestand vooraan wordt geweigerd.",
        en="A message with the file first is refused.",
    ),
)
def _file_first_refused(behaviour: Behaviour) -> None:
    inner = behaviour.pick_parts

    def pick_parts(call: Call, message: Message) -> tuple[Part | None, Part | None]:
        found = inner(call, message)
        if message.parts[0] is not found[0]:
            raise Refused("message_unreadable", why="the metadata must come first")
        return found

    behaviour.pick_parts = pick_parts


@variant(
    "real-size-overrules",
    says=Text(
        nl="Een opgegeven grootte die niet klopt, wordt vervangen door de echte.",
        en="A given size that is wrong is replaced by the real one.",
    ),
)
def _real_size_overrules(behaviour: Behaviour) -> None:
    inner = behaviour.check_metadata
    behaviour.check_metadata = lambda call, body, _file: inner(call, body, None)


@variant(
    "own-id-is-the-dms-id",
    says=Text(
        nl="Een module gebruikt het id van het DMS ook als haar eigen id.",
        en="A module uses the id of the DMS as its own id too.",
    ),
)
def _own_id_is_the_dms_id(behaviour: Behaviour) -> None:
    behaviour.choose_registration_id = lambda _call, body: str(body.get("dms_document_id"))


@variant(
    "one-address",
    says=Text(
        nl="Elke rol is ook te bereiken op het adres van de andere rollen.",
        en="Every role can be reached at the address of the other roles too.",
    ),
)
def _one_address(behaviour: Behaviour) -> None:
    behaviour.also_at = lambda world, _operation: [
        world.edition.roles[role].path_prefix for role in world.roles
    ]
