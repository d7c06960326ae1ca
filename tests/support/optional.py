"""Packages of the extra ``test`` that a bare machine may lack: skipped there, but never in the pipeline."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def needed(name: str) -> Any:
    """Import a module, or skip whoever asks for it; with OKD_BROWSER_REQUIRED its absence is an error."""
    if "OKD_BROWSER_REQUIRED" in os.environ:
        return importlib.import_module(name)
    return pytest.importorskip(name)
