import math
import re
from html import unescape
from urllib.parse import quote

import pytest
from django.db import OperationalError
from django.utils.html import escape
from playwright.sync_api import expect

from core.time import now_ms
from runs import density
from runs.actions.runs import delete_run
from runs.views import run_list
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def names(response) -> list[str]:
    """The runs of the table, from top to bottom."""
    return re.findall(r'<span class="sr-only">Tick (?!all)(.*?)</span>', response.text)


def heads(response) -> list[str]:
    """What the columns are called, from left to right."""
    return re.findall(r'class="sort"[^>]* title="(.*?)"', response.text)


def test_a_row_has_what_a_run_is_known_by(client, experiment, url):
    make_run(
        experiment,
        "first",
        tags={"mlflow.source.name": "/home/ada/train.py"},
        status="FAILED",
        duration=7_200_000,
    )

    text = client.get(url).text

    assert "first" in text
    assert "Failed" in text
    assert "2 h" in text
    assert ">train.py<" in text.replace("\n", "")
    assert 'title="/home/ada/train.py"' in text


def test_only_what_differs_gets_a_column(client, experiment, url):
    for seed, accuracy in [("1", 0.9), ("2", 0.8)]:
        make_run(
            experiment,
            params={"seed": seed, "optimizer": "adam"},
            metrics={"accuracy": accuracy, "epochs": 3.0},
        )

    response = client.get(url)

    assert "seed" in heads(response)
    assert "accuracy" in heads(response)
    assert "optimizer" not in heads(response)
    assert "epochs" not in heads(response)
    assert "those that differ between runs" in response.text


def test_few_metrics_leave_room_for_what_was_tried_and_a_link_leads_to_the_rest(
    client, experiment, url
):
    for value in (1.0, 2.0):
        make_run(
            experiment,
            metrics={f"m{index}": value for index in range(9)},
            params={f"p{index}": str(value) for index in range(9)},
        )

    automatic = client.get(url, {"q": "-"})
    link = re.search(r'href="([^"]*)">show all that differ', automatic.text).group(1)
    everything = client.get(link.replace("&amp;", "&"))

    assert len(heads(automatic)) + 1 == 16
    assert [head for head in heads(automatic) if re.match(r"[mp]\d", head)] == [
        *("m0", "m1", "m2", "m3"),
        *("p0", "p1", "p2", "p3", "p4", "p5"),
    ]
    assert len([head for head in heads(everything) if re.match(r"[mp]\d", head)]) == 18
    # What narrows the list stays.
    assert "q=-" in link


def test_the_primary_metric_comes_first_and_its_best_value_is_marked(client, db):
    experiment = make_experiment(
        "primary",
        **{
            "mlflow.experiment.primaryMetric.name": "z/loss",
            "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
        },
    )
    for loss in (0.3, 0.2, 0.1, math.nan, -math.inf):
        make_run(experiment, metrics={"a": loss, "z/loss": loss})
    url = f"/w/default/experiments/{experiment.pk}/"

    whole = client.get(url)
    narrowed = client.get(url, {"where": "metrics.a > 0.15"})

    assert heads(whole)[4:6] == ["z/loss", "a"]
    best = r'<span class="best">(?:<[^>]*>)?([\d.]+)'
    # Neither NaN nor an infinity is the best of anything.
    assert re.findall(best, whole.text) == ["0.1000"]
    assert re.findall(best, narrowed.text) == ["0.2000"]


def test_a_metric_that_is_not_a_number_is_not_a_missing_one(client, experiment, url):
    make_run(experiment, metrics={"loss": math.nan, "other": 1.0})
    make_run(experiment, metrics={"loss": math.inf})
    make_run(experiment, metrics={"other": 2.0})

    text = client.get(url, {"cols": "m.loss"}).text

    assert text.count('<span class="not-finite">NaN</span>') == 1
    assert text.count('<span class="not-finite">∞</span>') == 1
    assert text.count("not logged") == 1


@pytest.mark.parametrize(
    ("minutes", "word", "duration"), [(2, "Running", "2 m"), (60, "Stalled", "1 h")]
)
def test_a_running_run_says_how_long_and_whether_it_has_gone_silent(
    client, experiment, url, minutes, word, duration
):
    now = now_ms()
    make_run(experiment, start_time=now - minutes * 60_000 - 5, status="RUNNING")

    row = re.search(r"<tr data-run.*?</tr>", client.get(url).text, re.DOTALL).group()

    assert word in row
    # The first page of a process takes its time.
    assert re.search(rf">{duration}( \d s)?<", row)


