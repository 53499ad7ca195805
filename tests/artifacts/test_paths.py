"""An artifact path names one thing below its root, or is refused."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.paths import ArtifactPath, UnsafePath, locate

ROOT = Path("/srv/artifacts")

# Text out of what path attacks are made of, so that most examples are close to one.
nasty_parts = [
    *["..", ".", "/", "\\", "%2e", "%2f", "%252e", "%5c", "%00", "%23", "#", "~", "C:", "file:"],
    *["a", "b c", "é", "🙂", "100%", "%", "%zz", "\x00", "\n", "\ud800", " ", "..."],
]
nasty_text = st.lists(st.sampled_from(nasty_parts), max_size=8).map("".join)


@given(nasty_text | st.text(max_size=60))
def test_whatever_is_parsed_stays_below_the_root(text):
    try:
        path = ArtifactPath.parse(text)
    except UnsafePath:
        return

    place = Path(str(ROOT / str(path))).resolve()

    assert place != ROOT
    assert place.is_relative_to(ROOT)
    assert place == locate(ROOT, path)


@given(nasty_text | st.text(max_size=60))
def test_a_parsed_path_parses_to_itself_also_when_quoted_again(text):
    try:
        path = ArtifactPath.parse(text)
    except UnsafePath:
        return

    assert ArtifactPath.parse(str(path)) == path
    assert ArtifactPath.parse(quote(quote(str(path)))) == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("//host/share", "is absolute"),
        ("%2Fetc%2Fpasswd", "is absolute"),
        ("..", "has a part '..'"),
        ("../x", "has a part '..'"),
        ("a/../../x", "has a part '..'"),
        ("a/..", "has a part '..'"),
        ("./x", "has a part '.'"),
        ("%2e%2e/x", "has a part '..'"),
        ("%252e%252e%252fx", "has a part '..'"),
        ("a%2f..%2fx", "has a part '..'"),
        ("a//b", "has an empty part"),
        ("a/ /b", "has an empty part"),
        ("a/\u3000", "has an empty part"),
        ("a/", "ends with '/'"),
        ("a%2f", "ends with '/'"),
        ("..\\x", "has a '\\\\'"),
        ("a%5c..%5cx", "has a '\\\\'"),
        ("C:/Windows", "begins with a drive letter"),
        ("c:x", "begins with a drive letter"),
        ("a#b", "has a '#'"),
        ("model%23/../../x", "has a '#'"),
        ("a\x00.png", "has a control character"),
        ("a%00.png", "has a control character"),
        ("a\r\nSet-Cookie: x", "has a control character"),
        ("a\x85b", "has a control character"),
        ("a\ud800", "has half of a surrogate pair"),
        ("file:///etc/passwd", "has an empty part"),
        ("50%ab.txt", "not UTF-8"),
        ("%" + "25" * 20, "percent-encoded too many times"),
        ("x" * 256, "a name of more than 255 bytes"),
        ("é" * 128, "a name of more than 255 bytes"),
        ("/".join(["abcd"] * 820), "more than 4096 bytes"),
        ("%41" * 5000, "more than 4096 bytes"),
        ("/".join("a" * 251), "more than 250 parts"),
    ],
)
def test_an_unsafe_path_is_refused_and_the_message_says_why(text, reason):
    with pytest.raises(UnsafePath) as refusal:
        ArtifactPath.parse(text)

    assert refusal.value.message.startswith("Invalid path: ")
    assert reason in refusal.value.message
    refusal.value.message.encode()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("model.pkl", "model.pkl"),
        ("a/b/c.txt", "a/b/c.txt"),
        ("a b/c  d.txt", "a b/c  d.txt"),
        ("a%20b", "a b"),
        ("a%2520b", "a b"),
        ("a%2Fb", "a/b"),
        ("100%", "100%"),
        ("100%25", "100%"),
        ("5%-sample.csv", "5%-sample.csv"),
        ("größe/图.png", "größe/图.png"),
        ("gr%C3%B6%C3%9Fe", "größe"),
        ("🙂/مرحبا.txt", "🙂/مرحبا.txt"),
        (".hidden", ".hidden"),
        ("...", "..."),
        ("a..b", "a..b"),
        ("x?y&z=1+1", "x?y&z=1+1"),
        ("time 12:30.log", "time 12:30.log"),
        ("x" * 255, "x" * 255),
    ],
)
def test_an_ordinary_name_is_kept_decoded(text, path):
    assert str(ArtifactPath.parse(text)) == path


def test_only_who_allows_it_gets_the_root():
    root = ArtifactPath.parse("", allow_root=True)

    assert root.is_root
    assert root == root.parent == ArtifactPath()
    assert (root.name, str(root)) == ("", "")


def test_a_path_is_taken_apart_and_put_together():
    path = ArtifactPath.parse("7/artifacts") / "plots/loss.png"

    assert str(path) == "7/artifacts/plots/loss.png"
    assert path.name == "loss.png"
    assert str(path.parent) == "7/artifacts/plots"
    assert str(path.relative_to(ArtifactPath.parse("7/artifacts"))) == "plots/loss.png"


def test_a_path_is_relative_only_to_what_holds_it():
    with pytest.raises(ValueError, match="is not inside"):
        ArtifactPath.parse("78/x").relative_to(ArtifactPath.parse("7"))


@pytest.mark.parametrize("below", ["..", "../x", "/x", "", "%2e%2e"])
def test_joining_cannot_climb(below):
    with pytest.raises(UnsafePath):
        ArtifactPath.parse("7") / below


@pytest.mark.parametrize("parts", [("..",), ("a/b",), ("",), ("a%20b",), ("C:", "x")])
def test_no_way_of_making_a_path_goes_past_the_rules(parts):
    with pytest.raises(UnsafePath):
        ArtifactPath(parts)


def test_joined_paths_have_one_limit_together():
    long = ArtifactPath.parse("/".join(["x" * 250] * 12))

    with pytest.raises(UnsafePath, match="more than 4096 bytes"):
        long / long


def test_a_long_path_is_shortened_in_the_message():
    with pytest.raises(UnsafePath) as refusal:
        ArtifactPath.parse("../" + "x" * 5000)

    assert len(refusal.value.message) < 200
