"""How runs are looked up. Adjectives narrow, ``with_`` annotates, nothing writes."""

from typing import Self

from django.db import models


class RunQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(lifecycle_stage="active")

    def deleted(self) -> Self:
        return self.filter(lifecycle_stage="deleted")

    def newest_first(self) -> Self:
        # The id breaks ties, so that a page boundary never splits two runs that started in
        # the same millisecond.
        return self.order_by("-start_time", "run_id")

    def in_workspace(self, workspace) -> Self:
        return self.filter(experiment__workspace=workspace)
