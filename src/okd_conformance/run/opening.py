"""One run: its options, its target, its bench, and what it found so far."""

from __future__ import annotations

import difflib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from okd_conformance import DEFAULT_EDITION
from okd_conformance.auth.tokens import Tokens, TokenUnobtainable
from okd_conformance.base.text import Lang, Text, joined, say
from okd_conformance.checks.planning import Claims, Selection, is_flow, is_named
from okd_conformance.judge.bench import Bench, Large
from okd_conformance.judge.hooks import Hooks
from okd_conformance.judge.ledger import Event
from okd_conformance.judge.ledger_files import LEDGER, Journal, journal_name, journals_in
from okd_conformance.judge.stopping import ServerErrors
from okd_conformance.redaction.redactor import Redactor
from okd_conformance.redaction.sharing import Line
from okd_conformance.run.baseline import load_baseline
from okd_conformance.standard.catalogue import Profile, load_catalogue
from okd_conformance.standard.edition import Edition, UnknownEditionError, load_edition
from okd_conformance.target.allowance import Allowance
from okd_conformance.target.reading import Target, load_target
from okd_conformance.wire.address import without_access
from okd_conformance.wire.budget import Tally
from okd_conformance.wire.client import Client, Settings
from okd_conformance.wire.exchange import Exchange

_FEW = 20
"""So many names are few enough to be named all."""
_REACH_S = 5.0
_TOKENS_S = 20.0
"""How long to try other scopes and clients when tokens don't come."""


class RefusedError(Exception):
    """The run can't begin; the reason is for people."""

    exit_code = 2

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


class UnreachableError(RefusedError):
    """The target, or its token endpoint, cannot be reached."""

    exit_code = 3


@dataclass(frozen=True)
class Options:
    """The options of a run, as the command line or pytest gives them."""

    target: str | None = None
    edition: str | None = None
    roles: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    profile: Profile = "standard"
    large: Large = "all"
    seed: int = 0
    run_id: str = ""
    report_dir: str | None = None
    lang: Lang = "en"
    allow_production: bool = False
    allow_incomplete: bool = False
    allow_hooks: bool = False
    keep_data: bool = False
    quiet: bool = False
    baseline: str | None = None
    compare: str | None = None

    def as_json(self) -> dict[str, Any]:
        """A form that a worker process can be handed."""
        return asdict(self)

    @property
    def folder(self) -> Path:
        """Where the run writes."""
        return Path(self.report_dir) if self.report_dir else Path("reports") / self.run_id

    def selection(self) -> Selection:
        """Which cases these options choose."""
        return Selection(
            frozenset(self.roles),
            frozenset(self.flows),
            frozenset(self.requirements),
            frozenset(self.cases),
            self.profile,
        )


def new_run_id() -> str:
    """A run id: the time in UTC, to the second, and four random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


@dataclass
class Run:
    """A run against one target, within one process."""

    options: Options
    target: Target
    edition: Edition
    worker: str = ""
    """The worker of pytest-xdist that this is, so that ids of exchanges differ between workers."""
    workers: int = 1
    """How many there are; together they keep to the rate."""
    tally: Tally = field(default_factory=Tally)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    new_exchanges: list[Exchange] = field(default_factory=list)
    journal: Journal | None = None
    _bench: Bench | None = None
    _exchange_number: int = 0

    @property
    def claims(self) -> Claims:
        """What the target claims to serve."""
        roles = {
            name: frozenset(r.flows or self.edition.flows_of(name)) for name, r in self.target.roles.items()
        }
        return Claims(self.edition, roles)

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

    def join(self, worker: str, workers: int, tally: Path, line: Line) -> None:
        """Be one of several workers, which share the limits and what they learn. Raises OSError."""
        self.worker, self.workers = worker, workers
        self.tally = Tally.shared(tally, int(worker.removeprefix("gw")))
        self.bench.redactor.share = line

    def keep_journal(self) -> None:
        """From now on, write the ledger to a file of the run's folder before each request."""
        path = self.options.folder / journal_name(self.worker)
        journal = self.journal = Journal(path, self.options.run_id, self.edition.name, self.addresses)
        redactor = self.bench.redactor

        def write(event: Event) -> None:
            redactor.catch_up()
            journal.write(redactor.deep(event))  # a target may give a secret as an id

        self.bench.ledger.on_event = write

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
            deadline_s=limits.timeout_s * 4,
            requests_per_second=allowance.requests_per_second / self.workers,
            max_requests=allowance.requests,
            max_bytes=allowance.bytes,
            max_duration_s=allowance.seconds,
            verify=target.tls.context(),
            proxy=target.http.proxy,
            headers=tuple((name, secret.reveal()) for name, secret in target.http.headers.items()),
        )
        client = Client(settings, self.new_exchanges.append, self._new_exchange_id, tally=self.tally)
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
            large=self.options.large,
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


@contextmanager
def opened(options: Options) -> Iterator[Run]:
    """Open the target, or without one the embedded reference, and see that there is something to judge.

    Raises RefusedError, or ConfigurationError for a mistake in the target file.
    """
    if options.baseline is not None:
        load_baseline(options.baseline)
    with reached(options) as run:
        _make_folder(run.options.folder)
        yield run


