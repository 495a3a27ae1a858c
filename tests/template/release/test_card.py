"""The card and its charts. markdown-it reads what a person would see, an XML parser what a browser would."""

import re
from html import unescape
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from golgoru.consensus.relabel import RelabelWork
from golgoru.core import markdown
from golgoru.core.dataset import SPLITS
from golgoru.core.text import markup_safe, shorten
from golgoru.guideline.classes import Class, Classes
from golgoru.guideline.rules import RuleBook
from golgoru.release import card, charts
from golgoru.release.charts import Bar, bar_chart
from golgoru.tables import frames
from golgoru.tables.release import FATES
from tests.template.builders import small_release

NOTHING = RelabelWork(0, 0, None, None)
HOSTILE = "a|b\n<script>alert(1)</script> `x` ![](http://evil.example/x.png) \u202e*bold*"
SVG = "{http://www.w3.org/2000/svg}"
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def text_of(release=None, classes=small_release.CLASSES, rules=small_release.RULES, work=NOTHING, **changes):
    dataset = small_release.DATASET.model_copy(update=changes)
    release = small_release.tables() if release is None else release
    return card.build_card(dataset, classes, rules, release, "", "f" * 64, work).decode()


def row_of(text, first_cell):
    """Return the cells of the one table row that begins with `first_cell`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first_cell} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def with_label(label):
    release = small_release.tables()
    release["release/train"] = release["release/train"].assign(label=label)
    return release


def test_the_card_says_first_what_the_release_is():
    head = text_of().split("## ")[0]
    assert 'license: "cc-by-4.0"' in head
    assert "# cells 1.2.0\n\nBlood cells." in head
    assert row_of(head, "Licence")[1] == "[CC-BY-4.0](<https://spdx.org/licenses/CC-BY-4.0.html>)"
    assert row_of(head, "Creators")[1] == "Ada, 세포 연구실"
    assert row_of(head, "Objects")[1] == "3 in 3 classes"
    assert row_of(head, "Release hash")[1] == f"`{'f' * 64}`"


def test_an_unknown_licence_is_shown_as_it_is_written():
    head = text_of(licence="in-house use only").split("## ")[0]
    assert 'license: "other"\nlicense_name: "in-house use only"' in head
    assert row_of(head, "Licence")[1] == "in-house use only"


def test_images_objects_and_classes_are_counted_by_split():
    text = text_of()
    assert row_of(text, "test") == ["test", "1", "33.3 %", "0", "1"]
    assert row_of(text, "total") == ["total", "3", "100.0 %", "3", "1"]
    assert row_of(text, r"RBC (red blood cell)") == ["RBC (red blood cell)", "1", "1", "0", "2", "66.7 %"]
    assert row_of(text, "none yet") == ["none yet", "0", "0", "0", "0", "0.0 %"]


def test_numbers_have_separators():
    images = pd.concat([small_release.tables()["release/images"]] * 500, ignore_index=True)
    images["image"] = images.index.astype(str)
    assert "| Images | 1,500 |" in text_of(small_release.tables() | {"release/images": images})


def test_the_fates_add_up_and_name_the_rule():
    text = text_of()
    assert row_of(text, "released")[2:] == ["2", "4", "0"]
    assert row_of(text, "set aside")[1:] == ["IMG-001: The image is readable", "1", "0", "0"]
    assert row_of(text, "rejected")[1] == "READ-009: not in guidelines/rules.yaml"
    assert row_of(text, "**in total**")[2:] == ["**4**", "**6**", "**1**"]


def test_every_fate_of_the_ledger_is_explained():
    ledger = frames.frame(
        "release/ledger", [{"kind": "image", "key": fate, "fate": fate, "stage": "s"} for fate in FATES]
    )
    text = text_of(small_release.tables() | {"release/ledger": ledger})
    assert all(row_of(text, fate)[1] for fate in ledger["fate"])


def test_agreement_is_measured_on_objects_of_two_annotators():
    text = text_of()
    assert (
        row_of(text, "Mean agreement with the released label")[1] == "75.0 %, on 2 objects with two or more annotators"
    )
    assert row_of(text, "Annotators per object")[1] == "1: 1 (33.3 %), 2: 2 (66.7 %)"
    assert row_of(text, "Contested")[1] == "0 images, 1 annotation"


def test_an_estimate_that_the_data_cannot_carry_is_a_dash_with_the_reason():
    release = small_release.tables()
    release["release/lineage"] = release["release/lineage"].query("annotator == 'ann'")
    for split in SPLITS:
        release[f"release/{split}"] = release[f"release/{split}"].assign(confidence=float("nan"))
    text = text_of(release)
    assert (
        row_of(text, "Mean agreement with the released label")[1] == "– (no object has annotations of two annotators)"
    )
    assert "Confidence of a label: –. It needs two annotators on the same object." in text


@pytest.mark.parametrize(
    ("work", "text"),
    [
        (NOTHING, "nothing"),
        (
            RelabelWork(2000, 1, 6.5, 3.6111),
            "2,000 objects on 1 image, about 3.6 hours at the measured 6.5 seconds per label",
        ),
        (
            RelabelWork(1, 1, 2.0, 0.0006),
            "1 object on 1 image, less than 0.1 hours at the measured 2.0 seconds per label",
        ),
        (RelabelWork(1, 1, None, None), "1 object on 1 image; hours: – (no working time was recorded)"),
    ],
)
def test_what_must_be_labelled_again_is_shown_with_its_hours(work, text):
    assert row_of(text_of(work=work), "To label again after changes of the guideline")[1] == text


def test_limits_name_what_is_missing():
    limits = text_of().split("## Limits")[1].split("## ")[0]
    assert "No object in train: none yet." in limits
    assert "No object in val: WBC, none yet." in limits
    assert "MIT (1 image)" in limits
    assert "For 1 image the delivery states no licence." in limits


def test_few_objects_in_test_are_named():
    release = small_release.tables()
    release["release/test"] = release["release/val"].assign(object="o9")
    assert "Fewer than 30 objects in test: RBC." in text_of(release)


def test_every_column_stands_in_the_card_with_its_meaning():
    columns = text_of().split("## Columns")[1]
    assert "| as in " not in columns
    assert "| `polygon` | list of numbers, or null |" in columns
    assert row_of(columns, "현미경")[1] == "text, or null"
    assert row_of(columns, "stain")[1] == "integer, or null"


def test_an_empty_release_has_a_card_and_charts():
    empty = {name: frames.frame(name) for name in small_release.tables()}
    text = text_of(empty, Classes(version="1"), RuleBook())
    assert "No image is in train." in text
    assert row_of(text, "Annotators per object")[1] == "–"
    assert all(ElementTree.fromstring(svg) for svg in charts.draw_charts(Classes(version="1"), empty).values())  # noqa: S314


def test_nothing_depends_on_the_order_of_rows():
    release = small_release.tables()
    turned = {name: table.iloc[::-1].reset_index(drop=True) for name, table in release.items()}
    assert text_of(turned) == text_of(release)
    assert charts.draw_charts(small_release.CLASSES, turned) == charts.draw_charts(small_release.CLASSES, release)


def test_text_from_the_data_is_escaped():
    classes = Classes(version="1", classes=(Class(id=HOSTILE, name=HOSTILE),))
    text = text_of(with_label(HOSTILE), classes, description=HOSTILE, creators=(HOSTILE,), licence=HOSTILE)
    page = READER.render(text.split("---\n", 2)[2])
    assert "<script" not in page
    assert 'evil.example/x.png"' not in page
    assert "<strong>in total" in page
    assert "<em>bold" not in page
    assert "\u202e" not in page


@example("# a")
@example("> a")
@example("\\>")
@example("- a")
@example("+ a")
@example("1. a")
@example("2) a")
@example("0.1.0")
@example("---")
@given(st.text(alphabet=st.one_of(st.sampled_from("|`*_~[]()<>&\\!#-+=.:1 \nwx$"), st.characters())))
def test_any_text_shows_as_itself_in_a_paragraph_a_list_and_a_table(text):
    shown = " ".join(markup_safe(text).split())
    escaped = markdown.escape_markdown(text)
    for source, pattern in (
        (escaped, r"<p>(.*)</p>\n"),
        (f"- {escaped}", r"<ul>\n<li>(.*)</li>\n</ul>\n"),
        (markdown.table(["a", "b"], [[escaped, "1"]]), r".*<td>(.*)</td>\n<td>1</td>\n.*"),
    ):
        found = re.fullmatch(pattern, READER.render(source), re.DOTALL)
        if shown:
            assert found, READER.render(source)
            assert unescape(found.group(1)) == shown


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/>x", "https://a.example/a|b", "https://a b"])
def test_only_plain_web_addresses_become_links(url):
    assert "](" not in markdown.markdown_link(url, "home")


@example("<b>&amp; \x00 \ud800 ]]>", [1, 2, 3])
@given(st.text(), st.lists(st.integers(min_value=0, max_value=10**9), min_size=3, max_size=3))
def test_a_chart_is_well_formed_whatever_the_names(name, values):
    drawn = ElementTree.fromstring(bar_chart(name, [Bar(name, tuple(values))], SPLITS))  # noqa: S314
    assert drawn.find(f"{SVG}title").text == (re.sub("\r\n?", "\n", markup_safe(name)) or None)


def test_long_names_are_cut_and_kept_as_a_tooltip():
    svg = bar_chart("t", [Bar("가" * 40, (1,))]).decode()
    assert f"{'가' * 11}…<title>{'가' * 40}</title>" in svg
    assert shorten("x" * 24, 24) == "x" * 24
    assert shorten("x" * 25, 24) == "x" * 23 + "…"


def test_at_most_thirty_bars_are_drawn_and_the_numbers_still_add_up():
    svg = bar_chart("t", [Bar(f"c{i}", (500 - i, 1, 0)) for i in range(500)], SPLITS)
    texts = ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314
    assert texts[-3] == "470 more"
    counts = [int(text.replace(",", "")) for text in texts[4:] if re.fullmatch(r"[\d,]+", text)]
    assert len(counts) == 31
    assert sum(counts) == sum(501 - i for i in range(500))


def test_a_bar_is_as_long_as_its_number():
    drawn = ElementTree.fromstring(bar_chart("t", [Bar("a", (200,)), Bar("b", (50,)), Bar("c", (0,))]))  # noqa: S314
    widths = [float(r.get("width")) + 1 for r in drawn.iter(f"{SVG}rect") if r.get("height") == "14"]
    assert widths == pytest.approx([386, 96.5], abs=0.1)


def test_the_card_links_every_chart_that_is_drawn():
    drawn = charts.draw_charts(small_release.CLASSES, small_release.tables())
    assert set(re.findall(r"\]\((charts/[^)]*)\)", text_of())) == set(drawn)
