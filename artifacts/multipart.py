"""Files that come in parts, side by side and in any order, and are put together at the end."""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec

from artifacts.disk import (
    append_file,
    disk_faults,
    make_folders,
    remove,
    sync_folder,
    write_durably,
)
from artifacts.paths import ArtifactPath
from artifacts.store import BadParts, NoSuchUpload, UploadIsComplete

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_TAG = re.compile(r"[0-9a-f]{32}")

_PLAN = "plan.json"
_LOCK = "lock"


class _Plan(msgspec.Struct):
    """What an upload is to become. ``completed`` has the tags of the parts it was made of."""

    path: str
    parts: int
    completed: dict[int, str] = {}


class PartUploads:
    """The uploads in parts that are under way, each a folder in the staging folder.

    A part is a file named by its number and a hash of its content, so one that is sent again
    lies beside the first, and the end says which of them counts. An upload that was completed
    keeps its plan for a while, to answer a client that asks again.
    """

    def __init__(self, staging: Path) -> None:
        self._staging = staging

    def start(self, path: ArtifactPath, *, parts: int) -> str:
        upload_id = uuid4().hex
        folder = self._folder(upload_id)
        with disk_faults(path):
            make_folders(folder)
            (folder / _LOCK).touch()
        self._write_plan(upload_id, _Plan(str(path), parts))
        return upload_id

    def write(self, upload_id: str, number: int, chunks: Iterable[bytes]) -> str:
        plan = self._read_plan(upload_id)
        if plan.completed:
            raise UploadIsComplete(upload_id)
        if not 1 <= number <= plan.parts:
            raise BadParts(f"The upload has {plan.parts} parts; {number} is none of them.")
        path = ArtifactPath.parse(plan.path)
        hashed = hashlib.blake2b(digest_size=16)
        draft = self._staging / uuid4().hex
        try:
            write_durably(draft, _feeding(hashed, chunks), path)
            tag = hashed.hexdigest()
            with disk_faults(path):
                try:
                    draft.replace(self._part(upload_id, number, tag))
                except FileNotFoundError:
                    raise NoSuchUpload(upload_id) from None
                sync_folder(self._folder(upload_id))
        finally:
            draft.unlink(missing_ok=True)
        return tag

    def complete(
        self,
        upload_id: str,
        path: ArtifactPath,
        *,
        tags: Mapping[int, str],
        publish: Callable[[Path], None],
    ) -> None:
        """Give ``publish`` the whole file, which it moves into place."""
        with self._alone(upload_id, path) as plan:
            if plan.completed:
                if plan.completed != tags:
                    raise UploadIsComplete(upload_id)
                return
            parts = self._chosen(upload_id, plan, tags)
            draft = self._staging / uuid4().hex
            try:
                _join(parts, draft, path)
                publish(draft)
            finally:
                draft.unlink(missing_ok=True)
            self._write_plan(upload_id, _Plan(plan.path, plan.parts, dict(tags)))
            with disk_faults(path):
                for left in self._folder(upload_id).iterdir():
                    if left.name not in {_PLAN, _LOCK}:
                        remove(left)

    def abort(self, upload_id: str, path: ArtifactPath) -> None:
        with self._alone(upload_id, path) as plan:
            if plan.completed:
                raise UploadIsComplete(upload_id)
            with disk_faults(path):
                draft = self._staging / uuid4().hex
                # Renamed first: a part that still comes in then finds no upload to belong to.
                self._folder(upload_id).rename(draft)
                remove(draft)

    def _chosen(self, upload_id: str, plan: _Plan, tags: Mapping[int, str]) -> list[Path]:
        """The files of the parts, in order. Raises ``BadParts``."""
        numbers = range(1, plan.parts + 1)
        for number in tags.keys() - set(numbers):
            raise BadParts(f"The upload has {plan.parts} parts; {number} is none of them.")
        found = []
        for number in numbers:
            if number not in tags:
                raise BadParts(f"Part {number} of {plan.parts} is not named.")
            if not any(self._folder(upload_id).glob(f"{number:05}-*")):
                raise BadParts(f"Part {number} of {plan.parts} was not received.")
            part = self._part(upload_id, number, tags[number])
            if not _TAG.fullmatch(tags[number]) or not part.exists():
                raise BadParts(f"What was received as part {number} has another etag.")
            found.append(part)
        return found

    @contextmanager
    def _alone(self, upload_id: str, path: ArtifactPath) -> Iterator[_Plan]:
        """The plan of an upload that is for ``path``, while nobody else may end it.

        Who waits here for another that completes it, then finds it completed.
        """
        self._read_plan(upload_id)
        try:
            lock = (self._folder(upload_id) / _LOCK).open("rb")
        except FileNotFoundError:
            raise NoSuchUpload(upload_id) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            plan = self._read_plan(upload_id)
            if plan.path != str(path):
                raise NoSuchUpload(upload_id)
            yield plan

    def _read_plan(self, upload_id: str) -> _Plan:
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise NoSuchUpload(upload_id)
        with disk_faults(ArtifactPath()):
            try:
                content = (self._folder(upload_id) / _PLAN).read_bytes()
            except FileNotFoundError:
                raise NoSuchUpload(upload_id) from None
        return msgspec.json.decode(content, type=_Plan)

    def _write_plan(self, upload_id: str, plan: _Plan) -> None:
        path = ArtifactPath.parse(plan.path)
        draft = self._staging / uuid4().hex
        try:
            write_durably(draft, [msgspec.json.encode(plan)], path)
            with disk_faults(path):
                draft.replace(self._folder(upload_id) / _PLAN)
                sync_folder(self._folder(upload_id))
        finally:
            draft.unlink(missing_ok=True)

    def _folder(self, upload_id: str) -> Path:
        return self._staging / f"upload-{upload_id}"

    def _part(self, upload_id: str, number: int, tag: str) -> Path:
        return self._folder(upload_id) / f"{number:05}-{tag}"


def _feeding(hashed: "hashlib.blake2b", chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        hashed.update(chunk)
        yield chunk


def _join(parts: Iterable[Path], draft: Path, path: ArtifactPath) -> None:
    with disk_faults(path), draft.open("xb", buffering=0) as whole:
        for part in parts:
            append_file(whole, part)
        os.fsync(whole.fileno())
