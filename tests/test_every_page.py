"""What holds for every page that has something to show."""

import re
from collections import defaultdict

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.models import Experiment
from registry.models import ModelAlias, ModelVersion, RegisteredModel
from runs import keys
from runs.actions import ingest
from runs.models import Param, Run, RunTag, SavedView, Selection
from tests.support.routes import page_routes
from tests.support.site import Site, add_more, make_site

# Pages that say something only of what their address names.
QUERIES = {
    "w/<slug:workspace>/compare/": "?runs={runs}&metric=loss",
    "w/<slug:workspace>/search/": "?q=run",
}
# The same page at another address.
ALIASES = {"w/<slug:workspace>/experiments/<int:experiment_id>-<slug:slug>/"}
# Reads one series after the other, of any length, while it is sent.
STREAMED = "w/<slug:workspace>/compare/points.csv"
# Where the other words of an address make another page of the same view.
VARIANTS = {
    "w/<slug:workspace>/experiments/<int:experiment_id>/": [
        "?filters=1&open=user&open=dataset&open=source&cols=auto",
        "?group=p.opt,t.team",
        "?nest=0&sort=-m.loss&where=metrics.loss%20%3E%200&base={run}",
        "?cols=m.loss@line,m.loss@beststep,p.lr,t.team,user,source,model,experiment",
    ],
    "w/<slug:workspace>/runs/": ["?group=p.opt", "?sort=experiment,-m.loss&cols=auto"],
}
ADDRESSES = [
    (route, query)
    for route in page_routes()
    if route not in ALIASES
    for start, usual in [
        next((each for each in QUERIES.items() if route.startswith(each[0])), "  ")
    ]
    for query in [usual.strip(), *VARIANTS.get(route, [])]
]


@pytest.fixture
def site(client, db) -> Site:
    yield make_site(client)
    keys.forget()
    ingest.forget()


def got(site: Site, route: str, query: str, **kwargs):
    query = query.format(**site.names)
    return site.client.get(site.address(route) + query, **kwargs)


def test_every_page_has_a_title_of_its_own_one_heading_and_says_where_it_is(site):
    titles = defaultdict(set)
    faults = []
    for route, query in ADDRESSES:
        response = got(site, route, query)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code != 200 or not is_page or "download" in route:
            continue
        text = response.text
        if len(re.findall(r"<h1[ >]", text)) != 1:
            faults.append(f"{route}{query}: {len(re.findall('<h1[ >]', text))} headings")
        if "<slug:workspace>" in route and 'aria-current="page"' not in text:
            faults.append(f"{route}{query}: nothing says which page this is")
        if "<slug:workspace>" in route and 'aria-label="Breadcrumb"' not in text:
            faults.append(f"{route}{query}: no breadcrumb")
        title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1]
        # A kept comparison is the same page.
        titles[" ".join(title.split())].add(route.replace("s/<str:selection>/", ""))

    shared = {title: routes for title, routes in titles.items() if len(routes) > 1}
    assert faults == []
    assert shared == {}
    assert len(titles) > 30


def test_head_is_answered_as_get_is_but_without_content(site):
    faults = []
    for route, query in ADDRESSES:
        address = site.address(route) + query.format(**site.names)
        response = site.client.get(address)
        head = site.client.head(address)
        if head.status_code != response.status_code:
            faults.append(f"{route}: {head.status_code} instead of {response.status_code}")
        elif not head.streaming and head.content:
            faults.append(f"{route}: has content")

    assert faults == []


def test_no_page_asks_the_database_more_often_because_there_is_more(site):
    def asked() -> tuple[dict[str, list[str]], dict[str, int]]:
        statements, sizes = {}, {}
        for route, query in ADDRESSES:
            # What a process remembers is read the first time.
            for _ in range(2):
                with CaptureQueriesContext(connection) as queries:
                    response = got(site, route, query)
                    content = response.getvalue() if response.streaming else response.content
            statements[f"{route}{query}"] = [each["sql"] for each in queries]
            sizes[f"{route}{query}"] = len(content)
        return statements, sizes

    few, small = asked()
    add_more(site, count=4)
    many, large = asked()

    grown = {
        page: [text for text in many[page] if text not in few[page]]
        for page in few
        if len(many[page]) > len(few[page]) and not page.startswith(STREAMED)
    }
    assert grown == {}
    # And most of them did show more.
    assert sum(large[page] > small[page] for page in few) > 25


IDS = ["run", "runs", "base", "parent", "experiment", "view", "saved", "selection"]
# What in an address or a form may name something of another workspace.
FOREIGN = {
    "run": "{run}",
    "runs": "{runs}",
    "base": "{run}",
    "parent": "{run}",
    "only": "{run}",
    "shown": "{run}",
    "above": "{run}",
    "experiment": "{experiment}",
    "view": "{view}",
    "saved": "{view}",
    "selection": "{selection}",
    "all": "9999999999999",
    "count": "1",
    "existing": "net",
    "metric": "loss",
    "cols": "m.loss,p.lr,t.team,experiment,user",
    "group": "p.opt",
    "key": "stolen",
    "value": "stolen",
    "name": "stolen",
    "note": "stolen",
    "description": "stolen",
}


def test_nothing_of_another_workspace_is_shown_or_changed(site):
    theirs = make_site(site.client, workspace="theirs", word="secret")
    mine = Site(site.client, theirs.names | {"workspace": site.names["workspace"]})
    fields = {name: text.format(**theirs.names) for name, text in FOREIGN.items()}
    verbs = ["keep", "all", "compare", "tag", "export", "trash", f"untick:{fields['run']}"]
    before = rows_of("theirs")

    shown = {}
    for route in page_routes():
        address = mine.address(route)
        answers = [site.client.get(address, fields), site.client.get(address)]
        if answers[-1].status_code != 404:
            # By itself, too: together one may be refused before another is read.
            answers += [site.client.get(address, {name: fields[name]}) for name in IDS]
        if "<slug:workspace>" in route:
            for verb in verbs if "selection" in route else [""]:
                query = f"?run={fields['run']}"
                answers.append(site.client.post(address + query, fields | {"do": verb}))
        for answer in answers:
            content = answer.getvalue() if answer.streaming else answer.content
            place = content.find(b"secret")
            if place >= 0:
                asked = f"{answer.request['REQUEST_METHOD']} {answer.request['PATH_INFO']}"
                shown[asked] = content[max(0, place - 200) : place + 50].decode(errors="replace")

    assert shown == {}
    assert rows_of("theirs") == before
    # All of that would have been seen and done by those to whom it belongs.
    assert "secret" in site.client.get(theirs.address(RUN_LIST), {"view": "none"}).text


RUN_LIST = "w/<slug:workspace>/experiments/<int:experiment_id>/"


def rows_of(workspace: str) -> dict[str, list]:
    """All rows of a workspace, table by table."""
    experiments = {"experiment__workspace__slug": workspace}
    runs = {"run__experiment__workspace__slug": workspace}
    places = {
        Experiment: {"workspace__slug": workspace},
        Run: experiments,
        Param: runs,
        RunTag: runs,
        SavedView: {"workspace__slug": workspace},
        Selection: {"workspace__slug": workspace},
        RegisteredModel: {"workspace__slug": workspace},
        ModelVersion: {"model__workspace__slug": workspace},
        ModelAlias: {"model__workspace__slug": workspace},
    }
    return {
        table.__name__: list(table.objects.filter(**condition).order_by("pk").values())
        for table, condition in places.items()
    }
