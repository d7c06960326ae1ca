"""Small tools to change one step of a behaviour."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jsonschema import ValidationError

from okd_conformance.reference import rights
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.world import Caller
from okd_conformance.standard.fields import Body, field_name, validator
from okd_conformance.standard.operation import Binding

if TYPE_CHECKING:
    from okd_conformance.reference.storage import StoredDocument
    from okd_conformance.reference.world import Behaviour, Call

Schema = Mapping[str, Any]


def before(behaviour: Behaviour, step: str, check: Callable[..., object]) -> None:
    """Let ``check`` look at the arguments of a step first; it may raise Refused."""
    inner = getattr(behaviour, step)

    def changed(*args: Any) -> Any:
        check(*args)
        return inner(*args)

    setattr(behaviour, step, changed)


def after(behaviour: Behaviour, step: str, change: Callable[..., Any]) -> None:
    """Let ``change(result, *arguments)`` give the result of a step."""
    inner = getattr(behaviour, step)

    def changed(*args: Any) -> Any:
        return change(inner(*args), *args)

    setattr(behaviour, step, changed)


def tell_in_errors(behaviour: Behaviour, tell: Callable[[Call], Mapping[str, Any]]) -> None:
    """Add what ``tell`` gives to every error message."""

    def told(call: Call, answer: Reply) -> Reply:
        if answer.status >= HTTPStatus.BAD_REQUEST and answer.has_json:
            answer.body = json.dumps({**json.loads(answer.body), **tell(call)}).encode()
        return answer

    behaviour.finish.append(told)


def cached(behaviour: Behaviour, control: str) -> None:
    """Let each answer come with this Cache-Control."""

    def allowed(_call: Call, answer: Reply) -> Reply:
        answer.headers["Cache-Control"] = control
        return answer

    behaviour.finish.append(allowed)


def name_downloads(behaviour: Behaviour, header: Callable[[StoredDocument], str]) -> None:
    """Let each document come with the Content-Disposition that ``header`` gives."""

    def named(answer: Reply, _place: object, *others: Any) -> Reply:
        answer.headers["Content-Disposition"] = header(others[-1])
        return answer

    after(behaviour, "deliver", named)
    after(behaviour, "deliver_download", named)


def unless(behaviour: Behaviour, step: str, case: Callable[..., bool]) -> None:
    """Skip a step that only checks something, in the cases where ``case`` is true."""
    inner = getattr(behaviour, step)

    def changed(*args: Any) -> Any:
        return None if case(*args) else inner(*args)

    setattr(behaviour, step, changed)


def without_errors(behaviour: Behaviour, words: Collection[str], case: Callable[[Schema], bool]) -> None:
    """Overlook what a schema says with these keywords, where ``case`` is true of the schema."""
    inner = behaviour.errors

    def changed(schema: Schema, value: Any) -> list[str]:
        if not case(schema):
            return inner(schema, value)
        return [e.message for e in validator(schema).iter_errors(value) if not _overlooked(e, words)]

    behaviour.errors = changed


def _overlooked(error: ValidationError, words: Collection[str]) -> bool:
    """Whether an error goes away when ``words`` don't count; of alternatives, when those of one branch do."""
    if error.validator in words:
        return True
    branches: dict[Any, list[ValidationError]] = {}
    for below in error.context or ():
        branches.setdefault(below.schema_path[0], []).append(below)
    return any(all(_overlooked(e, words) for e in errors) for errors in branches.values())


def refuse_if(situation: str, case: Callable[..., bool]) -> Callable[..., None]:
    """Return a check that refuses in the cases where ``case`` is true."""

    def check(*args: Any) -> None:
        if case(*args):
            raise Refused(situation, why="by this deviation")

    return check


def anyone(call: Call) -> Caller:
    """Return a caller who may do everything that the school's main client may do."""
    client = call.world.school.clients[0]
    return Caller(client.client_id, client.component, frozenset(call.world.issuer.scopes_of(client)))


def any_scope(behaviour: Behaviour, where: Callable[[Call], bool]) -> None:
    """Let any scope that the edition knows be enough, where ``where`` is true of the call."""

    def scope_suffices(call: Call, binding: Binding) -> bool:
        known = call.caller.scopes & set(call.world.edition.scopes)
        return (where(call) and bool(known)) or rights.scope_suffices(call, binding)

    behaviour.scope_suffices = scope_suffices


def lacks(meaning: str) -> Callable[[Call, Body], bool]:
    """Return whether a body lacks a field."""
    return lambda _call, body, *_: not body.has(meaning)


def of_kind(call: Call, *kinds: str) -> bool:
    """Whether the call is for an operation of one of these kinds."""
    return call.operation.kind in kinds


def is_change(schema: Schema) -> bool:
    """Whether a schema is that of a change of an enrolment's state."""
    return field_name(schema, "state") is not None and field_name(schema, "document_name") is None
