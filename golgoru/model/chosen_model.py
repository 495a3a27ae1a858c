"""The predictions of the model that a stage's settings name."""

import pandas as pd

from golgoru.core.errors import UserError
from golgoru.core.paths import PARAMS
from golgoru.core.yaml_models import key_line
from golgoru.raw.external_predictions import BUILT_IN


def rows_of_model(predictions: pd.DataFrame, model: str, stage: str) -> pd.DataFrame:
    """Return the rows of table `predictions` of `model`, as the stage's block in params.yaml names it.

    Raises UserError for a model without predictions; only the built-in one may have none, since it needs labels.
    """
    of_model = predictions["model"] == model
    rows = predictions if of_model.all() else predictions[of_model]  # of millions, a copy takes gigabytes
    if rows.empty and model != BUILT_IN:
        others = ", ".join(sorted({BUILT_IN, *predictions["model"].unique()}))
        raise UserError(
            f"{key_line(PARAMS, stage, 'model')}: {stage}.model: model '{model}' has no predictions; models: {others}"
        )
    return rows