def test_columns_can_be_named_in_the_address(client, experiment, url):
    make_run(experiment, "a", params={"lr": "0.1"}, metrics={"loss": 1.0}, tags={"team": "x"})

    response = client.get(url, {"cols": "!name,t.team,m.loss,p.lr,user,m.nothing"})

    assert heads(response) == ["Run name", "team", "loss", "lr", "User"]
    assert "There is no column m.nothing here." in response.text


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "dcba"),
        ("start_time", "abcd"),
        ("name", "abcd"),
        ("-name", "dcba"),
        ("-m.acc", "acbd"),
        ("m.acc", "bcad"),
        # NaN after every number and before what is missing, in both directions.
        ("m.loss", "cabd"),
        ("-m.loss", "acbd"),
        # Numbers by their value, then words, then what is missing.
        ("p.lr", "bacd"),
        ("-p.lr", "abcd"),
        ("t.team", "badc"),
        ("duration", "abcd"),
        ("-duration", "dcba"),
        ("status,-name", "dbac"),
        ("m.never", "dcba"),
        ("model,nonsense,-", "dcba"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("many", [1000, 0], ids=["from the table", "from the index"])
def test_runs_are_sorted_by_any_column_with_missing_values_last(
    client, experiment, url, monkeypatch, sort, expected, many
):
    monkeypatch.setattr(run_list, "MANY_RUNS", many)
    spec = {
        "a": ({"acc": 0.9, "loss": 1.0}, {"lr": "10"}, {"team": "x"}, "FINISHED"),
        "b": ({"acc": 0.7, "loss": math.nan}, {"lr": "9.5e-1"}, {"team": "b"}, "FINISHED"),
        "c": ({"acc": 0.8, "loss": -2.0}, {"lr": "auto"}, {}, "KILLED"),
        "d": ({}, {}, {}, "FAILED"),
    }
    for index, (name, (metrics, params, tags, status)) in enumerate(spec.items(), start=1):
        make_run(
            experiment,
            name,
            metrics=metrics,
            params=params,
            tags=tags,
            status=status,
            start_time=index * 1000,
            duration=index * 100,
        )
    if sort == "status,-name":
        expected = "dbac"
    if sort == "t.team":
        expected = "badc"

    assert "".join(names(client.get(url, {"sort": sort}))) == expected


@pytest.mark.parametrize("sort", ["", "name", "-m.acc", "m.acc", "p.lr", "-duration", "t.team"])
@pytest.mark.parametrize("many", [1000, 0], ids=["from the table", "from the index"])
@pytest.mark.parametrize("insert", [False, True])
def test_pages_join_without_gap_or_overlap_whatever_comes_in(
    client, experiment, url, monkeypatch, sort, insert, many
):
    monkeypatch.setattr(run_list, "MANY_RUNS", many)
    monkeypatch.setitem(density.PAGE_SIZES, "25", 3)
    for index in range(8):
        make_run(
            experiment,
            f"run {index}",
            metrics={"acc": float(index % 3)} if index % 4 else {},
            params={"lr": str(index % 2)} if index % 3 else {},
            start_time=1000 + index // 2,
            duration=index % 3,
        )

    seen, address, back = [], f"{url}?per=25&sort={sort}", []
    for page in range(3):
        response = client.get(address)
        seen += names(response)
        if insert and page == 0:
            make_run(experiment, "late", start_time=9_999, metrics={"acc": 99.0})
        following = re.search(r'href="([^"]*)" rel="next"', response.text)
        earlier = re.search(r'href="([^"]*)" rel="prev"', response.text)
        assert bool(following) == (page < 2)
        assert bool(earlier) == (page > 0)
        if earlier:
            back.append(earlier.group(1).replace("&amp;", "&"))
        if following:
            address = following.group(1).replace("&amp;", "&")

    # Nothing is shown twice, and nothing that was there at the start is left out.
    kept = [name for name in seen if name != "late"]
    assert len(kept) == len(set(kept)) == 8
    if not insert:
        assert names(client.get(back[0])) == seen[:3]
        assert names(client.get(back[1])) == seen[3:6]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "bet"}, ["beta"]),
        ({"q": "BET"}, ["beta"]),
        ({"status": "FAILED"}, ["beta"]),
        ({"status": ["FAILED", "FINISHED"]}, ["beta", "alpha"]),
        ({"where": "metrics.acc > 0.8"}, ["alpha"]),
        ({"where": "metrics.acc > 0.1", "status": "FAILED"}, ["beta"]),
        ({"where": "params.lr = 'none'"}, []),
    ],
)
def test_runs_are_narrowed_and_what_is_hidden_is_counted(client, experiment, url, query, expected):
    make_run(experiment, "alpha", metrics={"acc": 0.9}, start_time=1)
    make_run(experiment, "beta", metrics={"acc": 0.5}, status="FAILED", start_time=2)

    response = client.get(url, query)
    text = " ".join(re.sub(r"<[^>]*>", "", response.text).split())

    assert names(response) == expected
    if expected:
        assert f"{len(expected)} of 2 runs" in text
    else:
        assert "No run matches 1 condition" in text
        assert "2 runs are hidden" in text


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("metrics.loss <", "Invalid"),
        ("colour = 'red'", "colour"),
        ("metrics.acc > 'high'", "numeric"),
        ("(((", "Invalid"),
    ],
)
def test_a_broken_filter_says_why_and_the_other_conditions_hold(
    client, experiment, url, where, reason
):
    make_run(experiment, "shown-run", status="FAILED")
    make_run(experiment, "other-run")

    response = client.get(url, {"where": where, "status": "FAILED"})

    assert response.status_code == 200
    assert names(response) == ["shown-run"]
    assert reason in response.text
    assert "The expression is not applied" in response.text
    # What was typed is still in its box.
    assert f'value="{escape(where)}"' in response.text


