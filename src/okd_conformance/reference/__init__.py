"""The embedded reference implementation: every role of an edition on one loopback port, with a token issuer.

It serves what the edition's files say; a fault or a variant changes one step of its behaviour. The hooks are
described in ``hooks.py``. The names below are loaded when they are first used, so that whoever only wants one
of them doesn't load the server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from okd_conformance.reference.app import create_app
    from okd_conformance.reference.faults import FAULTS, VARIANTS, UnknownFaultError
    from okd_conformance.reference.server import Running, run_server, running_server, serve
    from okd_conformance.reference.target import print_target, target_of

__all__ = [
    "FAULTS",
    "VARIANTS",
    "Running",
    "UnknownFaultError",
    "create_app",
    "print_target",
    "run_server",
    "running_server",
    "serve",
    "target_of",
]

_HOMES = {
    "create_app": "app",
    **dict.fromkeys(("FAULTS", "VARIANTS", "UnknownFaultError"), "faults"),
    **dict.fromkeys(("Running", "run_server", "running_server", "serve"), "server"),
    **dict.fromkeys(("print_target", "target_of"), "target"),
}


def __getattr__(name: str) -> Any:
    """Load a name at first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
