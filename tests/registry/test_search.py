"""Searches of the registry: filters, orders, and where prompts are."""

import pytest

from registry.actions.models import describe_model
from registry.actions.versions import describe_version
from registry.models import ModelVersion, RegisteredModel
from registry.search import search_models, search_versions
from search.errors import FilterError
from tests.registry.made import BUCKET, PROMPT, make_model, make_version

pytestmark = pytest.mark.django_db

IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"


def models(filter_text: str = "", *order_by: str) -> list[str]:
    found = search_models(RegisteredModel.objects.all(), filter_text=filter_text, order_by=order_by)
    return [model.name for model in found]


def versions(filter_text: str = "", *order_by: str) -> list[str]:
    found = search_versions(
        ModelVersion.objects.live().select_related("model"),
        filter_text=filter_text,
        order_by=order_by,
    )
    return [f"{version.model.name} {version.version}" for version in found]


@pytest.fixture
def some_models(db) -> None:
    make_model("Churn", tags={"team": "risk", "status": "live"})
    make_model("churn_2", tags={"team": "growth"})
    make_model("it's 100%", tags={"team": ""})
    make_model("greeting", tags=PROMPT)


@pytest.mark.parametrize(
    ("filter_text", "names"),
    [
        ("", ["Churn", "churn_2", "it's 100%"]),
        ("name = 'churn_2'", ["churn_2"]),
        ("name = 'churn'", []),
        ("name != 'Churn'", ["churn_2", "it's 100%"]),
        ("name LIKE 'churn%'", ["churn_2"]),
        ("name ILIKE 'CHURN%'", ["Churn", "churn_2"]),
        ("name LIKE '%_2'", ["churn_2"]),
        ("name IN ('Churn', 'greeting', 'x')", ["Churn"]),
        ("name NOT IN ('Churn')", ["churn_2", "it's 100%"]),
        ('name = "it\'s 100%"', ["it's 100%"]),
        ("tags.team = 'risk'", ["Churn"]),
        ("tags.team = ''", ["it's 100%"]),
        ("tags.status != 'dead'", ["Churn"]),
        ("tag.team ILIKE 'R%' AND tags.status = 'live'", ["Churn"]),
        ("tags.team = 'risk' AND tags.team = 'growth'", []),
        ("tags.team != 'risk' and name LIKE 'churn%'", ["churn_2"]),
        ("tags.pk = '1'", []),
        (f"{IS_PROMPT} = 'true'", ["greeting"]),
        (f"{IS_PROMPT} = 'True'", []),
        (f"{IS_PROMPT} != 'false'", ["greeting"]),
        (f"{IS_PROMPT} = 'false'", ["Churn", "churn_2", "it's 100%"]),
        (f"{IS_PROMPT} != 'true'", ["Churn", "churn_2", "it's 100%"]),
        (f"{IS_PROMPT} = 'false' AND name = 'Churn'", ["Churn"]),
    ],
)
def test_a_filter_finds_the_models_that_it_describes(some_models, filter_text, names):
    assert models(filter_text) == names


def test_models_come_by_name_or_as_they_were_asked_for():
    for name in ("b", "a", "C"):
        make_model(name)
    RegisteredModel.objects.update(last_update_time=5)
    describe_model(RegisteredModel.objects.get(name="b"), description="changed")

    assert models() == ["C", "a", "b"]
    assert models("", "name DESC") == ["b", "a", "C"]
    assert models("", "last_updated_timestamp DESC") == ["b", "C", "a"]
    assert models("", "timestamp") == ["C", "a", "b"]


@pytest.fixture
def some_versions(db) -> None:
    churn, other = make_model("churn"), make_model("other")
    make_version(churn, run_id="r1", tags={"k": "a"})
    make_version(churn, source="s3://else/where", run_id="r2", tags={"k": "b"})
    make_version(other, run_id="r1")
    prompt = make_model("greeting", tags=PROMPT)
    make_version(prompt, source="dummy-source", tags=PROMPT)


@pytest.mark.parametrize(
    ("filter_text", "found"),
    [
        ("", ["churn 2", "churn 1", "other 1"]),
        ("name = 'churn'", ["churn 2", "churn 1"]),
        ("name != 'churn'", ["other 1"]),
        ("name IN ('other', 'greeting')", ["other 1"]),
        ("run_id = 'r1'", ["churn 1", "other 1"]),
        ("run_id IN ('r2', 'r3')", ["churn 2"]),
        ("run_id NOT IN ('r2')", ["churn 1", "other 1"]),
        (f"source_path = '{BUCKET}'", ["churn 1", "other 1"]),
        ("source_path ILIKE 'S3://else%'", ["churn 2"]),
        ("version_number > 1", ["churn 2"]),
        ("version_number = '1' AND name = 'churn'", ["churn 1"]),
        ("version_number < 99999999999", ["churn 2", "churn 1", "other 1"]),
        ("version_number > 9223372036854775807", []),
        ("tags.k = 'a'", ["churn 1"]),
        ("tags.k LIKE '%'", ["churn 2", "churn 1"]),
        (f"{IS_PROMPT} = 'true'", ["greeting 1"]),
        (f"{IS_PROMPT} = 'false' AND name = 'other'", ["other 1"]),
    ],
)
def test_a_filter_finds_the_versions_that_it_describes(some_versions, filter_text, found):
    assert versions(filter_text, "name") == found


def test_versions_come_last_changed_first_or_as_they_were_asked_for(some_versions):
    ModelVersion.objects.update(last_update_time=5, creation_time=5)
    describe_version(ModelVersion.objects.get(model__name="other"), description="changed")

    assert versions() == ["other 1", "churn 2", "churn 1"]
    assert versions("", "version_number") == ["churn 1", "other 1", "churn 2"]
    assert versions("", "name DESC", "version_number ASC") == ["other 1", "churn 1", "churn 2"]
    assert versions("", "creation_timestamp DESC") == ["churn 2", "churn 1", "other 1"]
    assert versions("", "last_updated_timestamp ASC") == ["churn 2", "churn 1", "other 1"]


@pytest.mark.parametrize(
    ("search", "arguments"),
    [
        (models, ("pk = '1'",)),
        (models, ("workspace__slug = 'default'",)),
        (models, ("name > 'a'",)),
        (models, ("name IS NULL",)),
        (models, ("", "workspace")),
        (versions, ("model__name = 'x'",)),
        (versions, ("version_number = 1.5",)),
        (versions, ("version_number IN ('1')",)),
        (versions, ("", "tags.k")),
        (versions, ("", "name", "name DESC")),
    ],
)
def test_a_search_that_cannot_be_read_is_refused(db, search, arguments):
    with pytest.raises(FilterError):
        search(*arguments)
