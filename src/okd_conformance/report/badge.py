"""``badge.svg``: the verdict as a small picture."""

from __future__ import annotations

from xml.sax.saxutils import escape

from okd_conformance.base.clean import one_line
from okd_conformance.base.text import Lang
from okd_conformance.judge.outcome import Verdict
from okd_conformance.report.model import Report
from okd_conformance.report.wording import tone, whole_verdict

_COLOURS = {
    Verdict.CONFORMANT: "#1b7a43",
    Verdict.NOT_CONFORMANT: "#b3261e",
    Verdict.INCOMPLETE: "#5b5f97",
    Verdict.SUITE_FAULT: "#7a4b00",
}
_NARROW = frozenset("fijlrt.,:;|!'-() 1I")
_WIDE = frozenset("mwMWQOGD@%")
_MOST_ROLES = 2

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="20" fill="#3a3f47"/>
    <rect x="{left}" width="{right}" height="20" fill="{colour}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
    <text x="{left_middle}" y="14" textLength="{left_text}">{subject}</text>
    <text x="{right_middle}" y="14" textLength="{right_text}">{verdict}</text>
  </g>
</svg>
"""


def badge(report: Report, lang: Lang) -> str:
    """Return the badge as SVG: edition and roles at the left, the verdict at the right."""
    roles = list(report.roles)
    shown = " ".join(roles[:_MOST_ROLES]) + (
        f" +{len(roles) - _MOST_ROLES}" if len(roles) > _MOST_ROLES else ""
    )
    subject = one_line(f"{report.standard.edition} {shown}", 60)
    verdict = whole_verdict(report).in_language(lang).lower()
    left_text, right_text = _width(subject), _width(verdict)
    left, right = left_text + 14, right_text + 14
    return _SVG.format(
        width=left + right,
        left=left,
        right=right,
        left_text=left_text,
        right_text=right_text,
        left_middle=left / 2,
        right_middle=left + right / 2,
        colour=_COLOURS[tone(report)],
        subject=escape(subject),
        verdict=escape(verdict),
        title=escape(f"{subject}: {verdict}", {'"': "&quot;"}),
    )


def _width(text: str) -> int:
    """About how wide the text is in the badge's font, in pixels."""
    return round(sum(4.4 if c in _NARROW else 9.6 if c in _WIDE else 7.0 for c in text))
