"""What people change of a chart beyond its type and axes: each option, and what it refuses."""

import math
from urllib.parse import urlencode

import numpy
import pytest
from scipy import stats

from runs.charts import palette
from runs.charts.grouping import aggregated, deviations
from runs.charts.smoothing import kernel_mean, moving_average, smoothed
from runs.charts.spec import Band, Center, Smoothing
from runs.models import Param, RunTag
from tests.runs.test_figures import FIGURE, address, get_figure, numbers
from tests.support.factories import make_experiment, make_run

NAN = math.nan


@pytest.fixture
def sweep(db):
    """Two learning rates, two seeds each; the last run logged no learning rate."""
    experiment = make_experiment("sweep")
    runs = []
    for place, (rate, seed, losses) in enumerate(
        [
            ("0.1", "1", [4.0, 2.0, 1.0]),
            ("0.1", "2", [6.0, 4.0, 3.0]),
            ("0.01", "1", [8.0, 8.0, 7.0]),
            ("0.01", "2", [8.0, 6.0, 5.0]),
            (None, "3", [9.0, 9.0, 9.0]),
        ]
    ):
        run = make_run(
            experiment,
            f"run {place}",
            metrics={"loss": losses, "acc": place / 10},
            start_time=place,
        )
        params = {"seed": seed, **({"lr": rate} if rate else {})}
        Param.objects.bulk_create(Param(run=run, key=k, value=v) for k, v in params.items())
        RunTag.objects.create(run=run, key="team", value="a" if place < 2 else "b")
        runs.append(run)
    return runs


def traces(sent: dict, name: str) -> list[dict]:
    return [trace for trace in sent["data"] if trace["name"] == name]


# ---------------------------------------------------------------- Groups


def test_lines_of_a_group_become_their_mean_with_its_confidence_interval(client, sweep):
    sent = get_figure(client, *sweep, metric="loss", group="param:lr", band="ci")

    band, line = traces(sent, "lr = 0.1")
    assert numbers(line, "y") == [5, 3, 2]
    half = stats.t.ppf(0.975, 1) * numpy.std([4, 6], ddof=1) / math.sqrt(2)
    assert numbers(band, "y")[0] == pytest.approx(5 - half, rel=1e-12)
    assert numbers(band, "y")[-1] == pytest.approx(5 + half, rel=1e-12)
    names = dict.fromkeys(trace["name"] for trace in sent["data"])
    assert list(names) == ["lr = 0.01", "lr = 0.1", "lr = (not set)"]


def test_a_group_of_one_run_has_no_band_and_the_chart_says_so(client, sweep):
    sent = get_figure(client, *sweep, metric="loss", group="param:lr", band="sd")

    band, _ = traces(sent, "lr = (not set)")
    assert numbers(band, "y") == []
    assert "lr = (not set) is one run, which has no band." in sent["layout"]["meta"]["notes"]


def test_bars_of_groups_have_whiskers(client, sweep):
    sent = get_figure(client, *sweep, metric="loss", type="bar", group="tag:team", band="range")

    assert sent["layout"]["xaxis"]["ticktext"] == ["a", "b"]
    first, second = sent["data"]
    assert numbers(first, "y") == [2]
    assert (first["error_y"]["array"], first["error_y"]["arrayminus"]) == ([1], [1])
    assert numbers(second, "y") == [7]


def test_the_median_can_stand_for_a_group(client, sweep):
    sent = get_figure(
        client, *sweep[2:], metric="loss", type="bar", group="tag:team", center="median"
    )

    assert numbers(sent["data"][0], "y") == [7]


