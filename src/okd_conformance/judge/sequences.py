"""Sequences of requests, chosen and shrunk by Hypothesis; ids are symbols until the server has chosen them.

A machine starts each sequence with an empty list of exchanges, so that a finding shows the shortest sequence
of plain requests that still leads to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    rule,
    run_state_machine_as_test,
)

from okd_conformance.base.text import say
from okd_conformance.judge.case import Case
from okd_conformance.judge.content import pdf
from okd_conformance.judge.sample import Sample
from okd_conformance.judge.stops import Inconclusive

SIZES = st.sampled_from([0, 900, 5_000, 70_000])
STEPS = 12


@dataclass(frozen=True)
class LivingDocument:
    """A document in a sequence: the id that the server chose, the sample it came with, and its number."""

    id: str
    sample: Sample
    number: int


def run_machine(machine: Callable[[], RuleBasedStateMachine], examples: int, run_seed: int) -> None:
    """Run a machine; what it raises comes from the shortest sequence that raises it.

    Raises Inconclusive when the target doesn't do the same thing twice.
    """
    settled = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    seeded = cast("Any", seed(run_seed)(lambda: machine()))  # noqa: PLW0108 - seed marks its argument
    try:
        run_state_machine_as_test(seeded, settings=settled, _min_steps=2)
    except Flaky:
        raise Inconclusive(say("not_the_same_twice")) from None


class Documents(RuleBasedStateMachine):
    """Upload, read, replace and delete: what is read is what was stored last."""

    documents: Bundle[LivingDocument] = Bundle("documents")
    case: Case

    def __init__(self) -> None:
        super().__init__()
        self.case.exchanges.clear()
        self._content: dict[str, bytes] = {}
        self._number = 0

    def _file(self, size: int) -> bytes:
        self._number += 1
        return pdf(f"{self.case.marker} {self._number}", size)

    @initialize(target=documents, size=SIZES)
    def first(self, size: int) -> LivingDocument:
        """A sequence begins with a document."""
        return self._stored(size)

    @rule(target=documents, size=SIZES)
    def upload(self, size: int) -> LivingDocument:
        """Upload another one."""
        return self._stored(size)

    def _stored(self, size: int) -> LivingDocument:
        stored = self.case.store(file=self._file(size))
        self._content[stored.id] = stored.content
        return LivingDocument(stored.id, stored.sample, self._number)

    @rule(document=documents)
    def read(self, document: LivingDocument) -> None:
        """Read a document."""
        case, kind = self.case, document.sample.binding.document_type
        exchange = case.expect(case.read(document.id, document_type=kind))
        if exchange.answer and exchange.succeeded:
            case.bytes_equal(exchange.answer.body, self._content[document.id])

    @rule(document=documents, size=SIZES)
    def replace(self, document: LivingDocument, size: int) -> None:
        """Replace the content; a refusal leaves the old content."""
        content = self._file(size)
        if self.case.replaced(document.id, content, document.sample):
            self._content[document.id] = content

    @rule(document=consumes(documents))
    def delete(self, document: LivingDocument) -> None:
        """Delete a document; the others stay."""
        kind = document.sample.binding.document_type
        self.case.answered(self.case.call("delete", document.id, document_type=kind))
        self._content.pop(document.id)


class Registrations(RuleBasedStateMachine):
    """Register and notify: what is registered can be notified of, once, and the others stay."""

    registered: Bundle[str] = Bundle("registered")
    case: Case

    def __init__(self) -> None:
        super().__init__()
        self.case.exchanges.clear()

    @initialize(target=registered)
    def first(self) -> str:
        """A sequence begins with a registration."""
        return self.case.registered()

    @rule(target=registered)
    def register(self) -> str:
        """Register another document."""
        return self.case.registered()

    @rule(document=consumes(registered))
    def notify(self, document: str) -> None:
        """Tell that a document was destroyed."""
        case = self.case
        case.expect(case.sent(case.canonical(path_values={"dms_document_id": document})))


def documents_of(case: Case) -> Callable[[], RuleBasedStateMachine]:
    """A machine of documents for one case."""
    return type("DocumentsOfCase", (Documents,), {"case": case})


def registrations_of(case: Case) -> Callable[[], RuleBasedStateMachine]:
    """A machine of registrations for one case."""
    return type("RegistrationsOfCase", (Registrations,), {"case": case})
