"""Faults in what answers show, beside what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference import dms
from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import before
from okd_conformance.reference.faults.registry import fault

if TYPE_CHECKING:
    from okd_conformance.reference.storage import StoredDocument
    from okd_conformance.reference.world import Behaviour, Call


@fault("metadata-remains")
def _metadata_remains(behaviour: Behaviour) -> None:
    removed: dict[str, StoredDocument] = {}
    before(behaviour, "remove", lambda _call, document: removed.update({document.id: document}))
    inner = behaviour.handlers["metadata"]

    async def metadata(call: Call) -> Reply:
        document = removed.get(call.ids["dms_document_id"])
        if document is None:
            return await inner(call)
        return dms.json_success(call, call.behaviour.describe(call, document))

    behaviour.handlers["metadata"] = metadata
