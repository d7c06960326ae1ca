"""What a case knows: the requirement, the role and operation, the edition, and what the target file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.choices import Large
from okd_conformance.base.text import Text, say
from okd_conformance.judge.bench import Bench
from okd_conformance.judge.stops import Inconclusive, NotApplicable, NotTested
from okd_conformance.standard.catalogue import Profile, Requirement
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.operation import Binding, Operation
from okd_conformance.target.model import Auth, Tls

_IDENTIFYING = ("person_id", "student_number", "association_id")
"""The fixtures that tell one student from all others."""


@dataclass(frozen=True, slots=True)
class CaseSpec:
    """Which requirement is judged where; the id is public."""

    id: str
    requirement: Requirement
    role: str
    operation: Operation | None
    binding: Binding | None


@dataclass(repr=False)
class Situated:
    """The part of a case that knows what is judged, by which edition, and at which target."""

    spec: CaseSpec
    bench: Bench
    asked: set[str] = field(default_factory=set)
    """The test data that the check named."""

    # --- what is judged --------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The id of the case."""
        return self.spec.id

    @property
    def requirement(self) -> Requirement:
        """The requirement that is judged."""
        return self.spec.requirement

    @property
    def role(self) -> str:
        """The role that is judged."""
        return self.spec.role

    @property
    def operation(self) -> Operation:
        """The operation that is judged. Raises LookupError for a case that is about a role as a whole."""
        if self.spec.operation is None:
            raise LookupError("this case has no operation")
        return self.spec.operation

    @property
    def binding(self) -> Binding:
        """The binding that is judged; a case per operation gets the operation's first."""
        return self.spec.binding or self.operation.bindings[0]

    # --- the run and its target ------------------------------------------------------------------------

    @property
    def edition(self) -> Edition:
        """The edition that is judged by."""
        return self.bench.edition

    @property
    def seed(self) -> int:
        """The seed of the run, from which all that is generated derives."""
        return self.bench.seed

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.bench.run_id

    @property
    def profile(self) -> Profile:
        """How thorough the run is."""
        return self.bench.profile

    @property
    def large(self) -> Large:
        """Which operations carry messages of full size."""
        return self.bench.large

    @property
    def marker(self) -> str:
        """The word by which everything that the run creates is known."""
        return self.bench.samples.marker

    @property
    def first_role(self) -> str:
        """The first role that the run judges; what belongs to no single role is judged with it."""
        only = self.bench.only_roles
        return next((name for name in self.bench.target.roles if name in only or not only), self.role)

    @property
    def base_url(self) -> str:
        """The base address of the role that is judged."""
        return self.base_urls[self.role]

    @property
    def base_urls(self) -> Mapping[str, str]:
        """The base address of each role of the target."""
        return {name: role.base_url for name, role in self.bench.target.roles.items()}

    @property
    def auth(self) -> Auth | None:
        """How tokens are had, by the target file; None when it says nothing."""
        return self.bench.target.auth

    @property
    def token_address(self) -> str | None:
        """Where tokens come from; None when nothing says so, or while no token was asked for."""
        return self.bench.tokens.address

    @property
    def tls(self) -> Tls:
        """What the target file says of TLS."""
        return self.bench.target.tls

    @property
    def has_proxy(self) -> bool:
        """Whether requests go by way of a proxy that the target file names."""
        return self.bench.target.http.proxy is not None

    @property
    def timeout_s(self) -> float:
        """How long, in seconds, an answer may take without any progress."""
        return self.bench.target.limits.timeout_s

    @property
    def max_message_bytes(self) -> int | None:
        """The largest message that may be sent, by the target file."""
        return self.bench.target.limits.max_message_bytes

    def serves(self, binding: Binding) -> bool:
        """Whether the target claims the flow of a binding."""
        return self.bench.serves(binding)

    def places(self, operation: Operation) -> Mapping[str, str]:
        """Where the answer of an operation has things, as far as the target file says."""
        return self.bench.samples.places(operation)

    def fixture(self, name: str | None, default: str | None = None) -> str:
        """A fixture of the target. Raises Inconclusive when it is missing and there is no ``default``."""
        self.asked |= {name} if name is not None else set()
        return self.bench.samples.fixture(name, default)

    def fixture_group(self, name: str) -> Mapping[str, str]:
        """A group of fixtures such as ``other_person``. Raises Inconclusive when the target file has none."""
        self.asked.add(name)
        found = self.bench.target.fixtures.get(name)
        if not isinstance(found, Mapping):
            raise self.inconclusive("fixture_missing", name=name)
        return found

    @property
    def people(self) -> list[frozenset[str]]:
        """Per student of the target file the ids and the number, in lower case."""
        fixtures = self.bench.target.fixtures
        second, other = (fixtures.get(name) or {} for name in ("second_association", "other_person"))
        groups = [[*map(fixtures.get, _IDENTIFYING), second.get("association_id")]]
        groups += [[other.get(name) for name in _IDENTIFYING]]
        return [frozenset(str(value).lower() for value in group if value) for group in groups]

    def shows_secret(self, text: str) -> bool:
        """Whether a text holds a token or another secret of this run."""
        return self.bench.redactor.holds_secret(text)

    def call_hook(self, name: str, **values: object) -> dict[str, Any]:
        """Call a hook of the target file for the role that is judged.

        Raises NotTested when there is none of that name, Inconclusive when it fails.
        """
        found: dict[str, Any] = self.bench.hooks.call(name, role=self.role, **values)
        return found

    # --- words and stops -------------------------------------------------------------------------------

    def words(self, key: str, **values: object) -> Text:
        """A message for a note."""
        return say(key, **values)

    def inconclusive(self, key: str, **values: object) -> Inconclusive:
        """Return the exception to raise when it can't be judged though it should."""
        return Inconclusive(say(key, **values))

    def not_applicable(self, key: str, **values: object) -> NotApplicable:
        """Return the exception to raise when the requirement doesn't hold here."""
        return NotApplicable(say(key, **values))

    def not_tested(self, key: str, **values: object) -> NotTested:
        """Return the exception to raise when nobody can judge it here."""
        return NotTested(say(key, **values))
