"""Valid requests: the edition's examples with the target's fixtures and fresh ids in their places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.text import say
from okd_conformance.judge.content import pdf
from okd_conformance.judge.ids import derived_uuid, is_uuid
from okd_conformance.judge.rights import Rights
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.fields import Body
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.target.reading import Target

SITTING = "exam_component_offering_id"
EXAM_REFERENCES = (SITTING, "exam_code", "exam_code_path")
"""The fields of a registration that say which exam it is about."""


@dataclass(repr=False)
class Samples:
    """Makes samples; the same seed and run id give the same ids in the same order."""

    edition: Edition
    target: Target
    rights: Rights
    seed: int
    run_id: str
    subtype_of: Callable[[Binding], str | None] = field(default=lambda _: None)
    """What tells a subtype that the target knows, for a binding; None leaves that of the example."""
    sitting_of: Callable[[Operation, Binding], str | None] = field(default=lambda *_: None)
    """What tells the sitting that a registration has to name at the target; None leaves the example."""
    _numbers: dict[str, Any] = field(default_factory=dict)

    def number(self, label: str) -> int:
        """Count from 1 per label, so that derived ids differ."""
        counter = self._numbers.setdefault(label, itertools.count(1))
        return int(next(counter))

    def fresh_uuid(self, label: str) -> str:
        """A new UUID, derived from seed, run id and label."""
        return derived_uuid(self.seed, self.run_id, label, self.number(label))

    def sample(self, operation: Operation, binding: Binding, label: str, **given: Any) -> Sample:
        """A valid request from the edition's example, with fixtures and fresh ids in their places.

        ``given``: attributes of the sample that are not to be made here, ``fixtures`` that go before the
        target's, and ``sitting``: the one to name, or None for none. Raises Inconclusive when a fixture is
        missing.
        """
        sitting = given.pop("sitting") if "sitting" in given else self.sitting_of(operation, binding)
        fixtures = {**self.target.fixtures, **given.pop("fixtures", {})}
        token = given.pop("token", None) or self.rights.usual_token(binding)
        file = given.pop("file", None) or pdf(f"{self.run_id} {label}")
        body = given.pop("body", None) or self._body(operation, binding, label, file, fixtures, sitting)
        path_values = {**self._path_values(operation, fixtures), **given.pop("path_values", {})}
        return Sample(
            operation=operation,
            binding=binding,
            base_url=self.target.roles[binding.role].base_url,
            token=token,
            path_values=path_values,
            query=self._query(operation),
            body=body,
            file=file,
            layout=self.target.templates.get(operation.name, {}).get("request"),
            marker=self.marker,
            **{
                "file_name": f"{self.marker}.pdf",
                "boundary": f"----okd-conformance-{derived_uuid(self.seed, label)[:8]}",
                **given,
            },
        )

    def places(self, operation: Operation) -> Mapping[str, str]:
        """Where the answer of an operation has things, as far as the target file says."""
        places: Mapping[str, str] = self.target.templates.get(operation.name, {}).get("answer", {})
        return places

    @property
    def marker(self) -> str:
        """What makes data of this run recognisable at the target."""
        return f"okd-conformance-{self.run_id}"

    def fixture(self, name: str | None, default: str | None = None) -> str:
        """A fixture of the target. Raises Inconclusive when the target file has none."""
        value = self.target.fixtures.get(name) if name else None
        if value is None:
            if default is not None:
                return default
            raise Inconclusive(say("fixture_missing", name=name))
        return str(value)

    def _query(self, operation: Operation) -> dict[str, str]:
        """The query of a valid request: fixtures, and what the edition asks with a fixed value."""
        found = {}
        for parameter in operation.query_parameters:
            if parameter.fixture:
                found[parameter.name] = self.fixture(parameter.fixture)
            elif parameter.required:
                found[parameter.name] = str(_fixed(parameter.schema))
        return found

    def _path_values(self, operation: Operation, fixtures: Mapping[str, Any]) -> dict[str, str]:
        return {
            p.meaning: fixtures[p.fixture] if p.fixture in fixtures else self.fixture(p.fixture)
            for p in operation.path_parameters
            if p.fixture and p.meaning
        }

    def _body(
        self,
        operation: Operation,
        binding: Binding,
        label: str,
        file: bytes,
        fixtures: Mapping[str, Any],
        sitting: str | None,
    ) -> Body | None:
        schema = operation.body_schema
        if schema is None or binding.example is None:
            return None
        body = Body(schema, operation.examples[binding.example])
        if operation.kind == "change":
            body = self._as_it_stands(binding.role, body)
        subtype = self.subtype_of(binding) if body.has("document_subtype") else None
        if subtype is not None:
            body = body.with_("document_subtype", subtype)
        if sitting is not None and not any(body.has(meaning) for meaning in EXAM_REFERENCES):
            body = body.with_(SITTING, sitting)
        return self.fill(body, label, file, fixtures=fixtures)

    def standing_state(self, role: str) -> str | None:
        """The state that the edition's uploads tell of the enrolment; None when they tell none."""
        for operation in self.edition.operations(role, "upload"):
            for example in operation.examples.values():
                state = Body(operation.body_schema or {}, example).get("state")
                if state is not None:
                    return str(state)
        return None

    def _as_it_stands(self, role: str, body: Body) -> Body:
        """Let a change of an enrolment tell the state that it has already, so that nothing ends by it."""
        state = self.standing_state(role)
        if state is None or not body.has("state"):
            return body
        return body.with_("state", state).without("enrollment_final_end_date")

    def fill(
        self,
        body: Body,
        label: str,
        file: bytes,
        lenient: bool = False,
        fixtures: Mapping[str, Any] | None = None,
    ) -> Body:
        """Put fixtures (the target's unless given), fresh ids, the marker and the real size into a body.

        ``lenient``: the body is invalid on purpose, so leave what is wrong as it is. Raises Inconclusive.
        """
        known = self.target.fixtures if fixtures is None else fixtures
        missing: list[str] = []

        def value_for(schema: Mapping[str, Any], current: Any) -> Any:
            if lenient and not _is_text_for(schema, current):
                return None
            if schema.get("x-okd-fresh"):
                return self.fresh_uuid(label)
            if schema.get("x-okd-meaning") == "document_name" and isinstance(current, str):
                return f"{self.marker}-{current}"
            if schema.get("x-okd-meaning") == "document_size" and is_size(current):
                return len(file)
            fixture = schema.get("x-okd-fixture")
            if fixture is None:
                return None
            value = known.get(fixture)
            if value is None:
                missing.append(fixture)
            return value

        filled = body.filled(value_for)
        if not missing:
            return filled
        for place in body.places():
            if place.present and place.meaning and place.schema.get("x-okd-fixture") in missing:
                filled = filled.without(place.meaning)
        if not lenient and filled.errors():
            raise Inconclusive(say("fixture_missing", name=", ".join(dict.fromkeys(missing))))
        return filled


def _is_text_for(schema: Mapping[str, Any], current: Any) -> bool:
    return isinstance(current, str) and (schema.get("format") != "uuid" or is_uuid(current))


def is_size(value: Any) -> bool:
    """Whether a value can be a number of bytes."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _fixed(schema: Mapping[str, Any]) -> Any:
    return schema["const"] if "const" in schema else schema["enum"][0]
