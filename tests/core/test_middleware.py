import gzip

import pytest

from tests.support.factories import make_experiment, make_run


def test_a_page_travels_compressed_and_an_api_answer_does_not(client, db):
    accepts = {"Accept-Encoding": "gzip"}

    page = client.get("/w/default/", headers=accepts)
    answer = client.get("/api/2.0/mlflow/experiments/get?experiment_id=0", headers=accepts)
    plain = client.get("/w/default/")

    assert page.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(page.content)
    assert "Content-Encoding" not in answer.headers
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in page.headers["Vary"]


def test_a_full_page_of_runs_stays_small(client, db):
    experiment = make_experiment("wide")
    for index in range(50):
        make_run(
            experiment,
            f"kind-owl-{index}",
            metrics={f"metric_{n}": index / (n + 1) for n in range(5)},
            params={f"param_{n}": f"{index}.{n}" for n in range(5)},
            start_time=index,
        )

    response = client.get(
        f"/w/default/experiments/{experiment.pk}/", headers={"Accept-Encoding": "gzip"}
    )

    assert len(response.content) < 25_000


@pytest.mark.parametrize("path", ["/w/default/", "/help/", "/nothing/", "/w/default/trash/"])
def test_every_page_says_what_a_browser_may_do_with_it(client, db, path):
    headers = client.get(path).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_what_breaks_is_logged_and_shown_with_a_reference_only(client, db, monkeypatch, caplog):
    def break_down(*args, **kwargs):
        raise RuntimeError("secret detail")

    client.raise_request_exception = False
    monkeypatch.setattr("runs.views.home.running_runs", break_down)

    response = client.get("/w/default/")

    assert response.status_code == 500
    assert "secret detail" not in response.text
    assert "secret detail" in caplog.text
    reference = response.headers["X-Request-Id"]
    assert caplog.records[0].getMessage().endswith(f"request {reference}")
    assert reference in response.text
