"""Stored exchanges: entries of ``exchanges.har`` as exchanges again, as far as the evidence goes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from okd_conformance.base.input_file import refuse
from okd_conformance.redaction.redactor import REDACTED
from okd_conformance.report.har import by_id
from okd_conformance.report.model import EXCHANGES, Report
from okd_conformance.report.reading import stored_exchanges, stored_report
from okd_conformance.wire.exchange import Answer, Exchange, Request
from okd_conformance.wire.no_answer import NoAnswer

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored exchange: what was kept of it."""

    id: str
    raw: Mapping[str, Any]

    @property
    def operation(self) -> str | None:
        """The id of the operation that was called."""
        return self.raw.get("_operation")

    @property
    def role(self) -> str | None:
        """The role that was called."""
        return self.raw.get("_role")

    @property
    def method(self) -> str:
        """The method."""
        return str(self.raw.get("request", {}).get("method", ""))

    @property
    def message(self) -> str:
        """The exchange in a few words."""
        return f"{self.method} {self.raw.get('request', {}).get('url', '')} → {self.status}"

    @property
    def status(self) -> int:
        """The status of the answer; 0 without one."""
        return int(self.raw.get("response", {}).get("status") or 0)

    @property
    def answer_is_whole(self) -> bool:
        """Whether all of the answer was kept."""
        content = self.raw.get("response", {}).get("content", {})
        return not content.get("_truncated") and content.get("text") != REDACTED

    def exchange(self, operation: str | None) -> Exchange:
        """The exchange as the engine knows it; a body that was cut or redacted counts as cut."""
        sent, came = self.raw.get("request", {}), self.raw.get("response", {})
        answer = None
        if self.status:
            content = came.get("content", {})
            answer = Answer(
                status=self.status,
                reason=str(came.get("statusText", "")),
                headers=tuple((h["name"], h["value"]) for h in came.get("headers", [])),
                body=str(content.get("text") or "").encode(),
                http_version=str(came.get("httpVersion") or "HTTP/1.1"),
                cut=not self.answer_is_whole,
                unpacked="compression" in content,
            )
        headers = tuple((h["name"], h["value"]) for h in sent.get("headers", []))
        request = Request(method=self.method, url=str(sent.get("url", "")), headers=headers)
        return Exchange(
            id=self.id,
            request=request,
            answer=answer,
            error=NoAnswer.named(self.raw.get("_error")),
            started=str(self.raw.get("startedDateTime", "")),
            duration_s=0.0,
            case=self.raw.get("_case"),
            tags=tuple(str(tag) for tag in self.raw.get("_tags", ())),
            operation=operation,
            role=self.role,
        )

    def answered_json(self) -> Any:
        """The JSON of the answer; None when it is none, or was not kept whole."""
        text = self.raw.get("response", {}).get("content", {}).get("text")
        return _parsed(text) if self.answer_is_whole else None

    def sent_json(self) -> tuple[bool, Any]:
        """Whether it can be told what JSON was sent, and that JSON: the body, or the metadata part."""
        posted = self.raw.get("request", {}).get("postData")
        if not posted:
            return True, None
        media, text = str(posted.get("mimeType", "")), str(posted.get("text") or "")
        if media.startswith("multipart/"):
            part = _first_json_part(media, text)
            return part is not None, _parsed(part)
        if posted.get("_truncated"):
            return not media.endswith("json"), None
        return True, _parsed(text) if "json" in media else None


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _first_json_part(media: str, text: str) -> str | None:
    """The text of the first part that says it is JSON; None when it isn't there as a whole."""
    found = _BOUNDARY.search(media)
    for part in text.split("--" + found.group(1))[1:-1] if found else []:
        head, _, body = part.partition("\r\n\r\n")
        if "application/json" in head.lower():
            return body.removesuffix("\r\n")
    return None


def read_run(path: Path) -> tuple[Report, dict[str, Entry]]:
    """A stored report and its exchanges, which lie beside it.

    Raises ConfigurationError for what is no report, or when the exchanges are missing or something else.
    """
    report, har = stored_report(path), stored_exchanges(path)
    if har is None:
        refuse(str(path.with_name(EXCHANGES)), None, "input_no_file")
    return report, {name: Entry(name, raw) for name, raw in by_id(har).items()}
