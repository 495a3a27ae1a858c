"""What a row of a sheet decides, held to what stands now. Every mistake is told, and none of them changes anything."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from golgoru.cli.fix.current_labels import CurrentLabels, row_key
from golgoru.cli.fix.missing_objects import Placement
from golgoru.cli.fix.sheet import BOX, DECIMALS, Sheet, SheetRow
from golgoru.core import paths
from golgoru.core.numbers import number

DECISIONS = ("agree", "relabel", "remove", "cannot tell", "add")
_BY_WORD = {decision.replace(" ", ""): decision for decision in DECISIONS}
# What a spreadsheet rounds away is no change.
_SAME = 10.0**-DECIMALS

Box = tuple[float, float, float, float]


class Verdict(NamedTuple):
    """What is decided of one object. `about` is null for one that is missing and that nobody drew.

    `row`: the label, or the suspect, as it stands; `box`: null where there is none; `picture`: the image that the word
    is counted for, `image`: the one that it names.
    """

    decision: str
    key: str
    about: str | None
    picture: str
    image: str
    label: str | None
    box: Box | None
    text: str | None


class SheetDecisions(NamedTuple):
    """`verdicts` and `notes` by line of the sheet; `undecided`: how many rows say nothing."""

    verdicts: dict[int, Verdict]
    notes: dict[int, str]
    undecided: int
    problems: list[str]


class InvalidRow(Exception):  # noqa: N818  (it is the row that is wrong)
    """Why a row cannot be taken."""


def parse_decisions(sheet: Sheet, standing: CurrentLabels, places: Mapping[str, Placement]) -> SheetDecisions:
    """Return what the rows decide, and what is wrong with each."""
    verdicts: dict[int, Verdict] = {}
    first: dict[str, int] = {}
    problems, undecided = list(sheet.problems), 0
    for row in sheet.rows:
        if not row.cell("decision"):
            undecided += 1
            continue
        try:
            verdict = _RowParser(row, standing, places).verdict()
        except InvalidRow as wrong:
            problems += [f"{sheet.file}:{row.line}: {reason}" for reason in wrong.args]
            continue
        before = first.setdefault(verdict.about or verdict.key, row.line)
        if before == row.line:
            verdicts[row.line] = verdict
        elif verdict != verdicts[before]:
            problems.append(
                f"{sheet.file}:{row.line}: '{verdict.key}' is decided in line {before} already, and otherwise; keep one"
                " of the two rows"
            )
    notes = {row.line: row.cell("note") for row in sheet.rows if row.line in verdicts and row.cell("note")}
    return SheetDecisions(verdicts, notes, undecided, problems)


class _RowParser:
    """One row, held to what stands."""

    def __init__(self, row: SheetRow, standing: CurrentLabels, places: Mapping[str, Placement]) -> None:
        self.row, self.standing, self.places = row, standing, places

    def verdict(self) -> Verdict:
        """Return what the row decides. Raises Wrong with everything that is wrong with it."""
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
            reasons += self._added(decision, key) if key in self.standing.missing else self._misfits(decision, key)
        if reasons:
            raise InvalidRow(*reasons)
        return self._add(key) if decision == "add" else self._about(decision, key)

    def _decision(self) -> str:
        said = self.row.cell("decision")
        word = "".join(said.replace("_", " ").split()).casefold()
        if word not in _BY_WORD:
            raise InvalidRow(
                f"decision '{said:.40}': expected {', '.join(DECISIONS)}, or nothing{_suggestion(word, _BY_WORD)}"
            )
        return _BY_WORD[word]

    def _target(self) -> str:
        """Return the object, or the suspect that is none as yet."""
        name, key = self.row.cell("image"), row_key(self.row)
        image = self._image(name) if name else None
        if not key:
            return self._on(image)
        if key not in self.standing.labels and key not in self.standing.missing:
            clear = "; or clear the cell, the image is enough" if self.standing.task == "classification" else ""
            raise InvalidRow(
                f"'{key:.120}' is no object of data/labels.parquet, nor a missing one of data/label_issues.parquet: the"
                f" sheet is older than they are; write a new one{clear}"
            )
        rows: Mapping[str, Any] = self.standing.labels if key in self.standing.labels else self.standing.missing
        here = {rows[key]["image"], self.standing.files.get(key)}
        if image is not None and image not in here:
            raise InvalidRow(
                f"image '{image}': '{key}' is on {rows[key]['image']}; cells may have slipped when a part of the sheet"
                " was sorted"
            )
        return key

    def _image(self, name: str) -> str:
        found = self.standing.named.get(name, [])
        if not found:
            raise InvalidRow(f"image '{name:.120}': no image of data/images.parquet has this key, or this base name")
        if len(found) > 1:
            raise InvalidRow(
                f"image '{name}': {len(found):,} images are called so, such as {min(found)}; give the whole key"
            )
        return found[0]

    def _on(self, image: str | None) -> str:
        """Return the one object that a picture is, in classification."""
        if image is None:
            raise InvalidRow("names nothing: expected a suspect, an object or an image")
        if self.standing.task != "classification":
            raise InvalidRow(f"an image alone names no object in {self.standing.task}; expected a suspect or an object")
        if image in self.standing.on_image:
            return self.standing.on_image[image][0]
        if image in self.standing.copies:
            raise InvalidRow(
                f"image '{image}' is left out as a copy; decide on {self.standing.copies[image]}, which stays"
            )
        raise InvalidRow(f"image '{image}' has no label to decide on; `dataset import --source review` gives it one")

    def _misfits(self, decision: str, key: str) -> Iterator[str]:
        """Yield what does not fit the object as it stands."""
        label, new = self.standing.labels[key]["label"], self.row.cell("new_label")
        if decision == "add":
            yield f"add is for what seems to be missing; '{key}' is there, as '{label}'"
            return
        if (said := self.row.cell("label")) and self._class(said) != label:
            yield f"label '{said}': '{key}' is '{label}' now; the sheet is older; look again, or write it anew"
        try:
            moved = self._moved(key)
        except InvalidRow as wrong:
            yield from wrong.args
            moved = decision == "relabel"  # what was meant, and one mistake is told once
        if decision == "relabel":
            yield from self._no_relabel(key, moved)
            return
        if moved:
            yield f"{decision}, but x, y, width, height are others than the label's; only relabel moves a box"
        if new and not (decision == "agree" and self._class(new) == label):
            yield f"{decision}, but new_label says '{new}'; clear the cell, or write relabel"
        if decision == "agree" and label not in self.standing.classes.ids:
            yield self._unknown(label)

    def _no_relabel(self, key: str, moved: bool) -> Iterator[str]:
        label, new = self.standing.labels[key]["label"], self._new()
        if not new and not moved:
            yield "relabel, but to what? write the class into new_label (or other numbers into x, y, width, height)"
        elif new and self._class(new) not in self.standing.classes.ids:
            yield self._unknown(new)
        elif new and self._class(new) == label and not moved:
            yield f"relabel to '{label}', which it is already; write agree, or another class into new_label"

    def _added(self, decision: str, key: str) -> Iterator[str]:
        """Yield what does not fit something that seems to be missing."""
        task, place, new = self.standing.task, self.places[key], self._new()
        if decision != "add":
            yield f"{decision}: nothing is there as yet; expected add, or nothing where no object is missing"
            return
        if task in ("classification", "segmentation"):
            yield f"add draws a box, which is no object in {task}"
        if place.in_the_way is not None:
            yield f"add: the object '{place.in_the_way}' stands in this place (IoU of 0.5 or more); relabel that one"
        if not new:
            yield "add, but of which class? write it into new_label"
        elif self._class(new) not in self.standing.classes.ids:
            yield self._unknown(new)
        if task == "ocr" and not self.row.cell("text"):
            yield "add in ocr needs what is written there; put it into a column 'text'"
        try:
            self._box(key)
        except InvalidRow as wrong:
            yield from wrong.args

    def _moved(self, key: str) -> bool:
        label = self.standing.labels[key]
        moved = self._box(key) != _box_of(label)
        if moved and label["polygon"] is not None:
            raise InvalidRow(
                "x, y, width, height: the object is drawn as a polygon, which no sheet can change; draw it anew"
            )
        return moved

    def _box(self, key: str) -> Box | None:
        """Return the box that the row says, the standing one where it says nothing or the same. Raises Wrong."""
        stands = _box_of(self.standing.labels.get(key) or self.standing.missing[key])
        cells = [self.row.cell(side) for side in BOX]
        if not any(cells):
            return stands
        found = [number(cell) for cell in cells]
        wrong = [f"{side} '{cell:.40}'" for side, cell, value in zip(BOX, cells, found, strict=True) if value is None]
        if wrong:
            raise InvalidRow(f"{', '.join(wrong)}: expected four numbers in x, y, width, height (pixels), or none")
        if stands is None:
            raise InvalidRow("x, y, width, height: the object has no box; clear the cells")
        x, y, width, height = (value for value in found if value is not None)
        said = (x, y, width, height)
        if all(abs(a - b) < _SAME for a, b in zip(said, stands, strict=True)):
            return stands
        across, down = self.standing.sizes.get(self._row(key)["image"], (float("inf"), float("inf")))
        if min(width, height) <= 0 or x >= across or y >= down or x + width <= 0 or y + height <= 0:
            raise InvalidRow(
                f"the box {x:g}, {y:g}, {width:g} x {height:g} has no area on the picture, {across:g} x {down:g} pixels"
            )
        return said

    def _row(self, key: str) -> Mapping[str, Any]:
        return self.standing.labels.get(key) or self.standing.missing[key]

    def _new(self) -> str:
        return self.row.cell("new_label") or self.row.cell("proposed")

    def _class(self, said: str) -> str:
        """Return the class that is meant: spreadsheets make 7 of 007, and 7.0 of 7."""
        ids = self.standing.classes.ids
        alike = [name for name in ids if said not in ids and number(name) is not None and number(name) == number(said)]
        return alike[0] if len(alike) == 1 else said

    def _unknown(self, label: str) -> str:
        by_text = {
            text.casefold(): one.id for one in self.standing.classes.classes for text in (one.id, one.name) if text
        }
        return f"class '{label:.60}' is not defined in {paths.CLASSES}{_suggestion(label.casefold(), by_text)}"

    def _about(self, decision: str, key: str) -> Verdict:
        label = self.standing.labels[key]
        new = self._class(self._new()) if decision == "relabel" and self._new() else label["label"]
        speaks = decision in ("agree", "relabel")
        return Verdict(
            decision=decision,
            key=key,
            about=key,
            picture=label["image"],
            image=self.standing.files[key],
            label=new if speaks else None,
            box=self._box(key) if speaks else None,
            text=label["text"] if speaks else None,
        )

    def _add(self, key: str) -> Verdict:
        place = self.places[key]
        return Verdict(
            decision="add",
            key=key,
            about=place.about,
            picture=place.picture,
            image=place.image,
            label=self._class(self._new()),
            box=self._box(key),
            text=self.row.cell("text") or None,
        )


def _box_of(row: Mapping[str, Any]) -> Box | None:
    x, y, width, height = (row[side] for side in BOX)
    return None if x is None else (x, y, width, height)


def _suggestion(word: str, known: Mapping[str, str]) -> str:
    """Return which known word it resembles, for the end of a message."""
    near = difflib.get_close_matches(word[:100], known, n=1)
    return f"; did you mean '{known[near[0]]}'?" if near else ""
