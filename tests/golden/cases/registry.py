"""registered-models/* and model-versions/*."""

from tests.golden.setups import EXPERIMENT, NEW_MODEL, NEW_RUN, UNKNOWN_RUN, pair
from tests.golden.wire import case, delete, get, patch, post

CREATE = post("registered-models/create", name="<unique>")
READ = get("registered-models/get", name="<unique>")
VERSION = post("model-versions/create", name="<unique>", source="s3://bucket/model")
READ_VERSION = get("model-versions/get", name="<unique>", version="1")
ALIAS = post("registered-models/alias", name="<unique>", alias="best", version="1")


def stage(name: str, version: str = "1", **more):
    return post(
        "model-versions/transition-stage", name="<unique>", version=version, stage=name, **more
    )


def search(**query):
    return get("registered-models/search", **query)


def search_versions(text: str, **query):
    return get("model-versions/search", filter=text, **query)


# Every call that names a registered model which should be there.
NAMING = {
    "a model is read": lambda name: get("registered-models/get", name=name),
    "a model is described": lambda name: patch("registered-models/update", name=name),
    "a model is removed": lambda name: delete("registered-models/delete", name=name),
    "a model is renamed": lambda name: post("registered-models/rename", name=name, new_name="x"),
    "a model's tag is set": lambda name: post("registered-models/set-tag", name=name, key="a"),
    "an alias is read": lambda name: get("registered-models/alias", name=name, alias="a"),
    "an alias is removed": lambda name: delete("registered-models/alias", name=name, alias="a"),
    "an alias is set": lambda name: post(
        "registered-models/alias", name=name, alias="a", version="1"
    ),
    "the latest versions": lambda name: get("registered-models/get-latest-versions", name=name),
    "a version is made": lambda name: post("model-versions/create", name=name, source="s3://b/m"),
    **{
        what: lambda name, send=send, route=route, more=more: send(
            f"model-versions/{route}", name=name, version="1", **more
        )
        for what, send, route, more in [
            ("a version is read", get, "get", {}),
            ("a version's files", get, "get-download-uri", {}),
            ("a version is described", patch, "update", {"description": "d"}),
            ("a version is removed", delete, "delete", {}),
            ("a version's stage", post, "transition-stage", {"stage": "Staging"}),
            ("a version's tag is set", post, "set-tag", {"key": "a", "value": "b"}),
            ("a version's tag is removed", delete, "delete-tag", {"key": "a"}),
        ]
    },
}

THREE = (
    post("registered-models/create", name="<unique> a", tags=[pair("team", "x")]),
    post("registered-models/create", name="<unique> b", description="second"),
    post("registered-models/create", name="<unique> C"),
)
VERSIONS = (
    CREATE,
    post("model-versions/create", name="<unique>", source="s3://bucket/1", tags=[pair("t", "x")]),
    post("model-versions/create", name="<unique>", source="s3://bucket/2", description="two"),
    post("model-versions/create", name="<unique>", source="s3://bucket/3"),
)

