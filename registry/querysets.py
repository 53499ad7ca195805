"""How models and their versions are looked up. Adjectives narrow, nothing writes."""

from typing import Self

from django.db import models

# A registered model with this tag is a prompt: MLflow keeps both in one table.
PROMPT_TAG = "mlflow.prompt.is_prompt"


class RegisteredModelQuerySet(models.QuerySet):
    def named(self, name: str) -> Self:
        return self.filter(name=name)


class ModelVersionQuerySet(models.QuerySet):
    def live(self) -> Self:
        """Those that were not deleted."""
        return self.filter(deleted_time=None)

    def newest_first(self) -> Self:
        return self.order_by("-version")
