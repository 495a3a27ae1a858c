"""The page of duplicates: what it shows, in which order, how much of it, and that names from the data are escaped."""

import base64
import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from PIL import Image

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.site.pages import duplicates
from golgoru.tables import frames
from stages.report import Params, transform
from tests.template.builders.copied_images import noise, saved, tables

HOSTILE = '<img src="https://x.example/" onerror=alert(1)>.png'.replace("/", "∕")
CLASSES = Classes.model_validate({
    "version": "1",
    "classes": [{"id": "cat", "colour": "#d55e00"}, {"id": "dog"}, {"id": '"><script>x()</script>'}],
})  # fmt: skip

EDGE_CASES = EdgeCases.model_validate({
    "edge_cases": [
        {"id": f"EDGE-00{number}", "sentence": sentence, "decision": "Label it.", "on": on, "predicate": "width > 9",
         "owner": "lead", "since": "1.0"}
        for number, on, sentence in ((1, "image", "The picture is dark"), (2, "object", "The thing is <b>tiny</b>"))
    ],
})  # fmt: skip

LABELS = ("label_issues", "agreement", "annotators", "label_noise", "scores", "learning_curve", "forecast")
BALANCE = (
    "split_coverage",
    "proposed_pins",
    "leakage",
    "weights",
    "collection_plan",
    "queue",
    "preannotations",
    "auto_accept",
)


