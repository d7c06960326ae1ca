"""The ledger: what the run created or changed at the target and has not undone yet.

Each request that can create or change something is noted before it goes out, and then what came of it. With a
journal every note is in a file at once, so that a run that was killed can be cleaned up after.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.base.text import say
from okd_conformance.judge.events import Events, Noted
from okd_conformance.judge.ids import answered_id
from okd_conformance.standard.fields import field_names
from okd_conformance.standard.operation import Operation
from okd_conformance.wire.body import Streamed, beginning_of
from okd_conformance.wire.exchange import Exchange, Request

KINDS = ("upload", "register", "change")
"""The kinds of operations that create or change something; a replacement only touches what was created."""
_MEANINGS = ("document_type", "dms_document_id", "component_document_id", "document_name", "state")
_METADATA_BYTES = 65536
"""The metadata of a generated message lie within so many bytes."""
_MAX_TEXT = 300
_MAX_DEPTH = 20
GONE = frozenset({404, 410})
"""How a server says that what is to be deleted is not there (RFC 9110, 15.5.5 and 15.5.11)."""
JournalLine = Mapping[str, Any]
"""One note, as it stands in a journal."""


@dataclass(frozen=True, slots=True)
class Created:
    """A document that stands at the target because of this run, under the id of the DMS."""

    role: str
    document_id: str
    document_type: str | None
    operation: str
    client_id: str | None = None
    """Whose token it came with: a DMS may keep it from others."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that can create or change something, as far as its body could be understood."""

    intent: str
    """The kind of the operation."""
    role: str
    operation: str
    document_type: str | None = None
    dms_document_id: str | None = None
    """Of a registration: the id that we chose."""
    component_document_id: str | None = None
    document_name: str | None = None
    state: str | None = None
    client_id: str | None = None
    hook: str | None = None
    """The hook that was asked to create it, when no request of ours does."""

    def created(self, document_id: str) -> Created:
        """What the request created under this id."""
        return Created(self.role, document_id, self.document_type, self.operation, self.client_id)


@dataclass(frozen=True, slots=True)
class Changed:
    """An enrolment whose state is not what it was: that of the test data, at the role."""

    role: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """What is not undone."""

    created: list[Created] = field(default_factory=list)
    uncertain: list[Intent] = field(default_factory=list)
    """Uploads that nobody told the outcome of: the document may be there."""
    changed: list[Changed] = field(default_factory=list)

    @property
    def roles(self) -> set[str]:
        """Where it is."""
        entries: list[Created | Intent | Changed] = [*self.created, *self.uncertain, *self.changed]
        return {entry.role for entry in entries}

    def __len__(self) -> int:
        return len(self.created) + len(self.uncertain) + len(self.changed)

    def as_json(self) -> dict[str, Any]:
        """The form of ``ledger.json``."""
        found = {name: [_without_none(e) for e in entries] for name, entries in asdict(self).items()}
        found["created"] = [{"document_type": None, **entry} for entry in found["created"]]
        return {name: entries for name, entries in found.items() if entries or name == "created"}


