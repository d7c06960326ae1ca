"""The target file: what it gives, and that every mistake is named with its line and how to mend it."""
# ruff: noqa: E501 - one row a line in the table of mistakes

from __future__ import annotations

import base64
import dataclasses
import json
import pickle
import re
from pathlib import Path

import pytest
import trustme
from joserfc.jwk import ECKey, OctKey
from jsonschema import Draft202012Validator

from okd_conformance.base import yaml_input
from okd_conformance.base.configuration import ConfigurationError, Mistake
from okd_conformance.base.text import message_files
from okd_conformance.run.options import Options
from okd_conformance.run.run import Run
from okd_conformance.standard.edition import UnknownEditionError, load_edition
from okd_conformance.target import checks, claims, shape, templates, urls
from okd_conformance.target import mistakes as mistakes_
from okd_conformance.target.reading import Limits, RoleTarget, Secret, Target, Tls, is_loopback, load_target

WHOLE = """\
name: Acme DMS
vendor: Acme B.V.
version: "4.2.0"
contact: okd@acme.example
edition: okd-1.5
environment: staging
roles:
  dms:
    base_url: "https://dms.acme.example/okd/v1/"
    flows: ["1", "2", "x", "y", "z"]
  examineren: {base_url: "https://sis.acme.example/okd/v1"}
auth:
  token_url: https://login.acme.example/oauth2/token?tenant=a
  client_auth: basic
  clients:
    - client_id: okd-all
      client_secret: "${OKD_SECRET}"
      scopes: ["okd:alldocuments", "unheard:of"]
      component: examineren
    - {client_id: outsider, client_secret: "${OUT_SECRET}", scopes: ["profile"]}
  default_scope: null
  audience: null
  tokens: {expired: "${EXPIRED}", foreign: "${FOREIGN}"}
  signing_key: null
tls: {ca_file: null, client_cert: null, terminated_elsewhere: false}
http:
  proxy: http://user:p%40ss-of-proxy@proxy.acme.example:3128
  headers: {X-Gateway-Key: "${GATEWAY}"}
fixtures:
  person_id: 5ab399b8-c499-4da8-af6d-b55e66251f31
  student_number: "1234567"
  association_id: 752919a8-b2e1-4151-8dee-194379c0d38e
  sequence_code: "1.2"
  second_association: {association_id: 123e4567-e89b-12d3-a456-426614174000, sequence_code: "1.1"}
  other_person: {person_id: 4b1f3c7e-9d52-4f5a-8a36-2d1f6e0c9b84, student_number: "7654321"}
  offering_id: c9c3875b-0c6b-435a-a8a4-211bf66620b5
  exam_code: NE-3F-N1
  exam_code_path: /EIND/SE/Toets1
limits: {requests_per_second: 50, timeout_s: 30, max_requests: null, max_message_bytes: null}
hooks:
  lock: https://sandbox.acme.example/lock?key=${HOOK_KEY}
  show_filing: ./show "two words"
  destroy: [./destroy, --now]
  register: http://localhost:8080/register
"""
SMALL = """\
name: Acme DMS
vendor: Acme B.V.
version: "1"
roles: {dms: {base_url: "https://dms.acme.example"}}
auth:
  token_url: https://login.acme.example/token
  clients: [{client_id: a, client_secret: b, scopes: [c]}]
"""
ENVIRON = {
    "OKD_SECRET": "secret-of-okd",
    "OUT_SECRET": "secret-of-outsider",
    "EXPIRED": "expired.token.value",
    "FOREIGN": "foreign.token.value",
    "GATEWAY": "key-of-gateway",
    "HOOK_KEY": "key-of-hook",
    "EMPTY": "",
    "BROKEN": "line\n",
    "MULTI": "one\ntwo",
}


def write(folder: Path, content: str) -> Path:
    path = folder / "target.yaml"
    path.write_text(content, "utf-8")
    return path


def load(folder: Path, content: str, **options: str) -> Target:
    return load_target(write(folder, content), ENVIRON, **options)


def mistakes(folder: Path, content: str, **options: str) -> list[Mistake]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, content, **options)
    for text in (caught.value.render("nl"), caught.value.render("en"), repr(caught.value)):
        for name, value in ENVIRON.items():
            assert not value or value not in text, f"the value of {name} is shown"
    return caught.value.mistakes


