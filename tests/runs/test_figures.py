"""The figures of charts: what is drawn for what was logged, and what is refused."""

import base64
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from array import array
from urllib.parse import urlencode

import msgspec
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.actions.ingest import log_batch
from runs.actions.runs import update_run
from runs.charts import palette, themes
from runs.charts.drawings import drawing
from runs.charts.figures import figure
from runs.charts.plots import Axis, ChartedRun, Line, Plot, line_of
from runs.charts.spec import Type
from runs.models import Param, Run
from tests.support.factories import Point, make_experiment, make_run

NAN, INF = math.nan, math.inf
FIGURE = "/w/default/compare/figure.json"
CSS = (themes.FOLDER.parent / "css" / "app.css").read_text()


@pytest.fixture
def experiment(db):
    return make_experiment("charts")


def address(path: str, runs, **query) -> str:
    """Where the chart of ``runs`` is."""
    ids = ",".join(run.run_id for run in runs)
    return f"{path}?{urlencode({'runs': ids, **query})}"


def get_figure(client, *runs, **query) -> dict:
    response = client.get(address(FIGURE, runs, **query))
    assert response.status_code == 200, response.text
    sent = response.json()
    # Whatever is sent, Plotly must take it: an unknown attribute raises.
    go.Figure(sent)
    return sent


def numbers(trace: dict, axis: str) -> list[float]:
    assert trace[axis]["dtype"] == "f8"
    return array("d", base64.b64decode(trace[axis]["bdata"])).tolist()


def log(run: Run, key: str, value: float, *, step: int = 0, timestamp: int = 1) -> None:
    log_batch(run, metrics=[Point(key, value, step, timestamp)])


def texts(values) -> list[str]:
    """Numbers as text, since NaN is not equal to itself."""
    return [repr(value) for value in values]


def test_curves_become_lines_along_the_steps_one_color_a_run(client, experiment):
    first = make_run(experiment, "first", metrics={"loss": [3.0, 2.0, 1.0]}, start_time=1)
    second = make_run(experiment, "second", metrics={"loss": [4.0, 2.5]}, start_time=2)

    sent = get_figure(client, first, second, metric="loss")

    assert [trace["name"] for trace in sent["data"]] == ["first", "second"]
    assert [trace["type"] for trace in sent["data"]] == ["scatter", "scatter"]
    assert [trace["line"]["color"] for trace in sent["data"]] == list(palette.COLORS[:2])
    assert numbers(sent["data"][0], "x") == [0, 1, 2]
    assert numbers(sent["data"][0], "y") == [3, 2, 1]
    assert sent["layout"]["xaxis"]["title"]["text"] == "Step"
    assert sent["layout"]["yaxis"]["title"]["text"] == "loss"
    assert sent["layout"]["uirevision"]


def test_single_values_become_bars_named_for_their_runs(client, experiment):
    runs = [
        make_run(experiment, name, metrics={"acc": value}, start_time=place)
        for place, (name, value) in enumerate([("low", 0.25), ("high", 0.75)], start=1)
    ]

    sent = get_figure(client, *runs, metric="acc")

    assert [trace["type"] for trace in sent["data"]] == ["bar", "bar"]
    assert sent["layout"]["xaxis"]["ticktext"] == ["low", "high"]
    assert [trace["text"] for trace in sent["data"]] == [["0.2500"], ["0.7500"]]


@pytest.mark.parametrize(
    ("names", "angle"),
    [
        (["logistic-regression C=1"], 0),
        (["low", "high"], 0),
        (["LinearRegression", "DecisionTreeRegressor"], -30),
    ],
)
def test_names_tilt_where_they_would_touch(client, experiment, names, angle):
    runs = [make_run(experiment, name, metrics={"acc": 0.5}) for name in names]

    sent = get_figure(client, *runs, metric="acc")

    assert sent["layout"]["xaxis"]["tickangle"] == angle


