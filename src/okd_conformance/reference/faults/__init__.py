"""Faults and variants of the reference: a fault is one deviation, a variant one legitimate difference."""

import importlib
import pkgutil

from okd_conformance.reference.faults.registry import (
    FAULTS,
    VARIANTS,
    UnknownFaultError,
    find_fault,
    find_variant,
)

for _module in pkgutil.iter_modules(__path__):  # importing a module registers what it holds
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["FAULTS", "VARIANTS", "UnknownFaultError", "find_fault", "find_variant"]
