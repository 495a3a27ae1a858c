"""Choose which images to label next, each with its reasons, and write a model's pre-annotations for them.

Reads: `images` (one row per file), `duplicate_pairs` (one row per pair), `duplicates` (one row per image left out for
another), `groups` (one row per image), `violations` (one row per broken rule and row), `annotation_roles` (one row per
annotation), `labels` (one row per object), `lost_objects` (one row per drawn object without a label),
`duplicate_conflicts` (one row per duplicate with other labels),
`edge_case_hits`, `split_coverage` and `collection_plan` (what occurs, and what is missing), `predictions` (one row per
model and object), `label_issues` (one row per object whose label is probably wrong), `embeddings` (one row per image),
data/raw/withdrawals.yaml, guidelines/classes.yaml.
Writes: `queue` (one row per image to label next), `preannotations` (one row per object that the model predicts on an
unlabelled image), `auto_accept` (one row per threshold of confidence).

A pre-annotation is never a label: it becomes one when a person signs a batch that says so.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from golgoru.active import coverage_gaps, label_doubts, mixture, uncertainty
from golgoru.active.auto_accept import auto_accept_table, chosen_threshold
from golgoru.active.pool import Pool, labelling_pool
from golgoru.active.preannotations import preannotation_rows, predictions_on_labelled, summary_by_image
from golgoru.active.strategies import STRATEGIES, Candidates, Picks, Strategy
from golgoru.consensus import status
from golgoru.core.errors import UserError
from golgoru.core.paths import PARAMS
from golgoru.core.yaml_models import ConfigModel, key_line
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.model import chosen_model
from golgoru.raw.external_predictions import BUILT_IN
from golgoru.raw.withdrawals import Withdrawal
from golgoru.shell import run_stage
from golgoru.tables import coded, frames
from golgoru.tables.columns import columns

# With fewer labels per class the model's uncertainty is mostly noise: on CIFAR-10 and digits medoids were the better
# first hundred.
_MIN_LABELS_PER_CLASS = 10
_DEFAULT_BUDGET = 200  # images, a day's work

_OF_PREDICTION = columns(
    "prediction", "object", *BOX_COLUMNS, "confidence", "probabilities", "class_learned",
    coded=("model", "image", "label", "predicted"),
)  # fmt: skip


class Params(ConfigModel):
    """How many images are queued, by which strategies, and which pre-annotations are accepted."""

    # How many images; left out, up to 200.
    budget: int | None = Field(None, ge=1)
    # The share of the queue that each strategy chooses: `margin` (what the model is uncertain about), `medoids` (what
    # represents many unlabelled images), `coverage` (classes and edge cases that need more images), `disagreement`
    # (contested images), `label_issues` (labels that are probably wrong). Where a strategy finds nothing, the others
    # share its part.
    mix: Mapping[Strategy, float] = Field(
        {"margin": 0.35, "medoids": 0.25, "coverage": 0.2, "disagreement": 0.1, "label_issues": 0.1}, min_length=1
    )
    # The name under data/raw/predictions of a model that was not trained on these labels, or the built-in one.
    model: str = BUILT_IN
    # The share of accepted pre-annotations that must be correct, as a lower bound. Annotators reach 0.85 to 0.99.
    accept: float = Field(0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _adds_up(self) -> "Params":
        total = sum(self.mix.values())
        negative = [f"{name}: {share:g}" for name, share in self.mix.items() if not share >= 0]
        if negative or not abs(total - 1) <= 1e-9:
            found = f"found {', '.join(negative)}" if negative else f"they add up to {total:g}"
            raise ValueError(f"mix: expected shares from 0 on that add up to 1, {found}")
        return self


class Tables(NamedTuple):
    """What the stage writes."""

    queue: pd.DataFrame
    preannotations: pd.DataFrame
    auto_accept: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: Annotated[pd.DataFrame, columns("image", "content", "error")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b", "kind")],
    duplicates: Annotated[pd.DataFrame, columns("image")],
    groups: Annotated[pd.DataFrame, columns("image", "group")],
    violations: Annotated[pd.DataFrame, columns("rule", "action", "table", "key")],
    annotation_roles: Annotated[pd.DataFrame, columns(coded=("image", "role"))],
    labels: Annotated[pd.DataFrame, columns("object", coded=("image", "status"))],
    lost_objects: Annotated[pd.DataFrame, columns("image", "rule")],
    duplicate_conflicts: Annotated[pd.DataFrame, columns("duplicate_of", "status")],
    edge_case_hits: Annotated[pd.DataFrame, columns(coded=("edge_case", "image"))],
    split_coverage: pd.DataFrame,
    collection_plan: pd.DataFrame,
    predictions: Annotated[pd.DataFrame, _OF_PREDICTION],
    label_issues: Annotated[pd.DataFrame, columns("image", "rank", "label", "proposed", "score", "reason")],
    embeddings: pd.DataFrame,
    withdrawals: Sequence[Withdrawal],
    classes: Classes,
    seed: int,
    params: Params,
) -> Tables:
    """Return the queue. Raises UserError for more images than there are to label, and for an unknown model."""
    pool = labelling_pool(
        images=images, duplicate_pairs=duplicate_pairs, duplicates=duplicates, violations=violations,
        annotation_roles=annotation_roles, labels=labels, lost_objects=lost_objects,
        duplicate_conflicts=duplicate_conflicts, withdrawals=withdrawals,
    )  # fmt: skip
    of_model = chosen_model.rows_of_model(predictions, params.model, "select")
    preannotations, auto_accept = _preannotations(of_model, labels=labels, groups=groups, pool=pool, params=params)
    gaps = coverage_gaps.coverage_gaps(split_coverage=split_coverage, collection_plan=collection_plan)
    chooser = _Chooser(
        _candidates(
            pool, images=images, embeddings=embeddings, predictions=of_model, edge_case_hits=edge_case_hits, gaps=gaps,
            classes=classes.ids, seed=seed,
        ),
        _picks_of_labelled(
            pool, annotation_roles=annotation_roles, duplicate_conflicts=duplicate_conflicts, label_issues=label_issues
        ),
        _reason_without_model(pool, predictions=of_model, labels=labels, classes=classes, model=params.model),
    )  # fmt: skip
    queue = _queue(_filled(chooser, params), preannotations)
    return Tables(
        queue=queue,
        preannotations=preannotations,
        auto_accept=auto_accept,
        metrics=_metrics(
            pool, queue=queue, preannotations=preannotations, auto_accept=auto_accept, no_model=chooser.no_model
        ),
    )


def _preannotations(
    predictions: pd.DataFrame, *, labels: pd.DataFrame, groups: pd.DataFrame, pool: Pool, params: Params
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `preannotations` and `auto_accept`."""
    evaluated = predictions_on_labelled(predictions=predictions, labels=labels, groups=groups, labelled=pool.labelled)
    rows = preannotation_rows(predictions, pool.unlabelled)
    auto_accept = auto_accept_table(evaluated, rows["confidence"], params.accept)
    threshold = chosen_threshold(auto_accept)
    accepted = rows["confidence"].astype(float) >= (np.inf if threshold is None else threshold)
    return frames.frame("preannotations", rows.assign(accepted=accepted)), auto_accept


