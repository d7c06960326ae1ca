"""Faults of the two sketches: the documents of 2025 (okd-0.3) and the reports of sittings (oke-2022.07)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from okd_conformance.base.text import Text
from okd_conformance.reference import rights, routes
from okd_conformance.reference.answers import Refused, json_answer
from okd_conformance.reference.faults.change import after, before, lacks, of_kind, refuse_if
from okd_conformance.reference.faults.registry import fault
from okd_conformance.standard.fields import Body, field_names, meanings

if TYPE_CHECKING:
    from okd_conformance.reference.behaviour import Behaviour, Values
    from okd_conformance.reference.intake import Part
    from okd_conformance.reference.storage import Document
    from okd_conformance.reference.world import Call
    from okd_conformance.standard.edition import Operation

POST = ("okd-0.3",)
PUT = ("okd-0.3@put",)
BOTH = (*POST, *PUT)
OKE = ("oke-2022.07",)
PLANNING = ("toetsplanning",)
DELIVERY = ("toetsafname",)
ALWAYS = "3f2b7a10-6d1c-4c55-9a0e-51c0b1a7e901"
NO_ID = "00000000-0000-4000-8000-000000000000"
Judges = Callable[..., bool]


# okd-0.3


def _refuse_metadata(behaviour: Behaviour, case: Judges) -> None:
    before(behaviour, "check_metadata", refuse_if("metadata_invalid", case))


@fault(
    "no-reference-in-answer",
    breaks="OKD-F02-012",
    editions=BOTH,
    says=Text(
        nl="Het antwoord op een document bevat geen verwijzing.",
        en="The answer to a document has no reference.",
    ),
)
def _no_reference(behaviour: Behaviour) -> None:
    behaviour.upload_answer = lambda call, _document, _body: json_answer(
        behaviour.success_status(call), {"status": "ok"}
    )


@fault(
    "token-for-reading",
    breaks="OKD-F02-013",
    editions=POST,
    says=Text(
        nl="Opvragen kan alleen met een token, hoewel deze schets geen rechten kent.",
        en="Reading needs a token, though this sketch has no rights.",
    ),
)
def _token_for_reading(behaviour: Behaviour) -> None:
    behaviour.needs_token = lambda call: of_kind(call, "read")


@fault(
    "filed-nowhere",
    breaks="OKD-S03-001",
    editions=BOTH,
    says=Text(
        nl="Een document bij een toetsresultaat komt in geen dossier.",
        en="A document of a test result ends up in no file.",
    ),
)
def _filed_nowhere(behaviour: Behaviour) -> None:
    def unfiled(document: Document, *_: object) -> Document:
        document.filed, document.level = {}, "none"
        return document

    after(behaviour, "make_document", unfiled)


@fault(
    "programme-with-enrolment-refused",
    breaks="OKD-S03-002",
    editions=BOTH,
    says=Text(
        nl="Opleiding en verbintenis samen worden geweigerd.",
        en="A programme and an enrolment together are refused.",
    ),
)
def _both_refused(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lambda _call, body, _file: body.has("association") and body.has("program"))


@fault(
    "kind-of-one-word",
    breaks="OKD-S03-003",
    editions=BOTH,
    says=Text(
        nl="Alleen soorten document van één woord worden aangenomen.",
        en="Only kinds of document of one word are accepted.",
    ),
)
def _one_word(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lambda _call, body, _file: " " in str(body.get("document_type")))


@fault(
    "enrolment-required",
    breaks="OKD-S03-004",
    editions=BOTH,
    says=Text(
        nl="Een document met alleen een opleiding wordt geweigerd.",
        en="A document that names the programme alone is refused.",
    ),
)
def _enrolment_required(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lacks("association"))


@fault(
    "student-of-a-sitting-required",
    breaks="OKD-S03-005",
    editions=POST,
    says=Text(
        nl="Een proces-verbaal zonder student wordt geweigerd.",
        en="An official record without a student is refused.",
    ),
)
def _student_required(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lacks("person"))


@fault(
    "token-for-storing",
    breaks="OKD-S03-006",
    editions=BOTH,
    says=Text(nl="Aanbieden kan alleen met een token.", en="Handing over needs a token."),
)
def _token_for_storing(behaviour: Behaviour) -> None:
    behaviour.needs_token = lambda call: of_kind(call, rights.UPLOAD)


def _first_document(call: Call) -> Document:
    return call.world.store.documents(call.role)[0]


@fault(
    "always-the-same-document",
    breaks="OKD-S03-007",
    editions=POST,
    says=Text(
        nl="Welk id er ook gevraagd wordt, er komt steeds hetzelfde document.",
        en="Whatever id is asked for, the same document comes.",
    ),
)
def _same_document(behaviour: Behaviour) -> None:
    behaviour.find_document = _first_document


@fault(
    "same-reference-for-all",
    breaks="OKD-S03-008",
    editions=POST,
    says=Text(nl="Elk document krijgt hetzelfde id.", en="Every document gets the same id."),
)
def _same_reference(behaviour: Behaviour) -> None:
    behaviour.choose_document_id = lambda _call, _body: ALWAYS


@fault(
    "line-ends-changed-on-reading",
    breaks="OKD-S03-009",
    editions=POST,
    says=Text(
        nl="Regeleinden in de inhoud veranderen bij het opvragen.",
        en="Line ends in the content change on reading.",
    ),
)
def _line_ends(behaviour: Behaviour) -> None:
    def changed(values: Values, *_: object) -> Values:
        content = base64.b64decode(values["document_content"]).replace(b"\r\n", b"\n")
        return {**values, "document_content": base64.b64encode(content).decode()}

    after(behaviour, "whole_document", changed)


@fault(
    "author-forgotten",
    breaks="OKD-S03-010",
    editions=POST,
    says=Text(nl="De auteur komt niet terug.", en="The author does not come back."),
)
def _author_forgotten(behaviour: Behaviour) -> None:
    def forgotten(values: Values, call: Call, _document: Document) -> Values:
        uploads = call.world.edition.operations(call.role, rights.UPLOAD)
        kept = Body(uploads[0].body_schema or {}, values["metadata"]).without("author")
        return {**values, "metadata": kept.value}

    after(behaviour, "whole_document", forgotten)


@fault(
    "any-document-for-an-unknown-id",
    breaks="OKD-S03-011",
    editions=POST,
    says=Text(
        nl="Bij een onbekend id komt zomaar een document.", en="For an unknown id just any document comes."
    ),
)
def _any_document(behaviour: Behaviour) -> None:
    known = behaviour.find_document

    def found(call: Call) -> Document:
        try:
            return known(call)
        except Refused:
            return _first_document(call)

    behaviour.find_document = found


@fault(
    "document-without-an-id",
    breaks="OKD-S03-012",
    editions=POST,
    says=Text(nl="Zonder id komt er toch een document.", en="Without an id a document comes all the same."),
)
def _without_an_id(behaviour: Behaviour) -> None:
    known = behaviour.find_document

    def ids(operation: Operation, values: Any) -> dict[str, str]:
        return routes.path_ids(operation, {name: value or NO_ID for name, value in values.items()})

    def found(call: Call) -> Document:
        return _first_document(call) if call.ids["dms_document_id"] == NO_ID else known(call)

    behaviour.path_ids, behaviour.find_document = ids, found


@fault(
    "enrolment-documents-refused",
    breaks="OKD-S03-014",
    editions=PUT,
    says=Text(nl="Inschrijfdocumenten worden geweigerd.", en="Enrolment documents are refused."),
)
def _enrolment_documents(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lambda _call, body, _file: body.has("retention_period"))


@fault(
    "no-link",
    breaks="OKD-S03-015",
    editions=PUT,
    says=Text(nl="Het antwoord bevat een id en geen link.", en="The answer has an id and no link."),
)
def _no_link(behaviour: Behaviour) -> None:
    behaviour.upload_answer = lambda call, document, _body: json_answer(
        behaviour.success_status(call), {"id": document.id}
    )


@fault(
    "no-new-files",
    breaks="OKD-S03-016",
    editions=PUT,
    says=Text(
        nl="Een document bij een onbekende inschrijving wordt geweigerd.",
        en="A document of an unknown enrolment is refused.",
    ),
)
def _no_new_files(behaviour: Behaviour) -> None:
    def unknown(call: Call, _body: Body, _file: Part | None) -> bool:
        return call.world.school.enrolment(call.ids["association_id"]) is None

    before(behaviour, "check_metadata", refuse_if("unknown_association", unknown))


@fault(
    "second-document-replaces-the-first",
    breaks="OKD-S03-017",
    editions=PUT,
    says=Text(
        nl="Een tweede document bij dezelfde inschrijving komt in de plaats van het eerste.",
        en="A second document of the same enrolment takes the place of the first.",
    ),
)
def _replaces(behaviour: Behaviour) -> None:
    behaviour.choose_document_id = lambda call, _body: call.ids["association_id"]


@fault(
    "long-retention-refused",
    breaks="OKD-S03-018",
    editions=PUT,
    says=Text(
        nl="Een bewaartermijn van een eeuw wordt geweigerd.", en="A retention period of a century is refused."
    ),
)
def _long_retention(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lambda _call, body, _file: (body.get("retention_period") or 0) > 20_000)


@fault(
    "only-pdf",
    breaks="OKD-S03-019",
    editions=PUT,
    says=Text(nl="Alleen PDF-bestanden worden aangenomen.", en="Only PDF files are accepted."),
)
def _only_pdf(behaviour: Behaviour) -> None:
    _refuse_metadata(behaviour, lambda _call, body, _file: "pdf" not in str(body.get("format") or "pdf"))


# oke-2022.07


def _refuse_report(behaviour: Behaviour, case: Callable[[Body], bool]) -> None:
    before(behaviour, "check_report", refuse_if("report_invalid", lambda _call, body: case(body)))


def _each_document(body: Body, meaning: str) -> list[Any]:
    found = []
    for pointer in body.locations(meaning):
        value: Any = body.value
        for step in pointer:
            value = value[step]
        found.append(value)
    return found


def _change_report(behaviour: Behaviour, change: Callable[[Body, Body], Body]) -> None:
    """Let ``change(report, what was known)`` give what is kept; both are read by meaning."""
    inner = behaviour.merge_report
    schemas: dict[str, Any] = {}

    def look(call: Call, _body: Body) -> None:
        schemas["report"] = call.operation.body_schema

    def merged(known: Values, report: Values) -> Values:
        schema = schemas.get("report") or {}
        return inner(known, change(Body(schema, report), Body(schema, known)).value)

    before(behaviour, "check_report", look)
    behaviour.merge_report = merged


@fault(
    "report-answered-202",
    breaks="OKE-F04-001",
    roles=PLANNING,
    editions=OKE,
    says=Text(nl="Het antwoord op een verslag is 202.", en="The answer to a report is 202."),
)
def _answered_202(behaviour: Behaviour) -> None:
    known = behaviour.success_status
    behaviour.success_status = lambda call: 202 if of_kind(call, "change") else known(call)


@fault(
    "merge-patch-only",
    breaks="OKE-F04-002",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Een verslag wordt alleen als merge-patch aangenomen en niet als gewone JSON.",
        en="A report is only accepted as a merge patch, and not as plain JSON.",
    ),
)
def _merge_patch_only(behaviour: Behaviour) -> None:
    def first(call: Call) -> bool:
        return bool(call.request.headers.get("content-type") == next(iter(call.operation.request)))

    before(behaviour, "check_json_type", refuse_unsupported(first))


def refuse_unsupported(case: Callable[[Call], bool]) -> Callable[[Call], None]:
    """Return a check that answers 415 in some cases."""

    def check(call: Call) -> None:
        if case(call):
            raise Refused("media_type", accepted="something else")

    return check


@fault(
    "emoji-lost",
    breaks="OKE-F04-003",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Letters met accenten en emoji worden vraagtekens.",
        en="Accented letters and emoji become question marks.",
    ),
)
def _emoji_lost(behaviour: Behaviour) -> None:
    def plain(report: Body, _known: Body) -> Body:
        text = str(report.get("additional_info") or "")
        return report.with_("additional_info", text.encode("ascii", "replace").decode())

    _change_report(behaviour, plain)


@fault(
    "one-document-required",
    breaks="OKE-F04-004",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Een verslag zonder document wordt geweigerd.", en="A report without a document is refused."
    ),
)
def _one_document_required(behaviour: Behaviour) -> None:
    _refuse_report(behaviour, lambda body: not body.get("documents"))


@fault(
    "sitting-without-report",
    breaks="OKE-F04-009",
    roles=DELIVERY,
    editions=OKE,
    says=Text(
        nl="De offering komt zonder het verslag terug.", en="The offering comes back without the report."
    ),
)
def _without_report(behaviour: Behaviour) -> None:
    def stripped(found: Values, call: Call, _known: Values) -> Values:
        bare: Values = Body(call.operation.success_schema() or {}, found).without("consumers").value
        return bare

    after(behaviour, "read_offering", stripped)


@fault(
    "document-address-dead",
    breaks="OKE-F04-010",
    roles=DELIVERY,
    editions=OKE,
    says=Text(nl="Het adres van een document geeft niets.", en="The address of a document yields nothing."),
)
def _dead_address(behaviour: Behaviour) -> None:
    behaviour.paper_url = lambda url: f"{url}-gone"


@fault(
    "document-of-another-kind",
    breaks="OKE-F04-010",
    roles=DELIVERY,
    editions=OKE,
    says=Text(
        nl="Achter een adres met extensie pdf staat een ander soort bestand.",
        en="Behind an address with the extension pdf stands another kind of file.",
    ),
)
def _another_kind(behaviour: Behaviour) -> None:
    behaviour.paper = lambda _world, _described: b"<html><body>Log in</body></html>"


@fault(
    "document-name-required",
    breaks="OKE-F04-013",
    roles=PLANNING,
    editions=OKE,
    says=Text(nl="Een document zonder naam wordt geweigerd.", en="A document without a name is refused."),
)
def _name_required(behaviour: Behaviour) -> None:
    _refuse_report(
        behaviour,
        lambda body: len(_each_document(body, "document_name")) < len(_each_document(body, "document_url")),
    )


@fault(
    "other-files-refused",
    breaks="OKE-F04-014",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Documenten die geen PDF zijn worden geweigerd.", en="Documents that are no PDF are refused."
    ),
)
def _other_files(behaviour: Behaviour) -> None:
    _refuse_report(
        behaviour, lambda body: any(e != "pdf" for e in _each_document(body, "document_extension"))
    )


@fault(
    "unknown-servers-refused",
    breaks="OKE-F04-015",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Een document op een server die niet bestaat wordt geweigerd.",
        en="A document on a server that does not exist is refused.",
    ),
)
def _unknown_servers(behaviour: Behaviour) -> None:
    _refuse_report(
        behaviour, lambda body: any(".invalid/" in u for u in _each_document(body, "document_url"))
    )


@fault(
    "student-in-report-breaks",
    breaks="OKE-F04-016",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Een veld over één student in het verslag geeft een serverfout.",
        en="A field about one student in the report causes a server error.",
    ),
)
def _student_in_report(behaviour: Behaviour) -> None:
    def unknown(call: Call, body: Body) -> bool:
        known = dir_of(call.operation.body_schema or {})
        return any(name not in known for item in body.get("consumers") or () for name in item)

    before(behaviour, "check_report", refuse_if("server_fault", unknown))


def dir_of(schema: Values) -> set[str]:
    """The names of all fields of a schema."""
    return {name for meaning in meanings(schema) for name in field_names(schema, meaning)}


@fault(
    "one-consumer-only",
    breaks="OKE-F04-017",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Een verslag met gegevens voor een ander systeem ernaast wordt geweigerd.",
        en="A report with data for another system beside it is refused.",
    ),
)
def _one_consumer(behaviour: Behaviour) -> None:
    _refuse_report(behaviour, lambda body: len(body.get("consumers") or ()) > 1)


@fault(
    "old-report-kept",
    breaks="OKE-F04-018",
    roles=DELIVERY,
    editions=OKE,
    says=Text(
        nl="De tekst van een nieuw verslag komt achter de oude.",
        en="The text of a new report comes behind the old one.",
    ),
)
def _old_report_kept(behaviour: Behaviour) -> None:
    inner = behaviour.merge_report
    said: list[str] = []

    def merged(known: Values, report: Values) -> Values:
        said.append(str(report))
        return inner(known, report)

    def shown(found: Values, call: Call, _known: Values) -> Values:
        body = Body(call.operation.success_schema() or {}, found)
        changed: Values = body.with_("additional_info", "; ".join(said)).value
        return changed

    behaviour.merge_report = merged
    after(behaviour, "read_offering", shown)


@fault(
    "only-the-first-document",
    breaks="OKE-F04-019",
    roles=DELIVERY,
    editions=OKE,
    says=Text(
        nl="Van de documenten in een verslag komt alleen het eerste terug.",
        en="Of the documents in a report only the first comes back.",
    ),
)
def _first_only(behaviour: Behaviour) -> None:
    def first(found: Values, call: Call, _known: Values) -> Values:
        body = Body(call.operation.success_schema() or {}, found)
        papers = body.get("documents")
        shown: Values = body.with_("documents", papers[:1]).value if papers else found
        return shown

    after(behaviour, "read_offering", first)


@fault(
    "report-replaces-the-sitting",
    breaks="OKE-F04-020",
    roles=PLANNING,
    editions=OKE,
    says=Text(
        nl="Een verslag wist de andere gegevens van de offering.",
        en="A report erases the other data of the offering.",
    ),
)
def _replaces_sitting(behaviour: Behaviour) -> None:
    behaviour.merge_report = lambda _known, report: report
