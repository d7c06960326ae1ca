"""The bench: what all cases of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field

from okd_conformance.auth.tokens import Tokens
from okd_conformance.base.choices import Large
from okd_conformance.judge.arrangements import Arrangements
from okd_conformance.judge.events import Events
from okd_conformance.judge.hooks import Hooks
from okd_conformance.judge.leaving import Leaving
from okd_conformance.judge.ledger import Ledger, Left
from okd_conformance.judge.rights import Rights
from okd_conformance.judge.samples import Samples
from okd_conformance.judge.sending import Sending
from okd_conformance.judge.set_up import SetUp
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.standard.catalogue import Catalogue, Profile
from okd_conformance.standard.edition import Edition
from okd_conformance.standard.operation import Binding
from okd_conformance.target.reading import Target
from okd_conformance.wire.client import Client


@dataclass(repr=False)  # pytest shows the arguments of a check that stops, and all of this takes it a second
class Bench:
    """Edition, target and wire of one run: how it sends, its rights, its samples, and what it arranged."""

    edition: Edition
    target: Target
    catalogue: Catalogue
    tokens: Tokens
    client: Client
    redactor: Redactor
    seed: int
    run_id: str
    profile: Profile = "standard"
    large: Large = "all"
    """Which operations carry the full size: all of them, or just one."""
    only_roles: tuple[str, ...] = ()
    """The roles that the run is limited to; none for all of the target's."""
    events: Events = field(default_factory=Events)
    """Where what happens is told."""
    hooks: Hooks = field(default_factory=lambda: Hooks({}))
    ledger: Ledger = field(default_factory=Ledger)
    sending: Sending = field(init=False)
    rights: Rights = field(init=False)
    samples: Samples = field(init=False)
    arrangements: Arrangements = field(init=False)
    set_up: SetUp = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts together, and let the ledger know where the target's answers have their ids."""
        self.ledger.events = self.events
        self.ledger.places = {n: t["answer"] for n, t in self.target.templates.items() if "answer" in t}
        limits = self.target.limits
        self.sending = Sending(self.client, self.redactor, self.ledger, limits, self.profile, self.events)
        self.rights = Rights(
            self.tokens,
            self.redactor,
            self.target.auth,
            self.sending.clients,
            names_none=not self.edition.scopes,
        )
        self.samples = Samples(self.edition, self.target, self.rights, self.seed, self.run_id)
        self.arrangements = Arrangements(self.edition, self.sending, self.rights, self.samples, self.hooks)
        self.set_up = SetUp(self.target, self.arrangements)
        self.samples.subtype_of = self.arrangements.subtype_of
        self.samples.sitting_of = self.arrangements.sitting_of

    def serves(self, binding: Binding) -> bool:
        """Whether the target claims the flow of a binding."""
        return self.target.roles[binding.role].serves(binding.flow)

    # --- leaving ---------------------------------------------------------------------------------------

    @property
    def leaving(self) -> Leaving:
        """What undoes what the run did."""
        return Leaving(self.target.roles, self.arrangements)

    def left(self) -> Left:
        """What the run created or changed at the target, and has not undone."""
        return self.leaving.left()

    def clean_up(self) -> Left:
        """Undo it; returns what is left. When it is interrupted, ``left`` tells the same."""
        return self.leaving.clean_up()
