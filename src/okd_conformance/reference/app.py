"""The reference as an ASGI application: every role of an edition, token issuer, links and hooks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from okd_conformance.reference import downloads, hooks
from okd_conformance.reference.answers import Refused, Reply, response_of
from okd_conformance.reference.behaviour import documented_behaviour
from okd_conformance.reference.faults import find_fault, find_variant
from okd_conformance.reference.issuer import Issuer
from okd_conformance.reference.routes import Routes
from okd_conformance.reference.school import load_school
from okd_conformance.reference.storage import Store
from okd_conformance.reference.world import Call, World
from okd_conformance.standard.edition import load_edition

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path, not a secret


class Front:
    """Judges a request in the order of the documentation and hands it to the step that serves it."""

    def __init__(self, world: World) -> None:
        self.world = world
        roles = world.edition.roles
        behaviour = world.behaviour
        served = [operation for role in world.roles for operation in world.edition.operations(role)]
        own = [(roles[o.role].path_prefix, behaviour.path_of(o), o) for o in served]
        also = [(prefix, behaviour.path_of(o), o) for o in served for prefix in behaviour.also_at(world, o)]
        self._routes = Routes([*own, *also])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ClientDisconnect:
            return
        await response_of(answer)(scope, receive, send)

    async def _answer(self, request: Request) -> Reply:
        if self.world.behaviour.delay_s:
            await asyncio.sleep(self.world.behaviour.delay_s)
        path = request.scope["raw_path"].partition(b"?")[0]
        try:
            if path == TOKEN_PATH.encode():
                behaviour = self.world.behaviour
                return await self.world.issuer.answer(request, behaviour.token_answer, behaviour.granting)
            if path.startswith(downloads.PATH.encode()):
                secret = path.removeprefix(downloads.PATH.encode()).decode("latin-1")
                return downloads.download(self.world, request, secret)
            if path.startswith(hooks.PATH.encode()):
                return await hooks.answer(self.world, request, path.decode("latin-1"))
            return await self._serve(request, path)
        except Refused as refused:
            return self.world.behaviour.problem(self.world, refused)

    async def _serve(self, request: Request, path: bytes) -> Reply:
        behaviour = self.world.behaviour
        operation, values = self._routes.find(behaviour.method_of(request), path)
        call = Call(self.world, request, operation, {})
        try:
            if behaviour.needs_token(call):
                call.caller = behaviour.authenticate(call)
            call.ids = behaviour.path_ids(operation, values)
            if operation.secured:
                behaviour.check_operation_rights(call)
            handler = behaviour.handlers.get(operation.name) or behaviour.handlers[operation.kind]
            answer = await handler(call)
        except Refused as refused:
            answer = behaviour.problem(self.world, refused)
        for step in behaviour.finish:
            answer = step(call, answer)
        return answer


def create_app(
    edition_id: str,
    *,
    roles: Sequence[str] | None = None,
    faults: Iterable[str] = (),
    variants: Iterable[str] = (),
    base_url: str,
) -> Starlette:
    """Return an instance of the reference; its data live in a temporary folder until it shuts down.

    Raises UnknownEditionError, LookupError for an unknown role, and UnknownFaultError.
    """
    edition = load_edition(edition_id)
    unknown = [role for role in roles or () if role not in edition.roles]
    if unknown:
        raise LookupError(f"{edition_id} has no role {unknown[0]!r}; there are: {', '.join(edition.roles)}")
    behaviour = documented_behaviour()
    for variant in variants:
        find_variant(variant)(behaviour)
    for fault in faults:
        find_fault(fault)(behaviour)
    school = load_school()
    world = World(
        edition=edition,
        roles=tuple(roles or edition.roles),
        behaviour=behaviour,
        school=school,
        store=Store(),
        issuer=Issuer(base_url.rstrip("/"), edition.scopes, school, behaviour.clock),
        base_url=base_url.rstrip("/"),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        with world.store:
            yield

    def fault_of_ours(_request: Request, _error: Exception) -> Response:
        return response_of(behaviour.problem(world, Refused("server_fault")))

    app = Starlette(
        routes=[Mount("/", app=Front(world))],
        lifespan=lifespan,
        exception_handlers={Exception: fault_of_ours},
    )
    app.state.world = world
    return app
