"""Test planning and test delivery: the report of a sitting. Both roles look at the same offerings."""

from __future__ import annotations

import uuid
from typing import Any

from okd_conformance.reference.answers import Refused, Reply, json_answer
from okd_conformance.reference.compose import Several, compose
from okd_conformance.reference.dms import check_schema, empty_success, success_of
from okd_conformance.reference.downloads import lasting_link
from okd_conformance.reference.intake import receive_object
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Call, World
from okd_conformance.standard.fields import Body

KIND = "offering"
READING = "read_report"
_PAPER = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
)


async def send_report(call: Call) -> Reply:
    """Take the report of a sitting."""
    value = await receive_object(call)
    body = Body(next(iter(call.operation.request.values())), value)
    call.behaviour.check_report(call, body)
    keep(call.world, call.ids["offering_id"], body.value)
    return empty_success(call)


def check_report(call: Call, body: Body) -> None:
    """Refuse a report that the schema does not allow."""
    check_schema(call, body, "report_invalid")


async def read_report(call: Call) -> Reply:
    """Tell what a sitting is now, with its report."""
    found = offering(call.world, call.ids["offering_id"])
    status, media_type, _ = success_of(call)
    return json_answer(status, call.behaviour.read_offering(call, found), media_type or "")


def read_offering(_call: Call, found: dict[str, Any]) -> dict[str, Any]:
    """Return all that is known of a sitting."""
    return found


def keep(world: World, offering_id: str, report: dict[str, Any]) -> None:
    """Let a report change what is known of a sitting. Raises Refused when there is no such sitting."""
    merged = world.behaviour.merge_report(offering(world, offering_id), report)
    world.store.put(KIND, "", offering_id.lower(), merged)


def merge_report(known: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """Put what the report tells in the place of what was known of it; the rest stays."""
    return {**known, **report}


def offering(world: World, offering_id: str) -> dict[str, Any]:
    """Return what is known of a sitting, as the edition writes it. Raises Refused."""
    known: dict[str, Any] | None = world.store.get(KIND, "", offering_id.lower())
    if known is None:
        known = _first(world, offering_id)
        known = dict(world.store.add(KIND, "", offering_id.lower(), known))
    return known


def _first(world: World, offering_id: str) -> dict[str, Any]:
    """What the school knows of a sitting before anybody sends a report."""
    sitting = world.school.sitting(offering_id)
    if sitting is None:
        raise Refused("unknown_sitting")
    reading = next(o for o in world.edition.operations() if o.name == READING)
    papers = [{**d, "document_url": _published(world, reading.role, d)} for d in sitting.report["documents"]]
    values = {**sitting.report, "offering_id": sitting.offering_id, "documents": Several(papers)}
    composed: dict[str, Any] = compose(reading.success_schema() or {}, values)
    return composed


def _published(world: World, role: str, described: dict[str, Any]) -> str:
    """Put a paper on this server and return its address."""
    spool = world.store.spool()
    spool.write(world.behaviour.paper(world, described))
    name = described["document_name"]
    document = StoredDocument(str(uuid.uuid4()), role, None, name, "application/pdf", "")
    document.file, document.size = world.store.keep(spool)
    world.store.save(role, document)
    return world.behaviour.paper_url(lasting_link(world, role, document))


def paper(_world: World, _described: dict[str, Any]) -> bytes:
    """Return the content of a paper."""
    return _PAPER
