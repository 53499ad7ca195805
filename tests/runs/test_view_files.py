import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from runs import forms
from runs.actions.views import MAX_VIEWS
from runs.models import SavedView
from tests.runs.test_view_index import make_view
from tests.support.factories import make_experiment

EXPORT = "/w/default/views/export.json"
IMPORT = "/w/default/views/import/"


def upload(client, content, *, url: str = IMPORT, **kwargs):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(url, {"file": SimpleUploadedFile("views.json", content)}, **kwargs)


def entry(**changes) -> dict:
    return {"name": "v", "query": "where=a"} | changes


def test_exported_views_are_the_same_in_another_workspace(client, db):
    here = make_experiment("here")
    make_view("mine", here, query="where=metrics.a+%3E+1&sort=-m.a", is_default=True)
    make_view("all")
    exported = client.get(EXPORT)
    make_experiment("here", workspace="other")

    added = upload(client, exported.content, url="/w/other/views/import/", follow=True)
    again = upload(client, exported.content, url="/w/other/views/import/", follow=True)

    assert exported["Content-Disposition"] == 'attachment; filename="views-default.json"'
    assert "Added 2 views" in added.text
    assert "Added 0 views" in again.text
    kept = ("name", "query", "is_default", "experiment__name", "visibility")
    views = SavedView.objects.order_by("name").values_list(*kept)
    assert list(views.filter(workspace__slug="other")) == list(
        views.filter(workspace__slug="default")
    )


def test_the_export_is_of_what_the_list_shows(client, db):
    make_view("alpha")
    make_view("beta")

    file = client.get(EXPORT, {"q": "alp"}).json()

    assert file == {"views": [{"name": "alpha", "query": "q=a"}]}


def test_a_name_that_is_taken_gets_a_number_and_a_default_stays(client, db):
    experiment = make_experiment("churn")
    kept = make_view("v", experiment, is_default=True)

    upload(client, {"views": [entry(experiment="churn", default=True)]})

    added = SavedView.objects.exclude(pk=kept.pk).get()
    assert (added.name, added.query, added.is_default) == ("v 2", "where=a", False)
    kept.refresh_from_db()
    assert kept.is_default


def test_what_an_address_says_of_itself_does_not_come_in(client, db):
    upload(client, {"views": [entry(query="?saved=x&view=y&page=3&where=a&q=")]})

    assert SavedView.objects.get().query == "%3Fsaved=x&where=a"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"not json", "no file of views"),
        (b"\xff\xfe", "no file of views"),
        ([], "no file of views"),
        ({"views": [{"name": 1, "query": ""}]}, "no file of views"),
        ({"views": [entry()] * 1001}, "at most 1,000 views"),
        ({"views": [entry(name=" ")]}, "1 to 200 characters"),
        ({"views": [entry(name="a\x00")]}, "1 to 200 characters"),
        ({"views": [entry(name="x" * 201)]}, "1 to 200 characters"),
        ({"views": [entry(query="where=" + "a" * 4000)]}, "at most 4,000"),
        ({"views": [entry(query="&".join("a=1" for _ in range(6000)))]}, "cannot be read"),
        ({"views": [entry(), entry(experiment="nowhere")]}, "no experiment &#x27;nowhere&#x27;"),
        ({"views": [entry(name=f"n{n}") for n in range(MAX_VIEWS + 1)]}, "at most 100 views"),
    ],
)
def test_a_file_that_cannot_be_here_says_why_and_adds_nothing(client, db, content, words):
    response = upload(client, content)

    assert response.status_code == 422
    assert words in response.text
    assert 'href="#id_file"' in response.text
    assert not SavedView.objects.exists()


def test_a_file_that_is_too_large_is_not_read(client, db, monkeypatch):
    monkeypatch.setattr(forms, "MAX_FILE_SIZE", 10)

    assert "at most 10 B" in upload(client, {"views": []}).text


def test_without_a_file_the_form_says_so(client, db):
    response = client.post(IMPORT)

    assert response.status_code == 422
    assert "Choose a file." in response.text
    assert client.get(IMPORT).status_code == 200