CASES = [
    case("a registered model", CREATE, READ),
    case(
        "a registered model with everything",
        post(
            "registered-models/create",
            name="<unique>",
            description="d",
            tags=[pair("a"), pair("b", "")],
        ),
        READ,
    ),
    case("a registered model again", CREATE, CREATE),
    *(
        case(
            f"a registered model named {name!r}",
            post("registered-models/create", name=name),
        )
        for name in ["", "a/b", "a:b", "  ", ".", "..", None, 5, ["a"]]
    ),
    case("a registered model without a name", post("registered-models/create")),
    case(
        "a registered model in other scripts",
        post("registered-models/create", name="<unique> 模 🚀").keep(name="registered_model.name"),
    ),
    case(
        "a registered model's tag twice",
        post("registered-models/create", name="<unique>", tags=[pair("a", "1"), pair("a", "2")]),
        READ,
    ),
    case(
        "a registered model's bad tag",
        post("registered-models/create", name="<unique>", tags=[pair("a$")]),
    ),
    case(
        "a registered model that is not there", get("registered-models/get", name="<unique> none")
    ),
    case("no registered model", get("registered-models/get")),
    case(
        "a registered model is described",
        CREATE,
        patch("registered-models/update", name="<unique>", description="new"),
        READ,
    ),
    case(
        "a registered model's description is emptied",
        CREATE,
        patch("registered-models/update", name="<unique>", description=""),
        READ,
    ),
    case(
        "a registered model without a description",
        CREATE,
        patch("registered-models/update", name="<unique>"),
    ),
    case(
        "describing what is not there",
        patch("registered-models/update", name="<unique> none", description="x"),
    ),
    case(
        "a registered model is renamed",
        CREATE,
        VERSION,
        post("registered-models/rename", name="<unique>", new_name="<unique> 2"),
        get("registered-models/get", name="<unique> 2"),
        READ,
    ),
    case(
        "a registered model is renamed to itself",
        CREATE,
        post("registered-models/rename", name="<unique>", new_name="<unique>"),
    ),
    case(
        "a registered model is renamed to a taken name",
        *THREE,
        post("registered-models/rename", name="<unique> a", new_name="<unique> b"),
    ),
    case(
        "a registered model is renamed to nothing",
        CREATE,
        post("registered-models/rename", name="<unique>", new_name=""),
    ),
    case(
        "a registered model is renamed badly",
        CREATE,
        post("registered-models/rename", name="<unique>", new_name="a/b"),
    ),
    case(
        "renaming a model that is not there",
        post("registered-models/rename", name="<unique> none", new_name="<unique> x"),
    ),
    *(
        case(f"{what}, for which nothing can be called {name!r}", call(name))
        for name in ["  ", "a/b", "a:b", "..", ""]
        for what, call in NAMING.items()
    ),
    case(
        "a registered model is deleted",
        CREATE,
        VERSION,
        delete("registered-models/delete", name="<unique>"),
        READ,
        READ_VERSION,
    ),
    case(
        "a registered model that is not there is deleted",
        delete("registered-models/delete", name="<unique> none"),
    ),
    case(
        "a registered model's tag",
        CREATE,
        post("registered-models/set-tag", name="<unique>", key="k", value="v"),
        READ,
        delete("registered-models/delete-tag", name="<unique>", key="k"),
        delete("registered-models/delete-tag", name="<unique>", key="k"),
        READ,
    ),
    case(
        "a tag of no registered model",
        post("registered-models/set-tag", name="<unique> none", key="k", value="v"),
    ),
    case(
        "a tag without a key of a registered model",
        CREATE,
        post("registered-models/set-tag", name="<unique>", value="v"),
    ),
    # ---------------------------------------------------------------- Versions
    case("a version", CREATE, VERSION, READ_VERSION, READ),
    case(
        "a version with everything",
        CREATE,
        post(
            "model-versions/create",
            name="<unique>",
            source="s3://b/m",
            description="d",
            run_link="http://x",
            tags=[pair("a")],
        ),
        READ_VERSION,
    ),
    case(
        "a version from a run",
        CREATE,
        *NEW_RUN,
        post("model-versions/create", name="<unique>", source="runs:/<run>/model", run_id="<run>"),
        READ_VERSION,
        get("model-versions/get-download-uri", name="<unique>", version="1"),
    ),
    case(
        "a version from a logged model",
        CREATE,
        *NEW_MODEL,
        post(
            "model-versions/create", name="<unique>", source="models:/<model>", model_id="<model>"
        ),
        READ_VERSION,
        get("model-versions/get-download-uri", name="<unique>", version="1"),
        get("logged-models/<model>"),
    ),
    case(
        "a version from a version",
        CREATE,
        VERSION,
        post("model-versions/create", name="<unique>", source="models:/<unique>/1"),
        get("model-versions/get", name="<unique>", version="2"),
        get("model-versions/get-download-uri", name="<unique>", version="2"),
    ),
    *(
        case(
            f"a version from {source!r}",
            CREATE,
            post("model-versions/create", name="<unique>", source=source),
        )
        for source in [
            "",
            None,
            "/etc",
            "file:///etc",
            "relative/path",
            "s3://b/../c",
            "runs:/x/y",
            "http://x/y",
            "dbfs:/x",
            "models:/none/1",
            "mlflow-artifacts:/x/y",
        ]
    ),
    case(
        "a version from a run that is not there",
        CREATE,
        post(
            "model-versions/create",
            name="<unique>",
            source=f"runs:/{UNKNOWN_RUN}/m",
            run_id=UNKNOWN_RUN,
        ),
    ),
    case(
        "a version of no model",
        post("model-versions/create", name="<unique> none", source="s3://b/m"),
    ),
    case("a version without a source", CREATE, post("model-versions/create", name="<unique>")),
    case(
        "version numbers go on",
        CREATE,
        VERSION,
        VERSION,
        delete("model-versions/delete", name="<unique>", version="2"),
        VERSION,
    ),
    *(
        case(
            f"the version {version!r}",
            CREATE,
            VERSION,
            get("model-versions/get", name="<unique>", version=version),
        )
        for version in ["2", "abc", "0", "-1", "1.0", "01", ""]
    ),
    *(
        case(f"{what}, of a model that is not there", call("<unique> none"))
        for what, call in NAMING.items()
    ),
    case(
        "a version is described",
        CREATE,
        VERSION,
        patch("model-versions/update", name="<unique>", version="1", description="new"),
        READ_VERSION,
    ),
    case(
        "a version is described without a word",
        CREATE,
        VERSION,
        patch("model-versions/update", name="<unique>", version="1"),
    ),
    case(
        "a version is deleted",
        CREATE,
        VERSION,
        ALIAS,
        delete("model-versions/delete", name="<unique>", version="1"),
        READ_VERSION,
        READ,
        delete("model-versions/delete", name="<unique>", version="1"),
    ),
    case(
        "a version's tag",
        CREATE,
        VERSION,
        post("model-versions/set-tag", name="<unique>", version="1", key="k", value="v"),
        READ_VERSION,
        delete("model-versions/delete-tag", name="<unique>", version="1", key="k"),
        delete("model-versions/delete-tag", name="<unique>", version="1", key="k"),
        READ_VERSION,
    ),
    # ---------------------------------------------------------------- Stages
    *(
        case(f"the stage {name!r}", CREATE, VERSION, stage(name), READ_VERSION, READ)
        for name in ["Staging", "production", "ARCHIVED", "None", "none", "foo", ""]
    ),
    case(
        "a stage that archives others",
        *VERSIONS,
        stage("Production", "1"),
        stage("Production", "2", archive_existing_versions=True),
        get("model-versions/get", name="<unique>", version="1"),
        READ,
    ),
    case(
        "latest versions",
        *VERSIONS,
        stage("Production", "1"),
        get("registered-models/get-latest-versions", name="<unique>"),
        post("registered-models/get-latest-versions", name="<unique>", stages=["Production"]),
    ),
    case(
        "latest versions of a bad stage",
        *VERSIONS,
        post("registered-models/get-latest-versions", name="<unique>", stages=["foo"]),
    ),
    case(
        "latest versions of no model",
        get("registered-models/get-latest-versions", name="<unique> none"),
    ),
    # ---------------------------------------------------------------- Aliases
    case(
        "an alias",
        *VERSIONS,
        ALIAS,
        get("registered-models/alias", name="<unique>", alias="best"),
        READ,
        READ_VERSION,
    ),
    case(
        "an alias moves",
        *VERSIONS,
        ALIAS,
        post("registered-models/alias", name="<unique>", alias="best", version="2"),
        READ,
        READ_VERSION,
    ),
    case(
        "an alias is removed, and again",
        *VERSIONS,
        ALIAS,
        delete("registered-models/alias", name="<unique>", alias="best"),
        delete("registered-models/alias", name="<unique>", alias="best"),
        READ,
    ),
    case(
        "an alias that is not there",
        CREATE,
        get("registered-models/alias", name="<unique>", alias="none"),
    ),
    *(
        case(
            f"the alias {alias!r} is {what}",
            CREATE,
            VERSION,
            call("registered-models/alias", name="<unique>", alias=alias),
        )
        for what, call in [("read", get), ("removed", delete)]
        for alias in ["a b", "ä", "x" * 256, "v1", "latest", ""]
    ),
    case(
        "the alias latest of three versions",
        *VERSIONS,
        get("registered-models/alias", name="<unique>", alias="latest"),
    ),
    case(
        "an alias of no version",
        CREATE,
        post("registered-models/alias", name="<unique>", alias="best", version="1"),
    ),
    case(
        "an alias of no model", get("registered-models/alias", name="<unique> none", alias="best")
    ),
    *(
        case(
            f"the alias {alias!r}",
            CREATE,
            VERSION,
            post("registered-models/alias", name="<unique>", alias=alias, version="1"),
        )
        for alias in [
            "",
            "latest",
            "Latest",
            "v1",
            "V2",
            "a b",
            "a/b",
            "ä",
            "x" * 255,
            "x" * 256,
            "1",
        ]
    ),
    # ---------------------------------------------------------------- Search
    *(
        case(
            f"registered models where {text}",
            *THREE,
            search(filter=f"name LIKE '<unique>%' AND {text}"),
        )
        for text in [
            "name != ''",
            "name = '<unique> a'",
            "name ILIKE '%c'",
            "name != '<unique> a'",
            "tags.team = 'x'",
            "tag.team != 'x'",
            "tags.`team` LIKE 'x'",
            "attribute.name = '<unique> a'",
            "name IN ('<unique> a')",
        ]
    ),
    *(
        case(f"registered models are refused: {text}", search(filter=text))
        for text in [
            "name",
            "name > 'a'",
            "name = 5",
            "colour = 'x'",
            "name = 'a' OR name = 'b'",
            "tags.a IS NULL",
            "version_number = 1",
            "   ",
        ]
    ),
    *(
        case(
            f"registered models in the order {order}",
            *THREE,
            search(filter="name LIKE '<unique>%'", order_by=order),
        )
        for order in [["name"], ["name DESC"], ["timestamp"], ["last_updated_timestamp DESC"], []]
    ),
    *(
        case(f"no order of registered models: {order}", search(order_by=order))
        for order in [["colour"], ["name foo"], ["creation_timestamp"]]
    ),
    *(
        case(
            f"{count!r} registered models",
            search(max_results=count, filter="name = '<unique>'"),
        )
        for count in ["0", "1", "1000", "1001"]
    ),
    case(
        "-1 registered models",
        search(max_results="-1", filter="name = '<unique>'"),
    ),
    case(
        "no registered models of three",
        *THREE,
        search(max_results="0", filter="name LIKE '<unique>%'"),
    ),
    *(
        case(f"{count} versions", search_versions("name = '<unique>'", max_results=count))
        for count in ["-1", "0", "200000", "200001", "x"]
    ),
    case(
        "pages of registered models",
        *THREE,
        search(filter="name LIKE '<unique>%'", max_results="2").keep(token="next_page_token"),
        search(filter="name LIKE '<unique>%'", max_results="2", page_token="<token>"),
    ),
    *(
        case(f"versions where {text}", *VERSIONS, search_versions(f"name = '<unique>' AND {text}"))
        for text in [
            "name != ''",
            "version_number = 1",
            "version_number > 1",
            "version_number <= 2",
            "version_number = '1'",
            "source_path = 's3://bucket/1'",
            "source_path LIKE '%2'",
            "tags.t = 'x'",
            "run_id = 'x'",
            "run_id IN ('')",
        ]
    ),
    *(
        case(f"versions are refused: {text}", search_versions(text))
        for text in [
            "name",
            "name > 'a'",
            "colour = 'x'",
            "version_number = 1.5",
            "version_number LIKE '1'",
            "tags.a IS NULL",
            "source_path IN ('x')",
        ]
    ),
    *(
        case(
            f"versions in the order {order}",
            *VERSIONS,
            search_versions("name = '<unique>'", order_by=order),
        )
        for order in [
            ["name"],
            ["version_number"],
            ["version_number DESC"],
            ["creation_timestamp", "version_number"],
            ["name DESC", "version_number DESC"],
        ]
    ),
    case(
        "pages of versions",
        *VERSIONS,
        search_versions("name = '<unique>'", max_results="2", order_by=["version_number"]).keep(
            token="next_page_token"
        ),
        search_versions(
            "name = '<unique>'", max_results="2", order_by=["version_number"], page_token="<token>"
        ),
    ),
    case("a model and a run of one experiment", EXPERIMENT, CREATE, VERSION),
]