def test_parents_count_their_children_and_children_are_marked(client, experiment, url):
    parent = make_run(experiment, "search")
    for index in range(3):
        make_run(experiment, f"trial {index}", tags={"mlflow.parentRunId": parent.run_id})

    text = client.get(url, {"nest": "0"}).text
    children = client.get(url, {"where": f"tags.mlflow.parentRunId = '{parent.run_id}'"})

    assert "3 children" in text
    to_parent = f'class="child-mark" href="/w/default/runs/{parent.run_id}/"'
    assert text.count(to_parent) == 3
    assert sorted(names(children)) == ["trial 0", "trial 1", "trial 2"]


def test_a_parent_that_cannot_be_an_address_breaks_nothing(client, experiment, url):
    make_run(experiment, "orphan", tags={"mlflow.parentRunId": "a/b?c"})

    assert names(client.get(url)) == ["orphan"]


def test_deleted_runs_are_not_listed(client, experiment, url):
    delete_run(make_run(experiment, "gone"))
    make_run(experiment, "here")

    assert names(client.get(url)) == ["here"]


def test_an_empty_experiment_says_how_to_log_to_it(client, experiment, url):
    response = client.get(url)

    assert "No runs yet" in response.text
    assert "mlflow.set_experiment(&quot;churn&quot;)" in response.text
    assert "mlflow.set_tracking_uri(&quot;http://testserver&quot;)" in response.text


def test_the_page_that_waits_for_a_first_run_shows_it(client, experiment, url):
    waiting = {"HX-Request": "true", "HX-Trigger": "no-runs"}

    before = client.get(url, headers=waiting)
    make_run(experiment)
    after = client.get(url, headers=waiting)

    assert before.status_code == 204
    assert after.headers["HX-Refresh"] == "true"


def test_one_address_answers_the_page_and_its_table(client, experiment, url):
    make_run(experiment, "a")

    page, part = client.get(url), client.get(url, headers={"HX-Request": "true"})

    assert "<html" in page.text
    assert "<html" not in part.text
    assert names(page) == names(part) == ["a"]
    assert "HX-Request" in part.headers["Vary"]


def test_all_runs_are_listed_with_their_experiments(client, experiment):
    other = make_experiment("other")
    foreign = make_experiment("foreign", workspace="elsewhere")
    make_run(experiment, "a", start_time=1)
    make_run(other, "b", start_time=2)
    make_run(foreign, "c", start_time=3)

    response = client.get("/w/default/runs/")

    assert names(response) == ["b", "a"]
    assert "Experiment" in heads(response)
    assert "churn" in response.text
    assert "foreign" not in response.text


def test_more_runs_do_not_mean_more_queries(client, experiment, url, django_assert_num_queries):
    def fill(count: int) -> None:
        for index in range(count):
            make_run(
                experiment,
                metrics={"acc": float(index), "loss": float(index)},
                params={"lr": str(index)},
                tags={"mlflow.source.name": "train.py"},
            )

    fill(3)
    client.get(url)
    # The experiment; the columns, and the default ones; whether there are parents; the runs; how
    # many there are; their metrics, params, tags, model versions and children; the best values;
    # what they can be grouped by; the experiment's tags. Metrics' names are remembered only once
    # they are committed, which in a test they never are.
    with django_assert_num_queries(16):
        client.get(url)
    fill(20)
    with django_assert_num_queries(16):
        client.get(url)


