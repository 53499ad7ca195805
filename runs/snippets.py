"""Code for people to copy: it names this server and runs as it stands."""

import json


def autologged_run(tracking_uri: str, experiment_name: str) -> str:
    """Python that trains a model and lets the client note what there is to note."""
    return "\n".join(
        [
            "import mlflow",
            "from sklearn.datasets import load_iris",
            "from sklearn.ensemble import RandomForestClassifier",
            "",
            *_addressed(tracking_uri, experiment_name),
            "mlflow.autolog()",
            "",
            "features, target = load_iris(return_X_y=True)",
            "RandomForestClassifier(max_depth=3).fit(features, target)",
        ]
    )


def first_run(tracking_uri: str, experiment_name: str) -> str:
    """Python that logs a run to an experiment of this server."""
    return "\n".join(
        [
            "import mlflow",
            "",
            *_addressed(tracking_uri, experiment_name),
            "",
            "with mlflow.start_run():",
            '    mlflow.log_param("lr", 0.01)',
            '    mlflow.log_metric("accuracy", 0.93)',
        ]
    )


def _addressed(tracking_uri: str, experiment_name: str) -> list[str]:
    # JSON's way of quoting a text is Python's, too.
    address = json.dumps(tracking_uri, ensure_ascii=False)
    name = json.dumps(experiment_name, ensure_ascii=False)
    return [f"mlflow.set_tracking_uri({address})", f"mlflow.set_experiment({name})"]
