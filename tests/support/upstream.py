"""The published texts that the catalogue quotes and the editions depart from; not part of this project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "okd" / "upstream"


def published() -> Path:
    """The folder with one folder of published texts for each edition.

    OKD_UPSTREAM names it. Skips the test when it is absent, or fails when OKD_UPSTREAM_REQUIRED is 1.
    """
    folder = Path(os.environ.get("OKD_UPSTREAM") or _BESIDE_THE_CHECKOUT)
    if not folder.is_dir():
        reason = f"the published texts are not here ({folder}); OKD_UPSTREAM names their folder"
        if os.environ.get("OKD_UPSTREAM_REQUIRED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def founding_documents() -> Path:
    """The folder with the documents that the standard began with, beside the published texts."""
    return published().parent / "seeds"
