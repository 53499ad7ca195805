"""GET and POST to an MLflow server, with its patience and its refusals."""

import base64
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from artifacts.local import READ_BYTES
from tracker.importing.source import SourceFile, SourceGone, SourceRefused

API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"

_TIMEOUT_SECONDS = 60
# A server that is restarted comes back within this; one that is gone does not.
_PAUSES_SECONDS = (0.2, 1, 3)
_GONE = {429, 502, 503, 504}


@dataclass(frozen=True)
class Server:
    """An MLflow server by its tracking URI. It may be asked from many threads at once.

    Each request has a connection of its own: on a kept one ``mlflow server`` answers later.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, tracking_uri: str, *, workspace: str = "") -> "Server":
        """The server; who asks is told by the URI or by the variables that MLflow clients read."""
        parts = urlsplit(tracking_uri)
        user = unquote(parts.username or "") or os.environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = unquote(parts.password or "") or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN", "")
        headers = {}
        if user:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        elif token:
            headers["Authorization"] = f"Bearer {token}"
        if workspace:
            headers["X-MLFLOW-WORKSPACE"] = workspace
        host = parts.netloc.rpartition("@")[2]
        url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        return cls(url, headers)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def get(self, path: str, query: Mapping[str, Any] | None = None, *, base: str = API) -> dict:
        address = f"{self.url}{base}/{path}"
        if query:
            address += "?" + urlencode(query, doseq=True)
        return self._json(address, None)

    def post(self, path: str, body: Mapping[str, Any], *, base: str = API) -> dict:
        return self._json(f"{self.url}{base}/{path}", json.dumps(body).encode())

    def list_files(self, folder: str) -> list[dict]:
        """The entries of a folder of the server's artifacts; each path is relative to it."""
        answer = self._json(f"{self.url}{_ARTIFACTS}?{urlencode({'path': folder})}", None)
        return answer.get("files", [])

    def read_file(self, path: str) -> Iterator[bytes]:
        """The bytes of an artifact, in pieces. Raises ``SourceRefused`` if fewer come than said."""
        with self._opened(f"{self.url}{_ARTIFACTS}/{quote(path)}", None) as answer:
            try:
                while chunk := answer.read(READ_BYTES):
                    yield chunk
            except (OSError, http.client.HTTPException) as error:
                raise SourceRefused(f"The download of '{path}' broke off.") from error
            if answer.length:
                raise SourceRefused(f"The download of '{path}' broke off.")

    def _json(self, address: str, body: bytes | None) -> dict:
        for pause in (*_PAUSES_SECONDS, None):
            try:
                with self._opened(address, body) as answer:
                    found = json.loads(answer.read())
            except ValueError as error:
                raise SourceRefused(f"{address} does not answer as MLflow does.") from error
            except (SourceGone, OSError, http.client.HTTPException) as error:
                if pause is None:
                    if isinstance(error, SourceGone):
                        raise
                    raise SourceGone(f"{self.url} does not answer: {error}.") from error
                time.sleep(pause)
            else:
                if not isinstance(found, dict):
                    raise SourceRefused(f"{address} does not answer as MLflow does.")
                return found
        raise AssertionError("unreachable")

    @contextmanager
    def _opened(self, address: str, body: bytes | None) -> Iterator[http.client.HTTPResponse]:
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(address, data=body, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            with error:
                kind = SourceGone if error.code in _GONE else SourceRefused
                raise kind(f"{self.url} answered {error.code}: {_message(error)}") from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise SourceGone(f"{self.url} does not answer: {reason}.") from error
        with answer:
            yield answer


@dataclass(frozen=True)
class ServedFiles:
    """The files below one folder of a server's artifacts."""

    server: Server
    root: str

    def files(self) -> Iterator[SourceFile]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            for entry in self.server.list_files(_join(self.root, folder)):
                path = _join(folder, entry["path"].rpartition("/")[2])
                if entry.get("is_dir"):
                    waiting.append(path)
                else:
                    yield SourceFile(path, int(entry.get("file_size") or 0))

    def open(self, path: str) -> Iterator[bytes]:
        return self.server.read_file(_join(self.root, path))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _message(error: urllib.error.HTTPError) -> str:
    """What the server says is wrong, else what the status means; never a whole page."""
    try:
        return str(json.loads(error.read(10_000))["message"])[:500]
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return error.reason
