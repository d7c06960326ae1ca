"""Variants in what a server takes in: gateways, storage that needs a moment, and readers of multipart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okd_conformance.base.text import Text
from okd_conformance.reference.answers import Answer
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour
    from okd_conformance.reference.world import Call

_GATEWAY_STATUSES = {401, 403, 405, 429}
_PAGE = b"<html><body><h1>Request rejected</h1></body></html>"
_LONGEST_PATH = 260


def _page(status: int) -> Answer:
    return Answer(status, _PAGE, "text/html; charset=utf-8")


def _is_odd(path: str) -> bool:
    return "\0" in path or ".." in path or any(len(part) > _LONGEST_PATH for part in path.split("/"))


@variant(
    "gateway-pages",
    says=Text(
        nl="Een gateway geeft een eigen pagina bij een vreemd adres, en bij 401, 403, 405 en 429.",
        en="A gateway gives a page of its own to an odd address, and at 401, 403, 405 and 429.",
    ),
    may_warn=["OKD-GEN-003", "OKD-GEN-004"],
)
def _gateway_pages(behaviour: Behaviour) -> None:
    def finish(call: Call, answer: Answer) -> Answer:
        if _is_odd(call.request.url.path):
            return _page(400)
        if answer.status in _GATEWAY_STATUSES:
            answer.body, answer.media_type = _PAGE, "text/html; charset=utf-8"
        return answer

    behaviour.finish.append(finish)
