"""The sheet: what is written comes back, however a spreadsheet saves it."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.cli.fix import sheet
from golgoru.cli.fix.current_labels import CurrentLabels
from golgoru.cli.fix.decisions import parse_decisions
from golgoru.guideline.classes import Classes

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5), st.sampled_from([None, ",", ";", "\t"]))
def test_texts_come_back_as_they_were(rows, saved_with):
    """`saved_with`: what a spreadsheet that saves the file again puts between the cells."""
    table = pd.DataFrame(rows, columns=["issue", "label", "reason"]).assign(x=12.0, kind="class")
    with TemporaryDirectory() as folder:
        file = Path(folder, "s.csv")
        sheet.write_sheet(file, table)
        if saved_with:
            cells = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
            out = io.StringIO(newline="")
            csv.writer(out, delimiter=saved_with).writerows(cells)
            file.write_bytes(out.getvalue().encode())
        found = sheet.read_sheet(file)
    assert [tuple(row.cells[name] for name in ("issue", "label", "reason")) for row in found.rows] == rows
    assert {row.cells["x"] for row in found.rows} <= {"12"}
    assert (found.problems, found.ignored) == ([], ())


@given(TEXTS)
def test_protection_is_undone(text):
    assert sheet.unescape_formula(sheet.escape_formula(text)) == text
    assert not sheet.escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("written", "meant"), [("7", "007"), ("7.0", "007"), ("3.0", "3"), ("1e3", None), ("8", None), ("cat", "cat")]
)
def test_a_class_that_a_spreadsheet_took_for_a_number(written, meant):
    classes = Classes.model_validate(
        {"version": "1", "classes": [{"id": name} for name in ("007", "3", "08", "8.0", "cat")]}
    )
    label = {"object": "o", "image": "d/1", "label": "other", "polygon": None, "text": None}
    label |= dict.fromkeys(("x", "y", "width", "height"))
    world = CurrentLabels("classification", classes, {"o": label}, {"d/1": ["o"]}, {"o": "d/1"}, {}, {}, {}, {})
    row = sheet.SheetRow(2, {"object": "o", "decision": "relabel", "new_label": written})
    found = parse_decisions(sheet.Sheet(Path("s.csv"), [row], (), []), world, {})
    assert [verdict.label for verdict in found.verdicts.values()] == ([meant] if meant else [])
    assert [f"class '{written}' is not defined" in problem for problem in found.problems] == ([] if meant else [True])
