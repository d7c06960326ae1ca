"""Who may do what: scopes per operation and document type, and whose documents are whose."""

from __future__ import annotations

import dataclasses

from okd_conformance.reference.answers import Refused
from okd_conformance.reference.storage import StoredDocument
from okd_conformance.reference.tokens import bearer_token
from okd_conformance.reference.world import Call, Caller
from okd_conformance.standard.operation import Binding, Operation, ScopeCells

UPLOAD = "upload"
DOCUMENT_KINDS = ("read", "metadata", "replace", "delete")


def authenticate(call: Call) -> Caller:
    """Say who calls, by the token in the Authorization header; refuse everyone else."""
    token = bearer_token(call.request)
    if token is None:
        raise Refused("no_token")
    return call.behaviour.accept_token(call, token)


def accept_token(call: Call, token: str) -> Caller:
    """Check a token from all sides and say who bears it."""
    claims = call.behaviour.signed_claims(call.world, token)
    for check in call.behaviour.token_checks.values():
        check(call.world, claims)
    return call.behaviour.caller_of(call.world, claims)


def needs_token(call: Call) -> bool:
    """Whether the edition wants a token here."""
    return call.operation.secured


def check_operation_rights(call: Call) -> None:
    """Refuse a caller that no scope allows to use this operation at all, whatever the document."""
    if not any(call.behaviour.scope_suffices(call, binding) for binding in call.operation.bindings):
        raise Refused("no_rights")


def check_type_rights(call: Call, document_type: str | None) -> None:
    """Refuse a caller whose scopes don't allow this operation for this type of document."""
    binding = binding_for(call.operation, document_type)
    if not call.behaviour.scope_suffices(call, binding):
        raise Refused("no_rights_for_type")


def scope_suffices(call: Call, binding: Binding) -> bool:
    """Whether one of the caller's scopes gives the right to use the operation as this binding does."""
    if binding.scopes is None:
        return True
    return any(call.behaviour.scope_counts(call, binding, scope) for scope in call.caller.scopes)


def scope_counts(call: Call, binding: Binding, scope: str) -> bool:
    """Whether this scope alone is enough here."""
    if binding.scopes is None or scope in binding.scopes.sufficient:
        return True
    return scope in binding.scopes.disputed and call.behaviour.disputed_counts(call, binding, scope)


def disputed_counts(call: Call, binding: Binding, scope: str) -> bool:
    """How the reference settles a scope that the sources disagree about.

    It may upload. For a document that is there it counts as it does for an upload of that type, since the
    text says that the scopes are the same. A notice of destruction is for the scope of that name alone.
    """
    if call.operation.kind not in DOCUMENT_KINDS:
        return True
    uploads = [
        binding_for(operation, binding.document_type)
        for operation in call.world.edition.operations(call.role, UPLOAD)
        if any(b.document_type == binding.document_type for b in operation.bindings)
    ]
    return any(u.scopes and scope in (*u.scopes.sufficient, *u.scopes.disputed) for u in uploads)


def binding_for(operation: Operation, document_type: str | None) -> Binding:
    """Return the binding for a type of document.

    For a type that the edition doesn't bind here, only what suffices for every type suffices; what suffices
    for some is disputed.
    """
    bindings = operation.bindings
    for binding in bindings:
        if binding.document_type == document_type:
            return binding
    cells = [b.scopes for b in bindings if b.scopes is not None]
    if not cells:
        return bindings[0]
    everywhere = [s for s in cells[0].sufficient if all(s in c.sufficient for c in cells)]
    somewhere = dict.fromkeys(s for c in cells for s in (*c.sufficient, *c.disputed) if s not in everywhere)
    scopes = ScopeCells(tuple(everywhere), tuple(somewhere), ())
    return dataclasses.replace(bindings[0], document_type=document_type, scopes=scopes)


def may_use(call: Call, document: StoredDocument) -> bool:
    """Whether the document was supplied by the caller's component, or registered with it."""
    return call.caller.component in (document.component, *document.registered_with)
