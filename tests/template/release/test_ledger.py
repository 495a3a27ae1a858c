"""The second law: every raw image, annotation and reject is in the ledger once, and its fate is true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.dataset import SPLITS
from golgoru.core.errors import UserError
from golgoru.raw.withdrawals import Withdrawal
from golgoru.release.ledger import IN_RELEASE, image_fates
from golgoru.tables import frames
from stages import rebalance, release
from tests.template.builders import worlds
from tests.template.builders.drawn_worlds import beside_each_other, drawn, of
from tests.template.builders.examples import examples

few = examples(12)  # a world runs through five stages: some 0.5 s


@few
@given(worlds.worlds(), st.sampled_from(("ignore", "release")), st.sampled_from((None, 1, 3)))
def test_every_raw_row_is_accounted_for_and_the_release_is_what_the_ledger_says(world, contested, cap):
    balance = rebalance.Params.model_validate({"targets": [{"to": "square root", "cap": cap}]})
    made = worlds.released(world, release=release.Params(contested=contested), rebalance=balance)
    every_row_once(world, made)
    released_rows_are_released(made, contested)
    nothing_is_released_that_must_not_be(world, made, contested)
    reasons_are_given(world, made, contested)


def every_row_once(world, made):
    ledger = made["release_ledger"]
    raw = {
        "image": world.images["image"],
        "annotation": world.annotations["annotation"],
        "reject": world.rejects["reject"],
    }
    for kind, keys in raw.items():
        assert sorted(of(ledger, kind).index) == sorted(keys)
    counted = made["metrics"]["fates"]
    assert {kind: sum(fates.values()) for kind, fates in counted.items()} == {
        kind: len(keys) for kind, keys in raw.items() if len(keys)
    }


def released_rows_are_released(made, contested):
    images, annotations = of(made["release_ledger"], "image"), of(made["release_ledger"], "annotation")
    shown = made["release_images"].set_index("image")
    assert set(images.index[images["fate"].isin(IN_RELEASE)]) == set(shown.index)
    assert (images["split"].dropna() == shown["split"].reindex(images["split"].dropna().index)).all()
    assert set(shown.index[shown["reviewed_empty"]]) == set(images.index[images["fate"] == "reviewed empty"])
    rows = frames.concat([made[f"release_{split}"] for split in SPLITS], "release/train")
    assert rows["object"].is_unique
    regions, objects = rows[rows["label"].isna()], rows[rows["label"].notna()]
    assert regions["ignore"].all() and set(regions["object"]) <= set(made["lost_objects"]["annotation"])
    assert shown["objects"].sum() == len(objects)
    assert ((shown["objects"] > 0) != shown["reviewed_empty"]).all()
    for split in SPLITS:
        table = made[f"release_{split}"]
        assert (shown["split"].reindex(table["image"]) == split).all()
        assert (shown["content"].reindex(table["image"]).to_numpy() == table["content"].to_numpy()).all()
    lineage = made["release_lineage"]
    assert set(lineage["object"]) == set(objects["object"])
    supporting = lineage[lineage["role"].isin(["agrees", "adjudicated"])]
    assert set(supporting["object"]) == set(objects["object"])
    ignored = set(made["labels"].query("status == 'contested'")["object"]) if contested == "ignore" else set()
    settled = ~lineage["object"].isin(ignored)
    assert set(annotations.index[annotations["fate"] == "released"]) == set(
        supporting.loc[settled[supporting.index], "annotation"]
    )
    overruled = lineage.loc[(lineage["role"] == "overruled") & settled, "annotation"]
    assert (annotations["fate"].reindex(overruled) == "outvoted").all()
    assert (annotations["fate"].reindex(lineage.loc[~settled, "annotation"]) == "contested").all()


def nothing_is_released_that_must_not_be(world, made, contested):
    images, labels, duplicates = made["images"].set_index("image"), made["labels"], made["duplicates"]
    shown = set(made["release_images"]["image"])
    assert not shown & worlds.aside(world, "images")
    assert not shown & set(duplicates["image"])
    assert not shown & set(images.index[images["error"].notna()])
    for withdrawal in world.withdrawals:
        assert withdrawal.image not in shown
        assert withdrawal.content not in set(images["content"].reindex(sorted(shown)))
    assert not set(made["release_lineage"]["annotation"]) & worlds.aside(world, "annotations")
    objects = frames.concat([made[f"release_{split}"] for split in SPLITS], "release/train")
    objects = objects[objects["label"].notna()]
    status = labels.set_index("object")["status"].reindex(objects["object"])
    assert contested == "release" or objects["ignore"][(status == "contested").to_numpy()].all()
    settled = objects[(status != "contested").to_numpy() | (contested == "release")]
    assert set(made["release_images"].query("not reviewed_empty")["image"]) == set(settled["image"])
    for _, group in made["release_images"].groupby("group"):
        assert group["split"].nunique() == 1


def reasons_are_given(world, made, contested):
    ledger = made["release_ledger"]
    images, annotations = of(ledger, "image"), of(ledger, "annotation")
    duplicate_of = made["duplicates"].set_index("image")["duplicate_of"]
    assert set(ledger.loc[ledger["fate"] == "set aside", "rule"].dropna()) <= {rule.id for rule in worlds.RULES.rules}
    duplicates = images[images["fate"] == "duplicate"]
    assert (duplicates["survivor"] == duplicate_of.reindex(duplicates.index)).all()
    assert images.loc[duplicates["survivor"], "fate"].ne("duplicate").all()
    assert duplicates["rule"].isin(["COPY-001", "COPY-002"]).all()
    in_conflict = set(made["duplicate_conflicts"].query("status == 'contested'")["duplicate_of"])
    assert set(images.index[images["rule"] == "COPY-003"]) <= in_conflict
    assert not (images.loc[sorted(in_conflict), "fate"] == "reviewed empty").any() or contested == "release"
    ruled = ["set aside", "withdrawn", "duplicate", "capped", "contested"]
    assert ledger.loc[ledger["fate"].isin(ruled), "rule"].notna().all()
    assert (ledger["survivor"].notna() == (ledger["fate"] == "duplicate")).all()
    assert (ledger["split"].notna() == ledger["fate"].isin(IN_RELEASE)).all()
    assert (annotations.loc[sorted(worlds.aside(world, "annotations")), "fate"].isin(["set aside", "withdrawn"])).all()
    counted = made["annotation_roles"].set_index("annotation")["image"].dropna()
    for fate in ("withdrawn", "duplicate", "capped"):  # annotations share the fate of the image they count on
        with_it = counted.index[counted.isin(images.index[images["fate"] == fate])]
        assert (annotations.loc[with_it, "fate"] == fate).all()


@few
@given(worlds.worlds("classification"), st.data())
def test_withdrawing_an_image_withdraws_all_its_duplicates_and_nothing_else(world, data):
    made = worlds.materials(world)
    if world.images.empty:
        return
    image = data.draw(st.sampled_from(sorted(world.images["image"])))
    fates = fates_of(made, [Withdrawal.model_validate({"image": image, "reason": "asked", "date": "2026-06-01"})])
    assert set(fates.index[fates["fate"] == "withdrawn"]) == family(made, image)
    content = world.images.set_index("image").loc[image, "content"]
    if isinstance(content, str):
        by_content = Withdrawal.model_validate({"content": content, "reason": "asked", "date": "2026-06-01"})
        assert set(fates_of(made, [by_content]).query("fate == 'withdrawn'").index) == family(made, image)


def test_a_withdrawal_reaches_equal_bytes_that_cannot_be_decoded_through_a_duplicate():
    made = worlds.materials(worlds.build("classification", 0, 0))
    # The kept image, its near-duplicate, and the bytes of that under a file name that is not usable.
    made["images"] = frames.frame(
        "images",
        {"image": ["a/kept", "a/near", "a/bad name"], "content": ["1", "2", "2"], "error": [None, None, "its name"]},
    )
    near = {"image": ["a/near"], "duplicate_of": "a/kept", "kind": "near", "rule": "COPY-002"}
    made["duplicates"] = frames.frame("duplicates", near)
    pair = {"image_a": ["a/kept"], "image_b": "a/near", "kind": "near", "distance": 1, "score": 1.0}
    made["duplicate_pairs"] = frames.frame("duplicate_pairs", pair)
    for image in made["images"]["image"]:
        asked = Withdrawal.model_validate({"image": image, "reason": "asked", "date": "2026-06-01"})
        assert set(fates_of(made, [asked])["fate"]) == {"withdrawn"}


def test_a_withdrawal_reaches_every_kind_of_duplicate_and_no_borderline_pair():
    made = worlds.materials(worlds.build("classification", 0, 0))
    kinds = ["borderline", "exact", "mirrored", "near", "rotated"]
    names = ["a/one", *(f"a/{kind}" for kind in kinds)]
    made["images"] = frames.frame("images", {"image": names, "content": list("123456")})
    pair = {"image_a": "a/one", "image_b": names[1:], "kind": kinds, "distance": 0, "score": 1.0}
    made["duplicate_pairs"], made["duplicates"] = frames.frame("duplicate_pairs", pair), frames.frame("duplicates")
    asked = Withdrawal.model_validate({"image": "a/mirrored", "reason": "asked", "date": "2026-06-01"})
    fates = fates_of(made, [asked])["fate"]
    assert set(fates[fates != "withdrawn"].index) == {"a/borderline"}


def test_a_withdrawal_of_an_unknown_image_stops_the_release():
    made = worlds.materials(worlds.build("classification", 0, 0))
    asked = Withdrawal.model_validate({"image": "a/typo.png", "reason": "asked", "date": "2026-06-01"})
    with pytest.raises(UserError, match=r"there is no image 'a/typo\.png', so nothing would be withdrawn; correct"):
        fates_of(made, [asked])


def family(made, image):
    """Return the image and all that a chain of equal contents and pairs joins to it, one step at a time."""
    content = made["images"].set_index("image")["content"].to_dict()
    pairs = list(zip(made["duplicate_pairs"]["image_a"], made["duplicate_pairs"]["image_b"], strict=True))
    found, grown = set(), {image}
    while grown != found:
        found = grown
        contents = {content[name] for name in found if isinstance(content[name], str)}
        grown = found | {name for name in content if content[name] in contents}
        grown |= {end for pair in pairs for end in pair if set(pair) & found}
    return found


def fates_of(made, withdrawals, release_contested=False):
    names = (
        "images",
        "annotations",
        "violations",
        "duplicate_pairs",
        "duplicates",
        "duplicate_conflicts",
        "labels",
        "annotation_roles",
        "splits",
        "weights",
        "relabel",
        "lost_objects",
    )
    tables = {name: made[name] for name in names}
    return image_fates(
        **tables, withdrawals=withdrawals, release_contested=release_contested, withhold_incomplete=False
    ).images


def test_a_contested_box_beside_another_is_released_with_ignore():
    world = drawn({"ann": [0.0, 50.0], "ben": [0.0]}, "detection")
    made = worlds.released(world)
    objects = frames.concat([made[f"release_{split}"] for split in SPLITS], "release/train")
    assert sorted(zip(objects["x"], objects["ignore"], strict=True)) == [(0.0, False), (50.0, True)]
    assert sorted(of(made["release_ledger"], "annotation")["fate"]) == ["contested", "released", "released"]


@pytest.mark.parametrize("contested", ["ignore", "release"])
def test_a_contested_label_is_left_out_or_released_as_the_settings_say(contested):
    world = drawn({"ann": "cat", "ben": "dog"})
    made = worlds.released(world, release=release.Params(contested=contested))
    ledger = made["release_ledger"]
    if contested == "ignore":
        assert of(ledger, "image").loc["a/1.png", ["fate", "stage", "rule"]].tolist() == [
            "contested",
            "consolidate",
            "VOTE-001",
        ]
        assert set(of(ledger, "annotation")["fate"]) == {"contested"}
        assert made["release_images"].empty
    else:
        assert of(ledger, "image").loc["a/1.png", "fate"] == "released"
        assert sorted(of(ledger, "annotation")["fate"]) == ["outvoted", "released"]


EMPTY_OR_NOT = {
    "classification": [
        ({"ann": "empty"}, "reviewed empty"),
        ({"ann": "empty", "ben": "empty", "cem": "cat"}, "reviewed empty"),
        ({"ann": "empty", "ben": "cat"}, "contested"),
        # The most frequent answer is `empty`, and it is not that of more than half.
        ({"ann": "empty", "ben": "empty", "cem": "cat", "dan": "dog"}, "contested"),
        ({"rev": "empty", "ben": "cat", "cem": "cat"}, "reviewed empty"),
        # A reviewer removed the label and gave no other.
        ({"rev": "remove", "ben": "cat"}, "unlabelled"),
        ({"ann": "unsure"}, "unlabelled"),
        ({"ann": "skipped"}, "unlabelled"),
        ({}, "unlabelled"),
    ],
    "detection": [
        ({"ann": "empty", "ben": "empty", "cem": [0.0]}, "reviewed empty"),
        ({"ann": "empty", "ben": [0.0]}, "contested"),
        # Two of three drew a box, each elsewhere: one `empty` is no majority.
        ({"ann": "empty", "ben": [0.0], "cem": [50.0]}, "contested"),
        ({"ann": [25.0], "ben": [0.0], "cem": [50.0]}, "contested"),
        ({"rev": "empty", "ben": [0.0], "cem": [50.0]}, "reviewed empty"),
        ({"ann": "empty", "ben": [0.0], "cem": [0.0]}, "released"),
    ],
}


@pytest.mark.parametrize("task", EMPTY_OR_NOT)
def test_an_image_is_empty_where_most_of_its_annotators_or_a_reviewer_say_so(task):
    made = worlds.released(beside_each_other([drawn(answers, task) for answers, _ in EMPTY_OR_NOT[task]]))
    found = of(made["release_ledger"], "image")["fate"].to_dict()
    expected = {f"a/{number}.png": fate for number, (_, fate) in enumerate(EMPTY_OR_NOT[task])}
    assert found == expected
    assert set(made["release_images"]["image"]) == {image for image, fate in expected.items() if fate in IN_RELEASE}


def test_an_image_is_reviewed_as_empty_when_its_last_box_is_removed():
    world = drawn({"ann": [0.0], "rev": "remove"}, "detection", about=[None, "b/0"])
    ledger = worlds.released(world)["release_ledger"]
    assert of(ledger, "image")["fate"].tolist() == ["reviewed empty"]
    assert of(ledger, "annotation")["fate"].to_dict() == {"b/0": "outvoted", "b/1": "removed"}
