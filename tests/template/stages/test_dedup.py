import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.duplicates import near_hashes
from golgoru.images import thumbnails
from golgoru.tables import frames
from stages.dedup import Params, Tables, transform
from tests.template.builders.copied_images import SCANS, brighter, groups, kinds, noise, run, saved, tables
from tests.template.builders.examples import examples


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_equal_files_and_equal_pixels_in_other_files_are_exact_duplicates() -> None:
    made = run(
        {
            "x/a.png": saved(noise(1)),
            "x/b.png": saved(noise(1)),
            "x/c.bmp": saved(noise(1).convert("RGB"), "BMP"),
            "x/d.png": saved(noise(2)),
        }
    )
    assert kinds(made) == {("x/a.png", "x/b.png"): "exact", ("x/a.png", "x/c.bmp"): "exact"}
    assert made.duplicate_pairs["distance"].tolist() == [0, 0]
    assert made.duplicate_pairs["score"].tolist() == [1, 1]
    assert len(set(groups(made).values())) == 2
    assert made.metrics == {
        "pairs": {"exact": 2, "near": 0, "mirrored": 0, "rotated": 0, "borderline": 0},
        "borderline_pairs_left_in_two_groups": 0,
        "groups": 2,
        "images_in_groups_of_several": 3,
        "largest_group": 3,
        "radius_of_last_image": 12,
        "images_compared_in_part": 0,
    }


def test_equal_pixels_are_exact_duplicates_though_the_decoders_hash_them_differently() -> None:
    jpeg = saved(noise(1, 600).convert("RGB"), "JPEG")
    with Image.open(io.BytesIO(jpeg)) as image:
        files = {"x/a.jpg": jpeg, "x/b.png": saved(image)}
    images, sources = tables(files)
    assert images["decoder"].nunique() == 2
    images["phash"] = ["f0f0f0f0f0f0f0f0", "f0f0f0f0f0f0f00f"]
    made = transform(images=images, sources=sources, params=Params())
    assert kinds(made) == {("x/a.jpg", "x/b.png"): "exact"}


@pytest.mark.parametrize("change", ["brighter", "jpeg", "half", "cropped"])
def test_near_duplicates_are_found(change: str) -> None:
    originals = [*SCANS[:10], noise(1)] if change != "cropped" else SCANS[:10]  # a crop moves fine detail too far
    for number, original in enumerate(originals):
        copy = {
            "brighter": saved(brighter(original)),
            "jpeg": saved(original, "JPEG", quality=60),
            "half": saved(original.resize((32, 32), 1)),
            "cropped": saved(original.crop((1, 1, 63, 63))),
        }[change]
        made = run({"x/a.png": saved(original), "x/b.png": copy})
        assert kinds(made) == {("x/a.png", "x/b.png"): "near"}, number


def test_mirrored_duplicates_are_found() -> None:
    made = run({"x/a.png": saved(SCANS[3]), "x/b.png": saved(ImageOps.mirror(SCANS[3])), "x/c.png": saved(SCANS[8])})
    assert kinds(made) == {("x/a.png", "x/b.png"): "mirrored"}


def test_a_symmetric_image_and_its_duplicate_are_one_pair() -> None:
    half = np.asarray(noise(4))[:, :32]
    symmetric = Image.fromarray(np.hstack([half, half[:, ::-1]]))
    made = run({"x/a.png": saved(symmetric), "x/b.png": saved(brighter(symmetric))})
    assert kinds(made) == {("x/a.png", "x/b.png"): "near"}


def test_different_digits_are_rarely_called_duplicates() -> None:
    made = run({f"x/{n:04}.png": saved(scan) for n, scan in enumerate(SCANS)}, params=Params(min_aligned=0.97))
    assert made.metrics["pairs"]["exact"] == made.metrics["pairs"]["mirrored"] == 0
    assert made.metrics["pairs"]["near"] <= 16, "of 1,613,706 pairs"


