"""A server in front of another one that stops answering at a chosen moment."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Held(ThreadingHTTPServer):
    """Passes everything on to ``url``; of what has ``path`` in its address, only so many answers.

    What is asked beyond those waits until the server ends.
    """

    daemon_threads = True

    def __init__(self, url: str, path: str, *, answers: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.is_holding = threading.Event()
        self.is_over = threading.Event()
        self.host = urlsplit(url).netloc
        self._path = path
        self._left = answers
        self._lock = threading.Lock()

    def may_answer(self, address: str) -> bool:
        if self._path not in address:
            return True
        with self._lock:
            self._left -= 1
            return self._left >= 0


class _Handler(BaseHTTPRequestHandler):
    server: Held

    def do_GET(self) -> None:
        if not self.server.may_answer(self.path):
            self.server.is_holding.set()
            self.server.is_over.wait()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behind = http.client.HTTPConnection(self.server.host, timeout=60)
        try:
            behind.request(self.command, self.path, body or None, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
        finally:
            behind.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        """Nothing: the tests' own output is enough."""


@contextmanager
def held(url: str, path: str, *, answers: int) -> Iterator[Held]:
    with Held(url, path, answers=answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()
