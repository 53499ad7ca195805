"""How long ``manage.py import_mlflow`` takes for a store of 10,000 runs and 2 million points.

    .venv-test/bin/python -m benchmarks.importing          (--help tells the rest)

The store is genuine: ``mlflow db upgrade`` makes its tables, and rows are put straight into them,
which spares the hour that logging them would take. It is copied into a new site on SQLite, or on
the PostgreSQL that ``DATABASE_URL`` names, whose database must be empty. With ``--from server`` it
is copied from an ``mlflow server`` on that store.
"""

import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.ingest import CHECKOUT, mlflow_server

EXPERIMENTS = 10
METRICS, STEPS, PARAMS = 20, 10, 20
START_MS = 1_700_000_000_000
RUNS_A_TRANSACTION = 500


def make_store(
    file: Path, *, runs: int, experiments: int = EXPERIMENTS, steps: int = STEPS
) -> None:
    """An MLflow database of that many runs, spread over ``experiments``; ``steps`` a metric."""
    subprocess.run(
        [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{file}"],
        check=True,
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    random.seed(1)
    with closing(sqlite3.connect(file)) as store:
        store.executemany(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage,"
            " creation_time, last_update_time) VALUES (?, ?, ?, 'active', ?, ?)",
            [
                (number, f"experiment {number}", f"mlflow-artifacts:/{number}", START_MS, START_MS)
                for number in range(1, experiments + 1)
            ],
        )
        for start in range(0, runs, RUNS_A_TRANSACTION):
            indexes = range(start, min(start + RUNS_A_TRANSACTION, runs))
            batch = {random.randbytes(16).hex(): index for index in indexes}
            _insert_runs(store, batch, experiments, steps)
            store.commit()


def _insert_runs(
    store: sqlite3.Connection, runs: dict[str, int], experiments: int, steps: int
) -> None:
    """Runs by id, each with its number, and all that belongs to them."""
    store.executemany(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id,"
        " status, start_time, end_time, source_version, lifecycle_stage, artifact_uri,"
        " experiment_id) VALUES (?, ?, 'UNKNOWN', '', '', 'ada', 'FINISHED', ?, ?, '', 'active',"
        " ?, ?)",
        [
            (
                run_id,
                f"run-{index}",
                START_MS + index,
                START_MS + index + 60_000,
                f"mlflow-artifacts:/{1 + index % experiments}/{run_id}/artifacts",
                1 + index % experiments,
            )
            for run_id, index in runs.items()
        ],
    )
    store.executemany(
        "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
        [
            (run_id, f"param_{number}", str(index % (number + 2)))
            for run_id, index in runs.items()
            for number in range(PARAMS)
        ],
    )
    store.executemany(
        "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
        [
            (run_id, *pair)
            for run_id, index in runs.items()
            for pair in (
                ("mlflow.runName", f"run-{index}"),
                ("mlflow.user", "ada"),
                ("mlflow.source.name", "train.py"),
            )
        ],
    )
    points = list(_points(runs, steps))
    store.executemany(
        "INSERT INTO metrics (run_uuid, key, step, timestamp, value, is_nan)"
        " VALUES (?, ?, ?, ?, ?, 0)",
        points,
    )
    store.executemany(
        "INSERT INTO latest_metrics (run_uuid, key, step, timestamp, value, is_nan)"
        " VALUES (?, ?, ?, ?, ?, 0)",
        [point for point in points if point[2] == steps - 1],
    )


def _points(runs: dict[str, int], steps: int) -> Iterator[tuple]:
    for run_id, index in runs.items():
        for number in range(METRICS):
            for step in range(steps):
                at = START_MS + index + step * 1000
                yield run_id, f"metric_{number}", step, at, random.random()


def make_files(folder: Path, file: Path) -> None:
    """One small file for each run, where the server would have put it."""
    with closing(sqlite3.connect(file)) as store:
        for run_id, uri in store.execute("SELECT run_uuid, artifact_uri FROM runs"):
            root = folder / uri.removeprefix("mlflow-artifacts:/")
            root.mkdir(parents=True)
            (root / "notes.txt").write_text(f"what run {run_id} was about\n" * 50)


def manage(folder: Path, *arguments: str) -> str:
    """A command of a site that keeps its data in ``folder``; what it said."""
    python = CHECKOUT / ".venv/bin/python"
    return subprocess.run(
        [str(python if python.exists() else sys.executable), "manage.py", *arguments],
        cwd=CHECKOUT,
        env=os.environ | {"TRACKER_DATA_DIR": str(folder)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def timed_copies(site: Path, source: str, *options: str) -> None:
    """The same copy twice; the second one finds that everything is here."""
    for name in ("first", "again"):
        began = time.perf_counter()
        said = manage(site, "import_mlflow", source, *options)
        print(f"{name}, {time.perf_counter() - began:.1f} s: {said}", end="", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--runs", type=int, default=10_000)
    options.add_argument("--files", action="store_true", help="a small file in each run")
    options.add_argument("--from", dest="kind", choices=["database", "server"], default="database")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-importing-"))
    # Where benchmarks.ingest.mlflow_server looks for them.
    store, artifacts, site = folder / "mlflow.db", folder / "artifacts", folder / "site"
    try:
        artifacts.mkdir()
        make_store(store, runs=chosen.runs)
        if chosen.files:
            make_files(artifacts, store)
        print(f"A store of {store.stat().st_size / 1e6:,.0f} MB.", file=sys.stderr)
        manage(site, "migrate", "--verbosity=0")
        if chosen.kind == "server":
            with mlflow_server(folder) as port:
                timed_copies(site, f"http://127.0.0.1:{port}")
        else:
            timed_copies(site, str(store), "--artifacts-folder", str(artifacts))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
