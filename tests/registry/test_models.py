"""Registered models: names, descriptions, tags and aliases."""

import pytest

from core.errors import Invalid, Taken
from core.names import TooLong
from registry.access import NoSuchModel, NoSuchVersion
from registry.actions.errors import ModelNameTaken
from registry.actions.models import (
    create_model,
    delete_alias,
    delete_model,
    delete_model_tag,
    describe_model,
    rename_model,
    set_alias,
    set_model_tag,
)
from registry.actions.versions import create_version, delete_version
from registry.models import ModelVersion, RegisteredModel
from registry.names import BadAlias, BadModelName
from tests.registry.made import PROMPT, make_model, make_version
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def aliases(model: RegisteredModel) -> dict[str, int]:
    return dict(model.aliases.values_list("alias", "model_version__version"))


def test_a_name_is_unique_in_its_workspace_and_not_beyond_it():
    model = make_model("churn")

    with pytest.raises(ModelNameTaken) as taken:
        make_model("churn")

    assert taken.value.model == model
    assert taken.value.message == "Registered Model (name=churn) already exists."
    assert make_model("churn", workspace="elsewhere") != model
    assert make_model("Churn") != model


@pytest.mark.parametrize(
    "name", ["a b", "naïve-Bayes", "100% sure?", '#1 "best"', "日本語", "it's", "x" * 256, "new"]
)
def test_a_name_may_have_any_character_but_two(name):
    assert make_model(name).name == name


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("", BadModelName, "Missing value for required parameter 'name'."),
        (" \t", BadModelName, "Missing value for required parameter 'name'."),
        ("a/b", BadModelName, "Invalid model name 'a/b'. Names cannot contain '/' or ':'."),
        ("a:b", BadModelName, "Invalid model name 'a:b'. Names cannot contain '/' or ':'."),
        (".", BadModelName, "This name would resolve to '.'"),
        ("..", BadModelName, "This name would resolve to '..'"),
        ("x" * 257, TooLong, "'name' exceeds the maximum length of 256 characters"),
    ],
)
def test_a_name_that_no_address_could_hold_is_refused(name, kind, reason):
    with pytest.raises(kind) as refused:
        make_model(name)

    assert reason in refused.value.message
    assert not RegisteredModel.objects.exists()


@pytest.mark.parametrize(
    ("there", "wanted", "message"),
    [
        (PROMPT, PROMPT, "Prompt (name=x) already exists."),
        (PROMPT, {}, "Tried to create a registered model with name 'x', but the name is already "
         "taken by a prompt."),
        ({}, PROMPT, "Tried to create a prompt with name 'x', but the name is already taken by a "
         "registered model."),
    ],
)  # fmt: skip
def test_prompts_and_models_share_their_names(there, wanted, message):
    make_model("x", tags=there)

    with pytest.raises(Taken) as taken:
        make_model("x", tags=wanted)

    assert taken.value.message.startswith(message)


def test_a_rename_takes_the_versions_along_and_moves_the_clock():
    model = make_model("old", versions=2)
    ModelVersion.objects.update(last_update_time=1)
    RegisteredModel.objects.update(last_update_time=1)

    rename_model(model, name="new")

    model.refresh_from_db()
    assert model.name == "new"
    assert model.last_update_time > 1
    assert {version.last_update_time for version in model.versions.all()} == {
        model.last_update_time
    }


def test_a_rename_to_the_same_name_is_fine_and_to_anothers_is_not():
    make_model("taken")
    model = make_model("mine")

    rename_model(model, name="mine")
    with pytest.raises(ModelNameTaken):
        rename_model(model, name="taken")
    with pytest.raises(BadModelName, match="new_name"):
        rename_model(model, name=" ")

    model.refresh_from_db()
    assert model.name == "mine"


def test_a_deleted_model_is_gone_with_all_that_was_its_own():
    model = make_model("churn", tags={"team": "risk"}, versions=1)
    make_version(model, tags={"k": "v"}, alias="champion")
    other = make_model("other", versions=1)

    delete_model(model)

    assert list(RegisteredModel.objects.all()) == [other]
    assert list(ModelVersion.objects.all()) == list(other.versions.all())
    assert make_version(make_model("churn")).version == 1


