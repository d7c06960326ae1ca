"""Legitimate ways to write headers."""

from __future__ import annotations

from urllib.parse import quote

from okd_conformance.reference.answers import Reply
from okd_conformance.reference.faults.change import after, cached, finishing, name_downloads
from okd_conformance.reference.faults.gen import packed
from okd_conformance.reference.faults.registry import variant, variants
from okd_conformance.reference.world import Behaviour, Call


@variant("several-challenges", after("problem"))
def _several_challenges(answer: Reply, *_: object) -> Reply:
    challenge = answer.headers.get("WWW-Authenticate")
    if challenge is not None:
        answer.headers["WWW-Authenticate"] = f'Negotiate, Digest realm="a, bearer", {challenge}'
    return answer


@variant("downloads-named")
def _downloads_named(behaviour: Behaviour) -> None:
    name_downloads(
        lambda document: (
            f"attachment; filename=\"{document.id}.pdf\"; filename*=UTF-8''{quote(f'Zoë {document.name}')}"
        ),
    )(behaviour)


@variant("packs-when-asked", finishing)
def _packs_when_asked(call: Call, answer: Reply) -> Reply:
    if answer.has_json and "gzip" in call.request.headers.get("Accept-Encoding", ""):
        return packed(answer)
    answer.headers["Content-Encoding"] = "identity"
    return answer


variants(
    {
        "cached-in-private": cached("private, max-age=0, must-revalidate"),
    }
)
