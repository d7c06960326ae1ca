"""What a secret of the target file may look like elsewhere, and which secrets its addresses hold."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, urlsplit

MIN_SECRET = 6
"""Shorter strings would blank out ordinary words, so they are not taken out."""


def forms_of(secret: str) -> set[str]:
    """What else a secret may look like, apart from escapes of single ASCII characters."""
    raw = secret.encode("utf-8", "surrogatepass")
    found = {raw.hex(), quote(secret, errors="replace"), quote_plus(secret, errors="replace")}
    found |= {json.dumps(secret)[1:-1]}
    for before in range(3):
        # Base64 of a text that holds the secret: three bytes become four characters, wherever they stand.
        whole = raw[before:]
        core = base64.b64encode(whole[: len(whole) // 3 * 3]).decode("ascii")
        found |= {core, core.translate({43: "-", 47: "_"})}
    found |= {base64.b64encode(raw).decode("ascii").rstrip("=")}
    return {form for form in found if form != secret and len(form) >= MIN_SECRET + 2}


def secrets_of_address(url: str) -> Iterator[str]:
    """What may be secret in an address of the target file: user-info, and the values of its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    user, at, _ = parts.netloc.rpartition("@")
    if at:
        yield user
        yield from (part for part in user.split(":", 1)[1:] if part)
    for pair in parts.query.split("&") if parts.query else ():
        yield pair.partition("=")[2] or pair
