"""The figures that more than one example draws."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay

BLUE = "#1f5fd6"


def confusion_matrix(truth, predicted, *, labels, title: str) -> Figure:
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes = figure.subplots()
    ConfusionMatrixDisplay.from_predictions(
        truth, predicted, display_labels=labels, cmap="Blues", colorbar=False, ax=axes
    )
    axes.set_title(title)
    return figure


def roc_curve(truth, probability, *, name: str) -> Figure:
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axes = figure.subplots()
    RocCurveDisplay.from_predictions(truth, probability, name=name, plot_chance_level=True, ax=axes)
    axes.set_title("ROC on the test set")
    return figure


def calibration_curve(truth, probability, *, name: str) -> Figure:
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axes = figure.subplots()
    CalibrationDisplay.from_predictions(truth, probability, n_bins=8, name=name, ax=axes)
    axes.set_title("How often a predicted risk comes true")
    return figure


def bars(names, values, *, errors=None, title: str, label: str) -> Figure:
    """Horizontal bars, the largest on top."""
    order = np.argsort(values)
    figure = Figure(figsize=(6.4, 0.32 * len(order) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.barh(
        np.asarray(names)[order],
        np.asarray(values)[order],
        xerr=None if errors is None else np.asarray(errors)[order],
        color=BLUE,
    )
    axes.set(title=title, xlabel=label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def predicted_against_actual(actual, predicted, *, title: str, label: str) -> Figure:
    figure = Figure(figsize=(5, 4.6), layout="constrained")
    axes = figure.subplots()
    ends = [min(actual), max(actual)]
    axes.plot(ends, ends, color="#7c8798", linewidth=1)
    axes.scatter(actual, predicted, s=16, alpha=0.7, color=BLUE)
    axes.set(title=title, xlabel=f"actual {label}", ylabel=f"predicted {label}")
    return figure