def _candidates(
    pool: Pool,
    *,
    images: pd.DataFrame,
    embeddings: pd.DataFrame,
    predictions: pd.DataFrame,
    edge_case_hits: Annotated[pd.DataFrame, columns(coded=("edge_case", "image"))],
    gaps: coverage_gaps.CoverageGaps,
    classes: list[str],
    seed: int,
) -> Candidates:
    on_unlabelled = frames.as_texts(predictions[predictions["object"].isna()])
    uncertain = uncertainty.image_uncertainty(pool.unlabelled, on_unlabelled, classes)
    coverage = coverage_gaps.coverage_scores(
        pool.unlabelled, uncertain.class_probability, classes, edge_case_hits, gaps
    )
    return Candidates(
        images=pool.unlabelled, labelled=pool.labelled, embeddings=embeddings,
        sample_key=images.set_index("image")["content"], uncertain=uncertain, coverage=coverage, classes=classes,
        seed=seed,
    )  # fmt: skip


def _picks_of_labelled(
    pool: Pool, *, annotation_roles: pd.DataFrame, duplicate_conflicts: pd.DataFrame, label_issues: pd.DataFrame
) -> dict[str, Picks]:
    contested = label_doubts.contested_images(
        pool, annotation_roles=annotation_roles, duplicate_conflicts=duplicate_conflicts, label_issues=label_issues
    )
    return {"disagreement": contested, "label_issues": label_doubts.images_with_issues(pool, label_issues)}


