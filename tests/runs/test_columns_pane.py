"""Customize columns: the pane, the menus of the heads, defaults, and what is said of a metric."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from experiments.actions import MAX_METRIC_SETTINGS, delete_experiment
from runs.actions.columns import set_default_columns
from runs.column_editing import LONGEST_COLUMNS
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    experiment = make_experiment("churn")
    for index in range(3):
        make_run(
            experiment,
            f"run {index}",
            metrics={
                "val/acc": [0.1, 0.5 + index],
                "val/loss": 3.0 - index,
                "val/f1": float(index),
                "constant": 1.0,
            },
            params={"lr": f"0.{index}", "seed": str(index), "fixed": "x"},
            tags={"team": f"team {index}", "mlflow.source.name": "train.py"},
        )
    return experiment


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def lines(response) -> list[str]:
    """The columns that the pane says are shown, as an address has them."""
    cols = re.search(r'<input type="hidden" name="cols" value="([^"]*)"', response.text)
    return unescape(cols.group(1)).split(",")


def offered(response) -> list[str]:
    """The ids of the columns that can be added."""
    return [unescape(text) for text in re.findall(r'name="add" value="([^"]*)"', response.text)]


def led_to(response) -> dict[str, str]:
    """The query of the list that an answer redirects to."""
    assert response.status_code == 302
    parts = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in parts.items()}


def test_the_pane_offers_what_differs_in_the_four_groups(client, url):
    page = client.get(f"{url}columns/", {"cols": "status,m.val/acc"})

    assert lines(page) == ["status", "m.val/acc"]
    assert re.findall(r"<h4>(.*?)</h4>", page.text) == [
        *("Properties", "Metrics", "Hyperparameters", "Tags")
    ]
    assert {"start_time", "m.val/loss", "p.lr", "t.team"} <= set(offered(page))
    assert not {"status", "m.val/acc", "m.constant", "p.fixed"} & set(offered(page))
    assert not [column for column in offered(page) if "mlflow" in column]
    assert "2 more have one value in all runs" in page.text


def test_the_pane_opens_with_the_automatic_columns(client, url):
    page = client.get(f"{url}columns/")

    assert lines(page)[:3] == ["status", "start_time", "duration"]
    assert {"m.val/acc", "p.lr"} <= set(lines(page))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"find": "LOSS"}, ["m.val/loss"]),
        ({"find": "val f1"}, ["m.val/f1"]),
        ({"find": "zzz"}, []),
        ({"kind": "param", "find": "l"}, ["p.lr"]),
        ({"do": "kind tag"}, ["t.team"]),
        ({"edit": "1", "find": "const"}, ["m.constant"]),
        ({"edit": "1", "differ": "1", "find": "const"}, []),
        ({"edit": "1", "do": "kind param"}, ["p.fixed", "p.lr", "p.seed"]),
        ({"kind": "nonsense"}, []),
    ],
)
def test_what_is_offered_can_be_narrowed(client, url, query, expected):
    assert offered(client.get(f"{url}columns/", {"cols": "status", **query})) == expected


COLUMNS = "!m.val/acc,status,m.val/loss,p.lr"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("up 3", "!m.val/acc,m.val/loss,status,p.lr"),
        ("down 3", "!m.val/acc,status,p.lr,m.val/loss"),
        # A pinned column and one that is not do not change places.
        ("up 2", COLUMNS),
        ("down 1", COLUMNS),
        ("up 1", COLUMNS),
        ("down 4", COLUMNS),
        ("drop 1", "status,m.val/loss,p.lr"),
        ("unpin 1", "m.val/acc,status,m.val/loss,p.lr"),
        ("pin 4", "!m.val/acc,!p.lr,status,m.val/loss"),
        ("stat 3 min", "!m.val/acc,status,m.val/loss@min,p.lr"),
        ("stat 1 line", "!m.val/acc@line,status,m.val/loss,p.lr"),
        ("stat 4 min", COLUMNS),
        ("stat 3 median", COLUMNS),
        ("another 3", "!m.val/acc,status,m.val/loss,m.val/loss@min,p.lr"),
        ("another 2", COLUMNS),
        *((nonsense, COLUMNS) for nonsense in ("", "up", "up x", "up 99", "drop 0", "what 1", "²")),
    ],
)
def test_an_order_changes_the_columns(client, url, order, expected):
    query = {"cols": COLUMNS, "where": "metrics.constant = 1", "per": "25"}

    pane = client.get(f"{url}columns/", query | {"do": order})
    at_once = client.get(f"{url}columns/", query | {"do": order, "at": "list"})

    assert ",".join(lines(pane)) == expected
    assert led_to(at_once) == {"cols": expected, "where": "metrics.constant = 1", "per": "25"}


def test_the_form_keeps_ticks_order_statistics_and_pins_and_adds_beside_their_kind(client, url):
    query = {
        "edit": "1",
        "cols": "status,m.val/acc,m.val/loss,p.lr,source",
        # The second line was unticked, the others were dragged.
        "keep": ["3", "1", "4", "5"],
        "stat3": "max",
        "pin": ["4"],
        "add": ["m.val/f1", "p.seed", "t.team", "m.val/f1", "name", "", "nonsense"],
        "sort": "-p.lr",
        "page": "abc",
        "find": "x",
    }

    applied = client.get(f"{url}columns/", query | {"do": "apply"})
    pane = client.get(f"{url}columns/", query)

    expected = "!p.lr,m.val/loss@max,m.val/f1,status,source,p.seed,t.team"
    assert led_to(applied) == {"cols": expected, "sort": "-p.lr"}
    assert ",".join(lines(pane)) == expected


def test_an_order_means_the_line_that_had_the_button_whatever_else_changed(client, url):
    query = {"edit": "1", "cols": "status,m.val/acc,p.lr", "add": "m.val/f1", "stat2": "min"}

    as_it_stood = client.get(f"{url}columns/", query | {"keep": ["1", "2", "3"], "do": "up 3"})
    dragged = client.get(f"{url}columns/", query | {"keep": ["3", "1", "2"], "do": "down 3"})
    unticked = client.get(f"{url}columns/", query | {"keep": ["1", "2"], "do": "up 3"})

    assert lines(as_it_stood) == ["status", "m.val/acc@min", "p.lr", "m.val/f1"]
    assert lines(dragged) == ["status", "p.lr", "m.val/acc@min", "m.val/f1"]
    assert lines(unticked) == ["status", "m.val/acc@min", "m.val/f1"]


def test_htmx_is_led_to_the_list_too_and_gets_the_pane_alone(client, url):
    asked = {"cols": "status", "do": "apply", "edit": "1", "keep": "1"}

    applied = client.get(f"{url}columns/", asked, headers={"HX-Request": "true"})
    pane = client.get(f"{url}columns/", headers={"HX-Request": "true"})

    assert applied.headers["HX-Redirect"] == f"{url}?cols=status"
    assert "<html" not in pane.text
    assert 'id="column-pane"' in pane.text


def test_no_column_is_left_but_the_name(client, url):
    applied = client.get(f"{url}columns/", {"edit": "1", "cols": "status", "do": "apply"})

    assert led_to(applied) == {"cols": "name"}


@pytest.mark.parametrize(
    ("order", "sort", "expected"),
    [
        ("asc 3", "-p.lr", "m.val/loss"),
        ("desc 3", "", "-m.val/loss"),
        ("also-desc 3", "p.lr", "p.lr,-m.val/loss"),
        # It turns round where it stands.
        ("also-desc 4", "p.lr,name", "-p.lr,name"),
        ("unsort 4", "p.lr,name", "name"),
        ("asc 0", "p.lr", "name"),
        ("asc 99", "p.lr", "p.lr"),
    ],
)
def test_the_menu_of_a_head_sorts(client, url, order, sort, expected):
    query = {"cols": COLUMNS, "sort": sort, "do": order, "at": "list"}

    assert led_to(client.get(f"{url}columns/", query)) == {"cols": COLUMNS, "sort": expected}


def test_several_sorts_are_numbered_in_the_heads(client, url):
    page = client.get(url, {"cols": "p.lr,p.seed", "sort": "-p.seed,p.lr"})

    orders = re.findall(r'title="([\w.]+)".*?<span class="sr-only">sorts </span>(\d)', page.text)
    assert orders == [("lr", "2"), ("seed", "1")]


def test_more_columns_than_a_list_can_show_are_said(client, experiment, url):
    make_run(experiment, metrics={f"m{index}": float(index) for index in range(80)})
    add = [f"m.m{index}" for index in range(80)]

    pane = client.get(f"{url}columns/", {"edit": "1", "cols": "status", "add": add})
    long = client.get(
        f"{url}columns/",
        {"edit": "1", "do": "apply", "add": [f"m.{'x' * 200}{n}" for n in range(30)]},
    )

    assert "A list has at most 60 columns" in pane.text
    assert "an address carries" in long.text.replace("\n", " ") or LONGEST_COLUMNS == 0
    assert long.status_code == 200


def test_twelve_thousand_names_come_a_hundred_at_a_time(
    client, experiment, url, django_assert_num_queries
):
    from runs.models import KeyKind, RunKey

    RunKey.objects.bulk_create(
        RunKey(experiment=experiment, kind=KeyKind.METRIC, name=f"layer {n:05}/norm", varies=True)
        for n in range(12_000)
    )
    query = {"cols": "status", "kind": "metric", "edit": "1", "differ": "1"}

    # The experiment, its default view, its names.
    with django_assert_num_queries(3):
        first = client.get(f"{url}columns/", query)
    second = client.get(f"{url}columns/", query | {"do": "from 100"})
    last = client.get(f"{url}columns/", query | {"do": "from 99999999"})
    found = client.get(f"{url}columns/", query | {"from": "100", "find": "11999", "do": "find"})

    assert len(offered(first)) == len(offered(second)) == 100
    assert "1 to 100 of 12,003" in first.text
    assert "101 to 200 of 12,003" in second.text
    assert "12,001 to 12,003 of 12,003" in last.text
    assert offered(found) == ["m.layer 11999/norm"]


def test_names_that_begin_alike_stand_together(client, url):
    page = client.get(f"{url}columns/", {"cols": "status", "find": "val/"})

    assert page.text.count("data-family>") == 1
    assert offered(page) == ["m.val/acc", "m.val/f1", "m.val/loss"]


def test_all_runs_have_the_pane_too_without_what_belongs_to_an_experiment(client, url):
    other = make_experiment("other")
    make_run(other, params={"only here": "1"})

    page = client.get("/w/default/runs/columns/", {"edit": "1", "cols": "status"})
    applied = client.get("/w/default/runs/columns/", {"cols": "status,p.lr", "do": "apply"})

    assert {"p.only here", "p.lr"} <= set(offered(page))
    assert "Set as default" not in page.text
    assert applied.headers["Location"] == "/w/default/runs/?cols=status%2Cp.lr"


def test_a_default_is_what_everyone_sees_until_an_address_says_otherwise(client, experiment, url):
    asked = client.get(f"{url}columns/", {"cols": "p.lr,m.val/acc@max", "do": "default"})
    saved = client.post(f"{url}columns/default/", {"cols": "!p.lr,m.val/acc@max,p.unknown"})

    def shown(query):
        menus = client.get(url, query).text.partition('id="head-form"')[2]
        return unescape(re.search(r'name="cols" value="([^"]*)"', menus).group(1))

    assert "Everyone who opens churn will see these 3 columns" in asked.text
    assert saved.status_code == 302
    assert shown({}) == shown({"where": "params.lr = '0.1'"}) == "!p.lr,m.val/acc@max"
    assert shown({"cols": "status"}) == "status"
    assert shown({"cols": "auto"}).startswith("status,start_time")
    assert led_to(client.get(f"{url}columns/", {"do": "reset"})) == {"cols": "auto"}
    assert experiment.views.get().is_default

    client.post(f"{url}columns/default/")

    assert shown({}).startswith("status,start_time")
    assert led_to(client.get(f"{url}columns/", {"cols": "status", "do": "reset"})) == {}
    assert not experiment.views.exists()


def test_a_default_view_keeps_what_else_it_says(experiment):
    set_default_columns(experiment, cols="status")
    view = experiment.views.get()
    view.query = "sort=-p.lr&cols=status"
    view.save()

    set_default_columns(experiment, cols="p.lr,m.val/acc")
    set_default_columns(experiment, cols="")

    assert experiment.views.get().query == "sort=-p.lr"


def test_a_deleted_experiment_takes_no_default_and_no_format(client, experiment, url):
    delete_experiment(experiment)

    default = client.post(f"{url}columns/default/", {"cols": "status"})
    said = client.post(f"{url}columns/metric/?name=val/acc", {"better": "lower"})

    assert default.status_code == 400
    assert said.status_code == 422
    assert "active" in said.text
    assert "Set as default" not in client.get(f"{url}columns/").text


def test_what_is_said_of_a_metric_holds_on_every_page(client, experiment, url):
    query = {"cols": "m.val/acc,m.val/loss", "sort": "start_time"}
    form = client.get(f"{url}columns/metric/", query | {"name": "val/acc"})
    saved = client.post(
        f"{url}columns/metric/?name=val/acc&cols=m.val/acc&sort=start_time",
        {"better": "lower", "notation": "percent", "digits": "1"},
    )
    page = client.get(url, query)

    assert "Higher, going by the name" in form.text
    assert led_to(saved) == {"cols": "m.val/acc", "sort": "start_time"}
    # The least is the best now, and written as it was said; the exact value stays at hand.
    assert '<span class="best"><span title="0.5">50.0 %</span>' in page.text
    assert ">250.0 %<" in page.text
    again = client.get(f"{url}columns/metric/", {"name": "val/acc"}).text
    assert 'value="lower" selected' in again
    assert 'value="percent" selected' in again

    client.post(f"{url}columns/metric/?name=val/acc", {"better": "neither", "notation": ""})

    page = client.get(url, {"cols": "m.val/acc"})
    assert "best" not in re.search(r"<tbody>.*</tbody>", page.text, re.DOTALL).group()
    experiment.refresh_from_db()
    assert experiment.metric_settings == {"val/acc": {"better": "neither"}}

    client.post(f"{url}columns/metric/?name=val/acc", {"better": "", "notation": ""})

    experiment.refresh_from_db()
    assert experiment.metric_settings == {}


def test_the_direction_of_the_primary_metric_is_the_experiments_own(client, db):
    experiment = make_experiment("primary", **{"mlflow.experiment.primaryMetric.name": "thing"})
    make_run(experiment, metrics={"thing": 1.0})
    url = f"/w/default/experiments/{experiment.pk}/"

    client.post(f"{url}columns/metric/?name=thing", {"better": "lower"})

    experiment.refresh_from_db()
    assert experiment.primary_direction == "lower"
    tag = experiment.tags.get(key="mlflow.experiment.primaryMetric.greaterIsBetter")
    assert tag.value == "False"


@pytest.mark.parametrize(
    "said",
    [
        {"better": "sideways"},
        {"notation": "roman", "digits": "1"},
        {"notation": "percent", "digits": "99"},
        {"notation": "decimals", "digits": "-1"},
        {"notation": "significant", "digits": ""},
        {"notation": "significant", "digits": "0"},
    ],
)
def test_what_cannot_be_said_of_a_metric_is_refused_beside_the_form(client, experiment, url, said):
    refused = client.post(f"{url}columns/metric/?name=val/acc", said)

    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    experiment.refresh_from_db()
    assert experiment.metric_settings == {}


def test_an_experiment_says_something_of_so_many_metrics_at_most(client, experiment, url):
    experiment.metric_settings = {
        f"m{index}": {"better": "lower"} for index in range(MAX_METRIC_SETTINGS)
    }
    experiment.save()

    full = client.post(f"{url}columns/metric/?name=val/acc", {"better": "lower"})
    change = client.post(f"{url}columns/metric/?name=m1", {"better": "higher"})
    nameless = client.post(f"{url}columns/metric/", {"better": "higher"})

    assert full.status_code == nameless.status_code == 422
    assert change.status_code == 302


@pytest.mark.browser
class TestInChromium:
    @pytest.fixture
    def address(self, server, mlflow_client, experiment_name) -> str:
        import mlflow

        key = mlflow.set_experiment(experiment_name).experiment_id
        for index in range(2):
            with mlflow.start_run(run_name=f"run {index}"):
                mlflow.log_params({"lr": index, "depth": index})
                names = ["val/acc", "val/loss", "val/f1", "train/loss", "train/acc"]
                mlflow.log_metrics(dict.fromkeys(names, 0.5 + index))
        return f"{server.url}/w/default/experiments/{key}/"

    @staticmethod
    def heads(page: Page) -> list[str]:
        texts = page.locator("thead tr:last-child .sort").all_inner_texts()
        return [" ".join(text.split()) for text in texts]

    @staticmethod
    def open_menu(page: Page, name: str) -> None:
        page.locator("thead summary").filter(has_text=f"Column {name}").click()

    def test_columns_are_found_ticked_moved_pinned_and_applied(self, page: Page, address):
        page.goto(f"{address}?cols=status,m.val/acc,p.lr")
        page.get_by_role("link", name="Columns").click()
        pane = page.get_by_role("dialog")

        pane.get_by_label("Find columns").fill("f1")
        pane.get_by_label("val/f1", exact=True).check()
        pane.get_by_label("Find columns").fill("depth")
        pane.get_by_label("depth", exact=True).check()
        pane.get_by_role("button", name="Move lr up").click()
        # What moved has the focus still, so that it moves on by the keyboard alone.
        expect(pane.get_by_role("button", name="Move lr up")).to_be_focused()
        pane.get_by_label("Statistic of val/acc").select_option("min")
        pane.get_by_label("Pin lr").check(force=True)
        pane.get_by_role("button", name="Apply").click()

        page.wait_for_url("**cols=**f1**")
        assert self.heads(page) == ["Run name", "lr", "Status", "val/acc min", "val/f1", "depth"]

    def test_a_line_is_dragged_and_a_prefix_ticks_all_below_it(self, page: Page, address):
        page.goto(f"{address}?cols=status,p.lr,p.depth")
        page.get_by_role("link", name="Columns").click()
        pane = page.get_by_role("dialog")

        family = pane.get_by_label("val/", exact=True)
        pane.get_by_label("val/f1", exact=True).check()
        assert family.evaluate("box => box.indeterminate")
        family.check()
        expect(pane.get_by_label("val/loss", exact=True)).to_be_checked()
        line = pane.locator("[data-line]")
        line.nth(2).drag_to(line.nth(0), target_position={"x": 20, "y": 3})
        pane.get_by_role("button", name="Apply").click()

        page.wait_for_url("**cols=p.depth**")
        assert self.heads(page)[1:4] == ["depth", "Status", "lr"]
        assert self.heads(page)[4:] == ["val/acc", "val/f1", "val/loss"]

    def test_a_head_has_a_menu_and_a_metric_gets_a_format(self, page: Page, address):
        page.goto(f"{address}?cols=m.val/acc,p.lr")
        self.open_menu(page, "val/acc")
        page.get_by_role("button", name="Format and direction").click()
        dialog = page.get_by_role("dialog")

        dialog.get_by_label("Numbers are written").select_option("percent")
        dialog.get_by_label("Digits").fill("0")
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_role("cell", name="150 %")).to_be_visible()
        self.open_menu(page, "val/acc")
        page.get_by_role("button", name="Hide").click()

        page.wait_for_url("**cols=p.lr")
        assert self.heads(page) == ["Run name", "lr"]

    def test_it_works_without_a_script(self, browser, address):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{address}?cols=status,p.lr")
        page.get_by_role("link", name="Columns").click()

        page.get_by_label("Find columns").fill("loss")
        page.get_by_label("Find columns").press("Enter")
        page.get_by_label("val/loss", exact=True).check()
        page.get_by_role("button", name="Move lr up").click()
        page.get_by_role("button", name="Apply").click()

        expect(page.get_by_role("heading", level=1)).not_to_have_text("Customize columns")
        assert self.heads(page) == ["Run name", "lr", "Status", "val/loss"]
        self.open_menu(page, "lr")
        page.get_by_role("button", name="Sort descending").click()
        assert "sort=-p.lr" in page.url
        context.close()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_serious_in_the_pane(self, page: Page, address, scheme):
        from axe_playwright_python.sync_playwright import Axe

        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}?cols=status,m.val/acc,!p.lr")
        page.get_by_role("link", name="Columns").click()
        expect(page.get_by_label("Find columns")).to_be_visible()

        found = Axe().run(page).response["violations"]

        serious = [each["id"] for each in found if each["impact"] in {"serious", "critical"}]
        assert serious == []
