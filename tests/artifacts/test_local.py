"""Files in a folder: whole or absent, inside the root, streamed."""

import errno
import io
import os
import threading
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.local import READ_BYTES, STAGING, LocalStore
from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore, IsAFile, IsAFolder, NoSuchArtifact
from core.errors import Unavailable
from core.time import now_ms

ROOT = ArtifactPath()
MEGABYTE = 1024 * 1024


@pytest.fixture
def store(tmp_path) -> ArtifactStore:
    return LocalStore(tmp_path / "artifacts")


def path(text: str) -> ArtifactPath:
    return ArtifactPath.parse(text)


def put(store: ArtifactStore, text: str, content: bytes = b"x") -> int:
    return store.write(path(text), [content])


def get(store: ArtifactStore, text: str, **window) -> bytes:
    return b"".join(store.open(path(text), **window))


def names(entries) -> list[str]:
    return [str(entry.path) for entry in entries]


def staged(store: LocalStore) -> list[str]:
    staging = store.root / STAGING
    return os.listdir(staging) if staging.exists() else []


def test_what_is_written_is_read(store):
    size = store.write(path("7/plots/größe 🙂.png"), [b"ab", b"", b"cde"])

    assert size == 5
    assert get(store, "7/plots/größe 🙂.png") == b"abcde"
    assert staged(store) == []


def test_a_file_may_be_empty(store):
    assert store.write(path("empty"), []) == 0
    assert get(store, "empty") == b""


def test_writing_again_replaces_the_file(store):
    put(store, "a", b"a longer first text")

    put(store, "a", b"second")

    assert get(store, "a") == b"second"


@pytest.mark.parametrize(
    ("window", "content"),
    [
        ({"start": 3}, b"3456789"),
        ({"start": 3, "length": 2}, b"34"),
        ({"length": 0}, b""),
        ({"start": 8, "length": 100}, b"89"),
        ({"start": 100}, b""),
    ],
)
def test_a_part_of_a_file_can_be_read(store, window, content):
    put(store, "a", b"0123456789")

    assert get(store, "a", **window) == content


def test_a_reader_keeps_the_file_it_opened(store):
    put(store, "a", b"old" * READ_BYTES)
    reader = store.open(path("a"))

    put(store, "a", b"new")

    assert b"".join(reader) == b"old" * READ_BYTES


def test_stat_tells_file_folder_and_nothing_apart(store):
    before = now_ms()
    put(store, "7/a", b"abc")

    file, folder = store.stat(path("7/a")), store.stat(path("7"))

    assert (file.name, file.size, file.is_folder) == ("a", 3, False)
    # File systems round times down, by up to a clock tick.
    assert before - 1000 <= file.modified_ms <= now_ms()
    assert (folder.name, folder.size, folder.is_folder) == ("7", 0, True)
    assert store.stat(path("7/b")) is None
    assert store.stat(path("7/a/b")) is None


def test_a_listing_has_the_direct_children_by_name(store):
    for text in ["7/b.txt", "7/a/deep/x", "7/Z", "8/other"]:
        put(store, text)

    entries = store.list(path("7"))

    assert names(entries) == ["7/Z", "7/a", "7/b.txt"]
    assert [entry.is_folder for entry in entries] == [False, True, False]


@pytest.mark.parametrize("text", ["7", "file", "file/below"])
def test_nothing_is_listed_where_no_folder_is(store, text):
    put(store, "file")

    assert store.list(path(text)) == []


def test_a_store_that_was_never_written_is_empty(store):
    assert store.list(ROOT) == []
    assert list(store.walk(ROOT)) == []
    assert store.stat(ROOT) is None
    store.delete(path("a"))
    assert store.clear_staging(before_ms=now_ms()) == 0


def test_walking_finds_every_file_and_only_files(store):
    for text in ["7/b", "7/a/deep/x", "7/a/y", "8/other"]:
        put(store, text)

    assert names(store.walk(path("7"))) == ["7/a/deep/x", "7/a/y", "7/b"]


def test_the_staging_folder_is_not_an_artifact(store):
    put(store, "a")

    assert names(store.list(ROOT)) == ["a"]
    assert names(store.walk(ROOT)) == ["a"]
    for use in [store.open, store.stat, store.list, store.delete]:
        with pytest.raises(UnsafePath, match="the store needs itself"):
            use(path(STAGING))
    with pytest.raises(UnsafePath, match="the store needs itself"):
        put(store, f"{STAGING}/x")


def test_a_folder_of_that_name_deeper_down_is_one_like_any_other(store):
    put(store, f"7/{STAGING}/x", b"mine")

    assert names(store.walk(path("7"))) == [f"7/{STAGING}/x"]


def test_a_name_that_no_request_can_ask_for_is_not_listed(store):
    put(store, "a")
    (store.root / "b%20c").write_bytes(b"")
    (store.root / "line\nbreak").write_bytes(b"")

    assert names(store.list(ROOT)) == ["a"]


