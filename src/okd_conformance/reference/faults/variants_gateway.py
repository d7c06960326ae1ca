"""What stands before a server and answers in its place: gateways, firewalls, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from okd_conformance.reference.answers import Answer, Refused
from okd_conformance.reference.faults.change import after
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour
    from okd_conformance.reference.world import World
    from okd_conformance.standard.edition import Operation

_PAGE = b"<html><head><title>Error</title></head><body><center>gateway</center></body></html>"
_GATEWAY = "a gateway refuses it"
_LONGEST_SEGMENT = 260
"""Of an address, at some web servers."""


def _page(answer: Answer, status: int | None = None) -> Answer:
    answer.status = status or answer.status
    answer.body, answer.media_type = _PAGE, "text/html"
    return answer


@variant("odd-paths-stop-at-gateway")
def _odd_paths_stop_at_gateway(behaviour: Behaviour) -> None:
    inner = behaviour.path_ids

    def path_ids(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
        odd = any("\0" in v or ".." in v or len(v) > _LONGEST_SEGMENT for v in values.values())
        if odd:
            raise Refused("bad_path_id", name=_GATEWAY, why=_GATEWAY)
        return inner(operation, values)

    def paged(answer: Answer, _world: World, refused: Refused) -> Answer:
        return _page(answer, 400) if refused.values.get("why") == _GATEWAY else answer

    behaviour.path_ids = path_ids
    after(behaviour, "problem", paged)
