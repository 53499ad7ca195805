"""Charts of many runs: how values spread, and how they depend on what was tried."""

import math
import re
from urllib.parse import urlencode

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runs.charts import palette
from runs.charts.distributions import bin_edges
from runs.charts.relations import front
from runs.charts.spec import DISTRIBUTIONS, RELATIONS, Type
from runs.models import Param
from tests.runs.test_figures import FIGURE, address, get_figure, numbers
from tests.support.factories import make_experiment, make_run

SVG = "/w/default/compare/figure.svg"


@pytest.fixture
def search(db):
    """Twelve runs: accuracy rises with the learning rate and with depth, and Adam is better."""
    experiment = make_experiment("search")
    runs = []
    for i in range(12):
        rate, depth, optimizer = 10.0 ** (i % 4 - 4), i // 4 + 1, "adam" if i % 2 else "sgd"
        accuracy = 0.5 + 0.05 * (i % 4) + 0.02 * depth + (0.1 if optimizer == "adam" else 0)
        metrics = {"acc": accuracy, "loss": 1 - accuracy + 0.01 * i, "time": float(i)}
        run = make_run(experiment, f"run {i}", metrics=metrics, start_time=1000 + i)
        params = {"lr": repr(rate), "depth": str(depth), "optimizer": optimizer, "epochs": "3"}
        Param.objects.bulk_create(Param(run=run, key=k, value=v) for k, v in params.items())
        runs.append(run)
    return runs


def accuracies(runs) -> list[float]:
    return [run.stats.get(key__name="acc").last for run in runs]


def test_a_box_has_the_quartiles_of_numpy_and_every_run_beside_it(client, search):
    sent = get_figure(client, *search, metric="acc", type="box")

    box, strip = sent["data"]
    first, median, third = numpy.percentile(accuracies(search), [25, 50, 75])
    assert (box["q1"], box["median"], box["q3"]) == ([first], [median], [third])
    assert box["mean"] == [pytest.approx(numpy.mean(accuracies(search)))]
    assert numbers(strip, "y") == accuracies(search)


def test_each_group_has_a_box_of_its_own(client, search):
    sent = get_figure(client, *search, metric="acc", type="box", group="param:optimizer")

    assert sent["layout"]["xaxis"]["ticktext"] == ["adam", "sgd"]
    assert [trace["name"] for trace in sent["data"] if trace["type"] == "box"] == [
        "optimizer = adam",
        "optimizer = sgd",
    ]


def test_a_violin_is_as_wide_as_the_density_of_scipy(client, search):
    sent = get_figure(client, *search, metric="acc", type="violin")

    outline = sent["data"][0]
    half = len(numbers(outline, "x")) // 2
    heights = numpy.asarray(numbers(outline, "y")[:half])
    density = stats.gaussian_kde(accuracies(search))(heights)
    assert numbers(outline, "x")[:half] == pytest.approx((0.4 * density / density.max()).tolist())


def test_equal_values_have_no_outline_and_the_chart_says_so(client, db):
    runs = [make_run(make_experiment(str(i)), metrics={"acc": 0.5}) for i in range(4)]

    sent = get_figure(client, *runs, metric="acc", type="violin")

    assert [trace["mode"] for trace in sent["data"]] == ["markers"]
    assert "too few different values" in sent["layout"]["meta"]["notes"][0]


def test_a_histogram_counts_every_run_once(client, search):
    sent = get_figure(client, *search, metric="acc", type="histogram", group="param:optimizer")

    counts = [sum(numbers(trace, "y")) for trace in sent["data"]]
    assert counts == [6, 6]
    assert numbers(sent["data"][0], "x") == numbers(sent["data"][1], "x")


@pytest.mark.parametrize(
    ("values", "count"),
    [
        (list(range(8)), 4),
        ([1.0, 1.0, 1.0], 1),
        # A far outlier makes no more bins than there are pixels for.
        ([*(i / 1000 for i in range(1000)), 1e12], 60),
        ([-1e300, 0.0, 1e300], 3),
    ],
)
def test_bins_are_few_and_hold_every_value(values, count):
    edges = bin_edges(values)

    assert len(edges) == count + 1
    assert edges[0] <= min(values)
    assert edges[-1] >= max(values)


def test_cumulative_shares_end_at_one(client, search):
    sent = get_figure(client, *search, metric="acc", type="ecdf")

    (path,) = sent["data"]
    assert path["line"]["shape"] == "hv"
    assert numbers(path, "x")[1:] == sorted(accuracies(search))
    assert (numbers(path, "y")[0], numbers(path, "y")[-1]) == (0, 1)


