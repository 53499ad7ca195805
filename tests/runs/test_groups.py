"""A run list in groups: which runs are one row, and what the row says of their numbers."""

import math
import re
from html import unescape

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from scipy import stats

from experiments.models import Experiment
from runs import groups as groups_module
from runs.actions.datasets import UsedDataset, log_inputs
from runs.models import Run
from runs.spread import Aggregate, spreads
from tests.support.factories import make_experiment, make_run

HTMX = {"HX-Request": "true"}
FINITE = st.floats(-1e300, 1e300)


@pytest.fixture
def experiment(db):
    return make_experiment("sweep")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def table(response) -> list[list[str]]:
    """What the cells of the table's body say, row by row; a row's name first."""
    body = re.search(r"<tbody>(.*)</tbody>", response.text, re.DOTALL).group(1)
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [
        [plain(each) for each in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows
    ]


def group_names(response) -> list[str]:
    names = re.findall(
        r'class="group-name".*?>(.*?)</(?:a|span)>\s*(?:<a class="row|</div>)',
        response.text,
        re.DOTALL,
    )
    without_labels = [re.sub(r'<span class="sr-only">.*?</span>', "", name) for name in names]
    return [plain(name) for name in without_labels]


def tick_names(response) -> list[str]:
    return re.findall(r'<span class="sr-only">Tick (?!all)(.*?)</span>', response.text)


def links(response, what: str) -> list[str]:
    patterns = {
        "members": r'class="opener"[^>]*hx-get="([^"]*)"',
        "list": r'class="group-name" href="([^"]*)"',
        "compare": r'class="row-compare" href="([^"]*)"',
    }
    return [unescape(each) for each in re.findall(patterns[what], response.text)]


@given(
    values=st.lists(st.tuples(st.integers(0, 4), FINITE), max_size=60),
    confidence=st.sampled_from([90, 95, 99]),
)
def test_means_and_their_intervals_are_scipys(values, confidence):
    found = spreads(
        [group for group, _ in values],
        [value for _, value in values],
        count=5,
        confidence=confidence,
    )

    for group in range(5):
        members = np.array([value for each, value in values if each == group], dtype=np.longdouble)
        spread = found.of(group)
        if not len(members):
            assert spread is None
            continue
        scale = float(np.max(np.abs(members))) or 1.0
        mean = float(members.mean())
        assert spread.count == len(members)
        assert spread.center == pytest.approx(mean, rel=1e-9, abs=1e-12 * scale)
        assert (spread.minimum, spread.maximum) == (float(members.min()), float(members.max()))
        if len(members) == 1:
            assert spread.low is spread.high is None
        elif spread.low is not None:
            error = float(members.std(ddof=1) / np.sqrt(np.longdouble(len(members))))
            half = stats.t.ppf(0.5 + confidence / 200, len(members) - 1) * error
            found_half = spread.high / 2 - spread.low / 2
            assert found_half == pytest.approx(half, rel=1e-9, abs=1e-11 * scale)


@given(values=st.lists(st.tuples(st.integers(0, 3), st.floats(-1e9, 1e9)), max_size=60))
def test_medians_and_quartiles_are_numpys(values):
    found = spreads(
        [group for group, _ in values],
        [value for _, value in values],
        count=4,
        aggregate=Aggregate.MEDIAN,
    )

    for group in range(4):
        members = [value for each, value in values if each == group]
        spread = found.of(group)
        if not members:
            assert spread is None
            continue
        low, middle, high = np.quantile(members, [0.25, 0.5, 0.75])
        assert spread.center == pytest.approx(middle, rel=1e-9, abs=1e-9)
        if len(members) > 1:
            assert spread.low == pytest.approx(low, rel=1e-9, abs=1e-9)
            assert spread.high == pytest.approx(high, rel=1e-9, abs=1e-9)


def test_numbers_that_lie_close_together_far_from_zero_keep_their_spread():
    values = [1e8 + 1e-3 * step for step in range(10)]
    # Another group far away takes nothing from it.
    found = spreads([0] * 10 + [1] * 2, [*values, -1e300, 1e300], count=2)

    low, high = stats.t.interval(0.95, 9, loc=np.mean(values), scale=stats.sem(values))

    assert found.of(0).low == pytest.approx(low, rel=1e-15)
    assert found.of(0).high - found.of(0).low == pytest.approx(high - low, rel=1e-5)


def test_nan_and_infinities_are_left_out_of_a_spread():
    found = spreads([0, 0, 0, 0, 1], [1.0, math.nan, 3.0, math.inf, -math.inf], count=2)

    assert (found.of(0).count, found.of(0).center) == (2, 2.0)
    assert found.of(1) is None


def test_a_group_is_one_row_with_its_runs_counted_and_its_numbers_summed_up(
    client, experiment, url
):
    values = {"adam": [0.91, 0.93, 0.95], "sgd": [0.80, 0.84]}
    for optimizer, accuracies in values.items():
        for seed, accuracy in enumerate(accuracies):
            make_run(
                experiment,
                params={"opt": optimizer, "seed": str(seed), "layers": "3"},
                metrics={"accuracy": accuracy},
                status="FAILED" if accuracy == 0.84 else "FINISHED",
            )

    response = client.get(url, {"group": "p.opt", "cols": "m.accuracy,p.seed,p.layers"})

    (adam, sgd) = table(response)
    assert group_names(response) == ["adam", "sgd"]
    assert adam[1:] == ["3", "0.9300 ± 0.05", "3 values", "3"]
    assert sgd[1] == "2 1 failed"
    titles = [
        unescape(each) for each in re.findall(r'title="(mean of.*?)"', response.text, re.DOTALL)
    ]
    for title, accuracies in zip(titles, values.values(), strict=True):
        mean, low, high = (
            float(re.search(pattern, title).group(1))
            for pattern in (r"of \d: (\S+)", r"interval (\S+) to", r"interval \S+ to (\S+)")
        )
        expected = stats.t.interval(
            0.95, len(accuracies) - 1, loc=np.mean(accuracies), scale=stats.sem(accuracies)
        )
        assert mean == pytest.approx(np.mean(accuracies), rel=1e-9)
        assert (low, high) == pytest.approx(expected, rel=1e-9)
        assert f"min {min(accuracies)}, max {max(accuracies)}" in title
    assert "2 groups of 5 runs" in plain(response.text)


def test_adding_another_group_does_not_change_the_first(client, experiment, url):
    for accuracy in (0.5, 0.6):
        make_run(experiment, params={"opt": "adam"}, metrics={"accuracy": accuracy})
    query = {"group": "p.opt", "cols": "m.accuracy", "sort": "p.opt"}
    before = table(client.get(url, query))[0]

    for _ in range(3):
        make_run(experiment, params={"opt": "sgd"}, metrics={"accuracy": 1e9})

    assert table(client.get(url, query))[0][1:] == before[1:]


def test_medians_with_quartiles_stand_for_the_numbers_where_the_address_says_so(
    client, experiment, url
):
    for value in (1.0, 2.0, 3.0, 4.0, 100.0):
        make_run(experiment, params={"opt": "adam"}, metrics={"loss": value})

    row = table(client.get(url, {"group": "p.opt", "agg": "median", "cols": "m.loss"}))[0]

    assert row[2] == "3 [2–4]"


def test_numbers_are_written_as_the_experiment_says(client, experiment, url):
    Experiment.objects.update(metric_settings={"accuracy": {"format": "percent 1"}})
    for value in (0.5, 0.6):
        make_run(experiment, params={"opt": "adam"}, metrics={"accuracy": value})
    query = {"group": "p.opt", "cols": "m.accuracy"}

    mean = table(client.get(url, query))[0][2]
    median = table(client.get(url, {**query, "agg": "median"}))[0][2]

    assert mean == "55.0 % ± 63.5 %"
    assert median == "55.0 % [52.5 %–57.5 %]"


def test_one_run_has_no_interval_and_a_missing_or_odd_value_is_said(client, experiment, url):
    make_run(experiment, params={"opt": "one"}, metrics={"loss": 1.5})
    make_run(experiment, params={"opt": "odd"}, metrics={"loss": math.nan})
    make_run(experiment, params={"opt": "odd"})
    make_run(experiment, params={"opt": "none"})

    response = client.get(url, {"group": "p.opt", "cols": "m.loss", "sort": "p.opt"})

    none, odd, one = table(response)
    assert one[2] == "1.500"
    assert odd[2] == "NaN"
    assert none[2] == "– not logged"
    assert "1 not a finite number, left out" in response.text
    assert "1 without a value" in response.text


def test_what_is_not_set_is_a_group_like_any_other(client, experiment, url):
    make_run(experiment, "with", params={"opt": "adam"})
    make_run(experiment, "without")
    make_run(experiment, "empty", params={"opt": ""})

    response = client.get(url, {"group": "p.opt"})

    # Missing values come last.
    assert group_names(response) == ["(empty)", "adam", "(not set)"]
    listed = [tick_names(client.get(link)) for link in links(response, "list")]
    assert listed == [["empty"], ["with"], ["without"]]


@pytest.mark.parametrize(
    "value",
    [
        "adam",
        "it's",
        'say "x"',
        'it\'s "x"',
        "back\\slash",
        "ends in \\",
        "''",
        "'",
        '"',
        "a, b",
        "100%_",
        "x' OR params.opt IS NOT NULL",
        "<b>bold</b>",
        "line\nbreak",
        "0.10",
        "é 😀",
        "v" * 900,
    ],
)
def test_any_value_leads_to_exactly_its_runs(client, experiment, url, value):
    make_run(experiment, "mine", params={"opt": value})
    make_run(experiment, "other", params={"opt": "other"})
    make_run(experiment, "number", params={"opt": "0.1"})

    response = client.get(url, {"group": "p.opt"})
    index = [row[1] for row in table(response)] and [
        place
        for place, link in enumerate(links(response, "list"))
        if tick_names(client.get(link)) == ["mine"]
    ]

    assert len(index) == 1
    members = client.get(links(response, "members")[index[0]], headers=HTMX)
    assert tick_names(members) == ["mine"]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("status", {"Failed": ["b"], "Finished": ["a", "c"]}),
        ("t.team", {"red": ["a"], "blue": ["b"], "(not set)": ["c"]}),
        ("source", {"train.py": ["a", "b"], "(not set)": ["c"]}),
        ("dataset", {"iris": ["a"], "iris + wine": ["b"], "(not set)": ["c"]}),
        ("p.lr,status", {"0.1 · Finished": ["a"], "0.1 · Failed": ["b"], "0.2 · Finished": ["c"]}),
    ],
)
def test_runs_are_grouped_by_hyperparameters_tags_status_source_and_datasets(
    client, experiment, url, group, expected
):
    source = {"mlflow.source.name": "train.py"}
    a = make_run(experiment, "a", params={"lr": "0.1"}, tags={"team": "red", **source})
    b = make_run(
        experiment, "b", params={"lr": "0.1"}, tags={"team": "blue", **source}, status="FAILED"
    )
    make_run(experiment, "c", params={"lr": "0.2"})
    for run, names in ((a, ["iris"]), (b, ["wine", "iris"])):
        described = [UsedDataset(name, "1", "local", "x", "", "", {}) for name in names]
        log_inputs(run, datasets=described)

    response = client.get(url, {"group": group})

    listed = [sorted(tick_names(client.get(link))) for link in links(response, "list")]
    assert dict(zip(group_names(response), listed, strict=True)) == expected


