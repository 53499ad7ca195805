"""Output files: the tree, what is shown of a file, and the file itself."""

import io
import json
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Experiment
from runs.actions.logged_models import create_logged_model
from runs.files import artifact_store
from runs.models import Run
from tests.runs.logged import make_experiment, make_run, write_file

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
MLMODEL = """\
flavors:
  python_function:
    loader_module: mlflow.sklearn
  sklearn:
    sklearn_version: 1.9.1
mlflow_version: 3.17.2
model_size_bytes: 2612
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "string",
    "name": "region", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
utc_time_created: '2026-11-24 08:33:44.459609'
"""


@pytest.fixture
def experiment(db) -> Experiment:
    return make_experiment("churn")


@pytest.fixture
def run(experiment) -> Run:
    return make_run(experiment)


@pytest.fixture
def show(client, run):
    """The page of one of the run's output files."""

    def show(path: str, **query: str) -> str:
        response = client.get(f"/w/default/runs/{run.run_id}/artifacts/{path}", query)
        assert response.status_code == 200
        return response.text

    return show


@pytest.fixture
def fetch(client, run):
    """One of the run's output files itself."""

    def fetch(path: str, query: str = "", **headers: str):
        address = f"/w/default/runs/{run.run_id}/raw/{path}{query}"
        return client.get(address, headers=headers)

    return fetch


def preview_in(page: str) -> str:
    return page[page.index('id="file-shown"') :]


def tree_in(page: str) -> str:
    return page[page.index('<nav class="tree"') : page.index('id="file-shown"')]


# ------------------------------------------------------------------ the tree


def test_the_folders_on_the_way_are_open_and_the_others_closed(run, show):
    for path in ["a/one.txt", "a/b/two.txt", "c/three.txt", "four.txt"]:
        write_file(run, path, "x")

    tree = tree_in(show("a/b/two.txt"))

    for name in ["one.txt", "two.txt", "four.txt", ">c<"]:
        assert name in tree
    assert "three.txt" not in tree
    assert f'href="/w/default/runs/{run.run_id}/artifacts/c"' in tree
    assert tree.count('aria-current="true"') == 1


def test_a_folder_lists_what_is_in_it_with_sizes(run, show):
    write_file(run, "plots/big.bin", b"x" * 1500)

    page = preview_in(show("plots"))

    assert "big.bin" in page
    assert "1.5 kB" in page
    assert f'href="/w/default/runs/{run.run_id}/raw/plots"' in page


def test_a_large_folder_is_paged_and_the_tree_says_what_it_leaves_out(run, show, monkeypatch):
    monkeypatch.setattr("runs.browse.ENTRIES_PER_PAGE", 10)
    monkeypatch.setattr("runs.browse.MAX_TREE_ENTRIES", 5)
    for number in range(25):
        write_file(run, f"many/{number:02d}.txt", "x")

    page = show("many", page="2")

    assert "11–20 of 25" in page
    assert "15.txt" in preview_in(page)
    assert "05.txt" not in preview_in(page)
    assert "and 20 more" in tree_in(page)
    # The one that is looked at shows in the tree, however many there are.
    assert "24.txt" in tree_in(show("many/24.txt"))


def test_a_very_deep_file_shows_the_folders_nearest_to_it(run, show):
    path = "/".join(["deep"] * 200 + ["x.txt"])
    write_file(run, path, "at the bottom")

    page = show(path)

    assert "at the bottom" in page
    assert "…/deep" in tree_in(page)


def test_a_run_without_files_says_what_would_show(client, run):
    page = client.get(f"/w/default/runs/{run.run_id}/artifacts/").text

    assert "No output files" in page


def test_files_that_are_elsewhere_are_said_to_be_there(client, run):
    Run.objects.filter(pk=run.pk).update(artifact_uri="s3://bucket/1/artifacts")

    page = client.get(f"/w/default/runs/{run.run_id}/artifacts/").text
    answer = client.get(f"/w/default/runs/{run.run_id}/raw/x")

    assert "s3://bucket/1/artifacts" in page
    assert "does not read" in page
    assert answer.status_code == 404


