"""The multipart writer: part order, boundary and part headers are what is under test, so we own each byte.

Framing follows RFC 2046 section 5.1.1; part headers follow RFC 7578 section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from okd_conformance.wire.body import Payload, concatenated

CRLF = b"\r\n"
Header = tuple[str, str]
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its header lines, in order, and its body. Header text is sent as UTF-8."""

    headers: tuple[Header, ...]
    body: Payload

    @classmethod
    def form(
        cls, name: str, body: Payload, *, content_type: str | None = None, filename: str | None = None
    ) -> Part:
        """Return an ordinary form-data part."""
        disposition = f'form-data; name="{_escaped(name)}"'
        if filename is not None:
            disposition += f'; filename="{_escaped(filename)}"'
        headers: list[Header] = [("Content-Disposition", disposition)]
        if content_type is not None:
            headers.append(("Content-Type", content_type))
        return cls(tuple(headers), body)

    def with_header(self, name: str, value: str | None) -> Part:
        """Replace (or, with None, remove) a header, keeping its place; a new one goes last."""
        kept = [(n, v) for n, v in self.headers if value is not None or n.lower() != name.lower()]
        if value is not None:
            if any(n.lower() == name.lower() for n, _ in kept):
                kept = [(n, value if n.lower() == name.lower() else v) for n, v in kept]
            else:
                kept.append((name, value))
        return replace(self, headers=tuple(kept))


@dataclass(frozen=True, slots=True)
class Multipart:
    """A multipart/form-data message. ``boundary`` is used as it is, also when it is not a legal one."""

    parts: tuple[Part, ...]
    boundary: str
    subtype: str = "form-data"
    quoted: bool | None = None
    """Quote the boundary in the Content-Type; None: only when RFC 2045 asks for it."""
    preamble: bytes = b""
    epilogue: bytes = CRLF
    padding: bytes = b""
    """Transport padding: white space after each delimiter."""
    closed: bool = True
    """Whether the closing delimiter is written."""
    parameters: tuple[Header, ...] = field(default=())
    """Further parameters of the Content-Type."""
    written_type: str = ""
    """The whole Content-Type, where a client writes it in a way of its own."""

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        if self.written_type:
            return self.written_type
        quoted = self.quoted if self.quoted is not None else not set(self.boundary) <= _TOKEN
        value = f'"{self.boundary}"' if quoted else self.boundary
        extra = "".join(f"; {name}={text}" for name, text in self.parameters)
        return f"multipart/{self.subtype}; boundary={value}{extra}"

    def payload(self) -> Payload:
        """The body, ready to send."""
        delimiter = b"--" + self.boundary.encode()
        pieces: list[Payload] = [self.preamble + CRLF if self.preamble else b""]
        for part in self.parts:
            lines = b"".join(f"{name}: {value}".encode() + CRLF for name, value in part.headers)
            pieces += [delimiter + self.padding + CRLF + lines + CRLF, part.body, CRLF]
        if self.closed:
            pieces.append(delimiter + b"--" + self.padding + self.epilogue)
        return concatenated([p for p in pieces if p != b""])

    def reordered(self) -> Multipart:
        """Return a copy with the last part first."""
        return replace(self, parts=tuple(reversed(self.parts)))


def _escaped(value: str) -> str:
    """Escape as browsers do (WHATWG): a quote and line breaks as percent signs, all else raw UTF-8."""
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
