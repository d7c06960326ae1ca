"""Which sort of installation a target is: its environment is one of a list, and production is guarded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from okd_conformance.target.mistakes import Mistakes, at

TESTING = ("test", "development", "staging", "acceptance", "sandbox", "demo", "preproduction")
"""What the environment of a target that isn't production may be called, as people are told."""
_SPELLINGS = {
    *TESTING,
    *("testing", "tst", "dev", "local", "stage", "stg", "acceptatie", "acc", "uat", "qa", "ontwikkeling"),
    *("pre-production", "preprod", "pre-prod", "preproductie", "pre-productie"),
}
_PRODUCTION = ("prod", "prd", "live", "productie")
"""How a word of a name or a host begins where it may be production."""


def _may_be_production(name: str) -> bool:
    """Whether a word in a name is or begins as production is called."""
    return any(word.startswith(_PRODUCTION) for word in re.split(r"[\W_]+", name.casefold()))


def is_production(environment: str, addresses: Iterable[str] = ()) -> bool:
    """Whether this is, or may be, production: by the environment's name or by a host."""
    name = environment.strip().casefold()
    hosts = (urlsplit(address).hostname or "" for address in addresses)
    return (name not in _SPELLINGS and _may_be_production(name)) or any(map(_may_be_production, hosts))


def is_known(environment: str) -> bool:
    """Whether it is clear what an environment is: one of the list, or named as production."""
    return environment.strip().casefold() in _SPELLINGS or _may_be_production(environment)


def check_environment(value: Any, mistakes: Mistakes) -> None:
    """Check that the environment is one of those that are known: another is asked for, not guessed."""
    name = at(value, "environment")
    if not isinstance(name, str) or mistakes.at(("environment",)):
        return
    if not is_known(name):
        mistakes.add(("environment",), "target_unknown_environment", name=name, known=", ".join(TESTING))