# --- what it gives ----------------------------------------------------------------------------------------


def test_whole_file(tmp_path):
    target = load(tmp_path, WHOLE)
    assert (target.name, target.vendor, target.version) == ("Acme DMS", "Acme B.V.", "4.2.0")
    assert (target.contact, target.edition, target.environment) == ("okd@acme.example", "okd-1.5", "staging")
    assert target.roles["dms"].base_url == "https://dms.acme.example/okd/v1"
    assert target.roles["dms"].flows == ("1", "2", "x", "y", "z")
    assert target.roles["examineren"].flows is None
    assert target.auth is not None
    first, second = target.auth.clients
    assert (first.client_id, first.component, first.line) == ("okd-all", "examineren", 16)
    assert (second.component, second.line, second.place) == (None, 20, "auth.clients[1]")
    assert first.client_secret.reveal() == "secret-of-okd"
    assert first.scopes == ("okd:alldocuments", "unheard:of")
    assert target.auth.signing_key is None
    assert target.fixtures["second_association"]["sequence_code"] == "1.1"
    assert target.hooks["lock"] == "https://sandbox.acme.example/lock?key=key-of-hook"
    assert target.hooks["show_filing"] == ["./show", "two words"]
    assert target.hooks["destroy"] == ["./destroy", "--now"]
    assert target.file == tmp_path / "target.yaml"
    assert not target.is_production


def test_defaults_are_those_of_the_schema(tmp_path):
    target = load(tmp_path, SMALL)
    schema = json.loads(shape.SCHEMA_FILE.read_text("utf-8"))
    assert target.environment == schema["properties"]["environment"]["default"]
    limits = schema["properties"]["limits"]["properties"]
    assert target.limits == Limits(**{name: limit["default"] for name, limit in limits.items()})
    assert target.auth is not None
    assert target.auth.client_auth == schema["$defs"]["auth"]["properties"]["client_auth"]["default"]
    assert target.tls == Tls(None, None, terminated_elsewhere=False)
    assert (target.edition, target.contact, target.fixtures, target.hooks) == ("okd-1.5", None, {}, {})


def test_a_section_without_content_counts_as_absent(tmp_path):
    sections = "fixtures:\nhooks:\nlimits:\nhttp:\ntls:\ncontact:\nedition:\nenvironment:\n"
    target = load(tmp_path, SMALL + sections)
    assert (target.fixtures, target.hooks, target.limits) == ({}, {}, Limits())
    assert (target.edition, target.environment) == ("okd-1.5", "test")


@pytest.mark.parametrize(
    ("word", "production"),
    [
        ("production", True),
        ("Productie", True),
        (" PROD ", True),
        ("prod-eu", True),
        ("Live 2", True),
        ("staging", False),
        ("preproduction", False),
    ],
)
def test_production(tmp_path, word, production):
    assert load(tmp_path, SMALL + f"environment: '{word}'\n").is_production is production


@pytest.mark.parametrize(
    ("host", "production"),
    [
        ("prd-dms.acme.example", True),
        ("okd.live.acme.example", True),
        ("productie2.acme.example", True),
        ("okd-test.acme.example", False),
        ("delivery.acme.example", False),
        ("reproduce.acme.example", False),
    ],
)
def test_a_host_named_as_production_is_guarded(tmp_path, host, production):
    target = load(tmp_path, SMALL.replace("dms.acme.example", host))
    assert host in target.roles["dms"].base_url
    assert target.is_production is production
    assert (target.limits.requests_per_second == 10) is production


def test_an_unlisted_environment_is_asked_for(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, SMALL + "environment: pilot\n")
    [mistake] = caught.value.mistakes
    assert "pilot" in mistake.message.en
    assert "production" in mistake.remedy.en


def test_schema_is_sound_and_says_what_every_field_is():
    schema = shape.SCHEMA
    Draft202012Validator.check_schema(schema)
    for pointer in shape.places(shape._resolved(schema), ()):
        field = shape.schema_at(pointer)
        assert field.get("title") or field.get("description"), pointer
        assert field.get("examples"), pointer