def test_missing_files_and_folders_are_told_apart_when_opened(store):
    put(store, "7/a")

    with pytest.raises(NoSuchArtifact, match=r"^No such artifact: '7/b'$"):
        store.open(path("7/b"))
    with pytest.raises(IsAFolder, match="'7' is a folder"):
        store.open(path("7"))


def test_a_file_does_not_replace_a_folder(store):
    put(store, "7/a")

    with pytest.raises(IsAFolder, match="'7' is a folder"):
        put(store, "7")
    with pytest.raises(IsAFolder):
        store.write(ROOT, [b"x"])

    assert get(store, "7/a") == b"x"
    assert staged(store) == []


def test_a_folder_does_not_replace_a_file(store):
    put(store, "7/a")

    with pytest.raises(IsAFile, match="'7/a' is a file"):
        put(store, "7/a/b/c")

    assert get(store, "7/a") == b"x"
    assert staged(store) == []


@pytest.mark.parametrize(
    ("first", "second", "refusal"), [("a", "a/b", IsAFile), ("a/b", "a", IsAFolder)]
)
def test_a_conflict_that_appears_during_the_upload_is_seen_too(store, first, second, refusal):
    def chunks():
        yield b"x"
        put(store, first)

    with pytest.raises(refusal):
        store.write(path(second), chunks())

    assert get(store, first) == b"x"
    assert staged(store) == []


def test_a_stream_that_breaks_leaves_nothing(store):
    put(store, "7/a", b"before")

    def broken():
        yield b"half of it"
        raise ConnectionResetError("the client hung up")

    with pytest.raises(ConnectionResetError, match="hung up"):
        store.write(path("7/a"), broken())
    with pytest.raises(ConnectionResetError):
        store.write(path("7/new/b"), broken())

    assert get(store, "7/a") == b"before"
    assert names(store.list(path("7"))) == ["7/a"]
    assert staged(store) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full; nothing was stored"),
        (errno.EDQUOT, "is full; nothing was stored"),
        (errno.EIO, "cannot serve '7/a' now"),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "mkdir"])
def test_a_disk_that_fails_is_said_and_leaves_what_was(store, monkeypatch, call, number, words):
    put(store, "6/a", b"before")

    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as fault:
        fault.setattr(os, call, fail)
        with pytest.raises(Unavailable) as refusal:
            put(store, "7/a")

    assert words in refusal.value.message
    assert str(store.root) not in refusal.value.message
    assert names(store.walk(ROOT)) == ["6/a"]
    assert staged(store) == []
    put(store, "7/a", b"after")
    assert get(store, "7/a") == b"after"


def test_a_path_longer_than_the_file_system_takes_is_refused(store):
    deep = "/".join(["x" * 203] * 20)

    with pytest.raises(UnsafePath, match="too long for the file system"):
        put(store, deep)

    assert staged(store) == []


def test_writers_of_one_path_do_not_mix(store):
    contents = [bytes([65 + number]) * 700_000 for number in range(8)]
    start = threading.Barrier(len(contents))

    def write(content: bytes) -> None:
        start.wait()
        pieces = (content[at : at + 10_000] for at in range(0, len(content), 10_000))
        store.write(path("7/deep/model.bin"), pieces)

    with ThreadPoolExecutor(len(contents)) as threads:
        list(threads.map(write, contents))

    assert get(store, "7/deep/model.bin") in contents
    assert staged(store) == []


def test_a_deletion_beside_writers_breaks_none_of_them(store):
    def write(number: int) -> None:
        put(store, f"7/deep/{number}")

    with ThreadPoolExecutor(4) as threads:
        written = threads.map(write, range(100))
        for _ in range(20):
            store.delete(path("7"))
        list(written)

    put(store, "7/deep/last")
    assert get(store, "7/deep/last") == b"x"
    assert staged(store) == []


def test_files_and_trees_are_deleted(store):
    for text in ["7/a", "7/b/c", "8/a"]:
        put(store, text)

    store.delete(path("7/a"))
    assert names(store.walk(ROOT)) == ["7/b/c", "8/a"]

    store.delete(path("7"))
    assert names(store.list(ROOT)) == ["8"]
    assert staged(store) == []


@pytest.mark.parametrize("text", ["7/b", "7/a/b", "9"])
def test_deleting_what_is_not_there_is_fine(store, text):
    put(store, "7/a")

    store.delete(path(text))

    assert names(store.walk(ROOT)) == ["7/a"]


def test_the_root_cannot_be_deleted(store):
    put(store, "a")

    with pytest.raises(UnsafePath, match="the root"):
        store.delete(ROOT)

    assert names(store.list(ROOT)) == ["a"]


@pytest.mark.parametrize("inward", [True, False])
@pytest.mark.parametrize("text", ["link", "link/secret", "link/deeper/secret"])
def test_a_link_is_not_followed(store, tmp_path, text, inward):
    put(store, "kept/secret", b"secret")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    target = store.root / "kept" if inward else outside
    (store.root / "link").symlink_to(target)

    for use in [store.open, store.stat, store.list, store.delete, store.zip]:
        with pytest.raises(UnsafePath, match="leads through a link"):
            use(path(text))
    with pytest.raises(UnsafePath, match="leads through a link"):
        put(store, text, b"overwritten")

    assert names(store.walk(ROOT)) == ["kept/secret"]
    assert (target / "secret").read_bytes() == b"secret"


