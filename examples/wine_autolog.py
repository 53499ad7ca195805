"""Autologging: mlflow watches scikit-learn and logs parameters, metrics, inputs and models."""

import contextlib
from functools import partial

import mlflow
from sklearn.base import BaseEstimator
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.tree import DecisionTreeRegressor

from examples.clock import days_ago
from examples.plan import Example, Report, Training

GRID = {"max_depth": [2, 4], "n_estimators": [20, 60], "max_features": [3, 6]}
# Of a search's combinations, autologging makes runs of the best five.
CHILDREN = 5


def train_regressor(name: str, model: BaseEstimator, report: Report) -> None:
    """How strong is the wine? Two lines of one's own, the rest is autologged."""
    wine = load_wine(as_frame=True).data
    x_train, x_test, y_train, y_test = train_test_split(
        wine.drop(columns="alcohol"), wine.alcohol, test_size=0.3, random_state=0
    )
    with autologging(), mlflow.start_run(run_name=name, tags=tags("alcohol")):
        mlflow.log_param("estimator", type(model).__name__)
        model.fit(x_train, y_train)
        error = mean_absolute_error(y_test, model.predict(x_test))
    report(name, f"mean absolute error {error:.3f}")


def search(report: Report) -> None:
    """Which grower made the wine? A grid search; its combinations become child runs."""
    wine = load_wine(as_frame=True)
    x_train, x_test, y_train, y_test = train_test_split(
        wine.data, wine.target, test_size=0.3, stratify=wine.target, random_state=0
    )
    name = "random-forest grid search"
    with autologging(), mlflow.start_run(run_name=name, tags=tags("grower")):
        mlflow.log_param("estimator", "RandomForestClassifier")
        found = GridSearchCV(RandomForestClassifier(random_state=0), GRID, cv=4)
        found.fit(x_train, y_train)
        accuracy = found.score(x_test, y_test)
    for number in range(1, CHILDREN + 1):
        report(f"{name}, combination {number} of {CHILDREN}", "logged by autologging")
    report(name, f"accuracy {accuracy:.3f}")


@contextlib.contextmanager
def autologging():
    mlflow.sklearn.autolog(max_tuning_runs=CHILDREN, log_input_examples=True, silent=True)
    try:
        yield
    finally:
        mlflow.sklearn.autolog(disable=True)


def tags(target: str) -> dict[str, str]:
    return {"team": "cellar", "dataset": "wine", "target": target}


EXAMPLE = Example(
    name="wine-autolog",
    script="wine_autolog.py",
    description=(
        "What `mlflow.sklearn.autolog()` writes down by itself: parameters, training metrics, "
        "the data that went in, the fitted model, and a child run for each combination of a "
        "grid search.\n\n178 wines of three growers, 13 measurements each."
    ),
    tags={"team": "cellar"},
    trainings=[
        Training(
            key="LinearRegression",
            author="mei",
            started=days_ago(5, "16:08"),
            train=partial(train_regressor, "linear regression", LinearRegression()),
            quick=True,
        ),
        Training(
            key="DecisionTreeRegressor",
            author="mei",
            started=days_ago(5, "16:15"),
            train=partial(
                train_regressor,
                "decision tree depth 5",
                DecisionTreeRegressor(max_depth=5, random_state=0),
            ),
        ),
        Training(
            key="grid-search",
            author="jonas",
            started=days_ago(1, "09:55"),
            train=search,
            runs=1 + CHILDREN,
        ),
    ],
)
