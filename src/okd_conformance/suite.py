"""All that a check is written with; a suite imports this and nothing else of the engine.

- Marking: ``check`` and ``observes``; ``cells`` for the scopes of a binding. A check receives a ``Case``.
- Ending early: ``Failed``, ``Inconclusive``, ``NotApplicable``, ``NotTested``.
- What is sent: ``Sample`` (a valid request by meaning), ``Request``, ``Multipart`` of ``Part``, ``Streamed``.
- What came: ``Exchange``, or why nothing came, ``NoAnswer``; ``Stored`` for a document that was accepted.
- The standard as data: ``Edition``, ``Operation``, ``Binding``, ``Parameter``, ``Body``, and the functions
  about schemas and meanings.
- Contents of files, ids and addresses, messages near 1 GB, generated bodies, sequences, and TLS handshakes.
"""

from __future__ import annotations

from okd_conformance.auth.tokens import Token
from okd_conformance.checks.marking import CheckSpec, cells, check, observes
from okd_conformance.judge.arrangements import REDIRECTS, Stored
from okd_conformance.judge.case import Case
from okd_conformance.judge.content import every_byte, line_breaks, look_alikes, noise, pdf, whole_boundary
from okd_conformance.judge.ids import answered_id, answered_link, is_uuid
from okd_conformance.judge.large import (
    Journey,
    Sizes,
    carries_full,
    full_size_for,
    id_in,
    journey,
    limits_between,
    offer,
    read_large_back,
    replacement_of,
    require_equal,
    travelled,
    upload_of,
    uploads,
)
from okd_conformance.judge.ledger import Intent
from okd_conformance.judge.properties import for_each_body, only_convertible, plausible, typed_errors
from okd_conformance.judge.replacing import LOCK, REPLACE, UNLOCK, bound, with_proof
from okd_conformance.judge.sample import Sample, with_header
from okd_conformance.judge.sequences import documents_of, registrations_of, run_machine
from okd_conformance.judge.stops import Failed, Inconclusive, NotApplicable, NotTested
from okd_conformance.standard.catalogue import Profile
from okd_conformance.standard.edition import Edition, UnknownEditionError, edition_ids, load_edition
from okd_conformance.standard.fields import (
    Body,
    allowed_values,
    deref,
    field_name,
    field_names,
    meanings,
    validator,
)
from okd_conformance.standard.operation import Binding, Operation, Parameter, ScopeCells
from okd_conformance.standard.readings import Reading
from okd_conformance.target.layout import holds, texts_in
from okd_conformance.target.model import OAuthClient
from okd_conformance.target.reading import is_loopback
from okd_conformance.wire.address import joined, same_origin, web_address
from okd_conformance.wire.body import Streamed
from okd_conformance.wire.clients import ClientShape, client_shapes
from okd_conformance.wire.exchange import Exchange, Request
from okd_conformance.wire.multipart import Multipart, Part
from okd_conformance.wire.no_answer import NoAnswer
from okd_conformance.wire.throttling import SUPERSEDED, UNAVAILABLE
from okd_conformance.wire.tls import Handshake, offering, shake_hands

__all__ = [
    "LOCK",
    "REDIRECTS",
    "REPLACE",
    "SUPERSEDED",
    "UNAVAILABLE",
    "UNLOCK",
    "Binding",
    "Body",
    "Case",
    "CheckSpec",
    "ClientShape",
    "Edition",
    "Exchange",
    "Failed",
    "Handshake",
    "Inconclusive",
    "Intent",
    "Journey",
    "Multipart",
    "NoAnswer",
    "NotApplicable",
    "NotTested",
    "OAuthClient",
    "Operation",
    "Parameter",
    "Part",
    "Profile",
    "Reading",
    "Request",
    "Sample",
    "ScopeCells",
    "Sizes",
    "Stored",
    "Streamed",
    "Token",
    "UnknownEditionError",
    "allowed_values",
    "answered_id",
    "answered_link",
    "bound",
    "carries_full",
    "cells",
    "check",
    "client_shapes",
    "deref",
    "documents_of",
    "edition_ids",
    "every_byte",
    "field_name",
    "field_names",
    "for_each_body",
    "full_size_for",
    "holds",
    "id_in",
    "is_loopback",
    "is_uuid",
    "joined",
    "journey",
    "limits_between",
    "line_breaks",
    "load_edition",
    "look_alikes",
    "meanings",
    "noise",
    "observes",
    "offer",
    "offering",
    "only_convertible",
    "pdf",
    "plausible",
    "read_large_back",
    "registrations_of",
    "replacement_of",
    "require_equal",
    "run_machine",
    "same_origin",
    "shake_hands",
    "texts_in",
    "travelled",
    "typed_errors",
    "upload_of",
    "uploads",
    "validator",
    "web_address",
    "whole_boundary",
    "with_header",
    "with_proof",
]
