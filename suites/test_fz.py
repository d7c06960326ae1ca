"""FZ: deleting documents, flow z."""

from __future__ import annotations

from okd_conformance.suite import Case, Stored, cells, check
from steps import about, read, require_content, tried, with_scope


def deleted(case: Case) -> Stored:
    """A document of the case's own that has just been deleted. Raises Inconclusive when that failed."""
    stored = case.store()
    case.arranged(about(case, stored.id))
    return stored


@check("OKD-FZ-001", profile="smoke")
def test_delete(case: Case) -> None:
    """The document that was uploaded."""
    case.expect(about(case, case.store().id))


@check("OKD-FZ-002", then=["read", "metadata", "replace"])
def test_deleted_document_is_gone(case: Case, then: str) -> None:
    """Reading, asking for the metadata and replacing, afterwards; what is gone for one is gone for all."""
    operation, binding = case.binding_for(then, case.binding.document_type)
    case.accepted(operation, binding)
    stored = deleted(case)
    readable = then == "read" or read(case, stored).succeeded
    exchange = case.sent(case.ready(operation, binding, path_values={"dms_document_id": stored.id}))
    if exchange.succeeded and not readable:
        case.require(False, "gone_in_part", situation="in_part", exchange=exchange, status=exchange.status)
    elif case.expect(exchange).succeeded:
        case.note(case.words("only_marked"))


@check("OKD-FZ-003")
def test_delete_twice(case: Case) -> None:
    """A document that was deleted is deleted once more."""
    case.expect(about(case, deleted(case).id))


@check("OKD-FZ-004", scope=cells("sufficient"))
def test_sufficient_scope(case: Case, scope: str) -> None:
    """Each scope of the document's type alone, on a document that came in with it."""
    case.expect_right(with_scope(case, scope), "sufficient")


@check("OKD-FZ-004", scope=cells("refused"))
def test_refused_scope(case: Case, scope: str) -> None:
    """Every other scope of the standard; the document stays."""
    exchange, stored = tried(case, scope)
    case.expect(exchange, "refused")
    require_content(case, stored, stored.content, "after_refusal")


@check("OKD-FZ-004", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    if scope in notice_scopes(case):
        raise case.not_applicable("judged_elsewhere", requirement="OKD-FZ-005")
    case.expect(tried(case, scope)[0], "disputed")


def notice_scopes(case: Case) -> list[str]:
    """The scopes that are disputed for deleting, but have nothing to do with the document's type."""
    _, reading = case.binding_for("read", case.binding.document_type)
    theirs = reading.scopes.disputed if reading.scopes else ()
    disputed = case.binding.scopes.disputed if case.binding.scopes else ()
    return [scope for scope in disputed if scope not in theirs]


@check("OKD-FZ-005")
def test_scope_of_the_notice(case: Case) -> None:
    """The scope by which a DMS tells a module that a document was destroyed."""
    scopes = notice_scopes(case)
    if not scopes:
        raise case.not_applicable("nothing_disputed")
    for scope in scopes:
        case.expect(tried(case, scope)[0])


@check("OKD-FZ-006", document=["unknown"])
def test_unknown_document(case: Case) -> None:
    """An id that nobody gave."""
    case.accepted()
    case.expect(about(case, case.fresh_uuid()), "unknown_id")


@check("OKD-FZ-006", document=["sibling"])
def test_sibling_stays(case: Case) -> None:
    """A document of that enrolment with that name stays when another is deleted."""
    gone, sibling = case.store(), case.store()
    case.arranged(about(case, gone.id))
    require_content(case, sibling, sibling.content, "sibling")
