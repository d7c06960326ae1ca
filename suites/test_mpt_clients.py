"""MPT: multipart uploads, flows 1 to 4: messages as widely used HTTP clients write them."""

from __future__ import annotations

import json

from okd_conformance.suite import Case, ClientShape, Multipart, Sample, check, client_shapes
from steps import accepted, name_survived, unusual

AGREED = {name: shape for name, shape in client_shapes().items() if not shape.refusable}
FREE = {name: shape for name, shape in client_shapes().items() if shape.refusable}


def accented(case: Case) -> Sample:
    """An upload of a document with an accent in its name."""
    return case.sample().with_field("document_name", f"{case.marker}-Zoë.pdf")


def written_by(client: ClientShape, sample: Sample) -> list[Multipart]:
    """An upload as a client writes it, once with a plain file name and once with an accented one."""
    text = json.dumps(sample.body.value if sample.body else {}, ensure_ascii=False)
    names = {part.part: part.name for part in sample.operation.parts}
    metadata = text.encode(client.charset)
    return [client.message(names, metadata, sample.file, accented=each) for each in (False, True)]


@check("OKD-MPT-035", client=AGREED)
def test_message_of_a_client(case: Case, client: ClientShape) -> None:
    """Uploads are taken as clients write them, each in its own way and by the rules."""
    sample = accented(case)
    for message in written_by(client, sample):
        accepted(case, sample, message)


@check("OKD-MPT-036", client=FREE)
def test_free_form_of_a_client(case: Case, client: ClientShape) -> None:
    """More freely than the standard; some well-known readers refuse it."""
    sample = accented(case)
    for message in written_by(client, sample):
        exchange = unusual(case, sample, message)
        name_survived(case, sample, exchange, f"{case.marker}-Zoë.pdf")
