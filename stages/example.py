"""Make the example: real handwritten digits, three simulated annotators and planted faults, all from one seed.

Only the template has this stage; `dataset new` takes it out. The pictures are scikit-learn's bundled scans,
enlarged. What the annotators say, how long they take and what is wrong with the delivery is simulated.

Reads: nothing but scikit-learn's copy of the scans.
Writes: `planted` (one row per planted fault), and what a team's deliveries would bring: the picture files of
delivery `example`, the empty folder of delivery `example-late`, the payloads of four batches.
Rules it enforces: none. It breaks some on purpose; `expected` of `planted` says what must notice:

- a rule id: a row of `violations` with that rule and `key`
- exact, near, mirrored: a row of `pairs` of that kind, between `key` and `of`
- reject: a row of `rejects`; `key` is its batch/file:line, or delivery/file
- flag: the annotator `key` has `flags`
- weight: images of the class `key` in train weigh more than 1 in `weights`
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from sklearn.datasets import load_digits

from golgoru.core import paths
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import Written
from golgoru.images.png import grey_png
from golgoru.shell import run
from golgoru.tables import frames

DELIVERY, EMPTY_DELIVERY, REVIEW = "example", "example-late", "example-review"
COLUMNS = ["id", "file", "digit", "seconds"]
RARE = "89"
_PER_CLASS, _PER_RARE_CLASS = 85, 40  # scans; the whole pipeline must run in a minute
_SIDE = 64  # pixels
_COPIES = 8  # of each kind
_ASYMMETRIC = "2357"  # a mirrored 0, 1 or 8 looks like a near copy, and would be found as one
_BRIGHTER = 20  # grey levels of 255
_UNLABELLED, _LABELLED_BY_ONE, _LABELLED_BY_TWO = (
    10,
    20,
    60,
)  # scans that nobody, one or two of three annotators labelled
_UNKNOWN_CLASS, _MISSING_IMAGE, _TOO_SHORT = 3, 2, 2  # rows of each kind
_UNSETTLED = 3  # contested scans that the review leaves open
_TRUNCATED = "torn.png"
# For each digit, two that people read in its place.
_MISREAD = np.array([list(pair) for pair in ("69", "74", "73", "85", "91", "63", "05", "19", "39", "47")])


class Params(Written):
    """Settings of the example."""

    # Decides which scans are copied, who labels what, and every error. Any value works.
    seed: int = Field(default=2026, ge=0)


class Tables(NamedTuple):
    """The table and the counts; picture files and payloads are written beside them."""

    planted: pd.DataFrame
    metrics: dict[str, Any]


class Annotator(NamedTuple):
    """A simulated annotator: a pseudonym, the share of wrong words, the mean working time in seconds."""

    name: str
    wrong: float
    seconds: float


# The careless one is plausible and fast: no single word gives it away.
ANNOTATORS = (Annotator("ann-a", 0.03, 3.2), Annotator("ann-b", 0.03, 4.1), Annotator("ann-c", 0.25, 1.1))
_CARELESS = "ann-c"


class ImageFile(NamedTuple):
    """A file of the delivery and the digit it shows, as UCI's data set says."""

    name: str
    digit: str
    content: bytes


class Fault(NamedTuple):
    """A row of `planted`."""

    fault: str
    key: str
    of: str | None
    expected: str


class Example(NamedTuple):
    """The whole example: every file by its path, what was planted, and counts."""

    files: dict[Path, bytes]
    planted: list[Fault]
    metrics: dict[str, Any]


Rows = dict[str, list[list[str]]]  # batch to rows of COLUMNS


def transform(params: Params) -> Tables:
    """Write the example's files and return what was planted in them."""
    example = make(params.seed)
    # The one stage that writes past the shell: pictures and payloads are neither tables nor documents.
    (paths.IMAGES / EMPTY_DELIVERY).mkdir(parents=True, exist_ok=True)
    for path, content in example.files.items():
        write_bytes(path, content)
    return Tables(frames.frame("planted", pd.DataFrame(example.planted, columns=Fault._fields)), example.metrics)