def test_grouped_bars_are_means_of_their_runs_with_whiskers(client, search):
    sent = get_figure(
        client,
        *search,
        metric="acc",
        type="grouped",
        x="param:depth",
        group="param:optimizer",
        band="sd",
    )

    adam, sgd = sent["data"]
    assert sent["layout"]["xaxis"]["ticktext"] == ["1", "2", "3"]
    of_first = [a for i, a in enumerate(accuracies(search)) if i // 4 == 0 and i % 2]
    assert numbers(adam, "y")[0] == pytest.approx(numpy.mean(of_first))
    assert adam["error_y"]["array"][0] == pytest.approx(numpy.std(of_first, ddof=1))
    assert (adam["name"], sgd["name"]) == ("optimizer = adam", "optimizer = sgd")


def test_parallel_coordinates_show_what_differs_and_are_colored_by_the_metric(client, search):
    sent = get_figure(client, *search, metric="acc", type="parallel")

    assert sent["layout"]["xaxis"]["ticktext"] == ["depth", "lr", "optimizer", "acc"]
    best = max(sent["data"], key=lambda trace: numbers(trace, "y")[3])
    assert (numbers(best, "y")[3], best["line"]["color"]) == (1, palette.scale(1))
    assert best["text"][:3] == ["depth: 3", "lr: 0.1000", "optimizer: adam"]
    assert numbers(best, "y")[:3] == [1, 1, 0]


def test_a_run_that_lacks_a_dimension_is_left_out_and_counted(client, search):
    Param.objects.filter(run=search[0], key="lr").delete()

    sent = get_figure(client, *search, metric="acc", type="parallel")

    assert "1 run is left out" in sent["layout"]["meta"]["notes"][0]


def test_a_heatmap_shows_the_mean_of_each_cell(client, search):
    sent = get_figure(
        client, *search, metric="acc", type="heatmap", x="param:optimizer", group="param:depth"
    )

    (trace,) = sent["data"]
    of_cell = [a for i, a in enumerate(accuracies(search)) if i // 4 == 2 and i % 2]
    assert trace["z"][2][0] == pytest.approx(numpy.mean(of_cell))
    assert trace["text"][2][0].endswith("(2 runs)")
    assert sent["layout"]["yaxis"]["ticktext"] == ["1", "2", "3"]


def test_importance_is_the_rank_correlation_of_numbers_with_its_sign(client, search):
    sent = get_figure(client, *search, metric="loss", type="importance")

    values = dict(zip(sent["layout"]["xaxis"]["ticktext"], heights(sent), strict=True))
    losses = [run.stats.get(key__name="loss").last for run in search]
    rates = [10.0 ** (i % 4 - 4) for i in range(12)]
    assert values["lr"] == pytest.approx(stats.spearmanr(rates, losses).statistic)
    assert values["lr"] < 0
    assert "epochs" not in values


def heights(sent: dict) -> list[float]:
    """The bars of a figure in the order of their places."""
    pairs = [
        pair
        for trace in sent["data"]
        for pair in zip(numbers(trace, "x"), numbers(trace, "y"), strict=True)
    ]
    return [height for _, height in sorted(pairs)]


def test_importance_of_texts_is_the_share_of_the_variance_between_them(client, search):
    sent = get_figure(client, *search, metric="acc", type="importance")

    values = dict(zip(sent["layout"]["xaxis"]["ticktext"], heights(sent), strict=True))
    groups = [accuracies(search)[1::2], accuracies(search)[::2]]
    everything = numpy.concatenate(groups)
    between = sum(len(g) * (numpy.mean(g) - everything.mean()) ** 2 for g in groups)
    total = ((everything - everything.mean()) ** 2).sum()
    assert values["optimizer"] == pytest.approx(math.sqrt(between / total))
    assert "Texts have a strength, and no direction." in sent["layout"]["meta"]["notes"]


def test_importance_of_too_few_runs_is_not_told(client, search):
    sent = get_figure(client, *search[:4], metric="acc", type="importance")

    assert sent["data"] == []
    assert "at least 5 runs" in sent["layout"]["meta"]["notes"][0]


def test_the_pareto_front_goes_through_the_runs_that_no_other_beats(client, search):
    sent = get_figure(client, *search, metric="acc", type="pareto", x="metric:time")

    path = sent["data"][-1]
    # Nothing says which times are better, so higher ones are, and the chart says that.
    assert path["name"] == "Pareto front"
    assert any("Nothing says" in note for note in sent["layout"]["meta"]["notes"])
    assert max(numbers(path, "y")) == max(accuracies(search))


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12),
    st.tuples(st.booleans(), st.booleans()),
)
def test_no_point_of_a_front_is_beaten_and_every_other_is(points, higher):
    signs = [1 if is_higher else -1 for is_higher in higher]

    def beats(a, b) -> bool:
        gains = [sign * (x - y) for sign, x, y in zip(signs, a, b, strict=True)]
        return min(gains) >= 0 and max(gains) > 0

    expected = [i for i, p in enumerate(points) if not any(beats(q, p) for q in points)]
    assert sorted(front(points, higher=higher)) == expected


