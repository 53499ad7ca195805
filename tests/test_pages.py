"""What holds for every page, whatever it is for."""

import pytest

from experiments.actions import create_experiment
from runs.actions.runs import create_run
from tests.support.routes import page_routes
from workspaces.models import Workspace

QUERIES = [
    "",
    "?page=-1",
    "?page=%00",
    "?page=zzzz&per=abc&sort=&cols=&where=&q=",
    "?sort=-m.nothing,p.,,x.y,-&cols=!!,m.,q.z,m.%00&vary=7&group=p.&base=x&pane=q",
    "?where=((((&status=NOPE&status=&q=%F0%9F%92%A5",
    "?where=metrics.a%20%3E%20'x'&view=nothing&c=@@@@",
    "?run=&run=x&run=%00&runs=,,,&metric=&x=nothing&type=pie",
    "?path=../../etc&name=&version=-1&v=a,b",
    "?q=" + "x" * 3000,
]
ARGUMENTS = {
    "<slug:workspace>": ["default", "no-such-place"],
    "<int:experiment_id>": ["0", "999999999999999999999999"],
    "<slug:slug>": ["default"],
    "<str:run_id>": ["0" * 32, "é", "x" * 300],
    "<path:path>": ["a", "../a", "%2e%2e/a", "a//b"],
    "<str:name>": ["nothing", "é ü"],
    "<str:selection>": ["nothing", "é", "a%00b"],
    "<str:token>": ["nothing"],
    "<str:ending>": ["csv", "parquet", "nothing"],
    "<int:version>": ["1", "99999999999999999999999"],
}


def addresses(route: str) -> list[str]:
    """The route with its arguments filled in, in every way there is."""
    filled = [f"/{route}"]
    for kind, values in ARGUMENTS.items():
        if kind in route:
            filled = [each.replace(kind, value) for each in filled for value in values]
    assert not any("<" in each for each in filled), f"ARGUMENTS has no example for {route}"
    return filled


def test_there_are_pages():
    assert len(page_routes()) > 15


@pytest.mark.django_db
@pytest.mark.parametrize("route", page_routes())
def test_no_address_breaks_a_page(client, route):
    client.raise_request_exception = False
    for address in addresses(route):
        for query in QUERIES:
            response = client.get(address + query)

            assert response.status_code < 500, address + query
            if response.headers.get("Content-Type", "").startswith("text/html"):
                policy = response.headers["Content-Security-Policy"]
                assert "unsafe-inline" not in policy.replace("style-src 'unsafe-inline'", "")
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert " style=" not in response.text
                assert "<script>" not in response.text


@pytest.mark.django_db
@pytest.mark.parametrize("route", page_routes())
def test_no_form_breaks_on_nonsense(client, route):
    client.raise_request_exception = False
    forms = [
        {},
        {"name": "", "key": "", "value": ""},
        {"name": "x" * 10_000, "description": "\U0001f600" * 10, "key": "../x", "value": "é"},
        {"name": "a\x00b", "key": "a\x00b", "value": "\x00", "description": "\x00"},
        {"name": ["a", "b"], "run": ["x", "\x00"], "version": "x", "action": "nothing"},
    ]
    for address in addresses(route):
        for form in forms:
            response = client.post(address, form)

            assert response.status_code < 500, (address, form)


@pytest.mark.django_db
def test_pages_of_another_workspace_show_nothing_of_it(client):
    theirs = Workspace.objects.create(slug="theirs", name="Theirs")
    experiment = create_experiment(workspace=theirs, name="secret-experiment")
    run = create_run(experiment=experiment, name="secret-run")

    inside = client.get(f"/w/theirs/runs/{run.run_id}/")
    addresses = [
        f"/w/default/runs/{run.run_id}/",
        f"/w/default/runs/{run.run_id}/artifacts/",
        f"/w/default/experiments/{experiment.pk}/",
        f"/w/default/compare/?run={run.run_id}",
        "/w/default/",
        "/w/default/runs/",
    ]

    assert "secret-run" in inside.text
    for address in addresses:
        response = client.get(address)
        assert "secret" not in response.text, address
        assert response.status_code in {200, 404}, address


@pytest.mark.django_db
def test_a_page_that_is_not_there_is_a_page_in_the_shell(client):
    response = client.get("/nothing/here/")

    assert response.status_code == 404
    assert 'href="/"' in response.text
    assert "There is no page at this address." in response.text


@pytest.mark.django_db
def test_a_form_of_another_site_is_refused(client):
    response = client.post(
        "/w/default/experiments/new/", {"name": "x"}, headers={"Origin": "https://evil.example"}
    )

    assert response.status_code == 403
