"""The page that compares runs: what stands side by side, and what its address says."""

import math
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from core.time import now_ms
from experiments.actions import delete_experiment
from runs.actions.runs import delete_run
from runs.charts.board import Board
from runs.comparing.address import PageAddress
from runs.models import Dataset, Run, RunInput
from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/"
TABS = ["", "charts/", "metrics/", "params/", "code/", "files/", "stats/"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "charts.md"


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def three(experiment) -> list[Run]:
    """Three runs that differ in some ways, the earliest first."""
    return [
        make_run(
            experiment,
            name,
            start_time=place * 1000,
            params={"lr": lr, "layers": "2"},
            metrics={"acc": accuracy, "loss": [2.0, loss]},
            tags={"team": "growth"},
        )
        for place, (name, lr, accuracy, loss) in enumerate(
            [("first", "0.1", 0.7, 0.5), ("second", "0.01", 0.9, 0.3), ("third", "0.1", 0.8, 0.2)],
            start=1,
        )
    ]


def compare(client, *runs, tab: str = "params", **query):
    ids = ",".join(run.run_id for run in runs)
    return client.get(f"{COMPARE}{tab}/" if tab else COMPARE, {"runs": ids, **query})


def follow(client, response, words: str):
    """What the first link of the page that says ``words`` leads to."""
    return client.get(urljoin(response.request["PATH_INFO"], links(response, words)[0]))


def change(client, runs, **form):
    """What answers to the form of a chart."""
    return compare(client, *runs, tab="charts", **form)


def use_data(run: Run, digest: str) -> None:
    dataset, _ = Dataset.objects.get_or_create(
        experiment=run.experiment, name="customers", digest=digest
    )
    RunInput.objects.create(run=run, dataset=dataset)


def row(response, key: str) -> list[str]:
    """The words of the cells of the row of ``key``; of a marked one, "≠ " and its words."""
    pattern = rf'<tr[^>]*>\s*<th scope="row">{re.escape(key)}\W.*?</tr>'
    found = re.search(pattern, response.text, re.DOTALL)
    assert found, f"no row {key}"
    return [
        ("≠ " if "changed" in attributes else "") + " ".join(re.sub(r"<.*?>", " ", cell).split())
        for attributes, cell in re.findall(r"<td(.*?)>(.*?)</td>", found.group(), re.DOTALL)
    ]


def has_row(response, key: str) -> bool:
    return re.search(rf'<th scope="row">{re.escape(key)}\W', response.text) is not None


def links(response, words: str) -> list[str]:
    """The addresses behind links that say ``words``."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', response.text, re.DOTALL)
    said = [(url, " ".join(re.sub(r"<.*?>", " ", text).split())) for url, text in found]
    return [url.replace("&amp;", "&") for url, text in said if text == words]


def ids_in(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query)["runs"][0].split(",")


def test_runs_stand_side_by_side_the_earliest_first(client, three):
    response = compare(client, *reversed(three))

    assert response.status_code == 200
    assert "<h1>Compare 3 runs</h1>" in response.text
    assert row(response, "lr") == ["0.1", "≠ 0.01", "0.1"]


def test_ticked_boxes_and_a_list_of_ids_say_the_same(client, three):
    ticked = client.get(COMPARE, {"run": [run.run_id for run in three]})

    assert ticked.context["address"] == compare(client, *three).context["address"]


def test_only_what_differs_shows_unless_all_is_asked_for(client, three):
    some = compare(client, *three)
    everything = follow(client, some, "Everything")

    assert not has_row(some, "layers")
    assert "1 of 2 hyperparameters differs" in some.text
    assert row(everything, "layers") == ["2", "2", "2"]
    assert row(everything, "team") == ["growth", "growth", "growth"]
    assert links(everything, "Only what differs")[0] == str(some.context["address"])


def test_what_is_missing_is_not_what_is_empty(client, experiment):
    runs = [
        make_run(experiment, params=params, start_time=place)
        for place, params in enumerate([{"note": "a"}, {"note": ""}, {}], start=1)
    ]

    assert row(compare(client, *runs), "note") == ["a", "≠ (empty)", "≠ – none"]


def test_of_long_texts_the_words_that_differ_are_marked(client, experiment):
    words = "the quick brown fox jumps over the lazy dog and then it rests for a while, {}"
    runs = [
        make_run(experiment, params={"note": words.format(end)}, start_time=place)
        for place, end in enumerate(["happy", "tired"])
    ]

    response = compare(client, *runs)

    assert "a while, <del>happy</del><ins>tired</ins>" in response.text


def test_the_best_value_is_marked_and_the_distance_to_the_baseline_told(client, three):
    response = compare(client, *three, tab="metrics")

    assert row(response, "acc") == [
        "0.7000 worst",
        "0.9000 best +0.2000 better",
        "0.8000 +0.1000 better",
    ]
    assert row(response, "loss") == [
        "0.5000 worst",
        "0.3000 -0.2000 better",
        "0.2000 best -0.3000 better",
    ]
    assert "lower is better, going by the name" in response.text


def test_another_run_can_be_the_baseline(client, three):
    page = compare(client, *three, tab="metrics")

    response = follow(client, page, "Make third the baseline")

    assert row(response, "acc")[2] == "0.8000"
    assert row(response, "acc")[0] == "0.7000 worst -0.1000 worse"


def test_metrics_can_be_compared_by_their_extremes(client, three):
    response = compare(client, *three, tab="metrics", show="all")

    highest = follow(client, response, "Highest")
    mean = follow(client, response, "Mean")

    assert row(response, "loss")[0] == "0.5000 worst"
    assert row(highest, "loss") == ["2", "2 =", "2 ="]
    assert row(mean, "loss")[0] == "1.250 worst"


def test_a_run_can_be_taken_out(client, three):
    url = links(compare(client, *three), "Remove second")[0]

    assert ids_in(url) == [three[0].run_id, three[2].run_id]
    assert client.get(COMPARE + url).context["subject"].runs == [three[0], three[2]]


def test_a_run_is_moved_and_keeps_its_place(client, three):
    page = compare(client, *three, tab="charts")

    moved = follow(client, page, "Move third left")

    assert moved.context["subject"].runs == [three[0], three[2], three[1]]
    figure = moved.context["cards"][0].figure_url
    assert [run.run_id for run in (three[0], three[2], three[1])] == ids_in(figure)
    assert links(moved, "Move first left") == []


def test_nan_is_compared_by_what_it_is(client, experiment):
    values = [math.nan, math.nan, math.inf, 0.5]
    runs = [
        make_run(experiment, metrics={"acc": value}, start_time=place)
        for place, value in enumerate(values, start=1)
    ]

    response = compare(client, *runs, tab="metrics")

    assert row(response, "acc") == ["NaN", "NaN", "∞", "0.5000 best"]


def test_runs_of_several_experiments_can_be_compared(client, three):
    other = make_run(make_experiment("pricing"), "elsewhere")

    response = compare(client, three[0], other)

    assert "of 2 experiments" in response.text
    assert row(response, "Experiment") == ["churn", "≠ pricing"]


@pytest.mark.parametrize("wrong", ["0" * 32, "no id at all", "\0", "😀", "x" * 5000])
def test_runs_that_do_not_exist_are_counted(client, three, wrong):
    response = client.get(COMPARE, {"run": [three[0].run_id, three[1].run_id, wrong]})

    assert response.status_code == 200
    assert "1 run does not exist or is not visible to you." in response.text
    assert "<h1>Compare 2 runs</h1>" in response.text


def test_runs_of_another_workspace_do_not_show(client, three):
    foreign = make_run(make_experiment("secret", workspace="other"), "foreign-run")

    response = compare(client, three[0], foreign)

    assert "1 run does not exist or is not visible to you." in response.text
    assert "foreign-run" not in response.text


@pytest.mark.parametrize("query", ["", "?runs=", "?runs=,,", f"?run={'0' * 32}&run=1"])
def test_without_runs_the_page_is_where_some_are_chosen(client, three, query):
    response = client.get(COMPARE + query)

    assert response.status_code == 200
    for run in three:
        assert f'name="run" value="{run.run_id}"' in response.text
    begun = client.post(
        response.context["select_url"], {"run": [run.run_id for run in three]}, follow=True
    )
    assert set(begun.context["subject"].runs) == set(three)


def test_beside_a_single_run_others_are_offered(client, three):
    response = compare(client, three[1])

    assert "One run alone" in response.text
    offered = [ids_in(each.url) for each in response.context["frame"].others]
    assert offered == [[three[1].run_id, three[0].run_id], [three[1].run_id, three[2].run_id]]


def test_a_single_run_is_set_beside_its_parent_the_one_before_it_or_the_best(client, experiment):
    parent = make_run(experiment, "parent", start_time=1)
    make_run(experiment, "infinite", start_time=2, metrics={"acc": math.inf})
    best = make_run(experiment, "best", start_time=3, metrics={"acc": 0.9})
    delete_run(make_run(experiment, "gone", start_time=4, metrics={"acc": 0.95}))
    before = make_run(experiment, "before", start_time=5, metrics={"acc": 0.1})
    alone = make_run(
        experiment,
        "alone",
        start_time=6,
        metrics={"acc": 0.5},
        tags={"mlflow.parentRunId": parent.run_id},
    )

    response = compare(client, alone)

    offered = [(each.title, each.run) for each in response.context["frame"].others if each.title]
    assert offered == [
        ("Compare with parent", parent),
        ("Compare with previous run", before),
        ("Compare with best run on acc", best),
    ]
    both = client.get(COMPARE + response.context["frame"].others[2].url)
    assert set(both.context["subject"].runs) == {alone, best}


def test_which_values_are_better_is_said_on_the_summary_for_everyone(client, experiment):
    runs = [
        make_run(experiment, name, start_time=place, metrics={"width": value})
        for place, (name, value) in enumerate([("narrow", 1.0), ("wide", 2.0)])
    ]
    page = compare(client, *runs, tab="")
    assert not any(cell.is_best for cell in page.context["summary"].metrics[0].cells)

    sent = dict(page.context["frame"].address.pairs) | {"metric": "width", "better": "lower"}
    said = client.post(page.context["direction_url"], sent, follow=True)

    assert said.redirect_chain[0][0].startswith(f"{COMPARE}?runs=")
    assert [cell.is_best for cell in said.context["summary"].metrics[0].cells] == [True, False]
    experiment.refresh_from_db()
    assert experiment.said_of("width") == {"better": "lower"}


@pytest.mark.parametrize("sent", [{"better": "sideways"}, {"metric": ""}, {"metric": "\0"}])
def test_what_is_no_direction_is_refused_and_nothing_is_said(client, experiment, sent):
    runs = [make_run(experiment, name, metrics={"width": 1.0}) for name in "ab"]
    address = {"runs": ",".join(run.run_id for run in runs), "metric": "width", "better": "lower"}

    response = client.post(f"{COMPARE}direction/", address | sent)

    assert response.status_code == 400
    experiment.refresh_from_db()
    assert experiment.metric_settings == {}


def test_a_direction_is_said_of_all_experiments_or_of_none(client, experiment):
    other = make_experiment("other")
    runs = [make_run(each, metrics={"width": 1.0}) for each in (experiment, other)]
    delete_experiment(other)
    sent = {"runs": ",".join(run.run_id for run in runs), "metric": "width", "better": "lower"}

    response = client.post(f"{COMPARE}direction/", sent)

    assert response.status_code == 400
    experiment.refresh_from_db()
    assert experiment.metric_settings == {}


def test_of_many_runs_all_are_in_the_tables_and_the_first_are_charted(client, experiment):
    runs = [make_run(experiment, f"run {i}", metrics={"acc": i / 50}) for i in range(42)]

    charts = compare(client, *runs, tab="charts", order="given")
    tables = compare(client, *runs, tab="metrics", order="given")

    assert "Charts show the first 40 of 42 runs" in charts.text
    assert runs[39].run_id in charts.context["cards"][0].figure_url
    assert runs[40].run_id not in charts.context["cards"][0].figure_url
    assert tables.context["table"].runs == runs


def test_a_run_in_the_trash_is_said_to_be_there(client, three):
    delete_run(three[2])

    assert row(compare(client, *three), "Status") == ["Finished", "Finished", "≠ In Trash"]


def test_a_run_that_still_logs_has_not_stalled(client, experiment):
    done = make_run(experiment, "done", start_time=1)
    silent = make_run(experiment, "silent", start_time=2, status="RUNNING")
    busy = make_run(experiment, "busy", start_time=now_ms(), status="RUNNING")

    summary = compare(client, done, silent, busy, tab="")
    page = compare(client, done, silent, busy)

    assert "2 runs are not finished: values may still change." in page.text
    assert "1 run has stalled" in page.text
    assert row(page, "Status") == ["Finished", "≠ Stalled", "≠ Running"]
    assert "busy is still running; silent has stalled: their values may not be" in summary.text


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"status": "RUNNING"}, "1 run is not finished: values may still change."),
        ({"status": "RUNNING"}, "1 run has stalled: nothing has been logged for a long time."),
        ({"status": "FAILED"}, "1 run did not end well."),
        ({"metrics": {"other": 1.0}}, "No metric was logged by all of these runs."),
        (
            {"metrics": {"acc": 1.0, "other": 1.0, "system/cpu": 1.0}},
            "1 of 2 metrics was not logged by all of these runs.",
        ),
        (
            {"tags": {"mlflow.source.git.diff": "+1"}},
            "1 run ran with changes that were not committed.",
        ),
    ],
)
def test_what_makes_a_comparison_doubtful_is_said(client, experiment, changes, warning):
    usual = {"metrics": {"acc": 1.0}}
    runs = [make_run(experiment, **usual), make_run(experiment, **(usual | changes))]

    assert warning in compare(client, *runs, tab="").text
    assert warning in compare(client, *runs, tab="charts").text


def test_it_is_said_that_runs_read_different_data(client, experiment):
    runs = [make_run(experiment, start_time=place) for place in (1, 2)]
    for run, digest in zip(runs, ["a1", "b2"], strict=True):
        use_data(run, digest)

    response = compare(client, *runs)

    assert "These runs read different datasets." in response.text
    assert row(response, "Datasets") == ["customers (a1)", "≠ customers (b2)"]


def test_every_metric_has_a_chart_with_its_words_and_values(client, three):
    response = compare(client, *three, tab="charts")

    cards = response.context["cards"]
    assert [card.title for card in cards] == ["acc", "loss"]
    assert cards[0].caption == "Three runs; second is highest, at 0.9000, which is best."
    assert cards[1].caption == "Three runs; third ends lowest, at 0.2000, which is best."
    for card in cards:
        assert client.get(card.figure_url).status_code == 200
        assert client.get(card.drawing_url).status_code == 200
        assert client.get(card.csv_url).status_code == 200
        assert f'<figcaption id="{card.id}-caption">{card.caption}' in response.text


def test_the_first_charts_are_followed_by_more_on_request(client, experiment):
    metrics = {f"metric {i:02}": float(i) for i in range(30)}
    runs = [make_run(experiment, metrics=metrics) for _ in range(2)]

    first = compare(client, *runs, tab="charts")
    second = follow(client, first, "Show 12 more")
    third = follow(client, second, "Show 6 more")

    assert [len(page.context["cards"]) for page in (first, second, third)] == [12, 24, 30]
    assert "12 of 30 charts" in first.text
    assert links(third, "Show 6 more") == []


def test_the_primary_metric_comes_first_and_system_metrics_last(client, db):
    tag = {"mlflow.experiment.primaryMetric.name": "zeta"}
    experiment = make_experiment("primary", **tag)
    metrics = {"system/cpu": 1.0, "alpha": 1.0, "zeta": 1.0}
    runs = [make_run(experiment, metrics=metrics) for _ in range(2)]

    titles = [card.title for card in compare(client, *runs, tab="charts").context["cards"]]

    assert titles == ["zeta", "alpha", "system/cpu"]


def test_a_chart_is_replaced_and_the_address_keeps_it(client, three):
    sent = change(
        client, three, edit="acc", put="replace", metric="acc", type="bar", axis="param:lr"
    )

    page = client.get(sent["Location"].split("#")[0])

    titles = [card.title for card in page.context["cards"]]
    assert titles == ["acc by lr", "loss"]
    assert "type=bar&x=param%3Alr" in page.context["cards"][0].figure_url
    assert sent["Location"].endswith(f"#{page.context['cards'][0].id}")


def test_a_chart_is_added_beside_the_one_it_was_made_from(client, three):
    sent = change(client, three, edit="acc", put="add", metric="loss", type="scatter", title="Mine")

    page = client.get(sent["Location"].split("#")[0])

    assert [card.title for card in page.context["cards"]] == ["acc", "Mine", "loss"]
    assert sent["Location"].endswith(f"#{page.context['cards'][1].id}")
    without = follow(client, page, "Remove chart")
    assert [card.title for card in without.context["cards"]] == ["acc", "loss"]


def test_charts_are_moved_and_doubled_and_the_address_keeps_it(client, three):
    def titles(page):
        return [card.title for card in page.context["cards"]]

    usual = compare(client, *three, tab="charts")
    assert titles(usual) == ["acc", "loss"]
    assert (usual.context["cards"][0].left_url, usual.context["cards"][1].right_url) == ("", "")

    doubled = follow(client, usual, "Duplicate")
    assert titles(doubled) == ["acc", "acc", "loss"]
    cards = doubled.context["cards"]
    moved = client.get(f"{COMPARE}charts/{cards[1].right_url.split('#')[0]}")
    assert titles(moved) == ["acc", "loss", "acc"]
    again = client.get(f"{COMPARE}charts/{moved.context['cards'][2].left_url.split('#')[0]}")
    assert titles(again) == ["acc", "acc", "loss"]
    # Its link leads to the same page with this chart first.
    alone = client.get(f"{COMPARE}charts/{cards[2].link_url.split('#')[0]}")
    assert titles(alone) == ["loss", "acc", "acc"]
    # What is removed is not remembered among those in front.
    removed = follow(client, moved, "Remove chart")
    assert titles(removed) == ["acc", "loss"]
    assert "@" not in removed.context["address"].board.front


def test_a_chart_that_is_not_there_may_be_named_in_front(client, three):
    page = client.get(
        f"{COMPARE}charts/",
        {
            "runs": ",".join(run.run_id for run in three),
            "front": ["x", "9@acc", "@", "loss", "\0"],
        },
    )

    assert [card.title for card in page.context["cards"]] == ["loss", "acc"]


def test_a_changed_chart_is_changed_again_and_reset(client, three):
    sent = change(client, three, edit="acc", put="replace", metric="acc", title="Once")
    page = client.get(sent["Location"].split("#")[0])
    edit = follow(client, page, "Edit Once")
    editor = edit.context["editor"]
    assert editor.spec.title == "Once"

    form = {"edit": editor.at, "number": editor.number, "put": "replace"}
    fields = [*editor.pairs, *form.items(), ("metric", "acc"), ("title", "Twice")]
    again = client.get(f"{COMPARE}charts/?{urlencode(fields)}")

    page = client.get(again["Location"].split("#")[0])
    assert [card.title for card in page.context["cards"]] == ["Twice", "loss"]
    reset = follow(client, page, "Reset chart")
    assert [card.title for card in reset.context["cards"]] == ["acc", "loss"]


def test_a_change_that_makes_no_sense_is_shown_again_with_the_reason(client, three):
    response = change(
        client, three, edit="acc", put="replace", metric="acc", type="bar", axis="step"
    )

    assert response.status_code == 200
    assert "Bar shows one value a run" in response.text
    assert response.context["editor"].spec.type == "bar"


def test_the_editor_alone_answers_htmx(client, three):
    query = {"edit": "acc"}

    part = client.get(
        f"{COMPARE}charts/",
        {"runs": ",".join(run.run_id for run in three), **query},
        headers={"HX-Request": "true"},
    )

    assert "<h1" not in part.text
    assert 'value="param:lr"' in part.text
    assert "HX-Request" in part["Vary"]


@pytest.mark.parametrize(
    "query",
    [
        {"chart": "metric="},
        {"chart": "metric=acc&type=pie"},
        {"chart": "%%%"},
        {"chart": "&".join(f"k{i}=1" for i in range(99))},
        {"chart": "\0"},
        {"chart": ["metric=acc&new=1"] * 99},
        {"stat": "mode"},
        {"cards": "-1"},
        {"cards": "9" * 99},
        {"cards": "²"},
        {"base": "nobody"},
        {"edit": "acc", "number": "7"},
        {"edit": "acc", "number": "²"},
        {"edit": "no such metric"},
        {"put": "replace"},
        {"put": "replace", "metric": "\0", "edit": "acc"},
        {"put": "sing", "metric": "acc", "number": "99"},
        {"show": "nothing"},
        {"delta": "huge"},
        {"rows": "\0"},
        {"q": "\0 😀"},
        {"keys": "99999", "page": "99999"},
        {"of": "\0", "group": "\0", "path": "../..\0"},
        {"size": "xxl"},
    ],
)
@pytest.mark.parametrize("tab", TABS)
def test_nothing_in_an_address_breaks_the_page(client, three, query, tab):
    ids = ",".join(run.run_id for run in three)

    response = client.get(f"{COMPARE}{tab}", {"runs": ids, **query}, follow=True)

    assert response.status_code == 200
    assert "Compare 3 runs" in response.text


def test_the_document_gives_changes_that_can_be_read():
    examples = re.search(r"```\n(.+?)\n```", DOCUMENT.read_text(), re.DOTALL)[1].splitlines()

    board, wrong = Board.read(examples)

    assert wrong == []
    assert len(board.changes) == 3


def test_the_document_names_what_an_address_may_say():
    text = (DOCUMENT.parent / "compare.md").read_text().partition("stands in the address")[2]
    named = {
        key
        for line in text.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    query = QueryDict(
        "runs=a,b&order=given&base=b&stat=max&delta=rel&show=all&q=x&rows=keys&keys=2&page=3"
        "&of=acc&group=lr&path=a.png&size=l&shade=heat&method=welch&at=3&look=diff&cards=24"
        "&chart=metric%3Dacc&front=acc&x=relative&xs=log&ys=log&sm=ema:0.6&out=fit"
    )

    address, wrong = PageAddress.read(query)

    assert wrong == []
    assert named == set(query)
    assert dict(address.pairs) == query.dict()


@pytest.mark.parametrize("tab", TABS)
def test_no_nonsense_in_an_address_breaks_a_page(client, three, tab):
    runs = ",".join(run.run_id for run in three)
    keys = (
        "order base stat delta show shade q rows keys page of group method path at look size "
        "cards chart edit put tab id find"
    ).split()
    junk = ["0", "-1", "9" * 40, "é😀", "\0", "a,b", "../../etc", "1e999", "x" * 500, "<b>x", " "]

    for text in junk:
        asked = dict.fromkeys(keys, text)
        response = client.get(f"{COMPARE}{tab}", {"runs": runs, **asked}, follow=True)

        assert response.status_code == 200, asked
        assert "<b>x" not in response.text


def test_names_are_text_and_nothing_else(client, experiment):
    odd = '<script>alert(1)</script> & " 😀'
    runs = [
        make_run(experiment, odd, params={"k": odd}, tags={"t": odd}, metrics={"m/a b": 1.0})
        for _ in range(2)
    ]

    for tab in TABS:
        text = client.get(
            f"{COMPARE}{tab}", {"runs": ",".join(run.run_id for run in runs), "show": "all"}
        ).text

        assert "<script>alert" not in text


@pytest.mark.parametrize("tab", TABS)
def test_more_of_everything_does_not_mean_more_queries(client, experiment, tab):
    def fill(count: int) -> list[Run]:
        runs = [
            make_run(
                experiment,
                params={f"p{i}": str(number) for i in range(count)},
                metrics={f"m{i}": [1.0, float(number)] for i in range(count)},
                tags={f"t{i}": str(number) for i in range(count)},
            )
            for number in range(count)
        ]
        for run in runs:
            use_data(run, f"{run.pk}")
        return runs

    def queries(runs: list[Run]) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{COMPARE}{tab}", {"runs": ",".join(run.run_id for run in runs)})
        return [re.search(r'FROM "(\w+)"', query["sql"]).group(1) for query in captured]

    few, many = fill(3), fill(15)
    queries(few)

    frame = [
        "workspaces_workspace",
        "runs_run",
        # Which is the baseline, and which color people chose.
        "runs_runtag",
        "runs_param",
        "runs_runtag",
        "runs_metricstat",
        # Names are remembered only once they are committed, which in a test they never are.
        "runs_metrickey",
        "runs_runinput",
    ]
    assert queries(few)[: len(frame)] == frame
    assert queries(many) == queries(few)
    assert len(queries(few)) <= len(frame) + 10