def test_odd_names_are_shown_as_they_are_and_run_nothing(client, experiment, url):
    make_run(experiment, "<script>alert(1)</script> & \u202e 😀", params={"a b/c": "<b>1</b>"})
    make_run(experiment, "other", params={"a b/c": "2"})

    text = client.get(url).text

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<b>1</b>" not in text


def test_a_link_with_the_name_in_it_leads_to_the_same_list(client, experiment):
    make_run(experiment, "a")

    assert names(client.get(f"/w/default/experiments/{experiment.pk}-churn/")) == ["a"]
    assert client.get(f"/experiments/{experiment.pk}/").headers["Location"] == (
        f"/w/default/experiments/{experiment.pk}/"
    )


@pytest.mark.browser
def test_ticking_two_runs_and_comparing_them(server, page, mlflow_client, experiment_name):
    import mlflow

    key = mlflow.set_experiment(experiment_name).experiment_id
    for name in ["first", "second", "third"]:
        with mlflow.start_run(run_name=name):
            mlflow.log_metric("accuracy", 0.5)
    page.goto(f"{server.url}/w/default/experiments/{key}/")

    page.get_by_label("Tick first").check()
    bar = page.get_by_role("region", name="Selected runs")
    assert bar.is_visible()
    page.get_by_label("Tick third").check()
    bar.get_by_role("button", name="Compare").click()

    page.wait_for_url("**/compare/**")
    assert page.get_by_role("heading", level=1).inner_text() == "Compare 2 runs"


@pytest.mark.browser
def test_a_run_list_is_worked_by_keyboard_alone(server, page, mlflow_client, experiment_name):
    import mlflow

    key = mlflow.set_experiment(experiment_name).experiment_id
    for name in ["first", "second"]:
        with mlflow.start_run(run_name=name):
            mlflow.log_metric("accuracy", 0.5)
    page.goto(f"{server.url}/w/default/experiments/{key}/")

    for press in ["j", "x", "j", "x", "c"]:
        page.keyboard.press(press)

    page.wait_for_url("**/compare/**")
    assert len(page.url.partition("runs=")[2].split(",")) == 2


@pytest.mark.browser
def test_an_open_list_follows_its_runs_and_moves_none(server, page, mlflow_client, experiment_name):
    key = mlflow_client.create_experiment(experiment_name)
    first = mlflow_client.create_run(key, run_name="first").info.run_id
    mlflow_client.log_metric(first, "accuracy", 0.25)
    page.clock.install()
    page.goto(f"{server.url}/w/default/experiments/{key}/?cols=m.accuracy")
    page.get_by_label("Tick first").check()
    before = page.locator("tbody tr").element_handle()

    mlflow_client.log_metric(first, "accuracy", 0.75, step=1)
    mlflow_client.create_run(key, run_name="second")

    page.clock.run_for(16_000)
    expect(page.locator("td", has_text="0.7500")).to_be_visible()
    new = page.get_by_role("link", name="1 new run")
    expect(new).to_be_visible()
    assert page.locator("tbody tr").count() == 1
    assert before.is_visible()
    assert page.get_by_label("Tick first").is_checked()
    assert page.get_by_role("link", name="Run list").inner_text().split() == ["Run", "list", "2"]
    new.click()
    expect(page.locator("tbody tr")).to_have_count(2)


@pytest.mark.browser
def test_a_link_that_clients_print_lands_on_the_run(server, page, mlflow_client, experiment_name):
    import mlflow

    key = mlflow.set_experiment(experiment_name).experiment_id
    with mlflow.start_run(run_name="printed") as run:
        pass

    for address in [
        f"/#/experiments/{key}/runs/{run.info.run_id}",
        f"/w/default/#/experiments/{key}/runs/{run.info.run_id}",
        f"/experiments/{key}/runs/{run.info.run_id}/",
    ]:
        page.goto(server.url + address)
        page.wait_for_url(f"**/w/default/runs/{run.info.run_id}/")
        assert page.get_by_role("heading", level=1).inner_text().startswith("printed")
    page.goto(f"{server.url}/#/experiments/{key}")
    page.wait_for_url(f"**/w/default/experiments/{key}/")
    assert quote(str(key)) in page.url