def test_words_of_names_stand_below_one_another_rather_than_tilt(client, experiment):
    names = ["plain", "with NaN", "a single point", "is <b>", "three words more"]
    runs = [
        make_run(experiment, name, metrics={"acc": 0.5}, start_time=at)
        for at, name in enumerate(names, start=1)
    ]

    axis = get_figure(client, *runs, metric="acc")["layout"]["xaxis"]

    assert axis["tickangle"] == 0
    assert axis["ticktext"] == [
        "plain",
        "with NaN",
        "a single<br>point",
        "is &lt;b&gt;",
        "three<br>words<br>more",
    ]


@pytest.mark.parametrize(
    ("steps", "is_measured"), [((0, 99_999), False), ((0, 100_000), True), ((999, 1_001), True)]
)
def test_labels_of_steps_are_measured_only_where_they_may_touch(
    client, experiment, steps, is_measured
):
    run = make_run(experiment, "run")
    for step in steps:
        log(run, "loss", 1.0, step=step)

    axis = get_figure(client, run, metric="loss")["layout"]["xaxis"]

    assert axis["automargin"] is is_measured
    assert ("tickangle" not in axis) is is_measured


def test_more_than_eight_lines_are_faded_until_one_is_pointed_at(client, experiment):
    runs = [
        make_run(experiment, f"run {i}", metrics={"loss": [1.0, 2.0]}, start_time=i)
        for i in range(1, 10)
    ]

    few = get_figure(client, *runs[:8], metric="loss")["data"]
    many = get_figure(client, *runs, metric="loss")["data"]

    assert {trace["opacity"] for trace in few} == {1}
    assert {(trace["opacity"], trace["mode"]) for trace in many} == {(0.5, "lines")}


def test_marks_of_one_kind_say_what_they_are_once_where_they_are_close(client, experiment):
    first = [NAN, *[1.0] * 19]
    near = [1.0, NAN, *[1.0] * 18]
    far = [*[1.0] * 15, NAN, *[1.0] * 4]
    runs = [
        make_run(experiment, metrics={"loss": values}, start_time=at)
        for at, values in enumerate([first, near, far], start=1)
    ]

    sent = get_figure(client, *runs, metric="loss")

    rails = [trace for trace in sent["data"] if trace.get("yaxis") == "y2"]
    assert [trace["text"] for trace in rails] == [["NaN"], [""], ["NaN"]]


def test_too_many_bars_become_points(client, experiment):
    runs = [make_run(experiment, f"run {i}", metrics={"acc": i / 40}) for i in range(31)]

    sent = get_figure(client, *runs, metric="acc")

    assert {trace["type"] for trace in sent["data"]} == {"scatter"}
    assert {trace["mode"] for trace in sent["data"]} == {"markers"}


def test_a_run_keeps_its_color_in_charts_that_others_are_not_in(client, experiment):
    without = make_run(experiment, "without", metrics={"acc": 1.0}, start_time=1)
    run = make_run(experiment, "with", metrics={"loss": [1.0, 2.0]}, start_time=2)

    (trace,) = get_figure(client, without, run, metric="loss")["data"]

    assert trace["line"]["color"] == palette.COLORS[1]


def test_a_color_that_people_gave_a_run_wins_and_no_other_run_has_it(client, experiment):
    tags = [{}, {}, {"mlflow.runColor": "#ed6e12"}, {"mlflow.runColor": "#0aF"}, {}]
    runs = [
        make_run(experiment, f"run {i}", metrics={"loss": [1.0, 2.0]}, tags=some, start_time=i)
        for i, some in enumerate(tags, start=1)
    ]

    sent = get_figure(client, *runs, metric="loss", band="range")
    image = client.get(address("/w/default/compare/figure.svg", runs, metric="loss")).text
    page = client.get(address("/w/default/compare/charts/", runs)).text

    indigo, orange, plum, orchid, sky = palette.COLORS[:5]
    colors = [trace["line"]["color"] for trace in sent["data"]]
    assert colors == [indigo, plum, "#ed6e12", "#0aF", sky]
    assert orange not in colors
    assert orchid not in colors
    assert 'stroke="#0aF"' in image
    # The chip, the legend and the values.
    assert page.count('<path d="M0 2h28" stroke="#0aF"') == 3