def test_htmx_gets_the_files_alone(client, run):
    write_file(run, "notes.txt", "hello")

    address = f"/w/default/runs/{run.run_id}/artifacts/notes.txt"
    response = client.get(address, headers={"HX-Request": "true"})

    assert response.text.lstrip().startswith('<section class="panel" id="files"')
    assert "hello" in response.text
    assert "HX-Request" in response.headers["Vary"]


def test_files_of_a_logged_model_show_as_the_folder_of_its_name(client, experiment, run, show):
    model = create_logged_model(experiment=experiment, name="forest", source_run_id=run.run_id)
    write_file(model, "MLmodel", MLMODEL)
    write_file(run, "plot.txt", "x")

    assert "forest" in tree_in(show(""))
    assert "sklearn" in preview_in(show("forest"))
    answer = client.get(f"/w/default/runs/{run.run_id}/raw/forest/MLmodel")
    assert b"".join(answer.streaming_content).decode() == MLMODEL


def test_a_file_of_the_run_hides_a_logged_model_of_the_same_name(experiment, run, show):
    model = create_logged_model(experiment=experiment, name="model", source_run_id=run.run_id)
    write_file(model, "of-the-model.txt", "x")
    write_file(run, "model/of-the-run.txt", "x")

    page = show("model")

    assert "of-the-run.txt" in page
    assert "of-the-model.txt" not in page


def test_more_files_do_not_mean_more_queries(client, run):
    write_file(run, "one.txt", "x")
    address = f"/w/default/runs/{run.run_id}/artifacts/one.txt"

    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(30):
        write_file(run, f"f{number}.txt", "x")
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    with CaptureQueriesContext(connection) as part:
        client.get(address, headers={"HX-Request": "true"})

    # The run, its logged models, its tags, the newer and the older run.
    assert len(few) == len(many) == 5, [query["sql"] for query in many]
    # The run and its logged models.
    assert len(part) == 2


# ------------------------------------------------------------------ what is shown of a file


@pytest.mark.parametrize("name", ["plot.png", "photo.JPG", "drawing.svg"])
def test_a_picture_is_shown_in_place(run, show, name):
    write_file(run, name, b"x")

    assert f'<img src="/w/default/runs/{run.run_id}/raw/{name}"' in show(name)


def test_code_is_shown_by_lines_in_colors(run, show):
    write_file(run, "train.py", '# why\nprint("<b>")\n')

    page = preview_in(show("train.py"))

    assert page.count('<span class="line">') == 2
    assert '<span class="c"># why</span>' in page
    assert "&lt;b&gt;" in page


def test_a_csv_is_shown_as_a_table_with_numbers_to_the_right(run, show):
    write_file(run, "scores.csv", 'name,score\n"a, ""b""",0.5\nc,\n' + f"{SCRIPT},2\n")

    page = preview_in(show("scores.csv"))

    assert '<th scope="col">name</th><th scope="col" class="number">score</th>' in page
    assert "<td>a, &quot;b&quot;</td>" in page
    assert '<td class="number">0.5</td>' in page
    assert SCRIPT not in page


@pytest.mark.parametrize(
    ("name", "content"), [("t.tsv", "a\tb\n1\t2\n"), ("t.csv", "a;b\n1;2\n"), ("t.csv", "a|b\n1|2")]
)
def test_other_delimiters_are_understood(run, show, name, content):
    write_file(run, name, content)

    assert '<td class="number">2</td>' in show(name)


def test_of_a_long_csv_the_first_rows_are_shown_and_said_to_be_the_first(run, show):
    write_file(run, "long.csv", "n\n" + "\n".join(f"row{i}" for i in range(300)))

    page = show("long.csv")

    assert "<td>row199</td>" in page
    assert "<td>row200</td>" not in page
    assert "These are the first 200 rows." in page


