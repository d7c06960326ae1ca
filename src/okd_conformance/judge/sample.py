"""A sample: a valid request of an operation, built from the edition's example and the target's fixtures.

Checks take a sample and change it in one point.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import quote, urlencode

from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.target.layout import Layout, laid_out
from okd_conformance.wire.exchange import Request
from okd_conformance.wire.multipart import Header, Multipart, Part


@dataclass(frozen=True)
class Sample:
    """A valid request that is not yet sent."""

    operation: Operation
    binding: Binding
    base_url: str
    token: str | None
    path_values: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Body | None = None
    file: bytes = b""
    file_name: str | None = "document.pdf"
    file_type: str | None = None
    boundary: str = "----okd-conformance-boundary"
    media_type: str | None = None
    """The type in which JSON is sent; None: the first that the edition names."""
    layout: Layout | None = None
    """How the target file lays the message out, where the edition leaves that open."""
    marker: str = ""

    # --- varying ---------------------------------------------------------------------------------------

    def but(self, **changes: Any) -> Self:
        """Return a copy with other attributes, by their names here."""
        return replace(self, **changes)

    def with_field(self, meaning: str, value: Any) -> Self:
        """Return a copy with another value of a body field. Raises LookupError when it carries no JSON."""
        return replace(self, body=self._body().with_(meaning, value))

    def without_field(self, *meanings: str) -> Self:
        """Return a copy without some body fields. Raises LookupError when it carries no JSON."""
        return replace(self, body=self._body().without(*meanings))

    def with_file(self, content: bytes) -> Self:
        """Return a copy of an upload with other content; the size in the metadata follows."""
        changed = replace(self, file=content)
        if self.body is not None and self.body.has("document_size"):
            return replace(changed, body=self.body.with_("document_size", len(content)))
        return changed

    def _body(self) -> Body:
        if self.body is None:
            raise LookupError(f"{self.operation.name} carries no JSON")
        return self.body

    # --- on the wire -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address, with path and query filled in."""
        values = {
            meaning: quote(value, safe="", errors="surrogatepass")
            for meaning, value in self.path_values.items()
        }
        url = self.base_url.rstrip("/") + self.operation.full_path(values)
        return f"{url}?{urlencode(self.query)}" if self.query else url

    @property
    def metadata_part(self) -> Part:
        """The metadata part of an upload."""
        spec = self.operation.part("metadata")
        return Part.form(spec.name, self._body().json(), content_type=spec.content_types[0])

    @property
    def file_part(self) -> Part:
        """The file part of an upload."""
        spec = self.operation.part("file")
        kind = self.file_type if self.file_type is not None else spec.content_types[0]
        return Part.form(spec.name, self.file, content_type=kind, filename=self.file_name)

    def message(self, *parts: Part) -> Multipart:
        """The multipart message: the edition's parts in the edition's order, or ``parts`` instead."""
        by_meaning = {"metadata": lambda: self.metadata_part, "file": lambda: self.file_part}
        own = tuple(by_meaning[spec.part]() for spec in self.operation.parts)
        return Multipart(parts or own, self.boundary)

    def request(self, message: Multipart | None = None, **changes: Any) -> Request:
        """The request; ``message`` replaces the multipart message, ``changes`` attributes of the request."""
        headers: list[Header] = []
        body: Any = None
        if self.layout is not None and message is None:
            kind, body = laid_out(self.layout, self._values(), self.boundary)
            headers.append(("Content-Type", kind))
        elif self.operation.parts:
            message = message or self.message()
            headers.append(("Content-Type", message.content_type))
            body = message.payload()
        elif self.operation.takes_bytes:
            headers.append(("Content-Type", self.file_type or next(iter(self.operation.request))))
            body = self.file
        elif self.body is not None:
            media = self.media_type or next(m for m in self.operation.request if m.endswith("json"))
            headers.append(("Content-Type", media))
            body = self.body.json()
        headers.append(("Accept", self._accept()))
        built = Request(self.operation.method, self.url, tuple(headers), body, self.token)
        return replace(built, **changes)

    def _values(self) -> dict[str, Any]:
        """What a layout can name: the fields of the body by meaning, and the document itself."""
        places = self.body.places() if self.body is not None else []
        known = {p.meaning: self.body.get(p.meaning) for p in places if p.present and p.meaning and self.body}
        kind = self.file_type
        if kind is None and self.operation.parts:
            kind = self.operation.part("file").content_types[0]
        return {
            **known,
            "content": self.file,
            "content_base64": base64.b64encode(self.file).decode(),
            "file_name": self.file_name,
            "file_type": kind,
            "marker": self.marker,
        }

    def _accept(self) -> str:
        media = [m for status in self.operation.success for m in self.operation.responses[status]]
        return (
            ", ".join(dict.fromkeys([*media, "*/*"]))
            if self.operation.kind == "read"
            else (media[0] if media else "*/*")
        )


def with_header(request: Request, name: str, value: str | None) -> Request:
    """The request with one header replaced, added, or (with None) removed."""
    kept = [(n, v) for n, v in request.headers if n.lower() != name.lower()]
    if value is not None:
        kept.append((name, value))
    return replace(request, headers=tuple(kept))
