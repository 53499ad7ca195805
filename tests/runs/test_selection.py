import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from core.time import now_ms
from runs.actions import selections
from runs.actions.runs import delete_run, restore_run
from runs.models import Run, Selection
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def make_runs(experiment, count: int) -> list:
    """Runs, the newest first."""
    runs = [
        make_run(experiment, f"r{index}", start_time=1_700_000_000_000 + index)
        for index in range(count)
    ]
    return runs[::-1]


def send(client, url, *, shown=(), ticked=(), do="keep", query=""):
    """What the form of a page with the runs ``shown`` sends."""
    fields = {
        "shown": ",".join(run.run_id for run in shown),
        "run": [run.run_id for run in ticked],
        "do": do,
    }
    return client.post(f"{url}selection/{query}", fields)


def ticks(response) -> list[str]:
    """The names of the runs of the page that are ticked."""
    rows = re.findall(r"<tr data-run.*?</tr>", response.text, re.DOTALL)
    return [re.search(r"Tick (.*?)<", row).group(1) for row in rows if " checked>" in row]


def selected(response) -> list[str]:
    """The names in the list of what is ticked, on this page and on others."""
    return re.findall(r"Untick (.*?)<", response.text)


def test_ticks_of_several_pages_are_one_selection(client, experiment, url):
    runs = make_runs(experiment, 60)

    send(client, url, shown=runs[:50], ticked=runs[1:3])
    send(client, url, shown=runs[50:], ticked=runs[55:56])

    assert ticks(client.get(url)) == ["r58", "r57"]
    assert ticks(client.get(url, {"q": "r4"})) == ["r4"]
    assert selected(client.get(url, {"q": "r4"})) == ["r58", "r57", "r4"]
    response = send(client, url, do="compare")
    assert response.url == "/w/default/compare/?runs=" + ",".join(
        runs[index].run_id for index in (1, 2, 55)
    )


def test_a_page_unticks_only_what_it_shows(client, experiment, url):
    first, second, third = make_runs(experiment, 3)
    send(client, url, shown=[first, second, third], ticked=[first, second])

    send(client, url, shown=[second, third], ticked=[third])

    assert ticks(client.get(url)) == ["r2", "r0"]


def test_the_list_comes_back_as_it_was(client, experiment, url):
    response = send(client, url, query="?where=metrics.loss+%3C+1&sort=-m.loss&page=abc")

    assert response.url == f"{url}?where=metrics.loss+%3C+1&sort=-m.loss&page=abc"


def test_another_browser_and_another_list_have_ticks_of_their_own(client, experiment, url):
    runs = make_runs(experiment, 2)
    send(client, url, shown=runs, ticked=runs)

    assert ticks(client.get(url)) == ["r1", "r0"]
    assert ticks(client.get("/w/default/runs/")) == []
    assert ticks(Client().get(url)) == []
    send(client, "/w/default/runs/", shown=runs, ticked=runs[:1])
    assert ticks(client.get("/w/default/runs/")) == ["r1"]
    assert ticks(client.get(url)) == ["r1", "r0"]


def test_a_browser_that_nobody_signed_for_has_no_ticks(client, experiment, url):
    runs = make_runs(experiment, 2)
    send(client, url, shown=runs, ticked=runs)
    stranger = Client()
    stranger.cookies["browser"] = client.cookies["browser"].value.partition(":")[0]

    assert ticks(client.get(url)) == ["r1", "r0"]
    assert ticks(stranger.get(url)) == []


def test_runs_of_another_workspace_and_nonsense_cannot_be_ticked(client, experiment, url):
    theirs = make_run(make_experiment("secret", workspace="theirs"), "secret")

    response = client.post(f"{url}selection/", {"run": [theirs.run_id, "x", "\x00", ""]})

    assert response.status_code == 302
    assert Selection.objects.filter(runs=theirs).count() == 0
    assert client.post("/w/theirs/experiments/0/selection/").status_code == 404


def test_all_that_match_are_selected_and_can_be_cleared(client, experiment, url):
    runs = make_runs(experiment, 120)

    page = client.get(url, {"q": "r1"})
    response = send(client, url, do="all", query="?q=r1")

    # r1, r10 to r19, r100 to r119
    assert "Select all" not in page.text
    assert response.url == f"{url}?q=r1"
    assert "Select all 120 matching" in client.get(url).text
    assert client.get(url).context["selected"].count == 31
    send(client, url, shown=runs[:1], do="untick:" + runs[1].run_id)
    assert client.get(url).context["selected"].count == 29
    send(client, url, do="clear")
    assert client.get(url).context["selected"].count == 0


def test_no_run_that_is_logged_later_slips_into_all_that_match(client, experiment, url):
    make_runs(experiment, 60)

    send(client, url, do="all")
    late = make_run(experiment, "late")
    page = client.get(url)

    assert page.context["selected"].count == 60
    assert "late" not in ticks(page)
    assert "Select all" not in page.text
    send(client, url, ticked=[late])
    assert client.get(url).context["selected"].count == 61


def test_of_all_that_match_some_are_unticked_one_by_one_until_all_are_selected_again(
    client, experiment, url
):
    runs = make_runs(experiment, 4)

    send(client, url, do="all")
    send(client, url, shown=runs[2:], ticked=runs[2:3])
    without = ticks(client.get(url))
    send(client, url, do="all", query="?q=r0")

    assert without == ["r3", "r2", "r1"]
    assert ticks(client.get(url)) == ["r3", "r2", "r1", "r0"]


