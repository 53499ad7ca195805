"""Model versions: their numbers, stages and tags, and what they remember of their origin."""

import json

import pytest

from core.errors import Invalid
from core.names import TooLong
from registry.access import NoSuchVersion
from registry.actions.errors import CannotArchive
from registry.actions.versions import (
    create_version,
    delete_version,
    delete_version_tag,
    describe_version,
    move_to_stage,
    set_version_tag,
)
from registry.models import ModelVersion, RegisteredModel, Stage
from registry.names import NoSuchStage, stage_named
from runs.actions.logged_models import VERSIONS_TAG, set_tags
from tests.registry.made import (
    BUCKET,
    PROMPT,
    make_logged_model,
    make_model,
    make_run_with_model,
    make_version,
    numbers,
)

pytestmark = pytest.mark.django_db


def stages(model: RegisteredModel) -> dict[int, str]:
    return dict(model.versions.live().values_list("version", "stage"))


def test_numbers_count_from_one_in_each_model():
    model, other = make_model("a"), make_model("b")

    made = [make_version(model), make_version(other), make_version(model)]

    assert numbers(made) == [1, 1, 2]
    assert made[0].status == "READY"
    assert made[0].stage == "None"
    assert made[0].source == made[0].storage_location == BUCKET


def test_a_deleted_versions_number_is_not_used_again():
    model = make_model("churn", versions=2)

    delete_version(model.versions.get(version=2))
    delete_version(model.versions.get(version=1))

    assert make_version(model).version == 3
    assert numbers(model.versions.live()) == [3]


def test_a_stale_model_still_counts_right():
    make_model("churn", versions=1)
    here, there = RegisteredModel.objects.get(), RegisteredModel.objects.get()

    assert numbers([make_version(here), make_version(there), make_version(here)]) == [2, 3, 4]


def test_a_version_moves_its_models_clock_and_a_description_or_tag_does_not():
    model = make_model("churn")
    RegisteredModel.objects.update(last_update_time=1)

    version = make_version(model, description="first")
    model.refresh_from_db()
    assert model.last_update_time == version.creation_time

    RegisteredModel.objects.update(last_update_time=1)
    describe_version(version, description="second")
    set_version_tag(version, key="k", value="v")
    delete_version_tag(version, key="k")
    model.refresh_from_db()
    assert model.last_update_time == 1

    move_to_stage(version, stage=Stage.STAGING)
    model.refresh_from_db()
    assert model.last_update_time == version.last_update_time > 1


def test_tags_of_a_version_are_written_over_and_removed():
    version = make_version(make_model("churn"), tags={"a": "1", "b": "2"})

    set_version_tag(version, key="a", value="3")
    delete_version_tag(version, key="b")
    delete_version_tag(version, key="no such tag")

    assert dict(version.tags.values_list("key", "value")) == {"a": "3"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"description": "x" * 100_001}, "'description' exceeds"),
        ({"tags": {"a//b": "x"}}, "would resolve to"),
        ({"tags": {"k": "x" * 100_001}}, "'value' exceeds"),
        ({"tags": {"mlflow.prompt.text": "x" * 100_001}}, "Prompt text exceeds max length"),
        ({"source": "s3://" + "x" * 4096}, "'source' exceeds"),
        ({"run_id": "r" * 33}, "'run_id' exceeds"),
        ({"model_id": "m" * 35}, "'model_id' exceeds"),
    ],
)
def test_a_version_that_is_refused_uses_up_no_number(fields, reason):
    model = make_model("churn")

    with pytest.raises(Invalid) as refused:
        create_version(model, **{"source": BUCKET} | fields)

    assert reason in refused.value.message
    assert not ModelVersion.objects.exists()
    assert make_version(model).version == 1


def test_a_stage_is_named_in_any_case():
    assert [stage_named(name) for name in ("none", "STAGING", "Production", "archived")] == [
        Stage.NONE, Stage.STAGING, Stage.PRODUCTION, Stage.ARCHIVED
    ]  # fmt: skip
    with pytest.raises(NoSuchStage) as refused:
        stage_named("foo")
    assert refused.value.message == (
        "Invalid Model Version stage: foo. "
        "Value must be one of None, Staging, Production, Archived."
    )


