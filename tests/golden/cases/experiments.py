"""experiments/*: what is created, found, changed and refused."""

from tests.golden.setups import DELETE_EXPERIMENT, EXPERIMENT, GET_EXPERIMENT, pair
from tests.golden.wire import case, get, post, send

RESTORE = post("experiments/restore", experiment_id="<experiment>")
RENAME = post("experiments/update", experiment_id="<experiment>", new_name="<unique> new")


def create(**fields):
    return post("experiments/create", **fields)


def search(**fields):
    return post("experiments/search", **fields)


def by_name(text, **fields):
    """A search among the experiments of this case only."""
    return search(filter=f"name LIKE '<unique>%' AND {text}", max_results=10, **fields)


THREE = (
    create(name="<unique> a", tags=[pair("team", "x")]).keep(a="experiment_id"),
    create(name="<unique> b", tags=[pair("team", "Y")]).keep(b="experiment_id"),
    create(name="<unique> C", tags=[]).keep(c="experiment_id"),
)

CASES = [
    case("an experiment is created and read", EXPERIMENT, GET_EXPERIMENT),
    case(
        "an experiment is read by its name",
        EXPERIMENT,
        get("experiments/get-by-name", experiment_name="<unique>"),
    ),
    case("the default experiment is there", get("experiments/get", experiment_id="0")),
    case(
        "tags of an experiment are read",
        create(name="<unique>", tags=[pair("b", "2"), pair("a", "1"), pair("c", "")]).keep(
            experiment="experiment_id"
        ),
        GET_EXPERIMENT,
    ),
    case("a tag without a value", create(name="<unique>", tags=[{"key": "a"}])),
    case("a tag without a key", create(name="<unique>", tags=[{"value": "a"}])),
    case("a tag that is no object", create(name="<unique>", tags=["a"])),
    case("an experiment's tag twice", create(name="<unique>", tags=[pair("a"), pair("a")])),
    case("an experiment without a name", create()),
    case("an experiment named null", create(name=None)),
    case("an experiment named nothing", create(name="")),
    case("an experiment named blanks", create(name="  ")),
    case("an experiment's name is a number", create(name=1)),
    case("an experiment's name is a list", create(name=["a"])),
    case("an experiment's name is an object", create(name={"a": 1})),
    case("an experiment's name is true", create(name=True)),
    case("a name of 500 characters", create(name="<unique>" + "x" * 481)),
    case("a name of 501 characters", create(name="x" * 501)),
    case(
        "a name in other scripts",
        create(name="<unique> naïve 模型 🚀").keep(experiment="experiment_id"),
        GET_EXPERIMENT,
    ),
    case(
        "a name with slashes and quotes",
        create(name="<unique> /a/../b 'c' \"d\"").keep(experiment="experiment_id"),
        GET_EXPERIMENT,
    ),
    case("a taken name", EXPERIMENT, create(name="<unique>")),
    case(
        "a deleted experiment's name",
        EXPERIMENT,
        DELETE_EXPERIMENT,
        create(name="<unique>"),
    ),
    case("names mind case", EXPERIMENT, create(name="<unique> A"), create(name="<unique> a")),
    case("unknown fields are ignored", create(name="<unique>", colour="red", a={"b": [1]})),
    case(
        "a location of one's own",
        create(name="<unique>", artifact_location="s3://bucket/some/place").keep(
            experiment="experiment_id"
        ),
        GET_EXPERIMENT,
    ),
    case(
        "a location with a query",
        create(name="<unique>", artifact_location="s3://bucket/some/place?a=b").keep(
            experiment="experiment_id"
        ),
        GET_EXPERIMENT,
    ),
    case(
        "a location with a slash at its end",
        create(name="<unique>", artifact_location="s3://bucket/some/place/").keep(
            experiment="experiment_id"
        ),
        GET_EXPERIMENT,
        post("runs/create", experiment_id="<experiment>", start_time=1).keep(run="run.info.run_id"),
    ),
    case(
        "an absolute folder",
        create(name="<unique>", artifact_location="/srv/artifacts").keep(
            experiment="experiment_id"
        ),
        GET_EXPERIMENT,
    ),
    case(
        "a file URI",
        create(name="<unique>", artifact_location="file:///srv/artifacts").keep(
            experiment="experiment_id"
        ),
        GET_EXPERIMENT,
    ),
    *(
        case(
            f"the location {location}",
            create(name="<unique>", artifact_location=location),
        )
        for location in [
            "",
            "runs:/abc/x",
            "s3://bucket/a#b",
            "s3://bucket/a;b",
            "s3://bucket/a?x=../y",
            "http://example.org/a",
            "ftp://example.org/a",
            "hdfs://example.org/a",
            "mlflow-artifacts://example.org/a",
            "mlflow-artifacts:/some/where",
            "mlflow-artifacts:/some/../where",
            "dbfs:/some/where",
            "gs://bucket/" + "x" * 2036,
            "gs://bucket/" + "x" * 2037,
        ]
    ),
    case("a location that is a number", create(name="<unique>", artifact_location=5)),
    # ---------------------------------------------------------------- Reading
    case("an experiment that is not there", get("experiments/get", experiment_id="9999999")),
    case("an experiment's id is a word", get("experiments/get", experiment_id="abc")),
    case("an experiment's id is negative", get("experiments/get", experiment_id="-1")),
    case("an experiment's id is left out", get("experiments/get")),
    case("an experiment's id is nothing", get("experiments/get", experiment_id="")),
    case("an experiment's id has a leading zero", get("experiments/get", experiment_id="00")),
    case("an experiment's id is a fraction", get("experiments/get", experiment_id="0.0")),
    case("a name that is not there", get("experiments/get-by-name", experiment_name="<unique> no")),
    case("a name left out", get("experiments/get-by-name")),
    case("a deleted experiment is read", EXPERIMENT, DELETE_EXPERIMENT, GET_EXPERIMENT),
    case(
        "a deleted experiment is read by name",
        EXPERIMENT,
        DELETE_EXPERIMENT,
        get("experiments/get-by-name", experiment_name="<unique>"),
    ),
    # ---------------------------------------------------------------- Delete, restore, rename
    case("deleting twice", EXPERIMENT, DELETE_EXPERIMENT, DELETE_EXPERIMENT),
    case("restoring what is active", EXPERIMENT, RESTORE),
    case("deleting and restoring", EXPERIMENT, DELETE_EXPERIMENT, RESTORE, GET_EXPERIMENT),
    case("deleting what is not there", post("experiments/delete", experiment_id="9999999")),
    case("deleting without an id", post("experiments/delete")),
    case("deleting a word", post("experiments/delete", experiment_id="abc")),
    case("deleting by a number", post("experiments/delete", experiment_id=9999999)),
    case("restoring what is not there", post("experiments/restore", experiment_id="9999999")),
    case(
        "restoring brings back every run, also one deleted before",
        EXPERIMENT,
        post("runs/create", experiment_id="<experiment>").keep(one="run.info.run_id"),
        post("runs/create", experiment_id="<experiment>").keep(two="run.info.run_id"),
        post("runs/delete", run_id="<one>"),
        DELETE_EXPERIMENT,
        get("runs/get", run_id="<two>"),
        RESTORE,
        get("runs/get", run_id="<one>"),
        get("runs/get", run_id="<two>"),
    ),
    case("renaming", EXPERIMENT, RENAME, GET_EXPERIMENT),
    case(
        "renaming to its own name",
        EXPERIMENT,
        post("experiments/update", experiment_id="<experiment>", new_name="<unique>"),
    ),
    case(
        "renaming to a taken name",
        EXPERIMENT,
        create(name="<unique> new"),
        RENAME,
    ),
    case("renaming what is deleted", EXPERIMENT, DELETE_EXPERIMENT, RENAME),
    case(
        "renaming what is not there",
        post("experiments/update", experiment_id="9999999", new_name="x"),
    ),
    case(
        "renaming to nothing",
        EXPERIMENT,
        post("experiments/update", experiment_id="<experiment>", new_name=""),
    ),
    case(
        "renaming without a name",
        EXPERIMENT,
        post("experiments/update", experiment_id="<experiment>"),
    ),
    case(
        "renaming to blanks",
        EXPERIMENT,
        post("experiments/update", experiment_id="<experiment>", new_name="  "),
    ),
    case(
        "renaming to 501 characters",
        EXPERIMENT,
        post("experiments/update", experiment_id="<experiment>", new_name="x" * 501),
    ),
    # ---------------------------------------------------------------- Tags
    *(
        case(
            f"an experiment's tag: {what}",
            EXPERIMENT,
            post("experiments/set-experiment-tag", experiment_id="<experiment>", **fields),
            GET_EXPERIMENT,
        )
        for what, fields in {
            "plain": pair("k"),
            "empty value": pair("k", ""),
            "null value": pair("k", None),
            "no value": {"key": "k"},
            "no key": {"value": "v"},
            "empty key": pair("", "v"),
            "a number as value": pair("k", 5),
            "a number as key": pair(5),
            "a dollar in the key": pair("a$b"),
            "a new line in the key": pair("a\nb"),
            "a climbing key": pair("../a"),
            "a rooted key": pair("/a"),
            "a doubled slash": pair("a//b"),
            "a dot": pair("."),
            "unicode": pair("schlüssel 模", "wert 🚀"),
            "a key of 250": pair("k" * 250),
            "a key of 251": pair("k" * 251),
            "a value of 20000": pair("k", "v" * 20000),
            "a value of 20001": pair("k", "v" * 20001),
        }.items()
    ),
    case(
        "an experiment's tag is overwritten",
        EXPERIMENT,
        post("experiments/set-experiment-tag", experiment_id="<experiment>", key="k", value="1"),
        post("experiments/set-experiment-tag", experiment_id="<experiment>", key="k", value="2"),
        GET_EXPERIMENT,
    ),
    case(
        "a deleted experiment's tag",
        EXPERIMENT,
        DELETE_EXPERIMENT,
        post("experiments/set-experiment-tag", experiment_id="<experiment>", key="k", value="1"),
    ),
    case(
        "a tag of an experiment that is not there",
        post("experiments/set-experiment-tag", experiment_id="9999999", key="k", value="1"),
    ),
    case(
        "an experiment's tag is removed, and again",
        create(name="<unique>", tags=[pair("k")]).keep(experiment="experiment_id"),
        post("experiments/delete-experiment-tag", experiment_id="<experiment>", key="k"),
        post("experiments/delete-experiment-tag", experiment_id="<experiment>", key="k"),
        GET_EXPERIMENT,
    ),
    case(
        "removing a deleted experiment's tag",
        create(name="<unique>", tags=[pair("k")]).keep(experiment="experiment_id"),
        DELETE_EXPERIMENT,
        post("experiments/delete-experiment-tag", experiment_id="<experiment>", key="k"),
    ),
    case(
        "removing a tag without a key",
        EXPERIMENT,
        post("experiments/delete-experiment-tag", experiment_id="<experiment>"),
    ),
    # ---------------------------------------------------------------- Search
    *(
        case(f"experiments where {text}", *THREE, by_name(text, order_by=["name"]))
        for text in [
            "name != ''",
            "name = '<unique> a'",
            "name != '<unique> a'",
            "name ILIKE '%c'",
            "name LIKE '%c'",
            "name LIKE '% _'",
            "attribute.name = '<unique> a'",
            "attributes.name = '<unique> a'",
            "experiment_id = '<a>'",
            "experiment_id != '<a>'",
            "experiment_id IN ('<a>', '<b>')",
            "experiment_id NOT IN ('<a>', '<b>')",
            "creation_time > 0",
            "creation_time < 0",
            "last_update_time >= 1",
            "tags.team = 'x'",
            "tags.team != 'x'",
            "tag.team = 'Y'",
            "tags.team ILIKE 'y'",
            "tags.team LIKE 'y'",
            "tags.`team` = 'x'",
            'tags."team" = "x"',
            "tags.team IS NULL",
            "tags.team IS NOT NULL",
            "tags.none IS NULL",
            "tags.team = 'x' and tags.team != 'Y'",
        ]
    ),
    *(
        case(f"experiments are refused: {text}", search(filter=text, max_results=10))
        for text in [
            "name",
            "name =",
            "name = a",
            "name = 5",
            "name > 'a'",
            "name IN ('a')",
            "name IS NULL",
            "= 'a'",
            "'a' = name",
            "colour = 'red'",
            "metrics.a > 1",
            "params.a = 'x'",
            "experiment_id = 1",
            "experiment_id = 'x'",
            "experiment_id > '1'",
            "experiment_id IN (1)",
            "experiment_id IN ()",
            "experiment_id LIKE '1%'",
            "creation_time = '1'",
            "creation_time > 1.5",
            "creation_time LIKE '1'",
            "tags.a > 'x'",
            "tags.a IN ('x')",
            "tags.a = 5",
            "name = 'a' OR name = 'b'",
            "name = 'a'; name = 'b'",
            "NOT name = 'a'",
            "(name = 'a')",
            "name = 'a",
            "   ",
            "name == 'a'",
            "tags. = 'x'",
        ]
    ),
    *(
        case(f"experiments in the order {order}", *THREE, by_name("name != ''", order_by=order))
        for order in [
            [],
            ["name"],
            ["name ASC"],
            ["name DESC"],
            ["name desc"],
            ["attribute.name DESC"],
            ["attributes.name"],
            ["experiment_id"],
            ["experiment_id DESC"],
            ["creation_time", "name DESC"],
            ["last_update_time DESC", "experiment_id"],
            ["name", "name DESC"],
        ]
    ),
    *(
        case(f"no order of experiments: {order}", search(order_by=order, max_results=10))
        for order in [
            ["colour"],
            ["name SIDEWAYS"],
            ["name ASC, experiment_id"],
            ["tags.team"],
            ["metrics.a"],
            [""],
            ["name ASC DESC"],
        ]
    ),
    case("an order that is no list", search(order_by="name", max_results=10)),
    case(
        "a search that is a form",
        get("experiments/search", filter="name = '<unique>'", max_results="2"),
    ),
    case(
        "a search in a query with an order",
        *THREE,
        get(
            "experiments/search",
            filter="name LIKE '<unique>%'",
            max_results="2",
            order_by=["name DESC"],
        ),
    ),
    *(
        case(
            f"max_results of experiments: {count!r}",
            search(max_results=count, filter="name = '<unique>'"),
        )
        for count in [0, -1, 1, 50000, 50001, "5", "x", 2.0, None]
    ),
    *(
        case(f"no max_results of experiments: {count!r}", search(max_results=count))
        for count in [1.5, True, 2**63, [1]]
    ),
    case("no max_results for experiments", search(filter="name = '<unique>'")),
    *(
        case(
            f"experiments in the view {view!r}",
            *THREE,
            post("experiments/delete", experiment_id="<a>"),
            by_name("name != ''", view_type=view, order_by=["name"]),
        )
        for view in ["ACTIVE_ONLY", "DELETED_ONLY", "ALL", "NOBODY", "all", 1, 2, 3, 9, "2", None]
    ),
    case(
        "pages of experiments",
        *THREE,
        search(filter="name LIKE '<unique>%'", max_results=2, order_by=["name"]).keep(
            token="next_page_token"
        ),
        search(
            filter="name LIKE '<unique>%'", max_results=2, order_by=["name"], page_token="<token>"
        ),
    ),
    case(
        "a full last page of experiments has no token",
        *THREE,
        search(filter="name LIKE '<unique>%'", max_results=3),
    ),
    *(
        case(
            f"the page token {token!r}",
            search(max_results=2, filter="name = '<unique>'", page_token=token),
        )
        for token in [
            "",
            "garbage",
            "!!!",
            "e30=",
            "eyJvZmZzZXQiOiAwfQ==",
            "eyJvZmZzZXQiOiAtMX0=",
            "W10=",
            5,
        ]
    ),
    case(
        "camelCase is read",
        EXPERIMENT,
        send("POST", "experiments/search", {"maxResults": 2, "filter": "name = '<unique>'"}),
    ),
    case(
        "camelCase is not enough for what is required",
        send("GET", "experiments/get?experimentId=0", None),
    ),
    case(
        "both spellings of one field",
        send("POST", "experiments/search", {"max_results": 1, "maxResults": 1}),
    ),
]
