"""The pages of the model registry, below the address of their workspace."""

from django.urls import path

from registry.views import models, saving, versions

app_name = "registry"

_MODEL = "models/<str:name>/"
_VERSION = f"{_MODEL}versions/<int:version>/"

urlpatterns = [
    path("models/", models.model_list, name="model_list"),
    # Not below models/, where every name is a model's.
    path("new-model/", models.create, name="create"),
    path("runs/<str:run_id>/save-as-model/", saving.save_run, name="save_run"),
    path(_MODEL, models.model, name="model"),
    path(f"{_MODEL}rename/", models.rename, name="rename"),
    path(f"{_MODEL}description/", models.describe, name="describe"),
    path(f"{_MODEL}tags/", models.add_tag, name="model_tags"),
    path(f"{_MODEL}tags/change/", models.change_tag, name="model_tag_change"),
    path(f"{_MODEL}tags/remove/", models.remove_tag, name="model_tag_remove"),
    path(f"{_MODEL}delete/", models.delete, name="delete"),
    path(_VERSION, versions.version, name="version"),
    path(f"{_VERSION}description/", versions.describe, name="version_describe"),
    path(f"{_VERSION}tags/", versions.add_tag, name="version_tags"),
    path(f"{_VERSION}tags/change/", versions.change_tag, name="version_tag_change"),
    path(f"{_VERSION}tags/remove/", versions.remove_tag, name="version_tag_remove"),
    path(f"{_VERSION}aliases/", versions.add_alias, name="version_aliases"),
    path(f"{_VERSION}aliases/remove/", versions.remove_alias, name="version_alias_remove"),
    path(f"{_VERSION}delete/", versions.delete, name="version_delete"),
    path(f"{_VERSION}files/", versions.files, name="files"),
    path(f"{_VERSION}files/<path:path>", versions.file, name="file"),
]
