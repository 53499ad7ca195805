"""A workspace with some of everything, and the address of every page in it."""

from dataclasses import dataclass
from urllib.parse import quote

from django.test import Client

from experiments.actions import delete_experiment
from experiments.models import Experiment
from registry.actions import models as model_actions
from registry.actions.versions import create_version, set_version_tag
from runs.actions.bulk import trash_runs
from runs.actions.datasets import UsedDataset, log_inputs
from runs.actions.selections import keep_comparison
from runs.actions.views import save_view
from runs.files import run_store
from runs.models import Run
from tests.support.factories import make_experiment, make_run
from workspaces.models import Workspace

# What stands for each part of a route.
_ARGUMENTS = {
    "<slug:workspace>": "workspace",
    "<int:experiment_id>": "experiment",
    "<str:run_id>": "run",
    "<slug:slug>": "view",
    "<path:path>": "path",
    "<str:name>": "model",
    "<str:selection>": "selection",
    "<str:token>": "token",
    "<str:ending>": "ending",
    "<int:version>": "version",
}


@dataclass(frozen=True)
class Site:
    """Its things by what an address calls them: ``run``, ``experiment``, ``model`` and so on."""

    client: Client
    names: dict[str, str]

    def address(self, route: str) -> str:
        for part, name in _ARGUMENTS.items():
            route = route.replace(part, quote(self.names[name], safe=""))
        assert "<" not in route, f"Say in tests/support/site.py what stands for {route}"
        return f"/{route}"


def make_site(client: Client, *, workspace: str = "default", word: str = "first") -> Site:
    """One experiment with two runs and what belongs to them, a model, a view, and some trash.

    ``word`` is a part of the names of most of it.
    """
    experiment = make_experiment(f"{word} experiment", workspace=workspace)
    run = _add_run(experiment, 0, parent="")
    _add_run(experiment, 1, parent=run.run_id)
    model = model_actions.create_model(workspace=experiment.workspace, name="net", tags={"a": "b"})
    _add_version(model, run, 1)
    view = save_view(
        workspace=experiment.workspace,
        experiment=experiment,
        name="By loss",
        query="sort=m.loss",
    )
    _add_trash(experiment, f"old {word}")
    _add_view_of_all(experiment.workspace, word)
    runs = list(Run.objects.filter(experiment=experiment).order_by("pk"))
    kept = keep_comparison(workspace=experiment.workspace, runs=[each.pk for each in runs[:2]])
    return Site(
        client,
        {
            "workspace": workspace,
            "experiment": str(experiment.pk),
            "run": run.run_id,
            "runs": ",".join(each.run_id for each in runs[:2]),
            "view": view.slug,
            "path": "curve.txt",
            "model": "net",
            "selection": kept.slug,
            "token": "nothing",
            "ending": "csv",
            "version": "1",
        },
    )


def add_more(site: Site, *, count: int) -> None:
    """More of everything that a page could list; ``runs`` are then all of the experiment."""
    experiment = Experiment.objects.select_related("workspace").get(pk=site.names["experiment"])
    run = Run.objects.select_related("experiment__workspace").get(run_id=site.names["run"])
    net = experiment.workspace.registered_models.get(name="net")
    for index in range(2, count + 2):
        other = _add_run(experiment, index, parent=run.run_id)
        _add_version(net, other, index)
        another = make_experiment(f"experiment {index}", workspace=experiment.workspace.slug)
        _add_run(another, index, parent="")
        model = model_actions.create_model(
            workspace=experiment.workspace, name=f"net {index}", tags={"a": str(index)}
        )
        _add_version(model, other, 1)
        save_view(
            workspace=experiment.workspace,
            experiment=experiment,
            name=f"View {index}",
            query=f"q={index}",
        )
        _add_view_of_all(experiment.workspace, str(index))
        _add_trash(experiment, f"old {index}")
    site.names["runs"] = ",".join(experiment.runs.active().values_list("run_id", flat=True))


def _add_trash(experiment: Experiment, name: str) -> None:
    """A run of the experiment, and another experiment with one, both in the trash."""
    gone = make_experiment(f"{name} experiment", workspace=experiment.workspace.slug)
    make_run(gone, f"{name} inside")
    delete_experiment(gone)
    trash_runs([make_run(experiment, f"{name} run").pk])


def _add_run(experiment: Experiment, index: int, *, parent: str) -> Run:
    tags = {
        "team": f"{experiment.name} {index}",
        "mlflow.source.name": f"{experiment.name}/{index}.py",
    }
    if parent:
        tags["mlflow.parentRunId"] = parent
    run = make_run(
        experiment,
        f"run {index} of {experiment.name}",
        metrics={"loss": [1.0, 0.5 / (index + 1)], "val/acc": 0.1 * index},
        params={"lr": str(0.1 * index), "opt": f"{experiment.name} {index % 2}"},
        tags=tags,
        start_time=1_700_000_000_000 + index,
    )
    log_inputs(
        run, datasets=[UsedDataset(f"{experiment.name} {index}", "d1", "local", "{}", "", "", {})]
    )
    store, root = run_store(run)
    for name in ("curve.txt", "note.md"):
        store.write(root / name, [f"{name} of {index}".encode()])
    return run


def _add_version(model, run: Run, number: int) -> None:
    source = f"runs:/{run.run_id}/model"
    version = create_version(model, source=source, run_id=run.run_id)
    set_version_tag(version, key="stage", value=f"s{number}")
    model_actions.set_alias(version, alias=f"alias{number}")


def _add_view_of_all(workspace: Workspace, name: str) -> None:
    save_view(workspace=workspace, experiment=None, name=f"All {name}", query="q=a")
