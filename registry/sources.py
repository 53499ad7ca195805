"""Where a version's files come from, and which sources are believed.

A source is a URI that a client sends and that other people's clients later load code from. What
lies in this server's store, or on a local path, must therefore belong to the run or the logged
model that the version names; what lies in somebody's bucket is theirs to vouch for.
"""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from core.names import check_length
from registry.access import NoSuchAlias, NoSuchModel, NoSuchVersion
from registry.actions.errors import BadSource
from registry.models import ModelVersion, RegisteredModel
from registry.names import MAX_SOURCE_LENGTH, stage_named, version_number
from runs.access import NoSuchLoggedModel
from runs.models import LoggedModel, Run
from workspaces.locations import HOST_SCHEMES
from workspaces.models import Workspace

# Prompts are text in a tag and have no files; these stand where a source must.
PROMPT_SOURCES = {"dummy-source", "prompt-template"}

MAX_RUN_ID_LENGTH = 32
MAX_MODEL_ID_LENGTH = 34

_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


@dataclass(frozen=True)
class Origin:
    """A source that was checked, and what it led to.

    ``storage_location`` is where the files are. ``run`` and ``logged_model`` are the rows of the
    ids, if this server has them.
    """

    source: str
    storage_location: str
    run_id: str = ""
    model_id: str = ""
    run: Run | None = None
    logged_model: LoggedModel | None = None


def find_origin(
    workspace: Workspace, source: str, *, run_id: str | None = None, model_id: str | None = None
) -> Origin:
    """Check the source of a model version, and find the run and the model that it belongs to.

    An id of None was not said; it may follow from the source. Raises ``BadSource``, ``TooLong``,
    ``NoSuchLoggedModel``, and what looking up a ``models:/`` source may raise.
    """
    check_length(source, MAX_SOURCE_LENGTH, what="source")
    check_length(run_id or "", MAX_RUN_ID_LENGTH, what="run_id")
    check_length(model_id or "", MAX_MODEL_ID_LENGTH, what="model_id")
    _refuse_hosts(source)
    if source.startswith("models:/") and not _MODEL_ID.fullmatch(source.removeprefix("models:/")):
        return _copied(workspace, source, run_id, model_id)

    model = _logged_model(workspace, model_id) if model_id else None
    run = _run(workspace, run_id) if run_id else None
    owner, said = (model, "model_id") if model_id else (run, "run_id")
    _refuse_relative_parts(source)
    _check_owner(source, owner, said, run_id or "")
    if model is not None and not run_id:
        run_id = model.source_run_id
        run = _run(workspace, run_id) if run_id else None
    is_model = model is not None and source.startswith("models:/")
    return Origin(
        source=source,
        storage_location=model.artifact_uri if is_model else source,
        run_id=run_id or "",
        model_id=model_id or "",
        run=run,
        logged_model=model,
    )


def prompt_origin(source: str, *, run_id: str | None = None) -> Origin:
    """The origin of a prompt's version, which has no files. Raises ``BadSource``."""
    if source not in PROMPT_SOURCES:
        raise BadSource(
            f"Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
        )
    check_length(run_id or "", MAX_RUN_ID_LENGTH, what="run_id")
    return Origin(source=source, storage_location=source, run_id=run_id or "")


def _copied(workspace: Workspace, source: str, run_id: str | None, model_id: str | None) -> Origin:
    """The origin of a copy: that of the version which ``source`` names."""
    version = _named_version(workspace, source)
    if (run_id is not None and run_id != version.source_run_id) or (
        model_id is not None and model_id != version.source_model_id
    ):
        raise BadSource(
            f"Invalid model version source: '{source}'. The run_id and model_id request "
            "parameters must match the referenced model version."
        )
    return Origin(
        # The number, since an alias or "latest" may be another version tomorrow.
        source=f"models:/{version.model.name}/{version.version}",
        storage_location=version.storage_location or version.source,
        run_id=version.source_run_id,
        model_id=version.source_model_id,
        run=version.run,
        logged_model=version.logged_model,
    )


