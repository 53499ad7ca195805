"""A comparison as one file."""

import re

import pytest

from runs.actions.runs import delete_run
from tests.support.factories import make_experiment, make_run

DOWNLOAD = "/w/default/compare/download.html"


@pytest.fixture
def runs(db):
    experiment = make_experiment("churn")
    return [
        make_run(
            experiment,
            f"run {i}",
            params={"lr": str(i % 2), "seed": str(i)},
            metrics={"acc": 0.5 + i / 10, "loss": [1.0, 0.5 - i / 20]},
            start_time=i,
        )
        for i in range(4)
    ]


def download(client, runs, **query):
    response = client.get(DOWNLOAD, {"runs": ",".join(run.run_id for run in runs), **query})
    assert response.status_code == 200
    return response


def test_everything_is_in_the_file(client, runs):
    response = download(client, runs)

    assert response["Content-Disposition"] == "attachment; filename=comparison.html"
    text = response.text
    assert "run 3 is best on acc" in text
    assert text.count('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640') == 2
    assert text.count('class="forest"') == 2
    assert '<th scope="row">lr' in text
    assert ".compare-table" in text


def test_the_file_asks_for_nothing(client, runs):
    delete_run(runs[1])

    text = download(client, runs).text

    assert not re.search(r"<(script|link|img|iframe|source)\b", text)
    assert not re.search(r"\ssrc(set)?=|@import|url\((?!#)", text)
    # Icons are those that stand in the file; links lead back to the site, absolutely.
    uses = set(re.findall(r'<use href="([^"]*)"', text))
    assert uses
    assert all(f'id="{use.removeprefix("#")}"' in text for use in uses)
    links = re.findall(r'<a [^>]*href="([^"]*)"', text)
    assert all(link.startswith(("http://testserver/", "#")) for link in links)


def test_names_are_text_in_the_file_too(client, runs):
    odd = "</style><script>alert(1)</script>"
    run = make_run(runs[0].experiment, odd, params={"p": odd}, metrics={"acc": 1.0})

    text = download(client, [runs[0], run]).text

    assert "<script>" not in text
    assert text.count("</style>") == 1


def test_a_file_of_many_runs_says_what_it_leaves_out(client, runs):
    more = [make_run(runs[0].experiment, f"more {i}", metrics={"acc": i}) for i in range(52)]
    kept = client.post("/w/default/compare/select/", {"run": [run.run_id for run in more]})

    text = client.get(f"{kept['Location'].rstrip('?')}download.html").text

    assert "1–50 of 52 runs" in text


@pytest.mark.parametrize("query", ["", "?runs=nothing"])
def test_without_runs_there_is_no_file(client, db, query):
    response = client.get(DOWNLOAD + query)

    assert "Choose runs" in response.text
    assert "Content-Disposition" not in response
