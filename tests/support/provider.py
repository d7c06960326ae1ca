"""An OpenID provider that nobody here wrote: oidc-provider of Node, and what a target file says of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, import_key

from support.other_receivers import SUPPORT, no_node, node_folder

Mapped = dict[str, Any]
RESOURCE = "urn:okd-conformance:dms"
HOST_OF_THE_CLIENT = "client.okd.example"
REGISTERED: dict[str, Mapped] = {
    "client_secret_basic": {},
    "client_secret_post": {},
    "private_key_jwt": {"key_of": "key.json"},
    "tls_client_auth": {"tls_client_auth_san_dns": HOST_OF_THE_CLIENT},
    "self_signed_tls_client_auth": {"key_of": "certificate.json"},
}
"""Each way to show who a client is, and what the provider must know of it."""

IN_THE_TARGET_FILE: dict[str, Mapped] = {
    "client_secret_basic": {"client_auth": "basic"},
    "client_secret_post": {"client_auth": "post"},
    "private_key_jwt": {"client_auth": "private_key_jwt", "key_file": "key.json"},
    "tls_client_auth": {"client_auth": "tls"},
    "self_signed_tls_client_auth": {"client_auth": "tls"},
}


@dataclass(frozen=True)
class Provider:
    """A running provider, and how the target file tells of it."""

    issuer: str
    key: ECKey
    """What it signs with."""
    auth: Mapped
    tls: Mapped


def needed() -> None:
    """Skip whoever asks where the provider isn't installed, unless the pipeline could install it."""
    reason = no_node("oidc-provider")
    if reason is not None and "oidc-provider" in os.environ.get("OKD_RECEIVERS_REQUIRED", "").split():
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)


@contextlib.contextmanager
def provider(
    folder: Path, way: str, clients: Sequence[Mapped], scopes: Sequence[str], *, strict: bool = False
) -> Iterator[Provider]:
    """A provider on loopback that knows these clients of a target file in one way.

    A strict one takes a signed JWT only for itself, and not for its token endpoint.
    """
    authority, key = trustme.CA(), ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    server = _credentials(folder, authority)
    settings = {
        "cert": server.cert_chain_pems[0].bytes().decode(),
        "key": server.private_key_pem.bytes().decode(),
        "ca": authority.cert_pem.bytes().decode(),
        "clients": [_registered(folder, way, client) for client in clients],
        "jwks": {"keys": [key.as_dict(private=True)]},
        "scopes": list(scopes),
        "resource": RESOURCE,
        "strict": strict,
    }
    (folder / "provider.json").write_text(json.dumps(settings), encoding="utf-8")
    with _running(folder / "provider.json") as port:
        issuer = f"https://localhost:{port}"
        auth = {"issuer": issuer, "clients": list(clients), **IN_THE_TARGET_FILE[way]}
        tls = {"ca_file": "ca.pem", **({"client_cert": "client.pem"} if "tls" in way else {})}
        yield Provider(issuer, key, auth, tls)


def _credentials(folder: Path, authority: trustme.CA) -> trustme.LeafCert:
    """Write the key and the certificate of the client, and return the server's."""
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own = ECKey.generate_key("P-256", auto_kid=True)
    _written(folder / "key.json", own.as_dict(private=True))
    issued = authority.issue_cert(HOST_OF_THE_CLIENT, key_type=trustme.KeyType.ECDSA)
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    public = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    lines = issued.cert_chain_pems[0].bytes().decode().split()
    _written(
        folder / "certificate.json", {**import_key(public, "EC").as_dict(), "x5c": ["".join(lines[2:-2])]}
    )
    return authority.issue_cert("localhost")


def _written(file: Path, key: Mapped) -> None:
    file.write_text(json.dumps(key), encoding="utf-8")


def _registered(folder: Path, way: str, client: Mapped) -> Mapped:
    """What the provider knows of a client of the target file."""
    known = {
        "client_id": client["client_id"],
        "token_endpoint_auth_method": way,
        "scope": " ".join(client["scopes"]),
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        **REGISTERED[way],
    }
    if "secret" in way:
        known["client_secret"] = client["client_secret"]
    if key_of := known.pop("key_of", None):
        key = json.loads((folder / key_of).read_text("utf-8"))
        known["jwks"] = {"keys": [{name: value for name, value in key.items() if name != "d"}]}
    return known


@contextlib.contextmanager
def _running(settings: Path) -> Iterator[int]:
    """Start it, tell the port on which it listens, and stop it."""
    node = shutil.which("node") or "node"
    process = subprocess.Popen(
        [node, str(SUPPORT / "node/issuer.mjs"), str(node_folder()), str(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the provider did not start"
        yield int(first)
    finally:
        process.kill()
        process.communicate()
