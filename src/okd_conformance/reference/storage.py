"""Where the reference keeps things: bytes as files, the rest as JSON in SQLite, in one temporary folder."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
import tempfile
import threading
import uuid
import weakref
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

_IN_MEMORY = 1 << 20
_SPARE = "spare"
"""The file of a large document that was deleted: writing over what the system holds in memory is twice
as fast as a new file."""
_TABLE = """
CREATE TABLE record (kind TEXT, role TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, role, key)) WITHOUT ROWID
"""


class Spool:
    """Bytes on their way in: in memory while small, in a file of the store's folder when not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory = io.BytesIO()
        self._file: BinaryIO | None = None
        self.path: Path | None = None
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add ``data`` at the end."""
        if self._file is None and self.size + len(data) > _IN_MEMORY:
            self._to_file()
        (self._file or self._memory).write(data)
        self.size += len(data)

    def _to_file(self) -> None:
        self.path = self._folder / f"{uuid.uuid4().hex}.part"
        try:
            (self._folder / _SPARE).rename(self.path)
        except FileNotFoundError:
            self.path.touch()
        self._file = io.BufferedWriter(io.FileIO(self.path, "r+"))
        self._file.write(self._memory.getvalue())
        self._memory = io.BytesIO()

    def content(self) -> bytes:
        """Everything, in memory: only for what is known to be small, or in a fault."""
        if self._file is None:
            return self._memory.getvalue()
        self._file.truncate()
        return self.path.read_bytes() if self.path else b""

    def replace(self, data: bytes) -> None:
        """Put ``data`` in the place of what there is."""
        self.discard()
        self._memory, self._file, self.path, self.size = io.BytesIO(), None, None, 0
        self.write(data)

    def keep_as(self, target: Path) -> None:
        """Move the content to the file ``target``."""
        if self._file is None or self.path is None:
            target.write_bytes(self._memory.getvalue())
            return
        self._file.truncate()
        self._file.close()
        self.path.rename(target)
        self.path = None

    def discard(self) -> None:
        """Forget what was not kept."""
        if self._file is not None:
            self._file.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class StoredDocument:
    """A document of the DMS; ``filed`` names its place, by meaning."""

    id: str
    component: str
    type: str | None
    name: str | None
    format: str
    created: str
    title: str | None = None
    subtype: str | None = None
    component_document_id: str | None = None
    size: int = 0
    file: str = ""
    locked: bool = False
    lock_id: str | None = None
    """The proof of whoever locked it through the API; None when it was locked in another way."""
    level: str = "none"
    filed: dict[str, str] = field(default_factory=dict)
    registered_with: list[str] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)
    """The metadata as they came."""


class Store:
    """Records by kind, role and key; safe to call from several threads."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="okd-reference-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._lock = threading.RLock()
        self._readers: weakref.WeakSet[BinaryIO] = weakref.WeakSet()
        self._db = sqlite3.connect(
            self.folder / "records.sqlite", check_same_thread=False, isolation_level=None
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(_TABLE)

    def close(self) -> None:
        """Remove everything; it happens too when the store is forgotten or the process ends."""
        with self._lock:
            self._db.close()
        self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, kind: str, role: str, key: str) -> Any:
        """Return the record, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT value FROM record WHERE kind=? AND role=? AND key=?", (kind, role, key)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, role: str, key: str, value: Any) -> None:
        """Write the record, new or again."""
        text = json.dumps(value, ensure_ascii=False)
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO record VALUES (?,?,?,?)", (kind, role, key, text))

    def add(self, kind: str, role: str, key: str, value: Any) -> Any:
        """Write the record unless there is one; return the record that is there afterwards."""
        text = json.dumps(value, ensure_ascii=False)
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO record VALUES (?,?,?,?)", (kind, role, key, text))
            return self.get(kind, role, key)

    def delete(self, kind: str, role: str, key: str) -> bool:
        """Remove the record; False when there was none."""
        with self._lock:
            found = self._db.execute(
                "DELETE FROM record WHERE kind=? AND role=? AND key=?", (kind, role, key)
            )
            return found.rowcount > 0

    def all(self, kind: str, role: str) -> list[Any]:
        """Return every record of a kind."""
        with self._lock:
            rows = self._db.execute("SELECT value FROM record WHERE kind=? AND role=?", (kind, role))
            return [json.loads(text) for (text,) in rows.fetchall()]

    def count(self, kind: str, role: str) -> int:
        """Return how many records of a kind there are."""
        with self._lock:
            row = self._db.execute(
                "SELECT count(*) FROM record WHERE kind=? AND role=?", (kind, role)
            ).fetchone()
        return int(row[0])

    def spool(self) -> Spool:
        """Return an empty place for bytes that come in."""
        return Spool(self.folder)

    def keep(self, spool: Spool) -> tuple[str, int]:
        """Keep the bytes of a spool; returns the name of the file and its size."""
        name = f"{uuid.uuid4().hex}.bin"
        spool.keep_as(self.folder / name)
        return name, spool.size

    def open(self, file: str) -> BinaryIO:
        """Open the bytes of a document."""
        reader = (self.folder / file).open("rb")
        self._readers.add(reader)
        return reader

    def forget(self, file: str) -> None:
        """Remove the bytes of a document; the file of a large one serves again, unless someone is reading."""
        path = self.folder / file
        with contextlib.suppress(FileNotFoundError, PermissionError):  # Windows keeps a file that is read
            if path.stat().st_size > _IN_MEMORY and all(reader.closed for reader in self._readers):
                path.replace(self.folder / _SPARE)
            else:
                path.unlink()

    def document(self, role: str, document_id: str) -> StoredDocument | None:
        """Return the document, or None."""
        value = self.get("document", role, document_id.lower())
        return None if value is None else StoredDocument(**value)

    def documents(self, role: str) -> list[StoredDocument]:
        """Return every document of a role."""
        return [StoredDocument(**value) for value in self.all("document", role)]

    def save(self, role: str, document: StoredDocument) -> None:
        """Write the record of a document."""
        self.put("document", role, document.id.lower(), asdict(document))

    def remove(self, role: str, document: StoredDocument) -> None:
        """Remove a document and its bytes."""
        self.delete("document", role, document.id.lower())
        self.forget(document.file)
