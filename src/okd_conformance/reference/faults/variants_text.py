"""Variants in names and contents: what is a name, which letters it keeps, and whether a PDF is one."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.change import after, around, finishing
from okd_conformance.reference.faults.registry import variant
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Call, ReceivedPart
from okd_conformance.standard.fields import Body, deref

_LAST_OF_LATIN = 0x24F
_PDF = b"%PDF-"
_SMALL = 5_000_000


@variant("null-optionals", finishing)
def _null_optionals(call: Call, answer: Reply) -> Reply:
    schema = call.operation.success_schema()
    if answer.has_json and answer.status < 300 and schema is not None:
        value = json.loads(answer.body)
        _with_nulls(schema, schema, value)
        answer.body = json.dumps(value, ensure_ascii=False).encode()
    return answer


def _with_nulls(root: Any, schema: Any, value: Any) -> None:
    """Put null where an object lacks an optional property, at every depth."""
    described = deref(root, schema)
    if isinstance(value, dict):
        for name, part in described.get("properties", {}).items():
            if name in value:
                _with_nulls(root, part, value[name])
            elif name not in described.get("required", ()):
                value[name] = None
    elif isinstance(value, list):
        for item in value:
            _with_nulls(root, described.get("items", {}), item)


@variant("sniffs-pdf", around("check_file_part"))
def _sniffs_pdf(inner: Callable[..., None], call: Call, part: ReceivedPart) -> None:
    inner(call, part)
    small = 0 < part.spool.size < _SMALL
    is_named_pdf = part.content_type == "application/pdf"
    if is_named_pdf and small and not part.spool.content().startswith(_PDF):
        raise Refused("media_type", accepted="a PDF that is one")


@variant("named-by-its-file", around("make_document"))
def _named_by_its_file(inner: Callable[..., Any], call: Call, body: Body, file: ReceivedPart | None) -> Any:
    document = inner(call, body, file)
    if file is not None and file.filename:
        document.name = document.title = file.filename.replace("\\", "/").rpartition("/")[2]
    return document


@variant("composed-otherwise", after("make_document"))
def _composed_otherwise(document: StoredDocument, *_: object) -> StoredDocument:
    if document.name:
        document.name = document.title = unicodedata.normalize("NFD", document.name)
    return document


@variant("latin-names-only", after("check_metadata"))
def _latin_names_only(_result: None, _call: Call, body: Body, _file: object) -> None:
    name = body.get("document_name")
    if isinstance(name, str) and any(ord(letter) > _LAST_OF_LATIN for letter in name):
        raise Refused("metadata_invalid", why="a name has letters of the Latin script")


@variant("typed-consumers", after("check_metadata"))
def _typed_consumers(_result: None, _call: Call, body: Body, _file: object) -> None:
    own = [item for item in body.get("consumers") or () if isinstance(item, dict)]
    texts = {name for item in own for name, value in item.items() if isinstance(value, str)}
    if any(isinstance(item.get(name), int | dict | list) for item in own for name in texts):
        raise Refused("metadata_invalid", why="a field of a consumer has another type")
