"""GEN: general rules for addresses: ids that are none, capitals, and where the paths begin."""

from __future__ import annotations

from urllib.parse import urlsplit

from okd_conformance.suite import REDIRECTS, Case, Operation, check
from steps import ODD_PATH, described


@check("OKD-GEN-005", id=["abc", "short", "very-long", "null", "dots"])
def test_id_that_is_no_uuid(case: Case, id: str) -> None:
    """A text, a UUID that lacks a character, and what aims at the server behind the path."""
    values = {
        "abc": "abc",
        "short": case.fresh_uuid()[:-1],
        "very-long": "a" * 10_000,
        "null": "okd\0conformance",
        "dots": "../okd-conformance",
    }
    situation = {"very-long": "very_long", "null": "odd_path", "dots": "odd_path"}.get(id)
    if situation is None:
        situation = "opaque" if case.operation.kind in {"upload", "change"} else "default"
    (parameter,) = case.operation.path_parameters
    sample = case.sample(path_values={parameter.meaning or parameter.name: values[id]})
    tags = () if situation in {"default", "opaque"} else (ODD_PATH,)
    exchange = case.send(sample.request(), case.operation, *tags)
    if tags and exchange.succeeded and exchange.answer and is_html(exchange.answer.header("content-type")):
        situation = "page"
    case.expect(exchange, situation)


def is_html(media_type: str | None) -> bool:
    """Whether it is a page for people, such as a firewall shows in the place of the product."""
    return (media_type or "").lower().startswith("text/html")


@check("OKD-GEN-006")
def test_capitals(case: Case) -> None:
    """The id in capitals, where it succeeded in small letters."""
    sample = case.sample()
    changed = {m: v.upper() if v != v.upper() else v.lower() for m, v in sample.path_values.items()}
    if changed == sample.path_values:
        raise case.not_applicable("id_without_letters")
    case.expect(case.sent(sample.but(path_values=changed)))


NEED_A_DOCUMENT = {"read", "metadata", "lock"}


@check("OKD-GEN-016", profile="smoke")
def test_paths(case: Case) -> None:
    """One call for each first segment of the role's paths, under an address that ends as in the edition."""
    edition, base = case.edition, case.base_url
    exchange = None
    for operation in one_of_each_collection(case):
        if operation.kind == "service":
            exchange = described(case, operation)
        else:
            exchange = case.sent(case.ready(operation, operation.bindings[0]))
        if not (exchange.status in {404, 405, *REDIRECTS} or exchange.succeeded):
            case.answered(exchange)
            status = exchange.status or exchange.error
            raise case.inconclusive("call_refused", request=operation.name, status=status)
        case.expect(exchange)
    (server,) = edition.document(edition.roles[case.role].document)["servers"]
    ending, path = urlsplit(server["url"]).path, urlsplit(base).path.rstrip("/")
    if not path.endswith(ending):
        facts = {"wanted": ending, "value": path}
        case.require(False, "other_base_path", situation="other_base_path", exchange=exchange, **facts)


def one_of_each_collection(case: Case) -> list[Operation]:
    """The role's operations, one for each first segment of a path.

    Those that only read go before others, but after the upload of the document that they need.
    """
    claimed = [
        o
        for o in case.edition.operations(case.role)
        if any(case.serves(b) for b in o.bindings) and o.kind not in {"delete", "replace", "service"}
    ]
    found: dict[str, Operation] = {}
    for operation in sorted(claimed, key=lambda o: (o.kind in NEED_A_DOCUMENT, o.method != "GET")):
        found.setdefault(operation.path.split("/")[1], operation)
    return list(found.values()) or case.edition.operations(case.role, "service")
