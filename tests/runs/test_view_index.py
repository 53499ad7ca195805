import re
from urllib.parse import urlencode

import pytest

from experiments.actions import delete_experiment
from runs.actions.views import MAX_VIEWS, save_view
from runs.models import SavedView
from tests.support.factories import make_experiment
from workspaces.models import Workspace

INDEX = "/w/default/views/"


def make_view(name: str, experiment=None, *, query: str = "q=a", **kwargs) -> SavedView:
    workspace = experiment.workspace if experiment else Workspace.objects.get(slug="default")
    return save_view(workspace=workspace, experiment=experiment, name=name, query=query, **kwargs)


def names(response) -> list[str]:
    return re.findall(r'<a class="break" href="[^"]+">(.*?)</a>', response.text)


def undo_of(response) -> str:
    toasts = response.text.partition('class="toasts"')[2]
    return re.search(r'<form method="post" action="([^"]+)">', toasts).group(1)


def test_the_index_says_what_each_view_belongs_to_and_what_it_keeps(client, db):
    experiment = make_experiment("churn")
    make_view("lr sweep", experiment, query="where=x&cols=m.a&group=p.lr", is_default=True)
    make_view("failures", query=urlencode({"status": "FAILED", "sort": "-start_time"}))

    response = client.get(INDEX)

    failures, sweep = response.text.partition("<tbody>")[2].split("<tr>")[1:]
    assert "churn" in sweep
    assert "Default" in sweep
    assert re.findall(r'class="chip">(\w+)<', sweep) == ["filter", "columns", "groups"]
    assert "All runs" in failures
    assert re.findall(r'class="chip">(\w+)<', failures) == ["filter", "order"]
    assert f"/w/default/experiments/{experiment.pk}/?view=lr-sweep-" in sweep


@pytest.mark.parametrize("query", ["chart=metric%3Da", "front=a", "sm=ema:0.6", "ys=log"])
def test_whatever_changes_charts_counts_as_charts(client, db, query):
    make_view("curves", query=query)

    assert re.findall(r'class="chip">(\w+)<', client.get(INDEX).text) == ["charts"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["beta", "alpha", "gamma"]),
        ({"sort": "name"}, ["alpha", "beta", "gamma"]),
        ({"sort": "nonsense", "page": "many"}, ["beta", "alpha", "gamma"]),
        ({"q": "ALP"}, ["alpha"]),
        ({"q": "churn"}, ["beta"]),
        ({"q": "no such"}, []),
        ({"q": "a\x00"}, ["beta", "alpha", "gamma"]),
    ],
)
def test_views_are_found_by_name_and_experiment_and_sorted(client, db, query, expected):
    for time, view in enumerate(
        [make_view("gamma"), make_view("alpha"), make_view("beta", make_experiment("churn"))]
    ):
        SavedView.objects.filter(pk=view.pk).update(last_update_time=time)

    response = client.get(INDEX, query)

    assert names(response) == expected
    if not expected:
        assert "No view matches" in response.text


def test_views_of_experiments_in_the_trash_and_of_other_workspaces_are_not_there(client, db):
    there = make_view("there")
    gone = make_view("gone", make_experiment("tired"))
    elsewhere = make_view("elsewhere", make_experiment("e", workspace="other"))
    delete_experiment(gone.experiment)

    assert names(client.get(INDEX)) == ["there"]
    for view in (gone, elsewhere):
        assert client.post(f"{INDEX}{view.slug}/delete/").status_code == 404
    assert SavedView.objects.count() == 3
    assert client.get(f"{INDEX}{there.slug}/delete/").status_code == 405


def test_a_view_is_duplicated_beside_itself(client, db):
    experiment = make_experiment()
    view = make_view("x" * 200, experiment, query="where=a", is_default=True)

    for _ in range(2):
        client.post(f"{INDEX}{view.slug}/duplicate/")

    copies = SavedView.objects.exclude(pk=view.pk).order_by("pk")
    assert [copy.name for copy in copies] == ["x" * 184 + " copy", "x" * 184 + " copy 2"]
    assert {(copy.query, copy.is_default, copy.experiment) for copy in copies} == {
        ("where=a", False, experiment)
    }


