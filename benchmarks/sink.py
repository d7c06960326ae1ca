"""A server that does as little as it can: it throws away what comes, and gives one file.

Started by the benchmarks as ``python sink.py FILE``; prints its port.
"""

from __future__ import annotations

import mmap
import re
import socket
import sys
import threading
from pathlib import Path

_BLOCK = 1 << 20
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def main(file: Path) -> None:
    """Serve until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        link, _ = listening.accept()
        threading.Thread(target=_serve, args=(link, file), daemon=True).start()


def _serve(link: socket.socket, file: Path) -> None:
    buffer = memoryview(mmap.mmap(-1, _BLOCK))  # whole pages: quicker to copy to
    with link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while head := _head(link, buffer):
            lines, _, begun = head.partition(b"\r\n\r\n")
            if lines.startswith(b"GET"):
                _give(link, file)
            elif not _throw_away(link, lines, len(begun), buffer):
                return


def _head(link: socket.socket, buffer: memoryview) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        n = link.recv_into(buffer)
        if n == 0:
            return b""
        head += bytes(buffer[:n])
    return head


def _give(link: socket.socket, file: Path) -> None:
    with file.open("rb") as content:
        size = file.stat().st_size
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: %d\r\n\r\n" % size)
        link.sendfile(content)


def _throw_away(link: socket.socket, lines: bytes, begun: int, buffer: memoryview) -> bool:
    found = _LENGTH.search(lines)
    left = int(found.group(1)) - begun if found else 0
    if b"100-continue" in lines:
        link.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while left > 0:
        n = link.recv_into(buffer[: min(left, _BLOCK)])
        if n == 0:
            return False
        left -= n
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
