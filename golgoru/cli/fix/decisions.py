"""Parse the decisions of a sheet and check them against the current labels; every mistake is reported."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from golgoru.cli.fix.current_labels import CurrentLabels, row_key
from golgoru.cli.fix.missing_objects import Placement
from golgoru.cli.fix.sheet import DECIMALS, Sheet, SheetRow
from golgoru.core import paths
from golgoru.core.numbers import parse_number
from golgoru.geometry.boxes import BOX_COLUMNS

DECISIONS = ("agree", "relabel", "remove", "cannot tell", "add")
_BY_NAME = {decision.replace(" ", ""): decision for decision in DECISIONS}
# A change that a spreadsheet rounds away is none.
_TOLERANCE = 10.0**-DECIMALS

Box = tuple[float, float, float, float]


class Verdict(NamedTuple):
    """The decision on one object. `about` is null for a missing object that nobody drew.

    `box`: null where there is none; `counted_on`: the image that the annotation is counted for; `image`: the one that
    it names.
    """

    decision: str
    key: str
    about: str | None
    counted_on: str
    image: str
    label: str | None
    box: Box | None
    text: str | None


class SheetDecisions(NamedTuple):
    """`verdicts` and `notes` by line of the sheet; `undecided`: how many rows have no decision."""

    verdicts: dict[int, Verdict]
    notes: dict[int, str]
    undecided: int
    problems: list[str]


class InvalidRow(Exception):  # noqa: N818  (it is the row that is wrong)
    """Why a row cannot be used."""


def parse_decisions(sheet: Sheet, current: CurrentLabels, placements: Mapping[str, Placement]) -> SheetDecisions:
    """Return the decisions of the rows, and what is wrong with each."""
    verdicts: dict[int, Verdict] = {}
    first: dict[str, int] = {}
    problems, undecided = list(sheet.problems), 0
    for row in sheet.rows:
        if not row.cell("decision"):
            undecided += 1
            continue
        try:
            verdict = _RowParser(row, current, placements).verdict()
        except InvalidRow as wrong:
            problems += [f"{sheet.file}:{row.line}: {reason}" for reason in wrong.args]
            continue
        before = first.setdefault(verdict.about or verdict.key, row.line)
        if before == row.line:
            verdicts[row.line] = verdict
        elif verdict != verdicts[before]:
            problems.append(
                f"{sheet.file}:{row.line}: '{verdict.key}' has another decision in line {before}; keep one of"
                " the two rows"
            )
    notes = {row.line: row.cell("note") for row in sheet.rows if row.line in verdicts and row.cell("note")}
    return SheetDecisions(verdicts, notes, undecided, problems)


class _RowParser:
    """One row, checked against the current labels."""

    def __init__(self, row: SheetRow, current: CurrentLabels, placements: Mapping[str, Placement]) -> None:
        self.row, self.current, self.placements = row, current, placements

    def verdict(self) -> Verdict:
        """Return the decision of the row. Raises InvalidRow with everything that is wrong with it."""
        reasons: list[str] = []
        decision = key = ""
        try:
            decision = self._decision()
        except InvalidRow as wrong:
            reasons += wrong.args
        try:
            key = self._target()
        except InvalidRow as wrong:
            reasons += wrong.args
        if decision and key:
            reasons += self._added(decision, key) if key in self.current.missing else self._misfits(decision, key)
        if reasons:
            raise InvalidRow(*reasons)
        return self._add(key) if decision == "add" else self._about(decision, key)

    def _decision(self) -> str:
        given = self.row.cell("decision")
        typed = "".join(given.replace("_", " ").split()).casefold()
        if typed not in _BY_NAME:
            raise InvalidRow(
                f"decision '{given:.40}': expected {', '.join(DECISIONS)}, or nothing{_suggestion(typed, _BY_NAME)}"
            )
        return _BY_NAME[typed]

    def _target(self) -> str:
        """Return the object, or the label issue of a missing object."""
        name, key = self.row.cell("image"), row_key(self.row)
        image = self._image(name) if name else None
        if not key:
            return self._on(image)
        if key not in self.current.labels and key not in self.current.missing:
            clear = "; or clear the cell, since the image is enough" if self.current.task == "classification" else ""
            raise InvalidRow(
                f"'{key:.120}' is neither an object of data/labels.parquet nor a missing one of"
                f" data/label_issues.parquet: the sheet is older than they are; write a new one{clear}"
            )
        rows: Mapping[str, Any] = self.current.labels if key in self.current.labels else self.current.missing
        here = {rows[key]["image"], self.current.drawn_on.get(key)}
        if image is not None and image not in here:
            raise InvalidRow(
                f"image '{image}': '{key}' is on {rows[key]['image']}; cells may have moved when a part of the sheet"
                " was sorted"
            )
        return key

    def _image(self, name: str) -> str:
        images = self.current.images_by_name.get(name, [])
        if not images:
            raise InvalidRow(f"image '{name:.120}': no image of data/images.parquet has this key, or this base name")
        if len(images) > 1:
            raise InvalidRow(
                f"image '{name}': {len(images):,} images have this name, such as {min(images)}; give the whole key"
            )
        return images[0]

    def _on(self, image: str | None) -> str:
        """Return the object of an image, in classification."""
        if image is None:
            raise InvalidRow("the row names nothing: expected an issue, an object or an image")
        if self.current.task != "classification":
            raise InvalidRow(f"in {self.current.task} an image does not name an object; expected an issue or an object")
        if image in self.current.objects_on:
            return self.current.objects_on[image][0]
        if image in self.current.duplicates:
            raise InvalidRow(
                f"image '{image}' is left out as a duplicate of {self.current.duplicates[image]}; decide on that one"
            )
        raise InvalidRow(f"image '{image}' has no label to decide on; `dataset import --source review` gives it one")

    def _misfits(self, decision: str, key: str) -> Iterator[str]:
        """Yield what does not fit the object's current label."""
        label, new = self.current.labels[key]["label"], self.row.cell("new_label")
        if decision == "add":
            yield f"add is for a missing object; '{key}' exists, as '{label}'"
            return
        if (given := self.row.cell("label")) and self._class(given) != label:
            yield f"label '{given}': '{key}' is '{label}' now; the sheet is older; look again, or write a new one"
        try:
            moved = self._moved(key)
        except InvalidRow as wrong:
            yield from wrong.args
            moved = decision == "relabel"  # as was meant; one mistake is reported once
        if decision == "relabel":
            yield from self._no_relabel(key, moved)
            return
        if moved:
            yield f"{decision}, but x, y, width, height differ from the label's; only relabel moves a box"
        if new and not (decision == "agree" and self._class(new) == label):
            yield f"{decision}, but new_label is '{new}'; clear the cell, or write relabel"
        if decision == "agree" and label not in self.current.classes.ids:
            yield self._unknown(label)

    def _no_relabel(self, key: str, moved: bool) -> Iterator[str]:
        label, new = self.current.labels[key]["label"], self._new()
        if not new and not moved:
            yield "relabel without a change: write the class into new_label (or other numbers into x, y, width, height)"
        elif new and self._class(new) not in self.current.classes.ids:
            yield self._unknown(new)
        elif new and self._class(new) == label and not moved:
            yield f"relabel to '{label}', its current class; write agree, or another class into new_label"

    def _added(self, decision: str, key: str) -> Iterator[str]:
        """Yield what does not fit a missing object."""
        task, place, new = self.current.task, self.placements[key], self._new()
        if decision != "add":
            yield f"{decision}: the object does not exist yet; expected add, or nothing where none is missing"
            return
        if task in ("classification", "segmentation"):
            yield f"add draws a box, and objects in {task} are not boxes"
        if place.occupied_by is not None:
            yield f"add: the object '{place.occupied_by}' is at this place (IoU of 0.5 or more); relabel that one"
        if not new:
            yield "add without a class: write it into new_label"
        elif self._class(new) not in self.current.classes.ids:
            yield self._unknown(new)
        if task == "ocr" and not self.row.cell("text"):
            yield "add in ocr needs the transcription, in a column 'text'"
        try:
            self._box(key)
        except InvalidRow as wrong:
            yield from wrong.args

    def _moved(self, key: str) -> bool:
        label = self.current.labels[key]
        moved = self._box(key) != _box_of(label)
        if moved and label["polygon"] is not None:
            raise InvalidRow("x, y, width, height: the object is a polygon, which a sheet cannot change; draw it anew")
        return moved

    def _box(self, key: str) -> Box | None:
        """Return the box of the row; the current one where the row has none, or the same. Raises InvalidRow."""
        current_box = _box_of(self.current.labels.get(key) or self.current.missing[key])
        cells = [self.row.cell(side) for side in BOX_COLUMNS]
        if not any(cells):
            return current_box
        numbers = [parse_number(cell) for cell in cells]
        named = zip(BOX_COLUMNS, cells, numbers, strict=True)
        wrong = [f"{side} '{cell:.40}'" for side, cell, value in named if value is None]
        if wrong:
            raise InvalidRow(f"{', '.join(wrong)}: expected four numbers in x, y, width, height (pixels), or none")
        if current_box is None:
            raise InvalidRow("x, y, width, height: the object has no box; clear the cells")
        x, y, width, height = (value for value in numbers if value is not None)
        given = (x, y, width, height)
        if all(abs(a - b) < _TOLERANCE for a, b in zip(given, current_box, strict=True)):
            return current_box
        image_width, image_height = self.current.sizes.get(self._row(key)["image"], (float("inf"), float("inf")))
        if min(width, height) <= 0 or x >= image_width or y >= image_height or x + width <= 0 or y + height <= 0:
            raise InvalidRow(
                f"the box {x:g}, {y:g}, {width:g} x {height:g} has no area on the image, {image_width:g} x"
                f" {image_height:g} pixels"
            )
        return given

    def _row(self, key: str) -> Mapping[str, Any]:
        return self.current.labels.get(key) or self.current.missing[key]

    def _new(self) -> str:
        return self.row.cell("new_label") or self.row.cell("proposed")

    def _class(self, given: str) -> str:
        """Return the class that was meant: spreadsheets turn 007 into 7, and 7 into 7.0."""
        ids = self.current.classes.ids
        if given in ids or (number := parse_number(given)) is None:
            return given
        alike = [name for name in ids if parse_number(name) == number]
        return alike[0] if len(alike) == 1 else given

    def _unknown(self, label: str) -> str:
        classes = self.current.classes.classes
        by_text = {text.casefold(): class_.id for class_ in classes for text in (class_.id, class_.name) if text}
        return f"class '{label:.60}' is not defined in {paths.CLASSES}{_suggestion(label.casefold(), by_text)}"

    def _about(self, decision: str, key: str) -> Verdict:
        label = self.current.labels[key]
        new = self._class(self._new()) if decision == "relabel" and self._new() else label["label"]
        has_label = decision in ("agree", "relabel")
        return Verdict(
            decision=decision,
            key=key,
            about=key,
            counted_on=label["image"],
            image=self.current.drawn_on[key],
            label=new if has_label else None,
            box=self._box(key) if has_label else None,
            text=label["text"] if has_label else None,
        )

    def _add(self, key: str) -> Verdict:
        place = self.placements[key]
        return Verdict(
            decision="add",
            key=key,
            about=place.about,
            counted_on=place.counted_on,
            image=place.image,
            label=self._class(self._new()),
            box=self._box(key),
            text=self.row.cell("text") or None,
        )


def _box_of(row: Mapping[str, Any]) -> Box | None:
    x, y, width, height = (row[side] for side in BOX_COLUMNS)
    return None if x is None else (x, y, width, height)


def _suggestion(typed: str, known: Mapping[str, str]) -> str:
    """Return a known name that resembles it, for the end of a message."""
    near = difflib.get_close_matches(typed[:100], known, n=1)
    return f"; did you mean '{known[near[0]]}'?" if near else ""
