"""Takes secrets out of everything that is kept or shown, also when they come back in part or in disguise.

What is recognised, of a secret that was learnt: all of it; its first 16 characters; any 31 characters in a
row; each segment of a JWT; in upper or lower case; with characters written as URL, JSON, HTML, C or shell
escapes, up to three times over. Of the secrets of the target file also base64 and hexadecimal. Whether learnt
or not: whatever has the form of a JWT, a password in a URL, and signatures and keys in a query.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from okd_conformance.redaction.escapes import Span, View, unescaped
from okd_conformance.redaction.looks import MIN_SECRET, forms_of

REDACTED = "[redacted]"

_MIN_FOLDED = 8
"""Of shorter ones capitals and small letters count."""
_BLOCK = 16
"""So many characters of a secret are as secret as all of it."""
_MOST_OWNERS = 8
"""A block that more secrets share (the first part of a JWT) is not looked up in each of them."""
_MOST_VIEWS = 3
"""How many layers of escapes are taken off."""
_REMEMBERED = 50_000
"""How many harmless words are remembered."""

_OURS = frozenset(
    {
        *("id", "requirement", "role", "flow", "operation", "status", "exchanges"),
        *("_id", "_case", "_role", "_operation", "_error", "startedDateTime", "method", "encoding"),
        *("run", "edition", "intent", "outcome", "document_type", "client_id"),
    }
)
"""Members of results, exchanges and the ledger that hold only words of the suite or of its settings."""

Learnt = tuple[Literal["secret", "address"], str]
"""What a process learnt, for the others of the same run, and for nothing that is kept."""

_RUN = re.compile(r"[A-Za-z0-9_-]{16,}")
_EDGE = re.compile(r"[A-Za-z0-9_.~+/=-]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_PASSWORD = re.compile(r"://([^\s/?#@\"'<>:]{0,200}:[^\s/?#@\"'<>]{1,500})@")
_SIGNED = re.compile(
    r"[?&](?:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token)|client_secret|password"
    r"|api_?key|(?:access_|refresh_|id_)?token|client_assertion)=([^&\s\"'<>#\\]{6,})",
    re.IGNORECASE,
)
_SHAPES = ((_JWT, 0, "eyJ"), (_PASSWORD, 1, "@"), (_SIGNED, 1, "="))
"""What is secret by its form: the pattern, the group to take out, and what the text must hold at least."""


class Redactor:
    """Replaces secrets wherever they appear; they may be learnt during the run.

    ``public``: texts that may be shown, so that what they share with a secret isn't taken out on its own.
    """

    def __init__(self, secrets: Iterable[str] = (), public: Iterable[str] = ()) -> None:
        self._public = "\n".join(public).lower()
        self._known: set[str] = set()
        self._addresses: set[str] = set()
        self._blocks: dict[str, list[tuple[str, int]]] = {}
        """Pieces of 16 characters, and of which secrets at which place; all in lower case."""
        self._exact: list[str] = []
        """Secrets that are too short for that."""
        self._beginnings: dict[str, str] = {}
        """The first 16 characters of a secret that has other characters among them, and all of it."""
        self._harmless: set[str] = set()
        self.share: Callable[[list[Learnt], int], list[Learnt]] | None = None
        """Tells other processes what is new here, and gives all that came in after the first so many."""
        self._untold: list[Learnt] = []
        self._heard = 0
        self._sharing = threading.RLock()
        for secret in secrets:
            for form in (secret, *forms_of(secret)):
                self.learn(form)
        self._untold.clear()  # every process of a run is given these

    # --- learning --------------------------------------------------------------------------------------

    def learn(self, secret: str) -> None:
        """Take ``secret`` out from now on."""
        if len(secret) >= MIN_SECRET and secret not in self._known:
            self._learn(secret)
            self.catch_up([("secret", secret)])

    def _learn(self, secret: str) -> None:
        self._known.add(secret)
        if len(secret) < _MIN_FOLDED:
            self._exact.append(secret)
            self._exact.sort(key=len, reverse=True)  # a secret may hold a shorter one
            return
        folded = _folded(secret)
        if len(secret) < _BLOCK:
            self._beginnings[folded] = folded
            return
        self._cut_in_blocks(secret)
        beginning = folded[:_BLOCK]
        if beginning not in self._blocks:
            self._beginnings[folded if beginning in self._public else beginning] = folded

    def learn_address(self, url: str) -> None:
        """Take an address that gives access by itself out: all that stands behind the host, and its keys.

        Ids and words in it that are known otherwise stay.
        """
        rest = url.partition("://")[2].partition("/")[2] if "://" in url else url.lstrip("/")
        if len(rest) >= MIN_SECRET and rest not in self._addresses:
            self._learn_address(rest)
            self.catch_up([("address", rest)])

    def _learn_address(self, rest: str) -> None:
        self._addresses.add(rest)
        if not self._cut_in_blocks(rest):
            self._beginnings[_folded(rest)] = _folded(rest)

    def _cut_in_blocks(self, secret: str) -> bool:
        """Remember the pieces of a secret by which it is found; False when it has none."""
        folded = _folded(secret)
        found = False
        is_uuid = _UUID.fullmatch(folded) is not None
        for run in _RUN.finditer(folded):
            if not is_uuid and _UUID.fullmatch(run[0]):
                continue
            last = run.end() - _BLOCK
            for at in (*range(run.start(), last, _BLOCK), last):
                block = folded[at : at + _BLOCK]
                if block not in self._public:
                    self._blocks.setdefault(block, []).append((folded, at))
                    found = True
        self._harmless.clear()
        return found

    def catch_up(self, new: Iterable[Learnt] = ()) -> None:
        """Take over what other processes learnt, and tell them what is ``new`` here."""
        with self._sharing:
            self._untold += new
            if self.share is None:
                return
            try:
                found = self.share(self._untold, self._heard)
            except (OSError, EOFError):  # the main process is gone, and nobody shows anything any more
                return
            self._untold, self._heard = [], self._heard + len(found)
            for kind, secret in found:
                if kind == "secret" and secret not in self._known:
                    self._learn(secret)
                elif kind == "address" and secret not in self._addresses:
                    self._learn_address(secret)

    # --- taking out ------------------------------------------------------------------------------------

    def text(self, value: str) -> str:
        """Return ``value`` without secrets."""
        return _without(value, self._spans(value)) if len(value) >= MIN_SECRET else value

    def window(self, value: str, end: int) -> str:
        """Return the beginning of ``value`` without secrets; one that goes on behind ``end`` is known too."""
        spans = [(a, min(b, end)) for a, b in self._spans(value) if a < end]
        return _without(value[:end], spans)

    def piece(self, value: str) -> str:
        """Return a piece of a longer text without secrets, nor what its edges left of one."""
        spans = self._spans(value)
        first = _EDGE.match(value)
        if first and len(first[0]) >= MIN_SECRET and self._is_in_a_secret(first[0]):
            spans.append(first.span())
        last = re.search(rf"{_EDGE.pattern}\Z", value[-2 * _BLOCK :])
        if last and len(last[0]) >= MIN_SECRET and self._is_in_a_secret(last[0]):
            spans.append((len(value) - len(last[0]), len(value)))
        return _without(value, _merged(spans))

    def deep(self, value: Any) -> Any:
        """Return a record of the suite with every text redacted that others may have had a hand in.

        The names of its members stay, and so do its ids, statuses, roles and operations: a header of a
        gateway may have an ordinary word as its value, and that must not make a record unreadable.
        """
        return self._deep(value) if self._spans("\n".join(_texts(value))) else value

    def _deep(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (list, tuple)):
            return [self._deep(v) for v in value]
        if isinstance(value, dict):
            return {k: v if k in _OURS else self._deep(v) for k, v in value.items()}
        return value

    def holds_secret(self, value: str) -> bool:
        """Whether a text holds a whole secret, as it is or with escapes; short ones may be ordinary words."""
        view = unescaped(value)
        texts = (value, view.text) if view else (value,)
        long = (s for s in tuple(self._known) if len(s) >= _BLOCK and s.lower() not in self._public)
        return any(secret in text for secret in long for text in texts)

    # --- finding ---------------------------------------------------------------------------------------

    def _is_in_a_secret(self, fragment: str) -> bool:
        folded = _folded(fragment)
        return folded not in self._public and any(
            folded in _folded(secret) for secret in (*self._known, *self._addresses)
        )

    def _spans(self, value: str) -> list[Span]:
        """Where secrets are, in order and apart."""
        spans: list[Span] = []
        views: list[View] = []
        text = value
        while True:
            for span in self._seen(text):
                found = span
                for view in reversed(views):
                    found = view.origin(found)
                spans.append(found)
            view_of = unescaped(text) if len(views) < _MOST_VIEWS else None
            if view_of is None:
                return _merged(spans)
            views.append(view_of)
            text = view_of.text

    def _seen(self, text: str) -> Iterator[Span]:
        """Where secrets stand as they are, some more than once."""
        for pattern, group, hint in _SHAPES:
            if hint in text:
                yield from (match.span(group) for match in pattern.finditer(text))
        for secret in self._exact:
            yield from ((at, at + len(secret)) for at in _places(secret, text))
        if self._blocks:
            for run in _RUN.finditer(text):
                yield from self._in_run(text, run)
        if self._beginnings:
            folded = _folded(text)
            for beginning, secret in tuple(self._beginnings.items()):  # more may be learnt meanwhile
                for at in _places(beginning, folded):
                    yield at, _shared_end(folded, at, secret, 0)

    def _in_run(self, text: str, run: re.Match[str]) -> Iterator[Span]:
        """Where blocks of secrets are in a long word, with what stands around each of the same secret."""
        word = run[0].lower()
        if word in self._harmless:
            return
        windows = [word[at : at + _BLOCK] for at in range(len(word) - _BLOCK + 1)]
        if self._blocks.keys().isdisjoint(windows):
            if len(self._harmless) < _REMEMBERED and len(word) < 5 * _BLOCK:
                self._harmless.add(word)
            return
        folded = _folded(text)
        covered = 0
        for at, window in enumerate(windows):
            owners = self._blocks.get(window, ()) if at >= covered else ()
            if len(owners) > _MOST_OWNERS:
                yield run.span()
                return
            for secret, place in owners:
                start, end = _shared(folded, run.start() + at, secret, place)
                covered = max(covered, end - run.start())
                yield start, end


def _folded(text: str) -> str:
    """The text in lower case, each character in its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def _places(needle: str, text: str) -> Iterator[int]:
    at = text.find(needle)
    while at >= 0:
        yield at
        at = text.find(needle, at + len(needle))


def _shared(text: str, at: int, secret: str, place: int) -> Span:
    """How much of a secret stands around a place in a text."""
    start = at
    while start > 0 and place > 0 and text[start - 1] == secret[place - 1]:
        start, place = start - 1, place - 1
    return start, _shared_end(text, start, secret, place)


def _shared_end(text: str, at: int, secret: str, place: int) -> int:
    if text.startswith(secret[place:], at):
        return at + len(secret) - place
    while at < len(text) and place < len(secret) and text[at] == secret[place]:
        at, place = at + 1, place + 1
    return at


def _merged(spans: list[Span]) -> list[Span]:
    """Places in order, with those that touch made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _without(value: str, spans: list[Span]) -> str:
    pieces, last = [], 0
    for start, end in spans:
        pieces += [value[last:start], REDACTED]
        last = end
    return "".join([*pieces, value[last:]]) if spans else value


def _texts(value: Any) -> list[str]:
    """Every text in a JSON value that is long enough to hold a secret."""
    found: list[str] = []
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if len(one) >= MIN_SECRET:
                found.append(one)
        elif isinstance(one, dict):
            left += one
            left += one.values()
        elif isinstance(one, (list, tuple)):
            left += one
    return found