def test_json_is_shown_in_order(run, show):
    write_file(run, "metrics.json", '{"b": [1,2], "a": NaN}')

    page = preview_in(show("metrics.json"))

    assert page.count('<span class="line">') == 7
    assert page.index("&quot;b&quot;") < page.index("&quot;a&quot;")
    assert "NaN" in page


def test_a_table_that_mlflow_logged_as_json_is_shown_as_a_table(run, show):
    table = {"columns": ["question", "score"], "data": [["why?", 0.5], ["how?", 1]]}
    write_file(run, "eval.json", json.dumps(table))

    page = preview_in(show("eval.json"))

    assert "<td>why?</td>" in page
    assert '<td class="number">0.5</td>' in page


def test_markdown_is_shown_without_scripts(run, show):
    write_file(run, "README.md", f"# Hello\n\n{SCRIPT} [x](javascript:alert(1)) **bold**")

    page = preview_in(show("README.md"))

    assert "<strong>bold</strong>" in page
    assert SCRIPT not in page
    assert 'href="javascript:' not in page


def test_a_page_is_shown_in_a_frame_without_rights(run, show):
    write_file(run, "report.html", SCRIPT)

    page = show("report.html")

    assert f'src="/w/default/runs/{run.run_id}/raw/report.html?frame=1" sandbox ' in page
    assert "allow-" not in page
    assert SCRIPT not in page


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("weights.bin", b"\0\1\2", "There is no preview"),
        ("model.pkl", b"\x80\x04\x95\x00", "There is no preview"),
        ("lies.csv", b"\0\1\2", "There is no preview"),
        ("lies.json", b"{", "{"),
        ("lies.csv", b'"never closed', "never closed"),
        ("empty.txt", b"", "The file is empty."),
        ("doc.pdf", b"%PDF", "Open in a new tab"),
        ("sound.wav", b"x", "<audio"),
        ("film.mp4", b"x", "<video"),
        ("noending", b"plain words", "plain words"),
        ("latin.txt", "caf\xe9".encode("latin-1"), "caf\ufffd"),
        ("wide.txt", "caf\xe9".encode("utf-16"), "caf\xe9"),
        ("deep.json", b"[" * 100_000, "[[["),
        ("digits.json", b"1" * 5000, "1111"),
        ("surrogate.json", b'["\\ud800"]', "ud800"),
        ("MLmodel", b"- a model", "model<"),
        ("MLmodel", b"flavors: &a [*a]", "flavors"),
    ],
)
def test_whatever_a_file_holds_there_is_a_page(run, show, name, content, said):
    write_file(run, name, content)

    assert said in preview_in(show(name))


def test_of_a_large_text_the_first_megabyte_is_shown(run, show):
    write_file(
        run, "train.log", "first\n" + "x" * 79 + "\n" * 1 + ("y" * 79 + "\n") * 20_000 + "last"
    )

    page = show("train.log")

    assert "first" in page
    assert "last\n" not in page
    assert "This is the first megabyte." in page


def test_a_file_beyond_what_a_page_shows_is_offered_for_download(run, show, monkeypatch):
    monkeypatch.setattr("runs.previews.MAX_PREVIEW_BYTES", 10)
    write_file(run, "big.txt", "x" * 11)

    page = show("big.txt")

    assert "A page shows files up to 50 MB." in page
    assert "raw/big.txt?download=1" in page


def test_a_model_folder_shows_flavors_signature_and_how_to_load_it(run, show):
    write_file(run, "model/MLmodel", MLMODEL)
    write_file(run, "model/requirements.txt", "mlflow==3.17.2\nscikit-learn==1.9.1\n")

    page = preview_in(show("model"))

    for text in [
        "sklearn",
        "2.6 kB",
        "age",
        "double",
        "region",
        "optional",
        "float64 (any)",
        "1.9.1",
    ]:
        assert text in page
    assert f"mlflow.pyfunc.load_model(&quot;runs:/{run.run_id}/model&quot;)" in page
    assert "scikit-learn==1.9.1" in page


def test_the_files_beside_a_file_are_one_click_away(run, show):
    for name in ["a.png", "b.png", "c.png"]:
        write_file(run, f"plots/{name}", b"x")

    page = preview_in(show("plots/b.png"))

    assert page.index("Previous: a.png") < page.index("Next: c.png")