def test_from_the_ninth_run_on_dashes_tell_them_apart(client, experiment):
    runs = [
        make_run(experiment, f"run {i:02}", metrics={"loss": [1.0, float(i)]}, start_time=i)
        for i in range(1, 18)
    ]

    lines = [trace["line"] for trace in get_figure(client, *runs, metric="loss")["data"]]

    assert lines[0]["color"] == lines[8]["color"] == lines[16]["color"]
    assert lines[0]["dash"] == "solid"
    assert len({(line["color"], line["dash"]) for line in lines}) == 17


def test_nan_breaks_the_line_and_is_marked_where_it_was(client, experiment):
    run = make_run(experiment, metrics={"loss": [1.0, NAN, 3.0, 4.0, INF, 5.0, -INF]})

    curve, rail = get_figure(client, run, metric="loss")["data"]

    assert texts(numbers(curve, "y")) == texts([1.0, NAN, 3.0, 4.0, NAN, 5.0, NAN])
    assert curve["connectgaps"] is False
    # 1 and 5 stand alone between gaps: without a marker nobody would see them.
    assert "markers" in curve["mode"]
    assert rail["yaxis"] == "y2"
    assert numbers(rail, "x") == [1, 4, 6]
    assert rail["customdata"] == ["NaN", "∞", "-∞"]
    assert rail["marker"]["symbol"] == ["x-thin", "triangle-up", "triangle-down"]
    assert rail["legendgroup"] == curve["legendgroup"] == run.run_id


def test_only_the_first_mark_of_a_kind_is_labeled(client, experiment):
    run = make_run(experiment, metrics={"loss": [1.0, 2.0, NAN, NAN, INF]})

    rail = get_figure(client, run, metric="loss")["data"][1]

    assert rail["text"] == ["NaN", "", "∞"]


def test_a_single_point_among_curves_is_a_marker_with_its_value(client, experiment):
    curve = make_run(experiment, metrics={"loss": [1.0, 2.0]}, start_time=1)
    point = make_run(experiment, metrics={"loss": 0.5}, start_time=2)

    trace = get_figure(client, curve, point, metric="loss")["data"][1]

    assert trace["mode"] == "markers+text"
    assert trace["text"] == ["0.5000"]


@pytest.mark.parametrize(
    "values", [[-1.0, -2.0], [1e308, -1e308], [NAN, NAN], [INF], [5e-324, 0.0], [0.0]]
)
@pytest.mark.parametrize("query", [{}, {"type": "bar"}, {"type": "scatter"}, {"x": "time"}])
def test_every_number_can_be_drawn(client, experiment, values, query):
    run = make_run(experiment, metrics={"loss": values})

    sent = get_figure(client, run, metric="loss", **query)

    for trace in sent["data"]:
        for value in numbers(trace, "y"):
            # Plotly subtracts: twice this is still a number.
            assert math.isnan(value) or abs(value) <= 1e300
    response = client.get(address("/w/default/compare/figure.svg", [run], metric="loss", **query))
    ElementTree.fromstring(response.content)
    assert b"nan" not in response.content.lower().replace(b"nan<", b"")


def test_values_too_large_to_draw_are_marked_with_what_they_are(client, experiment):
    run = make_run(experiment, metrics={"loss": [1.0, 2.0, 1e308]})

    rail = get_figure(client, run, metric="loss")["data"][1]

    assert rail["customdata"] == ["1.000e308"]


def test_points_without_steps_are_drawn_along_time_and_the_chart_says_so(client, experiment):
    run = make_run(experiment, start_time=1_000_000)
    for second in (1, 2, 5):
        log(run, "loss", float(second), timestamp=1_000_000 + 1000 * second)

    sent = get_figure(client, run, metric="loss")

    assert sent["layout"]["xaxis"]["title"]["text"] == "Time since the run's start (s)"
    assert numbers(sent["data"][0], "x") == [1, 2, 5]
    assert "along time" in sent["layout"]["meta"]["notes"][0]


