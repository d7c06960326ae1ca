"""Variants in how a server tells about itself: with a token only, or at an address without a slash."""

from __future__ import annotations

from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import around, finishing, of_kind
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.world import Call


@variant("trailing-slash", finishing)
def _trailing_slash(call: Call, answer: Reply) -> Reply:
    url = str(call.request.url)
    if of_kind(call, "service") and url.endswith("/"):
        return Reply(301, headers={"Location": url.rstrip("/")})
    return answer


variants(
    {
        "get-root-401": around("needs_token")(lambda inner, call: of_kind(call, "service") or inner(call)),
    }
)
