"""A search with child runs; a baseline; and a step size that is too large, with its infinity."""

import contextlib
import math
import traceback
from functools import partial

import mlflow
import numpy as np
import pandas as pd
import sklearn
from mlflow.models import infer_signature
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import cross_validate, train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from examples import figures
from examples.clock import days_ago
from examples.plan import Example, Report, Training

FAMILIES = [Ridge, Lasso, ElasticNet]
ALPHAS = [0.01, 0.1, 1.0, 10.0]
EPOCHS = 60


def search(report: Report) -> None:
    """A parent run for the search, a child run for each model in it, the best one kept."""
    x_train, x_test, y_train, y_test = split_patients()
    about = tags(
        stage="candidate",
        note="Twelve linear models. The best one is fitted again on all training data: `model`.",
    )
    with mlflow.start_run(run_name="linear models, alpha search", tags=about) as parent:
        mlflow.log_params({"search": "grid", "folds": 5, "candidates": 12})
        log_datasets(x_train, x_test, y_train, y_test)
        found = []
        for family in FAMILIES:
            for alpha in ALPHAS:
                rmse, run_id = try_model(family, alpha, x_train, y_train, report)
                found.append(
                    {"model": family.__name__, "alpha": alpha, "rmse": rmse, "run": run_id}
                )

        table = pd.DataFrame(found).sort_values("rmse")
        best = table.iloc[0]
        model = linear_model(getattr(sklearn.linear_model, best.model), best.alpha)
        model.fit(x_train, y_train)
        mlflow.set_tags(
            {"best_child_run_id": best.run, "best_child": f"{best.model} {best.alpha:g}"}
        )
        mlflow.log_params({"best_model": best.model, "best_alpha": best.alpha})
        mlflow.log_metric("cv/rmse", best.rmse)
        mlflow.log_metrics(test_scores(model, x_test, y_test))
        mlflow.log_text(table.to_csv(index=False), "search.csv")
        log_coefficients(model, x_train.columns)
        mlflow.log_figure(
            figures.predicted_against_actual(
                y_test, model.predict(x_test), title="Test set", label="progression"
            ),
            "figures/predicted-against-actual.png",
        )
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(x_train, model.predict(x_train)),
            input_example=x_train.head(3),
            pip_requirements=[f"scikit-learn=={sklearn.__version__}", f"pandas=={pd.__version__}"],
        )
    report(parent.info.run_name, f"cv/rmse {best.rmse:.2f} with {best.model} {best.alpha:g}")


def try_model(family, alpha: float, x_train, y_train, report: Report) -> tuple[float, str]:
    """One child run: cross-validated scores of one model."""
    name = f"{family.__name__.lower()} alpha={alpha:g}"
    with mlflow.start_run(run_name=name, nested=True, tags=tags(stage="exploration")) as run:
        model = linear_model(family, alpha)
        mlflow.log_params({"model": family.__name__, "alpha": alpha, "folds": 5})
        table = x_train.assign(progression=y_train)
        dataset = mlflow.data.from_pandas(table, targets="progression", name="diabetes-train")
        mlflow.log_input(dataset, "train")
        folds = cross_validate(
            model, x_train, y_train, scoring=["neg_root_mean_squared_error", "r2"]
        )
        rmse = -folds["test_neg_root_mean_squared_error"]
        coefficients = model.fit(x_train, y_train)[-1].coef_
        mlflow.log_metrics(
            {
                "cv/rmse": rmse.mean(),
                "cv/rmse_sd": rmse.std(ddof=1),
                "cv/r2": folds["test_r2"].mean(),
                "columns_used": np.count_nonzero(coefficients),
            }
        )
    report(name, f"cv/rmse {rmse.mean():.2f}")
    return rmse.mean(), run.info.run_id


def train_baseline(report: Report) -> None:
    """What one gets by always answering the average."""
    x_train, x_test, y_train, y_test = split_patients()
    about = tags(stage="baseline", baseline="true", note="Always answers the average.")
    with mlflow.start_run(run_name="mean of the training set", tags=about):
        mlflow.log_param("model", "DummyRegressor")
        log_datasets(x_train, x_test, y_train, y_test)
        model = DummyRegressor().fit(x_train, y_train)
        folds = cross_validate(model, x_train, y_train, scoring="neg_root_mean_squared_error")
        mlflow.log_metric("cv/rmse", -folds["test_score"].mean())
        scores = test_scores(model, x_test, y_test)
        mlflow.log_metrics(scores)
    report("mean of the training set", f"test/rmse {scores['test/rmse']:.2f}")


