"""A bench whose target is a function in this process, for the tests of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from okd_conformance.auth.tokens import Tokens
from okd_conformance.checks.planning import Claims
from okd_conformance.judge.bench import Bench
from okd_conformance.judge.case import Case, CaseSpec
from okd_conformance.judge.case_id import case_id
from okd_conformance.judge.hooks import Hooks
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.reference import target_of
from okd_conformance.standard.catalogue import Catalogue, Requirement
from okd_conformance.standard.edition import load_edition
from okd_conformance.target.reading import load_target
from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Answer, Exchange, Request
from okd_conformance.wire.no_answer import NoAnswer

EDITION = "okd-1.5"
BASE = "http://127.0.0.1:1"
DOCUMENT = "0b8e3a86-9d2b-4a1f-8d6c-1f4a6c9e2d10"

Served = Callable[[httpx.Request], httpx.Response]


def problem(status: int) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "title": "No"})


@dataclass
class Stage:
    """A bench, what its target was asked for, and how that answers: ``serves``, which may be replaced."""

    bench: Bench
    heard: list[httpx.Request] = field(default_factory=list)
    serves: Served = lambda _: problem(500)

    @property
    def claims(self) -> Claims:
        roles = self.bench.target.roles
        return Claims(
            self.bench.edition, {name: frozenset(self.bench.edition.flows_of(name)) for name in roles}
        )

    def case(self, requirement: Requirement, operation: str | None = None, role: str = "dms") -> Case:
        """A case of a requirement at an operation, or at the role as a whole."""
        found = self.bench.edition.operation(role, operation) if operation else None
        name = case_id(requirement.id, role, *([operation] if operation else []))
        return Case(CaseSpec(name, requirement, role, found, None), self.bench)


def stage(
    folder: Path,
    serves: Served | None = None,
    *,
    requirements: Iterable[Requirement] = (),
    change: Callable[[dict[str, Any]], object] = lambda _: None,
    settings: Mapping[str, Any] | None = None,
    tokens: Served | None = None,
) -> Stage:
    """A bench for the edition's reference target file, after ``change`` changed it in place."""
    described = target_of(BASE, edition_id=EDITION)
    change(described)
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(described))), encoding="utf-8")
    target = load_target(file)
    numbers = iter(range(1, 10_000))
    client = Client(
        Settings(**{"requests_per_second": 1e6, **(settings or {})}),
        lambda _: None,
        lambda: f"x{next(numbers)}",
        transport=httpx.MockTransport(lambda request: _served(made, request)),
        sleep=lambda _: None,
    )
    bench = Bench(
        edition=load_edition(EDITION),
        target=target,
        catalogue=Catalogue(list(requirements), {}),
        tokens=Tokens(target, httpx.MockTransport(tokens or _token)),
        client=client,
        redactor=Redactor(target.secrets()),
        seed=0,
        run_id="20260101T000000-test",
        hooks=Hooks(target.hooks, transport=httpx.MockTransport(lambda _: httpx.Response(200, json={}))),
    )
    made = Stage(bench)
    if serves is not None:
        made.serves = serves
    return made


def _served(made: Stage, request: httpx.Request) -> httpx.Response:
    request.read()
    made.heard.append(request)
    answer = made.serves(request)
    stream = httpx.ByteStream(answer.content)
    return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)


def _token(request: httpx.Request) -> httpx.Response:
    scope = dict(httpx.QueryParams(request.content.decode()))["scope"]
    return httpx.Response(200, json={"access_token": f"token-for-{scope}", "token_type": "Bearer"})


def accepting(request: httpx.Request) -> httpx.Response:
    """Accept everything: an upload, a registration, a read, a deletion."""
    if request.method == "DELETE":
        return httpx.Response(204)
    return httpx.Response(200, json={"dmsDocumentId": DOCUMENT, "documentId": DOCUMENT})


def answered(status: int, **changes: Any) -> Exchange:
    """An exchange that ended with this status."""
    request = Request("POST", f"{BASE}/dms/x")
    answer = Answer(status, "", (("Content-Type", "application/problem+json"),), b'{"title": "No"}')
    return replace(Exchange("x1", request, answer, None, "2026-01-01T00:00:00Z", 0.1), **changes)


def unanswered(error: str) -> Exchange:
    """An exchange that brought no answer."""
    return answered(500, answer=None, error=NoAnswer(error))
