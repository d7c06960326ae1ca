"""What a run shows on the terminal: where it is, failures as they come, and the verdict."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text as Styled

from okd_conformance.base.clean import one_line
from okd_conformance.base.text import Lang, Text, say
from okd_conformance.judge.outcome import CaseResult, Status, Verdict
from okd_conformance.report.at_work import duration, long_wait, reason
from okd_conformance.report.cards import Card, cards
from okd_conformance.report.model import SHARED, Report
from okd_conformance.report.upgrade import STEPS, Upgrade
from okd_conformance.report.wording import (
    counted,
    is_telling,
    part_verdict,
    plain_sentence,
    status_name,
    tone,
)
from okd_conformance.standard.catalogue import load_catalogue
from okd_conformance.standard.edition import Edition
from okd_conformance.target.allowance import number
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.waiting import Wait

_STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "red",
    Status.WARNING: "yellow",
    Status.INCONCLUSIVE: "blue",
    Status.SUITE_FAULT: "magenta",
    Status.NOT_TESTED: "dim",
    Status.NOT_APPLICABLE: "dim",
}
_VERDICT_STYLES = {
    Verdict.CONFORMANT: "bold green",
    Verdict.NOT_CONFORMANT: "bold red",
    Verdict.INCOMPLETE: "bold blue",
    Verdict.SUITE_FAULT: "bold magenta",
}
_MOST_SHOWN = 25
_MOST_CHANGES = 30
_MOST_CAUSES = 15
_PLAIN_WIDTH = 110
_LINE = 220
_TELLING_COLUMNS = 2
"""Role and verdict: the columns of the table that stay, however narrow the terminal."""
_GAP = 2
"""Between two columns."""
_TELL_EVERY_S = 10
"""How often to tell that the work goes on where nothing moves."""

_FIRST_WORD_S = 2
"""How long opening the target may take without a word: a mistake in the options is told alone."""


class ConsoleReporter:
    """Shows one run. On a terminal with a moving bar; elsewhere with plain lines, without colour or movement.

    ``quiet`` leaves only the verdict and the place of the report. The environment's ``NO_COLOR`` is
    honoured; ``color`` overrules it. Nothing that a target sent reaches the terminal unfiltered.
    """

    def __init__(
        self, stream: IO[str], lang: Lang, *, quiet: bool = False, color: bool | None = None
    ) -> None:
        on_terminal = bool(getattr(stream, "isatty", bool)())
        self._console = Console(
            file=stream,
            width=None if on_terminal else _PLAIN_WIDTH,
            force_terminal=True if color else None,
            no_color=None if color is None else not color,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._lang: Lang = lang
        self._quiet = quiet
        self._moving = on_terminal and not quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._expected: Mapping[str, int] = {}
        self._sections: dict[str, Counter[Status]] = defaultdict(Counter)
        self._shown = 0
        self._seen: set[tuple[str, Status]] = set()
        self._told = time.monotonic() + _FIRST_WORD_S - _TELL_EVERY_S
        self._stage = say("report_console_preparing")
        self._wait: Wait | None = None

    def start(
        self,
        edition: Edition,
        target: str,
        profile: str,
        n_cases: int,
        sections: Mapping[str, int] | None = None,
        limits: Text | None = None,
    ) -> None:
        """Say what is about to run. ``sections`` gives the number of cases per section, if known.

        ``limits`` tells what the run may ask of the target in all.
        """
        self._expected = sections or {}
        self._stage = say("report_console_cases")
        if self._quiet:
            return
        title = edition.title.in_language(self._lang)
        self._print(say("report_console_against", edition=title, target=target, profile=profile, n=n_cases))
        if limits is not None:
            self._print(limits)
        if self._moving:
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
                auto_refresh=False,  # pytest owns the streams while a case runs
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._progress.start()
            self._task = self._progress.add_task("", total=n_cases)

    def case_done(self, result: CaseResult) -> None:
        """Count a case, and show it when something is wrong with it."""
        section = load_catalogue().section_of(result.requirement) or SHARED
        self._sections[section][result.status] += 1
        if self._quiet:
            return
        if result.status.is_break and self._is_new(result):
            self._show(result)
        self.section_progress(section)

    def _is_new(self, result: CaseResult) -> bool:
        """Whether no case of the same requirement ended so before; one is enough while the run goes on."""
        told = (result.requirement, result.status)
        new = told not in self._seen
        self._seen.add(told)
        return new

    def section_progress(self, section: str) -> None:
        """Move the bar; when a section's last case is done, leave a line about it."""
        counts = self._sections[section]
        if self._progress is not None and self._task is not None:
            self._told = time.monotonic()
            self._progress.update(self._task, advance=1, description=one_line(section), refresh=True)
        if counts.total() == self._expected.get(section):
            self._told = time.monotonic()
            self._console.print(Styled(f"{section:<8} ", "bold").append_text(self._counts(counts)))

    def bulk(self, size: int) -> None:
        """Say how much the large messages are, and how long that takes."""
        if not self._quiet:
            times = {f"at_{mb}": duration(size / (mb * 1e6)) for mb in (10, 100)}
            self._print(say("report_console_bulk", gb=f"{size / 1e9:.1f}", **times))

    def workers(self, n: int, per_second: float) -> None:
        """Say what several processes together keep to, which may be why they are no faster than one."""
        if not self._quiet:
            self._print(say("report_console_workers", n=n, rate=number(per_second)))

    def moving(self, meter: Meter) -> None:
        """Say how far a large message is, how fast it goes and how long it will take."""
        left = meter.seconds_left
        if self._quiet or left is None:
            return
        numbers = {
            "done": meter.done / 1e6,
            "total": (meter.done + meter.left) / 1e6,
            "rate": meter.rate / 1e6,
        }
        words = say(
            "report_console_moving", left=duration(left), **{k: f"{n:.0f}" for k, n in numbers.items()}
        )
        if self._progress is not None or self._silent_for(_TELL_EVERY_S):
            self._at_work(words)

    def cleaning_up(self, count: int, seconds: float = 0.0) -> None:
        """Say that what the run made is being undone: how much there is yet, and about how long it takes."""
        words = say("report_console_cleaning_up", n=count, time=duration(seconds))
        begun = self._stage.en.split(":")[0] != words.en.split(":")[0]
        self._stage = words
        if count and (begun or self._progress is not None or self._silent_for(_TELL_EVERY_S)):
            self._at_work(words)

    def concluding(self) -> None:
        """Say that the report is being written."""
        self._stage = say("report_console_concluding")
        self._at_work(self._stage)

    def look(self) -> None:
        """Break the silence, if it lasts: say what is waited for and how long, or that the work goes on.

        To be called every second, by any thread.
        """
        wait = long_wait(None if self._progress else self._wait)
        if wait is not None:
            self._wait = wait
            self._at_work(reason(wait))
        elif self._silent_for(_TELL_EVERY_S):
            self._at_work(self._stage)

    def _silent_for(self, seconds: float) -> bool:
        return time.monotonic() - self._told > seconds

    def _at_work(self, words: Text) -> None:
        """What takes a while, beside the bar; where nothing moves, as a line."""
        self._told = time.monotonic()
        if self._progress is not None and self._task is not None:
            line = one_line(words.in_language(self._lang))
            self._progress.update(self._task, description=line, refresh=True)
        elif not self._quiet:
            self._print(words)

    def stop(self) -> None:
        """Take the bar away. To be called at the end of a run whatever happened."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def finish(self, report: Report, folder: Path | None) -> None:
        """Show the table of roles, the verdict, and where the report is, if it could be written."""
        self.stop()
        if not self._quiet:
            self._console.print()
            if report.roles:
                self._console.print(self._table(report))
                self._console.print()
        for cause in report.run.set_up:
            self._print(say("report_set_up", cause=cause))
        scope = one_line(report.scope.in_language(self._lang))
        line = f"{scope[:1].upper()}{scope[1:]}."
        self._console.print(Styled(line, _VERDICT_STYLES[tone(report)]), soft_wrap=True)
        if not self._quiet:
            self._print(plain_sentence(report))
        if report.upgrade:
            self._upgrade(report.upgrade)
        broken = [card for status, found in cards(report).items() if status.is_break for card in found]
        if broken and not self._quiet:
            self._causes(broken)
            self._print(say("report_console_next", id=broken[0].row.id))
        if folder is not None:
            self._print(say("report_console_folder", folder=folder / "report.html"))

    def _causes(self, found: Sequence[Card]) -> None:
        """What to mend, one line each, with how much follows from it."""
        self._print(say("report_console_causes"))
        for card in found[:_MOST_CAUSES]:
            name = status_name(card.status).in_language(self._lang)
            line = Styled("  ").append(one_line(name), f"bold {_STYLES[card.status]}")
            line.append(f" {one_line(card.row.id)} ({one_line(card.row.role)})")
            if card.harmful:
                line.append(f" [{say('report_harmful').in_language(self._lang)}]", "bold")
            self._console.print(line, soft_wrap=True)
            self._print(Text.same("    "), card.row.statement)
            if card.beneath:
                self._print(Text.same("    + "), counted("report_follows", len(card.beneath)))
        if len(found) > _MOST_CAUSES:
            self._print(Text.same("  … "), say("report_console_more"))

    def _upgrade(self, upgrade: Upgrade) -> None:
        """What the step to another edition asks, in short."""
        self._console.print()
        self._print(say("upgrade_title", edition=upgrade.edition))
        counts = {step: len(upgrade.of(step)) for step in STEPS}
        self._print(say("upgrade_sum", edition=upgrade.edition, **counts))
        lines = [(step, text) for step in upgrade.operations for text in step.changes]
        for step, text in [] if self._quiet else lines[:_MOST_CHANGES]:
            self._print(Text.same(f"  {step.role}, {step.operation}: "), text)
        if len(lines) > _MOST_CHANGES and not self._quiet:
            self._print(Text.same("  … "), say("upgrade_more", n=len(lines) - _MOST_CHANGES))
        self._console.print()

    def _show(self, result: CaseResult) -> None:
        self._shown += 1
        if self._shown > _MOST_SHOWN:
            if self._shown == _MOST_SHOWN + 1:
                self._print(Text("… ", "… "), say("report_console_more"))
            return
        name = status_name(result.status).in_language(self._lang)
        line = Styled(one_line(name), f"bold {_STYLES[result.status]}").append(
            f" {one_line(result.id)}", "default"
        )
        self._console.print(line, soft_wrap=True)
        self._print(Text.same("  "), result.summary)
        for key, text in (("report_expected", result.expected), ("report_received", result.received)):
            if text and (text is result.expected or is_telling(result)):
                self._print(Text.same("    "), say(key), Text.same(": "), text)

    def _print(self, *parts: Text) -> None:
        """One line, however wide: a pipeline's log wraps by itself."""
        line = "".join(part.in_language(self._lang) for part in parts)
        indent = line[: len(line) - len(line.lstrip(" "))]
        self._console.print(Styled(indent + one_line(line, _LINE)), soft_wrap=True)

    def _counts(self, counts: Mapping[Status, int]) -> Styled:
        line = Styled()
        for status in (s for s in Status if counts.get(s)):
            name = status_name(status).in_language(self._lang).lower()
            line.append(", " if line.plain else "").append(f"{counts[status]} {name}", _STYLES[status])
        return line

    def _table(self, report: Report) -> Table:
        """The roles, each with its verdict and the counts of as many statuses as fit, the worst first."""
        shown = [s for s in Status if any(role.counts[s] for role in report.roles.values())]
        verdicts = [part_verdict(report, role).in_language(self._lang) for role in report.roles.values()]
        columns = [[say("report_role").in_language(self._lang), *map(one_line, report.roles)]]
        columns += [[say("report_verdict").in_language(self._lang), *verdicts]]
        for status in shown:
            numbers = [str(role.counts[status] or "-") for role in report.roles.values()]
            columns += [[status_name(status).in_language(self._lang), *numbers]]
        table = Table(box=None, pad_edge=False, header_style="bold")
        for place, width in enumerate(_widths(columns, self._console.width)):
            counted = place >= _TELLING_COLUMNS
            table.add_column(
                columns[place][0],
                justify="right" if counted else "left",
                style=_STYLES[shown[place - _TELLING_COLUMNS]] if counted else "",
                overflow="fold",
                width=width,
            )
        cells = [column[1:] for column in columns[: len(table.columns)]]
        for role, name, verdict, *numbers in zip(report.roles.values(), *cells, strict=True):
            style = _VERDICT_STYLES[tone(report, role)] if role.examined else "dim"
            table.add_row(name, Styled(verdict, style), *numbers)
        return table


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """How wide to make each column that fits with its words whole; None where they must be folded."""
    words = [max(cell_len(word) for cell in column for word in cell.split()) for column in columns]
    whole = [max(cell_len(cell) for cell in column) for column in columns]
    while len(words) > _TELLING_COLUMNS and sum(words) + _GAP * len(words) > room:
        del words[-1]
    spare = room - sum(words) - _GAP * len(words)
    if spare < 0:
        return [None] * len(words)
    widths: list[int | None] = []
    for least, most in zip(words, whole, strict=False):
        extra = most - least if most - least <= spare else 0
        spare -= extra
        widths.append(least + extra)
    return widths
