"""The built-in model on all objects and images: whole where they are few, streamed where they are many."""

import numpy as np
import pandas as pd

from golgoru.model import classifier, features, object_features
from golgoru.model.projection import ReducedFeatures, reduce_features
from golgoru.model.streamed_model import Predicted, Training, predict_streamed, unit_vectors


def predict_all(objects: pd.DataFrame, images: pd.DataFrame | None, training: Training | None, seed: int) -> Predicted:
    """Return the probabilities of `objects` and the embeddings of `images` (of the objects themselves where None).

    Both come from `with_image_data`, `objects` with their name as `prediction`. Up to 50,000 objects and images the
    model is fitted on all of them; beyond, on a sample by hash, and with fewer features. Raises UserError where an
    image is not the one that fingerprint saw.
    """
    if max(len(objects), 0 if images is None else len(images)) > features.FITTED_WHOLE:
        return predict_streamed(objects, images, training, seed)
    reduced = _reduced(objects, seed)
    probabilities = None
    if training is not None:
        probabilities = classifier.out_of_fold_probabilities(
            reduced, training.label, training.learn, training.fold, training.classes
        )
    trained = 0 if training is None else int(training.learn.sum())
    return Predicted(probabilities, unit_vectors(reduced if images is None else _reduced(images, seed)), trained)


def _reduced(objects: pd.DataFrame, seed: int) -> ReducedFeatures:
    if objects.empty:
        return ReducedFeatures(np.empty((0, 0)), np.empty((0, 0)))
    patches = object_features.common_patches(objects, seed)
    return reduce_features(object_features.feature_matrix(objects, patches), object_features.box_shapes(objects))
