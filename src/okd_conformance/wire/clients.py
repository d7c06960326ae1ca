"""Multipart messages as widely used HTTP clients write them; the shapes are in ``specs/clients.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from okd_conformance.base.paths import data_folder
from okd_conformance.standard.bundle import read_data
from okd_conformance.wire.multipart import CRLF, Header, Multipart, Part

PLAIN_NAME = 'filename="document.pdf"'
ACCENTED_NAME = 'filename="Beoordeling Zoë.pdf"'


@dataclass(frozen=True, slots=True)
class ClientShape:
    """How one client writes an upload; in its lines, words in braces are filled in."""

    name: str
    boundary: str
    """One that the client chose itself; it is as long as all of that client, and of the same characters."""
    metadata: tuple[str, ...]
    """The header lines of the metadata part, in order."""
    file: tuple[str, ...]
    content_type: str = "multipart/form-data; boundary={boundary}"
    plain: str = PLAIN_NAME
    """The file name as the client writes it."""
    accented: str = ACCENTED_NAME
    """A file name beyond ASCII as the client writes it."""
    charset: str = "utf-8"
    """The character set of the metadata."""
    ends_in_line_break: bool = True
    refusable: tuple[str, ...] = ()
    """What in the message a receiver may refuse, by its name in the data."""

    def message(
        self,
        names: Mapping[str, str],
        metadata: bytes,
        file: bytes,
        *,
        accented: bool = False,
        boundary: str | None = None,
    ) -> Multipart:
        """Build the message; ``names`` are those of the parts, by ``metadata`` and ``file``."""
        chosen = boundary or self.boundary
        values = {"boundary": chosen, **names, "filename": self.accented if accented else self.plain}

        def part(lines: tuple[str, ...], body: bytes) -> Part:
            filled = (line.format(**values, length=len(body)).split(": ", 1) for line in lines)
            headers: tuple[Header, ...] = tuple((name, value) for name, value in filled)
            return Part(headers, body)

        return Multipart(
            (part(self.metadata, metadata), part(self.file, file)),
            chosen,
            epilogue=CRLF if self.ends_in_line_break else b"",
            written_type=self.content_type.format(**values),
        )


@functools.cache
def client_shapes() -> Mapping[str, ClientShape]:
    """Read the shapes, by the names of the clients."""
    rows = read_data(data_folder("specs") / "clients.yaml")["clients"]
    return {name: _shape(name, row) for name, row in rows.items()}


def _shape(name: str, row: Mapping[str, Any]) -> ClientShape:
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
    return ClientShape(name, **values)
