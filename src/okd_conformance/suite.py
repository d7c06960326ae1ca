"""What a suite is written with: ``check``, ``observes`` and the ``Case`` that a check receives."""

from __future__ import annotations

from okd_conformance.checks.marking import CheckSpec, cells, check, observes
from okd_conformance.judge.case import Case
from okd_conformance.judge.stops import Failed, Inconclusive, NotApplicable, NotTested
from okd_conformance.standard.catalogue import Profile
from okd_conformance.standard.readings import Reading

__all__ = [
    "Case",
    "CheckSpec",
    "Failed",
    "Inconclusive",
    "NotApplicable",
    "NotTested",
    "Profile",
    "Reading",
    "cells",
    "check",
    "observes",
]
