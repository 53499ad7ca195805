"""Fill a workspace with examples: ``python -m examples --tracking-uri http://127.0.0.1:8000``."""

import argparse
import os
import signal
import sys
import time
import warnings
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from examples import (
    breast_cancer_screening,
    diabetes_regression,
    digits_mlp_sweep,
    iris_nightly,
    wine_autolog,
)
from examples.progress import Progress
from examples.registered_models import register_models
from examples.runner import run_example

# The nightly one comes last, for one of its runs is left running.
EXAMPLES = [
    module.EXAMPLE
    for module in (
        digits_mlp_sweep,
        breast_cancer_screening,
        diabetes_regression,
        wine_autolog,
        iris_nightly,
    )
]


def main() -> int:
    """Train what was asked for. Returns 0, 1 if something failed, 2 if no server answers."""
    options = _options()
    # So that a run being trained is closed as failed, as with Ctrl+C.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # What mlflow and scikit-learn have to say about their own next versions.
    warnings.filterwarnings("ignore")
    mlflow.set_tracking_uri(options.tracking_uri)
    client = MlflowClient()
    examples = [example for example in EXAMPLES if options.only in (None, example.name)]
    total = sum(
        training.runs for example in examples for training in example.chosen(quick=options.quick)
    )
    progress = Progress(total=total, file=options.progress_file)
    try:
        client.search_experiments(max_results=1)
    except MlflowException as error:
        progress.given_up(f"No MLflow server answers at {options.tracking_uri}: {error}")
        return 2

    began = time.monotonic()
    for example in examples:
        run_example(client, example, quick=options.quick, progress=progress)
    register_models(client, progress=progress)
    seconds = time.monotonic() - began
    outcome = f"{len(progress.errors)} failed" if progress.errors else "all there"
    progress.finished(f"{progress.done} of {total} example runs, {outcome}, in {seconds:.0f} s")
    return 1 if progress.errors else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples", description=__doc__)
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:8000"),
        help="the server to fill (default: $MLFLOW_TRACKING_URI or http://127.0.0.1:8000)",
    )
    parser.add_argument(
        "--only", choices=[example.name for example in EXAMPLES], help="just this experiment"
    )
    parser.add_argument("--quick", action="store_true", help="one run of each kind")
    parser.add_argument(
        "--progress-file", type=Path, help="keep total, done, text and finished there, as JSON"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
