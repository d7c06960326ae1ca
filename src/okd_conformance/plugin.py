"""The pytest plugin by its public name, for ``pytest -p okd_conformance.plugin``."""

from __future__ import annotations

from okd_conformance.pytest_plugin.hooks import *  # noqa: F403 - pytest looks for hooks by name in this module
