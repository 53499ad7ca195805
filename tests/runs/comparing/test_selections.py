"""Comparisons of more runs than an address holds, and runs that join and leave."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from runs.actions.runs import delete_run
from runs.actions.selections import KEPT_MS, change_ticks, keep_comparison
from runs.models import Run, Selection
from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/"
SELECT = f"{COMPARE}select/"


@pytest.fixture
def experiment(db):
    return make_experiment("many")


def make_runs(experiment, count: int) -> list[Run]:
    return [
        make_run(experiment, f"run {i}", metrics={"acc": i / 100}, start_time=i)
        for i in range(count)
    ]


def ids(runs) -> list[str]:
    return [run.run_id for run in runs]


def test_few_runs_stay_in_the_address(client, experiment):
    runs = make_runs(experiment, 3)

    sent = client.post(SELECT, {"run": ids(runs), "stat": "max", "tab": "compare_metrics"})

    parts = urlsplit(sent["Location"])
    assert sent.status_code == 302
    assert parts.path == f"{COMPARE}metrics/"
    assert parse_qs(parts.query) == {"runs": [",".join(ids(runs))], "stat": ["max"]}
    assert not Selection.objects.exists()


def test_more_runs_become_a_comparison_with_a_short_address(client, experiment):
    runs = make_runs(experiment, 45)

    sent = client.post(SELECT, {"run": ids(runs), "base": runs[3].run_id})

    assert re.fullmatch(rf"{COMPARE}s/[\w]+/\?base={runs[3].run_id}", sent["Location"])
    page = client.get(sent["Location"])
    assert page.context["subject"].runs == runs
    assert page.context["subject"].baseline == runs[3]
    assert "<h1>Compare 45 runs</h1>" in page.text
    assert "Charts show the first 40 of 45 runs" in page.text


@pytest.mark.parametrize(
    "tab", ["", "charts/", "metrics/", "params/", "code/", "files/", "stats/", "add/"]
)
def test_every_tab_shows_a_kept_comparison_and_its_links_stay_there(client, experiment, tab):
    runs = make_runs(experiment, 45)
    address = client.post(SELECT, {"run": ids(runs)})["Location"]

    page = client.get(f"{address.rstrip('?')}{tab}")

    assert page.status_code == 200
    assert page.context["subject"].runs == runs
    if tab != "add/":
        assert all(link.url.startswith(address.rstrip("?")) for link in page.context["frame"].tabs)
    assert len(page.text) < 400_000


def test_the_same_runs_have_the_same_address(client, experiment):
    runs = make_runs(experiment, 42)

    first = client.post(SELECT, {"run": ids(runs)})["Location"]
    second = client.post(SELECT, {"runs": ",".join(ids(reversed(runs)))})["Location"]

    assert first == second
    assert Selection.objects.count() == 1


def test_a_kept_comparison_outlives_ticks_that_nobody_touches(client, experiment):
    runs = make_runs(experiment, 42)
    address = client.post(SELECT, {"run": ids(runs)})["Location"]
    Selection.objects.update(last_update_time=timezone.now().timestamp() * 1000 - 2 * KEPT_MS)

    change_ticks(owner="someone", workspace=experiment.workspace, experiment=None)

    assert client.get(address).status_code == 200


def test_a_comparison_does_not_change_when_a_run_joins_or_leaves(client, experiment):
    runs = make_runs(experiment, 44)
    address = client.post(SELECT, {"run": ids(runs[:42])})["Location"].rstrip("?")

    added = client.post(f"{address}select/", {"run": ids(runs[42:])})
    removed = client.post(f"{address}select/", {"remove": runs[0].run_id, "tab": "compare_params"})

    assert client.get(added["Location"]).context["subject"].runs == runs
    assert client.get(removed["Location"]).context["subject"].runs == runs[1:42]
    assert urlsplit(removed["Location"]).path.endswith("/params/")
    assert client.get(address).context["subject"].runs == runs[:42]


def test_with_forty_runs_left_the_address_holds_them_again(client, experiment):
    runs = make_runs(experiment, 41)
    address = client.post(SELECT, {"run": ids(runs)})["Location"].rstrip("?")

    sent = client.post(f"{address}select/", {"remove": runs[0].run_id})

    assert parse_qs(urlsplit(sent["Location"]).query)["runs"] == [",".join(ids(runs[1:]))]


@pytest.mark.parametrize("slug", ["0" * 32, "no-such", "x" * 200])
def test_a_comparison_that_does_not_exist_is_missing(client, db, slug):
    assert client.get(f"{COMPARE}s/{slug}/").status_code == 404
    assert client.post(f"{COMPARE}s/{slug}/select/", {"remove": "1"}).status_code == 404


def test_a_comparison_of_another_workspace_is_missing(client, experiment):
    other = make_experiment("secret", workspace="other")
    kept = keep_comparison(workspace=other.workspace, runs=[make_run(other).pk])

    assert client.get(f"{COMPARE}s/{kept.slug}/").status_code == 404
    assert client.get(f"/w/other/compare/s/{kept.slug}/").status_code == 200


def test_what_a_browser_has_ticked_is_no_comparison(client, experiment):
    ticks = change_ticks(owner="someone", workspace=experiment.workspace, experiment=experiment)

    assert client.get(f"{COMPARE}s/{ticks.slug}/").status_code == 404


@pytest.mark.parametrize(
    "form", [{}, {"run": "nothing"}, {"runs": "\0,😀"}, {"run": [""], "tab": "no such tab"}]
)
def test_a_form_without_runs_leads_to_the_empty_page(client, db, form):
    sent = client.post(SELECT, form)

    assert sent.status_code == 302
    assert "Choose runs" in client.get(sent["Location"]).text


def test_more_than_five_hundred_runs_are_cut_and_it_is_said(client, experiment):
    runs = Run.objects.bulk_create(
        Run(experiment=experiment, name=f"r{i}", start_time=i, artifact_uri="s3://x")
        for i in range(505)
    )

    page = client.post(SELECT, {"runs": ",".join(ids(runs))}, follow=True)

    assert "<h1>Compare 500 runs</h1>" in page.text
    assert "The first 500 of 505 runs are compared" in page.text


def test_tables_of_many_runs_have_pages_with_the_baseline_on_each(client, experiment):
    runs = make_runs(experiment, 60)
    address = client.post(SELECT, {"run": ids(runs)})["Location"].rstrip("?")

    first = client.get(f"{address}metrics/").context["table"]
    second = client.get(f"{address}metrics/?page=2").context["table"]

    assert (first.run_part.summary, first.runs) == ("1–50 of 60 runs", runs[:50])
    assert (second.run_part.summary, second.runs) == ("51–60 of 60 runs", [runs[0], *runs[50:]])


def test_runs_are_found_by_name_and_added(client, experiment):
    runs = make_runs(experiment, 2)
    elsewhere = make_run(make_experiment("other"), "needle in a haystack")
    query = {"runs": ",".join(ids(runs))}

    of_experiment = client.get(f"{COMPARE}add/", query)
    found = client.get(f"{COMPARE}add/", {**query, "find": "needle"})
    by_id = client.get(f"{COMPARE}add/", {**query, "find": elsewhere.run_id[:8]})

    assert of_experiment.context["picker"].others == []
    assert found.context["picker"].others == by_id.context["picker"].others == [elsewhere]
    sent = client.post(SELECT, {**query, "run": [elsewhere.run_id]})
    assert set(client.get(sent["Location"]).context["subject"].runs) == {*runs, elsewhere}


def test_what_is_compared_or_in_the_trash_is_not_offered(client, experiment):
    runs = make_runs(experiment, 4)
    delete_run(runs[3])

    page = client.get(f"{COMPARE}add/", {"runs": ",".join(ids(runs[:2]))})

    assert page.context["picker"].others == [runs[2]]
    part = client.get(f"{COMPARE}add/", {"runs": ids(runs[:1])}, headers={"HX-Request": "true"})
    assert "<h1" not in part.text


@pytest.mark.parametrize("find", ["\0", "%", "😀", "x" * 5000])
def test_no_search_breaks_the_picker(client, experiment, find):
    runs = make_runs(experiment, 1)

    assert client.get(f"{COMPARE}add/", {"runs": ids(runs), "find": find}).status_code == 200


def test_ticked_runs_of_a_list_are_compared_however_many(client, experiment):
    runs = make_runs(experiment, 45)
    address = f"/w/default/experiments/{experiment.pk}/selection/"

    sent = client.post(address, {"run": ids(runs), "shown": ",".join(ids(runs)), "do": "compare"})

    assert client.get(sent["Location"]).context["subject"].runs == runs


def test_in_the_picker_the_compared_runs_are_ticked_and_unticking_takes_one_out(client, db):
    experiment = make_experiment("picked")
    one, two, three, new = (
        make_run(experiment, name, start_time=place, metrics={"acc": place / 10})
        for place, name in enumerate(["one", "two", "three", "new"])
    )
    ids = ",".join(run.run_id for run in (three, one, two))
    picker = client.get("/w/default/compare/add/", {"runs": ids, "order": "given"})

    assert [(run, ticked) for run, ticked, _ in picker.context["picker"].rows] == [
        (three, True),
        (one, True),
        (two, True),
        (new, False),
    ]
    assert [value for *_, value in picker.context["picker"].rows] == [0.2, 0.0, 0.1, 0.3]

    shown = ",".join(run.run_id for run in picker.context["picker"].compared)
    sent = dict(picker.context["pairs"]) | {
        "shown": shown,
        "run": [three.run_id, two.run_id, new.run_id],
    }
    changed = client.post(picker.context["select_url"], sent, follow=True)

    assert changed.context["subject"].runs == [three, two, new]
