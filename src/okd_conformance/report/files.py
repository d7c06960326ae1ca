"""Writes a report into a folder, so that each file is either whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from okd_conformance.base.text import Lang
from okd_conformance.report.badge import badge
from okd_conformance.report.html import html
from okd_conformance.report.junit import junit
from okd_conformance.report.manager import manager
from okd_conformance.report.markdown import markdown
from okd_conformance.report.model import EXCHANGES, Report

Writer = Callable[[IO[str]], object]


def write_all(report: Report, har: Mapping[str, Any], folder: Path, lang: Lang) -> list[Path]:
    """Write every file of a report and return them; the folder is made when it isn't there."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Writer] = {
        EXCHANGES: lambda file: file.write(json.dumps(har, ensure_ascii=False)),
        "report.json": lambda file: file.write(json.dumps(report.to_json(), ensure_ascii=False)),
        "report.html": lambda file: file.write(html(report, har, lang)),
        "junit.xml": lambda file: file.write(junit(report, lang)),
        "summary.md": lambda file: file.write(markdown(report, lang)),
        "summary.html": lambda file: file.write(manager(report, lang)),
        "badge.svg": lambda file: file.write(badge(report, lang)),
    }
    return [write_whole(folder / name, writer) for name, writer in writers.items()]


def write_whole(path: Path, write: Writer) -> Path:
    r"""Write a file beside its place, then move it there; half a character is written as ``\udc80``."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
