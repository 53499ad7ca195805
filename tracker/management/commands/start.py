"""``manage.py start``: all that stands between a checkout and a served site."""

import io
import os
import socket
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import DatabaseError

from artifacts.local import STALE_MS
from core.time import now_ms
from runs.files import artifact_store
from tracker import demo


class Command(BaseCommand):
    help = "Bring the database up to date, say where the site is, and serve it with gunicorn."
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        environment = settings.ENVIRONMENT
        self._refuse_a_taken_port(environment.HOST, environment.PORT)
        self._prepare()
        address = settings.PUBLIC_URL or f"http://{_shown(environment.HOST)}:{environment.PORT}"
        self._say_where(address)
        if environment.TRACKER_DEMO and demo.is_wanted():
            self._train(environment.PORT)
        self.stdout.flush()
        config = Path(settings.BASE_DIR) / "gunicorn.conf.py"
        os.chdir(settings.BASE_DIR)
        os.execv(
            sys.executable,
            [sys.executable, "-m", "gunicorn", "--config", str(config), "tracker.wsgi"],
        )

    def _refuse_a_taken_port(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Cannot serve on {host}:{port}: {error.strerror}. Choose another port, as in "
                    "make run PORT=8123, or set HOST, which must be an address of this machine."
                ) from None

    def _prepare(self) -> None:
        try:
            call_command("check", fail_level="ERROR", databases=["default"], stdout=io.StringIO())
        except SystemCheckError as error:
            raise CommandError(str(error)) from None
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be brought up to date: {error}\n"
                "Check DATABASE_URL, and that the database runs and lets this user create tables."
            ) from None
        call_command("collectstatic", interactive=False, verbosity=0)
        # What uploads left that a kill cut off; none that is under way elsewhere is so old.
        artifact_store().clear_staging(before_ms=now_ms() - STALE_MS)

    def _say_where(self, address: str) -> None:
        self.stdout.write(
            f"\n  The experiment tracker is at   {self.style.SUCCESS(address)}\n"
            f"  Data is kept in                {settings.DATA_DIR}\n\n"
            "  Point an MLflow client at it:\n"
            f"    export MLFLOW_TRACKING_URI={address}\n"
            f'    or in Python: mlflow.set_tracking_uri("{address}")\n\n'
            "  Ctrl+C stops it.\n"
        )

    def _train(self, port: int) -> None:
        obstacle = demo.start_training(
            checkout=Path(settings.BASE_DIR), log_file=settings.DATA_DIR / demo.LOG_FILE, port=port
        )
        if obstacle:
            self.stdout.write(f"  No example runs: {obstacle}.\n")
            return
        self.stdout.write(
            "  Example runs are being trained in the background; they appear on the page as they\n"
            f"  come. Progress: {settings.DATA_DIR / demo.LOG_FILE}   "
            "(TRACKER_DEMO=0 starts without them.)\n"
        )


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:
        return "localhost"
    return f"[{host}]" if ":" in host else host
