"""Small tools to change one step of a behaviour.

A shape makes a change of a function; ``fault`` and ``variant`` take one beside the name.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any

from jsonschema import ValidationError

from okd_conformance.reference import rights
from okd_conformance.reference.answers import Refused, Reply
from okd_conformance.reference.faults.registry import Change, Shape
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.world import Behaviour, Call, Caller
from okd_conformance.standard.fields import Body, field_name, validator
from okd_conformance.standard.operation import Binding

Schema = Mapping[str, Any]


def around(step: str) -> Shape:
    """Put ``function(inner, *arguments)`` in the place of a step; ``inner`` is the step as it was."""

    def shape(function: Callable[..., Any]) -> Change:
        def change(behaviour: Behaviour) -> None:
            setattr(behaviour, step, functools.partial(function, getattr(behaviour, step)))

        return change

    return shape


def instead(step: str) -> Shape:
    """Put the function in the place of a step."""
    return lambda function: lambda behaviour: setattr(behaviour, step, function)


def before(step: str) -> Shape:
    """Let the function look at the arguments of a step first; it may raise Refused."""

    def shape(check: Callable[..., object]) -> Change:
        def changed(inner: Callable[..., Any], *args: Any) -> Any:
            check(*args)
            return inner(*args)

        return around(step)(changed)

    return shape


def after(step: str) -> Shape:
    """Let ``function(result, *arguments)`` give the result of a step."""
    return lambda function: around(step)(lambda inner, *args: function(inner(*args), *args))


def unless(step: str) -> Shape:
    """Skip a step that only checks something, in the cases where the function is true of its arguments."""
    return lambda case: around(step)(lambda inner, *args: None if case(*args) else inner(*args))


def refusing(step: str, situation: str) -> Shape:
    """Refuse before a step, in the cases where the function is true of its arguments."""

    def shape(case: Callable[..., bool]) -> Change:
        def check(*args: Any) -> None:
            if case(*args):
                raise Refused(situation, why="by this deviation")

        return before(step)(check)

    return shape


def finishing(function: Callable[[Call, Reply], Reply]) -> Change:
    """Let the function give the answer to a call, whatever it was."""
    return lambda behaviour: behaviour.finish.append(function)


def both(*changes: Change) -> Change:
    """Change several things."""

    def change(behaviour: Behaviour) -> None:
        for one in changes:
            one(behaviour)

    return change


def answering(status: int, *situations: str) -> Change:
    """Answer with another status in these situations."""
    return both(*(lambda behaviour, s=s: behaviour.answer_with(s, status) for s in situations))


def succeeding(status: int, *names: str) -> Change:
    """Answer success with another status at these operations, or kinds of operation."""
    return around("success_status")(
        lambda inner, call: status if {call.operation.name, call.operation.kind} & {*names} else inner(call)
    )


def telling(step: str, **values: Any) -> Change:
    """Let a step that describes something tell these values."""
    return after(step)(lambda told, *_: {**told, **values})


def concealing(step: str, *meanings: str) -> Change:
    """Let a step that describes something leave these values out."""
    return after(step)(lambda told, *_: {m: value for m, value in told.items() if m not in meanings})


def tell_in_errors(tell: Callable[[Call], Mapping[str, Any]]) -> Change:
    """Add what ``tell`` gives to every error message."""

    def told(call: Call, answer: Reply) -> Reply:
        if answer.status >= HTTPStatus.BAD_REQUEST and answer.has_json:
            answer.body = json.dumps({**json.loads(answer.body), **tell(call)}).encode()
        return answer

    return finishing(told)


def cached(control: str) -> Change:
    """Let each answer come with this Cache-Control."""

    def allowed(_call: Call, answer: Reply) -> Reply:
        answer.headers["Cache-Control"] = control
        return answer

    return finishing(allowed)


def name_downloads(header: Callable[[StoredDocument], str]) -> Change:
    """Let each document come with the Content-Disposition that ``header`` gives."""

    def named(answer: Reply, _place: object, *others: Any) -> Reply:
        answer.headers["Content-Disposition"] = header(others[-1])
        return answer

    return both(after("deliver")(named), after("deliver_download")(named))


def without_errors(words: Collection[str], case: Callable[[Schema], bool]) -> Change:
    """Overlook what a schema says with these keywords, where ``case`` is true of the schema."""

    def changed(inner: Callable[..., list[str]], schema: Schema, value: Any) -> list[str]:
        if not case(schema):
            return inner(schema, value)
        return [e.message for e in validator(schema).iter_errors(value) if not _overlooked(e, words)]

    return around("errors")(changed)


def _overlooked(error: ValidationError, words: Collection[str]) -> bool:
    """Whether an error goes away when ``words`` don't count; of alternatives, when those of one branch do."""
    if error.validator in words:
        return True
    branches: dict[Any, list[ValidationError]] = {}
    for below in error.context or ():
        branches.setdefault(below.schema_path[0], []).append(below)
    return any(all(_overlooked(e, words) for e in errors) for errors in branches.values())


def anyone(call: Call) -> Caller:
    """Return a caller who may do everything that the school's main client may do."""
    client = call.world.school.clients[0]
    return Caller(client.client_id, client.component, frozenset(call.world.issuer.scopes_of(client)))


def any_scope(where: Callable[[Call], bool]) -> Change:
    """Let any scope that the edition knows be enough, where ``where`` is true of the call."""

    def scope_suffices(call: Call, binding: Binding) -> bool:
        known = call.caller.scopes & set(call.world.edition.scopes)
        return (where(call) and bool(known)) or rights.scope_suffices(call, binding)

    return instead("scope_suffices")(scope_suffices)


def lacks(meaning: str) -> Callable[[Call, Body], bool]:
    """Return whether a body lacks a field."""
    return lambda _call, body, *_: not body.has(meaning)


def of_kind(call: Call, *kinds: str) -> bool:
    """Whether the call is for an operation of one of these kinds."""
    return call.operation.kind in kinds


def is_change(schema: Schema) -> bool:
    """Whether a schema is that of a change of an enrolment's state."""
    return field_name(schema, "state") is not None and field_name(schema, "document_name") is None
