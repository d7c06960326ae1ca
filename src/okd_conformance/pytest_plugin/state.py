"""What the plugin keeps during one pytest session, and how a run is opened for it."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import say
from okd_conformance.judge.case import CaseSpec
from okd_conformance.judge.outcome import CaseResult
from okd_conformance.pytest_plugin.options import options_of
from okd_conformance.redaction.sharing import SharedSecrets, SharingLine
from okd_conformance.run.finishing import Findings, Outcome, finish_unreached
from okd_conformance.run.gathering import Gathering
from okd_conformance.run.opening import opened
from okd_conformance.run.options import Options
from okd_conformance.run.refused import RefusedError, UnreachableError
from okd_conformance.run.run import Run, open_run
from okd_conformance.wire.budget import Tally

_TALKATIVE = ("httpx", "httpcore")
"""Libraries that log addresses and headers, as they are."""

KEY = "okd"
"""Of what the processes of a run give each other."""
TALLY = "okd-tally"
LINE = "okd-line"


class Opened:
    """Who opened the run already. When one is registered as a plugin, its run is the one of the session."""

    def __init__(self, run: Run) -> None:
        self.run = run


class State:
    """What the plugin keeps during one pytest session, in one process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.closing = contextlib.ExitStack()
        self.findings = Findings()
        self.deselected: dict[tuple[str, str], str] = {}
        self.skipped: dict[str, CaseResult] = {}
        self.chosen: list[CaseSpec] = []
        self.nodes: list[Any] = []
        self.outcome: Outcome | None = None
        self.refused: tuple[str, ExitCode] | None = None
        """Why nothing can be judged, and the exit code for it."""
        self._run: Run | None = None
        self._gathering: Gathering | None = None
        self._tally: Path | None = None
        self._secrets: SharedSecrets | None = None
        given: dict[str, Any] | None = getattr(config, "workerinput", {}).get(KEY)
        self.is_worker = hasattr(config, "workerinput")
        self.told = False
        self.cleaning = False
        self.options = Options(**given) if given else options_of(config)

    @property
    def started(self) -> bool:
        """Whether this session judges a target at all."""
        return self._run is not None

    @property
    def run(self) -> Run:
        """The run. Raises LookupError when it could not be opened."""
        if not self.ready() or self._run is None:
            raise LookupError("there is no run")
        return self._run

    def ready(self) -> bool:
        """Open the target, or start the embedded reference, at first use; False when there is no judging it.

        ``refused`` then says why.
        """
        if self._run is None and self.refused is None:
            try:
                self._run = self._open()
            except ConfigurationError as error:
                self.refused = (error.render(self.options.lang), ExitCode.USAGE)
            except UnreachableError as error:
                self.refused = (error.reason.in_language(self.options.lang), error.exit_code)
                with contextlib.suppress(RefusedError):  # the first reason is what matters
                    self.outcome = finish_unreached(error)
            except RefusedError as error:
                self.refused = (error.reason.in_language(self.options.lang), error.exit_code)
        return self._run is not None

    def _open(self) -> Run:
        self.closing.enter_context(discreet_logs(self.redact))
        openers = [p for p in self.config.pluginmanager.get_plugins() if isinstance(p, Opened)]
        if openers:
            run = openers[0].run
        elif self.is_worker:
            if TALLY not in self.config.workerinput:  # type: ignore[attr-defined]
                raise pytest.UsageError(say("worker_alone").in_language(self.options.lang))
            run = open_run(self.options)
            given: dict[str, Any] = self.config.workerinput  # type: ignore[attr-defined]
            run.join(given["workerid"], Path(given[TALLY]), SharingLine(*given[LINE]))
            self.closing.callback(run.close)
        else:
            run = self.closing.enter_context(opened(self.options))
        self.options = run.options
        self._gathering = Gathering(run, self.findings)
        run.keep_journal()
        return run

    @property
    def gathering(self) -> Gathering:
        """What keeps all that is found. Raises LookupError when there is no run."""
        if not self.ready() or self._gathering is None:
            raise LookupError("there is no run")
        return self._gathering

    @property
    def begun(self) -> bool:
        """Whether a case has begun in this process."""
        return self._gathering is not None and self._gathering.watch is not None

    def tally(self, workers: int) -> Path:
        """The file in which the workers count together."""
        if self._tally is None:
            folder = self.closing.enter_context(tempfile.TemporaryDirectory(prefix="okd-conformance-"))
            self._tally = Path(folder) / "tally"
            Tally.create(self._tally, workers)
        return self._tally

    def line(self) -> tuple[Any, str]:
        """How a worker reaches the list of all that they learn to be secret."""
        if self._secrets is None:
            self._secrets = SharedSecrets()
            self.closing.callback(self._secrets.close)
            if self._run is not None:
                self._run.bench.redactor.share = self._secrets
        return self._secrets.line

    def redact(self, text: str) -> str:
        """The text without the secrets that are known by now."""
        if self._run is None:
            return text
        self._run.bench.redactor.catch_up()
        return self._run.bench.redactor.text(text)

    def skip(self, result: CaseResult) -> None:
        """Remember a case that does not run here; every worker tells of the same ones."""
        self.skipped.setdefault(result.id, result)


@contextlib.contextmanager
def discreet_logs(redact: Callable[[str], str]) -> Generator[None, None, None]:
    """Keep secrets out of the log, whatever level the user asks for, also as it is written to a file.

    The libraries below us are silenced; they tell of answers before we have read what is secret in them.
    """
    before = {name: logging.getLogger(name).level for name in _TALKATIVE}
    made = logging.getLogRecordFactory()

    def discreet(*arguments: Any, **more: Any) -> logging.LogRecord:
        record = made(*arguments, **more)
        with contextlib.suppress(TypeError, ValueError):  # logging tells itself what doesn't fit
            record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(discreet)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logging.setLogRecordFactory(made)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
