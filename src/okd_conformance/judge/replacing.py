"""Replacing content in the way that a target has, where an edition offers more than one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from okd_conformance.judge.sample import Sample
from okd_conformance.judge.samples import Samples
from okd_conformance.judge.sending import Sending
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.fields import field_name
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.wire.exchange import Exchange

LOCK, REPLACE, UNLOCK = "lock_document", "replace_by_put", "unlock_document"
"""The operations of the other ways: replace as it is, or lock, replace and unlock."""

Way = Literal["own", "put", "lock"]
"""The operation whose kind it is, or the other one: as it is, or after locking."""


@dataclass(repr=False)
class Replacing:
    """Makes samples of a replacement that the target understands; the first way that works is kept."""

    edition: Edition
    sending: Sending
    samples: Samples
    _ways: dict[str, Way] = field(default_factory=dict)
    _locked: list[tuple[Sample, str, str]] = field(default_factory=list)

    def way(self, role: str, tried: Callable[[Way], bool]) -> Way:
        """How a role replaces content; ``tried`` tells whether a way works, and is asked once per run."""
        if not self._others(role):
            return "own"
        if role not in self._ways:
            self._ways[role] = "own"
            ways: tuple[Way, ...] = ("own", "put", "lock")
            self._ways[role] = next((way for way in ways if tried(way)), "own")
        return self._ways[role]

    def sample(self, way: Way, operation: Operation, binding: Binding, label: str, **given: Any) -> Sample:
        """A replacement in one way; what must be locked for it is locked."""
        if way != "own":
            operation = self._others(binding.role)[REPLACE]
            binding = bound(operation, binding.document_type)
        sample = self.samples.sample(operation, binding, label, **given)
        return self._under_lock(sample, label) if way == "lock" else sample

    def release(self) -> None:
        """Unlock what was locked for a replacement that has been sent."""
        while self._locked:
            sample, label, proof = self._locked.pop()
            with suppress(Inconclusive):
                self._call(UNLOCK, sample, label, proof)

    def _others(self, role: str) -> dict[str, Operation]:
        found = {o.name: o for o in self.edition.operations(role) if o.name in {LOCK, REPLACE, UNLOCK}}
        return found if REPLACE in found else {}

    def _under_lock(self, sample: Sample, label: str) -> Sample:
        lock = self._call(LOCK, sample, label)
        proof = _proof_in(lock, self._others(sample.binding.role)[LOCK])
        if proof is None:
            return sample
        self._locked.append((sample, label, proof))
        return with_proof(sample, proof)

    def _call(self, name: str, like: Sample, label: str, proof: str | None = None) -> Exchange:
        operation = self._others(like.binding.role)[name]
        binding = bound(operation, like.binding.document_type)
        sample = self.samples.sample(operation, binding, label, path_values=like.path_values)
        request = with_proof(sample, proof).request()
        return self.sending.send(request, label, binding.role, operation)


def bound(operation: Operation, document_type: str | None) -> Binding:
    """How an operation is used for a type of document."""
    fitting = [b for b in operation.bindings if b.document_type == document_type]
    return (fitting or list(operation.bindings))[0]


def with_proof(sample: Sample, proof: str | None) -> Sample:
    """A sample with the proof of a lock, where its operation takes one."""
    names = [p.name for p in sample.operation.query_parameters if p.meaning == "lock_id" and proof]
    return sample.but(query={**sample.query, **dict.fromkeys(names, proof)})


def _proof_in(lock: Exchange, operation: Operation) -> str | None:
    try:
        value = lock.answer.json() if lock.answer is not None and lock.succeeded else None
    except ValueError:
        return None
    name = field_name(operation.success_schema() or {}, "lock_id")
    proof = value.get(name) if isinstance(value, dict) else None
    return proof if isinstance(proof, str) else None