def test_a_list_with_as_many_views_as_it_may_have_takes_no_copy(client, db):
    view = make_view("first")
    SavedView.objects.bulk_create(
        SavedView(workspace=view.workspace, slug=f"s{number}", name=f"n{number}")
        for number in range(MAX_VIEWS - 1)
    )

    response = client.post(f"{INDEX}{view.slug}/duplicate/")

    assert response.status_code == 400
    assert SavedView.objects.count() == MAX_VIEWS


def test_one_view_of_an_experiment_at_most_is_its_default(client, db):
    experiment = make_experiment()
    first, second = make_view("first", experiment, is_default=True), make_view("second", experiment)

    client.post(f"{INDEX}{second.slug}/default/")
    defaults = list(SavedView.objects.filter(is_default=True))
    client.post(f"{INDEX}{second.slug}/default/", {"off": "1"})

    assert defaults == [second]
    assert not SavedView.objects.filter(is_default=True).exists()
    assert client.post(f"{INDEX}{make_view('all').slug}/default/").status_code == 400
    assert first.pk


def test_a_deleted_view_comes_back_with_its_address(client, db):
    experiment = make_experiment()
    view = make_view("mine", experiment, query="where=metrics.a%20%3E%201", is_default=True)

    deleted = client.post(f"{INDEX}{view.slug}/delete/?sort=name", follow=True)
    left = SavedView.objects.count()
    undone = client.post(undo_of(deleted), follow=True)

    assert left == 0
    assert "Deleted the view mine" in deleted.text
    assert undone.redirect_chain[-1][0] == f"{INDEX}?sort=name"
    back = SavedView.objects.get()
    kept = ("slug", "name", "query", "is_default", "creation_time", "visibility", "experiment_id")
    assert [getattr(back, each) for each in kept] == [getattr(view, each) for each in kept]


def test_a_view_that_comes_back_takes_nothing_from_those_that_came_meanwhile(client, db):
    experiment = make_experiment()
    view = make_view("mine", experiment, is_default=True)

    deleted = client.post(f"{INDEX}{view.slug}/delete/", follow=True)
    make_view("mine", experiment, is_default=True)
    client.post(undo_of(deleted))

    back = SavedView.objects.get(slug=view.slug)
    assert (back.name, back.is_default) == ("mine 2", False)


def test_a_view_deleted_from_its_lists_own_menu_comes_back_too(client, db):
    experiment = make_experiment()
    view = make_view("mine", experiment)

    deleted = client.post(
        f"/w/default/experiments/{experiment.pk}/views/{view.slug}/delete/", follow=True
    )
    undone = client.post(undo_of(deleted), follow=True)

    assert f"saved={view.slug}" in undone.redirect_chain[-1][0]
    assert "Showing the view" in undone.text


def test_a_view_does_not_come_back_to_an_experiment_in_the_trash(client, db):
    experiment = make_experiment()
    view = make_view("mine", experiment)
    deleted = client.post(f"{INDEX}{view.slug}/delete/", follow=True)
    delete_experiment(experiment)

    assert client.post(undo_of(deleted)).status_code == 400
    assert not SavedView.objects.exists()


def test_more_views_do_not_mean_more_queries(client, db, django_assert_num_queries):
    def fill(first: int, count: int) -> None:
        for number in range(first, first + count):
            make_view(f"v{number}", make_experiment(f"e{number}"))

    fill(0, 2)
    # The workspace; how many views; a page of them with their experiments.
    with django_assert_num_queries(3):
        client.get(INDEX)
    fill(2, 60)
    with django_assert_num_queries(3):
        response = client.get(INDEX)
    assert "1–50 of 62 views" in response.text
    assert len(names(client.get(INDEX, {"page": "2"}))) == 12


def test_an_index_without_views_says_how_to_make_one(client, db):
    assert "No views yet" in client.get(INDEX).text