@pytest.mark.parametrize(
    ("x", "places", "title"),
    [
        ("step", [0, 1], "Step"),
        ("relative", [1, 3], "Time since the run's start (min)"),
        ("time", [60_000 + 7, 180_000 + 7], "Time (UTC)"),
    ],
)
def test_a_course_goes_along_steps_or_time(client, experiment, x, places, title):
    run = make_run(experiment, start_time=7)
    log(run, "loss", 1.0, step=0, timestamp=60_007)
    log(run, "loss", 2.0, step=1, timestamp=180_007)
    # Longer than five minutes in all, so that the unit is minutes.
    other = make_run(experiment, start_time=7)
    log(other, "loss", 1.0, step=0, timestamp=7)
    log(other, "loss", 1.0, step=1, timestamp=600_007)

    sent = get_figure(client, run, other, metric="loss", x=x)

    line = next(trace for trace in sent["data"] if trace["legendgroup"] == run.run_id)
    assert numbers(line, "x") == places
    assert sent["layout"]["xaxis"]["title"]["text"] == title
    assert sent["layout"]["xaxis"].get("type") == ("date" if x == "time" else "linear")


def test_bars_stand_in_the_order_of_a_hyperparameter_and_are_named_by_it(client, experiment):
    runs = [
        make_run(experiment, metrics={"mae": value}, params={"lr": lr}, start_time=place)
        for place, (lr, value) in enumerate([("0.1", 3.0), ("0.001", 1.0), ("0.01", 2.0)], start=1)
    ]

    sent = get_figure(client, *runs, metric="mae", type="bar", x="param:lr")

    assert sent["layout"]["xaxis"]["ticktext"] == ["0.001", "0.01", "0.1"]
    assert [numbers(trace, "y") for trace in sent["data"]] == [[1], [2], [3]]
    assert sent["layout"]["xaxis"]["title"]["text"] == "lr"


def test_points_stand_where_the_numbers_of_a_hyperparameter_are(client, experiment):
    runs = [make_run(experiment, metrics={"mae": 1.0}, params={"lr": lr}) for lr in ("0.5", "1e-3")]
    without = make_run(experiment, metrics={"mae": 1.0})

    sent = get_figure(client, *runs, without, metric="mae", type="scatter", x="param:lr")

    assert sorted(numbers(trace, "x")[0] for trace in sent["data"]) == [0.001, 0.5]
    assert sent["layout"]["meta"]["notes"] == ["1 run has no hyperparameter lr."]


def test_points_of_texts_share_the_place_of_their_text(client, experiment):
    runs = [
        make_run(experiment, metrics={"mae": 1.0}, params={"opt": opt}, start_time=place)
        for place, opt in enumerate(["sgd", "adam", "sgd"], start=1)
    ]

    sent = get_figure(client, *runs, metric="mae", type="scatter", x="param:opt")

    assert sent["layout"]["xaxis"]["ticktext"] == ["adam", "sgd"]
    assert sorted(numbers(trace, "x")[0] for trace in sent["data"]) == [0, 1, 1]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("last", 2.0), ("min", 1.0), ("max", 5.0), ("mean", 2.75), ("first", 3.0)],
)
def test_a_bar_shows_the_statistic_that_is_asked_for(client, experiment, statistic, value):
    run = make_run(experiment, metrics={"loss": [3.0, 1.0, 5.0, 2.0]})

    (trace,) = get_figure(client, run, metric="loss", type="bar", statistic=statistic)["data"]

    assert numbers(trace, "y") == [value]


def test_names_are_no_markup(client, experiment):
    for place in (1, 2):
        make_run(experiment, "<b>&amp; %{y}", metrics={"a/loss": [1.0, 2.0]}, start_time=place)

    sent = get_figure(client, *Run.objects.all(), metric="a/loss")

    assert all(trace["name"].startswith("&lt;b&gt;&amp;amp; %{y}") for trace in sent["data"])
    # Of two runs of one name each gets a piece of its id.
    assert len({trace["name"] for trace in sent["data"]}) == 2
    assert all("%{fullData.name}" in trace["hovertemplate"] for trace in sent["data"])


