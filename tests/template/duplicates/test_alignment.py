"""Confirming a duplicate that was cropped, scaled or shifted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from golgoru.duplicates.alignment import aligned_correlation


def picture(seed: int, side: int = 96) -> Image.Image:
    """An image with structure at every scale, different for every seed."""
    random = np.random.default_rng(seed)
    layers = [
        Image.fromarray(random.integers(0, 256, (n, n), dtype=np.uint8)).resize((side, side), 3) for n in (4, 8, 16)
    ]
    return Image.fromarray(np.mean([np.asarray(layer, float) for layer in layers], axis=0).astype(np.uint8))


def small(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((32, 32), Image.Resampling.BOX))


def score(a: np.ndarray, b: np.ndarray) -> float:
    one = np.zeros(1, np.int64)
    return float(aligned_correlation(a[None], b[None], (one, one))[0])


@pytest.mark.parametrize(
    ("box", "least"),
    [((0, 0, 96, 96), 0.999), ((3, 3, 93, 93), 0.8), ((0, 0, 90, 90), 0.8), ((9, 0, 96, 87), 0.7)],
)
def test_a_crop_correlates_with_its_image(box: tuple[int, int, int, int], least: float) -> None:
    for seed in range(5):
        assert score(small(picture(seed)), small(picture(seed).crop(box))) >= least, seed


def test_brightness_does_not_count_and_other_images_do_not_correlate() -> None:
    darker = small(picture(1)) // 2 + 20
    assert score(small(picture(1)), darker.astype(np.uint8)) > 0.98
    assert all(score(small(picture(1)), small(picture(seed))) < 0.5 for seed in range(2, 30))


def test_a_plain_image_correlates_with_nothing() -> None:
    plain = np.full((32, 32), 200, dtype=np.uint8)
    assert score(plain, plain) == 0
    assert score(plain, small(picture(1))) == 0


def test_no_pairs_give_no_scores() -> None:
    nothing = np.empty(0, np.int64)
    assert aligned_correlation(small(picture(1))[None], small(picture(1))[None], (nothing, nothing)).shape == (0,)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20))
def test_a_score_is_that_of_the_pair_alone_whichever_comes_first(pairs: list[tuple[int, int]]) -> None:
    stack = np.stack([small(picture(seed // 2).crop((seed % 2 * 4, 0, 96, 96))) for seed in range(6)])
    left, right = (np.array(end, dtype=np.int64) for end in zip(*pairs, strict=True))
    together = aligned_correlation(stack, stack, (left, right))
    assert together.tolist() == [score(stack[i], stack[j]) for i, j in pairs]
    assert together.tolist() == aligned_correlation(stack, stack, (right, left)).tolist()
