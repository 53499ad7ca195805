"""A sweep: learning rate times width, three seeds each, with a curve for every epoch."""

from datetime import timedelta
from functools import partial
from itertools import product

import mlflow
import numpy as np
import sklearn
from matplotlib.figure import Figure
from mlflow.models import infer_signature
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from examples import figures
from examples.clock import days_ago
from examples.plan import Example, Report, Training

EPOCHS = 35
BATCH_SIZE = 64
LEARNING_RATES = [0.0003, 0.001, 0.005, 0.05]
HIDDEN_UNITS = [16, 64]
SEEDS = [1, 2, 3]
# The one class of the model file that skops, its safe format, does not know.
TRUSTED_TYPES = ["sklearn.neural_network._stochastic_optimizers.AdamOptimizer"]


def train(learning_rate: float, hidden_units: int, seed: int, report: Report) -> None:
    """One network: its curves, its figures, its test metrics and the model itself."""
    (x_train, y_train), (x_val, y_val), (x_test, y_test) = split_digits()
    name = f"mlp-{hidden_units} lr={learning_rate:g} seed={seed}"
    with mlflow.start_run(run_name=name, tags=tags(learning_rate, hidden_units, seed)):
        mlflow.log_params(
            {
                "learning_rate": learning_rate,
                "hidden_units": hidden_units,
                "seed": seed,
                "optimizer": "adam",
                "batch_size": BATCH_SIZE,
                "epochs": EPOCHS,
            }
        )
        mlflow.log_input(mlflow.data.from_numpy(x_train, targets=y_train, name="digits"), "train")
        validation = mlflow.data.from_numpy(x_val, targets=y_val, name="digits-validation")
        mlflow.log_input(validation, "validation")

        model = MLPClassifier(
            hidden_layer_sizes=(hidden_units,),
            learning_rate_init=learning_rate,
            batch_size=BATCH_SIZE,
            random_state=seed,
        )
        for epoch in range(1, EPOCHS + 1):
            model.partial_fit(x_train, y_train, classes=np.arange(10))
            probability = model.predict_proba(x_val)
            mlflow.log_metrics(
                {
                    "train/loss": model.loss_,
                    "val/loss": log_loss(y_val, probability),
                    "val/accuracy": accuracy_score(y_val, probability.argmax(axis=1)),
                },
                step=epoch,
            )
            if seed == SEEDS[0] and epoch % 7 == 0:
                weights = weight_tiles(model.coefs_[0])
                mlflow.log_image(weights, key="first_layer", step=epoch, synchronous=True)

        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(x_train, model.predict(x_train)),
            pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
            skops_trusted_types=TRUSTED_TYPES,
        )
        predicted = model.predict(x_test)
        mlflow.log_metrics(
            {
                "test/accuracy": accuracy_score(y_test, predicted),
                "test/f1_macro": f1_score(y_test, predicted, average="macro"),
                "test/loss": log_loss(y_test, model.predict_proba(x_test)),
            },
            model_id=logged.model_id,
            dataset=mlflow.data.from_numpy(x_test, targets=y_test, name="digits-test"),
        )
        mlflow.log_figure(
            figures.confusion_matrix(y_test, predicted, labels=range(10), title=name),
            "figures/confusion-matrix.png",
        )
        if seed == SEEDS[0]:
            mlflow.log_figure(mistakes(x_test, y_test, predicted), "figures/mistakes.png")
    report(name, f"val/accuracy {accuracy_score(y_val, model.predict(x_val)):.3f}")


def split_digits():
    """1,797 images, 60 : 20 : 20. The same three parts whatever the seed of the network."""
    x, y = load_digits(return_X_y=True)
    x = x / 16
    x_train, x_rest, y_train, y_rest = train_test_split(
        x, y, train_size=0.6, stratify=y, random_state=0
    )
    x_val, x_test, y_val, y_test = train_test_split(
        x_rest, y_rest, train_size=0.5, stratify=y_rest, random_state=0
    )
    return (x_train, y_train), (x_val, y_val), (x_test, y_test)


def tags(learning_rate: float, hidden_units: int, seed: int) -> dict[str, str]:
    about = {"team": "vision", "dataset": "digits", "stage": "exploration"}
    if (learning_rate, hidden_units, seed) == (0.001, 16, 1):
        about |= {
            "stage": "baseline",
            "baseline": "true",
            "mlflow.note.content": "scikit-learn's own learning rate and a small layer: "
            "what every other run of this sweep is **compared with**.",
        }
    elif learning_rate == 0.05 and seed == 1:
        about["mlflow.note.content"] = (
            "Too fast: the validation loss never settles. Kept as the upper end of the range."
        )
    elif (learning_rate, hidden_units) == (0.005, 64):
        about["stage"] = "candidate"
    return about


def weight_tiles(weights: np.ndarray) -> np.ndarray:
    """What each of the first 16 hidden units looks for: an image of 4 x 4 tiles, enlarged."""
    tiles = weights[:, :16].T.reshape(4, 4, 8, 8)
    image = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1))).transpose(0, 2, 1, 3).reshape(40, 40)
    image = (image - image.min()) / (image.max() - image.min())
    return (np.kron(image, np.ones((8, 8))) * 255).astype(np.uint8)


def mistakes(x: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> Figure:
    """The first digits that were read wrongly."""
    wrong = np.flatnonzero(truth != predicted)[:12]
    figure = Figure(figsize=(6, 4.8), layout="constrained")
    figure.suptitle(f"{(truth != predicted).sum()} of {len(truth)} read wrongly")
    for axes in figure.subplots(3, 4).flat:
        axes.set_axis_off()
    for axes, index in zip(figure.axes, wrong, strict=False):
        axes.imshow(x[index].reshape(8, 8), cmap="gray_r")
        axes.set_title(f"{truth[index]} read as {predicted[index]}", fontsize=9)
    return figure


EXAMPLE = Example(
    name="digits-mlp-sweep",
    script="digits_mlp_sweep.py",
    description=(
        "How fast can a one-layer network learn handwritten digits before it stops learning?\n\n"
        "Four learning rates, two widths, **three seeds each**, 35 epochs. 1,797 images of "
        "8 × 8 pixels: 60 % to train, 20 % to choose by, 20 % to report."
    ),
    tags={
        "team": "vision",
        "mlflow.experiment.primaryMetric.name": "val/accuracy",
        "mlflow.experiment.primaryMetric.greaterIsBetter": "True",
    },
    trainings=[
        Training(
            key=f"lr={learning_rate:g} hidden={hidden_units} seed={seed}",
            # Mei swept the small layer one afternoon, Jonas the large one two days later.
            author="mei" if hidden_units == 16 else "jonas",
            started=days_ago(9 if hidden_units == 16 else 7, "13:20")
            + timedelta(minutes=4 * (number % 12)),
            train=partial(train, learning_rate, hidden_units, seed),
            quick=(learning_rate, hidden_units, seed) == (0.001, 16, 1),
        )
        for number, (hidden_units, learning_rate, seed) in enumerate(
            product(HIDDEN_UNITS, LEARNING_RATES, SEEDS)
        )
    ],
)