def test_plain_images_match_only_when_equal() -> None:
    flat = {f"x/{level}.png": saved(Image.new("L", (64, 64), level)) for level in (10, 11, 200)}
    faint = {f"x/faint-{n}.png": saved(noise(5).point(lambda v, n=n: 100 + v // 100 + n)) for n in (0, 1)}
    assert kinds(run(flat | faint)) == {}
    assert kinds(run(flat | {"x/same.png": saved(Image.new("RGB", (64, 64), (10, 10, 10)))})) == {
        ("x/10.png", "x/same.png"): "exact"
    }


def test_many_equal_images_are_paired_with_the_earliest() -> None:
    blank = saved(Image.new("L", (32, 32), 255))
    images, sources = tables({"x/0.png": blank})
    many = [f"x/{n:06}.png" for n in range(100_000)]
    images = images.loc[[0] * len(many)].assign(image=many).reset_index(drop=True)
    sources = sources.loc[[0] * len(many)].assign(image=many).reset_index(drop=True)
    made = transform(images=images, sources=sources, params=Params())
    assert len(made.duplicate_pairs) == len(many) - 1
    assert set(made.duplicate_pairs["image_a"]) == {"x/000000.png"}
    assert made.groups["group"].nunique() == 1


def test_images_with_errors_take_no_part() -> None:
    made = run({"x/a.png": saved(noise(1)), "x/b.png": b"broken", "x/c.png": b"broken"})
    assert groups(made).keys() == {"x/a.png"}
    assert made.duplicate_pairs.empty


def test_no_usable_image_gives_empty_tables() -> None:
    made = run({"x/b.png": b"broken"})
    assert made.duplicate_pairs.empty
    assert made.groups.empty


def test_group_keys_join_images_of_any_delivery_without_making_pairs() -> None:
    files = {"x/a.png": saved(noise(1)), "x/b.png": saved(noise(2)), "y/c.png": saved(noise(3))}
    made = run(files, keys={"x/a.png": "patient 1", "y/c.png": "patient 1"})
    assert made.duplicate_pairs.empty
    group = groups(made)
    assert group["x/a.png"] == group["y/c.png"] != group["x/b.png"]


def test_a_group_has_the_content_of_its_earliest_member_whatever_the_names() -> None:
    files = {"a/z.png": saved(brighter(noise(1))), "z/a.png": saved(noise(1)), "z/b.png": saved(noise(2))}
    images, sources = tables(files, dates={"a": "2026-02-02", "z": "2026-01-01"})
    made = transform(images=images, sources=sources, params=Params())
    earliest = images.set_index("image").loc["z/a.png", "content"]
    assert groups(made)["a/z.png"] == groups(made)["z/a.png"] == earliest
    assert groups(made, "group_on_arrival") == groups(made)


def test_a_later_delivery_that_joins_two_groups_leaves_the_groups_on_arrival() -> None:
    files = {"a/1.png": saved(noise(1)), "a/2.png": saved(noise(2)), "b/3.png": saved(noise(1))}
    keys = {"a/2.png": "k", "b/3.png": "k"}
    alone = run({name: files[name] for name in ("a/1.png", "a/2.png")}, keys=keys)
    joined = run(files, keys=keys)
    assert groups(alone) == {
        name: group for name, group in groups(joined, "group_on_arrival").items() if name[0] == "a"
    }
    assert len(set(groups(joined).values())) == 1
    assert groups(joined)["a/2.png"] != groups(joined, "group_on_arrival")["a/2.png"]


def test_renaming_an_image_changes_no_group() -> None:
    pictures = [saved(noise(1)), saved(brighter(noise(1))), saved(noise(1), "JPEG", quality=60), saved(noise(2))]
    first = run({f"x/{n}.png": data for n, data in enumerate(pictures)})
    turned = run({f"x/{9 - n}.png": data for n, data in enumerate(pictures)})
    for column in ("group", "group_on_arrival"):
        renamed = {f"x/{9 - int(name[2])}.png": group for name, group in groups(first, column).items()}
        assert groups(turned, column) == renamed
    assert len(set(groups(first).values())) == 2


def test_results_do_not_depend_on_row_order_or_memory() -> None:
    images, sources = tables({f"{'xy'[n % 2]}/{n}.png": saved(brighter(SCANS[n // 2])) for n in range(40)})
    once = transform(images=images, sources=sources, params=Params())
    shuffled = transform(
        images=images.sample(frac=1, random_state=1), sources=sources.sample(frac=1, random_state=2), params=Params()
    )
    for name in ("duplicate_pairs", "groups"):
        assert frames.to_bytes(getattr(once, name), name) == frames.to_bytes(getattr(shuffled, name), name)


def test_bounds_are_told_in_metrics_and_warnings(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    files = {f"x/{number:03}.png": saved(scan) for number, scan in enumerate(SCANS[:60])}
    unbounded = run(files)
    assert caplog.messages == []
    for name, value in {
        "UNBOUNDED": 5,
        "NEAREST": 1,
        "TIERS": (near_hashes.Tier(9, 12), near_hashes.Tier(99, 10)),
    }.items():
        monkeypatch.setattr(near_hashes, name, value)
    bounded = run(files)
    assert bounded.metrics["radius_of_last_image"] == 10
    assert bounded.metrics["images_compared_in_part"] > 0
    assert kinds(bounded).items() < kinds(unbounded).items()
    assert ["radius of 10" in caplog.text, "more images near them than are compared" in caplog.text] == [True, True]
    caplog.clear()
    assert run(files, params=Params(radius=12)).metrics["radius_of_last_image"] == 12
    assert "radius of" not in caplog.text


def test_images_are_opened_once_and_only_where_hashes_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = thumbnails.make_thumbnail
    monkeypatch.setattr(thumbnails, "make_thumbnail", lambda picture: opened.append(picture[0]) or real(picture))
    files = {"x/a.png": saved(noise(1)), "x/b.png": saved(brighter(noise(1))), "x/c.png": saved(noise(2))}
    first = run(files)
    assert sorted(opened) == ["x/a.png", "x/b.png"]
    assert kinds(run(files)) == kinds(first)
    assert len(opened) == 2


def test_an_image_that_changed_since_fingerprint_stops_the_stage() -> None:
    images, sources = tables({"x/a.png": saved(noise(1)), "x/b.png": saved(brighter(noise(1)))})
    (paths.IMAGES / "x/b.png").write_bytes(saved(noise(9)))
    with pytest.raises(UserError, match=r"x/b\.png: not the image that fingerprint read"):
        transform(images=images, sources=sources, params=Params())


# Few images, so that duplicates meet: equal files, equal pixels, near, mirrored, plain.
_BASE = [noise(1), noise(2), SCANS[0]]
_POOL = [
    *(saved(image) for image in _BASE),
    *(saved(brighter(image)) for image in _BASE),
    *(saved(image, "JPEG", quality=60) for image in _BASE),
    *(saved(ImageOps.mirror(image)) for image in _BASE),
    *(saved(image.convert("RGB"), "BMP") for image in _BASE),
    saved(Image.new("L", (64, 64), 9)),
]


@examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(_POOL), st.sampled_from([None, "k", "l"])), max_size=12)
)
def test_a_later_delivery_changes_no_group_on_arrival_and_only_merges_groups(
    delivered: list[tuple[str, bytes, str | None]],
) -> None:
    # The later a delivery, the earlier its name: what sorts first must not win.
    dates = {"c": "2026-01-01", "b": "2026-01-02", "a": "2026-01-03"}
    files = {f"{delivery}/{n}.png": data for n, (delivery, data, _) in enumerate(delivered)}
    keys = {f"{delivery}/{n}.png": key for n, (delivery, _, key) in enumerate(delivered)}
    if not files:
        return
    before: Tables | None = None
    for arrived in ("c", "cb", "cba"):
        now = {name: data for name, data in files.items() if name[0] in arrived}
        if not now:
            continue
        after = run(now, dates=dates, keys=keys)
        if before is not None:
            on_arrival, old, new = groups(after, "group_on_arrival"), groups(before), groups(after)
            assert {name: on_arrival[name] for name in old} == groups(before, "group_on_arrival")
            for name in old:
                for other in old:
                    assert old[name] != old[other] or new[name] == new[other], "a group was split"
        before = after
