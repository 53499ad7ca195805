"""From the data of a chart to what there is to draw."""

from runs.charts.courses import course_plot
from runs.charts.frame import framed
from runs.charts.plots import ChartData, Plot, chosen_x
from runs.charts.single_values import value_plot
from runs.charts.spec import COURSES


def read_plot(data: ChartData) -> Plot:
    """What there is to draw of a line, bar or point chart."""
    is_course = chosen_x(data.spec, data.stats) in COURSES
    return framed(course_plot(data) if is_course else value_plot(data), data.spec)
