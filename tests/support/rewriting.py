"""A proxy before a reference that changes what it answers, as gateways do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

Rewrite = Callable[[httpx.Response, dict[str, str]], bytes]
"""Gives the body to send instead; may change the headers."""
_OF_THE_CONNECTION = {"connection", "content-length", "transfer-encoding", "date", "server"}


@contextmanager
def rewriting(origin: str, rewrite: Rewrite) -> Iterator[str]:
    """Serve ``origin`` on loopback, with each answer rewritten; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = [(n, v) for n, v in self.headers.items() if n.lower() not in {"host", "connection"}]
            with httpx.Client(trust_env=False) as client:
                answer = client.request(self.command, origin + self.path, headers=headers, content=body)
            kept = {n: v for n, v in answer.headers.items() if n not in _OF_THE_CONNECTION}
            content = rewrite(answer, kept)
            self.send_response(answer.status_code)
            for name, value in kept.items():
                self.send_header(name, value)
            if answer.status_code != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing of a client that went away."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
