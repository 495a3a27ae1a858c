"""Features of crops: finite, independent of the batch, and sensitive to gradients and not to brightness."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.model import features


def crops(count: int, seed: int = 0) -> features.Crops:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


@functools.cache
def patches() -> features.Patches:
    return features.learn_patches(crops(20), 8, 0)


def test_their_number_is_the_stated_one() -> None:
    assert features.hog_and_colour(crops(3)).shape == (3, features.HOG_AND_COLOUR_SIZE)
    assert features.patch_features(crops(3), patches(), 2).shape == (3, 4 * 8)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 9), st.integers(0, 99))
def test_features_of_a_crop_do_not_depend_on_its_batch(count: int, seed: int) -> None:
    together = crops(count, seed)
    alone = [together[n : n + 1] for n in range(count)]
    for compute in (features.hog_and_colour, lambda batch: features.patch_features(batch, patches(), 2)):
        np.testing.assert_array_equal(compute(together), np.concatenate([compute(crop) for crop in alone]))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_crop_of_one_grey_has_no_gradient_and_is_finite(grey: int) -> None:
    flat = np.full((1, 32, 32, 3), grey, np.uint8)
    values = features.hog_and_colour(flat)[0]
    assert values[: -3 * 16].tolist() == [0.0] * (features.HOG_AND_COLOUR_SIZE - 48)
    np.testing.assert_allclose(values[-48:], grey / 255, atol=1e-6)
    assert np.isfinite(features.patch_features(flat, patches(), 2)).all()
    assert np.isfinite(np.concatenate([part.ravel() for part in features.learn_patches(flat, 4, 0)])).all()


def test_stripes_across_and_down_are_told_apart_and_brighter_ones_are_not() -> None:
    wave = (128 + 60 * np.sin(np.arange(32))).astype(np.uint8)
    down = np.broadcast_to(wave[None, :, None], (32, 32, 3))[None]
    across = down.transpose(0, 2, 1, 3)
    first, second, brighter = (
        features.hog_and_colour(np.ascontiguousarray(c))[0][:-48] for c in (down, across, down + 40)
    )
    assert np.linalg.norm(first - second) > 1
    assert np.linalg.norm(first - brighter) < 1e-3


def test_patches_are_the_same_every_time() -> None:
    again = features.learn_patches(crops(20), 8, 0)
    for first, second in zip(patches(), again, strict=True):
        np.testing.assert_array_equal(first, second)


def plain_histograms(crop: features.Crops) -> np.ndarray:
    """Gradients of one crop (32, 32, 3), pixel by pixel, into 4 x 4 cells and 9 angles."""
    cells = np.zeros((4, 4, 9))
    for row, column in np.ndindex(32, 32):
        gradients = []
        for level in crop[..., :].astype(float).transpose(2, 0, 1):
            dx = level[row, column + 1] - level[row, column - 1] if 0 < column < 31 else 0.0
            dy = level[row + 1, column] - level[row - 1, column] if 0 < row < 31 else 0.0
            gradients.append((np.hypot(dx, dy), np.arctan2(dy, dx) % np.pi))
        magnitude, angle = max(gradients, key=lambda pair: pair[0])
        position = angle * 9 / np.pi - 0.5
        lower = int(np.floor(position))
        for bin_, share in ((lower, lower + 1 - position), (lower + 1, position - lower)):
            cells[row // 8, column // 8, bin_ % 9] += magnitude * share
    return cells


def test_histograms_are_those_of_a_loop_over_pixels() -> None:
    found = features._cell_histograms(crops(3, seed=2))
    np.testing.assert_allclose(found, [plain_histograms(crop) for crop in crops(3, seed=2)], rtol=1e-4, atol=1e-2)


def test_histograms_do_not_depend_on_the_size_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = features.hog_and_colour(crops(5))
    monkeypatch.setattr(features, "_CROPS_PER_BATCH", 2)
    assert (features.hog_and_colour(crops(5)) == whole).all()


def test_sums_over_cells_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).random((9, 3, 4, 8, 4, 8)).astype(np.float32)
    found = features._cell_sums(values).reshape(9, 3, 4, 4)
    np.testing.assert_allclose(found, values.sum(axis=(3, 5), dtype=np.float64), rtol=1e-6)


def test_colours_are_the_means_of_cells() -> None:
    found = features.hog_and_colour(crops(3))[:, -48:].reshape(3, 4, 4, 3)
    expected = crops(3).reshape(3, 4, 8, 4, 8, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(found, expected, rtol=1e-6)