def test_what_is_done_to_a_model_that_is_gone_says_so():
    model = make_model("churn", versions=1)
    version = model.versions.get()
    version.model = model
    RegisteredModel.objects.all().delete()

    for attempt in (
        lambda: create_version(model, source="s3://b/m"),
        lambda: rename_model(model, name="x"),
        lambda: set_alias(version, alias="champion"),
        lambda: delete_version(version),
    ):
        with pytest.raises(NoSuchModel, match="Registered Model with name=churn not found"):
            attempt()


def test_a_description_is_changed_and_bounded():
    model = make_model("churn", description="first")

    describe_model(model, description="second")
    with pytest.raises(TooLong):
        describe_model(model, description="x" * 100_001)

    model.refresh_from_db()
    assert model.description == "second"


def test_a_tag_is_written_over_and_removed_and_leaves_the_clock_alone():
    model = make_model("churn", tags={"team": "risk"})
    RegisteredModel.objects.update(last_update_time=1)

    set_model_tag(model, key="team", value="growth")
    set_model_tag(model, key="stage", value="")
    delete_model_tag(model, key="no such tag")

    assert dict(model.tags.values_list("key", "value")) == {"team": "growth", "stage": ""}
    delete_model_tag(model, key="team")
    assert dict(model.tags.values_list("key", "value")) == {"stage": ""}
    model.refresh_from_db()
    assert model.last_update_time == 1


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("a\nb", "v", "Names may only contain"),
        ("a//b", "v", "would resolve to"),
        ("k" * 251, "v", "'key' exceeds the maximum length of 250 characters"),
        ("k", "v" * 100_001, "'value' exceeds the maximum length of 100000 characters"),
    ],
)
def test_a_bad_tag_is_refused_and_nothing_is_made(key, value, reason):
    model = make_model("churn")

    for attempt in (
        lambda: set_model_tag(model, key=key, value=value),
        lambda: make_model("other", tags={key: value}),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert reason in refused.value.message

    assert not model.tags.exists()
    assert RegisteredModel.objects.count() == 1


def test_an_alias_points_at_one_version_and_says_where_it_came_from():
    model = make_model("churn")
    first, second = make_version(model), make_version(model)

    assert set_alias(first, alias="champion") is None
    assert set_alias(first, alias="Champion") is None
    assert set_alias(second, alias="champion") == 1

    assert aliases(model) == {"champion": 2, "Champion": 1}
    delete_alias(model, alias="Champion")
    delete_alias(model, alias="no-such-alias")
    assert aliases(model) == {"champion": 2}


def test_an_alias_leaves_with_its_version_and_never_points_at_a_deleted_one():
    model = make_model("churn")
    version = make_version(model, alias="champion")

    delete_version(version)

    assert aliases(model) == {}
    with pytest.raises(NoSuchVersion):
        set_alias(version, alias="champion")
    assert aliases(model) == {}


@pytest.mark.parametrize(
    ("alias", "reason"),
    [
        ("", "Registered model alias name cannot be empty."),
        ("a b", "Names may only contain alphanumerics, underscores (_), and dashes (-)."),
        ("a\n", "Names may only contain alphanumerics"),
        ("latest", "'latest' alias name (case insensitive) is reserved."),
        ("LaTest", "'latest' alias name (case insensitive) is reserved."),
        ("v12", "Version alias name 'v12' is reserved."),
        ("V1", "Version alias name 'V1' is reserved."),
        ("a" * 256, "exceeds the maximum length of 255 characters"),
    ],
)
def test_a_bad_alias_is_refused(alias, reason):
    version = make_version(make_model("churn"))

    with pytest.raises((BadAlias, TooLong)) as refused:
        set_alias(version, alias=alias)

    assert reason in refused.value.message
    assert not aliases(version.model)


def test_a_model_needs_no_description_and_no_tags():
    model = create_model(workspace=Workspace.objects.get(slug="default"), name="bare")

    assert (model.description, model.tags.count(), model.last_version) == ("", 0, 0)
    assert model.creation_time == model.last_update_time > 0