@pytest.mark.parametrize("query", [{}, {"group": "p.opt"}])
def test_where_nothing_matches_each_condition_says_what_it_alone_would_leave(
    client, experiment, url, query
):
    for opt, status in [("adam", "FINISHED"), ("adam", "FINISHED"), ("sgd", "FAILED")]:
        make_run(experiment, params={"opt": opt}, metrics={"loss": 1.0}, status=status)
    asked = {"where": "params.opt = 'sgd' AND metrics.loss > 5", "status": "FINISHED"} | query

    text = client.get(url, asked).text

    found = re.findall(r"<li><span>(.*?)</span><span class=\"faint\">(.*?)</span>", text)
    assert [(re.sub("<.*?>", "", unescape(what)), count) for what, count in found] == [
        ("status finished", "2 runs alone"),
        ("params.opt = 'sgd'", "1 run alone"),
        ("metrics.loss > 5", "no run alone"),
    ]
    assert "No run matches 3 conditions" in text
    without = re.findall(r'<a class="button button-small" href="([^"]*)">.*?Remove<', text)
    assert "params.opt" not in without[1]
    assert "status=FINISHED" in without[1]


def test_the_conditions_of_an_empty_list_cost_a_bounded_number_of_queries(
    client, experiment, url, django_assert_max_num_queries
):
    make_run(experiment, metrics={"loss": 1.0})
    conditions = [f"metrics.loss > {bound}" for bound in range(5, 35)]

    with django_assert_max_num_queries(60):
        text = client.get(url, {"where": " AND ".join(conditions)}).text

    assert "No run matches 30 conditions" in text
    assert text.count("no run alone") == 8


def test_an_experiment_whose_runs_are_all_in_the_trash_leads_there(client, experiment, url):
    delete_run(make_run(experiment))

    assert f'href="{url}trash/">1 run of this experiment is in the Trash' in client.get(url).text


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"where": "metrics.loss < 1 AND params.opt ~ 'a.*m'"}, "params.opt ~ 'a.*m'"),
        ({"where": "params.opt LIKE '%a%'"}, "LIKE"),
        ({"q": "ada"}, "part of a name"),
        ({"group": "p.opt"}, "the grouping"),
        ({"sort": "-m.loss"}, "order by -m.loss"),
        ({"where": "metrics.loss <"}, "was stopped."),
        ({}, "was stopped."),
    ],
)
def test_a_list_that_takes_too_long_is_stopped_and_says_what_costs_most(
    client, experiment, url, monkeypatch, query, reason
):
    make_run(experiment, params={"opt": "adam"}, metrics={"loss": 0.5})

    def stopped(*_):
        raise OperationalError("interrupted")

    monkeypatch.setattr(run_list, "look_for", stopped)

    response = client.get(url, query)

    assert response.status_code == 503
    assert "took longer than 5 seconds" in response.text
    assert reason in unescape(response.text)


@pytest.mark.browser
def test_what_fails_is_said_above_the_list_which_stays(
    server, page, mlflow_client, experiment_name
):
    key = mlflow_client.create_experiment(experiment_name)
    for name in ("first", "second"):
        mlflow_client.create_run(key, run_name=name)
    page.goto(f"{server.url}/w/default/experiments/{key}/")
    words = '<main><div data-refusal="It is broken." data-request="r-1"></div></main>'
    page.route("**/filter/apply/**", lambda route: route.fulfill(status=500, body=words))
    alert = page.locator(".failure")

    page.get_by_label("Find by run name").fill("first")
    page.keyboard.press("Enter")
    expect(alert).to_contain_text("It is broken. Request r-1.")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert "q=first" not in page.url

    page.unroute("**/filter/apply/**")
    page.route("**/filter/apply/**", lambda route: route.abort())
    alert.get_by_role("button", name="Retry").click()
    expect(alert).to_contain_text("The server did not answer.")

    page.unroute("**/filter/apply/**")
    alert.get_by_role("button", name="Retry").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(alert).to_have_count(0)
    expect(page.get_by_label("Find by run name")).to_have_value("first")
    assert "q=first" in page.url


@pytest.mark.parametrize(
    ("word", "css"), [("compact", "rows-compact"), ("roomy", "rows-roomy"), ("tiny", ""), ("", "")]
)
def test_rows_are_as_high_as_the_address_says(client, db, word, css):
    experiment = make_experiment("heights")
    note = "\n## Why\nbecause"
    make_run(experiment, params={"lr": "1"}, tags={"mlflow.note.content": note})
    url = f"/w/default/experiments/{experiment.pk}/"

    page = client.get(url, {"density": word}).text
    grouped = client.get(url, {"density": word, "group": "p.lr"}).text

    for html in (page, grouped):
        assert re.findall(r"<table[^>]* (rows-\w+)", html) == ([css] if css else [])
        assert f'?density=compact{"&amp;group=p.lr" if html is grouped else ""}"' in html
    assert ('<div class="row-note">Why</div>' in page) == (word == "roomy")
