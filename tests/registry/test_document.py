"""The examples of the page on models do what it says."""

from registry.names import (
    MAX_ALIAS_LENGTH,
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    MAX_TAG_LENGTH,
)
from runs.forms import MAX_TAG_VALUE_LENGTH
from tests.test_docs import ROOT, script_of, text_of

DOCUMENT = ROOT / "docs/registry.md"


def test_the_examples_run(server, mlflow_client, tmp_path, monkeypatch):
    script = script_of(DOCUMENT)
    assert script.count("http://127.0.0.1:8000") == 1
    monkeypatch.chdir(tmp_path)

    # Line numbers in a traceback are those of the document.
    code = compile(script.replace("http://127.0.0.1:8000", server.url), str(DOCUMENT), "exec")
    exec(code, {"__name__": "registry"})

    found = mlflow_client.get_model_version_by_alias("model-diabetes", "champion")
    assert found.version == "1"


def test_the_limits_are_those_of_the_code():
    limits = [
        MAX_NAME_LENGTH,
        MAX_ALIAS_LENGTH,
        MAX_TAG_LENGTH,
        MAX_TAG_VALUE_LENGTH,
        MAX_DESCRIPTION_LENGTH,
    ]
    table = text_of(DOCUMENT).partition("## What is refused")[2]

    assert [limit for limit in limits if f"{limit:,}" not in table] == []