def test_a_long_curve_is_thinned_and_the_chart_says_so(client, experiment):
    run = make_run(experiment)
    for start in range(0, 3000, 1000):
        steps = range(start, start + 1000)
        log_batch(run, metrics=[Point("loss", float(step == 1234), step) for step in steps])

    sent = get_figure(client, run, metric="loss")

    places, values = (numbers(sent["data"][0], axis) for axis in "xy")
    assert len(values) <= 1200
    assert values[places.index(1234)] == 1
    assert "of up to 3,000, all peaks among them" in sent["layout"]["meta"]["notes"][0]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({}, "needs a metric"),
        ({"metric": "acc", "type": "pie"}, "type is one of: line, bar, grouped"),
        ({"metric": "acc", "x": "moon"}, "x is one of: run, start, step"),
        ({"metric": "acc", "statistic": "mode"}, "statistic is one of"),
        ({"metric": "acc", "type": "line", "x": "param:lr"}, "A line follows the course"),
        ({"metric": "acc", "type": "bar", "x": "step"}, "Bar shows one value a run"),
        ({"metric": "a" * 251}, "250 is the limit"),
        ({"metric": "a\0b"}, "NUL"),
        ({"metric": "acc", "x": "param:a\0b"}, "NUL"),
        ({"metric": "acc", "title": "t" * 201}, "200 is the limit"),
    ],
)
@pytest.mark.parametrize("path", ["figure.json", "figure.svg", "points.csv"])
def test_what_makes_no_sense_is_refused_with_a_reason(client, experiment, path, query, reason):
    run = make_run(experiment, metrics={"acc": 1.0})

    response = client.get(address(f"/w/default/compare/{path}", [run], **query))

    assert response.status_code == 400
    assert reason in response.json()["message"]


def test_a_chart_of_no_runs_is_refused(client, db):
    response = client.get(FIGURE, {"metric": "acc"})

    assert response.status_code == 400
    assert "needs runs" in response.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"runs": "0" * 32, "metric": "acc"},
        {"runs": "\0,';--,%00", "metric": "acc"},
        {"runs": "{run}", "metric": "no such metric"},
        {"runs": "{foreign}", "metric": "acc"},
    ],
)
def test_what_is_not_there_is_missed(client, experiment, query):
    run = make_run(experiment, metrics={"acc": 1.0})
    foreign = make_run(make_experiment("foreign", workspace="other"), metrics={"acc": 1.0})
    query = {**query, "runs": query["runs"].format(run=run.run_id, foreign=foreign.run_id)}

    response = client.get(FIGURE, query)

    assert response.status_code == 404
    assert "None of these runs logged" in response.json()["message"]


def test_an_unknown_workspace_is_missed(client, db):
    response = client.get("/w/nowhere/compare/figure.json", {"runs": "a", "metric": "acc"})

    assert response.status_code == 404


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_drawing_is_in_the_colors_of_the_theme(client, experiment, theme):
    run = make_run(experiment, metrics={"loss": [1.0, NAN, 2.0, 3.0]})

    response = client.get(
        address("/w/default/compare/figure.svg", [run], metric="loss", theme=theme)
    )

    assert response["Content-Type"] == "image/svg+xml"
    root = ElementTree.fromstring(response.content)
    assert root.get("fill") == themes.TOKENS[theme]["text-2"]
    # Neither style nor script: the page's policy allows neither.
    assert "style" not in response.text
    line = next(path for path in root.iter() if path.get("stroke") == palette.COLORS[0])
    assert line.get("d").count("M") == 1, "2 and 3 are a line, 1 is alone"


def test_a_theme_that_is_none_is_refused(client, experiment):
    run = make_run(experiment, metrics={"loss": 1.0})

    response = client.get(
        address("/w/default/compare/figure.svg", [run], metric="loss", theme="pink")
    )

    assert response.status_code == 400


FLOATS = st.one_of(st.floats(), st.sampled_from([0.0, 1e308, -1e308, 5e-324, NAN, INF, -INF]))


@given(
    data=st.data(),
    type_=st.sampled_from(Type),
    kind=st.sampled_from(["number", "date", "category"]),
    lines=st.integers(0, 10),
)
def test_every_plot_becomes_a_figure_and_a_drawing(data, type_, kind, lines):
    places = st.integers(-(2**63), 2**63 - 1).map(float)
    drawn = [
        line_of(
            ChartedRun(slot, "a" * 32, data.draw(st.text(max_size=20)), slot, 0),
            data.draw(st.lists(st.tuples(places, FLOATS), min_size=1, max_size=6)),
        )
        for slot in range(lines)
    ]
    labels = data.draw(st.lists(st.text(max_size=20), max_size=12))
    plot = Plot(type_, "m", Axis("x", kind, labels), Axis(data.draw(st.text(max_size=9))), drawn)

    msgspec.json.encode(figure(plot, chart_id="c"))
    ElementTree.fromstring(drawing(plot))


