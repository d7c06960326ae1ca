"""Legitimate ways to write headers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import after, cached, name_downloads
from okd_conformance.reference.faults.registry import variant

if TYPE_CHECKING:
    from okd_conformance.reference.world import Behaviour


@variant("several-challenges")
def _several_challenges(behaviour: Behaviour) -> None:
    def offered(answer: Reply, *_: object) -> Reply:
        challenge = answer.headers.get("WWW-Authenticate")
        if challenge is not None:
            answer.headers["WWW-Authenticate"] = f'Negotiate, Digest realm="a, bearer", {challenge}'
        return answer

    after(behaviour, "problem", offered)


@variant("downloads-named")
def _downloads_named(behaviour: Behaviour) -> None:
    name_downloads(
        behaviour,
        lambda document: (
            f"attachment; filename=\"{document.id}.pdf\"; filename*=UTF-8''{quote(f'Zoë {document.name}')}"
        ),
    )


@variant("cached-in-private")
def _cached_in_private(behaviour: Behaviour) -> None:
    cached(behaviour, "private, max-age=0, must-revalidate")