def test_examples_of_the_schema_are_valid():
    for pointer in shape.places(shape.SCHEMA, ()):
        field = {**shape.schema_at(pointer), "$defs": shape.SCHEMA["$defs"]}
        for example in field["examples"]:
            assert list(Draft202012Validator(field).iter_errors(example)) == [], pointer


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:80", True),
        ("https://LOCALHOST", True),
        ("http://localhost.acme.example", False),
        ("http://128.0.0.1", False),
        ("http://127.0.0.1.acme.example", False),
    ],
)
def test_loopback(url, loopback):
    assert is_loopback(url) is loopback


# --- secrets ----------------------------------------------------------------------------------------------


def test_secrets_are_never_shown(tmp_path):
    key = ECKey.generate_key("P-256").as_dict(private=True)
    whole = WHOLE.replace("signing_key: null", f"signing_key: {json.dumps(key)}")
    target = load(tmp_path, whole)
    shown = f"{target!r} {target} {target.auth} {dataclasses.asdict(target.auth)} {target.http!r}"
    expected = {*ENVIRON.values(), "p%40ss-of-proxy", "p@ss-of-proxy", key["d"]} - {"", "line\n", "one\ntwo"}
    pairs = {"okd-all:secret-of-okd", "outsider:secret-of-outsider", "user:p@ss-of-proxy"}
    as_headers = {base64.b64encode(pair.encode()).decode() for pair in pairs}
    assert set(target.secrets()) == expected | as_headers | {"a"}  # the query of a hook's address is one
    for secret in expected - {"key-of-hook"}:
        assert secret not in shown, "shown"


def test_secret():
    secret = Secret("hush")
    assert f"{secret} {secret!r} {secret!s:>5} {[secret]}" == "*** ***   *** [***]"
    assert secret == Secret("hush")
    assert secret != Secret("other")
    assert secret != "hush"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_longest_first(tmp_path):
    found = load(tmp_path, WHOLE).secrets()
    assert found == sorted(found, key=len, reverse=True)


def test_signing_key_as_text(tmp_path):
    key = OctKey.generate_key(256).as_dict(private=True)
    text = SMALL + f"  signing_key: '{json.dumps(key)}'\n"
    target = load(tmp_path, text)
    assert target.auth is not None
    assert target.auth.signing_key is not None
    assert target.auth.signing_key.reveal() == key


# --- mistakes ---------------------------------------------------------------------------------------------

UUID = "5ab399b8-c499-4da8-af6d-b55e66251f31"
PUBLIC = json.dumps(ECKey.generate_key("P-256").as_dict(private=False))
HALF = json.dumps({**json.loads(PUBLIC), "d": "hush!"})

