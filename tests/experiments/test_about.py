import pytest

from experiments.actions import delete_experiment, set_tag
from runs.actions.views import save_view
from tests.support.factories import make_experiment, make_run


def about(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/about/"


def test_about_says_what_an_experiment_is_for_and_how_to_log_to_it(client, db):
    experiment = make_experiment(
        "churn",
        team="growth",
        **{
            "mlflow.note.content": "# Who leaves\n\n**Soon** <script>x</script>",
            "mlflow.experiment.primaryMetric.name": "loss",
            "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
        },
    )
    make_run(experiment, metrics={"loss": 0.25})
    make_run(experiment, metrics={"loss": 0.5}, status="RUNNING")
    view = save_view(
        workspace=experiment.workspace,
        experiment=experiment,
        name="losses",
        query="q=a",
        is_default=True,
    )

    text = client.get(about(experiment)).text

    assert "<strong>Soon</strong>" in text
    assert "<script>x" not in text
    assert "growth" in text
    assert "lower is better" in text
    assert ">0.2500<" in text
    assert "1 running" in text
    assert '<code class="break">seed</code>' in text
    assert f"?view={view.slug}" in text
    assert "mlflow.set_experiment(&quot;churn&quot;)" in text
    assert "mlflow.note" not in text


def test_an_experiment_of_which_nothing_is_said_says_where_to_write_it(client, db):
    experiment = make_experiment("bare")

    text = client.get(about(experiment)).text

    assert "None yet." in text
    assert "not chosen" in text
    assert f'/w/default/experiments/{experiment.pk}/settings/#id_description"' in text


def test_an_experiment_in_the_trash_is_about_something_but_takes_no_change(client, db):
    experiment = make_experiment("gone")
    set_tag(experiment, key="mlflow.note.content", value="What it was")
    delete_experiment(experiment)

    text = client.get(about(experiment)).text

    assert "What it was" in text
    assert "In Trash" in text
    assert "settings/" not in text
    assert "How to log here" not in text


def test_run_list_and_charts_lead_to_about(client, db):
    experiment = make_experiment()
    make_run(experiment, metrics={"a": [1, 2]})

    for page in ("", "charts/"):
        assert (
            f'href="{about(experiment)}"' in client.get(experiment.get_absolute_url() + page).text
        )


@pytest.mark.parametrize("key", ["99", "18446744073709551616"])
def test_about_what_is_not_there_is_not_found(client, db, key):
    assert client.get(f"/w/default/experiments/{key}/about/").status_code == 404
