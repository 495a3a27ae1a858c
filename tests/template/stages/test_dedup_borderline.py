"""Borderline pairs, rotated duplicates, and the thorough mode."""

from pathlib import Path

import pytest
from PIL import Image
from sklearn.datasets import load_digits

from golgoru.duplicates import components
from stages.dedup import Params
from tests.template.builders.copied_images import SCANS, groups, kinds, noise, run, saved


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_crop_is_borderline_and_shares_a_group_and_another_image_does_not() -> None:
    files = {
        "x/a.png": saved(noise(1, 96)),
        "x/b.png": saved(noise(1, 96).crop((3, 3, 93, 93))),
        "x/c.png": saved(noise(2, 96)),
    }
    made = run(files)
    assert kinds(made) == {("x/a.png", "x/b.png"): "borderline"}
    assert groups(made)["x/a.png"] == groups(made)["x/b.png"] != groups(made)["x/c.png"]
    assert made.duplicate_pairs["orientation"].isna().all()
    score = made.duplicate_pairs["score"].item()
    assert 0.68 <= score < 0.985
    assert kinds(run(files, params=Params(min_aligned=score))) == kinds(made)
    assert kinds(run(files, params=Params(min_aligned=score + 0.0001))) == {}


def test_borderline_chains_do_not_join_all_similar_images() -> None:
    ones = [scan for scan, digit in zip(SCANS, load_digits().target, strict=True) if digit == 1]
    made = run({f"x/{n:03}.png": saved(scan) for n, scan in enumerate(ones)}, params=Params(min_aligned=0.8))
    assert made.metrics["pairs"]["borderline"] > 100
    assert made.metrics["borderline_pairs_left_in_two_groups"] > 0
    assert made.metrics["largest_group"] <= 2 * (components.MAX_SOFT_EDGES + 1)


@pytest.mark.parametrize(
    ("turn", "first", "second"),
    [
        (Image.Transpose.ROTATE_90, "270", "90"),
        (Image.Transpose.ROTATE_180, "180", "180"),
        (Image.Transpose.ROTATE_270, "90", "270"),
        (Image.Transpose.TRANSPOSE, "mirrored 90", "mirrored 90"),
        (Image.Transpose.FLIP_TOP_BOTTOM, "mirrored 180", "mirrored 180"),
        (Image.Transpose.TRANSVERSE, "mirrored 270", "mirrored 270"),
    ],
)
def test_rotated_duplicates_are_found_if_asked_with_their_orientation(
    turn: Image.Transpose, first: str, second: str
) -> None:
    upright, turned = saved(noise(1)), saved(noise(1).transpose(turn))
    for files, orientation in (
        ({"x/a.png": upright, "x/b.png": turned}, first),
        ({"x/a.png": turned, "x/b.png": upright}, second),
    ):
        assert kinds(run(files)) == {}
        made = run(files, params=Params(rotations=True))
        assert kinds(made) == {("x/a.png", "x/b.png"): "rotated"}
        assert made.duplicate_pairs["orientation"].tolist() == [orientation]
        assert made.duplicate_pairs["score"].tolist() == [1]
        assert len(set(groups(made).values())) == 1


def test_the_orientation_is_relative_to_the_name_that_sorts_first() -> None:
    files = {"a/z.png": saved(noise(1).transpose(Image.Transpose.ROTATE_90)), "z/a.png": saved(noise(1))}
    for dates in ({"a": "2026-01-01", "z": "2026-01-02"}, {"a": "2026-01-02", "z": "2026-01-01"}):
        made = run(files, dates, params=Params(rotations=True))
        assert made.duplicate_pairs[["image_a", "image_b", "orientation"]].to_numpy().tolist() == [
            ["a/z.png", "z/a.png", "90"]
        ]


def test_thorough_finds_what_hashes_miss() -> None:
    files = {
        "x/a.png": saved(noise(1, 96)),
        "x/b.png": saved(noise(1, 96).crop((9, 0, 96, 87))),
        **{f"x/{seed}.png": saved(noise(seed, 96)) for seed in range(2, 12)},
    }
    assert kinds(run(files, params=Params(radius=2))) == {}
    made = run(files, params=Params(radius=2, mode="thorough"))
    assert kinds(made) == {("x/a.png", "x/b.png"): "borderline"}
    assert made.duplicate_pairs["distance"].item() > 2