# name: (what is replaced, by what, words that stand on the line, message, remedy)
ONE_MISTAKE = {
    "unknown key": ("vendor:", "vendro: x\nvendor:", "vendro", "no key vendro", "Did you mean vendor?"),
    "key of elsewhere": (
        "vendor:",
        "client_auth: post\nvendor:",
        "client_auth: post",
        "the target file has no key client_auth",
        "auth.client_auth",
    ),
    "unlike any key": ("vendor:", "zzz: post\nvendor:", "zzz", "no key zzz", "can stand here: name, vendor"),
    "unknown fixture": ("person_id: 5", "persoon: 5", "persoon", "fixtures has no key persoon", "person_id"),
    "unknown hook": ("lock:", "lokc:", "lokc", "hooks has no key lokc", "Did you mean lock?"),
    "dash for underscore": ("token_url:", "token-url:", "token-url", "no key token-url", "token_url?"),
    "missing name": ("name: Acme DMS\n", "", "", "name is missing", 'name: "Acme DMS"'),
    "missing vendor": ("vendor: Acme B.V.\n", "", "", "vendor is missing", "vendor:"),
    "missing base_url": ("    base_url: \"https://dms.acme.example/okd/v1/\"\n", "", "dms:", "roles.dms.base_url is missing", "https://"),
    "missing secret": ('      client_secret: "${OKD_SECRET}"\n', "", "client_id: okd-all", "auth.clients[0].client_secret is missing", "${OKD_SECRET}"),
    "no value": ("vendor: Acme B.V.", "vendor:", "vendor:", "vendor has no value", 'vendor: "Acme B.V."'),
    "empty": ("vendor: Acme B.V.", 'vendor: ""', "vendor:", "vendor is empty", 'vendor: "Acme B.V."'),
    "version as a number": ('"4.2.0"', "4.20", "version:", "version must be text", 'version: "4.20"'),
    "student number": ('"1234567"\n', "0123456\n", "student_number:", "must be text", 'student_number: "0123456"'),
    "sequence code as a clock": ('sequence_code: "1.2"', "sequence_code: 1:30", "sequence_code: 1:30", "must be text", 'sequence_code: "1:30"'),
    "name as a yes": ("name: Acme DMS", "name: Yes", "name: Yes", "name must be text", 'name: "Yes"'),
    "flow as a number": ('["1", "2", "x", "y", "z"]', '["1", 2]', "flows:", "roles.dms.flows[1] must be text", '- "2"'),
    "secret as a number": ('"${OKD_SECRET}"', "31337", "client_secret: 31337", "must be text", 'client_secret: "…"'),
    "roles as a list": (WHOLE[WHOLE.index("roles:\n") : WHOLE.index("auth:")], "roles: [dms]\n", "roles:", "roles must be a group", "base_url"),
    "role as a text": ('{base_url: "https://sis.acme.example/okd/v1"}', "https://sis.acme.example", "examineren: h", "roles.examineren must be a group", "base_url"),
    "scopes as a text": ('["profile"]', "profile", "outsider", "auth.clients[1].scopes must be a list", "scopes: ["),
    "hook as a number": ("[./destroy, --now]", "true", "destroy:", "hooks.destroy must be text", '"true"'),
    "empty hook": ("[./destroy, --now]", "[]", "destroy:", "hooks.destroy is empty", "https://"),
    "blank hook": ("[./destroy, --now]", "'  '", "destroy:", "hooks.destroy is empty", "https://"),
    "no roles": (WHOLE[WHOLE.index("roles:\n") : WHOLE.index("auth:")], "roles: {}\n", "roles:", "roles is empty", "base_url"),
    "no flows": ('["1", "2", "x", "y", "z"]', "[]", "flows:", "roles.dms.flows is empty", '["1", "2", "x"]'),
    "no clients": ('["profile"]', "[]", "outsider", "scopes is empty", "scopes:"),
    "two scopes in one": ('["profile"]', '["profile openid"]', "outsider", "is not a scope", "- "),
    "client_auth": ("client_auth: basic", "client_auth: jwt", "client_auth", "does not know this value", "basic, post, private_key_jwt, tls."),
    "client_auth as a number": ("client_auth: basic", "client_auth: 5", "client_auth", "must be text", '"5"'),
    "uuid": (f"person_id: {UUID}", "person_id: 5ab399b8", "person_id: 5ab399b8\n", "fixtures.person_id is not a UUID", UUID),
    "uuid of other person": ("4b1f3c7e-", "4b1f3c7e", "other_person", "fixtures.other_person.person_id is not a UUID", "person_id: "),
    "uuid of offering": ("c9c3875b-", "x", "offering_id", "fixtures.offering_id is not a UUID", "offering_id: "),
    "limit of zero": ("timeout_s: 30", "timeout_s: 0", "limits", "limits.timeout_s must be an ordinary number above zero", "30"),
    "limit below zero": ("requests_per_second: 50", "requests_per_second: -1", "limits", "above zero", "50"),
    "limit of part of a request": ("max_requests: null", "max_requests: 1.5", "limits", "must be a whole number", "max_requests: 5000"),
    "limit as text": ("timeout_s: 30", "timeout_s: '30'", "limits", "must be a number", "timeout_s: 30"),
    "endless limit": ("timeout_s: 30", "timeout_s: .inf", "limits", "above zero", "30"),
    "limit that is no number": ("requests_per_second: 50", "requests_per_second: .nan", "limits", "above zero", "50"),
    "unknown edition": ("okd-1.5", "okd-1.6", "edition", "there is no edition okd-1.6", "Did you mean okd-1.5?"),
    "unknown role": ("examineren: {", "examniren: {", "examniren", "edition okd-1.5 has no role examniren", "Did you mean examineren?"),
    "unknown flow": ('"x", "y"', '"x", "99"', "flows", "edition okd-1.5 has no flow 99", "1, 2, 3"),
    "flow of another role": ('"x", "y"', '"x", "12"', "flows", "in flow 12 of edition okd-1.5, dms is not the side that serves", "1, 2, 3"),
    "no auth": (WHOLE[WHOLE.index("auth:\n") : WHOLE.index("tls:")], "", "", "auth is missing: in edition okd-1.5", "token_url"),
    "url without scheme": ("https://sis.acme.example/okd/v1", "sis.acme.example/okd/v1", "examineren: {", "roles.examineren.base_url does not begin with https://", "whole address"),
    "url with one slash": ("https://sis.", "https:/sis.", "examineren: {", "does not begin with https://", "https://"),
    "ftp": ("https://sis.", "ftp://sis.", "examineren: {", "does not begin with https://", "https://"),
    "url without host": ("https://sis.acme.example/okd", "https:///okd", "examineren: {", "names no host", "name of the server"),
    "url with password": ("https://sis.", "https://me:hush@sis.", "examineren: {", "user name or password", "http.headers"),
    "url with query": ("sis.acme.example/okd/v1", "sis.acme.example/okd?a=hush", "examineren: {", "holds ? or #", "Remove"),
    "url with empty query": ("sis.acme.example/okd/v1", "sis.acme.example/okd?", "examineren: {", "holds ? or #", "Remove"),
    "url with fragment": ("token?tenant=a", "token#a", "token_url", "auth.token_url holds ? or #", "Remove"),
    "url with space": ("sis.acme.example/okd/v1", "sis.acme.example/o kd", "examineren: {", "holds a space", "%20"),
    "url with bad port": ("sis.acme.example/", "sis.acme.example:port/", "examineren: {", "not a valid address", "port"),
    "url with large port": ("sis.acme.example/", "sis.acme.example:99999/", "examineren: {", "not a valid address", "port"),
    "url with port zero": ("sis.acme.example/", "sis.acme.example:0/", "examineren: {", "not a valid address", "port"),
    "url with open bracket": ("sis.acme.example/", "[::1/", "examineren: {", "not a valid address", "port"),
    "proxy": ("http://user:p%40ss-of-proxy@", "socks5://user:hush@", "proxy:", "http.proxy does not begin", "https://"),
    "hook on http": ("http://localhost:8080", "http://sandbox.acme.example", "register:", "hooks.register is an http address on another machine", "https"),
    "hook on ftp": ("http://localhost:8080", "ftp://localhost", "register:", "hooks.register does not begin", "https://"),
    "hook with open quote": ('"two words"', '"two words', "show_filing", "a quote in the command of hooks.show_filing", "list of words"),
    "same client twice": ("client_id: outsider", "client_id: okd-all", "client_secret: \"${OUT", "auth.clients[1].client_id is the same as the one on line 16", "once"),
    "missing variable": ("${OUT_SECRET}", "${NOT_SET}", "NOT_SET", "auth.clients[1].client_secret uses the environment variable NOT_SET", "Set NOT_SET"),
    "missing variable in a url": ("https://sis.", "${SIS_HOST}", "SIS_HOST", "roles.examineren.base_url uses the environment variable SIS_HOST", "Set SIS_HOST"),
    "variable without end": ("${OUT_SECRET}", "${OUT_SECRET", "outsider", "without a valid name", "${NAME}"),
    "variable without name": ("${OUT_SECRET}", "${}", "outsider", "without a valid name", "${NAME}"),
    "variable with bad name": ("${OUT_SECRET}", "${OUT-SECRET}", "outsider", "without a valid name", "letters, digits and _"),
    "empty variable": ("${OUT_SECRET}", "${EMPTY}", "outsider", "client_secret is empty: the environment variable", "Give the variable a value"),
    "variable with line break": ("${OUT_SECRET}", "${BROKEN}", "outsider", "begins or ends with a space", "environment variable"),
    "token with line break": ("${EXPIRED}", "${BROKEN}", "tokens:", "auth.tokens.expired begins or ends", "environment variable"),
    "header with line break": ("${GATEWAY}", "${MULTI}", "headers:", "http.headers.X-Gateway-Key cannot be sent", "line breaks"),
    "header name": ("X-Gateway-Key", "X Key", "headers:", "is not a valid name of a header", "letters"),
    "header of the suite": ("X-Gateway-Key", "authorization", "headers:", "the suite sends this header itself", "another"),
    "signing key without kty": ("signing_key: null", "signing_key: {d: hush}", "signing_key", "is not a JWK", "PEM"),
    "signing key as PEM": ("signing_key: null", "signing_key: -----BEGIN KEY-----", "signing_key", "is not a JWK", "PEM"),
    "public signing key": ("signing_key: null", f"signing_key: {PUBLIC}", "signing_key", "only the public half", "private key"),
    "broken signing key": ("signing_key: null", f"signing_key: {HALF}", "signing_key", "cannot sign", "complete"),
    "no ca file": ("ca_file: null", "ca_file: none.pem", "tls:", "the file of tls.ca_file does not exist", "folder of the target file"),
    "ca file of another kind": ("ca_file: null", "ca_file: target.yaml", "tls:", "no readable certificate", "PEM"),
    "client certificate": ("client_cert: null", "client_cert: target.yaml", "tls:", "tls.client_cert does not hold a certificate", "PEM"),
    "key twice": ("vendor: Acme B.V.", "name: hush\nvendor: Acme B.V.", "name: hush", "second time (first on line 1)", "Remove"),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE_MISTAKE)