def test_all_that_match_several_filters_are_selected_beside_single_ticks(client, experiment, url):
    runs = make_runs(experiment, 25)

    named = {run.name: run for run in runs}

    send(client, url, ticked=[named["r3"]])
    send(client, url, do="all", query="?q=r1&cols=status&sort=name")
    send(client, url, do="all", query="?q=r2&page=x")
    send(client, url, shown=[named["r11"]])

    # r1, r10 and r12 to r19, r2 and r20 to r24, and r3.
    assert client.get(url).context["selected"].count == 17
    send(client, url, do="all")
    assert client.get(url).context["selected"].count == 25
    assert Selection.objects.get().queries[0][0] == ""


def test_a_filter_that_means_nothing_any_more_finds_no_run(client, experiment, url):
    runs = make_runs(experiment, 2)
    send(client, url, ticked=runs[1:])
    send(client, url, do="all", query="?q=r1")
    Selection.objects.update(queries=[["where=nonsense+%3E", 10**9]])

    assert ticks(client.get(url)) == ["r0"]


def test_a_list_that_cannot_be_read_is_not_selected(client, experiment, url):
    make_runs(experiment, 2)

    response = send(client, url, do="all", query="?where=nonsense+%3E")

    assert response.status_code == 400
    assert ticks(client.get(url)) == []


def test_a_selection_has_limits_and_says_so(client, experiment, url, monkeypatch):
    monkeypatch.setattr(selections, "MAX_TICKED", 3)
    monkeypatch.setattr(selections, "MAX_QUERIES", 2)
    runs = make_runs(experiment, 5)

    ticked = send(client, url, ticked=runs[:4])
    send(client, url, do="all", query="?q=r1")
    send(client, url, do="all", query="?q=r2")
    queried = send(client, url, do="all", query="?q=r3")
    send(client, url, do="all")
    unticked = send(client, url, shown=runs[:4])

    assert ticked.status_code == queried.status_code == unticked.status_code == 400
    assert "At most 3 runs" in ticked.text
    assert "Clear the selection first" in queried.text
    assert "At most 3 runs" in unticked.text
    assert len(ticks(client.get(url))) == 5


@pytest.mark.parametrize(
    ("count", "reason"),
    [(0, "at least two runs"), (1, "at least two runs")],
)
def test_what_cannot_be_compared_is_said(client, experiment, url, count, reason):
    runs = make_runs(experiment, count)

    response = send(client, url, ticked=runs, do="compare")

    assert response.url == url
    assert reason in client.get(url).text


def test_more_than_five_hundred_runs_are_not_compared(client, experiment, url):
    runs = Run.objects.bulk_create(
        Run(experiment=experiment, name=f"r{i}", artifact_uri="s3://x") for i in range(501)
    )
    send(client, url, ticked=runs[:400])

    response = send(client, url, ticked=runs[400:], do="compare")

    assert response.url == url
    assert "At most 500 runs can be compared" in client.get(url).text


def test_a_run_in_the_trash_does_not_count_and_is_ticked_again_when_it_is_back(
    client, experiment, url
):
    runs = make_runs(experiment, 3)
    send(client, url, ticked=runs[:2])

    delete_run(runs[0])
    assert selected(client.get(url)) == ["r1"]
    restore_run(runs[0])
    assert selected(client.get(url)) == ["r2", "r1"]


def test_only_what_is_selected_can_be_exported(client, experiment, url):
    runs = make_runs(experiment, 3)

    response = send(
        client, url, shown=runs, ticked=runs[:2], do="export:csv", query="?sort=name&cols=status"
    )
    answer = client.get(response.url)

    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row[1] for row in rows[1:]] == ["r1", "r2"]
    assert rows[0] == ["run_id", "run_name", "status"]


def test_a_script_gets_the_list_of_what_is_ticked(client, experiment, url):
    runs = make_runs(experiment, 3)
    send(client, url, ticked=runs[:2])

    response = client.post(
        f"{url}selection/",
        {"page": ",".join(run.run_id for run in runs)},
        headers={"HX-Request": "true"},
    )

    assert 'data-count="2"' in response.text
    (ticked,) = re.findall(r'data-ticked="([^"]*)"', response.text)
    assert set(ticked.split(",")) == {run.run_id for run in runs[:2]}
    assert "<html" not in response.text


def test_ticks_that_nobody_touched_for_a_month_are_forgotten(client, experiment, url):
    runs = make_runs(experiment, 1)
    send(client, url, ticked=runs)
    Selection.objects.update(last_update_time=now_ms() - 31 * 24 * 3600 * 1000)

    send(Client(), url, ticked=runs)

    assert Selection.objects.count() == 1
    assert ticks(client.get(url)) == []


def test_more_ticks_do_not_mean_more_queries(client, experiment, url):
    runs = make_runs(experiment, 30)

    def queries(ticked) -> int:
        send(client, url, shown=runs, ticked=ticked)
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        return len(seen)

    queries(runs[:1])
    assert queries(runs[:1]) == queries(runs)


def test_ten_thousand_runs_are_selected_at_once_without_a_row_for_each(client, experiment, url):
    from runs.models import Run

    Run.objects.bulk_create(
        Run(experiment=experiment, name=f"n{index}", start_time=index) for index in range(10_000)
    )

    with CaptureQueriesContext(connection) as seen:
        send(client, url, do="all")

    assert client.get(url).context["selected"].count == 10_000
    assert Selection.runs.through.objects.count() == 0
    assert len(seen) < 25


def test_a_name_in_the_list_of_ticks_is_only_text(client, experiment, url):
    run = make_run(experiment, "<b>bold</b>")
    send(client, url, ticked=[run])

    assert escape("<b>bold</b>") in client.get(url).text
    assert "<b>bold" not in client.get(url).text
