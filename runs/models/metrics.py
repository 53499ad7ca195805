"""Metric points, and what is known of each series without reading them."""

from django.db import models

from experiments.models import Experiment
from runs.models.runs import Run


class MetricKey(models.Model):
    """A metric's name, kept once: points and statistics carry its small integer."""

    name = models.CharField(max_length=250, unique=True)

    def __str__(self) -> str:
        return self.name


class Metric(models.Model):
    """One logged point. Append-only.

    The whole row is its key, so an exact duplicate is the same point and a client's retry is
    harmless. NaN is kept as ``is_nan`` with the value 0, because SQLite has no NaN and a key
    column may not be NULL; infinities are stored as they are.
    """

    pk = models.CompositePrimaryKey("run_id", "key_id", "step", "timestamp", "value", "is_nan")
    run = models.ForeignKey(Run, models.CASCADE, related_name="metrics", db_index=False)
    key = models.ForeignKey(MetricKey, models.PROTECT, related_name="+", db_index=False)
    step = models.BigIntegerField()
    timestamp = models.BigIntegerField()
    value = models.FloatField()
    is_nan = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.key}={'NaN' if self.is_nan else self.value} @{self.step}"


class MetricStat(models.Model):
    """What is known of one metric of one run; equals its points, always.

    Written in the same transaction as the points. Every list, sort, filter and column reads
    this, never ``Metric``. ``last`` is the value of the greatest (step, timestamp, value),
    which is MLflow's "latest", NaN counting as 0 in that comparison. A value of None is NaN:
    ``last`` and ``first`` when that point was NaN, ``minimum`` and ``maximum`` when no point
    was a number. ``total`` is the sum of the numbers; None where infinities of
    both signs leave no answer.
    """

    pk = models.CompositePrimaryKey("run_id", "key_id")
    run = models.ForeignKey(Run, models.CASCADE, related_name="stats", db_index=False)
    key = models.ForeignKey(MetricKey, models.PROTECT, related_name="+", db_index=False)
    # The run's experiment, repeated here for the index below.
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="+", db_index=False)

    last = models.FloatField(null=True)
    last_step = models.BigIntegerField()
    last_timestamp = models.BigIntegerField()
    first = models.FloatField(null=True)
    first_step = models.BigIntegerField()
    first_timestamp = models.BigIntegerField()
    minimum = models.FloatField(null=True)
    minimum_step = models.BigIntegerField(null=True)
    maximum = models.FloatField(null=True)
    maximum_step = models.BigIntegerField(null=True)
    total = models.FloatField(null=True)
    count = models.BigIntegerField()
    nan_count = models.BigIntegerField()

    class Meta:
        indexes = [
            # Runs of an experiment ordered by, or filtered on, a metric's latest value.
            models.Index(fields=["experiment", "key", "last", "run"], name="stat_order"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.run_id}: {self.last}"

    @property
    def mean(self) -> float | None:
        """The mean of the numbers among the points; None if it cannot be told."""
        numbers = self.count - self.nan_count
        return self.total / numbers if numbers and self.total is not None else None


class MetricRollup(models.Model):
    """The peaks of one long series, kept so that a chart need not read all of its points.

    A cache, made when the series is first drawn and valid as long as ``count`` is that of its
    ``MetricStat``: points are only ever added. ``points`` are those that stand out of each
    stretch of 2 to the power of ``exponent`` steps, or milliseconds where all steps are the same
    (``by_time``). Of the points at the step ``boundary`` and later it is known that the others
    are ``settled``: if those still are as many, only later ones came.
    """

    pk = models.CompositePrimaryKey("run_id", "key_id")
    run = models.ForeignKey(Run, models.CASCADE, related_name="+", db_index=False)
    key = models.ForeignKey(MetricKey, models.PROTECT, related_name="+", db_index=False)
    count = models.BigIntegerField()
    by_time = models.BooleanField()
    exponent = models.SmallIntegerField()
    boundary = models.BigIntegerField()
    settled = models.BigIntegerField()
    points = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.key} of {self.run_id}: {self.count} points"