def test_one_mistake(tmp_path, case):
    old, new, on_line, message, remedy = ONE_MISTAKE[case]
    assert WHOLE.count(old) >= 1
    content = WHOLE.replace(old, new, 1)
    found = mistakes(tmp_path, content)
    if case == "dash for underscore":
        found = [m for m in found if "missing" not in m.message.en]
    [mistake] = found
    before = content[: content.index(on_line)]
    assert mistake.line == before.count("\n") + 1
    assert message in mistake.message.en
    assert remedy in mistake.remedy.en
    assert mistake.message.nl != mistake.message.en
    assert "hush" not in f"{mistake.message}{mistake.remedy}"


def test_all_mistakes_at_once_in_the_order_of_the_lines(tmp_path):
    content = (
        WHOLE.replace('"4.2.0"', "4.2")
        .replace("name: Acme DMS\n", "")
        .replace(f"person_id: {UUID}", "person_id: x")
        .replace("${OUT_SECRET}", "${NOT_SET}")
        .replace("edition: okd-1.5", "edition: okd-9")
        .replace("limits:", "limit:")
    )
    lines = [mistake.line for mistake in mistakes(tmp_path, content)]
    assert len(lines) == 6
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "this target file is empty"),
        ("# nothing\n", "this target file is empty"),
        ("- a\n- b\n", "not made of lines"),
        ("just words\n", "not made of lines"),
        ("5\n", "not made of lines"),
    ],
)
def test_no_mapping(tmp_path, content, message):
    [mistake] = mistakes(tmp_path, content)
    assert message in mistake.message.en
    assert "init" in mistake.remedy.en


