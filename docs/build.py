"""Builds the documentation, strictly: ``python docs/build.py [FOLDER]``, by default into ``build/docs``.

The pages of the catalogue are made from the data at each build, so they are never out of date.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from okd_conformance.base.text import Lang, say
from okd_conformance.report.markdown import escaped
from okd_conformance.standard.catalogue import Requirement, load_catalogue
from okd_conformance.standard.faults import load_faults, load_variants
from okd_conformance.standard.readings import (
    READINGS,
    NamedReading,
    Waiting,
    load_readings,
    load_waiting,
)

HERE = Path(__file__).resolve().parent
TITLES: dict[Lang, str] = {"en": "Requirements, in English", "nl": "Eisen, in het Nederlands"}


def build(out: Path) -> int:
    """Build the site into ``out`` and return the exit code of the tool."""
    with tempfile.TemporaryDirectory(prefix="okd-docs-") as folder:
        work = Path(folder)
        pages = work / "pages"
        pages.mkdir()
        for file in (*HERE.glob("*.md"), *HERE.glob("*.png")):
            shutil.copy(file, pages)
        shutil.copytree(HERE / "recipes", pages / "recipes")
        config = yaml.safe_load((HERE / "properdocs.yml").read_text("utf-8"))
        (pages / "readings.md").write_text(readings_page(), encoding="utf-8")
        (pages / "variants.md").write_text(variants_page(), encoding="utf-8")
        entry = next(item for item in config["nav"] if "Catalogue" in item)
        entry["Catalogue"] = catalogue_pages(pages)
        (work / "properdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "properdocs",
            "build",
            "--strict",
            "--quiet",
            "-d",
            str(out.resolve()),
        ]
        return subprocess.run(command, cwd=work, check=False).returncode


def catalogue_pages(pages: Path) -> list[Any]:
    """Write a page for each section and language; returns their part of the contents."""
    contents: list[Any] = []
    for lang, title in TITLES.items():
        folder = pages / "catalogue" / lang
        folder.mkdir(parents=True)
        sections: dict[str, list[Requirement]] = {}
        for requirement in load_catalogue():
            sections.setdefault(requirement.section, []).append(requirement)
        entries = []
        for section, rows in sections.items():
            (folder / f"{section}.md").write_text(page(section, rows, lang), encoding="utf-8")
            name = f"{section}: {rows[0].section_title.in_language(lang)}"
            entries.append({name: f"catalogue/{lang}/{section}.md"})
        contents.append({title: entries})
    return contents


def readings_page() -> str:
    """What an answer means in each situation, in both languages, and what is waited for."""
    used: dict[str, list[str]] = {}
    for row in load_catalogue():
        for name in dict.fromkeys(row.readings.values()):
            used.setdefault(name, []).append(f"[{row.id}](catalogue/en/{row.section}.md)")
    readings = load_readings()
    blocks = [
        "# What an answer means",
        "One fact is read one way everywhere. Each requirement names the readings that it uses, and may "
        "narrow one only with words that it quotes. A status goes before its class; what no list names "
        "fails a requirement that can fail, and is a warning elsewhere. Written from "
        "`specs/readings.yaml`.",
        "\n".join(["| Reading | Right | With a note | Warning | Wrong |", "|---|---|---|---|---|"])
        + "".join(f"\n| [`{name}`](#{name}) | {_cells(reading)} |" for name, reading in readings.items()),
    ]
    for name, reading in readings.items():
        blocks += [f"## {name} {{ #{name} }}", *_told(reading), *_differs(reading), ", ".join(used[name])]
    for waiting in load_waiting().values():
        blocks += [f"## Waited for: {', '.join(map(str, waiting.statuses))}", *_told(waiting)]
    return "\n\n".join(blocks) + "\n"


def variants_page() -> str:
    """The legitimate differences that must accuse nobody, and the rows near each."""
    near: dict[str, list[str]] = {}
    for facts in load_variants().values():
        for name in dict.fromkeys((*facts.near, *facts.warns)):
            near.setdefault(name, []).append(f"`{facts.name}`")
    rows = [row for row in load_catalogue() if row.can_fail and row.untestable is None]
    lines = [
        f"| {row.id} | {', '.join(near.get(row.id, []) + near.get(row.id.rpartition('-')[0], []))} |"
        for row in rows
    ]
    told = [
        f"| `{facts.name}` | {escaped(facts.says.en)} | {', '.join(facts.warns) or '-'} |"
        for facts in load_variants().values()
    ]
    return (
        "\n\n".join(
            [
                "# Differences that accuse nobody",
                "Each variant is a legitimate way to be a DMS or a module. `faults run --variants` shows "
                "that none of them fails a requirement, and that it warns at most where its facts in "
                "`specs/variants.yaml` say so. Real gateways, receivers of multipart and clients stand "
                "beside them ([receivers](receivers.md)).",
                "\n".join(["| Variant | What it does | May warn |", "|---|---|---|", *told]),
                "## Near each requirement that can fail",
                "\n".join(["| Requirement | Variants |", "|---|---|", *lines]),
            ]
        )
        + "\n"
    )


def _cells(reading: NamedReading) -> str:
    return " | ".join(", ".join(map(str, getattr(reading.answers, r))) for r in READINGS)


def _told(what: NamedReading | Waiting) -> list[str]:
    return [
        f"**{escaped(what.title.in_language(lang))}.** {escaped(what.why.in_language(lang))}"
        for lang in TITLES
    ]


def _differs(reading: NamedReading) -> list[str]:
    quoted = [s for s in reading.sources if "quote" in s]
    return [
        *(["This fails in every requirement, whatever its level."] if reading.grave else []),
        *(
            f"In {edition}: " + "; ".join(f"{r} {', '.join(map(str, s))}" for r, s in other.items())
            for edition, other in reading.editions.items()
        ),
        *(f"> {escaped(s['quote'])} ({s.get('document', 'founding document')})" for s in quoted),
    ]


def page(section: str, rows: list[Requirement], lang: Lang) -> str:
    """The page of one section."""
    title = escaped(rows[0].section_title.in_language(lang))
    return "\n\n".join([f"# {section}: {title}", *(entry(row, lang) for row in rows)]) + "\n"


def entry(row: Requirement, lang: Lang) -> str:
    """One requirement: what it asks, why, where that is said, how it is tested, what proves the test."""
    faults = sorted(name for name, fault in load_faults().items() if row.id in fault.breaks)
    texts = {
        "explain_why": row.why,
        "explain_reasoning": row.reasoning,
        "explain_test": row.test,
        "explain_remedy": row.remedy,
        "report_status_not_tested": row.untestable or row.parked,
    }
    facts = f"{row.level} · {say(f'report_basis_{row.basis}').in_language(lang)} · {', '.join(row.roles)} · "
    blocks = [
        f"## {row.id} {{ #{row.id} }}",
        f"**{escaped(row.statement.in_language(lang))}**",
        facts + ", ".join(row.editions),
        *(
            f"*{say(key).in_language(lang)}:* {escaped(text.in_language(lang))}"
            for key, text in texts.items()
            if text is not None
        ),
        *(f"> {escaped(source.quote or '')} ({escaped(source.cite())})" for source in row.sources),
    ]
    if faults:
        names = ", ".join(f"`{name}`" for name in faults)
        blocks.append(f"*{say('explain_proof').in_language(lang)}:* {names}")
    return "\n\n".join(blocks)


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1] if len(sys.argv) > 1 else "build/docs")))