def test_a_drawing_says_how_many_runs_it_leaves_out(experiment):
    runs = [ChartedRun(i, f"{i:032}", f"run {i}", i, 0) for i in range(11)]
    lines = [Line(run, [0.0, 1.0], [0.0, 1.0], []) for run in runs]

    assert "The first 8 of 11 runs" in drawing(Plot(Type.LINE, "m", Axis("x"), Axis("y"), lines))


def test_a_figure_is_sent_once_until_something_of_it_changes(client, experiment):
    run = make_run(experiment, metrics={"loss": [1.0, 2.0]})
    where = address(FIGURE, [run], metric="loss")
    first = client.get(where)

    again = client.get(where, headers={"If-None-Match": first["ETag"]})
    log(run, "loss", 1.5, step=1, timestamp=9)
    after_a_point = client.get(where, headers={"If-None-Match": first["ETag"]})
    update_run(run, name="renamed")
    after_a_name = client.get(where, headers={"If-None-Match": after_a_point["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert after_a_point.status_code == 200
    assert after_a_name.status_code == 200
    assert first["Cache-Control"] == "private, max-age=60"


def test_a_figure_of_an_open_run_is_asked_for_each_time(client, experiment):
    run = make_run(experiment, metrics={"loss": [1.0, 2.0]}, status="RUNNING")

    response = client.get(address(FIGURE, [run], metric="loss"))

    assert response["Cache-Control"] == "private, no-cache"


def test_a_hyperparameter_that_comes_late_changes_the_figure(client, experiment):
    run = make_run(experiment, metrics={"mae": 1.0})
    where = address(FIGURE, [run], metric="mae", type="bar", x="param:lr")
    first = client.get(where)

    Param.objects.create(run=run, key="lr", value="1")

    assert client.get(where)["ETag"] != first["ETag"]


def test_not_changed_means_no_point_was_read(client, experiment, django_assert_num_queries):
    runs = [make_run(experiment, metrics={"loss": [1.0, 2.0]}) for _ in range(3)]
    where = address(FIGURE, runs, metric="loss")
    etag = client.get(where)["ETag"]

    # The workspace; the runs; their colors; the metric's key; what is known of it; the points.
    with django_assert_num_queries(6):
        client.get(where)
    with django_assert_num_queries(5):
        client.get(where, headers={"If-None-Match": etag})


def test_all_points_can_be_had_as_csv(client, experiment):
    first = make_run(experiment, "=first", metrics={"loss": [1.0, NAN, INF]}, start_time=1)
    second = make_run(experiment, "second", metrics={"loss": 0.1}, start_time=2)
    response = client.get(address("/w/default/compare/points.csv", [first, second], metric="loss"))

    text = b"".join(response.streaming_content).decode()

    assert text.splitlines() == [
        "run_id,run,metric,step,timestamp,value",
        f"{first.run_id},'=first,loss,0,1,1.0",
        f"{first.run_id},'=first,loss,1,1,NaN",
        f"{first.run_id},'=first,loss,2,1,Infinity",
        f"{second.run_id},second,loss,0,1,0.1",
    ]
    assert response["Content-Disposition"] == "attachment; filename=loss.csv"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_templates_are_what_the_code_makes(theme):
    assert (themes.FOLDER / f"{theme}.json").read_bytes() == themes.template_file(theme)
    # Plotly takes it.
    go.Figure(layout={"template": json.loads(themes.template_file(theme))})


def test_charts_have_the_colors_of_the_style_sheet():
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", CSS):
        for theme, color in (("light", light), ("dark", dark)):
            assert themes.TOKENS[theme].get(name, color) == color, name
    runs = re.findall(r"\.run-color-\d \{ --run-color: (#\w+); \}", CSS)
    assert runs == list(palette.COLORS)
