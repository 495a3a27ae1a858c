"""Choose which images to label next, each with its reasons, and say what a model proposes for them.

Reads: `images` (one row per file), `pairs` (one row per pair of copies), `copies` (one row per image left out for
another), `groups` (one row per image), `violations` (one row per broken rule and row), `votes` (one row per
annotation), `labels` (one row per object), `disagreements` (one row per copy that people label otherwise), `cases`,
`seats` and `plan` (what occurs, and what is missing), `predictions` (one row per model and object), `suspects` (one row
per object under suspicion), `vectors` (one row per picture), data/raw/withdrawals.yaml, guidelines/classes.yaml.
Writes: `queue` (one row per image to label next), `proposals` (one row per object that the model proposes on an image
without labels), `acceptance` (one row per threshold of confidence).

A proposal is never a label: it becomes one when a person signs a batch that says so.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from golgoru.active import auto_accept as thresholds
from golgoru.active import coverage_gaps, label_doubts, mixture, preannotations, uncertainty
from golgoru.active import pool as pools
from golgoru.active.pool import Pool
from golgoru.active.strategies import STRATEGIES, Candidates, Picks, Strategy
from golgoru.core.errors import UserError
from golgoru.core.paths import PARAMS
from golgoru.core.yaml_models import Written, key_line
from golgoru.guideline.classes import Classes
from golgoru.model import external_predictions
from golgoru.raw.external_predictions import BUILT_IN
from golgoru.raw.withdrawals import Withdrawal
from golgoru.shell import run
from golgoru.tables import frames

# Of fewer labels per class a model does not know what it does not know: on CIFAR-10 and digits medoids were the better
# first hundred.
_MIN_LABELS_PER_CLASS = 10
_DEFAULT_BUDGET = 200  # images, a day's work


class Params(Written):
    """How many images are queued, by which strategies, and what a proposal must be to be accepted."""

    # How many images; left out, up to 200.
    budget: int | None = Field(None, ge=1)
    # What part of the queue each strategy chooses: `margin` or `entropy` (what the model is unsure of), `medoids` or
    # `k-centre` (what stands for many, what is far from all), `coverage` (missing classes and edge cases),
    # `disagreement` (what people disagree on), `suspects` (labels that are probably wrong). Where one finds nothing,
    # the others share its part.
    mix: Mapping[Strategy, float] = Field(
        {"margin": 0.35, "medoids": 0.25, "coverage": 0.2, "disagreement": 0.1, "suspects": 0.1}, min_length=1
    )
    # The name under data/raw/predictions of a model that did not learn from these labels, or the built-in one.
    model: str = BUILT_IN
    # What share of the accepted proposals must surely be right. People are right in 85 to 99 of 100.
    accept: float = Field(0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> "Params":
        total = sum(self.mix.values())
        below = [f"{name}: {share:g}" for name, share in self.mix.items() if not share >= 0]
        if below or not abs(total - 1) <= 1e-9:
            found = f"found {', '.join(below)}" if below else f"they add up to {total:g}"
            raise ValueError(f"mix: expected shares from 0 on that add up to 1, {found}")
        return self


class Tables(NamedTuple):
    """What the stage writes."""

    queue: pd.DataFrame
    preannotations: pd.DataFrame
    auto_accept: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    duplicates: pd.DataFrame,
    groups: pd.DataFrame,
    violations: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    labels: pd.DataFrame,
    duplicate_conflicts: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    split_coverage: pd.DataFrame,
    collection_plan: pd.DataFrame,
    predictions: pd.DataFrame,
    label_issues: pd.DataFrame,
    embeddings: pd.DataFrame,
    withdrawals: Sequence[Withdrawal],
    classes: Classes,
    seed: int,
    params: Params,
) -> Tables:
    """Return the queue. Raises UserError for more images than there are to label, and for an unknown model."""
    pool = pools.labelling_pool(
        images, duplicate_pairs, duplicates, violations, annotation_roles, labels, duplicate_conflicts, withdrawals
    )
    said = external_predictions.rows_of_model(predictions, params.model, "select")
    judged = preannotations.predictions_on_labelled(said, labels, groups, pool.labelled)
    proposed = preannotations.preannotation_rows(said, pool.unlabelled)
    acceptance = thresholds.auto_accept_table(judged, proposed["confidence"], params.accept)
    threshold = thresholds.chosen_threshold(acceptance)
    proposals = frames.frame("preannotations", proposed.assign(
        accepted=proposed["confidence"].astype(float) >= (np.inf if threshold is None else threshold)
    ))  # fmt: skip

    chooser = _Chooser(
        _candidates(
            pool,
            images,
            embeddings,
            said,
            edge_case_hits,
            coverage_gaps.coverage_gaps(split_coverage, collection_plan),
            classes.ids,
            seed,
        ),
        {
            "disagreement": label_doubts.contested_images(pool, annotation_roles, duplicate_conflicts, label_issues),
            "suspects": label_doubts.images_with_issues(pool, label_issues),
        },
        _reason_without_model(said, labels, pool, classes, params.model),
    )
    # Of fewer images than the budget each strategy gets its part, too.
    picks = mixture.mixed_queue(
        min(params.budget or _DEFAULT_BUDGET, chooser.there(params.mix)), params.mix, chooser.pick
    )
    if params.budget is not None and len(picks) < params.budget:
        raise UserError(
            f"{key_line(PARAMS, 'select', 'budget')}: select.budget: {params.budget:,} images are asked for, and the "
            f"mix finds {len(picks):,} to label; ask for no more, or leave the key out to queue up to {_DEFAULT_BUDGET}"
        )
    queue = _queue(picks, proposals)
    return Tables(queue, proposals, acceptance, _metrics(pool, queue, proposals, acceptance, chooser.cold))


def _candidates(
    pool: Pool,
    images: pd.DataFrame,
    vectors: pd.DataFrame,
    said: pd.DataFrame,
    cases: pd.DataFrame,
    missing: coverage_gaps.CoverageGaps,
    classes: list[str],
    seed: int,
) -> Candidates:
    view = uncertainty.image_uncertainty(pool.unlabelled, said[said["object"].isna()], classes)
    wanted = coverage_gaps.coverage_scores(pool.unlabelled, view.shows, classes, cases, missing)
    order = images.set_index("image")["content"]
    return Candidates(pool.unlabelled, pool.labelled, vectors, order, view, wanted, classes, seed)


def _reason_without_model(
    said: pd.DataFrame, labels: pd.DataFrame, pool: Pool, classes: Classes, model: str
) -> str | None:
    """Return why the model's doubts are worth nothing yet; None where they are, or nothing is without labels."""
    if pool.unlabelled.empty:
        return None
    if not frames.is_in(said["image"], pool.unlabelled).any():
        return "no model says anything of pictures without labels"
    known = int((labels["status"] != "contested").sum()) / max(len(classes.ids), 1)
    if model == BUILT_IN and known < _MIN_LABELS_PER_CLASS:
        return f"the model has seen {known:.1f} labels per class, too few to know what it does not know"
    return None


