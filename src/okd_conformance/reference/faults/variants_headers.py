"""Legitimate ways to write headers."""

from __future__ import annotations

from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import after
from okd_conformance.reference.faults.registry import variant


@variant("several-challenges", after("problem"))
def _several_challenges(answer: Reply, *_: object) -> Reply:
    challenge = answer.headers.get("WWW-Authenticate")
    if challenge is not None:
        answer.headers["WWW-Authenticate"] = f'Negotiate, Digest realm="a, bearer", {challenge}'
    return answer