def test_the_history_keeps_the_best_so_far(client, search):
    sent = get_figure(client, *search, metric="acc", type="history")

    best = sent["data"][0]
    assert best["name"] == "Best so far"
    expected = numpy.maximum.accumulate(accuracies(search)).tolist()
    assert numbers(best, "y") == expected


def test_a_table_has_a_row_a_run_and_a_column_a_field(client, search):
    query = [("metric", "acc"), ("y", "loss"), ("type", "table"), ("x", "param:lr")]
    response = client.get(f"{address(FIGURE, search[:2])}&{urlencode(query)}")

    (trace,) = response.json()["data"]
    assert trace["header"]["values"] == ["Run", "lr", "acc", "loss"]
    assert trace["cells"]["values"][0] == ["run 0", "run 1"]


OPTIONS = {
    Type.HEATMAP: {"x": "param:lr", "group": "param:depth"},
    Type.PARETO: {"x": "metric:loss"},
}


@pytest.mark.parametrize("type_", sorted(DISTRIBUTIONS | RELATIONS))
@pytest.mark.parametrize("count", [1, 2, 12])
@pytest.mark.parametrize("group", ["", "param:optimizer", "param:none", "run"])
def test_every_type_is_drawn_as_figure_and_as_image(client, search, type_, count, group):
    query = {"metric": "acc", "type": type_, "group": group, **OPTIONS.get(type_, {})}

    get_figure(client, *search[:count], **query)
    image = client.get(address(SVG, search[:count], **query))

    assert image.status_code == 200
    assert not re.search(r"[\"( ]-?(nan|inf)", image.text)


@pytest.mark.parametrize("type_", sorted(DISTRIBUTIONS | RELATIONS))
def test_values_that_are_no_numbers_break_no_type(client, search, type_):
    experiment = make_experiment("odd")
    odd = [make_run(experiment, metrics={"acc": value}) for value in (math.nan, math.inf, 1e308)]
    for run in odd:
        Param.objects.create(run=run, key="lr", value="nan")
    query = {"metric": "acc", "type": type_, **OPTIONS.get(type_, {})}

    for runs in (odd, [*odd, *search]):
        get_figure(client, *runs, **query)
        assert client.get(address(SVG, runs, **query)).status_code == 200


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"type": "heatmap"}, "A heatmap needs two things"),
        ({"type": "heatmap", "x": "param:lr"}, "A heatmap needs two things"),
        ({"type": "pareto"}, "A Pareto front needs two metrics"),
        ({"type": "pareto", "x": "run"}, "A Pareto front needs two metrics"),
        ({"type": "histogram", "x": "step"}, "Histogram shows one value a run"),
    ],
)
def test_what_a_type_needs_is_said(client, search, query, reason):
    response = client.get(address(FIGURE, search, metric="acc", **query))

    assert response.status_code == 400
    assert reason in response.json()["message"]


def test_many_charts_of_a_search_are_read_in_as_many_queries_as_one(
    client, search, django_assert_max_num_queries
):
    charts = [
        urlencode({"metric": "acc", "type": kind, "new": "1"})
        for kind in ("parallel", "importance", "history", "box")
    ]
    ids = ",".join(run.run_id for run in search)
    query = urlencode([("runs", ids), *(("chart", chart) for chart in charts)])

    with django_assert_max_num_queries(16):
        page = client.get(f"/w/default/compare/charts/?{query}")

    assert [card.spec.type for card in page.context["cards"]][1:5] == [
        "parallel",
        "importance",
        "history",
        "box",
    ]
