"""One run: its options, its target, its bench, and what it found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from okd_conformance.auth.tokens import Tokens
from okd_conformance.checks.planning import Claims, Selection
from okd_conformance.judge.bench import Bench
from okd_conformance.judge.events import Events, Exchanged, Noted
from okd_conformance.judge.hooks import Hooks
from okd_conformance.judge.ledger_files import Journal, journal_name
from okd_conformance.judge.stopping import ServerErrors
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.redaction.sharing import SharingLine
from okd_conformance.run.options import Options
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition, load_edition
from okd_conformance.target.allowance import Allowance
from okd_conformance.target.reading import Target, load_target
from okd_conformance.wire.address import without_access
from okd_conformance.wire.budget import Tally
from okd_conformance.wire.client import Client, Settings


@dataclass
class Run:
    """A run against one target, within one process."""

    options: Options
    target: Target
    edition: Edition
    worker: str = ""
    """The worker of pytest-xdist that this is, so that ids of exchanges differ between workers."""
    tally: Tally = field(default_factory=Tally)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: Events = field(default_factory=Events)
    journal: Journal | None = None
    _bench: Bench | None = None
    _exchange_number: int = 0

    @property
    def claims(self) -> Claims:
        """What the target claims to serve."""
        flows = self.edition.flows_of
        roles = {
            name: frozenset(filter(role.serves, flows(name))) for name, role in self.target.roles.items()
        }
        return Claims(self.edition, roles)

    @property
    def selection(self) -> Selection:
        """Which cases the options choose."""
        options = self.options
        return Selection(
            frozenset(options.roles),
            frozenset(options.flows),
            frozenset(options.requirements),
            frozenset(options.cases),
            options.profile,
        )

    @property
    def bench(self) -> Bench:
        """The bench, made at first use."""
        if self._bench is None:
            self._bench = self._make_bench()
        return self._bench

    @property
    def addresses(self) -> dict[str, str]:
        """Per role, where the target is: without what gives access."""
        redact = self.bench.redactor.text
        return {name: redact(without_access(role.base_url)) for name, role in self.target.roles.items()}

    @property
    def allowance(self) -> Allowance:
        """What the whole run may ask of the target."""
        return Allowance.of(self.target.limits, self.options.profile)

    def join(self, worker: str, tally: Path, line: SharingLine) -> None:
        """Be one of several workers, which share the limits and what they learn. Raises OSError."""
        self.worker = worker
        self.tally = Tally.shared(tally, int(worker.removeprefix("gw")))
        self.bench.redactor.share = line

    def keep_journal(self) -> None:
        """From now on, write the ledger to a file of the run's folder before each request."""
        path = self.options.folder / journal_name(self.worker)
        journal = self.journal = Journal(path, self.options.run_id, self.edition.name, self.addresses)
        redactor = self.bench.redactor

        def write(noted: Noted) -> None:
            redactor.catch_up()
            journal.write(redactor.deep(noted.line))  # a target may give a secret as an id

        self.events.subscribe(Noted, write)

    def close(self) -> None:
        """Close connections and the journal."""
        if self.journal is not None:
            self.journal.close()
        if self._bench is not None:
            self._bench.client.close()
            self._bench.tokens.close()

    def _make_bench(self) -> Bench:
        target = self.target
        marker = f"okd-conformance-{self.options.run_id}"
        redactor = Redactor(target.secrets(), public=[*target.public(), marker])
        limits, allowance = target.limits, self.allowance
        settings = Settings(
            timeout_s=limits.timeout_s,
            deadline_s=limits.timeout_s * 2,
            requests_per_second=allowance.requests_per_second,
            max_requests=allowance.requests,
            max_bytes=allowance.bytes,
            max_duration_s=allowance.seconds,
            verify=target.tls.context(),
            proxy=target.http.proxy,
            headers=tuple((name, secret.reveal()) for name, secret in target.http.headers.items()),
        )
        told = self.events.emit
        client = Client(settings, lambda e: told(Exchanged(e)), self._new_exchange_id, tally=self.tally)
        bench = Bench(
            edition=self.edition,
            target=target,
            catalogue=load_catalogue(),
            tokens=Tokens(target, learn=redactor.learn),
            client=client,
            redactor=redactor,
            seed=self.options.seed,
            run_id=self.options.run_id,
            profile=self.options.profile,
            events=self.events,
            large=self.options.large,
            only_roles=self.options.roles,
            hooks=Hooks(target.hooks, self.options.allow_hooks),
        )
        bench.sending.rules.append(ServerErrors())
        return bench

    def _new_exchange_id(self) -> str:
        self._exchange_number += 1
        return f"{self.worker}x{self._exchange_number:05d}"


def open_run(options: Options) -> Run:
    """Load target and edition. Raises ConfigurationError for a mistake in the target file."""
    target = load_target(Path(options.target or ""), edition=options.edition)
    return Run(options, target, load_edition(target.edition))
