import re

import pytest

from core.time import now_ms
from experiments.models import Experiment
from runs.actions.views import save_view
from runs.models import SavedView
from tests.support.factories import make_experiment, make_run

NEW = "/w/default/experiments/new/"


def settings_of(experiment: Experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/settings/"


def form(experiment: Experiment, **changes) -> dict:
    """What the page's form sends if nothing but ``changes`` is typed."""
    return {
        "name": experiment.name,
        "replicate_keys": experiment.replicate_keys,
        "stalled_after_minutes": experiment.stalled_after_minutes,
    } | changes


def make_view(experiment: Experiment, name: str, **kwargs) -> SavedView:
    return save_view(
        workspace=experiment.workspace, experiment=experiment, name=name, query="q=a", **kwargs
    )


def test_replicate_keys_are_kept_one_a_line_and_groups_use_them(client, db):
    experiment = make_experiment()
    for fold in ("1", "2"):
        for lr in ("0.1", "0.2"):
            make_run(experiment, params={"lr": lr, "fold": fold})

    client.post(
        settings_of(experiment), form(experiment, replicate_keys=" fold \r\n\r\nseed\nfold")
    )

    experiment.refresh_from_db()
    assert experiment.replicate_keys == "fold\nseed"
    assert "All but fold" in client.get(experiment.get_absolute_url()).text
    assert ">\nfold\nseed</textarea>" in client.get(settings_of(experiment)).text


def test_an_experiment_can_be_without_replicate_keys_and_without_a_primary_metric(client, db):
    experiment = make_experiment(
        **{
            "mlflow.experiment.primaryMetric.name": "loss",
            "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
        }
    )

    client.post(settings_of(experiment), form(experiment, replicate_keys="", primary_metric=""))

    experiment.refresh_from_db()
    assert experiment.replicate_keys == ""
    assert experiment.primary_metric == ""
    assert experiment.primary_direction == "higher"
    assert not experiment.tags.filter(key__contains="primaryMetric").exists()


def test_the_table_of_metrics_says_what_is_known_of_each_and_keeps_what_is_chosen(client, db):
    experiment = make_experiment()
    make_run(experiment, metrics={"acc": 0.5, "cost": 2.0, "system/cpu": 1.0})
    experiment.refresh_from_db()

    shown = client.get(settings_of(experiment)).text
    client.post(
        settings_of(experiment),
        form(
            experiment,
            metric=["acc", "cost", "later", ""],
            better=["", "lower", "neither", ""],
            format=["percent 1", "", "", ""],
        ),
    )

    assert re.findall(r'name="metric" value="(.*?)"', shown) == ["acc", "cost", ""]
    assert "Higher, by the name" in shown
    experiment.refresh_from_db()
    assert experiment.metric_settings == {
        "acc": {"format": "percent 1"},
        "cost": {"better": "lower"},
        "later": {"better": "neither"},
    }
    assert "50.0 %" in client.get(experiment.get_absolute_url(), {"cols": "m.acc"}).text


def test_what_is_not_in_the_table_is_kept_and_automatic_forgets(client, db):
    experiment = make_experiment()
    experiment.metric_settings = {"a": {"better": "lower"}, "b": {"format": "decimals 2"}}
    experiment.save()

    client.post(settings_of(experiment), form(experiment, metric=["a"], better=[""], format=[""]))

    experiment.refresh_from_db()
    assert experiment.metric_settings == {"b": {"format": "decimals 2"}}


def test_the_primary_metrics_direction_is_said_once(client, db):
    experiment = make_experiment()

    client.post(
        settings_of(experiment),
        form(
            experiment,
            primary_metric="x",
            primary_direction="lower",
            metric=["x"],
            better=["higher"],
            format=["decimals 3"],
        ),
    )

    experiment.refresh_from_db()
    assert experiment.primary_direction == "lower"
    assert experiment.metric_settings == {"x": {"format": "decimals 3"}}
    assert "as said above" in client.get(settings_of(experiment)).text


def test_an_experiment_opens_with_the_view_that_its_settings_choose(client, db):
    experiment = make_experiment()
    old, new = make_view(experiment, "old", is_default=True), make_view(experiment, "new")

    shown = client.get(settings_of(experiment)).text
    client.post(settings_of(experiment), form(experiment, default_view=new.slug))
    opened = client.get(experiment.get_absolute_url())
    client.post(settings_of(experiment), form(experiment, default_view=""))

    assert f'<option value="{old.slug}" selected>' in shown
    assert f"saved={new.slug}" in opened.url
    assert not SavedView.objects.filter(is_default=True).exists()


def test_a_run_is_stalled_when_its_experiment_says_so(client, db):
    patient, other = make_experiment("patient"), make_experiment("other")
    client.post(settings_of(patient), form(patient, stalled_after_minutes="60"))
    hour = 3_600_000
    for name, experiment, ago in [
        ("slow", patient, hour // 2), ("dead", patient, 2 * hour), ("quiet", other, hour // 2)
    ]:  # fmt: skip
        make_run(experiment, name, status="RUNNING", start_time=now_ms() - ago)

    listed = client.get("/w/default/runs/").text
    found = client.get("/w/default/runs/", {"health": "stalled"}).text

    assert listed.count(">Stalled<") == 2
    assert re.findall(r"Tick (\w+)<", found) == ["quiet", "dead"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": ""}, "#id_name", "This field is required."),
        ({"replicate_keys": "a$"}, "#id_replicate_keys", "can be no hyperparameter"),
        ({"replicate_keys": "\n".join(map(str, range(51)))}, "#id_replicate_keys", "At most 50"),
        ({"stalled_after_minutes": "0"}, "#id_stalled_after_minutes", "greater than or equal"),
        ({"stalled_after_minutes": "10081"}, "#id_stalled_after_minutes", "less than or equal"),
        ({"stalled_after_minutes": "soon"}, "#id_stalled_after_minutes", "whole number"),
        ({"default_view": "gone"}, "#id_default_view", "not one of the available choices"),
        ({"tag_key": ["a$"], "tag_value": ["1"]}, "#tag-1", "Letters, digits"),
        ({"metric": ["a$"], "better": [""], "format": [""]}, "#metric-1", "Letters, digits"),
        ({"metric": ["a", "a"], "better": ["", ""], "format": ["", ""]}, "#metric-2", "twice"),
        ({"metric": [""], "better": ["lower"], "format": [""]}, "#metric-1", "Which metric?"),
        ({"metric": ["a"], "better": ["up"], "format": [""]}, "#metric-1", "higher, lower or"),
        ({"metric": ["a"], "better": [""], "format": ["x 3"]}, "#metric-1", "no such number"),
        ({"metric": ["a\x00"], "better": [""], "format": [""]}, "#metric-1", "Letters, digits"),
    ],
)
def test_a_fault_is_said_above_and_beside_its_field_and_nothing_is_saved(
    client, db, changes, field, words
):
    experiment = make_experiment()

    response = client.post(settings_of(experiment), form(experiment, description="new") | changes)

    assert response.status_code == 422
    summary, _, rest = response.text.partition("error-summary")[2].partition("</div>")
    assert f'href="{field}"' in summary
    assert words in summary
    assert f'id="{field[1:]}"' in rest
    assert words in rest
    assert ">\nnew</textarea>" in rest
    experiment.refresh_from_db()
    assert not experiment.tags.exists()
    assert experiment.replicate_keys == "seed"
    assert experiment.metric_settings == {}


def test_rows_are_added_without_javascript_and_nothing_that_was_typed_is_lost(client, db):
    experiment = make_experiment()
    typed = form(
        experiment,
        description="half",
        metric=["x"],
        better=["lower"],
        format=[""],
        add_metric="1",
        primary_metric="y",
    )

    text = client.post(settings_of(experiment), typed).text

    assert re.findall(r'name="metric" value="(.*?)"', text) == ["x", ""]
    assert 'value="lower" selected' in text
    assert ">\nhalf</textarea>" in text
    assert 'value="y"' in text
    assert not experiment.tags.exists()


def test_a_new_experiment_says_its_replicate_keys_and_where_its_files_go(client, db):
    client.post(
        NEW,
        {"name": "far", "replicate_keys": "fold", "artifact_location": "s3://bucket/there"},
    )

    experiment = Experiment.objects.get(name="far")
    assert experiment.replicate_keys == "fold"
    assert experiment.artifact_location == "s3://bucket/there"


@pytest.mark.parametrize(
    "location", ["http://elsewhere/x", "runs:/abc", "s3://b/../c", "x" * 2049, "file:///a#b"]
)
def test_a_place_where_files_cannot_go_is_refused_beside_the_field(client, db, location):
    response = client.post(NEW, {"name": "far", "artifact_location": location})

    assert response.status_code == 422
    assert 'href="#id_artifact_location"' in response.text
    assert re.search(r'<details class="advanced" open>', response.text)
    assert not Experiment.objects.filter(name="far").exists()


def test_settings_of_an_experiment_in_the_trash_change_nothing_and_say_so(client, db):
    experiment = make_experiment()
    client.post(f"/w/default/experiments/{experiment.pk}/move-to-trash/")

    response = client.post(settings_of(experiment), form(experiment, name="other"))

    assert response.status_code == 422
    assert "must be in the &#x27;active&#x27; state" in response.text
    experiment.refresh_from_db()
    assert experiment.name == "an experiment"
