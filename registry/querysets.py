"""How models and their versions are looked up. Adjectives narrow, nothing writes."""

from typing import Self

from django.db import models
from django.db.models import F, Window
from django.db.models.functions import RowNumber

# A registered model with this tag is a prompt: MLflow keeps both in one place.
PROMPT_TAG = "mlflow.prompt.is_prompt"


class RegisteredModelQuerySet(models.QuerySet):
    def prompts(self) -> Self:
        return self.filter(tags__key=PROMPT_TAG, tags__value="true")

    def without_prompts(self) -> Self:
        return self.exclude(pk__in=self.model.objects.prompts().values("pk"))


class ModelVersionQuerySet(models.QuerySet):
    def live(self) -> Self:
        """Those that were not deleted."""
        return self.filter(deleted_time=None)

    def newest_first(self) -> Self:
        return self.order_by("-version")

    def latest_of_each_stage(self) -> Self:
        """Of each model, in each stage, the one with the highest number."""
        place = Window(
            RowNumber(), partition_by=[F("model"), F("stage")], order_by=F("version").desc()
        )
        return self.alias(place=place).filter(place=1)