def make(seed: int) -> Example:
    """Return the example for a seed. It touches no file; equal seeds give equal bytes on every machine."""
    random = Generator(PCG64(seed))
    scans = read_scans()
    copies, faults = _copies(scans, random)
    torn = scans[int(random.integers(len(scans)))]
    broken = [
        ImageFile(_TRUNCATED, torn.digit, torn.content[: len(torn.content) // 2]),
        ImageFile("zero-bytes.png", "", b""),
    ]
    pictures = [*scans, *copies, *broken]
    words = _simulate_labels([*scans, *copies], len(scans), random)
    faults += [Fault("unreadable file", _key(picture.name), None, "IMG-001") for picture in broken]
    faults += _plant_label_faults(words, {picture.name: picture.digit for picture in pictures}, random)
    faults += [Fault("imbalance", digit, None, "weight") for digit in RARE]
    faults += [Fault("careless annotator", _CARELESS, None, "flag")]
    faults += [Fault("empty delivery", f"{EMPTY_DELIVERY}/deliveries/{EMPTY_DELIVERY}.yaml", None, "reject")]
    verdicts = _simulate_review(scans, words, random)
    files = {paths.IMAGES / _key(picture.name): picture.content for picture in pictures}
    files |= {_payload(batch, "labels.csv"): _csv([COLUMNS, *rows]) for batch, rows in words.items()}
    files[_payload(REVIEW, "verdicts.jsonl")] = "".join(f"{json.dumps(verdict)}\n" for verdict in verdicts).encode()
    metrics = {
        "pictures": len(pictures),
        "scans": _counts(scan.digit for scan in scans),
        "rows": {batch: len(rows) for batch, rows in words.items()} | {REVIEW: len(verdicts)},
        "planted": _counts(fault.fault for fault in faults),
    }
    return Example(files, faults, metrics)


def read_scans() -> list[ImageFile]:
    """Return the first scans of each class in scikit-learn's order as PNG files, named by their row there.

    The choice does not hang on the seed, so that the delivery's metadata, example.csv, is right for every seed.
    Bicubic enlarging keeps hands apart: scans correlate at 0.986 at most, planted near copies at 0.998 and more.
    With a power of two its weights are exact binary fractions, hence equal on every processor.
    """
    digits = load_digits()
    wanted = [_PER_RARE_CLASS if str(digit) in RARE else _PER_CLASS for digit in range(10)]
    rows = np.sort(np.concatenate([np.flatnonzero(digits.target == d)[:n] for d, n in enumerate(wanted)]))
    # Dark ink on light paper, in whole numbers; a brighter copy still has room below 255.
    grey = (235 - digits.images[rows].astype(np.int64) * 105 // 8).astype(np.uint8)
    large = [Image.fromarray(scan).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC) for scan in grey]
    return [
        ImageFile(f"digit-{row:04d}.png", str(digits.target[row]), grey_png(np.asarray(scan)))
        for row, scan in zip(rows, large, strict=True)
    ]


def _copies(scans: Sequence[ImageFile], random: Generator) -> tuple[list[ImageFile], list[Fault]]:
    """Return copies of scans, no scan copied twice. Their names sort behind the scans', so the scan is the original.

    No JPEG among them: its bytes would depend on the build of libjpeg that wrote it.
    """
    order = [scans[i] for i in random.permutation(len(scans))]
    lopsided = [scan for scan in order if scan.digit in _ASYMMETRIC][:_COPIES]
    mirrored = {scan.name for scan in lopsided}
    rest = iter([scan for scan in order if scan.name not in mirrored])
    copies, faults = [], []
    for fault, kind, chosen, change in (
        ("mirrored copy", "mirrored", lopsided, _mirrored),
        ("exact copy", "same", islice(rest, _COPIES), lambda scan: scan.content),
        ("near copy", "brighter", islice(rest, _COPIES), _brighter),
        ("near copy", "smaller", islice(rest, _COPIES), _smaller),
    ):
        for number, scan in enumerate(chosen, start=1):
            name = f"rescan-{kind}-{number}.png"
            copies.append(ImageFile(name, scan.digit, change(scan)))
            faults.append(Fault(fault, _key(name), _key(scan.name), fault.removesuffix(" copy")))
    return copies, faults


def _mirrored(scan: ImageFile) -> bytes:
    return grey_png(_pixels(scan)[:, ::-1].astype(np.uint8))


def _brighter(scan: ImageFile) -> bytes:
    return grey_png(np.minimum(_pixels(scan) + _BRIGHTER, 255).astype(np.uint8))


def _smaller(scan: ImageFile) -> bytes:
    """Return the scan at half its size, each pixel the mean of four."""
    fours = _pixels(scan).reshape(_SIDE // 2, 2, _SIDE // 2, 2)
    return grey_png((fours.sum(axis=(1, 3)) // 4).astype(np.uint8))


def _pixels(scan: ImageFile) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(scan.content))).astype(np.int64)


def _simulate_labels(readable: Sequence[ImageFile], scans: int, random: Generator) -> Rows:
    """Return what each annotator says of the pictures. The first `scans` of them are the scans."""
    truth = np.array([int(picture.digit) for picture in readable])
    names = np.array([picture.name for picture in readable])
    words = {}
    for annotator, asked in zip(ANNOTATORS, _simulate_assignment(len(readable), scans, random), strict=True):
        wrong = random.random(len(truth)) < annotator.wrong
        said = np.where(wrong, _MISREAD[truth, random.integers(2, size=len(truth))], truth.astype(str))[asked]
        seconds = annotator.seconds * (0.6 + 0.8 * random.random(len(truth)))[asked]
        words[f"{DELIVERY}-{annotator.name}"] = [
            [f"{annotator.name}-{number:04d}", str(name), str(digit), f"{time:.1f}"]
            for number, (name, digit, time) in enumerate(zip(names[asked], said, seconds, strict=True), start=1)
        ]
    return words


def _simulate_assignment(pictures: int, scans: int, random: Generator) -> NDArray[np.bool_]:
    """Return who labels what, annotators x pictures: all three nearly everything, some scans fewer or nobody."""
    asked = np.ones((len(ANNOTATORS), pictures), dtype=bool)
    nobody, one, two, _ = np.split(
        random.permutation(scans), np.cumsum([_UNLABELLED, _LABELLED_BY_ONE, _LABELLED_BY_TWO])
    )
    asked[:, nobody] = False
    asked[:, one] = False
    asked[random.integers(len(ANNOTATORS), size=_LABELLED_BY_ONE), one] = True
    asked[random.integers(len(ANNOTATORS), size=_LABELLED_BY_TWO), two] = False
    return asked


def _plant_label_faults(words: Rows, truth: Mapping[str, str], random: Generator) -> list[Fault]:
    """Plant faults in the rows, in place, and return them. `truth`: the digit that each file shows."""
    (a, first), (b, second), (c, third) = words.items()
    twice = int(random.integers(len(first) - 1))
    first[twice + 1][0] = first[twice][0]
    faults = [Fault("duplicate id", _line(a, row), None, "reject") for row in (twice, twice + 1)]
    unusable = [(f"digit-{9999 - number}.png", "missing image", "ANN-001") for number in range(_MISSING_IMAGE)]
    for name, fault, rule in [*unusable, (_TRUNCATED, "label for an unreadable image", "ANN-002")]:
        first.append([f"ann-a-{len(first) + 1:04d}", name, truth.get(name, "7"), "2.9"])
        faults.append(Fault(fault, f"{a}/{first[-1][0]}", None, rule))
    zeros = [row for row in second if row[2] == truth[row[1]] == "0"]
    for number in random.permutation(len(zeros))[:_UNKNOWN_CLASS]:
        zeros[number][2] = "o"
        faults.append(Fault("unknown class", f"{b}/{zeros[number][0]}", "0", "CLASS-001"))
    for number in random.permutation(len(third))[:_TOO_SHORT]:
        third[number] = third[number][:2]
        faults.append(Fault("row too short", _line(c, int(number)), None, "reject"))
    return faults


def _simulate_review(scans: Sequence[ImageFile], words: Rows, random: Generator) -> list[dict[str, Any]]:
    """Return verdicts on the scans where no digit has more than half of the votes; a few stay open."""
    rows = [row for batch in words.values() for row in batch if len(row) == len(COLUMNS) and row[2].isdigit()]
    said = pd.DataFrame(rows, columns=COLUMNS)
    said = said[~said["id"].duplicated(keep=False)]
    most = said.groupby(["file", "digit"]).size().groupby("file").max()
    votes = said.groupby("file").size()
    contested = set(votes.index[2 * most <= votes])
    disputed = [scan for scan in scans if scan.name in contested]
    order = random.permutation(len(disputed))[_UNSETTLED:]
    seconds = 6.0 + 6.0 * random.random(len(order))
    return [
        {"id": f"{number:03d}", "picture": disputed[i].name, "verdict": disputed[i].digit, "seconds": round(time, 1)}
        for number, (i, time) in enumerate(zip(order, seconds.tolist(), strict=True), start=1)
    ]


def _key(name: str) -> str:
    return f"{DELIVERY}/{name}"


def _line(batch: str, row: int) -> str:
    return f"{batch}/labels.csv:{row + 2}"  # the header is line 1


def _payload(batch: str, file: str) -> Path:
    return paths.BATCHES / batch / "payload" / file


def _csv(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


if __name__ == "__main__":
    run(transform)