class _Chooser:
    """Picks of every strategy; no image, and of near-copies no second one, is picked twice."""

    def __init__(self, candidates: Candidates, of_labelled: Mapping[str, Picks], cold: str | None) -> None:
        self._candidates, self._of_labelled, self.cold = candidates, dict(of_labelled), cold

    def there(self, mix: Mapping[Strategy, float]) -> int:
        """Return how many images a mix can choose from."""
        named = {strategy for strategy, share in mix.items() if share > 0}
        labelled = sum(len(picks.images) for name, picks in self._of_labelled.items() if name in named)
        return labelled + (len(self._candidates.images) if named - set(self._of_labelled) else 0)

    def pick(self, strategy: Strategy, count: int) -> Picks:
        if strategy in self._of_labelled:
            all_ = self._of_labelled[strategy]
            self._of_labelled[strategy] = all_.part(slice(count, None))
            return all_.part(slice(count))
        if self.cold is not None and strategy in {"margin", "entropy"}:
            picks = self._candidates.pick("medoids", count)
            return picks._replace(reasons=[f"{self.cold}; {reason}" for reason in picks.reasons])
        return self._candidates.pick(strategy, count)


def _queue(picks: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """Return the queue with what the model proposes on each of its images."""
    by_image = preannotations.summary_by_image(proposals[frames.is_in(proposals["image"], picks["image"])])
    joined = picks.merge(by_image, left_on="image", right_index=True, how="left")
    return frames.frame("queue", joined.assign(accepted=joined["accepted"].eq(other=True)))


def _metrics(
    pool: Pool, queue: pd.DataFrame, proposals: pd.DataFrame, acceptance: pd.DataFrame, cold: str | None
) -> dict[str, Any]:
    by_strategy = queue["strategy"].value_counts()
    chosen = acceptance[acceptance["chosen"]]
    why = "no confidence is surely right often enough" if len(proposals) else "nothing is proposed"
    promise: dict[str, Any] = {"threshold": None, "right, at least": None, "why": why}
    if len(chosen):
        row = chosen.iloc[0]
        promise = {"threshold": float(row["threshold"]), "right, at least": float(row["at_least"])}
    return {
        "unlabelled": len(pool.unlabelled),
        "undecided": len(pool.undecided) + len(pool.unsure),
        "left out": pool.left_out,
        "queue": {strategy: int(by_strategy.get(strategy, 0)) for strategy in STRATEGIES},
        **({"no model": cold} if cold is not None else {}),
        "proposals": {"all": len(proposals), "accepted": int(proposals["accepted"].sum()), **promise},
    }


if __name__ == "__main__":
    run(transform)