def test_a_deleted_tree_takes_links_with_it_but_not_what_they_lead_to(store, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    put(store, "7/a")
    (store.root / "7/link").symlink_to(tmp_path)

    store.delete(path("7"))

    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_what_is_no_file_cannot_be_opened(store):
    put(store, "7/a")
    os.mkfifo(store.root / "7/pipe")

    with pytest.raises(NoSuchArtifact):
        store.open(path("7/pipe"))
    assert names(store.list(path("7"))) == ["7/a"]


def test_the_root_itself_may_be_reached_through_a_link(tmp_path):
    (tmp_path / "big-disk").mkdir()
    (tmp_path / "artifacts").symlink_to("big-disk")
    store = LocalStore(tmp_path / "artifacts")

    put(store, "7/a")

    assert get(store, "7/a") == b"x"
    assert (tmp_path / "big-disk/7/a").exists()


def test_drafts_that_a_kill_left_behind_are_cleared_and_young_ones_kept(store):
    put(store, "a")
    old, young = store.root / STAGING / "old", store.root / STAGING / "young"
    (old / "tree").mkdir(parents=True)
    young.write_bytes(b"an upload that is still coming in")
    os.utime(old, (1, 1))

    removed = store.clear_staging(before_ms=now_ms() - 3_600_000)

    assert removed == 1
    assert staged(store) == ["young"]


def test_a_folder_is_sent_as_a_zip_with_relative_names(store):
    files = {
        "MLmodel": b"flavors: {}\n" * 100,
        "data/größe 🙂.csv": b"a,b\n" * 100,
        "model.pkl": os.urandom(READ_BYTES + 1),
        "empty": b"",
    }
    for text, content in files.items():
        put(store, f"7/model/{text}", content)
    put(store, "7/beside")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(store.zip(path("7/model")))))

    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == files
    assert archive.getinfo("model.pkl").compress_type == zipfile.ZIP_STORED
    assert archive.getinfo("MLmodel").compress_size < 100


def test_a_file_out_of_the_years_of_zip_can_be_packed(store):
    put(store, "7/a")
    os.utime(store.root / "7/a", (0, 0))

    archive = zipfile.ZipFile(io.BytesIO(b"".join(store.zip(path("7")))))

    assert archive.getinfo("a").date_time == (1980, 1, 1, 0, 0, 0)


def test_a_file_deleted_while_the_zip_is_made_is_left_out(store):
    put(store, "7/a", os.urandom(READ_BYTES * 2))
    put(store, "7/b")
    pieces = store.zip(path("7"))
    first = next(pieces)

    store.delete(path("7/b"))

    archive = zipfile.ZipFile(io.BytesIO(first + b"".join(pieces)))
    assert archive.namelist() == ["a"]
    assert archive.testzip() is None


def test_only_a_folder_can_be_zipped(store):
    put(store, "7/a")

    with pytest.raises(IsAFile):
        store.zip(path("7/a"))
    with pytest.raises(NoSuchArtifact):
        store.zip(path("8"))


def test_a_large_file_goes_in_and_out_in_constant_memory(store):
    size = 200 * MEGABYTE
    tracemalloc.start()
    try:
        store.write(path("7/model.bin"), repeat(bytes(MEGABYTE), 200))
        read = sum(len(piece) for piece in store.open(path("7/model.bin")))
        packed = sum(len(piece) for piece in store.zip(path("7")))
        _current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert read == size
    assert packed > size
    assert peak < 8 * MEGABYTE


# Few letters, so that files and folders of the same name meet.
few_paths = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join).map(path)


@given(
    steps=st.lists(
        st.tuples(st.just("write"), few_paths, st.binary(max_size=5))
        | st.tuples(st.just("delete"), few_paths, st.none()),
        max_size=12,
    )
)
def test_any_history_leaves_what_a_dictionary_would(tmp_path_factory, steps):
    store = LocalStore(tmp_path_factory.mktemp("history"))
    expected: dict[ArtifactPath, bytes] = {}

    for verb, target, content in steps:
        if verb == "delete":
            store.delete(target)
            depth = len(target.parts)
            expected = {p: c for p, c in expected.items() if p.parts[:depth] != target.parts}
            continue
        try:
            store.write(target, [content])
        except (IsAFile, IsAFolder):
            assert target not in expected
        else:
            expected[target] = content

    found = {entry.path: b"".join(store.open(entry.path)) for entry in store.walk(ROOT)}
    assert found == expected


def test_bytes_are_durable_before_the_name_appears(store, monkeypatch):
    put(store, "7/first")
    events = []
    fsync, replace = os.fsync, Path.replace

    def seen_fsync(descriptor):
        events.append("fsync")
        fsync(descriptor)

    def seen_replace(source, target):
        events.append("rename")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "replace", seen_replace)
    put(store, "7/second")

    assert events == ["fsync", "rename", "fsync"]
