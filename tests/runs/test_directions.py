import math

import pytest

from experiments.models import Experiment
from runs.directions import which_is_better


@pytest.mark.parametrize(
    "metric",
    [
        *("loss", "val/loss", "trainLoss", "log_loss", "test_rmse", "mean_absolute_error"),
        *("brier_score", "eval.perplexity", "WER", "max_error", "brier_score_loss"),
    ],
)
def test_of_losses_and_errors_the_lower_is_better(metric):
    better = which_is_better(metric, experiments=[])

    assert better.words == "lower is better, going by the name"


@pytest.mark.parametrize(
    "metric",
    [
        *("accuracy", "val_acc", "valAccuracy", "roc_auc", "f1", "training_r2_score", "mAP"),
        *("neg_mean_squared_error", "best_cv_score", "test/precision@5", "mrr"),
    ],
)
def test_of_scores_the_higher_is_better(metric):
    assert which_is_better(metric, experiments=[]).is_higher


@pytest.mark.parametrize("metric", ["epoch", "fit_time", "lr", "system/cpu", "glossary", ""])
def test_of_other_metrics_nobody_can_tell(metric):
    assert which_is_better(metric, experiments=[]) is None


def test_what_the_experiment_says_counts_more_than_the_name():
    experiment = Experiment(primary_metric="loss", primary_direction="higher")

    better = which_is_better("loss", experiments=[experiment])

    assert better.words == "higher is better, as the experiment says"


def test_experiments_that_contradict_one_another_say_nothing():
    experiments = [
        Experiment(primary_metric="loss", primary_direction=direction)
        for direction in ("higher", "lower")
    ]

    assert which_is_better("loss", experiments=experiments) is None


def test_the_best_is_a_number():
    values = [math.nan, math.inf, 2.0, None, 1.0, -math.inf]

    assert which_is_better("acc", experiments=[]).best(values) == 2.0
    assert which_is_better("loss", experiments=[]).best(values) == 1.0
    assert which_is_better("loss", experiments=[]).best([math.nan, None]) is None
