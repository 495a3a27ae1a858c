import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.duplicates import nearest_thumbnails


def nearest_pairs(colours: np.ndarray) -> set[tuple[int, int]]:
    earlier, later = nearest_thumbnails.nearest_earlier(colours)
    pairs = set(zip(earlier.tolist(), later.tolist(), strict=True))
    assert len(pairs) == len(earlier)
    return pairs


def brute_force(colours: np.ndarray) -> set[tuple[int, int]]:
    """The same, one image at a time; the earlier one wins among equals."""
    vectors = nearest_thumbnails._centred_vectors(colours).astype(np.int64)
    pairs = set()
    for later in range(len(vectors)):
        alike = vectors[:later] @ vectors[later]
        best = np.argsort(-alike, kind="stable")[: nearest_thumbnails.NEIGHBOURS]
        pairs |= {(int(earlier), later) for earlier in best}
    return pairs


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 700), st.integers(1, 4))
def test_candidates_are_the_most_similar_earlier_images(seed: int, count: int, levels: int) -> None:
    # Few levels make many ties; more than 512 images are more than one block.
    colours = np.random.default_rng(seed).integers(0, 2, (count, 192)) * (255 // levels)
    colours[:, 4:] = 0
    assert nearest_pairs(colours.astype(np.uint8)) == brute_force(colours.astype(np.uint8))


def test_later_images_change_nothing_among_earlier_ones() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (600, 192), dtype=np.uint8)
    assert {pair for pair in nearest_pairs(colours) if pair[1] < 300} == nearest_pairs(colours[:300])


def test_brightness_and_contrast_do_not_count() -> None:
    random = np.random.default_rng(0)
    colours = random.integers(0, 100, (200, 192)).astype(np.uint8)
    colours[-1] = colours[0] * 2 + 30
    assert (0, 199) in nearest_pairs(colours)