def test_unreadable_yaml_is_a_configuration_error_too(tmp_path):
    [mistake] = mistakes(tmp_path, "a: {s: ${NAME}}\n")
    assert mistake.line == 1


def test_a_variable_is_not_filled_in_twice(tmp_path):
    target = load_target(write(tmp_path, SMALL.replace("Acme B.V.", "${A}${B}")), {"A": "${B}", "B": "x"})
    assert target.vendor == "${B}x"


def test_a_value_from_the_environment_is_not_shown_when_it_is_wrong(tmp_path):
    content = SMALL.replace("https://dms.acme.example", "${OKD_SECRET}").replace("[c]", '["${MULTI}"]')
    content += "  client_auth: ${HOOK_KEY}\n  signing_key: ${GATEWAY}\n"
    content += 'edition: ${EXPIRED}\nfixtures: {person_id: "${FOREIGN}"}\n'
    assert len(mistakes(tmp_path, content)) == 6


def test_role_and_flow_names_from_a_file_are_shown_safely(tmp_path):
    content = SMALL.replace("dms:", '"\\e[31m' + "x" * 500 + '":')
    [unknown, none] = mistakes(tmp_path, content)
    assert "\x1b" not in f"{unknown}{none}"
    assert len(unknown.message.en) < 200


def test_certificates(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("suite.acme.example").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "own.pem"
    )
    target = load(tmp_path, SMALL + "tls: {ca_file: ca.pem, client_cert: own.pem}\n")
    assert target.tls.ca_file == tmp_path / "ca.pem"
    public_roots = len(Tls().context().get_ca_certs())
    assert len(target.tls.context().get_ca_certs()) == public_roots + 1


