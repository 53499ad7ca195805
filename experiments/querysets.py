"""How experiments are looked up. Adjectives narrow, ``with_`` annotates, nothing writes."""

from typing import Self

from django.db import models


class ExperimentQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(lifecycle_stage="active")

    def deleted(self) -> Self:
        return self.filter(lifecycle_stage="deleted")

    def newest_first(self) -> Self:
        # MLflow's own default order, with its tie-break.
        return self.order_by("-creation_time", "pk")
