"""Who may do what at the reference: tokens, scopes, components; and the token issuer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from okd_conformance.standard.operation import Operation
from support.reference_bench import Bench, bench

TOKEN = "/oauth2/token"


@pytest.fixture(scope="module")
def okd() -> Iterator[Bench]:
    with bench() as instance:
        yield instance


def minted(okd: Bench, *, key: Any = None, alg: str = "ES256", **changes: Any) -> str:
    """A token like the issuer's, with some claims changed."""
    claims = dict(okd.world.issuer.claims_of(okd.token())) | changes
    key = key or okd.world.issuer.key
    return jwt.encode({"alg": alg}, {k: v for k, v in claims.items() if v is not None}, key, [alg])


def bad_tokens(okd: Bench) -> dict[str, str]:
    good, now = okd.token(), time.time()
    head, payload, signature = good.split(".")
    return {
        "garbled": "not-a-token",
        "cut": good[:-9],
        "other signature": f"{head}.{payload}.{signature[:-6]}AAAAAA",
        "alg none": "eyJhbGciOiJub25lIn0." + payload + ".",
        "other key": minted(okd, key=ECKey.generate_key("P-256")),
        "expired": minted(okd, exp=now - 1),
        "no end": minted(okd, exp=None),
        "later": minted(okd, nbf=now + 60),
        "other audience": minted(okd, aud="elsewhere"),
        "no audience": minted(okd, aud=None),
        "other issuer": minted(okd, iss="https://elsewhere.example.org"),
    }


