"""What the redactor takes out, in which forms, and what it leaves."""

from __future__ import annotations

import base64
import json

import pytest

from okd_conformance.redaction.redactor import REDACTED, Redactor
from okd_conformance.wire.body import Streamed
from okd_conformance.wire.exchange import EVIDENCE_BYTES, Answer, Exchange, Request, Whole
from support import canaries

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJrYW5hcmllIiwianRpIjoiMTIzNDU2Nzg5MCJ9.c2lnbmF0dXVyLXZhbi1rYW5hcmll"
OPAQUE = "Zq8PmW3xT5vN7rK2Jd83hKs92LmQp47Zx1Vb6Nt5"
AWKWARD = 'Kanarie/1+a&b<"c>=Zq8PmW3xT5vN7rK2'


def exchange(answer: Answer, request: Request | None = None) -> Exchange:
    return Exchange("x1", request or Request("GET", "https://dms.example/a"), answer, None, "2026-01-05", 0.1)


@pytest.mark.parametrize("secret", [JWT, OPAQUE, AWKWARD, "k0rt/Gh3im", "Gh3im.", *canaries.CLIENTS.values()])
def test_a_secret_is_taken_out_in_every_disguise(secret: str) -> None:
    redactor = Redactor([secret])
    for name, change in {**canaries.DISGUISES, **canaries.CODED}.items():
        shown = redactor.text(f"before <{change(secret)}> after")
        if len(secret) < 8 and name in {"upper", "lower", "url_lower", "hex_upper", "json_in_html"}:
            continue  # the case of a short secret counts
        assert not canaries.leaks({name: shown}, [secret]), (name, shown)
        assert shown.startswith("before <"), name
        assert shown.endswith("> after"), name


