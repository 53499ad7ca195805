"""What a file is and how HTTP says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.media import (
    MAX_PREVIEW_BYTES,
    ByteRange,
    Preview,
    RangeNotSatisfiable,
    content_type,
    disposition,
    parse_range,
    preview_kind,
)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        *[(f"a.{ending}", "text/plain") for ending in "json py yaml yml txt log csv md".split()],
        ("MLmodel", "text/plain"),
        ("MLproject", "text/plain"),
        ("mlproject", "text/plain"),
        ("script.js", "text/plain"),
        ("notebook.ipynb", "text/plain"),
        ("A.JSON", "application/json"),
        ("report.html", "text/html"),
        ("plot.png", "image/png"),
        ("plot.svg", "image/svg+xml"),
        ("photo.webp", "image/webp"),
        ("paper.pdf", "application/pdf"),
        ("model.tar.gz", "application/x-tar"),
        ("model.pkl", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("README", "application/octet-stream"),
        (".hidden", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_name_has_the_type_that_mlflow_answers(name, media_type):
    assert content_type(name) == media_type


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.txt", "attachment; filename=a.txt"),
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ('a"b\\c', 'attachment; filename="a\\"b\\\\c"'),
        ("größe.csv", "attachment; filename=groe.csv; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv"),
        ("图", "attachment; filename=download; filename*=UTF-8''%E5%9B%BE"),
        ("a;b=c", 'attachment; filename="a;b=c"'),
        ("a\r\nX-Evil: 1", 'attachment; filename="a__X-Evil: 1"'),
    ],
)
def test_a_name_is_put_into_the_header_as_rfc_6266_says(name, value):
    assert disposition(name) == value


def test_a_file_may_be_shown_in_place():
    assert disposition("a.png", "inline") == "inline; filename=a.png"


@given(st.text())
def test_no_name_breaks_the_header(name):
    value = disposition(name)

    assert value.isascii()
    assert value.isprintable()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=0-99", ByteRange(0, 99)),
        ("bytes=10-19", ByteRange(10, 19)),
        ("bytes= 10-19 ", ByteRange(10, 19)),
        ("bytes=90-", ByteRange(90, 99)),
        ("bytes=90-1000", ByteRange(90, 99)),
        ("bytes=-10", ByteRange(90, 99)),
        ("bytes=-1000", ByteRange(0, 99)),
        ("bytes=20-10", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_a_range_is_read_or_ignored(header, expected):
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=0-", 0)],
)
def test_a_range_outside_the_file_is_refused(header, size):
    with pytest.raises(RangeNotSatisfiable) as refusal:
        parse_range(header, size)

    assert refusal.value.size == size


@given(header=st.from_regex(r"bytes=[0-9]{0,3}-[0-9]{0,3}", fullmatch=True), size=st.integers(0))
def test_a_range_never_leaves_the_file(header, size):
    try:
        asked = parse_range(header, size)
    except RangeNotSatisfiable:
        return

    assert asked is None or 0 <= asked.start <= asked.end < size
    assert asked is None or 1 <= asked.length <= size


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plot.PNG", Preview.IMAGE),
        ("plot.svg", Preview.IMAGE),
        ("metrics.json", Preview.JSON),
        ("train.log", Preview.TEXT),
        ("conda.yaml", Preview.TEXT),
        ("Dockerfile", Preview.TEXT),
        ("predictions.csv", Preview.CSV),
        ("notes.md", Preview.MARKDOWN),
        ("report.html", Preview.HTML),
        ("paper.pdf", Preview.PDF),
        ("MLmodel", Preview.MODEL),
        ("model.pkl", Preview.NONE),
        ("noending", Preview.NONE),
    ],
)
def test_a_name_tells_how_to_show_the_file(name, kind):
    assert preview_kind(name, 1000) == kind


def test_what_is_too_large_is_not_shown():
    assert preview_kind("a.csv", MAX_PREVIEW_BYTES) is Preview.CSV
    assert preview_kind("a.csv", MAX_PREVIEW_BYTES + 1) is Preview.TOO_LARGE
    assert preview_kind("a.pkl", MAX_PREVIEW_BYTES + 1) is Preview.NONE
