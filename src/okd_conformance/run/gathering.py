"""Gathering what one process of a run finds: it listens to the run's events, for the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from okd_conformance.base.text import Text
from okd_conformance.checks.running import Watch, merged, plain, results_from
from okd_conformance.judge.events import CaseEnded, Exchanged
from okd_conformance.judge.outcome import CaseResult
from okd_conformance.run.finishing import Findings
from okd_conformance.run.run import Run
from okd_conformance.wire.exchange import Exchange


@dataclass
class Gathering:
    """Keeps results, exchanges and what the observers saw, without the secrets that are known by then.

    Exchanges wait until their case has ended: it may bring to light what is secret in them.
    """

    run: Run
    findings: Findings = field(default_factory=Findings)
    watch: Watch | None = None
    _waiting: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run.events.subscribe(Exchanged, lambda exchanged: self._waiting.append(exchanged.exchange))
        self.run.events.subscribe(CaseEnded, self._ended)

    def observing(self) -> Watch:
        """The observers, which see every exchange from the first call on; the suites must be loaded."""
        if self.watch is None:
            self.watch = Watch(self.run.bench, self.run.claims, self.run.selection)
        return self.watch

    def _ended(self, ended: CaseEnded) -> None:
        self.findings.results.append(ended.result)
        self.settle()

    def settle(self) -> None:
        """Take in what no case has brought in yet."""
        redactor = self.run.bench.redactor
        self._see(self.watch.take() if self.watch is not None else [])
        redactor.catch_up()
        waiting, self._waiting = self._waiting, []
        self.findings.exchanges += [exchange.as_har(redactor) for exchange in waiting]
        self._learn(redactor.deep([cause.as_json() for cause in self.run.bench.set_up.found.values()]))

    def _learn(self, causes: list[dict[str, str]]) -> None:
        """Keep what is wrong with the target file, each thing once."""
        known = self.findings.set_up
        known += [cause for cause in map(Text.from_json, causes) if cause not in known]

    def _see(self, observed: list[CaseResult]) -> None:
        for result in observed:
            self.findings.observed[result.id] = merged(self.findings.observed.get(result.id), result)

    # --- between processes -----------------------------------------------------------------------------

    def hand_over(self) -> dict[str, Any]:
        """What was gathered since the last time, in a form that another process can take."""
        self.settle()
        findings = self.findings
        given = {
            "results": plain(findings.results),
            "observed": plain(findings.observed.values()),
            "exchanges": findings.exchanges,
            "set_up": [cause.as_json() for cause in findings.set_up],
        }
        findings.results, findings.observed, findings.exchanges = [], {}, []
        return given

    def take(self, given: dict[str, Any]) -> None:
        """Take what another process handed over, and tell of the cases in it.

        Its results are redacted once more: a target may have shown one process what it was just telling
        another.
        """
        self.run.bench.redactor.catch_up()
        for result in results_from(self.run.bench.redactor.deep(given["results"])):
            self.run.events.emit(CaseEnded(result))
        self._see(results_from(given["observed"]))
        self.findings.exchanges += given["exchanges"]
        self._learn(given["set_up"])
