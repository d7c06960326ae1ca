"""Clean-up, which leaves a target as it was: what a run created is deleted, what it changed is put back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

from okd_conformance.judge.arrangements import Arrangements
from okd_conformance.judge.events import CleaningUp
from okd_conformance.judge.ledger import GONE, Changed, Created, Intent, Ledger, Left
from okd_conformance.judge.stops import Inconclusive, NotTested
from okd_conformance.standard.operation import Binding, Operation

_MAX_SILENT = 3
"""So many times in a row may a target not answer before cleaning up is given up."""
_MAX_EQUAL = 5
"""So many documents with the same id of ours are looked for."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Undoes what the ledger of a run names."""

    roles: Container[str]
    """The roles that the target has."""
    arrangements: Arrangements

    @property
    def ledger(self) -> Ledger:
        """What the run created or changed."""
        return self.arrangements.sending.ledger

    def left(self) -> Left:
        """What the run created or changed at the target, and has not undone."""
        left = self.ledger.left()
        return replace(left, changed=[change for change in left.changed if not self._stands(change)])

    def _stands(self, changed: Changed) -> bool:
        """Whether a state is what it was; of a role that the edition hasn't, nobody knows."""
        known = changed.role in self.arrangements.edition.roles
        return known and changed.state == self.arrangements.samples.standing_state(changed.role)

    def clean_up(self) -> Left:
        """Delete what the run created, and undo what it changed; returns what is left.

        When it is interrupted, ``left`` tells the same. It gives up on a target that stops answering. What is
        at a role that the edition or the target hasn't is left.
        """
        with self._undoing():
            return self._all_undone()

    @contextmanager
    def _undoing(self) -> Iterator[None]:
        ledger = self.ledger
        before, ledger.undoing = ledger.undoing, True
        try:
            yield
        finally:
            ledger.undoing = before

    def _all_undone(self) -> Left:
        silent, left = 0, self.left()
        entries: list[Changed | Created] = [*left.changed, *left.created]
        sending = self.arrangements.sending
        for done, entry in enumerate(entries):
            count = len(left) - done
            sending.events.emit(CleaningUp(count, count * sending.client.pace_s))
            if self._is_within_reach(entry.role):
                silent = 0 if self._cleaned(entry) else silent + 1
            if silent == _MAX_SILENT:
                return self.left()
        with suppress(Inconclusive, NotTested):
            for number, intent in self.ledger.uncertain().items():
                if self._is_within_reach(intent.role):
                    self._look_for(number, intent)
        return self.left()

    def _is_within_reach(self, role: str) -> bool:
        return role in self.roles and role in self.arrangements.edition.roles

    def _cleaned(self, entry: Changed | Created) -> bool:
        """Undo one thing, if the target lets us; False when it didn't answer."""
        try:
            done = (
                self.arrangements.restore(entry.role) if isinstance(entry, Changed) else self._undone(entry)
            )
        except (Inconclusive, NotTested):
            return True
        return done is not None

    def _look_for(self, number: int, intent: Intent) -> None:
        """Ask for an upload that nobody told the outcome of, and delete what is there.

        Raises NotTested or Inconclusive when the target has no hook that tells of it.
        """
        for _ in range(_MAX_EQUAL if intent.component_document_id else 0):
            place = self.arrangements.hooks.call(
                "show_filing", role=intent.role, document_id=intent.component_document_id
            )
            if place.get("level") == "none":
                self.ledger.nothing(number)
                return
            found = place.get("document_id")
            if not isinstance(found, str):
                return
            created = intent.created(found)
            self.ledger.remember(created)
            if not self._undone(created):
                return

    def delete(self, role: str, document_id: str) -> bool:
        """Delete a document that the run created; False when the target doesn't let us, or it is unknown."""
        for created in self.ledger.open():
            if created.role == role and created.document_id == document_id:
                with suppress(Inconclusive, NotTested):
                    return bool(self._undone(created))
        return False

    def _undone(self, created: Created) -> bool | None:
        """Delete a document; False when the target doesn't let us, None when it doesn't answer.

        An edition that knows no deleting leaves it to the hook ``destroy``; NotTested without it.
        """
        operations = self.arrangements.edition.operations(created.role, "delete")
        if not operations:
            self.arrangements.hooks.call("destroy", role=created.role, document_id=created.document_id)
            self.ledger.gone(created.role, created.document_id)
            return True
        for operation, binding, token in self._ways(created, operations):
            status = self._delete(operation, binding, created, token)
            if _is_refusal(status) and self._unlocked(created):
                status = self._delete(operation, binding, created, token)
            if status is None:
                return None
            if not _is_refusal(status):
                return True
        return False

    def _ways(
        self, created: Created, operations: Iterable[Operation]
    ) -> Iterator[tuple[Operation, Binding, str | None]]:
        """How a document may be deleted: with what token, in which binding; None for the usual token.

        What no binding names, such as a document that was stored without a type, is tried with each right.
        """
        bound = [(operation, binding) for operation in operations for binding in operation.bindings]
        named = [way for way in bound if way[1].document_type in {None, created.document_type}]
        for operation, binding in named:
            yield operation, binding, self._token_of(created, binding)
        tried: set[str] = set()
        for operation, binding in [] if named else bound:
            if binding.scopes is None:
                yield operation, binding, None
            for token in self._tokens(created, binding):
                if token not in tried:
                    tried.add(token)
                    yield operation, binding, token

    def _tokens(self, created: Created, binding: Binding) -> Iterator[str]:
        """Tokens for each sufficient scope: of the client that a document came from, and of any other."""
        clients = dict.fromkeys((created.client_id, None))
        for client_id in clients:
            for scope in binding.scopes.sufficient if binding.scopes else ():
                with suppress(Inconclusive, NotTested):
                    yield self.arrangements.rights.token((scope,), client_id=client_id).value

    def _delete(
        self, operation: Operation, binding: Binding, created: Created, token: str | None
    ) -> int | None:
        path = {"dms_document_id": created.document_id}
        sample = self.arrangements.samples.sample(
            operation, binding, "cleanup", path_values=path, token=token
        )
        return self.arrangements.sending.send(
            sample.request(), "cleanup", created.role, operation, ("cleanup",)
        ).status

    def _token_of(self, created: Created, binding: Binding) -> str | None:
        """A token of the client that a document came from; None, which means the usual, when it gets none."""
        for scope in binding.scopes.sufficient if binding.scopes and created.client_id else ():
            with suppress(Inconclusive, NotTested):
                return self.arrangements.rights.token((scope,), client_id=created.client_id).value
        return None

    def _unlocked(self, created: Created) -> bool:
        """Unlock a document by the hook; False when the target has none."""
        try:
            self.arrangements.hooks.call(
                "lock", role=created.role, document_id=created.document_id, locked=False
            )
        except (Inconclusive, NotTested):
            return False
        return True


def _is_refusal(status: int | None) -> bool:
    """Whether the document is still there by what the target says."""
    return status is not None and status >= HTTPStatus.MULTIPLE_CHOICES and status not in GONE
