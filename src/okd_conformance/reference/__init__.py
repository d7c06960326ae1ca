"""The embedded reference implementation: every role of an edition on one loopback port, with a token issuer.

It serves what the edition's files say; a fault or a variant changes one step of its behaviour. The hooks are
described in ``hooks.py``.
"""

from okd_conformance.reference.app import create_app
from okd_conformance.reference.faults import FAULTS, VARIANTS, Fault, UnknownFaultError, Variant
from okd_conformance.reference.server import Running, run_server, running_server, serve
from okd_conformance.reference.target import print_target, target_of

__all__ = [
    "FAULTS",
    "VARIANTS",
    "Fault",
    "Running",
    "UnknownFaultError",
    "Variant",
    "create_app",
    "print_target",
    "run_server",
    "running_server",
    "serve",
    "target_of",
]