def test_a_bad_token_is_refused_everywhere(okd: Bench) -> None:
    operations = [o for o in okd.edition.operations() if o.secured]
    for case, token in bad_tokens(okd).items():
        for operation in operations:
            answer = call(okd, operation, {"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, (case, operation.name)
            assert answer.headers["www-authenticate"].startswith("Bearer ")


def call(okd: Bench, operation: Operation, headers: dict[str, str]) -> Any:
    url = okd.url(operation, dms_document_id=str(uuid.uuid4()))
    return okd.http.request(operation.method, url, headers=headers)


def test_only_the_header_authenticates(okd: Bench) -> None:
    for operation in [o for o in okd.edition.operations() if o.secured]:
        url = okd.url(operation, dms_document_id=str(uuid.uuid4()))
        for headers in ({}, {"Authorization": okd.token()}, {"Authorization": "Basic eDp5"}):
            answer = okd.http.request(operation.method, f"{url}?access_token={okd.token()}", headers=headers)
            assert answer.status_code == 401
    for role in okd.edition.roles:
        assert okd.send("read_service", role=role, headers={}).status_code == 200


def test_without_a_token_nothing_shows_what_exists(okd: Bench) -> None:
    document = okd.stored()
    known = okd.read(document, headers={})
    unknown = okd.read(str(uuid.uuid4()), headers={})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def test_each_scope_counts_alone_as_the_matrix_says(okd: Bench) -> None:
    for operation in [o for o in okd.edition.operations("dms", "upload") if o.secured]:
        for number, binding in enumerate(operation.bindings):
            assert binding.scopes is not None
            body = okd.metadata(operation.name, number)
            for scopes, status in ((binding.scopes.sufficient, 200), (binding.scopes.refused, 403)):
                for scope in scopes:
                    answer = okd.upload(body, name=operation.name, headers=okd.auth(scope))
                    assert answer.status_code == status, (binding, scope)


@pytest.mark.parametrize("role", ["inschrijven", "examineren", "bpv", "diplomeren"])
def test_the_scopes_of_a_registration(okd: Bench, role: str) -> None:
    for binding in okd.operation("register_document", role).bindings:
        assert binding.scopes is not None
        for scope in okd.edition.scopes:
            headers = {**okd.auth(scope), "Content-Type": "application/json"}
            content = okd.registration(role).json()
            answer = okd.send("register_document", role=role, headers=headers, content=content)
            assert answer.status_code == (200 if scope in binding.scopes.sufficient else 403)


def test_a_document_follows_the_scopes_of_its_type(okd: Bench) -> None:
    upload, read = okd.operation("upload_to_association"), okd.operation("read_document")
    for number, binding in enumerate(upload.bindings):
        document = okd.stored(body=okd.metadata(example=number))
        cells = next(b.scopes for b in read.bindings if b.document_type == binding.document_type)
        assert cells is not None
        assert binding.scopes is not None
        for scope in okd.edition.scopes:
            may = scope in (*cells.sufficient, *(s for s in cells.disputed if s in binding.scopes.sufficient))
            assert okd.read(document, headers=okd.auth(scope)).status_code == (200 if may else 403), scope


@pytest.mark.parametrize("scope", ["{}X", "x{}", "{}:", "okd", ""])
def test_scopes_are_whole_words(okd: Bench, scope: str) -> None:
    right = okd.edition.scopes[0]
    for odd in (scope.format(right), right.upper(), right[:-1]):
        headers = {"Authorization": f"Bearer {minted(okd, scope=odd)}"}
        assert okd.upload(headers=headers).status_code == 403
    both = {"Authorization": f"Bearer {minted(okd, scope=f'profile {right} foo')}"}
    assert okd.upload(headers=both).status_code == 200


def test_a_component_reads_its_own_documents_only(okd: Bench) -> None:
    document = okd.stored()
    ids = {"dms_document_id": document}
    for name in ("read_document", "read_metadata", "delete_document"):
        assert okd.send(name, ids=ids, headers=okd.auth(client=1)).status_code == 404
    headers = {"Authorization": f"Bearer {minted(okd, component=None)}"}
    assert okd.read(document, headers=headers).status_code == 200
    nobody = {"Authorization": f"Bearer {minted(okd, component=None, client_id='nobody', sub=None)}"}
    assert okd.read(document, headers=nobody).status_code == 404


def test_an_outsider_gets_nowhere(okd: Bench) -> None:
    headers = okd.auth(client=2)
    for operation in [o for o in okd.edition.operations() if o.secured]:
        assert call(okd, operation, headers).status_code == 403, operation.name


def test_the_issuer_gives_what_is_asked(okd: Bench) -> None:
    client = okd.target["auth"]["clients"][0]
    secret = (client["client_id"], client["client_secret"])
    asked = {"grant_type": "client_credentials", "scope": client["scopes"][1]}
    basic = okd.http.post(TOKEN, data=asked, auth=secret)
    post = okd.http.post(TOKEN, data={**asked, "client_id": secret[0], "client_secret": secret[1]})
    for answer in (basic, post):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        granted = answer.json()
        assert granted["token_type"] == "Bearer"
        assert granted["scope"] == asked["scope"]
        claims = okd.world.issuer.claims_of(granted["access_token"])
        assert claims["aud"] == okd.target["auth"]["audience"]
    everything = okd.http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=secret)
    assert everything.json()["scope"].split() == client["scopes"]


def test_the_issuer_refuses_by_rfc_6749(okd: Bench) -> None:
    client = okd.target["auth"]["clients"][2]
    good = (client["client_id"], client["client_secret"])
    grant = {"grant_type": "client_credentials"}

    def refused(data: dict[str, str], auth: Any, **headers: str) -> tuple[int, str]:
        answer = okd.http.post(TOKEN, data=data, auth=auth, headers=headers)
        return answer.status_code, answer.json()["error"]

    assert refused({**grant, "scope": okd.edition.scopes[0]}, good) == (400, "invalid_scope")
    assert refused(grant, (good[0], "wrong")) == (401, "invalid_client")
    assert refused(grant, ("nobody", "x")) == (401, "invalid_client")
    assert refused({"grant_type": "password"}, good) == (400, "unsupported_grant_type")
    assert refused({}, good, **{"Content-Type": "application/json"}) == (400, "invalid_request")
    assert refused({**grant, "x": "y" * 30_000}, good) == (400, "invalid_request")
    assert okd.http.get(TOKEN).status_code == 405


def test_the_targets_key_signs_tokens_that_work(okd: Bench) -> None:
    key = ECKey.import_key(okd.target["auth"]["signing_key"])
    headers = {"Authorization": f"Bearer {minted(okd, key=key, jti='by-the-suite')}"}
    assert okd.upload(headers=headers).status_code == 200
