"""A relay before the reference that answers some requests itself, as a gateway, a proxy or a fault would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx

Own = tuple[int, dict[str, str], bytes]
"""Status, headers and body of an answer of the relay's own."""
Rule = Callable[[str, str], Own | None]
"""By method and path: what the relay answers; None passes the request on."""
_HOP = frozenset({"connection", "transfer-encoding", "content-length", "host", "date", "server"})


@contextmanager
def relay(behind: str, rule: Rule, ahead_s: float = 0) -> Iterator[str]:
    """The address of a relay to the server at ``behind``, while the context lasts.

    ``ahead_s``: how far ahead its clock is, by the header Date.
    """
    client = httpx.Client(base_url=behind, trust_env=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            status, headers, content = rule(self.command, path) or self._passed_on(path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _passed_on(self, path: str, body: bytes) -> Own:
            kept = [(n, v) for n, v in self.headers.items() if n.lower() not in _HOP]
            answer = client.request(self.command, path, headers=kept, content=body)
            return (
                answer.status_code,
                {n: v for n, v in answer.headers.items() if n not in _HOP},
                answer.content,
            )

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + ahead_s)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of a client that went away."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        client.close()


def always(status: int, content_type: str = "text/html", **headers: str) -> Rule:
    """One answer for everything."""
    told = {"Content-Type": content_type, **{n.replace("_", "-"): v for n, v in headers.items()}}
    return lambda _method, _path: (status, told, b"<html>gateway</html>")
