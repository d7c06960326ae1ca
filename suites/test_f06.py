"""F06: flow 6, a module hears from the DMS that a document was destroyed."""

from __future__ import annotations

from okd_conformance.suite import Case, NotTested, Sample, cells, check, registrations_of, run_machine
from steps import SEQUENCES, about, first_about


def known_document(case: Case) -> tuple[str, str | None]:
    """A document that the module knows: the id of the DMS, and the module's own (None when nothing tells)."""
    if not case.registers:
        return case.registered(), None
    operation, binding = case.binding_for("register")
    sample = case.sample_of(operation, binding)
    exchange = case.arranged(case.sent(sample))
    own = case.value_in(exchange, "component_document_id")
    return str(sample.body.get("dms_document_id")) if sample.body else "", own if isinstance(
        own, str
    ) else None


def notice(case: Case, document_id: str) -> Sample:
    """The notice that this document was destroyed."""
    return case.canonical(path_values={"dms_document_id": document_id})


@check("OKD-F06-001", profile="smoke")
def test_notice(case: Case) -> None:
    """A document that was registered is destroyed."""
    case.expect(case.sent(case.canonical()))


@check("OKD-F06-002")
def test_which_id(case: Case) -> None:
    """The module's own id is not that of the document; the id of the DMS is."""
    document_id, own_id = known_document(case)
    if own_id is None:
        case.note(case.words("own_id_not_known"))
    elif own_id.lower() == document_id.lower():
        case.note(case.words("own_id_is_the_dms_id"))
    else:
        exchange = case.expect(case.sent(notice(case, own_id)), "component_id")
        if exchange.succeeded:
            document_id, _ = known_document(case)
    case.expect(case.sent(notice(case, document_id)), "dms_id")


@check("OKD-F06-003", scope=cells("sufficient"))
def test_scope_of_the_notice(case: Case, scope: str) -> None:
    """The scope that exists for this alone."""
    case.expect_right(case.sent(case.canonical(token=case.token(scope).value)))


@check("OKD-F06-004", scope=cells("refused"))
def test_refused_scope(case: Case, scope: str) -> None:
    """A scope that no source lists here."""
    case.expect(case.sent(case.sample(token=case.only_scopes(scope))), "refused")


@check("OKD-F06-004", scope=cells("disputed"))
def test_disputed_scope(case: Case, scope: str) -> None:
    """The sources disagree; either answer will do."""
    case.expect(case.sent(case.sample(token=case.only_scopes(scope))), "disputed")


@check("OKD-F06-005", document=["unknown"])
def test_unknown_document(case: Case, document: str) -> None:
    """A document that nobody registered."""
    sample = case.sample(path_values={"dms_document_id": case.fresh_uuid()})
    case.expect(case.sent(sample), document)


@check("OKD-F06-005", document=["repeated"])
def test_repeated_notice(case: Case, document: str) -> None:
    """A notice about a destroyed document comes once more."""
    sample = case.canonical()
    case.arranged(case.sent(sample))
    case.expect(case.sent(sample), document)


@check("OKD-F06-006")
def test_reference_is_gone(case: Case) -> None:
    """Shown by the hook; else by a second notice that finds nothing."""
    document_id, _ = known_document(case)
    sample = notice(case, document_id)
    exchange = case.arranged(case.sent(sample))
    try:
        place = case.call_hook("show_filing", document_id=document_id)
    except NotTested:
        again = case.expect(case.sent(sample))
        if again.succeeded:
            case.note(case.words("reference_not_shown"))
        return
    case.require(place.get("level") in {None, "none"}, "reference_kept", reading="warned", exchange=exchange)


@check("OKD-F06-001", sequence=["register-notify"])
def test_registrations_through_their_life(case: Case) -> None:
    """Each registered document can be notified of, whatever happened to the others."""
    if not case.registers:
        raise case.not_tested("does_not_register")
    case.accepted()
    run_machine(registrations_of(case), SEQUENCES[case.profile], case.seed)


@check("OKD-F06-010")
def test_destroyed_document_is_gone(case: Case) -> None:
    """At the DMS itself, by the hook that destroys as at the end of the retention."""
    stored = case.store()
    case.arranged(first_about(case, stored))
    case.call_hook("destroy", document_id=stored.id)
    exchange = about(case, stored.id)
    gone = not exchange.succeeded
    if gone:
        case.gone(stored.id)
    case.require(gone, "still_given", situation="still_given", exchange=exchange)
    case.expect(exchange)
