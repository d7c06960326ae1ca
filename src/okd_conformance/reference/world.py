"""What a request meets: the edition, the school, the store, and how this instance behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from okd_conformance.reference.compose import constants
from okd_conformance.reference.school import School
from okd_conformance.reference.storage import Store
from okd_conformance.reference.tokens import Caller, Issuer
from okd_conformance.standard.edition import Edition, Operation

if TYPE_CHECKING:
    from starlette.requests import Request

    from okd_conformance.reference.behaviour import Behaviour

ANONYMOUS = Caller("", "", frozenset())


@dataclass(slots=True)
class World:
    """Everything that the requests to one instance share."""

    edition: Edition
    roles: tuple[str, ...]
    behaviour: Behaviour
    school: School
    store: Store
    issuer: Issuer
    base_url: str

    def consumer_key(self) -> str | None:
        """Return the key under which the edition's own fields stand among the consumers."""
        schemas = (o.body_schema for o in self.edition.operations())
        found = (key for schema in schemas if schema for key in constants(schema, "consumer_key"))
        return next(found, None)


@dataclass(slots=True)
class Call:
    """One request for one operation; ``ids`` are the path's values by meaning, in lower case."""

    world: World
    request: Request
    operation: Operation
    ids: Mapping[str, str]
    caller: Caller = ANONYMOUS

    @property
    def role(self) -> str:
        """The role that serves this request."""
        return self.operation.role

    @property
    def behaviour(self) -> Behaviour:
        """How this instance behaves."""
        return self.world.behaviour
