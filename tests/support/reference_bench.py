"""A client for the reference, for its own tests: it knows the edition, never the wire of the suite."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import yaml
from httpx import Response

from okd_conformance.reference import running_server
from okd_conformance.reference.world import World
from okd_conformance.standard.edition import Edition, load_edition
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Operation

BOUNDARY = "limit-of-a-part"
Parts = Sequence[tuple[str, bytes]]


def part(name: str, content: bytes, content_type: str | None = None, *, extra: str = "") -> tuple[str, bytes]:
    """One part of a message: its header lines, and its content."""
    filename = '; filename="a.pdf"' if name == "file" else ""
    head = f'Content-Disposition: form-data; name="{name}"{filename}{extra}\r\n'
    return head + (f"Content-Type: {content_type}\r\n" if content_type else ""), content


def message(parts: Parts, boundary: str = BOUNDARY, *, padding: str = "") -> bytes:
    """A multipart message, written out by hand."""
    limit = f"--{boundary}".encode()
    body = b"".join(
        limit + f"{padding}\r\n{head}\r\n".encode() + content + b"\r\n" for head, content in parts
    )
    return body + limit + b"--\r\n"


@dataclass
class Bench:
    """An instance of the reference, and what is needed to call it."""

    http: httpx.Client
    edition: Edition
    world: World
    target: dict[str, Any]

    @property
    def fixtures(self) -> dict[str, Any]:
        """The fixtures of the target file."""
        found: dict[str, Any] = self.target["fixtures"]
        return found

    def token(self, *scopes: str, client: int = 0) -> str:
        """A token from the issuer; without scopes one with every scope of the client."""
        known = self.world.school.clients[client]
        return self.world.issuer.issue(known, scopes or self.world.issuer.scopes_of(known))

    def auth(self, *scopes: str, client: int = 0) -> dict[str, str]:
        """The header with such a token."""
        return {"Authorization": f"Bearer {self.token(*scopes, client=client)}"}

    def operation(self, name: str, role: str | None = None) -> Operation:
        """The operation of this name, of one role."""
        return next(o for o in self.edition.operations(role) if o.name == name)

    def url(self, operation: Operation, **ids: str) -> str:
        """The address of an operation; ids by meaning, fixtures where none is given."""
        values = {
            p.meaning: ids.get(p.meaning or "") or self.fixtures.get(str(p.meaning))
            for p in operation.path_parameters
        }
        prefix = self.edition.roles[operation.role].path_prefix
        return prefix + operation.full_path({str(k): str(v) for k, v in values.items()})

    def send(
        self,
        name: str,
        *,
        role: str | None = None,
        ids: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> Response:
        """Call an operation."""
        operation = self.operation(name, role)
        headers = self.auth() if headers is None else headers
        return self.http.request(
            operation.method, self.url(operation, **(ids or {})), headers=headers, **request
        )

    def metadata(
        self, name: str = "upload_to_association", example: int = 0, size: int | None = None
    ) -> Body:
        """The metadata of an example of an upload, with the school's ids and a fresh id of the component."""
        operation = self.operation(name)
        spec = operation.part("metadata")
        body = Body(spec.schema, copy.deepcopy(list(operation.examples.values())[example]))
        body = body.filled(lambda schema, *_: self.fixtures.get(schema.get("x-okd-fixture", "")))
        if body.knows("component_document_id"):
            body = body.with_("component_document_id", str(uuid.uuid4()))
        return body.without("document_size") if size is None else body.with_("document_size", size)

    def upload(
        self,
        body: Body | None = None,
        content: bytes = b"%PDF-1.4 test",
        *,
        name: str = "upload_to_association",
        parts: Parts | None = None,
        boundary: str = BOUNDARY,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        ids: dict[str, str] | None = None,
        content_type: str | None = None,
    ) -> Response:
        """Offer a document; ``parts`` or ``raw`` replace what is sent."""
        body = body or self.metadata(name)
        parts = parts or [self.metadata_part(body), part("file", content, "application/pdf")]
        sent = message(parts, boundary) if raw is None else raw
        media = content_type or f'multipart/form-data; boundary="{boundary}"'
        return self.send(
            name,
            ids=ids,
            headers={**(self.auth() if headers is None else headers), "Content-Type": media},
            content=sent,
        )

    def metadata_part(
        self, body: Body | None = None, media: str | None = "application/json"
    ) -> tuple[str, bytes]:
        """The metadata part of a message."""
        return part("metadata", (body or self.metadata()).json(), media)

    def stored(self, **given: Any) -> str:
        """Offer a document that must be accepted, and return its id."""
        answer = self.upload(**given)
        assert answer.is_success, answer.text
        return str(next(iter(answer.json().values())))

    def read(self, document_id: str, **given: Any) -> Response:
        """Read the bytes of a document."""
        return self.send("read_document", ids={"dms_document_id": document_id}, **given)

    def facts(self, document_id: str, **given: Any) -> Body:
        """Read the metadata of a document."""
        operation = self.operation("read_metadata")
        answer = self.send("read_metadata", ids={"dms_document_id": document_id}, **given)
        assert answer.is_success, answer.text
        return Body(operation.success_schema() or {}, answer.json())

    def registration(self, role: str = "examineren", example: str | None = None) -> Body:
        """A registration that must be accepted: an example with the school's ids and a fresh document."""
        operation = self.operation("register_document", role)
        name = example or next(b.example for b in operation.bindings)
        body = Body(operation.body_schema or {}, copy.deepcopy(operation.examples[str(name)]))
        body = body.filled(lambda schema, *_: self.fixtures.get(schema.get("x-okd-fixture", "")))
        return body.with_("dms_document_id", str(uuid.uuid4()))

    def register(self, body: Body, role: str = "examineren", **given: Any) -> Response:
        """Register a document."""
        headers = {**self.auth(), "Content-Type": "application/json"}
        return self.send("register_document", role=role, headers=headers, content=body.json(), **given)

    def hook(self, name: str, **given: Any) -> dict[str, Any]:
        """Call a hook."""
        answer = self.http.post(f"/hooks/{name}", json=given)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def filing(self, role: str, document_id: str) -> dict[str, Any]:
        """Where a document was filed."""
        return self.hook("show_filing", role=role, document_id=document_id)

    def count(self, role: str = "dms") -> int:
        """How many documents a role holds."""
        return int(self.hook("show_filing", role=role)["documents"])


@contextmanager
def bench(
    edition_id: str = "okd-1.5", faults: Sequence[str] = (), variants: Sequence[str] = ()
) -> Iterator[Bench]:
    """Run an instance in a thread of this process, and a client for it."""
    with (
        running_server(edition_id, faults=faults, variants=variants) as running,
        httpx.Client(base_url=running.base_url, trust_env=False, timeout=20) as http,
    ):
        world = running.app.state.world
        yield Bench(http, load_edition(edition_id), world, yaml.safe_load(running.target))