@dataclass
class Ledger:
    """Follows every exchange: what created something, what undid it."""

    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Per operation, where the target file says that an answer has things."""
    events: Events = field(default_factory=Events)
    """Where each note is told; a journal that can't keep it raises OSError."""
    undoing: bool = False
    """While we clean up, a note that can't be written stops nothing."""
    unwritten: OSError | None = None
    """Why a note could not be written, the first time; what it told is known here all the same."""
    _number: int = 0
    _open: dict[tuple[str, str], Created] = field(default_factory=dict)
    _pending: dict[int, Intent] = field(default_factory=dict)
    _states: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    """Per role, the last state and the number of its note."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    """Some checks send several requests at once."""

    # --- what is there ---------------------------------------------------------------------------------

    @property
    def states(self) -> dict[str, str | None]:
        """Per role, the state that the enrolment was last changed to, or may have been.

        None when nobody knows which of two it is.
        """
        latest = dict(self._states)
        for n, intent in sorted(self._pending.items()):
            last, state = latest.get(intent.role, (0, intent.state))
            if intent.intent == "change" and n > last:
                latest[intent.role] = (n, state if state == intent.state else None)
        return {role: state for role, (_, state) in latest.items()}

    def open(self) -> list[Created]:
        """What is there, or may be there under an id that we know; oldest first."""
        registered = [
            i.created(i.dms_document_id)
            for i in self._pending.values()
            if i.intent == "register" and i.dms_document_id is not None
        ]
        return [*self._open.values(), *registered]

    def uncertain(self) -> dict[int, Intent]:
        """What may be there under an id that we don't know, by the number of the note."""
        return {n: i for n, i in self._pending.items() if i.intent != "change" and i.dms_document_id is None}

    # --- noting ----------------------------------------------------------------------------------------

    def intend(
        self, operation: Operation, role: str, request: Request, client_id: str | None = None
    ) -> int | None:
        """Note a request before it is sent; gives the number of the note, or None when none is needed.

        Raises ConfigurationError when the note can't be written: then the request must not be sent.
        """
        if operation.kind not in KINDS:
            return None
        sent = _sent(operation, request)
        return self.about_to(Intent(operation.kind, role, operation.name, client_id=client_id, **sent))

    def about_to(self, intent: Intent) -> int:
        """Note what is about to be created, such as by a hook, before it is asked; return its number.

        Raises ConfigurationError when the note can't be written, as ``intend`` does."""
        with self._lock:
            self._number += 1
            event = {"n": self._number, **_without_none(asdict(intent))}
            if not self._written(event) and not self.undoing:
                raise _unwritable(self.unwritten)
            self.apply(event)
            return self._number

    def created(self, number: int, document_id: str) -> None:
        """Note that a request created a document, or may have."""
        self._note({"n": number, "outcome": "created", "document_id": document_id})

    def nothing(self, number: int | None) -> None:
        """Note that a request created and changed nothing."""
        if number is not None:
            self._note({"n": number, "outcome": "nothing"})

    def observe(self, operation: Operation, exchange: Exchange, number: int | None) -> None:
        """Note what came of an exchange; of one without a telling answer it stays open what it did."""
        if exchange.role is None:
            return
        answer = exchange.answer
        # Elsewhere than in cleaning up, a 404 can also be how a DMS refuses a stranger.
        unknown = answer is not None and answer.status in GONE and "cleanup" in exchange.tags
        if number is not None:
            if answer is not None and answer.succeeded:
                self._succeeded(operation, exchange, number)
            elif unknown and operation.kind == "change":  # an enrolment that isn't there needs no restoring
                self._note({"n": number, "outcome": "done"})
            elif answer is not None or (exchange.error is not None and exchange.error.never_sent):
                self.nothing(number)
            elif operation.kind == "register":
                self._registered(number)
        elif operation.kind == "delete" and answer is not None and (answer.succeeded or unknown):
            self.gone(exchange.role, unquote(urlsplit(exchange.request.url).path.rpartition("/")[2]))

    def _succeeded(self, operation: Operation, exchange: Exchange, number: int) -> None:
        if operation.kind == "change":
            self._note({"n": number, "outcome": "done"})
        elif operation.kind == "register":
            self._registered(number)
        elif found := answered_id(operation, exchange, self.places_in(operation)):
            self.created(number, found)

    def _registered(self, number: int) -> None:
        intent = self._pending.get(number)
        if intent is not None and intent.dms_document_id is not None:
            self.created(number, intent.dms_document_id)

    def gone(self, role: str, document_id: str) -> None:
        """Note that a document is no longer there; nothing to note when it isn't known."""
        wanted = document_id.lower()
        if any((c.role, c.document_id.lower()) == (role, wanted) for c in self.open()):
            self._note({"undone": wanted, "role": role})

    def places_in(self, operation: Operation) -> Mapping[str, str]:
        """Where the answer of an operation has things, as far as the target file says."""
        return self.places.get(operation.name, {})

    def remember(self, created: Created) -> None:
        """Take over something that is there for certain."""
        self._open[created.role, created.document_id.lower()] = created

    def adopt(self, left: Left) -> None:
        """Take over what another ledger had left."""
        for created in left.created:
            self.remember(created)
        for intent in left.uncertain:
            self._number += 1
            self._pending[self._number] = intent
        for changed in left.changed:
            self._number += 1
            self._states[changed.role] = (self._number, changed.state)

    def left(self) -> Left:
        """Everything that this ledger can't say to be undone."""
        changed = [Changed(role, state) for role, state in self.states.items()]
        return Left(self.open(), list(self.uncertain().values()), changed)

    # --- events ----------------------------------------------------------------------------------------

    def _note(self, event: JournalLine) -> None:
        """Note what happened: it did, so that is known even when it can't be written."""
        with self._lock:
            self.apply(event)
            self._written(event)

    def _written(self, event: JournalLine) -> bool:
        try:
            self.events.emit(Noted(event))
        except OSError as error:
            self.unwritten = self.unwritten or error
            return False
        return True

    def apply(self, event: JournalLine) -> None:
        """Take a note into account. Raises KeyError or TypeError when it is none."""
        if "intent" in event:
            intent = Intent(**{name: value for name, value in event.items() if name != "n"})
            self._pending[event["n"]] = intent
        elif "undone" in event:
            self._undo(event["role"], event["undone"])
        else:
            self._settle(event["n"], self._pending.pop(event["n"], None), event)

    def _settle(self, number: int, intent: Intent | None, event: JournalLine) -> None:
        outcome = event["outcome"]
        if intent is None:
            return
        if outcome == "created":
            self.remember(intent.created(event["document_id"]))
        elif outcome == "done":
            self._states[intent.role] = (number, intent.state)
        elif outcome != "nothing":
            raise KeyError(outcome)

    def _undo(self, role: str, document_id: str) -> None:
        self._open.pop((role, document_id), None)
        for number, intent in list(self._pending.items()):
            if (intent.role, (intent.dms_document_id or "").lower()) == (role, document_id):
                del self._pending[number]


