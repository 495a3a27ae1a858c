"""The built-in model on many objects: with nothing left out it equals the one fitted whole, and batches never show."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.model import built_in, features, object_features, streamed_model
from golgoru.model.streamed_model import Predicted, Training, sampled_rows
from tests.template.builders.image_arrays import single_colour_images

SHADES = ["red", "green", "blue"] * 8
WHOLE_IMAGE = dict.fromkeys(["x", "y", "width", "height"], np.nan)


@pytest.fixture(autouse=True)
def nothing_is_left_out(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full features, and samples that hold all there is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(streamed_model, "LIGHT", features.FULL)
    monkeypatch.setattr(streamed_model, "_REFERENCES", 20_000)


@pytest.fixture
def images() -> pd.DataFrame:
    return single_colour_images(list(SHADES))


def described(rows: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    sources = images[["image"]].assign(date="2026-01-01")
    return object_features.with_image_data(objects=rows, images=images, sources=sources)


def whole_images(images: pd.DataFrame) -> pd.DataFrame:
    return described(images[["image"]].assign(prediction=images["image"], **WHOLE_IMAGE), images)


def boxes(images: pd.DataFrame) -> pd.DataFrame:
    """Three boxes on each image, the last of them in another order than the first."""
    parts = [
        images[["image"]].assign(
            prediction=f"{n} " + images["image"], x=4.0 * n, y=6.0, width=20.0 + n, height=30.0 - n
        )
        for n in range(3)
    ]
    return described(pd.concat(parts), images).sort_values("prediction").reset_index(drop=True)


def training(objects: pd.DataFrame) -> Training:
    label = np.array([n % 3 for n in objects["image"].str[2:4].astype(int)])
    return Training(label, label >= 0, np.arange(len(objects)) % 5, 3)


def streamed(monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> Predicted:
    with monkeypatch.context() as patch:
        patch.setattr(features, "FITTED_WHOLE", 5)
        return built_in.predict_all(*arguments)


def test_with_nothing_left_out_it_equals_the_model_that_is_fitted_whole(monkeypatch, images) -> None:
    objects = boxes(images)
    whole = built_in.predict_all(objects, whole_images(images), training(objects), 0)
    found = streamed(monkeypatch, objects, whole_images(images), training(objects), 0)
    assert whole.probabilities is not None
    np.testing.assert_allclose(found.probabilities, whole.probabilities, atol=2e-6)
    assert (whole.probabilities.argmax(axis=1) == training(objects).label).mean() > 0.9
    assert found.trained == whole.trained == len(objects)


def test_whole_images_have_their_probabilities_and_embeddings_in_one_pass(monkeypatch, images) -> None:
    objects = whole_images(images)
    whole = built_in.predict_all(objects, None, training(objects), 0)
    found = streamed(monkeypatch, objects, None, training(objects), 0)
    np.testing.assert_allclose(found.probabilities, whole.probabilities, atol=2e-6)
    # The sign of a component is nobody's; how near two images are is.
    near, expected = (p.embeddings.astype(float) @ p.embeddings.astype(float).T for p in (found, whole))
    np.testing.assert_allclose(near, expected, atol=0.01)


@pytest.mark.parametrize(("batch", "pool"), [(1, 1), (3, 7), (64, 100_000)])
def test_batches_and_pools_do_not_show(monkeypatch, images, batch, pool) -> None:
    objects = boxes(images)
    expected = streamed(monkeypatch, objects, whole_images(images), training(objects), 0)
    monkeypatch.setattr(streamed_model, "_IMAGES_PER_BATCH", batch)
    monkeypatch.setattr(streamed_model, "_IMAGES_PER_POOL", pool)
    found = streamed(monkeypatch, objects, whole_images(images), training(objects), 0)
    assert (found.probabilities == expected.probabilities).all()
    assert (found.embeddings == expected.embeddings).all()


def test_a_model_of_a_sample_still_tells_the_colours_apart(monkeypatch, images) -> None:
    objects = boxes(images)
    monkeypatch.setattr(streamed_model, "TRAINING_ROWS", 30)
    monkeypatch.setattr(streamed_model, "BASIS_ROWS", 12)
    monkeypatch.setattr(streamed_model, "RAREST", 5)
    found = streamed(monkeypatch, objects, whole_images(images), training(objects), 0)
    assert found.probabilities is not None
    assert found.trained < len(objects)
    assert (found.probabilities.argmax(axis=1) == training(objects).label).mean() > 0.9


def test_images_are_embedded_without_any_label_or_object(monkeypatch, images) -> None:
    nothing = boxes(images).head(0)
    found = streamed(monkeypatch, nothing, whole_images(images), None, 0)
    assert found.probabilities is None
    assert found.embeddings.shape[0] == len(images)
    np.testing.assert_allclose(np.linalg.norm(found.embeddings.astype(float), axis=1), 1, atol=0.01)


def test_a_sample_follows_from_the_names_and_keeps_the_rarest() -> None:
    names = np.array([f"n{number}" for number in range(200)], dtype=object)
    label = np.array([0] * 195 + [1] * 5)
    rows = sampled_rows(names, label, 20, 5)
    assert set(rows) >= set(range(195, 200))
    assert 20 <= len(rows) <= 25
    turned = sampled_rows(names[::-1], label[::-1], 20, 5)
    assert set(names[rows]) == set(names[::-1][turned])
