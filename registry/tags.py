"""The tags of a model or of a version, as the panel that changes them takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from registry.models import ModelVersion, RegisteredModel
from runs.forms import RESERVED_PREFIX
from runs.run_tags import Pair

# What a panel shows; tags beyond that are found by the API.
MAX_SHOWN = 200


@dataclass(frozen=True)
class TagPanel:
    """The tags of one owner, and the addresses at which they are added, changed and removed."""

    own: Sequence[Pair]
    reserved: Sequence[Pair]
    add_url: str
    change_url: str
    remove_url: str

    @property
    def shown(self) -> Sequence[Pair]:
        return self.own[:MAX_SHOWN]

    @property
    def taken(self) -> set[str]:
        """The names that a new tag cannot have."""
        return {pair.key for pair in self.own}


def tags_of_model(model: RegisteredModel) -> TagPanel:
    return _panel(model, "registry:model_tag", [model.workspace.slug, model.name])


def tags_of_version(version: ModelVersion) -> TagPanel:
    model = version.model
    return _panel(
        version, "registry:version_tag", [model.workspace.slug, model.name, version.version]
    )


def _panel(owner: RegisteredModel | ModelVersion, route: str, arguments: list) -> TagPanel:
    pairs = [Pair(key, value) for key, value in owner.tags.values_list("key", "value")]
    pairs.sort(key=lambda pair: pair.key.lower())
    return TagPanel(
        own=[pair for pair in pairs if not pair.key.startswith(RESERVED_PREFIX)],
        reserved=[pair for pair in pairs if pair.key.startswith(RESERVED_PREFIX)],
        add_url=reverse(f"{route}s", args=arguments),
        change_url=reverse(f"{route}_change", args=arguments),
        remove_url=reverse(f"{route}_remove", args=arguments),
    )
