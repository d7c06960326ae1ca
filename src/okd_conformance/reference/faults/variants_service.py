"""Variants in how a server tells about itself: with a token only, or at an address without a slash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import of_kind
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour, Call


@variant("get-root-401")
def _get_root_401(behaviour: Behaviour) -> None:
    inner = behaviour.needs_token
    behaviour.needs_token = lambda call: of_kind(call, "service") or inner(call)


@variant("trailing-slash")
def _trailing_slash(behaviour: Behaviour) -> None:
    def redirect(call: Call, answer: Reply) -> Reply:
        url = str(call.request.url)
        if of_kind(call, "service") and url.endswith("/"):
            return Reply(301, headers={"Location": url.rstrip("/")})
        return answer

    behaviour.finish.append(redirect)