@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize("center", Center.values)
def test_centers_and_bands_are_those_of_numpy_and_scipy(count, center):
    values = numpy.random.default_rng(count).normal(3, 2, count)

    middle, low, high = deviations(values, center=center, band=Band.CONFIDENCE)

    expected = stats.t.interval(0.95, count - 1, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(expected, rel=1e-12)
    assert middle == pytest.approx({"mean": numpy.mean, "median": numpy.median}[center](values))


def test_courses_of_other_steps_are_compared_between_their_points():
    course, low, high = aggregated(
        [[(0, 0.0), (4, 4.0)], [(0, 2.0), (2, NAN), (2, 4.0)]], center="mean", band="range"
    )

    # The second ended at 2; at 2 the first is halfway.
    assert course == [(0, 1.0), (2, 3.0), (4, 4.0)]
    assert (low[:2], high[:2]) == ([0, 2], [2, 4])
    assert math.isnan(low[2])
    assert math.isnan(high[2])


# ---------------------------------------------------------------- Axes


def test_a_logarithmic_axis_marks_what_it_has_no_place_for(client, db):
    run = make_run(make_experiment("log"), metrics={"gain": [100.0, -1.0, 0.0, 1.0]})

    sent = get_figure(client, run, metric="gain", type="line", yscale="log")

    line, rail = sent["data"]
    assert sent["layout"]["yaxis"]["type"] == "log"
    assert [str(value) for value in numbers(line, "y")] == ["100.0", "nan", "nan", "1.0"]
    assert rail["customdata"] == ["-1", "0"]
    assert "2 points are marked at its lower edge" in sent["layout"]["meta"]["notes"][0]


def test_a_logarithmic_x_axis_leaves_out_the_step_zero_and_says_so(client, sweep):
    sent = get_figure(client, sweep[0], metric="loss", xscale="log")

    assert numbers(sent["data"][0], "x") == [1, 2]
    assert "1 point is left out" in sent["layout"]["meta"]["notes"][0]


def test_ranges_are_kept_on_either_scale(client, sweep):
    linear = get_figure(client, *sweep, metric="loss", xmin="1", ymin="2", ymax="8")
    logarithmic = get_figure(client, *sweep, metric="loss", ymin="1", ymax="100", yscale="log")

    assert linear["layout"]["xaxis"]["range"] == [1, None]
    assert linear["layout"]["yaxis"]["range"] == [2, 8]
    assert logarithmic["layout"]["yaxis"]["range"] == [0, 2]


def test_outliers_do_not_stretch_a_fitted_axis(client, db):
    run = make_run(make_experiment("spike"), metrics={"loss": [*map(float, range(40)), 1e9]})

    sent = get_figure(client, run, metric="loss", outliers="fit")

    low, high = sent["layout"]["yaxis"]["range"]
    assert low < 2
    assert 38 < high < 60
    assert "1 point is outside" in sent["layout"]["meta"]["notes"][0]
    assert max(numbers(sent["data"][0], "y")) == 1e9


def test_a_reference_line_lies_across_the_plot(client, sweep):
    sent = get_figure(client, *sweep, metric="loss", rule="2.5")

    assert [shape["y0"] for shape in sent["layout"]["shapes"]] == [2.5]
    assert sent["layout"]["annotations"][0]["text"] == "2.500"


@pytest.mark.parametrize(
    ("x", "places", "kind"),
    [
        ("metric:acc", [0, 0.1, 0.2, 0.3, 0.4], "linear"),
        ("start", [0, 1, 2, 3, 4], "date"),
        ("tag:team", [0, 0, 1, 1, 1], "linear"),
        ("run", [0, 1, 2, 3, 4], None),
    ],
)
def test_points_stand_along_anything_of_a_run(client, sweep, x, places, kind):
    sent = get_figure(client, *sweep, metric="loss", type="scatter", x=x)

    found = sorted(numbers(trace, "x")[0] for trace in sent["data"])
    assert found == pytest.approx(places)
    if kind and x != "tag:team":
        assert sent["layout"]["xaxis"]["type"] == kind


def test_a_hyperparameter_can_be_along_the_y_axis(client, sweep):
    sent = get_figure(client, *sweep, metric="lr", of="param")

    assert [numbers(trace, "y")[0] for trace in sent["data"]] == [0.1, 0.1, 0.01, 0.01]


# ---------------------------------------------------------------- Several measures, colors, labels


def test_two_metrics_share_a_chart_and_dashes_tell_them_apart(client, sweep):
    query = urlencode([("metric", "loss"), ("y", "acc"), ("type", "line"), ("x", "step")])
    response = client.get(f"{address(FIGURE, sweep[:1])}&{query}")

    first, second = response.json()["data"]
    assert (first["name"], second["name"]) == ("run 0 · loss", "run 0 · acc")
    assert first["line"]["dash"] == "solid"
    assert second["marker"]["symbol"] == "square"
    assert response.json()["layout"]["yaxis"]["title"]["text"] == "loss, acc"


def test_bars_of_two_metrics_stand_side_by_side(client, sweep):
    query = urlencode([("metric", "acc"), ("y", "param:seed"), ("type", "bar")])
    response = client.get(f"{address(FIGURE, sweep[:2])}&{query}")

    spans = {(bar["offset"], bar["width"]) for bar in response.json()["data"]}
    assert spans == {(-0.35, 0.35), (0.0, 0.35)}


def test_runs_of_one_value_share_a_color(client, sweep):
    sent = get_figure(client, *sweep, metric="loss", color="tag:team")

    colors = [trace["line"]["color"] for trace in sent["data"]]
    assert colors == [colors[0]] * 2 + [colors[2]] * 3
    assert colors[0] != colors[2]


def test_a_label_is_made_from_what_the_run_has(client, sweep):
    legend = "{name} at {p.lr}, {m.acc} ({t.team})"
    sent = get_figure(client, sweep[0], sweep[4], metric="loss", legend=legend)

    names = [trace["name"] for trace in sent["data"]]
    assert names == ["run 0 at 0.1, 0 (a)", "run 4 at –, 0.4000 (b)"]


# ---------------------------------------------------------------- Smoothing


def test_a_smoothed_line_keeps_the_raw_one_behind_it(client, sweep):
    sent = get_figure(client, sweep[0], metric="loss", smooth="mean:3")

    raw, smooth = sent["data"]
    assert (raw["opacity"], smooth["opacity"]) == (0.25, 1)
    assert numbers(raw, "y") == [4, 2, 1]
    assert numbers(smooth, "y") == pytest.approx([3, 7 / 3, 1.5])


def test_the_moving_average_is_that_of_its_recurrence():
    y = [1.0, 5.0, 2.0, 8.0]

    # On equal steps: s = w s + (1 - w) y, divided by 1 - w^n.
    expected, total = [], 0.0
    for count, value in enumerate(y, start=1):
        total = 0.75 * total + 0.25 * value
        expected.append(total / (1 - 0.75**count))
    assert moving_average([0, 1, 2, 3], y, weight=0.75) == pytest.approx(expected, rel=1e-12)


def test_the_moving_average_forgets_over_distance_not_over_points():
    far = moving_average([0, 100, 101], [0.0, 10.0, 10.0], weight=0.9)
    near = moving_average([0, 1, 101], [0.0, 10.0, 10.0], weight=0.9)

    assert far[1] > near[1]


@pytest.mark.parametrize("kind", [Smoothing.MEAN, Smoothing.GAUSS])
@pytest.mark.parametrize("amount", [2, 9])
def test_a_kernel_leaves_a_constant_and_gaps_as_they_are(kind, amount):
    y = [3.0, 3.0, NAN, 3.0, 3.0]

    found = smoothed(range(5), y, kind=kind, amount=amount)

    assert [round(value, 12) for value in found if value == value] == [3.0] * 4
    assert math.isnan(found[2])


def test_a_kernel_mean_is_the_weighted_mean_around_a_point():
    assert kernel_mean([1.0, 2.0, 6.0], [1.0, 2.0, 1.0]) == pytest.approx([4 / 3, 11 / 4, 14 / 3])


# ---------------------------------------------------------------- What makes no sense


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"smooth": "ema"}, "takes a weight from 0 to 0.999"),
        ({"smooth": "ema:1"}, "takes a weight"),
        ({"smooth": "mean:1e9"}, "takes a number of points"),
        ({"smooth": "magic:1"}, "smooth is one of"),
        ({"xmin": "abc"}, "xmin is not a number"),
        ({"ymin": "nan"}, "ymin is not a number"),
        ({"ymin": "3", "ymax": "3"}, "ymin must be below ymax"),
        ({"band": "wide"}, "band is one of"),
        ({"center": "mode"}, "center is one of"),
        ({"xscale": "cubic"}, "xscale is one of"),
        ({"group": "moon:a"}, "group is one of"),
        ({"group": "param:"}, "group is one of"),
        ({"color": "param:a\0"}, "NUL"),
        ({"of": "tag"}, "of is one of"),
        ({"y": [f"m{i}" for i in range(9)]}, "at most 8"),
        ({"legend": "x" * 201}, "200 is the limit"),
        ({"rule": "1e999"}, "rule is not a number"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_a_reason(client, sweep, query, reason):
    more = urlencode({"metric": "loss", **query}, doseq=True)

    response = client.get(f"{address(FIGURE, sweep)}&{more}")

    assert response.status_code == 400
    assert reason in response.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"group": "param:lr", "band": "ci", "yscale": "log"},
        {"group": "param:none"},
        {"type": "bar", "group": "param:lr", "band": "sd", "yscale": "log"},
        {"smooth": "gauss:3", "outliers": "fit", "rule": "1", "xscale": "log"},
        {"type": "scatter", "x": "metric:acc", "xscale": "log"},
        {"color": "metric:acc", "legend": "{p.seed}"},
        {"metric": "lr", "of": "param", "type": "line"},
        {"ymin": "-5", "yscale": "log"},
        {"xmax": "0", "xscale": "log"},
        {"metric": "seed", "of": "param", "y": "loss", "type": "bar"},
    ],
)
def test_every_option_is_drawn_as_figure_and_as_image(client, sweep, query):
    query = {"metric": "loss", **query}

    get_figure(client, *sweep, **query)
    image = client.get(address("/w/default/compare/figure.svg", sweep, **query))
    points = client.get(address("/w/default/compare/points.csv", sweep, **query))

    assert image.status_code == 200
    assert "nan" not in image.text
    assert len(b"".join(points.streaming_content).splitlines()) >= 5


def test_color_and_dash_each_say_something_else_of_the_runs(client, db):
    experiment = make_experiment("dashed")
    settings = [("0.1", "adam"), ("0.1", "sgd"), ("0.2", "adam"), ("0.2", None)]
    runs = [
        make_run(
            experiment,
            metrics={"loss": [2.0, 1.0]},
            params={"lr": lr} | ({"opt": opt} if opt else {}),
            start_time=at,
        )
        for at, (lr, opt) in enumerate(settings, start=1)
    ]

    sent = get_figure(client, *runs, metric="loss", color="param:lr", dash="param:opt")

    lines = [trace["line"] for trace in sent["data"]]
    first, second = palette.COLORS[:2]
    assert [line["color"] for line in lines] == [first, first, second, second]
    solid, dashes, dots = palette.DASHES
    assert [line["dash"] for line in lines] == [solid, dashes, solid, dots]