def test_those_in_a_stage_are_archived_only_when_asked():
    model = make_model("churn", versions=3)
    one, two, three = model.versions.order_by("version")

    move_to_stage(one, stage=Stage.PRODUCTION)
    move_to_stage(two, stage=Stage.PRODUCTION)
    assert stages(model) == {1: "Production", 2: "Production", 3: "None"}

    move_to_stage(three, stage=Stage.PRODUCTION, archive_existing=True)
    assert stages(model) == {1: "Archived", 2: "Archived", 3: "Production"}

    move_to_stage(three, stage=Stage.PRODUCTION, archive_existing=True)
    assert stages(model)[3] == "Production"


@pytest.mark.parametrize("stage", [Stage.NONE, Stage.ARCHIVED])
def test_nothing_gives_way_to_a_version_that_leaves(stage):
    version = make_version(make_model("churn"))

    with pytest.raises(CannotArchive, match="is not an Active stage"):
        move_to_stage(version, stage=stage, archive_existing=True)


def test_a_deleted_version_cannot_be_moved_or_deleted_again():
    model = make_model("churn", versions=1)
    version, stale = model.versions.get(), model.versions.get()
    delete_version(version)

    with pytest.raises(NoSuchVersion, match=r"Model Version \(name=churn, version=1\) not found"):
        move_to_stage(stale, stage=Stage.STAGING)
    with pytest.raises(NoSuchVersion):
        delete_version(stale)


def test_the_latest_of_each_stage_is_one_query(django_assert_num_queries):
    one, two = make_model("one", versions=3), make_model("two", versions=2)
    move_to_stage(one.versions.get(version=1), stage=Stage.STAGING)
    delete_version(two.versions.get(version=2))

    with django_assert_num_queries(1):
        latest = list(
            ModelVersion.objects.live().latest_of_each_stage().order_by("model", "version")
        )

    assert [(each.model_id, each.version) for each in latest] == [
        (one.pk, 1), (one.pk, 3), (two.pk, 1)
    ]  # fmt: skip


def test_a_logged_model_learns_of_every_version_made_from_it():
    run, _ = make_run_with_model()
    logged = make_logged_model(run)
    model = make_model("churn")
    source = f"models:/{logged.model_id}"

    version = make_version(model, source=source, model_id=logged.model_id)
    make_version(model, source=source, model_id=logged.model_id)

    assert json.loads(logged.tags.get(key=VERSIONS_TAG).value) == [
        {"name": "churn", "version": 1}, {"name": "churn", "version": 2}
    ]  # fmt: skip
    assert version.storage_location == logged.artifact_uri
    assert (version.run, version.source_run_id) == (run, run.run_id)
    assert (version.logged_model, version.source_model_id) == (logged, logged.model_id)
    assert list(run.model_versions.order_by("version")) == list(model.versions.order_by("version"))


@pytest.mark.parametrize("rubbish", ["not json", "7", "{}", "", "[" * 100_000])
def test_a_version_is_made_whatever_a_client_wrote_into_that_tag(rubbish):
    run, _ = make_run_with_model()
    logged = make_logged_model(run)
    set_tags(logged, tags={VERSIONS_TAG: rubbish})

    make_version(make_model("churn"), source=f"models:/{logged.model_id}", model_id=logged.model_id)

    assert json.loads(logged.tags.get(key=VERSIONS_TAG).value) == [{"name": "churn", "version": 1}]


def test_a_version_outlives_the_run_it_came_from():
    run, source = make_run_with_model()
    version = make_version(make_model("churn"), source=source, run_id=run.run_id)

    run.delete()

    version.refresh_from_db()
    assert version.run is None
    assert version.source_run_id == run.run_id


def test_a_prompt_has_a_placeholder_for_a_source():
    model = make_model("greeting", tags=PROMPT)

    version = make_version(
        model, source="prompt-template", tags=PROMPT | {"mlflow.prompt.text": "Hello {{name}}"}
    )

    assert (version.version, version.run) == (1, None)
    with pytest.raises(Invalid, match="Prompt sources must use an MLflow placeholder"):
        make_version(model, source=BUCKET, tags=PROMPT)
    with pytest.raises(TooLong):
        make_version(model, source="dummy-source", tags=PROMPT, run_id="r" * 33)
