"""A run built by hand, for the tests of the report: every status, two claimed roles and one that is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from okd_conformance.base.text import Text
from okd_conformance.judge.case_id import case_id
from okd_conformance.judge.outcome import CaseResult, Status
from okd_conformance.report.build import build_report
from okd_conformance.report.model import Report, RunInfo, TargetInfo
from okd_conformance.standard.catalogue import Applies, Requirement, Source
from okd_conformance.standard.edition import Edition, Flow, Role

DMS = "dms"
EXAM = "examineren"
ENROL = "inschrijven"

EDITION = Edition(
    id="okd-1.5",
    title=Text("OKD 1.5", "OKD 1.5"),
    version="1.5.0",
    commit="a3e7c28",
    date="2026-07-07",
    upstream="okd-1.5",
    scopes=(),
    limits={},
    media_types={},
    roles={
        name: Role(name, title, "x.yaml", None, f"/{name}")
        for name, title in {
            DMS: Text("Documentmanagementsysteem (DMS)", "Document management system (DMS)"),
            EXAM: Text("Module Examineren", "Module Examineren (exams)"),
            ENROL: Text("Module Inschrijven", "Module Inschrijven (enrolment)"),
        }.items()
    },
    flows={
        "1": Flow("1", Text("Inschrijven stuurt documenten", "Enrolment sends documents"), False),
        "2": Flow("2", Text("Examineren stuurt documenten", "Exams sends documents"), False),
        "6": Flow("6", Text("Het DMS meldt een vernietigd document", "The DMS reports destruction"), False),
        "x": Flow("x", Text("Een document ophalen", "Retrieve a document"), False),
        "12": Flow("12", Text("Een document aanmelden bij Examineren", "Register at Exams"), True),
    },
    folder=Path(),
    requirements="okd-1.5",
    variant=None,
    variants={},
    _operations={DMS: (), EXAM: (), ENROL: ()},
)


def requirement(requirement_id: str, **changes: Any) -> Requirement:
    """A requirement with sensible defaults."""
    values: dict[str, Any] = {
        "id": requirement_id,
        "section": requirement_id.split("-")[1],
        "section_title": Text("Uploads in delen (multipart)", "Uploads in parts (multipart)"),
        "level": "MUST",
        "basis": "explicit",
        "roles": (DMS,),
        "editions": ("okd-1.5",),
        "statement": Text(f"Eis {requirement_id}.", f"Requirement {requirement_id}."),
        "why": None,
        "sources": (Source("okd-1.5", "doc/flow-1.md", "### Remarks", "eerst metadata, dan file"),),
        "reasoning": None,
        "applies": Applies("operation", (), (), changes.pop("flows", ())),
        "test": Text("We sturen een geldig verzoek.", "We send a valid request."),
        "answers": {},
        "fixtures": (),
        "hooks": (),
        "remedy": None,
        "untestable": None,
        "parked": None,
    }
    return Requirement(**{**values, **changes})


def case(requirement_id: str, status: Status, label: str = "", role: str = DMS, **more: Any) -> CaseResult:
    """A case of a requirement."""
    values: dict[str, Any] = {
        "id": case_id(requirement_id, role, *([label] if label else [])),
        "requirement": requirement_id,
        "role": role,
        "flow": None,
        "operation": None,
        "status": status,
        "summary": Text("Geslaagd zoals verwacht.", "Went as expected."),
        "duration_s": 0.05,
    }
    return CaseResult(**{**values, **more})


REQUIREMENTS = [
    requirement(
        "OKD-AUT-001",
        section_title=Text("Toegang en beveiliging", "Access and security"),
        statement=Text("De server ondersteunt TLS 1.3.", "The server supports TLS 1.3."),
        roles=(DMS, EXAM, ENROL),
        applies=Applies("role", (), (), ()),
    ),
    requirement(
        "OKD-AUT-006",
        section_title=Text("Toegang en beveiliging", "Access and security"),
        statement=Text("Een verzoek zonder token wordt geweigerd.", "A request without a token is refused."),
        roles=(DMS, EXAM, ENROL),
        why=Text(
            "Anders kan iedereen documenten van studenten lezen.", "Else anyone can read students' documents."
        ),
    ),
    requirement(
        "OKD-MPT-001",
        statement=Text(
            "Een upload met eerst de metadata en dan het bestand wordt aangenomen.",
            "An upload with the metadata first and then the file is accepted.",
        ),
        flows=("1", "2"),
    ),
    requirement(
        "OKD-MPT-017",
        basis="derived",
        statement=Text(
            "Elke toegestane scheidingstekst (boundary) werkt: 1 tot 70 tekens, ook met aanhalingstekens.",
            "Any legal boundary works: 1 to 70 characters, quoted or not.",
        ),
        why=Text(
            "Elke programmeertaal kiest zelf een boundary. Wie alleen korte aanneemt, weigert er veel.",
            "Every programming language picks its own. Who only takes short ones refuses some modules.",
        ),
        sources=(
            Source(
                None,
                "RFC 2046",
                "5.1.1",
                "Boundary delimiters must not appear within the encapsulated material",
            ),
            Source("okd-1.5", "doc/flow-1.md", "## Request", "Content-Type: multipart/form-data; boundary="),
        ),
        remedy=Text(
            "Lees de boundary uit de header Content-Type, en let op aanhalingstekens en een vaste lengte.",
            "Read the boundary from the Content-Type header; mind quotes and a fixed length.",
        ),
        flows=("1", "2"),
    ),
    requirement(
        "OKD-MPT-006",
        level="SHOULD",
        basis="derived",
        statement=Text(
            "Een bestand zonder Content-Type of als application/octet-stream wordt aangenomen.",
            "A file without Content-Type, or as application/octet-stream, is accepted.",
        ),
        remedy=Text(
            "Neem application/octet-stream op in de lijst van toegestane bestandstypen.",
            "Add application/octet-stream to the list of allowed file types.",
        ),
        flows=("1", "2"),
    ),
    requirement(
        "OKD-MPT-021",
        level="SHOULD",
        basis="interpretation",
        statement=Text("Een afgebroken upload wordt niet bewaard.", "A broken-off upload is not stored."),
        reasoning=Text(
            "De standaard zwijgt hierover; een half document bewaren schaadt de school.",
            "The standard is silent; keeping half a document harms the school.",
        ),
        flows=("1", "2"),
    ),
    requirement(
        "OKD-FX-003",
        section_title=Text("Document ophalen (flow x)", "Retrieving a document (flow x)"),
        statement=Text(
            "Een document dat niet bestaat geeft 404.", "A document that does not exist gives 404."
        ),
        flows=("x",),
    ),
    requirement(
        "OKD-LIM-001",
        section_title=Text("Grenzen", "Limits"),
        statement=Text("Een bericht van 1 GB wordt aangenomen.", "A message of 1 GB is accepted."),
        flows=("1", "2"),
    ),
    requirement(
        "OKD-F12-001",
        section_title=Text("Aanmelden bij Examineren (flow 12)", "Registering at Exams (flow 12)"),
        statement=Text(
            "Een aangemeld document krijgt een documentId.", "A registered document gets a documentId."
        ),
        roles=(EXAM,),
        flows=("12",),
    ),
    requirement(
        "OKD-F06-001",
        section_title=Text("Vernietigd (flow 6)", "Destroyed (flow 6)"),
        statement=Text("De melding wordt aangenomen.", "The notice is accepted."),
        roles=(EXAM, ENROL),
        flows=("6",),
    ),
]

LONG = "x" * 70
CURL = (
    "curl -i -X POST https://dms.acme.example/okd/v1/associations/752919a8-b2e1-4151-8dee-194379c0d38e "
    f"-H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: multipart/form-data; boundary={LONG}' "
    "--data-binary @request-body.bin"
)

RESULTS = [
    case(
        "OKD-AUT-001",
        Status.NOT_APPLICABLE,
        summary=Text("Gewoon http op loopback.", "Plain http on loopback."),
    ),
    case("OKD-AUT-006", Status.PASSED, "upload_to_association", flow="1"),
    case("OKD-AUT-006", Status.PASSED, "read_document", flow="x"),
    case("OKD-AUT-006", Status.PASSED, "register_document", role=EXAM, flow="12"),
    case(
        "OKD-MPT-001",
        Status.PASSED,
        "upload_to_association",
        flow="1",
        notes=[Text("Het antwoord heeft een extra veld: versie.", "The answer has one more field: version.")],
    ),
    case("OKD-MPT-017", Status.PASSED, "upload_to_association,boundary=1", flow="1"),
    case(
        "OKD-MPT-017",
        Status.FAILED,
        "upload_to_association,boundary=70",
        flow="1",
        summary=Text(
            "De upload met een boundary van 70 tekens werd geweigerd.",
            "The upload with a boundary of 70 characters was refused.",
        ),
        expected=Text(
            "Status 200, net als bij de boundary van 32 tekens.", "Status 200, as with 32 characters."
        ),
        received=Text("Status 400: boundary too long", "Status 400: boundary too long"),
        exchanges=["x00012", "x00011"],
        curl=CURL,
    ),
    case(
        "OKD-MPT-006",
        Status.WARNING,
        "upload_to_association,type=none",
        flow="1",
        summary=Text("Een bestand zonder type werd geweigerd.", "A file without a type was refused."),
        expected=Text("Status 200.", "Status 200."),
        received=Text("Status 415.", "Status 415."),
        exchanges=["x00013"],
    ),
    case("OKD-MPT-021", Status.PASSED, "upload_to_association", flow="1"),
    case(
        "OKD-FX-003",
        Status.INCONCLUSIVE,
        "read_document",
        flow="x",
        summary=Text("De server gaf geen antwoord.", "The server gave no answer."),
        remedy=Text("Is de server nog in de lucht?", "Is the server still up?"),
        exchanges=["x00014"],
    ),
    case("OKD-F12-001", Status.PASSED, "register_document", role=EXAM, flow="12"),
]

REASONS = {
    ("OKD-LIM-001", DMS): Text("Hoort bij het profiel full.", "Belongs to the profile full."),
    ("OKD-AUT-001", EXAM): Text("TLS wordt elders afgehandeld.", "TLS is terminated elsewhere."),
}


def report(
    results: list[CaseResult] | None = None,
    requirements: list[Requirement] | None = None,
    roles: tuple[str, ...] = (DMS, EXAM),
    target: TargetInfo | None = None,
    run: dict[str, Any] | None = None,
    **more: Any,
) -> Report:
    """The sample run, or one that differs in the given points."""
    given: dict[str, Any] = {
        "id": "20261122T114100-4f2a",
        "started": "2026-11-22T11:41:00+00:00",
        "duration_s": 83.4,
        "profile": "standard",
        "seed": 0,
        "requests": 412,
        "large_tested": False,
        **(run or {}),
    }
    return build_report(
        suite_version="0.1.0",
        edition=EDITION,
        target_identity=target or TargetInfo("Acme DMS", "Acme B.V.", "4.2.0", "staging", "okd@acme.example"),
        run=RunInfo(**given),
        requirements=REQUIREMENTS if requirements is None else requirements,
        claimed_roles={role: f"https://{role}.acme.example/okd/v1" for role in roles},
        results=RESULTS if results is None else results,
        **{"reasons": REASONS, **more},
    )


def entry(entry_id: str, status: int = 200, body: str = "{}", **more: Any) -> dict[str, Any]:
    """One entry of a HAR file."""
    head = '--b\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
    metadata = '{"associationId": "752919a8-b2e1-4151-8dee-194379c0d38e", "consumers": []}\r\n--b--\r\n'
    return {
        "_id": entry_id,
        "_case": None,
        "_error": None,
        "startedDateTime": "2026-11-22T11:41:02+00:00",
        "time": 41.7,
        "request": {
            "method": "POST",
            "url": "https://dms.acme.example/okd/v1/associations/752919a8-b2e1-4151-8dee-194379c0d38e",
            "httpVersion": "HTTP/1.1",
            "headers": [
                {"name": "Authorization", "value": "Bearer [redacted]"},
                {"name": "Content-Type", "value": f"multipart/form-data; boundary={LONG}"},
            ],
            "postData": {
                "mimeType": "multipart/form-data",
                "text": head + metadata,
                "_size": 5120,
                "_sha256": "0" * 64,
                "_truncated": True,
            },
        },
        "response": {
            "status": status,
            "statusText": {200: "OK", 400: "Bad Request", 415: "Unsupported Media Type"}.get(status, ""),
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "content-type", "value": "application/problem+json"}],
            "content": {"mimeType": "application/problem+json", "text": body, "size": len(body)},
        },
        **more,
    }


def har(*entries: dict[str, Any]) -> dict[str, Any]:
    """A HAR document with these entries, or with those of the sample run."""
    own = [
        entry("x00011", body='{"dmsDocumentId": "5c9e1d3a-14f9-4ac0-9d0e-1f2d6a3f9b10"}'),
        entry("x00012", 400, '{"status": "400", "title": "Bad Request", "detail": "boundary too long"}'),
        entry("x00013", 415, '{"status": "415", "title": "Unsupported Media Type"}'),
        entry("x00014", 0, "", _error="timeout"),
    ]
    return {"log": {"version": "1.2", "entries": list(entries) or own}}


_FIXED = {"format", "verdict", "status", "level", "basis", "profile", "_id"}
"""Words that report.schema.json lists."""


def poisoned(value: Any, poison: str, key: str = "") -> Any:
    """A stored report, or its exchanges, with ``poison`` in every text that isn't one of a fixed few."""
    if isinstance(value, str):
        return value if key in _FIXED else f"{value} {poison}"
    if isinstance(value, list):
        return [v if key == "exchanges" else poisoned(v, poison, key) for v in value]
    if isinstance(value, dict):
        fixed = key == "counts" or {"nl", "en"} <= set(value)
        return {k if fixed else _key(k, key, poison): poisoned(v, poison, k) for k, v in value.items()}
    return value


def _key(name: str, key: str, poison: str) -> str:
    return f"{name} {poison}" if key in {"roles", "flows", "sections"} else name
