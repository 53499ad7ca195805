"""Example experiments: real models, trained on scikit-learn's own data sets, logged by mlflow.

``python -m examples`` fills a workspace with them. Each experiment is one small
module that reads as a training script of one's own would; what only the filling
of a workspace needs (skipping what exists, dates, progress) is in ``runner``,
``clock`` and ``progress``.
"""

import os

# Read by mlflow, matplotlib and the number libraries while they are imported,
# so they must stand before any import of theirs. What the caller set wins.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # A server that is down should be reported within a minute, not after five.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
    # Autologging works out a model's requirements by loading it in a second
    # Python, for six seconds a model. Out of time, it takes scikit-learn's
    # own list, which is all that these models need.
    "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "MPLBACKEND": "Agg",
    # Small matrices: more threads would only take turns, and the site that is
    # being filled wants a core, too.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}.items():
    os.environ.setdefault(_name, _value)
