"""Code for people to copy: it names this server and runs as it stands."""

import json


def first_run(tracking_uri: str, experiment_name: str) -> str:
    """Python that logs a run to an experiment of this server."""
    # JSON's way of quoting a text is Python's, too.
    address = json.dumps(tracking_uri, ensure_ascii=False)
    name = json.dumps(experiment_name, ensure_ascii=False)
    return "\n".join(
        [
            "import mlflow",
            "",
            f"mlflow.set_tracking_uri({address})",
            f"mlflow.set_experiment({name})",
            "",
            "with mlflow.start_run():",
            '    mlflow.log_param("lr", 0.01)',
            '    mlflow.log_metric("accuracy", 0.93)',
        ]
    )