def train_descent(step_size: float, note: str, report: Report) -> None:
    """Gradient descent, epoch by epoch. Too large a step overflows, and the run fails."""
    x_train, x_test, y_train, y_test = split_patients()
    scaler = StandardScaler().fit(x_train)
    x_scaled, x_test_scaled = scaler.transform(x_train), scaler.transform(x_test)
    name = f"gradient descent step={step_size:g}"
    about = tags(stage="exploration", note=note)
    # The run ends as failed because the error leaves it; this script goes on.
    with contextlib.suppress(ValueError), mlflow.start_run(run_name=name, tags=about):
        mlflow.log_params(
            {"model": "MLPRegressor", "step_size": step_size, "batch_size": 32, "seed": 3}
        )
        log_datasets(x_train, x_test, y_train, y_test)
        # Without a hidden layer it is a linear model, too.
        model = MLPRegressor(
            hidden_layer_sizes=(),
            activation="identity",
            solver="sgd",
            momentum=0,
            alpha=0,
            batch_size=32,
            learning_rate_init=step_size,
            random_state=3,
        )
        try:
            for epoch in range(1, EPOCHS + 1):
                model.partial_fit(x_scaled, y_train)
                train_rmse = rmse_or_infinity(y_train, model.predict(x_scaled))
                mlflow.log_metrics(
                    {
                        "train/rmse": train_rmse,
                        "val/rmse": rmse_or_infinity(y_test, model.predict(x_test_scaled)),
                    },
                    step=epoch,
                )
        except ValueError:
            mlflow.log_text(traceback.format_exc(), "traceback.txt")
            report(name, "failed, as intended")
            raise
        mlflow.log_metrics(test_scores(model, x_test_scaled, y_test))
        report(name, f"train/rmse {train_rmse:.2f}")


def rmse_or_infinity(truth, predicted) -> float:
    """The root of the mean squared error, also where squaring leaves the range of numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.sqrt(np.mean((np.asarray(truth) - predicted) ** 2))


def linear_model(family, alpha: float) -> BaseEstimator:
    return make_pipeline(StandardScaler(), family(alpha=alpha))


def split_patients():
    data = load_diabetes(as_frame=True, scaled=False)
    return train_test_split(
        data.data.astype(float), data.target.rename("progression"), test_size=0.25, random_state=5
    )


def tags(*, stage: str, note: str = "", **more: str) -> dict[str, str]:
    about = {"team": "metabolic", "dataset": "diabetes", "stage": stage, **more}
    return about | ({"mlflow.note.content": note} if note else {})


def test_scores(model: BaseEstimator, x_test, y_test) -> dict[str, float]:
    predicted = model.predict(x_test)
    return {
        "test/rmse": math.sqrt(mean_squared_error(y_test, predicted)),
        "test/mae": mean_absolute_error(y_test, predicted),
        "test/r2": r2_score(y_test, predicted),
    }


def log_datasets(x_train, x_test, y_train, y_test) -> None:
    for x, y, name, context in [
        (x_train, y_train, "diabetes-train", "train"),
        (x_test, y_test, "diabetes-test", "test"),
    ]:
        table = x.assign(progression=y)
        mlflow.log_input(mlflow.data.from_pandas(table, targets="progression", name=name), context)


def log_coefficients(model: BaseEstimator, columns: pd.Index) -> None:
    coefficients = pd.Series(model[-1].coef_, index=columns, name="coefficient")
    mlflow.log_text(coefficients.to_csv(index_label="column"), "coefficients.csv")
    mlflow.log_figure(
        figures.bars(
            coefficients.index,
            coefficients.to_numpy(),
            title="Coefficients of the best model",
            label="change of progression per standard deviation",
        ),
        "figures/coefficients.png",
    )


EXAMPLE = Example(
    name="diabetes-regression",
    script="diabetes_regression.py",
    description=(
        "How far does the disease progress within a year, from ten measurements at its start?\n\n"
        "442 patients. Linear models only: the answer must fit on one slide. **Lower is better.**"
    ),
    tags={
        "team": "metabolic",
        "mlflow.experiment.primaryMetric.name": "cv/rmse",
        "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
    },
    trainings=[
        Training(
            key="baseline", author="amara", started=days_ago(10, "10:03"), train=train_baseline
        ),
        Training(
            key="gradient-descent-0.003",
            author="amara",
            started=days_ago(10, "10:26"),
            train=partial(train_descent, 0.003, "Sixty epochs are not enough at this pace."),
        ),
        Training(
            key="gradient-descent-0.03",
            author="amara",
            started=days_ago(10, "10:34"),
            train=partial(train_descent, 0.03, "Arrives where ridge regression does."),
        ),
        Training(
            key="gradient-descent-1",
            author="amara",
            started=days_ago(10, "10:41"),
            train=partial(
                train_descent,
                1.0,
                "Diverges. The error is infinite from the middle on, see `traceback.txt`.",
            ),
            ends=("FAILED",),
        ),
        Training(
            key="alpha-search",
            author="tomas",
            started=days_ago(4, "14:22"),
            train=search,
            runs=1 + len(FAMILIES) * len(ALPHAS),
            quick=True,
        ),
    ],
)
