"""Files that come in parts: what the disk does to them, and what is left when nobody ends them."""

import errno
import os
from pathlib import Path

import pytest

from artifacts import disk, multipart
from artifacts.local import STAGING, STALE_MS, LocalStore
from artifacts.paths import ArtifactPath
from artifacts.store import BadParts, IsAFile, IsAFolder, NoSuchUpload, UploadIsComplete
from core.errors import Unavailable
from core.time import now_ms

FILE = ArtifactPath(("7", "model.bin"))
PARTS = {1: b"one, ", 2: b"", 3: b"three" * 100_000}
WHOLE = b"".join(PARTS.values())


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "artifacts")


def start(store: LocalStore) -> tuple[str, dict[int, str]]:
    """The id of an upload whose parts are all there, and their tags."""
    upload_id = store.start_upload(FILE, parts=len(PARTS))
    return upload_id, {
        number: store.write_part(upload_id, number, [content]) for number, content in PARTS.items()
    }


def read(store: LocalStore) -> bytes:
    return b"".join(store.open(FILE))


def staged(store: LocalStore) -> list[Path]:
    return sorted((store.root / STAGING).iterdir())


def make_old(folder: Path) -> None:
    seconds = (now_ms() - STALE_MS) / 1000 - 60
    os.utime(folder, (seconds, seconds))


def test_the_parts_are_one_file_that_replaces_what_was_there(store):
    store.write(FILE, [b"old"])
    upload_id, tags = start(store)
    assert read(store) == b"old"

    store.complete_upload(upload_id, FILE, tags=tags)

    assert read(store) == WHOLE


def test_of_a_completed_upload_the_plan_is_left_and_no_bytes(store):
    upload_id, tags = start(store)

    store.complete_upload(upload_id, FILE, tags=tags)

    (folder,) = staged(store)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1000
    store.delete(FILE)
    store.complete_upload(upload_id, FILE, tags=tags)
    assert store.stat(FILE) is None


@pytest.mark.parametrize("fault", [errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, None])
def test_parts_are_joined_where_the_kernel_cannot_do_it(store, monkeypatch, fault):
    def refuse(*_: object) -> int:
        raise OSError(fault, "no")

    if fault is None:
        monkeypatch.delattr(disk.os, "copy_file_range", raising=False)
    else:
        monkeypatch.setattr(disk.os, "copy_file_range", refuse, raising=False)
    upload_id, tags = start(store)

    store.complete_upload(upload_id, FILE, tags=tags)

    assert read(store) == WHOLE


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_the_end_leaves_the_upload_as_it_was(store, monkeypatch, fault):
    store.write(FILE, [b"old"])
    upload_id, tags = start(store)
    before = staged(store)
    really_append = multipart.append_file

    def fail_at_three(whole, part: Path) -> None:
        if part.name.startswith("00003"):
            raise OSError(fault, "the disk")
        really_append(whole, part)

    with monkeypatch.context() as broken:
        broken.setattr(multipart, "append_file", fail_at_three)
        with pytest.raises(Unavailable):
            store.complete_upload(upload_id, FILE, tags=tags)

    assert read(store) == b"old"
    assert staged(store) == before
    store.complete_upload(upload_id, FILE, tags=tags)
    assert read(store) == WHOLE


def test_a_part_that_breaks_off_is_not_kept(store):
    upload_id = store.start_upload(FILE, parts=1)
    before = staged(store)

    def broken():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.write_part(upload_id, 1, broken())

    assert staged(store) == before
    with pytest.raises(BadParts, match="was not received"):
        store.complete_upload(upload_id, FILE, tags={1: "0" * 32})


def test_a_part_that_comes_while_the_upload_is_aborted_belongs_nowhere(store):
    upload_id = store.start_upload(FILE, parts=1)

    def aborting():
        yield b"half"
        store.abort_upload(upload_id, FILE)

    with pytest.raises(NoSuchUpload):
        store.write_part(upload_id, 1, aborting())

    assert staged(store) == []


def test_who_begins_an_upload_clears_away_those_that_nobody_ended(store):
    abandoned, tags = start(store)
    done, done_tags = start(store)
    store.complete_upload(done, FILE, tags=done_tags)
    for folder in staged(store):
        make_old(folder)
    young, young_tags = start(store)

    store.start_upload(FILE, parts=1)

    for gone, named in [(abandoned, tags), (done, done_tags)]:
        with pytest.raises(NoSuchUpload):
            store.complete_upload(gone, FILE, tags=named)
    store.complete_upload(young, FILE, tags=young_tags)


def test_what_somebody_else_clears_away_at_the_same_time_is_no_fault(store, monkeypatch):
    start(store)
    make_old(staged(store)[0])

    def removed_already(place: Path) -> None:
        raise FileNotFoundError(place)

    monkeypatch.setattr("artifacts.local.remove", removed_already)

    assert store.clear_staging(before_ms=now_ms()) == 0


@pytest.mark.parametrize(("stored", "refusal"), [("7/model.bin/below", IsAFolder), ("7", IsAFile)])
def test_what_stands_in_the_way_is_told_at_the_start(store, stored, refusal):
    store.write(ArtifactPath.parse(stored), [b"x"])

    with pytest.raises(refusal):
        store.start_upload(FILE, parts=1)


def test_what_came_into_the_way_meanwhile_is_told_at_the_end(store):
    upload_id, tags = start(store)
    store.write(FILE / "below", [b"x"])

    with pytest.raises(IsAFolder):
        store.complete_upload(upload_id, FILE, tags=tags)
    store.delete(FILE)

    store.complete_upload(upload_id, FILE, tags=tags)
    assert read(store) == WHOLE


def test_nothing_can_be_done_to_a_completed_upload(store):
    upload_id, tags = start(store)
    store.complete_upload(upload_id, FILE, tags=tags)

    with pytest.raises(UploadIsComplete):
        store.write_part(upload_id, 1, [b"late"])
    with pytest.raises(UploadIsComplete):
        store.abort_upload(upload_id, FILE)
    assert read(store) == WHOLE
