"""3.0/mlflow/workspaces, and what the header for a workspace does to other calls."""

from tests.golden.setups import EXPERIMENT, RUN
from tests.golden.wire import Call, case, get, patch, post, send

BASE = "/api/3.0/mlflow/workspaces"


def create(name: str = "<slug>", **fields) -> Call:
    return post(BASE, name=name, **fields)


def remove(query: str = "", name: str = "<slug>") -> Call:
    return send("DELETE", f"{BASE}/{name}{query}", None)


READ = get(f"{BASE}/<slug>")
UPDATE = f"{BASE}/<slug>"
INSIDE = EXPERIMENT.of("<slug>")
INSIDE_RUN = RUN.of("<slug>")

CASES = [
    case("a workspace", create(), READ),
    case(
        "a workspace with everything",
        create(description="d", default_artifact_root="s3://bucket/root"),
        READ,
    ),
    case("a workspace again", create(), create()),
    *(
        case(f"a workspace named {name!r}", create(name))
        for name in [
            "",
            "a",
            "A",
            "a_b",
            "-a",
            "a-",
            "a b",
            "ä",
            "default",
            "api",
            "ajax-api",
            "workspaces",
            "static-files",
            "x" * 64,
            "a.b",
            None,
            5,
        ]
    ),
    case("a workspace of 63 characters", create("<slug>" + "x" * 43)),
    case("a workspace without a name", post(BASE)),
    *(
        case(f"a workspace's root {root!r}", create(default_artifact_root=root), READ)
        for root in ["", "  ", "/srv/artifacts", "s3://bucket", "mlflow-artifacts:/x"]
    ),
    *(
        case(f"no root of a workspace: {root!r}", create(default_artifact_root=root))
        for root in [
            "relative/path",
            "http://example.org/x",
            "runs:/x",
            "s3://bucket/a#b",
            "s3://" + "x" * 2048,
            5,
        ]
    ),
    case("a workspace that is not there", get(f"{BASE}/<slug>")),
    case("a workspace that cannot be", get(f"{BASE}/A_B")),
    case("the default workspace", get(f"{BASE}/default")),
    case(
        "a workspace is described",
        create(),
        patch(UPDATE, description="new"),
        READ,
        patch(UPDATE, description=""),
        READ,
    ),
    case(
        "a workspace's root is set and cleared",
        create(),
        patch(UPDATE, default_artifact_root="s3://b/x"),
        READ,
        patch(UPDATE, default_artifact_root=""),
        READ,
    ),
    case("a workspace changed by nothing", create(), patch(UPDATE)),
    *(
        case(
            f"a workspace's old traces: {config!r}",
            create(),
            patch(UPDATE, trace_archival_config=config),
        )
        for config in [{}, "x", {"location": "s3://b/x"}, {"location": 5}]
    ),
    case("a workspace described by a number", create(), patch(UPDATE, description=5)),
    case("changing a workspace that is not there", patch(UPDATE, description="x")),
    case("a workspace is deleted", create(), remove(), READ, remove()),
    case("the default workspace stays", remove(name="default")),
    case("a workspace that cannot be is not deleted", remove(name="A_B")),
    case(
        "a workspace is deleted in a way that there is not",
        create(),
        remove("?mode=GENTLY"),
    ),
    case("deleting a workspace that is in use", create(), INSIDE, remove(), READ),
    case(
        "deleting a workspace with all that is in it",
        create(),
        INSIDE,
        INSIDE_RUN,
        remove("?mode=CASCADE"),
        READ,
        get("experiments/get", experiment_id="<experiment>"),
    ),
    case(
        "deleting a workspace into the default one",
        create(),
        INSIDE,
        INSIDE_RUN,
        remove("?mode=SET_DEFAULT"),
        READ,
        get("experiments/get", experiment_id="<experiment>"),
        get("runs/get", run_id="<run>"),
    ),
    case(
        "deleting a workspace whose names are taken",
        create(),
        INSIDE,
        EXPERIMENT,
        remove("?mode=SET_DEFAULT"),
        READ,
    ),
    case(
        "a workspace's experiment",
        create(),
        INSIDE,
        INSIDE_RUN,
        get("experiments/get", experiment_id="<experiment>").of("<slug>"),
    ),
    case(
        "a workspace with a root of its own",
        create(default_artifact_root="s3://bucket/root"),
        INSIDE,
        get("experiments/get", experiment_id="<experiment>").of("<slug>"),
    ),
    case(
        "an experiment is not seen from elsewhere",
        create(),
        INSIDE,
        INSIDE_RUN,
        get("experiments/get", experiment_id="<experiment>"),
        get("runs/get", run_id="<run>"),
        get("experiments/get-by-name", experiment_name="<unique>"),
        post("runs/search", experiment_ids=["<experiment>"]),
    ),
    case("the same name in two workspaces", create(), INSIDE, EXPERIMENT),
    case(
        "a workspace has no default experiment",
        create(),
        post("runs/create", experiment_id="0").of("<slug>"),
    ),
    case(
        "a header with a workspace that is not there",
        get("experiments/get", experiment_id="0").of("<slug>"),
    ),
    case("a header with nothing", get("experiments/get", experiment_id="0").of("")),
    case("a header that cannot be", get("experiments/get", experiment_id="0").of("A_B")),
    case("a header with default", get("experiments/get", experiment_id="0").of("default")),
    case(
        "searches see one workspace",
        create(),
        INSIDE,
        post("experiments/search", max_results=5).of("<slug>"),
        get("registered-models/search").of("<slug>"),
    ),
    case("health does not mind a header that cannot be", get("/health").of("A_B")),
]