@contextmanager
def reached(options: Options) -> Iterator[Run]:
    """The same without a folder for the files of a run."""
    with ExitStack() as closing:
        if options.target is None:
            file = closing.enter_context(embedded_reference(options.edition))
            options = replace(options, target=str(file))
        run = open_run(options)
        closing.callback(run.close)
        if run.target.is_production and not options.allow_production:
            raise RefusedError(say("production_refused"))
        _know_what_is_chosen(run)
        _know_what_is_compared(run)
        preflight(run)
        yield run


def _make_folder(folder: Path) -> None:
    """Raise RefusedError when there can't be one, or when a killed run left its journal there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(say("no_folder", folder=folder, error=error.strerror)) from None
    if journals_in(folder):
        raise RefusedError(say("journal_in_the_way", folder=folder, file=folder / LEDGER))


def _know_what_is_chosen(run: Run) -> None:
    """Raise RefusedError for an option that names what the edition hasn't."""
    options, edition = run.options, run.edition
    ids = [requirement.id for requirement in run.bench.catalogue.of(edition)]
    unknown: dict[str, tuple[list[str], Iterable[str]]] = {
        "--role": ([role for role in options.roles if role not in edition.roles], edition.roles),
        "--flow": (
            [w for w in options.flows if not any(is_flow(w, flow) for flow in edition.flows)],
            edition.flows,
        ),
        "--requirement": (
            [name for name in options.requirements if not any(is_named(name, i) for i in ids)],
            [*dict.fromkeys(i.rpartition("-")[0] for i in ids), *ids],
        ),
        "--case": ([case for case in options.cases if case.partition("[")[0] not in ids], ids),
    }
    for option, (values, known) in unknown.items():
        if values:
            words = say("unknown_choice", option=option, value=values[0], edition=edition.id)
            raise RefusedError(joined([words, _hint(values[0].partition("[")[0], list(known))]))


def _hint(name: str, known: list[str]) -> Text:
    """The names that look like one that is not there, else all of them when they are few."""
    near = difflib.get_close_matches(name, known, n=3)
    if near or len(known) <= _FEW:
        return say("list_do_you_mean" if near else "list_there_are", names=", ".join(near or known))
    return say("list_see_requirements")


def _know_what_is_compared(run: Run) -> None:
    """Raise RefusedError for an edition that isn't there, or has none of the target's roles."""
    if run.options.compare is None:
        return
    try:
        other = load_edition(run.options.compare)
    except UnknownEditionError as error:
        raise RefusedError(Text.same(f"--compare: {error}")) from None
    if not set(run.target.roles) & set(other.roles):
        raise RefusedError(say("upgrade_no_role", edition=other.name))


def preflight(run: Run) -> None:
    """Make sure that there is something to judge.

    Raises UnreachableError when no role answers or no token can be had, ConfigurationError when the token
    endpoint refuses a client.
    """
    if run.target.http.proxy is None:
        addresses = {name: r.base_url for name, r in run.target.roles.items()}
        closed = [url for url in addresses.values() if not _answers(url)]
        if len(closed) == len(addresses):
            raise UnreachableError(say("target_unreachable", urls=", ".join(dict.fromkeys(closed))))
    problem = _without_token(run)
    if problem is not None:
        raise UnreachableError(problem.reason)


def _without_token(run: Run) -> TokenUnobtainable | None:
    """Ask a token for every client; what went wrong last when not one was given."""
    problem: TokenUnobtainable | None = None
    had = False
    end = time.monotonic() + _TOKENS_S
    for client in run.target.auth.clients if run.target.auth else ():
        for scope in client.scopes:
            try:
                run.bench.tokens.bearer(frozenset({scope}), client_id=client.client_id)
            except TokenUnobtainable as error:
                problem = error
            else:
                had = True
                break
            if time.monotonic() > end:
                break
    return None if had else problem


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=_REACH_S):
            return True
    except OSError:
        return False


@contextmanager
def embedded_reference(edition: str | None, *extra: str) -> Iterator[Path]:
    """Start the embedded reference in a process of its own; gives the path of its target file.

    It stops when the block is left, and also when this process dies; an interruption from the keyboard is
    for us, not for it. Raises RefusedError for an unknown edition.
    """
    try:
        load_edition(edition or DEFAULT_EDITION)
    except UnknownEditionError as error:
        known = ", ".join(error.known)
        raise RefusedError(say("unknown_edition", edition=edition, known=known)) from None
    command = [sys.executable, "-m", "okd_conformance", "serve", "--print-target", "--until-stdin-closes"]
    command += ["--edition", edition or DEFAULT_EDITION, *extra]
    with tempfile.TemporaryDirectory(prefix="okd-conformance-") as folder:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            file = Path(folder) / "embedded-reference.yaml"
            file.write_text(_target_from(process), encoding="utf-8")
            yield file
        finally:
            if process.stdin:
                process.stdin.close()
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _target_from(process: subprocess.Popen[str]) -> str:
    """Read the target file that ``serve`` prints; it ends with YAML's own end mark."""
    lines: list[str] = []
    for line in process.stdout or ():
        if line.rstrip() == "...":
            return "".join(lines)
        lines.append(line)
    raise RuntimeError("the embedded reference did not start")