class Page(HTMLParser):
    """Tags with their attributes, and the text outside of the style."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data if self.tags and self.tags[-1][0] != "style" else ""

    def names(self) -> list[str]:
        """Return the alternative texts of the images: their file names, in order."""
        return [str(attributes["alt"]) for tag, attributes in self.tags if tag == "img"]

    def cards(self) -> list[str]:
        return [str(attributes["class"]) for tag, attributes in self.tags if tag == "article"]


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def world(files, pairs=(), duplicate_rows=(), labels=(), splits=None):
    """Write `files`, and return what the stage reads.

    Rows are tuples: (a, b, kind, score[, orientation]), (image, duplicate_of), (image, label[, objects]).
    """
    images, _ = tables(files)
    names = images["image"]
    rows = [(*row, None)[:5] for row in pairs]
    pairs_table = pd.DataFrame(rows, columns=["image_a", "image_b", "kind", "score", "orientation"])
    duplicates_table = pd.DataFrame(duplicate_rows, columns=["image", "duplicate_of"])
    label_rows = [(image, label) for image, label, *objects in labels for _ in range((objects or [1])[0])]
    return {
        "images": images,
        "duplicate_pairs": frames.frame("duplicate_pairs", pairs_table.assign(distance=4)),
        "duplicates": frames.frame("duplicates", duplicates_table.assign(kind="near", rule="COPY-002")),
        "groups": frames.frame("groups", {"image": names, "group": "g", "group_on_arrival": "g"}),
        "labels": frames.frame(
            "labels",
            pd.DataFrame(label_rows, columns=["image", "label"]).assign(
                object=[f"o{n}" for n in range(len(label_rows))], ignore=False, votes=1, agreement=1.0, status="agreed",
                source="human", guideline_version="1",
            ),
        ),
        "splits": frames.frame(
            "splits",
            {"image": names, "group": "g", "held_back": False, "reason": "hash",
             "split": [(splits or {}).get(n, "train") for n in names]},
        ),
        **{name: frames.frame(name) for name in LABELS + BALANCE},
        "classes": CLASSES,
        "edge_cases": EDGE_CASES,
        "params": Params(),
    }  # fmt: skip


def page(given) -> Page:
    return Page(transform(**given).pages["duplicates.html"])


def many(count, size=(4, 4)):
    data = saved(Image.new("RGB", size, "red"))
    return {f"x/{n:04}.png": data for n in range(count)}


def test_empty_tables_give_a_page_that_says_so():
    given = world({"x/a.png": saved(noise(1))}) | {"images": frames.frame("images")}
    made = transform(**{name: v[:0] if isinstance(v, pd.DataFrame) else v for name, v in given.items()})
    shown = Page(made.pages["duplicates.html"])
    assert "the search found no duplicates" in " ".join(shown.text.split())
    assert "No pair needs a review." in shown.text
    assert shown.names() == []
    assert made.metrics["duplicates"]["pairs"] == dict.fromkeys(
        ("exact", "near", "mirrored", "rotated", "borderline"), 0
    )


def test_names_of_files_and_classes_are_escaped_and_nothing_is_loaded_or_run():
    data = saved(noise(1, 200))
    given = world(
        {f"x/{HOSTILE}": data, "x/\u202egnp.b": data},
        [(f"x/{HOSTILE}", "x/\u202egnp.b", "borderline", 0.9)],
        labels=[(f"x/{HOSTILE}", '"><script>x()</script>')],
    )
    content = transform(**given).pages["duplicates.html"]
    shown = Page(content)
    tags = {tag for tag, _ in shown.tags}
    assert not tags & {"script", "link", "iframe", "object", "form"}
    assert not [name for _, attributes in shown.tags for name in attributes if name.startswith("on")]
    assert {str(attributes["src"])[:11] for tag, attributes in shown.tags if tag == "img"} == {"data:image/"}
    assert HOSTILE in shown.names()
    assert '"><script>x()</script>' in shown.text
    assert "\u202e" not in content.decode()
    policy = next(a["content"] for tag, a in shown.tags if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not re.search(rb"url\(|@import", content)


def test_pictures_are_small_and_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {"x/a.jpg": saved(noise(1, 300).resize((300, 100)), "JPEG", exif=exif), "x/b.png": saved(noise(2, 32))}
    made = page(world(files, [("x/a.jpg", "x/b.png", "borderline", 0.9)]))
    sources = [str(attributes["src"]) for tag, attributes in made.tags if tag == "img"]
    opened = [Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) for source in sources]
    assert [(image.format, image.size) for image in opened] == [("JPEG", (32, 96)), ("PNG", (32, 32))]


def test_pairs_stand_by_score_but_those_of_different_labels_first():
    files = many(8)
    names = sorted(files)
    pairs = [(names[n], names[n + 1], "borderline", score) for n, score in ((0, 0.7), (2, 0.9), (4, 0.8), (6, 0.75))]
    labels = [(names[4], "cat"), (names[5], "cat"), (names[6], "cat"), (names[7], "dog"), (names[2], "dog")]
    made = page(world(files, pairs, labels=labels))
    assert made.names() == [f"{n:04}.png" for n in (6, 7, 2, 3, 4, 5, 0, 1)]
    assert ["differ" in card for card in made.cards()] == [True, False, False, False]
    chips = [str(a["class"]) for tag, a in made.tags if tag == "span" and str(a.get("class")).startswith("chip")]
    assert chips.count("chip differs") == 2


def test_a_different_number_of_objects_is_a_difference():
    files = many(2)
    given = world(files, [("x/0000.png", "x/0001.png", "borderline", 0.7)])
    one, other = [("x/0000.png", "cat", 2)], [("x/0001.png", "cat", 3)]
    for labels, differ in ((one, 0), (one + other, 1), ([*one, ("x/0001.png", "cat", 2)], 0)):
        label_rows = world(files, labels=labels)["labels"]
        assert (
            transform(**given | {"labels": label_rows}).metrics["duplicates"]["sections"]["for_review"]["labels_differ"]
            == differ
        )


def test_the_kept_image_comes_first_then_differing_labels_and_differing_cards_before_large_ones():
    files = many(6)
    a, b, c, d, e, f = sorted(files)
    left_out = [(a, c), (b, c), (d, c), (e, f)]
    pairs = [(left, right, "near", 0.99) for left, right in ((a, c), (b, c), (c, d), (e, f))]
    made = page(world(files, pairs, left_out, labels=[(c, "cat"), (d, "cat"), (b, "cat"), (a, "cat")]))
    assert made.names() == ["0002.png", "0000.png", "0001.png", "0003.png", "0005.png", "0004.png"]
    made = page(world(files, pairs, left_out, labels=[(f, "cat"), (e, "dog"), (c, "cat")]))
    assert made.names() == ["0005.png", "0004.png", "0002.png", "0000.png", "0001.png", "0003.png"]
    made = page(world(files, pairs, left_out, labels=[(c, "cat"), (d, "dog"), (b, "cat")]))
    assert made.names()[:4] == ["0002.png", "0003.png", "0000.png", "0001.png"]


def test_the_labels_of_equal_pixels_are_shown_on_each_image():
    files = many(2)
    a, b = sorted(files)
    made = page(world(files, [(a, b, "exact", 1.0)], [(b, a)], labels=[(a, "cat")]))
    chips = [a for tag, a in made.tags if tag == "span" and a.get("class") == "chip"]
    assert len(chips) == 3  # and one in the legend
    assert {a["style"] for a in chips} == {"--class: #d55e00"}


def test_pairs_with_one_kept_image_need_no_review_and_of_several_between_duplicates_one_is_shown():
    files = many(4)
    a, b, c, d = sorted(files)
    pairs = [(a, b, "near", 0.99), (a, c, "borderline", 0.7), (b, c, "borderline", 0.8), (c, d, "borderline", 0.6)]
    left_out = [(b, a)]
    assert page(world(files, pairs, left_out)).names() == [
        "0000.png",
        "0002.png",
        "0002.png",
        "0003.png",
        "0000.png",
        "0001.png",
    ]
    settled = transform(**world(files, [(a, b, "near", 0.99), (b, c, "borderline", 0.8)], [(b, a), (c, a)]))
    assert settled.metrics["duplicates"]["sections"]["for_review"]["found"] == 0


@pytest.mark.parametrize(
    ("kind", "orientation", "note"),
    [
        ("mirrored", "mirrored", "the same when mirrored"),
        ("rotated", "90", "the same when turned left"),
        ("rotated", "180", "the same when turned upside down"),
        ("rotated", "mirrored 270", "the same when mirrored, then turned right"),
    ],
)
def test_the_orientation_is_described(kind, orientation, note):
    made = transform(**world(many(2), [("x/0000.png", "x/0001.png", kind, 0.99, orientation)]))
    assert f'<div class="note">{note}</div>' in made.pages["duplicates.html"].decode()
    assert made.metrics["duplicates"]["sections"]["mirrored_or_rotated"]["shown"] == 1


def test_a_pair_in_two_splits_is_marked():
    files, pairs = many(2), [("x/0000.png", "x/0001.png", "borderline", 0.7)]
    for splits, flags in (({}, 0), ({"x/0000.png": "test"}, 2)):  # on the card, and what to do above the cards
        made = page(world(files, pairs, splits=splits))
        assert [attributes.get("class") for _, attributes in made.tags].count("flag") == flags


def test_the_page_has_bounds_and_says_what_it_leaves_out():
    extra, names = 3, sorted(many(2 * duplicates.MAX_CARDS + 6))
    pairs = [(a, b, "borderline", 0.7) for a, b in zip(names[::2], names[1::2], strict=True)]
    made = transform(**world(many(len(names)), pairs))
    shown = Page(made.pages["duplicates.html"])
    assert len(shown.cards()) == duplicates.MAX_CARDS == 200
    assert f"And {extra} more pairs, which the page leaves out." in shown.text
    assert made.metrics["duplicates"]["sections"]["for_review"] == {"found": 203, "shown": 200, "labels_differ": 0}

    left_out = [(name, names[0]) for name in names[1:15]]
    shown = page(world(many(15), [(names[0], name, "near", 0.99) for name in names[1:15]], left_out))
    assert len(shown.names()) == duplicates.MAX_PICTURES == 12
    assert "and 3 more images" in shown.text


def test_only_what_is_shown_is_opened_and_a_changed_file_is_an_error():
    given = world(many(4), [("x/0000.png", "x/0001.png", "borderline", 0.7)])
    (paths.IMAGES / "x/0003.png").unlink()
    before = transform(**given).pages
    assert before == transform(**given | {"pairs": given["duplicate_pairs"].iloc[::-1]}).pages
    for damage in (lambda file: file.write_bytes(saved(noise(3))), lambda file: file.unlink()):
        damage(paths.IMAGES / "x/0001.png")
        with pytest.raises(UserError, match=r"x/0001\.png: not the image that fingerprint read .* run `dvc pull`"):
            transform(**given)


def test_row_order_changes_no_byte():
    files = many(10)
    a, b, c, d, e, f, g, h, i, j = names = sorted(files)
    pairs = [(a, b, "borderline", 0.7), (c, d, "borderline", 0.7), (e, f, "near", 0.99)]
    pairs += [(g, h, "mirrored", 0.99, "mirrored"), (i, j, "mirrored", 0.99, "mirrored")]
    given = world(files, pairs, [(f, e)], [(name, label) for name in names for label in ("dog", "cat")])
    mixed = {
        name: value.iloc[::-1].reset_index(drop=True) if isinstance(value, pd.DataFrame) else value
        for name, value in given.items()
    }
    assert transform(**mixed) == transform(**given)
