"""Where a version's aliases are told: with the version, not in the lists of a model or a search."""

from tests.golden.wire import case, get, patch, post

VERSION = post("model-versions/create", name="<unique>", source="s3://bucket/model")
NAMED = (
    post("registered-models/create", name="<unique>"),
    VERSION,
    post("registered-models/alias", name="<unique>", alias="later", version="1"),
    post("registered-models/alias", name="<unique>", alias="best", version="1"),
)


def version(**fields) -> dict:
    return {"name": "<unique>", "version": "1", **fields}


CASES = [
    case(f"aliases are told by {what}", *NAMED, call)
    for what, call in {
        "a model": get("registered-models/get", name="<unique>"),
        "a search of models": get("registered-models/search", filter="name = '<unique>'"),
        "a model that is described": patch(
            "registered-models/update", name="<unique>", description="new"
        ),
        "a model that is renamed": post(
            "registered-models/rename", name="<unique>", new_name="<unique> 2"
        ),
        "latest versions": get("registered-models/get-latest-versions", name="<unique>"),
        "an alias": get("registered-models/alias", name="<unique>", alias="best"),
        "a version": get("model-versions/get", **version()),
        "a search of versions": get("model-versions/search", filter="name = '<unique>'"),
        "a version that is described": patch("model-versions/update", **version(description="new")),
        "a version that moves": post(
            "model-versions/transition-stage", **version(stage="Production")
        ),
        "a version that is new": VERSION,
    }.items()
]
