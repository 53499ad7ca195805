"""Which values of a metric are better: as its experiment says, or as its name suggests."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.formatting import is_finite
from experiments.models import Direction, Experiment

_LOWER = frozenset(
    """
    loss losses error errors err mae mse rmse mape smape wape msle rmsle medae nll perplexity ppl
    brier crossentropy entropy logloss deviance aic bic wer cer ter fid fpr fnr fdr regret latency
    hamming overfit gap residual residuals misclassification
    """.split()
)
_HIGHER = frozenset(
    """
    acc accuracy auc auroc auprc aupr roc ap map precision recall f1 f2 fbeta fscore score r2 bleu
    rouge meteor chrf iou miou dice jaccard kappa mcc ndcg mrr hit hits tpr tnr sensitivity
    specificity gini reward rewards ssim psnr throughput correlation pearson spearman silhouette
    explained purity likelihood
    """.split()
)
# scikit-learn turns errors round for its searches: neg_mean_squared_error.
_TURNED_ROUND = frozenset({"neg", "negative"})


@dataclass(frozen=True)
class Better:
    """Which values are better, and whether people said so or the metric's name did."""

    direction: Direction
    is_chosen: bool

    @property
    def is_higher(self) -> bool:
        return self.direction == Direction.HIGHER

    @property
    def words(self) -> str:
        """Such as "lower is better, going by the name"."""
        reason = "as the experiment says" if self.is_chosen else "going by the name"
        return f"{self.direction} is better, {reason}"

    def gain(self, value: float, over: float) -> float:
        """How much better ``value`` is; negative if it is worse."""
        return value - over if self.is_higher else over - value

    def best(self, values: Iterable[float | None]) -> float | None:
        """The best of the finite numbers among ``values``; None if there is none."""
        numbers = [value for value in values if is_finite(value)]
        return (max if self.is_higher else min)(numbers, default=None)


def which_is_better(metric: str, *, experiments: Iterable[Experiment]) -> Better | None:
    """What is known of ``metric`` in ``experiments``; None where nobody can tell.

    What the experiments say of it counts, unless they contradict one another.
    """
    said = {_said(metric, each) for each in experiments} - {""}
    if said:
        word = said.pop()
        is_clear = not said and word in Direction.values
        return Better(Direction(word), is_chosen=True) if is_clear else None
    direction = _suggested(metric)
    return direction and Better(direction, is_chosen=False)


def _said(metric: str, experiment: Experiment) -> str:
    """A direction, another word for none, or "" where nothing is said."""
    if experiment.primary_metric == metric:
        return experiment.primary_direction
    return experiment.said_of(metric).get("better", "")


def _suggested(metric: str) -> Direction | None:
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", metric)
    words = re.findall(r"[a-z]+\d?", spaced.lower())
    # "brier_score" and "max_error" name what is measured beside what measures it.
    if _LOWER.intersection(words):
        return Direction.HIGHER if _TURNED_ROUND.intersection(words) else Direction.LOWER
    return Direction.HIGHER if _HIGHER.intersection(words) else None
