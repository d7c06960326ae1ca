"""One request and its answer, as they were on the wire, and what of them is kept as evidence."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from okd_conformance.base.bounded import MAX_JSON_BYTES, is_plain, read_json, unpacked
from okd_conformance.redaction.redactor import REDACTED, Redactor
from okd_conformance.wire.body import Payload, Streamed, beginning_of, length_of, survey
from okd_conformance.wire.meter import Meter
from okd_conformance.wire.multipart import Header
from okd_conformance.wire.no_answer import NoAnswer

EVIDENCE_BYTES = 8192
"""How much of a body is kept as evidence."""
EVIDENCE_ENDS = 2048
"""How much of either end of a large body is kept."""
EVIDENCE_OF_HEADERS = 8192
"""How many characters of the headers of an answer are kept, and of its reason."""
_LONGEST_TYPE = 200
_BEYOND = 1024
"""So many bytes behind the edge are looked at, to know a secret that the edge cuts."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request before it is sent. ``token`` goes into the Authorization header unless it is None."""

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    body: Payload | None = None
    token: str | None = None
    chunked: bool = False
    sensitive_url: bool = False
    """The address itself gives access, so no part of it behind the host is kept."""
    elsewhere: bool = False
    """The target named the address, and it isn't the target's own: networks that no client is let into by
    a stranger stay closed."""
    private_answer: bool = False
    """The answer may tell of people who are not test data, so nothing of its body is kept."""
    gateway: bool = True
    """Send along what the target file says that a gateway in front of the target wants."""

    def header(self, name: str) -> str | None:
        """The first header with this name, whatever its case."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of a body that was too large to keep."""

    size: int
    head: bytes
    tail: bytes
    digest: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. ``body`` holds at most the client's limit; ``cut``: there is more, or should be."""

    status: int
    reason: str
    headers: tuple[Header, ...]
    body: bytes
    http_version: str = "HTTP/1.1"
    cut: bool = False
    whole: Whole | None = None
    """Set when the body went elsewhere, piece by piece; ``body`` is empty then."""
    unpacked: bool = False
    """The body came packed, though nobody asked for that; ``body`` is what was in it."""

    def opened(self) -> Answer:
        """This answer unpacked, if it came packed and that can be undone within bounds."""
        encoding = self.header("content-encoding")
        if is_plain(encoding) or self.cut or not self.body:
            return self
        try:
            return replace(self, body=unpacked(self.body, encoding, MAX_JSON_BYTES), unpacked=True)
        except ValueError:
            return self

    @property
    def packed(self) -> bool:
        """Whether the body came packed, read or not."""
        return bool(self.body) and not is_plain(self.header("content-encoding"))

    @property
    def closed(self) -> bool:
        """Whether the body came packed in a way that can't be undone here."""
        return self.packed and not self.unpacked

    def header(self, name: str) -> str | None:
        """The first header with this name, whatever its case."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def header_list(self, name: str) -> str | None:
        """All headers with this name as one list, which several lines of it are too (RFC 9110, 5.3)."""
        lines = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(lines) if lines else None

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()[:_LONGEST_TYPE]

    @property
    def size(self) -> int:
        """How many bytes of the body came."""
        return self.whole.size if self.whole else len(self.body)

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def coding(self) -> str:
        """How the body seems to be written, as people know it: a compression or an encoding."""
        content_coding = (self.header("content-encoding") or "").strip()
        if self.closed:
            return f"Content-Encoding: {content_coding[:_LONGEST_TYPE]}"
        if self.body[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in self.body[:2]:
            return "UTF-16"
        try:
            self.body.decode()
        except UnicodeDecodeError:
            return "Latin-1 (ISO-8859-1)"
        return "UTF-8"

    @property
    def has_json(self) -> bool:
        """Whether the body is JSON, whatever its media type."""
        try:
            self.json()
        except ValueError:
            return False
        return True

    def json(self) -> Any:
        """The body as JSON; ValueError when it is not, or beyond all bounds."""
        return read_json(self.body)


@dataclass(slots=True)
class Exchange:
    """One request and what came of it."""

    id: str
    request: Request
    answer: Answer | None
    error: NoAnswer | None
    """Why there is no answer."""
    started: str
    duration_s: float
    case: str | None = None
    operation: str | None = None
    role: str | None = None
    tags: tuple[str, ...] = field(default=())
    throttled: tuple[Exchange, ...] = field(default=())
    """What came first of a server that was busy or not available, when the request had to be repeated."""
    meter: Meter | None = None
    """What a large transfer took."""

    @property
    def status(self) -> int | None:
        """The status of the answer, if there is one."""
        return self.answer.status if self.answer else None

    @property
    def succeeded(self) -> bool:
        """Whether there is an answer and its status is 2xx."""
        return self.answer is not None and self.answer.succeeded

    def curl(self) -> str:
        """A shell command that repeats the request; the token is left out."""
        request = self.request
        words = ["curl", "-i", *_curl_method(request.method), *_curl_url(self._shown_url())]
        if request.token is not None:
            words += ["-H", "Authorization: Bearer $TOKEN"]
        for name, value in _curl_headers(request):
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
        for name in _OF_CURL:
            if request.header(name) is None and (name == "Accept" or request.body is not None):
                words += ["-H", f"{name}:"]
        before, data = _curl_body(request.body)
        line = " ".join(map(shlex.quote, words))
        line = line.replace("'Authorization: Bearer $TOKEN'", '"Authorization: Bearer $TOKEN"')
        return before + line + data

    def _shown_url(self) -> str:
        return _host_only(self.request.url) if self.request.sensitive_url else self.request.url

    def as_har(self, redactor: Redactor | None = None) -> dict[str, Any]:
        """The entry for ``exchanges.har`` (HAR 1.2), without what ``redactor`` knows to be secret.

        Bodies are redacted before they are cut, so that no edge leaves half a secret.
        """
        redactor = redactor or Redactor()
        request: dict[str, Any] = {
            "method": self.request.method,
            "url": self._shown_url(),
            "httpVersion": "HTTP/1.1",
            "headers": list(_shown_headers(self.request)),
            "queryString": _query_of(self._shown_url(), redactor),
            "cookies": [],
            "headersSize": -1,
            "bodySize": length_of(self.request.body) if self.request.body is not None else 0,
        }
        if self.request.body is not None:
            request["postData"] = self._sent(self.request.body, redactor)
        answer = self.answer
        response = {
            "status": answer.status if answer else 0,
            "statusText": answer.reason[:EVIDENCE_OF_HEADERS] if answer else "",
            "httpVersion": answer.http_version if answer else "",
            "headers": list(_kept_headers(answer.headers)) if answer else [],
            "cookies": [],
            "content": self._content(answer, redactor) if answer else {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": answer.size if answer else -1,
        }
        milliseconds = round(self.duration_s * 1000, 3)
        entry = {
            "_id": self.id,
            "_case": self.case,
            "_role": self.role,
            "_operation": self.operation,
            "_error": self.error.value if self.error else None,
            "_tags": list(self.tags),
            "startedDateTime": self.started,
            "time": milliseconds,
            "request": request,
            "response": response,
            "cache": {},
            "timings": self._timings(milliseconds),
        }
        found: dict[str, Any] = redactor.deep(entry)
        return found

    def _timings(self, milliseconds: float) -> dict[str, float]:
        send = round(self.meter.sending_s * 1000, 3) if self.meter else 0
        receive = round(self.meter.receiving_s * 1000, 3) if self.meter else 0
        found = {"send": send, "wait": round(milliseconds - send - receive, 3), "receive": receive}
        return {**found, "_bytesPerSecond": round(self.meter.rate)} if self.meter else found

    def _sent(self, body: Payload, redactor: Redactor) -> dict[str, Any]:
        """The body as evidence; of a large one that was sent in part, only how much that was."""
        media_type = self.request.header("content-type") or ""
        sent = self.meter.sent if self.meter else None
        if sent is None or sent == length_of(body):
            return _evidence(body, media_type, redactor)
        head = beginning_of(body, min(sent, EVIDENCE_ENDS))
        found = _shown(media_type, redactor.piece(_decoded(head)), length_of(body))
        return {**found, "_truncated": True, "_sent": sent}

    def _content(self, answer: Answer, redactor: Redactor) -> dict[str, Any]:
        found = _content(answer, redactor)
        if self.request.private_answer:
            del found["_sha256"]
            found.update({"text": REDACTED, "_truncated": True})
        return found


_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})


def _query_of(url: str, redactor: Redactor) -> list[dict[str, str]]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="replace")
    return [{"name": redactor.text(name), "value": redactor.text(value)} for name, value in pairs]


def _host_only(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{REDACTED}"


def _har_header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": REDACTED if name.lower() in _SECRET_HEADERS else value}


def _kept_headers(headers: Iterable[Header]) -> Iterator[dict[str, str]]:
    """The headers of an answer, as far as they are kept; the last says that there was more."""
    left = EVIDENCE_OF_HEADERS
    for name, value in headers:
        if left <= 0:
            yield {"name": "_truncated", "value": "true"}
            return
        yield _har_header(name[:left], value[:left])
        left -= len(name) + len(value)


def _shown_headers(request: Request) -> Iterator[dict[str, str]]:
    if request.token is not None:
        yield {"name": "Authorization", "value": f"Bearer {REDACTED}"}
    for name, value in request.headers:
        yield _har_header(name, value)


def _shown(media_type: str, text: str, size: int) -> dict[str, Any]:
    return {"mimeType": media_type, "text": text, "_size": size}


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


def _evidence(body: Payload, media_type: str, redactor: Redactor) -> dict[str, Any]:
    if isinstance(body, Streamed):
        found = survey(body, EVIDENCE_ENDS)
        whole = Whole(body.length, found.head, found.tail, lambda: found.digest)
        return _ends(whole, media_type, redactor)
    return {
        **_shown(media_type, _beginning(body, redactor), len(body)),
        "_sha256": hashlib.sha256(body).hexdigest(),
        "_truncated": len(body) > EVIDENCE_BYTES,
    }


def _beginning(body: bytes, redactor: Redactor) -> str:
    """The part of a body that is kept; of one that is cut already without secrets, nor half of one."""
    if len(body) <= EVIDENCE_BYTES:
        return _decoded(body)  # with all of the entry it is redacted later
    edge = EVIDENCE_BYTES
    while edge > EVIDENCE_BYTES - 4 and body[edge] & 0xC0 == 0x80:  # not in the middle of a character
        edge -= 1
    kept = _decoded(body[:edge])
    return redactor.window(kept + _decoded(body[edge : edge + _BEYOND]), len(kept))


def _ends(whole: Whole, media_type: str, redactor: Redactor) -> dict[str, Any]:
    return {
        **_shown(media_type, redactor.piece(_decoded(whole.head)), whole.size),
        "_tail": redactor.piece(_decoded(whole.tail)),
        "_sha256": whole.digest(),
        "_truncated": True,
    }


def _content(answer: Answer, redactor: Redactor) -> dict[str, Any]:
    media_type = answer.header("content-type") or "x-unknown"
    if answer.whole:
        found = _ends(answer.whole, media_type, redactor)
    else:
        found = _evidence(answer.body, media_type, redactor)
    found["size"] = found.pop("_size")
    if answer.unpacked:
        found["compression"] = 0  # how much it saved is not known, but the text is what was in it
    found["_truncated"] = found["_truncated"] or answer.cut
    return found


_OF_CURL = ("Accept", "Content-Type")
"""Headers that curl adds by itself unless it is told not to."""


def _curl_method(method: str) -> list[str]:
    return ["--head"] if method == "HEAD" else ["-X", method]


def _curl_url(url: str) -> list[str]:
    """The address as it is: curl reads brackets and braces as patterns."""
    return ["--globoff", url] if set(url) & set("[]{}") else [url]


def _curl_headers(request: Request) -> Iterator[Header]:
    for name, value in request.headers:
        yield name, REDACTED if name.lower() in _SECRET_HEADERS else value
    if request.chunked:
        yield "Transfer-Encoding", "chunked"


def _curl_body(body: Payload | None) -> tuple[str, str]:
    """What goes before the command, and what goes behind it, to send this body."""
    if body is None:
        return "", ""
    if isinstance(body, Streamed) or len(body) > EVIDENCE_BYTES:
        return "", " --data-binary @request-body.bin"
    text = body.decode("ascii", "replace")
    if text.isascii() and text.isprintable():
        return "", f" --data-raw {shlex.quote(text)}"
    return f"printf -- '{_printf_quoted(body)}' | ", " --data-binary @-"


_PRINTF = {0x27: "'\\''", 0x5C: "\\\\", 0x25: "%%", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}


def _printf_quoted(body: bytes) -> str:
    """Bytes as a format of the shell's printf, within single quotes."""
    return "".join(_PRINTF.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in body)