def _named_version(workspace: Workspace, source: str) -> ModelVersion:
    """The version that ``models:/name/number``, ``/name/latest`` or ``/name@alias`` is."""
    name, slash, suffix = source.removeprefix("models:/").partition("/")
    alias = ""
    if not slash:
        name, _, alias = name.rpartition("@")
    if not name.strip() or not (suffix.strip() or alias.strip()) or "/" in suffix:
        raise _not_owned(source, "model_id")

    model = RegisteredModel.objects.filter(workspace=workspace, name=name).first()
    if model is None:
        raise NoSuchModel(name)
    if model.is_prompt:
        raise BadSource(
            f"Invalid model version source: '{source}'. Prompt versions cannot be used as "
            "model version sources."
        )
    versions = model.versions.live().select_related("model", "run", "logged_model").newest_first()
    if alias:
        found = versions.filter(aliases__alias=alias).first()
        if found is None:
            raise NoSuchAlias(f"Registered model alias {alias} not found.")
        return found
    if suffix.isdecimal():
        found = versions.filter(version=version_number(suffix)).first()
    elif suffix.lower() == "latest":
        found = versions.first()
    else:
        found = versions.filter(stage=stage_named(suffix)).first()
    if found is None:
        raise NoSuchVersion(name, suffix)
    return found


def _check_owner(source: str, owner: Run | LoggedModel | None, said: str, run_id: str) -> None:
    """Raises ``BadSource`` if ``source`` must belong to somebody and does not to ``owner``."""
    parts = _split(source)
    match parts.scheme:
        case "" | "file":
            if owner is None or not _is_below(source, owner.artifact_uri):
                raise BadSource(
                    f"Invalid model version source: '{source}'. To use a local path as a model "
                    f"version source, the {said} request parameter has to be specified and the "
                    "local path has to be contained within the artifact directory of the run "
                    f"specified by the {said}."
                )
        case "runs":
            if said != "run_id" or not run_id or parts.path.split("/")[1:2] != [run_id]:
                raise _not_owned(source, said)
        case "models":
            if not isinstance(owner, LoggedModel) or parts.path != f"/{owner.model_id}":
                raise _not_owned(source, "model_id")
        case "mlflow-artifacts":
            if owner is None or not _is_below(source, owner.artifact_uri):
                raise _not_owned(source, said)


def _not_owned(source: str, said: str) -> BadSource:
    return BadSource(
        f"Invalid model version source: '{source}'. The {said} request parameter must "
        "identify the resource that contains the source."
    )


def _refuse_hosts(source: str) -> None:
    """Raises ``BadSource`` for what would send clients to a host that this server does not know."""
    parts = _split(source)
    if parts.scheme in HOST_SCHEMES and parts.netloc:
        raise BadSource(
            f"'source' cannot use the '{parts.scheme}' scheme: clients would be sent to a host "
            f"that this server does not know. Given: '{source}'"
        )
    if parts.scheme in {"runs", "models"} and parts.netloc:
        raise BadSource(
            f"Invalid model version source: '{source}'. Registered model sources must use the "
            "active model registry."
        )


def _refuse_relative_parts(source: str) -> None:
    decoded = _decoded(source)
    path = _split(decoded).path
    if ".." in decoded.split("/") or "\x00" in decoded or "." in path.split("/"):
        raise BadSource(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, "
            "local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be "
            "provided without relative path references present. Please provide an absolute path."
        )


def _is_below(source: str, root: str) -> bool:
    """Whether ``source`` lies in the folder ``root`` or is it, as texts: no file is looked at."""
    inner, outer = _place(source), _place(root)
    return bool(outer[2]) and inner[:2] == outer[:2] and inner[2][: len(outer[2])] == outer[2]


def _place(uri: str) -> tuple[str, str, tuple[str, ...]]:
    parts = _split(uri)
    # A bare path is a file: URI without the word.
    scheme = parts.scheme or "file"
    path = posixpath.normpath(_decoded(parts.path))
    return scheme, parts.netloc.lower(), tuple(part for part in path.split("/") if part)


def _split(uri: str):
    try:
        parts = urlsplit(uri, allow_fragments=False)
        _ = parts.hostname
    except ValueError:
        raise BadSource(f"Invalid model version source: '{uri}'.") from None
    return parts._replace(scheme=parts.scheme.lower())


def _decoded(text: str) -> str:
    while (decoded := unquote(text)) != text:
        text = decoded
    return text


def _run(workspace: Workspace, run_id: str) -> Run | None:
    return Run.objects.in_workspace(workspace).filter(run_id=run_id).first()


def _logged_model(workspace: Workspace, model_id: str) -> LoggedModel:
    model = LoggedModel.objects.filter(
        model_id=model_id, experiment__workspace=workspace, deleted_time=None
    ).first()
    if model is None:
        raise NoSuchLoggedModel(f"Logged model with ID '{model_id}' not found.")
    return model