# ------------------------------------------------------------------ the file itself


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("plot.png", "image/png", "inline"),
        ("train.py", "text/plain; charset=utf-8", "inline"),
        ("page.js", "text/plain; charset=utf-8", "inline"),
        ("page.xml", "text/plain; charset=utf-8", "inline"),
        ("doc.pdf", "application/pdf", "inline"),
        ("report.html", "text/html", "attachment"),
        ("report.htm", "text/html", "attachment"),
        ("drawing.svg", "image/svg+xml", "attachment"),
        ("weights.bin", "application/octet-stream", "attachment"),
    ],
)
def test_what_could_act_as_a_page_is_saved(run, fetch, name, media_type, kind):
    write_file(run, name, SCRIPT)

    response = fetch(name)

    assert response.headers["Content-Type"] == media_type
    assert response.headers["Content-Disposition"] == f"{kind}; filename={name}"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert b"".join(response.streaming_content).decode() == SCRIPT


def test_a_page_comes_into_a_frame_with_no_rights_at_all(run, fetch):
    write_file(run, "report.html", SCRIPT)

    response = fetch("report.html", "?frame=1")

    policy = response.headers["Content-Security-Policy"].split("; ")
    assert response.headers["Content-Disposition"] == "inline; filename=report.html"
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert not any("script" in rule for rule in policy)


@pytest.mark.parametrize("query", ["?download=1", "?download=1&frame=1"])
def test_what_is_to_be_downloaded_is_saved(run, fetch, query):
    write_file(run, "report.html", "x")
    write_file(run, "notes.txt", "x")

    for name in ["report.html", "notes.txt"]:
        assert fetch(name, query).headers["Content-Disposition"].startswith("attachment")


def test_a_frame_is_for_pages_only(run, fetch):
    write_file(run, "drawing.svg", SCRIPT)

    answer = fetch("drawing.svg", "?frame=1")

    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_part_of_a_file_can_be_asked_for(run, fetch):
    write_file(run, "film.mp4", b"0123456789")

    part = fetch("film.mp4", Range="bytes=2-5")
    beyond = fetch("film.mp4", Range="bytes=20-")

    assert part.status_code == 206
    assert b"".join(part.streaming_content) == b"2345"
    assert part.headers["Content-Range"] == "bytes 2-5/10"
    assert beyond.status_code == 416