def _unwritable(error: OSError | None) -> ConfigurationError:
    file, reason = (str(error.filename or ""), error.strerror or "?") if error else ("", "?")
    words = say("journal_unwritable", error=reason)
    return ConfigurationError([Mistake(file, None, words, say("journal_unwritable_remedy"))])


def _without_none(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}


# --- what a body says --------------------------------------------------------------------------------------


def _sent(operation: Operation, request: Request) -> dict[str, str]:
    """What the JSON of a request says of the document or the enrolment, by meaning; as much as can be had."""
    schema = operation.body_schema
    value = _json_in(operation, request)
    if schema is None or value is None:
        return {}
    meanings = {name: meaning for meaning in _MEANINGS for name in field_names(schema, meaning)}
    found: dict[str, str] = {}
    for name, text in _texts(value, 0):
        if name in meanings:
            found.setdefault(meanings[name], text[:_MAX_TEXT])
    return found


def _json_in(operation: Operation, request: Request) -> Any:
    body = request.body
    if body is None:
        return None
    raw = beginning_of(body, _METADATA_BYTES) if isinstance(body, Streamed) else body
    start = max(raw.find(b"\r\n\r\n{") if operation.parts else -1, raw.find(b"{"))
    end = raw.find(b"\r\n--", start) if operation.parts else -1
    try:
        return json.loads(raw[start : end if end > 0 else None])
    except (ValueError, RecursionError):
        return None


def _texts(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Every property that is a text, with its name."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield name, inner
            else:
                yield from _texts(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth + 1)