@pytest.mark.parametrize("secret", [JWT, OPAQUE, AWKWARD])
def test_a_piece_of_a_secret_is_taken_out(secret: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert redactor.text(f"x {secret[:16]} y") == f"x {REDACTED} y"
    assert redactor.text(f"x {secret[:20]}… y") == f"x {REDACTED}… y"
    for segment in JWT.split(".") if secret is JWT else ():
        assert redactor.text(f'"{segment}"') == f'"{REDACTED}"'
    for start in range(len(OPAQUE) - 31) if secret is OPAQUE else ():
        assert redactor.text(f"[{secret[start : start + 31]}]") == f"[{REDACTED}]"


def test_secrets_that_stand_together_or_hold_each_other() -> None:
    redactor = Redactor(["geheim", "geheim-en-meer", OPAQUE])
    assert redactor.text(f"geheim-en-meer {OPAQUE}{OPAQUE} geheim") == f"{REDACTED} {REDACTED} {REDACTED}"


def test_what_is_secret_by_its_form_is_taken_out_unlearnt() -> None:
    redactor = Redactor()
    assert redactor.text(f"Bearer {JWT}, and") == f"Bearer {REDACTED}, and"
    assert redactor.text("http://okd:geheim@dms.example/a") == f"http://{REDACTED}@dms.example/a"
    assert redactor.text("https://x.example/a?b=c&X-Amz-Signature=0123456789ab&d=e") == (
        f"https://x.example/a?b=c&X-Amz-Signature={REDACTED}&d=e"
    )


def test_what_is_no_secret_stays() -> None:
    marker = "okd-conformance-20261122T145111-ab12"
    redactor = Redactor(["okd-conformance-geheim-Zq8PmW3xT5vN7rK2", "short"], public=[marker])
    for text in (
        marker,
        "752919a8-b2e1-4151-8dee-194379c0d38e",
        "short",
        'Bearer realm="okd", error="invalid_token", error_description="the token is not valid"',
        "https://dms.acme.example/okd/v1/documents/752919a8-b2e1-4151-8dee-194379c0d38e?a=b",
        "100% \\u00e9 &amp; \\x00 %zz \x00",
    ):
        assert redactor.text(text) == text


def test_an_address_keeps_the_ids_that_are_known_otherwise() -> None:
    redactor = Redactor()
    document = "752919a8-b2e1-4151-8dee-194379c0d38e"
    redactor.learn_address(f"https://dms.example/v1/documents/{document}/content?sv=1&key={OPAQUE}")
    assert redactor.text(f"/v1/documents/{document}") == f"/v1/documents/{document}"
    assert redactor.text(f"key={OPAQUE}!") == f"{REDACTED}!"
    redactor.learn_address("https://dms.example/d/4711")
    assert redactor.text("GET /d/4711 now") == f"GET /{REDACTED} now"


@pytest.mark.parametrize("secret", [JWT, OPAQUE, AWKWARD])
@pytest.mark.parametrize("filler", [b"x ", b"\xc3\xa9", b"\xff"])
def test_the_edge_of_the_evidence_leaves_no_part_of_a_secret(secret: str, filler: bytes) -> None:
    redactor = Redactor([secret])
    for cut in range(1, len(secret), 3):
        before = (filler * EVIDENCE_BYTES)[: EVIDENCE_BYTES - cut - 1] + b" "
        answer = Answer(400, "", (("Content-Type", "text/plain"),), before + secret.encode() + filler * 2000)
        content = exchange(answer).as_har(redactor)["response"]["content"]
        assert content["_truncated"]
        assert content["size"] == len(answer.body)
        assert secret[:6] not in content["text"][-200:], cut


def test_the_ends_of_a_large_body_leave_no_part_of_a_secret() -> None:
    redactor = Redactor([OPAQUE])
    whole = Whole(10_000, f"head {OPAQUE[:9]}".encode(), f"{OPAQUE[-12:]} tail".encode(), lambda: "0")
    content = exchange(Answer(200, "", (), b"", whole=whole)).as_har(redactor)["response"]["content"]
    assert content["text"] == f"head {REDACTED}"
    assert content["_tail"] == f"{REDACTED} tail"
    body = Streamed(100_000, lambda: iter([OPAQUE.encode() * 2500]))
    sent = exchange(Answer(200, "", (), b""), Request("POST", "https://dms.example/a", body=body))
    kept = json.dumps(sent.as_har(redactor)["request"]["postData"])
    assert OPAQUE[:16] not in kept
    assert OPAQUE[-16:] not in kept


def test_every_field_of_an_entry_is_redacted() -> None:
    redactor = Redactor([OPAQUE])
    wide = "".join(f"{letter}\x00" for letter in OPAQUE).encode()
    answer = Answer(
        400,
        f"Bad {OPAQUE}",
        (
            (f"X-{OPAQUE}", "1"),
            ("Location", f"/{OPAQUE}"),
            ("Content-Type", f"a/{OPAQUE}"),
        ),
        b"\xff\xfe" + wide,
        http_version=f"HTTP/{OPAQUE}",
    )
    request = Request("GET", f"https://dms.example/{OPAQUE}?q={OPAQUE}", (("X-Sent", OPAQUE),))
    entry = exchange(answer, request).as_har(redactor)
    assert not canaries.leaks({"entry": json.dumps(entry).replace("\\u0000", "")}, [OPAQUE])
    assert entry["response"]["statusText"] == f"Bad {REDACTED}"
    assert entry["response"]["headers"][0]["name"] == f"X-{REDACTED}"


def test_the_pair_of_a_client_is_taken_out_wherever_it_stands_in_base64() -> None:
    redactor = Redactor([OPAQUE])
    for before in ("", "a", "ab", "okd-all:"):
        shown = base64.b64encode(f"{before}{OPAQUE}".encode()).decode()
        left = redactor.text(f"Basic {shown}").replace(REDACTED, "")
        assert len(left) < len("Basic ") + 4 + len(before) * 2 + 4, left


def test_ids_and_statuses_of_the_suite_stay_whatever_a_header_says() -> None:
    redactor = Redactor(["passed", "inschrijven", "request", "register_document", "OKD-REG-001"])
    ours = {"id": "OKD-REG-001[inschrijven]", "status": "passed", "role": "inschrijven"}
    found = redactor.deep([{**ours, "received": {"en": "passed by inschrijven"}, "request": ["a request"]}])
    assert found == [
        {**ours, "received": {"en": f"{REDACTED} by {REDACTED}"}, "request": [f"a {REDACTED}"]},
    ]
    entry = exchange(Answer(200, "passed", (("X-A", "passed"),), b"passed")).as_har(redactor)
    assert entry["request"]["method"] == "GET"
    assert entry["response"]["statusText"] == REDACTED
    assert entry["response"]["content"]["text"] == REDACTED
