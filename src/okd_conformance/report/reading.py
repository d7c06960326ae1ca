"""Stored reports and their exchanges, read back from files that may come from anybody."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from okd_conformance.base.json_input import described, read_json
from okd_conformance.report.model import EXCHANGES, Report

MAX_REPORT_BYTES = 50_000_000
MAX_EXCHANGES_BYTES = 200_000_000
_TEXT, _NUMBER = (str, type(None)), (int, float, type(None))
_ENTRY: Mapping[str, tuple[type, ...]] = {
    "_id": (str,),
    "_case": _TEXT,
    "_role": _TEXT,
    "_operation": _TEXT,
    "_error": _TEXT,
    "startedDateTime": _TEXT,
    "time": _NUMBER,
    "request": (dict,),
    "response": (dict,),
}
_MESSAGE: Mapping[str, tuple[type, ...]] = {
    "method": _TEXT,
    "url": _TEXT,
    "httpVersion": _TEXT,
    "statusText": _TEXT,
    "status": (int, type(None)),
    "headers": (list,),
    "postData": (dict, type(None)),
    "content": (dict, type(None)),
}
_CONTENT: Mapping[str, tuple[type, ...]] = {"mimeType": _TEXT, "text": _TEXT, "encoding": _TEXT}
_HEADER: Mapping[str, tuple[type, ...]] = {"name": (str,), "value": (str,)}


def stored_report(path: Path) -> Report:
    """Read ``report.json``. Raises ConfigurationError for a file that is no report."""
    value = read_json(path, max_bytes=MAX_REPORT_BYTES)
    return described(path, "not_a_report", lambda: _report(value))


def _report(value: Any) -> Report:
    report = Report.from_json(value)
    _check(Report, report)
    return report


def stored_exchanges(report: Path) -> dict[str, Any] | None:
    """Read the exchanges that lie beside a report; None when there are none.

    Raises ConfigurationError for a file that holds something else.
    """
    beside = report.with_name(EXCHANGES)
    if not beside.exists():
        return None
    har = read_json(beside, max_bytes=MAX_EXCHANGES_BYTES, max_values=5_000_000)
    return described(beside, "not_exchanges", lambda: _exchanges(har))


def _exchanges(har: Any) -> dict[str, Any]:
    for entry in har["log"]["entries"]:
        _has(entry, _ENTRY)
        for message in (entry.get("request") or {}, entry.get("response") or {}):
            _has(message, _MESSAGE)
            for header in message.get("headers") or ():
                _has(header, _HEADER)
            for body in ("postData", "content"):
                _has(message.get(body) or {}, _CONTENT)
    found: dict[str, Any] = har
    return found


def _has(value: Any, kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Raise TypeError when it is no mapping, or a member that is there has another type."""
    if not isinstance(value, dict):
        raise TypeError("no mapping")
    for name, kind in kinds.items():
        if name in value and (not isinstance(value[name], kind) or isinstance(value[name], bool)):
            raise TypeError(f"{name} has another type")


# --- whether a value is what its annotation says -----------------------------------------------------------


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}


def _check(kind: Any, value: Any) -> None:
    """Raise TypeError when a value, or anything in it, is not of the type that it should be."""
    origin = get_origin(kind)
    if kind is Any:
        return
    if origin in (Union, types.UnionType):
        if not any(_is(one, value) for one in get_args(kind)):
            raise TypeError(f"no {kind}")
    elif origin is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            raise TypeError(f"no {kind}")
    elif origin is not None:
        _check_members(origin, get_args(kind), value)
    elif is_dataclass(kind) and isinstance(kind, type):
        _check_plain(kind, value)
        for name, inner in _hints(kind).items():
            _check(inner, getattr(value, name))
    else:
        _check_plain(kind, value)


def _is(kind: Any, value: Any) -> bool:
    try:
        _check(kind, value)
    except TypeError:
        return False
    return True


def _check_members(origin: Any, inner: tuple[Any, ...], value: Any) -> None:
    _check_plain(origin, value)
    if issubclass(origin, Mapping):
        for name, member in value.items():
            _check(inner[0], name)
            _check(inner[1], member)
    elif origin is tuple and inner[-1] is not Ellipsis:
        if len(inner) != len(value):
            raise TypeError("another number of members")
        for kind, member in zip(inner, value, strict=True):
            _check(kind, member)
    else:
        for member in value:
            _check(inner[0], member)


def _check_plain(kind: Any, value: Any) -> None:
    wanted = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"no {kind}")
