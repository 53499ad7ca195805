import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Unavailable
from experiments.actions import delete_experiment
from runs.actions.bulk import (
    TagChange,
    in_parts,
    put_tags_back,
    restore_runs,
    tag_runs,
    trash_runs,
    untag_runs,
)
from runs.actions.runs import delete_run
from runs.models import Run, RunKey, RunTag
from tests.runs.test_selection import make_runs, send, ticks
from tests.support.factories import make_experiment, make_run

MANY = 10_000


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def undo_url(page) -> str:
    return re.search(r'action="(/w/default/undo/[^"]+)"', page.text).group(1)


def tags(key: str) -> dict[str, str]:
    return dict(RunTag.objects.filter(key=key).values_list("run__name", "value"))


def many_runs(experiment) -> list[int]:
    runs = Run.objects.bulk_create(
        Run(experiment=experiment, name=f"n{index}", start_time=index) for index in range(MANY)
    )
    return [run.pk for run in runs]


def test_selected_runs_go_to_the_trash_and_come_back_with_undo(client, experiment, url):
    runs = make_runs(experiment, 3)
    there_already = make_run(experiment, "old")
    delete_run(there_already)

    response = send(client, url, shown=runs, ticked=runs[:2], do="trash", query="?sort=name&page=x")
    after = client.get(response.url)

    assert response.url == f"{url}?sort=name"
    assert "Moved 2 runs to Trash" in after.text
    assert Run.objects.active().count() == 1
    assert Run.objects.deleted().exclude(deleted_time=None).count() == 3

    back = client.post(undo_url(after))

    assert back.url == f"{url}?sort=name"
    page = client.get(back.url)
    assert "Restored 2 runs" in page.text
    assert ticks(page) == ["r1", "r2"]
    assert Run.objects.deleted().get().name == "old"


def test_undo_works_once_and_only_for_the_last_act_of_the_same_browser(
    client, experiment, url, django_user_model
):
    runs = make_runs(experiment, 2)
    send(client, url, ticked=runs[:1], do="trash")
    first = undo_url(client.get(url))
    send(client, url, ticked=runs[1:], do="trash")
    second = undo_url(client.get(url))
    stranger = type(client)()

    assert client.post(first).status_code == 404
    assert stranger.post(second).status_code == 404
    assert client.get(second).status_code == 405
    assert client.post(second).status_code == 302
    assert client.post(second).status_code == 404
    assert Run.objects.active().count() == 1


def test_a_tag_is_given_to_selected_runs_and_taken_back(client, experiment, url):
    runs = make_runs(experiment, 3)
    tag_runs([runs[0].pk], key="team", value="old")
    send(client, url, ticked=runs[:2])

    form = client.get(send(client, url, do="tag", query="?q=r").url)
    response = client.post(f"{url}selection/tag/?q=r", {"add-key": "team", "add-value": "vision"})

    assert "Tag 2 runs" in form.text
    assert response.url == f"{url}?q=r"
    assert tags("team") == {"r2": "vision", "r1": "vision"}
    assert RunKey.objects.get(kind="tag", name="team").varies

    page = client.get(response.url)
    assert "Tagged 2 runs with team" in page.text
    client.post(undo_url(page))
    assert tags("team") == {"r2": "old"}


def test_a_tag_is_taken_from_selected_runs_and_comes_back(client, experiment, url):
    runs = make_runs(experiment, 3)
    tag_runs([run.pk for run in runs], key="team", value="x")
    send(client, url, ticked=runs[:2])

    response = client.post(f"{url}selection/tag/", {"do": "remove", "remove-key": "team"})

    assert tags("team") == {"r0": "x"}
    client.post(undo_url(client.get(response.url)))
    assert tags("team") == {"r0": "x", "r1": "x", "r2": "x"}
    response = client.post(f"{url}selection/tag/", {"do": "remove", "remove-key": "nothing"})
    assert "None of the selected runs has a tag nothing." in client.get(response.url).text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"add-key": "", "add-value": "x"}, "Give the name some text."),
        ({"add-key": "mlflow.user", "add-value": "x"}, "kept for what MLflow writes itself"),
        ({"add-key": "../x", "add-value": "x"}, "A name may have letters"),
        ({"add-key": "x", "add-value": ""}, "Give the value some text."),
        ({"do": "remove", "remove-key": "mlflow.user"}, "kept for what MLflow writes itself"),
    ],
)
def test_a_tag_that_cannot_be_is_refused_beside_its_field(client, experiment, url, fields, reason):
    runs = make_runs(experiment, 1)
    send(client, url, ticked=runs)

    response = client.post(f"{url}selection/tag/", fields)

    assert response.status_code == 422
    assert reason in response.text
    assert RunTag.objects.exclude(key="mlflow.runName").count() == 0


