"""The files that are uploaded: small, synthetic, and recognisable."""

from __future__ import annotations

import random


def pdf(marker: str, size: int = 0, content: bytes = b"") -> bytes:
    """A small PDF of one empty page that names ``marker``, padded with a comment to some ``size`` bytes.

    ``content`` stands in it as a stream that nothing refers to.
    """
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    out = b"%PDF-1.4\n%" + marker.encode("ascii", "replace") + b"\n"
    if content:
        objects.append(b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")
    offsets = []
    for number, inside in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + inside + b"\nendobj\n"
    out += b"%" + b"." * max(0, size - len(out) - 220) + b"\n"
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def every_byte() -> bytes:
    """All 256 byte values, forwards and backwards."""
    return bytes(range(256)) + bytes(reversed(range(256)))


def line_breaks() -> bytes:
    """Runs of CR, LF and CRLF, which text conversions change; starts and ends with some."""
    return b"\r\n\r\n\n\r\r\r\n" + b"a\rb\nc\r\nd\n\re" + b"\r\n" * 7 + b"\n" * 5 + b"\r" * 5


def noise(seed: object, size: int) -> bytes:
    """``size`` bytes that don't repeat, the same for the same seed."""
    return random.Random(str(seed)).randbytes(size)  # noqa: S311 - test content, not a secret


def look_alikes(boundary: str) -> bytes:
    """Content that nearly is a delimiter line of ``boundary``, but is not (RFC 2046, 5.1.1)."""
    b = boundary.encode()
    lines = [
        b"-" + b,
        b"--" + b[:-1],
        b"--" + b[:-1] + b"--",
        b"\r\n--",
        b"--",
    ]
    return b"x" + b"\r\n".join(lines)


def whole_boundary(boundary: str) -> bytes:
    """Content that holds a whole ``boundary``, but in the middle of a line."""
    b = boundary.encode()
    return b"x--" + b + b" in a line\r\n --" + b + b"\r\n"