def test_numbers_sort_as_numbers_and_any_aggregate_sorts_with_missing_last(client, experiment, url):
    for lr, loss in (("10", [3.0, 5.0]), ("9", [1.0]), ("auto", [2.0, 2.0, 2.0]), ("2", [])):
        for value in loss or [None]:
            make_run(
                experiment, params={"lr": lr}, metrics={} if value is None else {"loss": value}
            )

    def order(sort: str) -> list[str]:
        return group_names(client.get(url, {"group": "p.lr", "sort": sort, "cols": "m.loss"}))

    assert order("p.lr") == ["2", "9", "10", "auto"]
    assert order("-p.lr") == ["auto", "10", "9", "2"]
    assert order("m.loss") == ["9", "auto", "10", "2"]
    assert order("-m.loss") == ["10", "auto", "9", "2"]
    assert order("-n") == ["auto", "10", "2", "9"]
    assert order("") == order("m.nothing") == order("p.lr")


def test_the_best_group_by_the_primary_metric_comes_first(client, db):
    experiment = make_experiment(
        "primary",
        **{
            "mlflow.experiment.primaryMetric.name": "loss",
            "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
        },
    )
    for lr, loss in (("1", 0.5), ("2", 0.1), ("3", 0.3)):
        make_run(experiment, params={"lr": lr}, metrics={"loss": loss})

    response = client.get(f"/w/default/experiments/{experiment.pk}/", {"group": "p.lr"})

    assert group_names(response) == ["2", "3", "1"]


