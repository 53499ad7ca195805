"""From the data of a chart to what there is to draw."""

from runs.charts.courses import course_plot
from runs.charts.distributions import distribution
from runs.charts.frame import framed
from runs.charts.layers import Picture
from runs.charts.plots import ChartData, Plot, chosen_x
from runs.charts.relations import relation
from runs.charts.single_values import value_plot
from runs.charts.spec import COURSES, DISTRIBUTIONS, RELATIONS


def read_plot(data: ChartData) -> Plot | Picture:
    """What there is to draw: a plot of lines, bars or points, or the picture of another type."""
    if data.spec.type in DISTRIBUTIONS:
        return distribution(data)
    if data.spec.type in RELATIONS:
        return relation(data)
    is_course = chosen_x(data.spec, data.stats) in COURSES
    return framed(course_plot(data) if is_course else value_plot(data), data.spec)
