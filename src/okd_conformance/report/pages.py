"""What every page has in common that is made of a template: nothing that a target sent can act in it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from okd_conformance.base.clean import printable


def environment(folder: Path) -> Environment:
    """Templates of ``folder``, in which every value is escaped and printable, and none may be missing."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def _harmless(value: object) -> object:
    """Whatever a template shows goes through ``printable``; what it has marked as HTML already has."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def policy(style: str, script: str) -> str:
    """What a page may do, as its Content-Security-Policy: use this style and this script, load nothing."""

    def source(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