def test_all_but_the_seed_is_one_click_and_follows_what_the_experiment_says(
    client, experiment, url
):
    for optimizer in ("adam", "sgd"):
        for seed in ("1", "2"):
            make_run(experiment, params={"opt": optimizer, "seed": seed, "fold": seed, "same": "x"})

    page = client.get(url)
    link = re.search(
        r'href="([^"]*)"[^>]*>\s*<svg[^>]*>.*?</svg><span>All but seed', page.text
    ).group(1)
    by_all_but_seed = client.get(unescape(link))
    with_rep = client.get(url, {"group": "*", "rep": "p.seed,p.fold"})
    without_rep = client.get(url, {"group": "*", "rep": "-"})
    Experiment.objects.update(replicate_keys="fold\nseed")
    by_setting = client.get(url, {"group": "*"})

    assert len(group_names(by_all_but_seed)) == 4
    assert group_names(with_rep) == group_names(by_setting) == ["adam", "sgd"]
    assert len(group_names(without_rep)) == 4
    assert "All but fold and seed" in by_setting.text


def test_the_members_of_a_group_open_with_the_tables_columns_page_by_page(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr("runs.views.rows_below.ROWS_AT_ONCE", 2)
    for index in range(5):
        make_run(
            experiment,
            f"run {index}",
            params={"opt": "adam", "seed": str(index)},
            metrics={"loss": float(index)},
        )
    make_run(experiment, "other", params={"opt": "sgd"}, metrics={"loss": 9.0})

    page = client.get(
        url,
        {
            "group": "p.opt",
            "cols": "m.loss,p.seed",
            "sort": "m.loss",
            "where": "metrics.loss > 0 OR params.opt = 'never'",
        },
    )
    first = client.get(links(page, "members")[0], headers=HTMX)
    more = re.search(r'hx-get="([^"]*)"[^>]*>Show up to 50 more', first.text).group(1)
    second = client.get(unescape(more), headers=HTMX)
    without_script = client.get(links(page, "members")[0], follow=True)

    assert tick_names(first) == ["run 1", "run 2"]
    assert tick_names(second) == ["run 3", "run 4"]
    assert tick_names(without_script) == ["run 1", "run 2", "run 3", "run 4"]
    # As many cells as the group's own row has.
    assert first.text.count("<td") == 2 * (len(table(page)[0]) - 1)
    assert 'data-level="1"' in first.text


def test_a_groups_runs_are_compared_if_they_can_be_told_apart(client, experiment, url):
    for index in range(43):
        make_run(experiment, f"run {index}", params={"opt": "adam" if index < 41 else "sgd"})

    page = client.get(url, {"group": "p.opt"})
    (link,) = links(page, "compare")
    compared = client.get(link, follow=True)

    assert "Compare 2 runs" in compared.text
    assert {"run 41", "run 42"} == set(re.findall(r"run 4[12]", compared.text))
    assert "Compare groups" not in page.text
    assert "Compare groups" in client.get(url, {"group": "p.opt", "q": "run 4"}).text


def test_groups_are_paged_and_no_group_is_shown_twice(client, experiment, url, monkeypatch):
    monkeypatch.setattr(groups_module, "MAX_GROUPS", 60)
    monkeypatch.setattr("runs.views.run_groups.MAX_GROUPS", 60)
    for index in range(70):
        make_run(experiment, params={"lr": str(index)})

    first = client.get(url, {"group": "p.lr", "per": "25"})
    pages = [
        client.get(url, {"group": "p.lr", "per": "25", "page": page}) for page in (1, 2, 3, 99)
    ]

    assert [len(group_names(page)) for page in pages] == [25, 25, 10, 10]
    seen = [name for page in pages[:3] for name in group_names(page)]
    assert seen == [str(index) for index in range(60)]
    assert "There are 70 groups; the first 60" in plain(first.text)


def test_where_too_much_would_be_read_the_newest_runs_are_grouped_and_the_page_says_so(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr("runs.group_members.MAX_VALUES", 3)
    for index in range(5):
        make_run(experiment, params={"opt": str(index)}, start_time=index)

    response = client.get(url, {"group": "p.opt"})

    assert group_names(response) == ["2", "3", "4"]
    assert "These are the groups of the newest 3 runs." in plain(response.text)


def test_a_value_that_only_some_of_a_large_group_were_asked_for_is_marked(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr(groups_module, "MAX_COMPARED", 2)
    for index in range(4):
        make_run(experiment, params={"opt": "adam", "seed": str(index)})

    assert table(client.get(url, {"group": "p.opt", "cols": "p.seed"}))[0][2] == "2+ values"


@pytest.mark.parametrize(
    "query",
    [
        {"group": "p.opt,nonsense,p.,m.loss,x.y,p.nothing"},
        {"group": "\x00"},
        {"group": "p.opt", "agg": "sum", "ci": "1000", "rep": "\x00,,", "page": "-1"},
        {"group": "p.opt", "page": "99999999999999999999", "sort": "-,--,n,p.opt,m.\x00"},
        {"group": "*" * 5000},
        {"group": ",".join(f"p.{n}" for n in range(50))},
        {"group": "*", "rep": "p.opt"},
    ],
)
def test_nothing_in_an_address_breaks_a_grouped_page(client, experiment, url, query):
    make_run(experiment, params={"opt": "adam"}, metrics={"loss": 1.0})
    make_run(experiment, params={"opt": "sgd"}, metrics={"loss": 2.0})

    assert client.get(url, query).status_code == 200


@pytest.mark.parametrize("query", [{"q": "nothing"}, {"experiment": "none"}, {"user": "nobody"}])
def test_a_grouped_list_that_no_run_matches_says_so(client, experiment, url, query):
    make_run(experiment, params={"opt": "adam"}, metrics={"loss": 1.0})

    page = client.get(url, {"group": "p.opt", "cols": "m.loss,p.lr,duration", **query})

    assert page.status_code == 200
    assert page.context["groups"].total == 0


def test_what_cannot_be_grouped_by_is_said(client, experiment, url):
    for value in ("a", "b"):
        make_run(experiment, params={f"p{n}": value for n in range(7)})

    text = plain(client.get(url, {"group": "p.never,p.p0,p.p1,p.p2,p.p3,p.p4,p.p5"}).text)

    assert "Runs here cannot be grouped by p.never" in text
    assert "1 key left out: 5 are the most" in text


def test_all_runs_of_a_workspace_are_grouped_too(client, experiment):
    make_run(experiment, "a", params={"opt": "adam"})
    make_run(make_experiment("other"), "b", params={"opt": "adam"})
    make_run(make_experiment("foreign", workspace="elsewhere"), "c", params={"opt": "adam"})

    response = client.get("/w/default/runs/", {"group": "p.opt"})

    assert table(response)[0][1] == "2"
    members = client.get(links(response, "members")[0], headers=HTMX)
    assert sorted(tick_names(members)) == ["a", "b"]


def test_more_runs_and_groups_do_not_mean_more_queries(
    client, experiment, url, django_assert_num_queries
):
    def fill(count: int) -> None:
        for index in range(count):
            make_run(
                experiment,
                metrics={"acc": float(index), "loss": float(index)},
                params={"lr": str(index), "seed": str(index)},
                tags={"mlflow.source.name": "train.py", "team": str(index)},
            )

    fill(3)
    query = {"group": "p.lr,t.team,dataset,status"}
    client.get(url, query)
    with CaptureQueriesContext(connection) as few:
        client.get(url, query)
    fill(20)
    with django_assert_num_queries(len(few)):
        client.get(url, query)
    assert len(few) < 25


@pytest.mark.parametrize("most", [1000, 1], ids=["one by one", "by what finds them"])
def test_the_box_of_a_group_ticks_and_unticks_its_runs(client, experiment, url, monkeypatch, most):
    monkeypatch.setattr("runs.views.selection._MOST_ONE_BY_ONE", most)
    for name, opt in (("a", "adam"), ("b", "adam"), ("c", "sgd"), ("d", 'it\'s "x"')):
        make_run(experiment, name, params={"opt": opt})
    query = "?group=p.opt&q=&where=params.opt%20IS%20NOT%20NULL"

    def boxes() -> list[tuple[str, str]]:
        found = re.findall(
            r'type="checkbox" name="group" value="([^"]*)"([^>]*)>',
            client.get(f"{url}{query}").text,
        )
        return [(unescape(where), state.strip()) for where, state in found]

    def send(**fields) -> list[str]:
        client.post(f"{url}selection/{query}", {"do": "keep", **fields})
        return [state for _, state in boxes()]

    adam, odd, sgd = [where for where, _ in boxes()]
    assert send(group=[adam, odd]) == ["checked", "checked", ""]
    one = Run.objects.get(name="a")
    assert send(was=[adam, odd], group=[adam, odd], shown=one.run_id) == [
        *("data-some", "checked", "")
    ]
    assert send(was=[odd], group=[odd]) == ["data-some", "checked", ""]
    assert send(was=[odd], group=[adam]) == ["checked", "", ""]
    assert send(was=[adam]) == ["", "", ""]
    client.post(f"{url}selection/", {"do": "all"})
    assert send(was=[sgd]) == ["checked", "checked", ""]
    assert client.post(f"{url}selection/{query}", {"group": "nonsense >"}).status_code == 400


@pytest.mark.browser
def test_a_list_is_grouped_from_its_menu_and_a_group_opened_ticked_and_compared(
    server, page, mlflow_client, experiment_name
):
    import mlflow

    key = mlflow.set_experiment(experiment_name).experiment_id
    for optimizer in ("adam", "sgd"):
        for seed in (1, 2):
            with mlflow.start_run(run_name=f"{optimizer} {seed}"):
                mlflow.log_params({"opt": optimizer, "seed": seed})
                mlflow.log_metric("accuracy", 0.5 + seed / 10)
    page.goto(f"{server.url}/w/default/experiments/{key}/")

    page.locator("summary", has_text="Group").click()
    page.get_by_role("link", name="All but seed").click()
    opener = page.get_by_role("button", name="2 runs of group 1")
    opener.click()
    expect(opener).to_have_attribute("aria-expanded", "true")
    group = page.get_by_label("Tick the 2 runs of group 1")
    with page.expect_response("**/selection/**"):
        group.check()
    expect(page.get_by_label("Tick adam 1")).to_be_checked()
    expect(page.get_by_label("Tick adam 2")).to_be_checked()
    with page.expect_response("**/selection/**"):
        page.get_by_label("Tick adam 2").uncheck()
    page.reload()
    expect(page.locator("[data-some]")).to_have_js_property("indeterminate", True)
    group.check()
    bar = page.get_by_role("region", name="Selected runs")
    expect(bar.locator("[data-tick-count]")).to_have_text("2")
    bar.get_by_role("button", name="Compare").click()

    page.wait_for_url("**/compare/**")
    assert page.get_by_role("heading", level=1).inner_text() == "Compare 2 runs"
