"""The filter pane: its facets and their counts, and what its form makes of the address."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs import facets, offers
from runs.models import Run
from search.quoting import with_quotes
from search.runs import parse_expression
from tests.support.factories import make_experiment, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment():
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


@pytest.fixture
def runs(experiment) -> list[Run]:
    """Twenty runs: two optimizers, rising accuracy, a learning rate over four decades."""
    made = []
    for index in range(20):
        made.append(
            make_run(
                experiment,
                f"run-{index:02}",
                metrics={"val acc": index / 20},
                params={"opt": "adam" if index % 2 else "sgd", "lr": f"{10 ** (-index / 4):.3g}"},
                tags={"team": "blue" if index < 5 else "red"},
                status="FAILED" if index < 4 else "FINISHED",
                start_time=1_700_000_000_000 + index,
            )
        )
    return made


def facet(client, url: str, facet_id: str, **query) -> str:
    response = client.get(
        f"{url}filter/", {**query, "facet": facet_id}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    return html.unescape(response.text)


def counts(text: str) -> dict[str, int]:
    """The values that a facet offers, with the number beside each."""
    found = re.findall(
        r'name="(?:in\.)?[^"]*" value="([^"]*)"[^>]*>.*?class="facet-count">(?:<span[^>]*>)?(\d+)',
        text,
    )
    return {value: int(count) for value, count in found}


def ticked(text: str) -> list[str]:
    return re.findall(r'value="([^"]*)" checked', text)


def applied(client, url: str, query: dict) -> dict[str, list[str]]:
    """What the address says that the form leads to."""
    response = client.get(f"{url}filter/apply/", query)
    assert response.status_code == 302
    target = urlsplit(response.url)
    assert target.path == url
    return parse_qs(target.query)


@pytest.mark.parametrize(
    ("facet_id", "query", "expected"),
    [
        ("status", {}, {"RUNNING": 0, "SCHEDULED": 0, "FINISHED": 16, "FAILED": 4, "KILLED": 0}),
        ("p.opt", {}, {"adam": 10, "sgd": 10}),
        ("t.team", {}, {"blue": 5, "red": 15}),
        ("p.opt", {"status": "FAILED"}, {"adam": 2, "sgd": 2}),
        ("p.opt", {"where": "tags.team = 'blue'"}, {"adam": 2, "sgd": 3}),
        # A facet's own condition does not hide what else could be ticked.
        ("p.opt", {"where": "params.opt = 'adam' AND tags.team = 'blue'"}, {"adam": 2, "sgd": 3}),
        ("t.team", {"where": "params.opt = 'adam' AND tags.team = 'blue'"}, {"blue": 2, "red": 8}),
    ],
)
def test_the_counts_of_a_facet_are_of_what_the_other_conditions_leave(
    client, runs, url, facet_id, query, expected
):
    assert counts(facet(client, url, facet_id, **query)) == expected


def test_own_conditions_of_run_facets_do_not_hide_their_other_values(client, runs, url):
    text = facet(client, url, "status", status="FAILED")

    assert counts(text)["FINISHED"] == 16
    assert ticked(text) == ["FAILED"]


def test_counts_are_of_the_newest_where_there_are_many_and_the_pane_says_so(
    client, runs, url, monkeypatch
):
    assert "newest" not in facet(client, url, "p.opt")
    monkeypatch.setattr(facets, "SAMPLE", 6)

    text = facet(client, url, "t.team")

    assert counts(text) == {"red": 6}
    assert "Counts of the newest 6 runs" in text


def test_a_metric_shows_its_spread_and_takes_a_range(client, runs, url):
    text = facet(client, url, "m.val acc", where="metrics.`val acc` >= 0.5")

    assert len(re.findall(r"<g data-low", text)) == 16
    assert sum(map(int, re.findall(r": (\d+) runs?</title>", text))) == 20
    assert 'name="lo.m.val acc" value="0.5"' in text
    assert 'name="hi.m.val acc" value=""' in text


def test_numbers_over_many_decades_are_shown_on_a_logarithmic_scale(client, runs, url):
    text = facet(client, url, "p.lr")

    assert "logarithmic" in text
    assert 'name="lo.p.lr"' in text


def test_a_facet_shows_the_commonest_values_and_all_when_asked(client, experiment, url):
    for index in range(30):
        make_run(experiment, params={"note": f"words {index % 20}"})

    few = facet(client, url, "p.note")
    every = facet(client, url, "p.note", all="p.note")

    assert len(counts(few)) == 8
    assert set(counts(few).values()) == {2}
    assert "Show all (20)" in few
    assert len(counts(every)) == 20
    assert "Show all" not in every


def test_among_all_values_some_are_found_by_a_part_and_ticked_ones_stay(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr(facets, "ALL_CHOICES", 5)
    for index in range(30):
        make_run(experiment, params={"note": f"words {index}"})
    query = {"all": "p.note", "where": "params.note = 'words 3'"}

    every = facet(client, url, "p.note", **query)
    found = facet(client, url, "p.note", **query, **{"find.p.note": "S 1"})
    nothing = facet(client, url, "p.note", all="p.note", **{"find.p.note": "<none>"})

    assert "The first 6 of 30" in every
    assert set(counts(found)) == {"words 1", *(f"words {n}" for n in range(10, 14)), "words 3"}
    assert "No value has “<none>” in it" in nothing


@pytest.mark.parametrize(
    ("where", "way", "active", "is_ticked"),
    [
        ("params.opt != 'adam'", "not", "not adam", ["adam"]),
        ("params.opt NOT IN ('adam', 'sgd')", "not", "not adam, sgd", ["adam", "sgd"]),
        ("params.opt IS NULL", "missing", "missing", []),
        ("params.opt IS NOT NULL", "set", "set", []),
        ("metrics.`val acc` IS NULL AND params.opt = 'sgd'", "", "sgd", ["sgd"]),
    ],
)
def test_a_facet_shows_in_which_way_it_is_asked(client, runs, url, where, way, active, is_ticked):
    text = facet(client, url, "p.opt", where=where)

    assert re.search(r'<option value="([a-z]*)" selected', text).group(1) == way
    assert f'<b title="{active}">' in text
    assert ticked(text) == is_ticked
    # Its own condition hides nothing that could be ticked.
    assert set(counts(text)) == {"adam", "sgd"} or "val acc" in where


def test_what_is_ticked_stays_in_sight_though_it_is_rare(client, experiment, url):
    for index in range(30):
        make_run(experiment, params={"note": f"words {index % 20}"})

    text = facet(client, url, "p.note", where="params.note IN ('words 19', 'words of nobody')")

    assert ticked(text) == ["words 19", "words of nobody"]


@pytest.mark.parametrize(
    "facet_id", ["colour", "status.x", "p.", "name", "m.val acc@max", "m." + "x" * 600]
)
def test_there_is_no_facet_of_any_other_id(client, runs, url, facet_id):
    response = client.get(f"{url}filter/", {"facet": facet_id}, headers={"HX-Request": "true"})

    assert response.status_code == 404


def test_a_key_that_no_run_has_is_an_empty_facet(client, runs, url):
    assert "No run here has any" in facet(client, url, "p.nothing")


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"on": "p.opt", "in.p.opt": "adam"}, "params.opt = 'adam'"),
        ({"on": "p.opt", "in.p.opt": ["adam", "it's"]}, "params.opt IN ('adam', \"it's\")"),
        ({"on": "m.val acc", "lo.m.val acc": "0.1"}, "metrics.`val acc` >= 0.1"),
        (
            {"on": "m.val acc", "lo.m.val acc": "0.1", "hi.m.val acc": "1e3"},
            "metrics.`val acc` >= 0.1 AND metrics.`val acc` <= 1e3",
        ),
        # Untouched facets and rows leave the text as it was written.
        (
            {
                "where": "params.opt='adam'  and metrics.loss > 1",
                "on": "p.opt",
                "in.p.opt": "adam",
                "row_part": "metrics.loss > 1",
                "row_field": "metrics.loss",
                "row_operator": ">",
                "row_value": "1",
            },
            "params.opt='adam' AND metrics.loss > 1",
        ),
        # A changed one takes its place, an emptied one is gone.
        (
            {"where": "params.opt = 'adam' AND metrics.a > 1", "on": "p.opt", "in.p.opt": "sgd"},
            "params.opt = 'sgd' AND metrics.a > 1",
        ),
        ({"where": "params.opt = 'adam' AND metrics.a > 1", "on": "p.opt"}, "metrics.a > 1"),
        ({"where": "metrics.a >= 1 AND metrics.a <= 2", "on": "m.a"}, None),
        # What a facet does not show is not its to change.
        ({"where": "params.opt ~ 'adam'", "on": "p.opt"}, "params.opt ~ 'adam'"),
        # All but some values, those that have one, those that have none.
        ({"on": "p.opt", "way.p.opt": "not", "in.p.opt": "adam"}, "params.opt != 'adam'"),
        (
            {"on": "p.opt", "way.p.opt": "not", "in.p.opt": ["adam", "sgd"]},
            "params.opt NOT IN ('adam', 'sgd')",
        ),
        ({"on": "p.opt", "way.p.opt": "set", "in.p.opt": "adam"}, "params.opt IS NOT NULL"),
        (
            {"on": "m.val acc", "way.m.val acc": "missing", "lo.m.val acc": "1"},
            "metrics.`val acc` IS NULL",
        ),
        ({"on": "p.opt", "way.p.opt": "not"}, None),
        (
            {"where": "params.opt IN ('adam')", "on": "p.opt", "way.p.opt": "not",
             "in.p.opt": "adam"},
            "params.opt != 'adam'",
        ),
        ({"where": "tags.team IS NULL", "on": "t.team", "way.t.team": "set"},
         "tags.team IS NOT NULL"),
        # Of two ways in one expression the facet has the first.
        (
            {"where": "params.opt != 'adam' AND params.opt = 'sgd'", "on": "p.opt",
             "way.p.opt": "not", "in.p.opt": ["adam", "x"]},
            "params.opt NOT IN ('adam', 'x') AND params.opt = 'sgd'",
        ),
        (
            {"where": "params.a = '1' OR params.b = '2'", "on": "p.a", "in.p.a": "x"},
            "(params.a = '1' OR params.b = '2') AND params.a = 'x'",
        ),
        # New rows: quotes where the grammar wants them.
        (
            {"row_part": "", "row_field": "metrics.val acc@max", "row_operator": ">",
             "row_value": "0.4"},
            "metrics.`val acc`@max > 0.4",
        ),
        (
            {"row_part": "", "row_field": "val acc", "row_operator": "<=", "row_value": "1"},
            "metrics.`val acc` <= 1",
        ),
        (
            {"row_part": "", "row_field": "params.opt", "row_operator": "contains",
             "row_value": "da"},
            "params.opt ILIKE '%da%'",
        ),
        (
            {"row_part": "", "row_field": "tags.team", "row_operator": "IN",
             "row_value": "blue, red"},
            "tags.team IN ('blue', 'red')",
        ),
        ({"row_part": "", "row_field": "tags.team", "row_operator": "IS NULL", "row_value": ""},
         "tags.team IS NULL"),
        ({"row_part": "", "row_field": "start_time", "row_operator": ">", "row_value": "-7d"},
         "start_time > -7d"),
        ({"row_part": "", "row_field": "duration", "row_operator": ">", "row_value": "5m"},
         "duration > '5m'"),
        ({"row_part": "", "row_field": "", "row_operator": "=", "row_value": "x"}, None),
        (
            {"where": "metrics.a > 1 AND metrics.b > 2", "row_part": "metrics.a > 1",
             "row_field": "", "row_operator": ">", "row_value": "1"},
            "metrics.b > 2",
        ),
        (
            {"where": "metrics.a > 1 AND metrics.b > 2", "row_part": "metrics.a > 1",
             "row_field": "metrics.a", "row_operator": "<", "row_value": "1"},
            "metrics.a < 1 AND metrics.b > 2",
        ),
        # What cannot be read is kept, and what is new stands behind it.
        (
            {"where": "metrics.a >", "row_part": "", "row_field": "params.x",
             "row_operator": "=", "row_value": "1"},
            "metrics.a > AND params.x = '1'",
        ),
    ],
)  # fmt: skip
def test_the_form_makes_one_expression_of_all_its_fields(client, runs, url, form, where):
    query = applied(client, url, form)

    assert query == ({"where": [where]} if where else {})


def test_the_address_has_nothing_that_only_the_form_says(client, runs, url):
    query = applied(
        client,
        url,
        {"q": " ", "status": ["FAILED", ""], "started": "", "page": "x", "open": "status",
         "facet": "p.opt", "all": "p.opt", "filters": "1", "cols": "status", "row_part": "",
         "row_field": "", "row_operator": "=", "row_value": ""},
    )  # fmt: skip

    assert query == {"status": ["FAILED"], "filters": ["1"], "cols": ["status"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [("metrics.val acc", "high"), ("params.lr", "' OR 'x' = '"), ("a\x00b", "1"), ("`'\"", "`'\"")],
)
def test_a_row_that_makes_no_sense_is_kept_and_said_beside_the_box(client, runs, url, field, value):
    form = {"row_part": "", "row_field": field, "row_operator": ">", "row_value": value}
    response = client.get(f"{url}filter/apply/", form, follow=True)

    assert response.status_code == 200
    assert 'id="where-error"' in response.text


def test_add_condition_leads_back_to_the_pane_where_there_is_no_script(client, runs, url):
    form = {"row_part": "", "row_field": "params.opt", "row_operator": "=", "row_value": "adam"}
    response = client.get(f"{url}filter/apply/", {**form, "more": "1", "on": "t.team"})

    assert response.url.startswith(f"{url}filter/?")
    text = html.unescape(client.get(response.url).text)
    assert "params.opt = 'adam'" in text
    # The facet of the key says it; there is no second row for it.
    assert text.count('name="row_part"') == 1


def test_a_condition_that_no_facet_shows_is_a_row(client, runs, url):
    where = "params.opt ~ 'adam' AND metrics.`val acc`@max > 0.5 AND NOT tags.team = 'x'"
    text = html.unescape(client.get(f"{url}filter/", {"where": where}).text)

    assert re.findall(r'name="row_field" value="(.*?)" placeholder', text) == [
        "params.opt",
        "metrics.`val acc`@max",
        "",
    ]
    assert '<option value="~" selected>' in text


def test_the_pane_is_a_page_of_its_own_without_a_script(client, runs, url):
    response = client.get(f"{url}filter/", {"status": "FAILED", "cols": "status", "q": "run"})
    text = html.unescape(response.text)

    assert "<h1>Filter</h1>" in text
    assert f'action="{url}filter/apply/"' in text
    assert '<input type="hidden" name="cols" value="status">' in text
    assert re.search(r'name="status" value="FAILED" checked', text)
    assert "“" not in re.findall(r"<h3>(.*?)</h3>", text)
    assert "Hyperparameters that differ" in text


def test_a_closed_facet_does_not_lose_what_it_asks(client, runs, url):
    response = client.get(
        f"{url}filter/",
        {"status": "FAILED", "since": "2020-01-01", "parent": "top", "open": "user"},
        headers={"HX-Request": "true"},
    )

    for name, value in [("status", "FAILED"), ("since", "2020-01-01"), ("parent", "top")]:
        assert (
            f'<input type="hidden" form="run-filter" name="{name}" value="{value}">'
            in response.text
        )


def test_the_list_opens_the_pane_by_its_address_and_loads_it_afterwards(client, runs, url):
    closed = client.get(url).text
    opened = html.unescape(client.get(url, {"filters": "1", "user": "ada"}).text)

    assert 'id="filters"' not in closed
    assert f'hx-get="{url}filter/?filters=1&user=ada"' in opened
    # Until it is there, what it would send is sent all the same.
    assert '<input type="hidden" form="run-filter" name="user" value="ada">' in opened


def test_all_runs_have_an_experiment_facet(client, runs, experiment):
    make_run(make_experiment("other"))
    make_run(make_experiment("foreign", workspace="elsewhere"))

    text = facet(client, "/w/default/runs/", "experiment")

    assert counts(text)[str(experiment.pk)] == 20
    assert "churn" in text
    assert "other" in text
    assert "foreign" not in text


def test_the_number_of_queries_depends_on_what_is_open_and_not_on_the_runs(
    client, experiment, runs, url
):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(f"{url}filter/", {"open": ["status", "p.opt", "m.val acc"]})
        return len(captured)

    few = queries()
    for index in range(30):
        make_run(experiment, params={"opt": f"new {index}"}, metrics={"val acc": index / 7})

    assert queries() == few


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("acc", "metrics.`val acc`"),
        ("metrics.", "metrics.`val acc`"),
        ("metrics.`va", "metrics.`val acc`"),
        ("params.o", "params.opt"),
        ("tags.t", "tags.team"),
        ("dur", "duration"),
        ("OPT", "params.opt"),
    ],
)
def test_names_are_found_by_any_part_of_them(client, runs, url, q, first):
    fields = client.get(f"{url}keys.json", {"q": q}).json()["fields"]

    assert fields[0]["field"] == first


def test_names_are_those_of_the_list_only(client, runs, url):
    make_run(make_experiment("other"), params={"only there": "1"})
    make_run(make_experiment("foreign", workspace="elsewhere"), params={"only foreign": "1"})

    here = client.get(f"{url}keys.json", {"q": "only"}).json()["fields"]
    everywhere = client.get("/w/default/runs/keys.json", {"q": "only"}).json()["fields"]

    assert here == []
    assert [each["field"] for each in everywhere] == ["params.`only there`"]


@pytest.mark.parametrize("q", ["", "\x00", "%", "'" * 300, "metrics.`", "dataset.", "."])
def test_a_search_for_names_answers_whatever_is_asked(client, runs, url, q):
    response = client.get(f"{url}keys.json", {"q": q})

    assert response.status_code == 200
    for each in response.json()["fields"]:
        assert parse_expression(f"{each['field']} IS NULL") is not None


def offered(client, url: str, of: str, q: str = "") -> list[tuple[str, str]]:
    """What a box offers of a field, and what it says beside it."""
    found = client.get(f"{url}keys.json", {"of": of, "q": q}).json()["fields"]
    return [(each["field"], each["kind"]) for each in found]


def test_the_values_of_a_field_are_offered_as_an_expression_has_them(client, runs, url):
    assert offered(client, url, "params.opt") == [("'adam'", "10 runs"), ("'sgd'", "10 runs")]
    assert offered(client, url, "params.opt", "SG") == [("'sgd'", "10 runs")]
    assert offered(client, url, "tags.team") == [("'red'", "15 runs"), ("'blue'", "5 runs")]
    assert ("'FAILED'", "") in offered(client, url, "status", "fail")
    assert ("-7d", "ago") in offered(client, url, "start_time", "-")
    assert offered(client, url, "run_name", "run-03") == [("'run-03'", "1 run")]


def test_values_with_quotes_are_written_in_others_or_not_offered(client, experiment, url):
    for value in ("it's", "both \" and '", "plain"):
        make_run(experiment, params={"a b": value})

    assert offered(client, url, "params.`a b`") == [('"it\'s"', "1 run"), ("'plain'", "1 run")]


@pytest.mark.parametrize(
    "of",
    [
        "metrics.`val acc`",
        "nothing",
        "params.",
        "params.none",
        "dataset.digest",
        "a\x00b",
        "x" * 400,
    ],
)
def test_of_other_fields_nothing_is_offered(client, runs, url, of):
    assert offered(client, url, of) == []


def test_offered_values_are_those_of_the_newest_runs(client, runs, url, monkeypatch):
    monkeypatch.setattr(offers, "SAMPLE", 6)

    assert offered(client, url, "tags.team") == [("'red'", "6 runs")]


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("metrics.val acc > 0.5", "metrics.`val acc` > 0.5"),
        (
            "params.opt = 'adam' AND metrics.val acc<=1",
            "params.opt = 'adam' AND metrics.`val acc`<=1",
        ),
        ("metrics.val acc@max > 0.5", "metrics.`val acc`@max > 0.5"),
        ("NOT metrics.val acc is null", "NOT metrics.`val acc` is null"),
        # In a text it is no name, and what can be read stays as it is.
        ("params.opt = 'metrics.val acc > 1'", "params.opt = 'metrics.val acc > 1'"),
        ("metrics.nobody knows > 1", "metrics.nobody knows > 1"),
    ],
)
def test_a_name_gets_the_quotes_that_it_needs(client, runs, url, typed, where):
    assert applied(client, url, {"where": typed})["where"] == [where]


def test_of_two_names_the_longer_one_that_fits_gets_the_quotes():
    def names(entity):
        return ["val", "val acc", "val acc top"] if entity == "metric" else []

    assert with_quotes("metrics.val acc > 1", names) == "metrics.`val acc` > 1"
    assert with_quotes("metrics.val acc top = 1", names) == "metrics.`val acc top` = 1"
    assert with_quotes("metrics.val acc tops = 1", names) == "metrics.val acc tops = 1"


def test_a_filter_that_cannot_be_read_sends_only_its_fault_to_a_page_that_is_there(
    client, runs, url
):
    query = {"where": "params.opd = 'x'", "status": "FAILED"}
    part = client.get(f"{url}filter/apply/", query, headers={"HX-Request": "true"})
    page = client.get(f"{url}filter/apply/", query)

    assert "Did you mean params.opt?" in part.text
    assert "<table" not in part.text
    assert part.headers["HX-Retarget"] == "#filter-errors"
    assert part.headers["HX-Push-Url"] == "false"
    assert page.status_code == 302
