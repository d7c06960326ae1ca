"""The command ``check-config``: whether a target can be judged, before the first check runs.

It connects, asks for tokens, asks for ``GET /``, and looks people and enrolments up where the edition has an
operation for that. Outside production it also stores a marked document at a DMS with each set of test data,
registers one at a module, and undoes that again. It ends with one sentence.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from okd_conformance.base.clean import printable
from okd_conformance.base.configuration import ConfigurationError
from okd_conformance.base.exit_codes import ExitCode
from okd_conformance.base.text import Lang, Text, joined, say
from okd_conformance.judge.stops import Inconclusive
from okd_conformance.redaction.looks import MIN_SECRET
from okd_conformance.run.config_addresses import clocks, editions, reach
from okd_conformance.run.config_fixtures import fixtures
from okd_conformance.run.config_found import LABEL, Found, mistakes
from okd_conformance.run.config_round_trip import round_trips
from okd_conformance.run.config_tokens import tokens
from okd_conformance.run.options import Options
from okd_conformance.run.run import Run, open_run
from okd_conformance.target.reading import Target
from okd_conformance.wire.exchange import Exchange

_WORD = re.compile(r"[A-Z]?[a-z]+(?:[_ -][a-z]+)*")
_MARKS = {"good": "+", "bad": "x", "warning": "!", "unknown": "-"}


@dataclass
class _Progress:
    """Shows each finding as it comes, and remembers it."""

    lang: Lang
    write: Callable[[str], object]
    redact: Callable[[str], str] = str
    found: list[Found] = field(default_factory=list)

    def add(self, found: Found) -> None:
        """Show a finding, unless it was shown before."""
        if found in self.found:
            return
        self.found.append(found)
        self.write(f"{_MARKS[found.how]} {self._shown(found.words)}\n")
        if found.remedy:
            self.write(f"    {self._shown(found.remedy)}\n")

    def _shown(self, words: Text) -> str:
        return printable(self.redact(words.in_language(self.lang)))

    def close(self) -> int:
        """Write the last sentence and return the exit code."""
        bad = [one for one in self.found if one.how == "bad"]
        self.write("\n")
        if not bad:
            self.write(say("config_in_order").in_language(self.lang) + "\n")
            return ExitCode.OK
        first = joined([_sentence(bad[0].words), bad[0].remedy or Text.same("")])
        key = "config_mend_one" if len(bad) == 1 else "config_mend_many"
        words = say(key, n=len(bad), first=first)
        self.write(self._shown(words) + "\n")
        return ExitCode.USAGE if any(one.code == ExitCode.USAGE for one in bad) else ExitCode.INCOMPLETE


def _sentence(words: Text) -> Text:
    return Text(*(w if w.endswith((".", "?")) else f"{w}." for w in (words.nl, words.en)))


def check_target(file: str, edition: str | None, lang: Lang) -> int:
    """Look at everything, show it, and return the exit code."""
    progress = _Progress(lang, sys.stdout.write)
    try:
        run = open_run(Options(target=str(Path(file)), edition=edition, run_id=LABEL))
    except ConfigurationError as error:
        sys.stderr.write(printable(error.render(lang)) + "\n")
        sys.stdout.write(say("config_file_wrong", n=len(error.mistakes)).in_language(lang) + "\n")
        return ExitCode.USAGE
    with contextlib.closing(run):
        progress.redact = run.bench.redactor.text
        for found in look_at(run):
            progress.add(found)
    return progress.close()


def look_at(run: Run) -> Iterator[Found]:
    """Everything there is to see of a target, as it is seen, up to where no client gets a token."""
    target = run.target
    roles = ", ".join(target.roles)
    yield Found("good", say("config_file", file=target.file.name, edition=run.edition.name, roles=roles))
    if target.is_production:
        yield Found("warning", say("config_production"), say("config_production_remedy"))
    yield from _plain_words(target)
    told: list[Found] = []
    try:
        for found in _asked(run):
            told.append(found)
            yield found
    except Inconclusive as stop:
        yield Found("bad", stop.reason, say("config_stopped_remedy"))
    except ConfigurationError as error:
        yield from (found for found in mistakes(error) if found not in told)


def _asked(run: Run) -> Iterator[Found]:
    """What the target itself shows. Raises Inconclusive when it may be asked no more."""
    target = run.target
    answers: dict[str, Exchange] = {}
    for role in target.roles:
        yield from reach(run, role, answers)
    yield from clocks(answers)
    yield from editions(run, answers)
    if any(exchange.answer is not None for exchange in answers.values()):
        yield from tokens(run)
        seen: set[str] = set()
        with contextlib.suppress(ConfigurationError):  # a client that is refused was told by the tokens
            yield from round_trips(run, [role for role, e in answers.items() if e.answer is not None], seen)
        yield from fixtures(run, seen)


def _plain_words(target: Target) -> Iterator[Found]:
    """The headers of a gateway whose value is so plain that a report can't do without it."""
    for name, secret in target.http.headers.items():
        value = secret.reveal()
        if len(value) < MIN_SECRET:
            words = say("config_header_short", name=name, n=MIN_SECRET)
        elif _WORD.fullmatch(value):
            words = say("config_header_word", name=name)
        else:
            continue
        yield Found("warning", words, say("config_header_remedy"))
