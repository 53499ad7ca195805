"""``manage.py import_mlflow``: what an MLflow server or database file has, copied into here."""

import time
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from core.errors import Refused, Unavailable
from tracker.importing.copying import Copy, Outcome, choose
from tracker.importing.database_source import open_database
from tracker.importing.progress import Progress
from tracker.importing.server_source import open_server
from tracker.importing.source import NotASource, Source
from workspaces.models import DEFAULT_SLUG, Workspace

_GO_ON = "Start the same command again to go on where it stopped."


class Command(BaseCommand):
    help = (
        "Copy experiments, runs, files and registered models from an MLflow server, or from an "
        "MLflow database file, into a workspace. What is here already stays as it is."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("source", help="a tracking URI (http://…) or an SQLite database file")
        parser.add_argument("--workspace", default=DEFAULT_SLUG, help="where to copy to")
        parser.add_argument(
            "--experiment",
            action="append",
            default=[],
            metavar="NAME",
            help="only this experiment and what belongs to it; may be given several times",
        )
        parser.add_argument("--no-artifacts", action="store_true", help="leave the files there")
        parser.add_argument(
            "--artifacts-folder",
            type=Path,
            metavar="PATH",
            help="where the source's files are on this machine",
        )
        parser.add_argument(
            "--source-workspace", default="", metavar="NAME", help="which one of the source's"
        )

    def handle(self, *args, **options) -> None:
        started = time.monotonic()
        try:
            outcome, size = self._copy(options)
        except Unavailable as gone:
            raise CommandError(f"{gone.message} {_GO_ON}") from gone
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {_GO_ON}") from None
        seconds = time.monotonic() - started
        self._say(outcome, size, seconds)
        if outcome.errors:
            raise CommandError(
                f"{len(outcome.errors)} could not be copied; the rest is here. {_GO_ON}"
            )

    def _copy(self, options: dict) -> tuple[Outcome, int]:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace '{options['workspace']}'.")
        folder = options["artifacts_folder"]
        if folder is not None and not folder.is_dir():
            raise CommandError(f"There is no folder '{folder}'.")
        source = _open(options["source"], options["source_workspace"], folder)
        experiments = choose(source, options["experiment"])
        progress = Progress(
            sum(source.count_runs(item.id) for item in experiments), stream=self.stderr._out
        )
        copy = Copy(
            source,
            workspace,
            experiments=experiments,
            is_whole=not options["experiment"],
            with_artifacts=not options["no_artifacts"],
            progress=progress,
        )
        try:
            outcome = copy.run()
        finally:
            progress.finish()
        return outcome, progress.bytes

    def _say(self, outcome: Outcome, size: int, seconds: float) -> None:
        new = [_counted(count, what) for what, count in outcome.new.items() if count]
        if new:
            read = f", {filesizeformat(size)}" if size else ""
            self.stdout.write(f"Copied {', '.join(new)}{read}, in {seconds:.0f} s.")
        else:
            self.stdout.write("Nothing is new: everything that can be copied was here.")
        for what, count in outcome.left_out.items():
            self.stdout.write(f"Left out: {what}: {count:,}")
        for error in outcome.errors:
            self.stderr.write(error)


def _open(name: str, workspace: str, folder: Path | None) -> Source:
    parts = urlsplit(name)
    if parts.scheme in {"http", "https"}:
        return open_server(name, workspace=workspace, artifacts_folder=folder)
    if parts.scheme == "sqlite":
        name = parts.path.removeprefix("/")
    elif "://" in name:
        raise NotASource(
            f"'{parts.scheme}://' cannot be read directly. Start `mlflow server` on it, and give "
            "the address of that."
        )
    return open_database(Path(name), workspace=workspace, artifacts_folder=folder)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