# --- flows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flows", "served"), [(None, {"1", "x"}), (("x", "2"), {"x"}), ((), set())])
def test_a_role_serves_all_its_flows_unless_it_names_some(flows, served):
    assert {flow for flow in ("1", "x") if RoleTarget("https://dms.example", flows).serves(flow)} == served


@pytest.mark.parametrize("flows", [None, ("x",), ()])
def test_what_a_run_judges_and_what_its_bench_calls_are_the_same_flows(tmp_path, flows):
    target, edition = load(tmp_path, SMALL), load_edition("okd-1.5")
    claiming = dataclasses.replace(target.roles["dms"], flows=flows)
    run = Run(Options(run_id="r"), dataclasses.replace(target, roles={"dms": claiming}), edition)
    called = {binding.flow for binding in edition.bindings("dms") if run.bench.serves(binding)}
    assert run.claims.roles["dms"] == called == set(edition.flows_of("dms") if flows is None else flows)
    run.close()


# --- editions ---------------------------------------------------------------------------------------------


def test_no_auth_where_the_edition_has_no_scopes(tmp_path, monkeypatch):
    open_edition = dataclasses.replace(load_edition("okd-1.5"), scopes=())
    monkeypatch.setattr(claims, "load_edition", lambda _: open_edition)
    assert load(tmp_path, SMALL[: SMALL.index("auth:")]).auth is None


@pytest.fixture
def two_editions(monkeypatch):
    """An older edition beside 1.5, which has only the DMS, and no flow z."""
    new = load_edition("okd-1.5")
    operations = {"dms": tuple(o for o in new.operations("dms") if o.bindings[0].flow != "z")}
    old = dataclasses.replace(new, id="old", roles={"dms": new.roles["dms"]}, _operations=operations)
    editions = {"okd-1.5": new, "old": old}

    def load_one(name: str):
        if name not in editions:
            raise UnknownEditionError(name, list(editions))
        return editions[name]

    monkeypatch.setattr(claims, "load_edition", load_one)


@pytest.mark.usefixtures("two_editions")
def test_another_edition_may_lack_roles_and_flows_of_the_files_own(tmp_path):
    target = load(tmp_path, WHOLE, edition="old")
    assert (target.edition, list(target.roles)) == ("old", ["dms"])


@pytest.mark.usefixtures("two_editions")
def test_another_edition_without_any_of_the_roles(tmp_path):
    [mistake] = mistakes(tmp_path, SMALL.replace("dms:", "examineren:"), edition="old")
    assert "none of these roles exists in edition old" in mistake.message.en
    assert "dms" in mistake.remedy.en


@pytest.mark.usefixtures("two_editions")
def test_role_that_the_files_own_edition_lacks(tmp_path):
    [mistake] = mistakes(tmp_path, WHOLE.replace("edition: okd-1.5", "edition: old").replace(', "z"]', "]"))
    assert "edition old has no role examineren" in mistake.message.en


def test_unknown_edition_on_the_command_line(tmp_path):
    [mistake] = mistakes(tmp_path, WHOLE, edition="okd-1.6")
    assert (mistake.file, mistake.line) == ("--edition", None)
    assert "no edition okd-1.6" in mistake.message.en
    assert "okd-1.5" in mistake.remedy.en


# --- the messages -----------------------------------------------------------------------------------------


def test_every_message_of_these_modules_exists():
    messages = "".join(file.read_text("utf-8") for file in message_files())
    for module in (checks, claims, mistakes_, shape, templates, urls, yaml_input):
        source = Path(module.__file__).read_text("utf-8")
        for key in re.findall(r'"((?:target|yaml)_[a-z0-9_]+)"', source):
            assert re.search(rf"^{key}:", messages, re.M), key
