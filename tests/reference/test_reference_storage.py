"""Where the reference keeps bytes: what comes out is what went in, whatever was there before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from okd_conformance.reference.storage import Store

MB = 1 << 20


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as store:
        yield store


def kept(store: Store, content: bytes) -> str:
    spool = store.spool()
    for start in range(0, len(content), 300_000):
        spool.write(content[start : start + 300_000])
    file, size = store.keep(spool)
    assert size == len(content)
    return file


def content_of(store: Store, file: str) -> bytes:
    with store.open(file) as reader:
        return reader.read()


@pytest.mark.parametrize("size", [0, 5, MB, MB + 1, 2 * MB, 5 * MB])
def test_nothing_of_a_deleted_document_comes_back(store: Store, size: int) -> None:
    for letter in (b"a", b"b", b"c"):
        store.forget(kept(store, letter * (3 * MB)))
    assert content_of(store, kept(store, b"d" * size)) == b"d" * size


def test_what_is_looked_at_on_its_way_in_is_only_what_came(store: Store) -> None:
    store.forget(kept(store, b"a" * (3 * MB)))
    spool = store.spool()
    spool.write(b"b" * (2 * MB))
    assert spool.content() == b"b" * (2 * MB)
    spool.write(b"c")
    assert content_of(store, store.keep(spool)[0]) == b"b" * (2 * MB) + b"c"


def test_a_document_that_is_deleted_while_it_is_read_is_read_to_its_end(store: Store) -> None:
    file = kept(store, b"a" * (3 * MB))
    with store.open(file) as reader:
        head = reader.read(MB)
        store.forget(file)
        kept(store, b"b" * (3 * MB))
        assert head + reader.read() == b"a" * (3 * MB)


def test_two_at_once_do_not_share_a_file(store: Store) -> None:
    store.forget(kept(store, b"x" * (3 * MB)))
    first, second = store.spool(), store.spool()
    for spool, letter in ((first, b"a"), (second, b"b")):
        spool.write(letter * (2 * MB))
    assert content_of(store, store.keep(first)[0]) == b"a" * (2 * MB)
    assert content_of(store, store.keep(second)[0]) == b"b" * (2 * MB)


def test_one_that_is_refused_leaves_nothing(store: Store) -> None:
    store.forget(kept(store, b"x" * (3 * MB)))
    spool = store.spool()
    spool.write(b"a" * (2 * MB))
    spool.discard()
    store.forget("not there")
    assert {file.suffix for file in store.folder.iterdir()} <= {".sqlite", ".sqlite-wal", ".sqlite-shm"}