def test_an_unchanged_file_is_not_sent_again(run, fetch):
    write_file(run, "plot.png", b"x")
    tag = fetch("plot.png").headers["ETag"]

    assert fetch("plot.png", **{"If-None-Match": tag}).status_code == 304
    write_file(run, "plot.png", b"other")
    assert fetch("plot.png", **{"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("address", "names"),
    [("raw/model", {"MLmodel", "data/x.bin"}), ("raw/", {"model/MLmodel", "model/data/x.bin"})],
)
def test_a_folder_is_downloaded_as_a_zip(client, run, address, names):
    write_file(run, "model/MLmodel", "x")
    write_file(run, "model/data/x.bin", b"\0" * 1000)

    response = client.get(f"/w/default/runs/{run.run_id}/{address}")
    content = b"".join(response.streaming_content)

    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert set(zipfile.ZipFile(io.BytesIO(content)).namelist()) == names


def test_the_zip_of_a_run_holds_its_logged_models(client, experiment, run):
    model = create_logged_model(experiment=experiment, name="forest", source_run_id=run.run_id)
    write_file(model, "MLmodel", MLMODEL)
    write_file(run, "plot.txt", "x")

    response = client.get(f"/w/default/runs/{run.run_id}/raw/")

    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert set(archive.namelist()) == {"forest/MLmodel", "plot.txt"}


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a b.txt", "a%20b.txt"),
        ("100%.txt", "100%25.txt"),
        ("what?.txt", "what%3F.txt"),
        ("a&b=c;d.txt", "a&b=c;d.txt"),
        ("日本語 ünï.txt", "%E6%97%A5%E6%9C%AC%E8%AA%9E%20%C3%BCn%C3%AF.txt"),
        ("<b>'\".txt", "%3Cb%3E'%22.txt"),
        ("plus+plus.txt", "plus+plus.txt"),
        ("..hidden", "..hidden"),
    ],
)
def test_odd_names_can_be_looked_at_and_fetched(client, run, name, quoted):
    write_file(run, f"odd/{name}", "what is in it")

    listing = client.get(f"/w/default/runs/{run.run_id}/artifacts/odd").text
    page = client.get(f"/w/default/runs/{run.run_id}/artifacts/odd/{quoted}")
    raw = client.get(f"/w/default/runs/{run.run_id}/raw/odd/{quoted}")

    href = quoted.replace("&", "&amp;").replace("'", "&#x27;")
    assert f'href="/w/default/runs/{run.run_id}/artifacts/odd/{href}"' in listing
    assert "what is in it" in page.text
    assert b"".join(raw.streaming_content) == b"what is in it"
    assert "\n" not in raw.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "path",
    [
        "../{other}/artifacts/secret.txt",
        "../../{other}/artifacts/secret.txt",
        "..%2f{other}%2fartifacts%2fsecret.txt",
        "%2e%2e/{other}/artifacts/secret.txt",
        "%2e%2e%2f{other}%2fartifacts%2fsecret.txt",
        "%252e%252e%252f{other}%252fartifacts%252fsecret.txt",
        "%25252e%25252e%25252f{other}/artifacts/secret.txt",
        "..%5c{other}%5cartifacts%5csecret.txt",
        "..\\{other}\\artifacts\\secret.txt",
        "own/../../../{other}/artifacts/secret.txt",
        "./../{other}/artifacts/secret.txt",
        "{root}/1/{other}/artifacts/secret.txt",
        "%2f{root}/1/{other}/artifacts/secret.txt",
        "//{root}/1/{other}/artifacts/secret.txt",
        "C:/{other}/artifacts/secret.txt",
        "own/%00/../secret.txt",
        "own/secret.txt%00.png",
        "own//secret.txt",
        "own/./secret.txt",
        "own%23/../secret.txt",
        "%23/secret.txt",
        "%c0%ae%c0%ae/{other}/artifacts/secret.txt",
        "{long}",
        "%ff",
    ],
)
@pytest.mark.parametrize("page", ["raw", "artifacts"])
def test_no_path_leads_to_the_files_of_another_run(client, experiment, run, path, page):
    other = make_run(experiment, files={"secret.txt": "another's secret"})
    write_file(run, "own/file.txt", "x")
    root = str(artifact_store().root).lstrip("/")
    path = path.format(other=other.run_id, root=root, long="a/" * 3000)

    response = client.get(f"/w/default/runs/{run.run_id}/{page}/{path}")

    assert response.status_code in {400, 404}
    assert "another's secret" not in response.text


def test_a_link_that_leads_out_is_not_followed(client, run, tmp_path):
    (tmp_path / "secret.txt").write_text("a secret")
    write_file(run, "own/file.txt", "x")
    folder = next(artifact_store().root.glob(f"**/{run.run_id}/artifacts/own"))
    (folder / "link").symlink_to(tmp_path)

    listing = client.get(f"/w/default/runs/{run.run_id}/artifacts/own")
    answer = client.get(f"/w/default/runs/{run.run_id}/raw/own/link/secret.txt")
    archive = client.get(f"/w/default/runs/{run.run_id}/raw/own")

    assert ">link<" not in listing.text
    assert answer.status_code == 400
    assert b"a secret" not in b"".join(archive.streaming_content)


def test_a_file_that_is_not_there_is_a_page_that_says_so(client, run):
    for page in ["raw", "artifacts"]:
        response = client.get(f"/w/default/runs/{run.run_id}/{page}/no/such.txt")

        assert response.status_code == 404
        assert "No such artifact" in response.text
        assert "<h1>" in response.text
