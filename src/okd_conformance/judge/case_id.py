"""The public id of a case, such as ``OKD-MPT-017[dms,upload_to_association,boundary=70]``.

It names the requirement, then the role, then where and with which values the case was run.
"""

from __future__ import annotations

_OBSERVED = "observed"


def case_id(requirement: str, role: str, *parts: str) -> str:
    """The id of a case of a requirement at a role; without more parts that of a row that has no cases."""
    return f"{requirement}[{','.join([role, *parts])}]"


def observed_id(requirement: str, role: str, operation: str) -> str:
    """The id of what an observer finds about an operation while other cases run."""
    return case_id(requirement, role, operation, _OBSERVED)


def is_case_id(text: str) -> bool:
    """Whether this is the id of a case, and not of a requirement alone."""
    return "[" in text


def requirement_of(case: str) -> str:
    """The id of the requirement; an id of a requirement alone is its own."""
    return case.partition("[")[0]


def role_of(case: str) -> str:
    """The role; empty in the id of a requirement alone."""
    return _parts_of(case)[0]


def values_of(case: str) -> dict[str, str]:
    """The values that the case was run with, by name, such as ``{"flow": "1", "boundary": "70"}``."""
    return dict(part.split("=", 1) for part in _parts_of(case) if "=" in part)


def is_observed(case: str) -> bool:
    """Whether an observer found it while other cases ran."""
    return _parts_of(case)[-1] == _OBSERVED


def in_test_name(name: str) -> str:
    """The id of the case that a test of pytest runs; it stands in brackets behind the function."""
    return name.partition("[")[2].removesuffix("]")


def _parts_of(case: str) -> list[str]:
    return case.partition("[")[2].removesuffix("]").split(",")
