"""The panel beside a run list that shows one run."""

import re
from html import unescape

import pytest

from runs.actions.runs import delete_run, set_tag
from runs.files import run_store
from tests.support.factories import make_experiment, make_run

PART = {"HX-Request": "true", "HX-Target": "quick-look"}


@pytest.fixture
def experiment(db):
    return make_experiment("looks")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def panel(response) -> str:
    """The text of the panel; "" if it is closed."""
    found = re.search(r'<aside class="quick-look"[^>]*?( hidden)?>.*?</aside>', response.text, re.S)
    if found is None or found.group(1):
        return ""
    text = re.sub(r"<svg.*?</svg>", " ", found.group(0), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def link(response, name: str) -> str:
    """Where a button of the panel leads; "" if it leads nowhere."""
    found = re.search(rf'data-look="{name}"[^>]*? href="(.*?)"', response.text)
    return unescape(found.group(1)) if found else ""


def test_the_panel_has_what_tells_a_run_apart(client, experiment, url):
    make_run(experiment, params={"lr": "0.1", "batch": "32"})
    run = make_run(
        experiment,
        "looked at",
        params={"lr": "0.2", "batch": "32"},
        metrics={"accuracy": [0.5, 0.9, 0.7]},
        tags={"team": "vision", "mlflow.note.content": "It **worked**."},
        status="FAILED",
    )
    store, root = run_store(run)
    store.write(root / "figures" / "curve.png", [b"\x89PNG"])

    text = panel(response := client.get(url, {"look": run.run_id}))

    assert text.startswith("looked at")
    assert "Failed" in text
    assert "accuracy 0.7000 best 0.9000" in text
    assert "lr 0.2" in text
    assert "batch" not in text
    assert "team vision" in text
    assert "It worked ." in text
    assert f"/runs/{run.run_id}/raw/figures/curve.png" in response.text


def test_against_a_baseline_it_has_what_differs_and_by_how_much(client, experiment, url):
    base = make_run(
        experiment, "the base", params={"lr": "0.1", "batch": "32"}, metrics={"accuracy": 0.5}
    )
    run = make_run(
        experiment, params={"lr": "0.1", "batch": "64", "l2": "1"}, metrics={"accuracy": 0.75}
    )

    text = panel(client.get(url, {"look": run.run_id, "base": base.run_id}))

    assert "that differ from the base" in text
    assert "batch 64 32" in text
    assert "l2 1 – not logged" in text
    assert "lr" not in text
    assert "0.7500 +0.25 (+50 %) better" in text


def test_above_below_and_close_are_links_that_keep_the_list(client, experiment, url):
    first, second, third = (
        make_run(experiment, f"run {n}", start_time=1_700_000_000_000 - n) for n in range(3)
    )
    query = {"sort": "-start_time", "q": "run"}

    response = client.get(url, query | {"look": second.run_id})
    above = client.get(url.split("?")[0] + "?" + link(response, "up").partition("?")[2])

    assert panel(above).startswith("run 0")
    assert link(above, "up") == ""
    assert link(response, "down").endswith(f"look={third.run_id}")
    assert panel(client.get(link(response, "close"))) == ""
    assert "q=run" in link(response, "close")
    assert f"look={first.run_id}" in response.text


@pytest.mark.parametrize("run_id", ["gone", "f" * 32, "'; --", "\x00", "x" * 300])
def test_a_run_that_is_not_there_breaks_no_list(client, experiment, url, run_id):
    make_run(experiment, "listed")

    response = client.get(url, {"look": run_id})

    assert response.status_code == 200
    assert "No such run" in panel(response)
    assert "Tick listed" in response.text


def test_a_run_of_another_workspace_is_not_shown(client, experiment, url):
    make_run(experiment)
    other = make_run(make_experiment("theirs", workspace="elsewhere"), "secret")

    assert "No such run" in panel(client.get(url, {"look": other.run_id}))
    assert "secret" not in client.get(url, {"look": other.run_id}, headers=PART).text


def test_a_deleted_run_says_that_it_is_in_the_trash(client, experiment, url):
    make_run(experiment)
    run = make_run(experiment, "thrown away")
    delete_run(run)

    assert "in the Trash" in panel(client.get(url, {"look": run.run_id}))


def test_alone_it_is_read_with_the_same_few_queries_whatever_the_run_has(
    client, experiment, url, django_assert_num_queries
):
    small = make_run(experiment, params={"lr": "1"}, metrics={"loss": [1.0, 2.0]})
    many = make_run(
        experiment,
        "large",
        params={f"p{n}": str(n) for n in range(40)},
        metrics={f"m{n:02}": [1.0, float(n)] for n in range(40)},
        tags={f"t{n}": "x" for n in range(40)},
    )
    client.get(url, {"look": small.run_id}, headers=PART)

    # The experiment, the run, params, which of them vary, metrics, their courses, tags, models.
    with django_assert_num_queries(8):
        client.get(url, {"look": small.run_id}, headers=PART)
    # And how many metrics there are.
    with django_assert_num_queries(9):
        response = client.get(url, {"look": many.run_id}, headers=PART)

    assert '<table class="table table-pinned' not in response.text
    assert "All 40 metrics" in panel(response)
    assert "All 40" in panel(response)


def test_a_saved_view_keeps_the_list_and_not_the_run_that_was_looked_at(client, experiment, url):
    run = make_run(experiment)

    client.post(f"{url}views/new/?q=run&look={run.run_id}", {"name": "mine", "is_shared": "on"})

    assert [view.query for view in experiment.views.all()] == ["q=run"]


def test_a_run_has_its_color_and_the_list_of_all_runs_names_the_experiment(client, experiment):
    run = make_run(experiment)
    set_tag(run, key="mlflow.runColor", value="#a3006b")

    response = client.get("/w/default/runs/", {"look": run.run_id}, headers=PART)

    assert "looks" in panel(response)
    assert "#a3006b" in response.text
