"""The course of a metric in a drawing of a word's size, made on the server.

A series of any length costs the same: of a long one, no more than ``MAX_POINTS`` points are
looked up, each by one step into the index. Many series on one page get fewer points each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from core.formatting import is_finite, number_text
from runs.models import Metric, MetricStat, Run

MAX_POINTS = 40
# Beyond this many drawings a page is not read but searched.
MAX_SERIES = 100
# As many points a page looks up, beside what every drawing needs to have a shape.
_POINTS_OF_A_PAGE = 4000
_FEWEST_POINTS = 8

WIDTH, HEIGHT = 72, 20
_MARGIN = 1.5

# Steps are 64-bit; as a literal, the smallest one is no integer to SQLite.
_SMALLEST_STEP = -(2**63) + 1

_SAMPLE = """
WITH target(run_id, key_id, step, moment) AS (VALUES {targets})
SELECT target.run_id, target.key_id, target.step, target.moment,
  (SELECT CASE WHEN point.is_nan THEN NULL ELSE point.value END
   FROM {table} AS point
   WHERE point.run_id = target.run_id AND point.key_id = target.key_id
     AND (point.step, point.timestamp) >= (target.step, target.moment)
   ORDER BY point.step, point.timestamp, point.value LIMIT 1)
FROM target ORDER BY target.run_id, target.key_id, target.step, target.moment
"""

_ALL = """
WITH target(run_id, key_id) AS (VALUES {targets})
SELECT point.run_id, point.key_id, point.step, point.timestamp,
  CASE WHEN point.is_nan THEN NULL ELSE point.value END
FROM target JOIN {table} AS point
  ON point.run_id = target.run_id AND point.key_id = target.key_id
ORDER BY point.run_id, point.key_id, point.step, point.timestamp, point.value
"""

# The run and the key of a series.
Series = tuple[int, int]

# Where along the course a point is, and its value; None is NaN.
Place = tuple[int, float | None]


@dataclass(frozen=True)
class Sparkline:
    """``path`` draws into a box of WIDTH × HEIGHT; ``label`` says the same in words."""

    path: str
    label: str


def sparklines(run: Run, stats: Iterable[MetricStat]) -> dict[int, Sparkline]:
    """A drawing for each of the metrics in ``stats`` that has a course, by the key's id.

    Two queries, however many metrics and points there are.
    """
    drawn = curves([stat for stat in stats if stat.count > 1][:MAX_SERIES])
    return {key_id: drawing for (_, key_id), drawing in drawn.items()}


def curves(stats: Sequence[MetricStat]) -> dict[Series, Sparkline]:
    """A drawing for each of the series that has a course, of any runs.

    Two queries, however many series and points there are.
    """
    series = [stat for stat in stats if stat.count > 1]
    if not series:
        return {}
    most = min(MAX_POINTS, max(_FEWEST_POINTS, _POINTS_OF_A_PAGE // len(series)))
    short = [stat for stat in series if stat.count <= most]
    long = [stat for stat in series if stat.count > most]
    places = _all_points(short) | _sampled_points(long, most)
    drawn = {_series(stat): draw(stat, places.get(_series(stat), ())) for stat in series}
    return {key: drawing for key, drawing in drawn.items() if drawing is not None}


def draw(stat: MetricStat, places: Sequence[Place]) -> Sparkline | None:
    """The drawing of ``places``; None if fewer than two of them are numbers."""
    finite = [(x, y) for x, y in places if is_finite(y)]
    if len(finite) < 2:
        return None
    left, right = finite[0][0], finite[-1][0]
    low, high = min(y for _, y in finite), max(y for _, y in finite)
    width, height = right - left, high - low
    parts = []
    pen = "M"
    for x, y in places:
        if not is_finite(y):
            # A gap is shown as one: the line is broken, not bridged.
            pen = "M"
            continue
        across = _scaled(x - left, width, WIDTH)
        up = HEIGHT / 2 if height == 0 else HEIGHT - _scaled(y - low, height, HEIGHT)
        parts.append(f"{pen}{across:.1f} {up:.1f}")
        pen = "L"
    return Sparkline("".join(parts), _label(finite[0][1], stat.last))


def _scaled(distance: float, span: float, size: int) -> float:
    share = distance / span if span and is_finite(span) else 0.5
    return _MARGIN + share * (size - 2 * _MARGIN)


def _label(first: float, last: float | None) -> str:
    if last is None:
        return f"from {number_text(first)} to NaN"
    verb = "rises" if last > first else "falls" if last < first else "ends as it began,"
    return f"{verb} from {number_text(first)} to {number_text(last)}"


def _series(stat: MetricStat) -> Series:
    return stat.run_id, stat.key_id


def _all_points(stats: Sequence[MetricStat]) -> dict[Series, list[Place]]:
    targets = [_series(stat) for stat in stats]
    return _places(_ALL, targets, stats)


def _sampled_points(stats: Sequence[MetricStat], count: int) -> dict[Series, list[Place]]:
    targets = [target for stat in stats for target in _targets(stat, count)]
    found = _places(_SAMPLE, targets, stats)
    for stat in stats:
        # The last target finds the first point at the last step; the course ends with its last.
        if _series(stat) in found:
            found[_series(stat)][-1] = (found[_series(stat)][-1][0], stat.last)
    return found


def _places(
    sql: str, targets: Sequence[tuple[int, ...]], stats: Sequence[MetricStat]
) -> dict[Series, list[Place]]:
    if not targets:
        return {}
    by_time = {_series(stat) for stat in stats if stat.first_step == stat.last_step}
    # The targets are integers that were computed here: as literals they cost no parameters,
    # of which a statement may have only so many.
    rows = ", ".join(f"({', '.join(f'{number:d}' for number in target)})" for target in targets)
    table = connection.ops.quote_name(Metric._meta.db_table)
    found: dict[Series, list[Place]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql.format(targets=rows, table=table))
        for run_id, key_id, step, moment, value in cursor:
            place = moment if (run_id, key_id) in by_time else step
            found.setdefault((run_id, key_id), []).append((place, value))
    return found


def _targets(stat: MetricStat, count: int) -> Iterable[tuple[int, int, int, int]]:
    """Where to look for points: spread over the steps, or over time if there is one step."""
    run, key = _series(stat)
    first, last = max(stat.first_step, _SMALLEST_STEP), stat.last_step
    if first != last:
        return [(run, key, step, 0) for step in _spread(first, last, count)]
    first, last = stat.first_timestamp, stat.last_timestamp
    return [(run, key, stat.last_step, moment) for moment in _spread(first, last, count)]


def _spread(first: int, last: int, count: int) -> list[int]:
    span = last - first
    return sorted({first + span * i // (count - 1) for i in range(count)})