@pytest.mark.parametrize("do", ["tag", "trash", "export:csv"])
def test_nothing_is_done_to_no_run(client, experiment, url, do):
    make_runs(experiment, 1)

    response = send(client, url, do=do)

    assert response.url == url
    assert "No run is selected." in client.get(url).text
    assert (
        client.post(f"{url}selection/tag/", {"add-key": "a", "add-value": "b"}).status_code == 400
    )


def test_the_tag_page_of_an_empty_selection_leads_back(client, experiment, url):
    assert "No run is selected" in client.get(f"{url}selection/tag/").text


def test_ten_thousand_runs_are_one_batch_of_a_few_statements(experiment):
    keys = many_runs(experiment)
    counts = {}

    def counted(name, verb, *args, **kwargs):
        with CaptureQueriesContext(connection) as seen:
            outcome = verb(*args, **kwargs)
        # SQLite's executemany is written once for each row, and is one statement.
        counts[name] = len({query["sql"][:60] for query in seen.captured_queries})
        return outcome

    assert len(counted("trash", trash_runs, keys)) == MANY
    assert len(counted("restore", restore_runs, keys)) == MANY
    change = counted("tag", tag_runs, keys, key="team", value="x")
    assert RunTag.objects.filter(key="team", value="x").count() == MANY
    counted("back", put_tags_back, change, key="team")
    assert RunTag.objects.filter(key="team").count() == 0
    tag_runs(keys, key="team", value="y")
    removed = counted("untag", untag_runs, keys, key="team")
    assert len(removed.old) == MANY
    put_tags_back(removed, key="team")
    assert RunTag.objects.filter(key="team", value="y").count() == MANY
    assert max(counts.values()) < 12


def test_verbs_leave_alone_what_they_cannot_be_done_to(experiment):
    active, trashed = make_run(experiment, "a"), make_run(experiment, "b")
    delete_run(trashed)

    assert trash_runs([active.pk, trashed.pk, 10**12]) == [active.pk]
    assert tag_runs([active.pk, trashed.pk], key="t", value="x").keys == []
    assert restore_runs([active.pk, trashed.pk]) == [active.pk, trashed.pk]
    assert untag_runs([active.pk], key="t").keys == []
    put_tags_back(TagChange([active.pk], {}), key="t")


def test_runs_of_an_experiment_in_the_trash_come_back_only_with_it(experiment):
    run = make_run(experiment)
    delete_experiment(experiment)

    assert restore_runs([run.pk]) == []


def test_in_an_experiment_in_the_trash_nothing_is_changed_and_that_is_said(client, experiment, url):
    runs = make_runs(experiment, 1)
    delete_experiment(experiment)
    send(client, url, ticked=runs)

    send(client, url, do="trash")
    assert "These runs are in the Trash already." in client.get(url).text
    client.post(f"{url}selection/tag/", {"add-key": "team", "add-value": "x"})
    assert "Runs in the Trash get no tags." in client.get(url).text
    assert tags("team") == {}


def test_all_that_match_are_tagged_trashed_and_exported_part_by_part_and_taken_back(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr("runs.actions.bulk.PART", 2)
    names = [f"r{number}" for number in range(5)]
    for name in names:
        make_run(experiment, name)
    client.post(f"{url}selection/", {"do": "all"})

    export = client.post(f"{url}selection/", {"do": "export:csv"})
    rows = b"".join(client.get(export.url).streaming_content).decode().splitlines()
    client.post(f"{url}selection/tag/", {"add-key": "team", "add-value": "x"})
    tagged, page = tags("team"), client.get(url)
    client.post(undo_url(page))
    untagged = tags("team")
    client.post(f"{url}selection/", {"do": "trash"})
    trashed, page = Run.objects.deleted().count(), client.get(url)
    client.post(undo_url(page))

    assert len(rows) == 1 + 5
    assert tagged == dict.fromkeys(names, "x")
    assert untagged == {}
    assert trashed == 5
    assert "Moved 5 runs to Trash" in page.text
    assert Run.objects.active().count() == 5
    assert client.get(url).context["selected"].count == 5


def test_more_runs_than_are_changed_at_once_are_said_to_be_left(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr("runs.views.selection.MAX_AT_ONCE", 2)
    for start, name in enumerate(["old", "newer", "newest"]):
        make_run(experiment, name, start_time=start)
    client.post(f"{url}selection/", {"do": "all"})

    client.post(f"{url}selection/", {"do": "trash"})

    assert "Moved 2 runs to Trash, the newest of those selected" in client.get(url).text
    assert Run.objects.active().get().name == "old"


def test_what_the_database_took_before_it_took_no_more_is_known(monkeypatch):
    monkeypatch.setattr("runs.actions.bulk.PART", 2)
    asked = []

    def verb(keys):
        asked.append(list(keys))
        if len(asked) == 2:
            raise Unavailable("full")
        return list(keys)

    assert in_parts(verb, [1, 2, 3, 4, 5]) == [[1, 2]]
    assert asked == [[1, 2], [3, 4]]
    with pytest.raises(Unavailable):
        in_parts(verb_that_fails, [1])


def verb_that_fails(keys):
    raise Unavailable("full")
