"""The keys of a target file that say how the suite is known at the token endpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.target.reading import Auth, Target, load_target

SMALL = """\
name: Acme DMS
vendor: Acme B.V.
version: "1"
edition: okd-1.5
environment: test
roles:
  dms: {base_url: "https://dms.acme.example"}
"""
CLIENT = "clients: [{client_id: okd, scopes: [a]}]"
WITH_SECRET = 'clients: [{client_id: okd, client_secret: "hush-hush", scopes: [a]}]'
URL = "token_url: https://login.acme.example/token"


def target(folder: Path, *auth: str, more: str = "") -> Target:
    file = folder / "target.yaml"
    lines = "".join(f"  {line}\n" for line in auth)
    file.write_text(f"{SMALL}auth:\n{lines}{more}", encoding="utf-8")
    return load_target(file, {"OKD_KEY": "from-the-environment"})


def auth_of(folder: Path, *auth: str, more: str = "") -> Auth:
    found = target(folder, *auth, more=more).auth
    assert found is not None
    return found


def mistake(folder: Path, *auth: str, more: str = "") -> Mistake:
    with pytest.raises(ConfigurationError) as caught:
        target(folder, *auth, more=more)
    [found] = caught.value.mistakes
    return found


def test_a_key_in_pem(tmp_path: Path) -> None:
    key = RSAKey.generate_key(2048)
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    lines = (URL, "client_auth: private_key_jwt", "key_file: key.pem", "algorithm: PS256", CLIENT)
    found = target(tmp_path, *lines)
    assert found.auth is not None
    assert found.auth.client_key is not None
    assert found.auth.client_key.reveal()["alg"] == "PS256"
    private = key.as_dict(private=True)["d"]
    assert private in found.secrets()
    assert str(private) not in repr(found)


def test_a_key_as_jwk(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    found = auth_of(tmp_path, URL, "client_auth: private_key_jwt", "key_file: key.json", CLIENT)
    assert found.client_key is not None
    assert found.client_key.reveal() == key


def test_an_issuer_in_place_of_a_token_url(tmp_path: Path) -> None:
    found = auth_of(tmp_path, "issuer: https://login.acme.example/realms/okd", WITH_SECRET)
    assert (found.token_url, found.issuer) == ("", "https://login.acme.example/realms/okd")


def test_further_fields_and_what_of_them_is_secret(tmp_path: Path) -> None:
    found = target(tmp_path, URL, WITH_SECRET, 'extra: {resource: "urn:dms:okd", key: "${OKD_KEY}"}')
    assert found.auth is not None
    assert found.auth.extra == {"resource": "urn:dms:okd", "key": "from-the-environment"}
    assert "from-the-environment" in found.secrets()
    assert "urn:dms:okd" not in found.secrets()


def test_headers_of_a_gateway_at_the_token_endpoint(tmp_path: Path) -> None:
    gateway = 'http: {headers: {X-Key: "of-the-gate"}, headers_at_token_url: true}\n'
    assert target(tmp_path, URL, WITH_SECRET, more=gateway).http.headers_at_token_url is True
    assert target(tmp_path, URL, WITH_SECRET).http.headers_at_token_url is False


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ((CLIENT, URL), "auth.clients[0].client_secret is missing"),
        ((WITH_SECRET,), "auth.token_url is missing"),
        ((WITH_SECRET, URL, "issuer: https://login.acme.example"), "both auth.token_url and auth.issuer"),
        ((WITH_SECRET, "issuer: login.acme.example"), "auth.issuer"),
        ((CLIENT, URL, "client_auth: tls"), "tls.client_cert is missing: auth.client_auth is tls"),
        ((CLIENT, URL, "client_auth: private_key_jwt"), "auth.key_file is missing"),
        ((CLIENT, URL, "client_auth: private_key_jwt", "key_file: no.pem"), "does not exist"),
        ((CLIENT, URL, "client_auth: private_key_jwt", "key_file: target.yaml"), "cannot sign"),
        ((WITH_SECRET, URL, "extra: {scope: b}"), "auth.extra.scope is a field that the suite itself"),
        ((WITH_SECRET, URL, "extra: {resource: 5}"), "auth.extra.resource"),
    ],
)
def test_one_mistake(tmp_path: Path, auth: tuple[str, ...], message: str) -> None:
    found = mistake(tmp_path, *auth)
    assert message in found.message.en
    assert found.line is not None
    assert found.remedy.nl