def _reason_without_model(
    pool: Pool, *, predictions: pd.DataFrame, labels: pd.DataFrame, classes: Classes, model: str
) -> str | None:
    """Return why the model's uncertainty cannot be used; None where it can, or where no image is unlabelled."""
    if pool.unlabelled.empty:
        return None
    if not coded.is_in(predictions["image"], pool.unlabelled).any():
        return "no model has predictions for unlabelled images"
    known = int((~status.is_contested(labels["status"])).sum()) / max(len(classes.ids), 1)
    if model == BUILT_IN and known < _MIN_LABELS_PER_CLASS:
        return f"the model is trained on {known:.1f} labels per class, too few to know its uncertainty"
    return None


class _Chooser:
    """Picks of every strategy: no image is picked twice, and of near-duplicates only one.

    `no_model`: why the model's uncertainty cannot be used; medoids then stand in for `margin`.
    """

    def __init__(self, candidates: Candidates, of_labelled: Mapping[str, Picks], no_model: str | None) -> None:
        self._candidates, self._of_labelled, self.no_model = candidates, dict(of_labelled), no_model

    def available(self, mix: Mapping[Strategy, float]) -> int:
        """Return how many images a mix can choose from."""
        named = {strategy for strategy, share in mix.items() if share > 0}
        labelled = sum(len(picks.images) for name, picks in self._of_labelled.items() if name in named)
        return labelled + (len(self._candidates.images) if named - set(self._of_labelled) else 0)

    def pick(self, strategy: Strategy, count: int) -> Picks:
        if strategy in self._of_labelled:
            left = self._of_labelled[strategy]
            self._of_labelled[strategy] = left.part(slice(count, None))
            return left.part(slice(count))
        if self.no_model is not None and strategy == "margin":
            picks = self._candidates.pick("medoids", count)
            return picks._replace(reasons=[f"{self.no_model}; {reason}" for reason in picks.reasons])
        return self._candidates.pick(strategy, count)


def _filled(chooser: _Chooser, params: Params) -> pd.DataFrame:
    """Return the picks up to the budget. Raises UserError where the mix finds fewer images than were asked for."""
    # Of fewer images than the budget each strategy gets its part, too.
    budget = min(params.budget or _DEFAULT_BUDGET, chooser.available(params.mix))
    picks = mixture.mixed_queue(budget, params.mix, chooser.pick)
    if params.budget is not None and len(picks) < params.budget:
        raise UserError(
            f"{key_line(PARAMS, 'select', 'budget')}: select.budget: {params.budget:,} images are asked for, and the "
            f"mix finds {len(picks):,} to label; ask for no more, or leave the key out to queue up to {_DEFAULT_BUDGET}"
        )
    return picks


def _queue(picks: pd.DataFrame, preannotations: pd.DataFrame) -> pd.DataFrame:
    """Return the queue with the model's pre-annotations on each of its images."""
    by_image = summary_by_image(preannotations[frames.is_in(preannotations["image"], picks["image"])])
    joined = picks.merge(by_image, left_on="image", right_index=True, how="left")
    return frames.frame("queue", joined.assign(accepted=joined["accepted"].eq(other=True)))


def _metrics(
    pool: Pool, *, queue: pd.DataFrame, preannotations: pd.DataFrame, auto_accept: pd.DataFrame, no_model: str | None
) -> dict[str, Any]:
    by_strategy = queue["strategy"].value_counts()
    chosen = auto_accept[auto_accept["chosen"]]
    why = "no threshold is sure to reach select.accept" if len(preannotations) else "there are no pre-annotations"
    promise: dict[str, Any] = {"threshold": None, "correct, at least": None, "why": why}
    if len(chosen):
        row = chosen.iloc[0]
        promise = {"threshold": float(row["threshold"]), "correct, at least": float(row["lower_bound"])}
    accepted = int(preannotations["accepted"].sum())
    return {
        "unlabelled": len(pool.unlabelled),
        "undecided": len(pool.undecided) + len(pool.unsure),
        "left out": pool.left_out,
        "queue": {strategy: int(by_strategy.get(strategy, 0)) for strategy in STRATEGIES},
        **({"no model": no_model} if no_model is not None else {}),
        "preannotations": {"all": len(preannotations), "accepted": accepted, **promise},
    }


if __name__ == "__main__":
    run_stage(transform)
