"""Hooks: what a test can ask the reference to show or to do, apart from the standard.

Each is a POST of a JSON object to ``/hooks/<name>``, answered by a JSON object.

``show_filing``
    ``{"role": …, "document_id": …}`` (the DMS's id, or the component's own) gives ``{"level": …,
    "document_id": …, "person_id": …, "association_id": …, "offering_id": …, "attempt": …,
    "documents": n}``. ``level`` is person, enrolment, sitting or result, or none when the role doesn't hold
    the document. ``document_id`` is the DMS's id of what was found. ``documents`` is how many the role holds
    altogether; ``document_id`` may be left out of the question to ask only that.
    ``{"role": …, "offering_id": …}`` gives ``{"offering": {…}}``: a sitting with its report, as the edition
    writes it.
``lock``
    ``{"role": …, "document_id": …, "locked": true}`` locks a document, or unlocks it; gives ``{}``.
``destroy``
    ``{"role": "dms", "document_id": …}`` destroys a document as at the end of its retention; gives ``{}``.
``register``
    ``{"role": "dms", "component": …, "content_base64": …}`` makes the DMS hold a document of its own that it
    has registered with that component; gives ``{"document_id": …}``. ``document_type`` and ``document_name``
    may be given too. For a module, ``{"role": …, "document_id": …}`` makes a document of the DMS known to it,
    in an edition that has no operation for that. ``{"role": …, "offering_id": …, "report": {…}}`` makes the
    report of a sitting known to a test delivery, as the edition writes it.

A request that can't be carried out gives ``{"error": …}`` with status 400 or 404.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from okd_conformance.reference import reports
from okd_conformance.reference.answers import Refused, Reply, json_answer
from okd_conformance.reference.dms import UNNAMED_TYPE
from okd_conformance.reference.module import KIND
from okd_conformance.reference.rights import UPLOAD
from okd_conformance.reference.storage import StoredDocument

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.world import World

PATH = "/hooks/"
_LIMIT = 20_000_000
_JSON = "application/json"
_PLACES = ("person_id", "association_id", "offering_id")
Given = Mapping[str, Any]


class BadHookError(Exception):
    """The hook can't do what was asked."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def answer(world: World, request: Request, path: str) -> Reply:
    """Answer a request for a hook."""
    hook = HOOKS.get(path.removeprefix(PATH))
    if hook is None or request.method != "POST":
        return json_answer(
            404, {"error": f"there are: POST {', '.join(PATH + name for name in HOOKS)}"}, _JSON
        )
    try:
        return json_answer(200, hook(world, await _given(request)), _JSON)
    except BadHookError as error:
        return json_answer(error.status, {"error": str(error)}, _JSON)


async def _given(request: Request) -> Given:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LIMIT:
            raise BadHookError("the body is too large")
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadHookError("the body is not JSON") from error
    if not isinstance(given, dict):
        raise BadHookError("the body is not a JSON object")
    return given


def _role(world: World, given: Given) -> str:
    role = given.get("role")
    if role not in world.roles:
        raise BadHookError(f"role must be one of {', '.join(world.roles)}")
    return str(role)


def _document(world: World, given: Given) -> tuple[str, StoredDocument]:
    role = _role(world, given)
    document = world.store.document(role, str(given.get("document_id")))
    if document is None:
        raise BadHookError("there is no such document", 404)
    return role, document


def show_filing(world: World, given: Given) -> dict[str, Any]:
    """Show where a document was filed."""
    role = _role(world, given)
    if "offering_id" in given:
        return {"offering": _offering(world, given)}
    key = str(given.get("document_id")).lower()
    document = world.store.document(role, key) or next(
        (d for d in world.store.documents(role) if str(d.component_document_id).lower() == key), None
    )
    registration = world.store.get(KIND, role, key)
    place: dict[str, Any] = {"level": "none"}
    found = document.id if document is not None else key if registration is not None else None
    if document is not None:
        place = {"level": document.level, **document.filed}
    elif registration is not None:
        place = registration
    return {
        "level": place["level"],
        "document_id": found,
        **{name: place.get(name) for name in (*_PLACES, "attempt")},
        "documents": world.store.count("document", role) + world.store.count(KIND, role),
    }


def _offering(world: World, given: Given) -> dict[str, Any]:
    try:
        return reports.offering(world, str(given["offering_id"]))
    except Refused as refused:
        raise BadHookError("there is no such sitting", 404) from refused


def lock(world: World, given: Given) -> dict[str, Any]:
    """Lock or unlock a document."""
    role, document = _document(world, given)
    if not isinstance(given.get("locked"), bool):
        raise BadHookError("locked must be true or false")
    document.locked = given["locked"]
    world.store.save(role, document)
    return {}


def destroy(world: World, given: Given) -> dict[str, Any]:
    """Destroy a document, as at the end of its retention."""
    role, document = _document(world, given)
    world.behaviour.destroy(world, role, document)
    return {}


def destroy_document(world: World, role: str, document: StoredDocument) -> None:
    """Remove a document and its bytes."""
    world.store.remove(role, document)


def register(world: World, given: Given) -> dict[str, Any]:
    """Make the DMS hold a document of its own that it registered with a component; or a module know one."""
    role = _role(world, given)
    if isinstance(given.get("report"), dict):
        _offering(world, given)
        reports.keep(world, str(given["offering_id"]), given["report"])
        return {}
    if not world.edition.operations(role, UPLOAD):
        return _make_known(world, role, str(given.get("document_id")).lower())
    try:
        content = base64.b64decode(str(given["content_base64"]), validate=True)
        component = str(given["component"])
    except (KeyError, binascii.Error) as error:
        raise BadHookError("component and content_base64 are needed") from error
    types = [b.document_type for b in world.edition.bindings(role) if b.document_type is not None]
    name = given.get("document_name")
    document = StoredDocument(
        id=str(uuid.uuid4()),
        component=role,
        type=given.get("document_type") or next(iter(types), None),
        name=name,
        title=name,
        format=UNNAMED_TYPE,
        created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        registered_with=[component],
    )
    spool = world.store.spool()
    spool.write(content)
    document.file, document.size = world.store.keep(spool)
    world.store.save(role, document)
    return {"document_id": document.id}


def _make_known(world: World, role: str, document_id: str) -> dict[str, Any]:
    record = {"id": str(uuid.uuid4()), "body_id": document_id, "body": {}, "level": "person"}
    world.store.add(KIND, role, document_id, record)
    return {"document_id": document_id}


HOOKS: dict[str, Callable[[World, Given], dict[str, Any]]] = {
    "show_filing": show_filing,
    "lock": lock,
    "destroy": destroy,
    "register": register,
}
