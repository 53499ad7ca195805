"""The runs above a comparison: their colors, and what can be done to each."""

import pytest

from runs.actions.runs import delete_run
from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/"


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


def query(*runs, **more) -> dict:
    return {"runs": ",".join(run.run_id for run in runs), **more}


@pytest.mark.parametrize("tab", ["", "metrics/", "params/", "stats/"])
def test_the_color_that_a_run_was_given_wins_over_that_of_its_place(client, experiment, tab):
    plain = make_run(experiment, "plain", start_time=1, metrics={"acc": 0.5}, params={"lr": "1"})
    red = make_run(
        experiment,
        "red",
        start_time=2,
        metrics={"acc": 0.6},
        params={"lr": "2"},
        tags={"mlflow.runColor": "#d00000"},
    )

    page = client.get(f"{COMPARE}{tab}", query(plain, red)).text

    assert 'class="swatch run-color-1"' in page
    assert 'stroke="#d00000"' in page


@pytest.mark.parametrize("text", ["red", "#12", 'url("x")', ""])
def test_what_is_no_color_leaves_a_run_the_color_of_its_place(client, experiment, text):
    run = make_run(experiment, tags={"mlflow.runColor": text})

    page = client.get(COMPARE, query(run, make_run(experiment, "other"))).text

    assert "swatch-chosen" not in page


def test_the_run_that_people_tagged_is_the_baseline_until_another_is_asked_for(client, experiment):
    early = make_run(experiment, "early", start_time=1)
    tagged = make_run(experiment, "tagged", start_time=2, tags={"baseline": "true"})
    late = make_run(experiment, "late", start_time=3, tags={"baseline": "no"})

    def baseline(**more):
        return client.get(COMPARE, query(early, tagged, late, **more)).context["subject"].baseline

    assert baseline() == tagged
    assert baseline(base=late.run_id) == late
    assert baseline(base="nonsense") == tagged


def test_a_run_gets_another_name_and_color_and_the_same_tab_comes_back(client, experiment):
    run, other = (
        make_run(experiment, "a-run", start_time=1),
        make_run(experiment, "b", start_time=2),
    )
    chip = client.get(f"{COMPARE}metrics/", query(run, other, show="all")).context["frame"].chips[0]

    form = client.get(chip.change_url)
    sent = dict(form.context["pairs"]) | {"name": "better name", "color": "#D02E1E"}
    response = client.post(form.context["change_url"], sent, follow=True)

    assert response.redirect_chain[0][0].startswith(f"{COMPARE}metrics/?")
    assert response.context["address"].shows_all
    page = response.text
    assert "better name" in page
    assert response.context["subject"].colors == {run.pk: "#D02E1E"}

    client.post(form.context["change_url"], sent | {"color": ""})
    run.refresh_from_db()
    assert run.name == "better name"
    assert not run.tags.filter(key="mlflow.runColor").exists()


def test_a_color_of_a_clients_own_stays_one_of_the_choices(client, experiment):
    run = make_run(experiment, tags={"mlflow.runColor": "#123456"})

    form = client.get(f"{COMPARE}run/", query(run, id=run.run_id))

    assert 'value="#123456" id="id_color_9" checked' in form.text


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"name": ""}, "Give the name some text."),
        ({"name": "x" * 251}, "at most 250 characters"),
        ({"name": "fine", "color": "red"}, "Choose one of these colors."),
    ],
)
def test_what_makes_no_name_or_color_is_refused_beside_its_field(client, experiment, sent, reason):
    run = make_run(experiment, "kept")

    response = client.post(f"{COMPARE}run/", query(run, id=run.run_id, **sent))

    assert response.status_code == 422
    assert reason in response.text
    run.refresh_from_db()
    assert run.name == "kept"


@pytest.mark.parametrize("path", ["run/", "restore/", "direction/"])
def test_no_run_of_that_id_is_a_404(client, experiment, path):
    sent = {"id": "gone\0", "name": "x", "runs": "gone", "metric": "acc", "better": "higher"}

    assert client.post(f"{COMPARE}{path}", sent).status_code == 404


def test_a_run_in_the_trash_is_struck_through_and_restored_in_place(client, experiment):
    kept, gone = (
        make_run(experiment, "kept", start_time=1),
        make_run(experiment, "gone", start_time=2),
    )
    delete_run(gone)
    page = client.get(f"{COMPARE}params/", query(kept, gone))
    assert "<s>gone</s>" in page.text

    frame = page.context["frame"]
    sent = dict(frame.address.pairs) | {"tab": frame.tab, "id": gone.run_id}
    response = client.post(frame.restore_url, sent, follow=True)

    assert response.redirect_chain[0][0].startswith(f"{COMPARE}params/?runs=")
    assert "<s>" not in response.text
    assert "gone is restored." in response.text


def test_of_many_runs_twelve_stand_there_and_the_others_open(client, experiment):
    runs = [make_run(experiment, f"run-{place:02}", start_time=place) for place in range(13)]

    page = client.get(COMPARE, query(*runs)).text

    assert "12 of 13 runs" in page


def test_a_kept_comparison_changes_its_runs_in_place(client, experiment):
    runs = [make_run(experiment, f"run-{place:02}", start_time=place) for place in range(41)]
    kept = client.post(f"{COMPARE}select/", {"run": [run.run_id for run in runs]}, follow=True)
    chip = kept.context["frame"].chips[0]

    form = client.get(chip.change_url)
    sent = dict(form.context["pairs"]) | {"name": "renamed"}
    response = client.post(form.context["change_url"], sent, follow=True)

    assert response.redirect_chain[0][0].startswith(f"{COMPARE}s/")
    assert response.context["subject"].runs[0].name == "renamed"
