"""Make the example: real handwritten digits, three simulated annotators and planted faults, all from one seed.

Only the template has this stage; `dataset new` removes it. The images are scikit-learn's bundled scans, enlarged.
The annotators' labels, their working times and the faults of the delivery are simulated.

Reads: nothing but the scans that come with scikit-learn.
Writes: `planted` (one row per planted fault), and what a team's deliveries would bring: the image files of delivery
`example`, the empty folder of delivery `example-late`, the payloads of four batches.
Rules it enforces: none. It breaks some on purpose; `expected` of `planted` says what must find each fault:

- a rule id: a row of `violations` with that rule and `key`
- exact, near, mirrored: a row of `duplicate_pairs` of that kind, between `key` and `original`
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
from golgoru.core.arrays import Flags
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import ConfigModel
from golgoru.images.png import grey_png
from golgoru.shell import run_stage
from golgoru.tables import frames

DELIVERY, EMPTY_DELIVERY, REVIEW = "example", "example-late", "example-review"
COLUMNS = ["id", "file", "digit", "seconds"]
RARE = "89"
_PER_CLASS, _PER_RARE_CLASS = 85, 40  # scans; the whole pipeline must run in a minute
_SIDE = 64  # pixels
_DUPLICATES = 8  # of each kind
_ASYMMETRIC = "2357"  # a mirrored 0, 1 or 8 would be found as a near-duplicate
_BRIGHTER = 20  # grey levels of 255
# Scans that none, one or two of the three annotators labelled.
_UNLABELLED, _LABELLED_BY_ONE, _LABELLED_BY_TWO = 10, 20, 60
_UNKNOWN_CLASS, _MISSING_IMAGE, _TOO_SHORT = 3, 2, 2  # rows of each kind
_UNSETTLED = 3  # contested scans that the review leaves contested
_TRUNCATED = "torn.png"
# For each digit, the two that it is mistaken for.
_MISREAD = np.array([list(pair) for pair in ("69", "74", "73", "85", "91", "63", "05", "19", "39", "47")])


class Params(ConfigModel):
    """Settings of the example."""

    # Decides which scans are duplicated, who labels what, and every error. Any value works.
    seed: int = Field(default=2026, ge=0)


class Tables(NamedTuple):
    """The table and the counts; image files and payloads are written beside them."""

    planted: pd.DataFrame
    metrics: dict[str, Any]


class Annotator(NamedTuple):
    """A simulated annotator: pseudonym, share of wrong annotations, mean working time in seconds."""

    name: str
    error_rate: float
    seconds: float


# The careless one is plausible and fast: no single annotation shows it.
ANNOTATORS = (Annotator("ann-a", 0.03, 3.2), Annotator("ann-b", 0.03, 4.1), Annotator("ann-c", 0.25, 1.1))
_CARELESS = "ann-c"


class ImageFile(NamedTuple):
    """A file of the delivery and the digit on it, as UCI's data set says."""

    name: str
    digit: str
    content: bytes


class Fault(NamedTuple):
    """A row of `planted`."""

    fault: str
    key: str
    original: str | None
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
    # The only stage that does not leave all writing to the shell: images and payloads are neither tables nor documents.
    (paths.IMAGES / EMPTY_DELIVERY).mkdir(parents=True, exist_ok=True)
    for path, content in example.files.items():
        write_bytes(path, content)
    return Tables(frames.frame("planted", pd.DataFrame(example.planted, columns=Fault._fields)), example.metrics)


def make(seed: int) -> Example:
    """Return the example for a seed. It touches no file; equal seeds give equal bytes on every machine."""
    random = Generator(PCG64(seed))
    scans = read_scans()
    duplicates, faults = _duplicates(scans, random)
    cut = scans[int(random.integers(len(scans)))]
    broken = [
        ImageFile(_TRUNCATED, cut.digit, cut.content[: len(cut.content) // 2]),
        ImageFile("zero-bytes.png", "", b""),
    ]
    images = [*scans, *duplicates, *broken]
    rows = _simulate_labels([*scans, *duplicates], len(scans), random)
    faults += [Fault("unreadable file", _key(image.name), None, "IMG-001") for image in broken]
    faults += _plant_label_faults(rows, {image.name: image.digit for image in images}, random)
    faults += [Fault("imbalance", digit, None, "weight") for digit in RARE]
    faults += [Fault("careless annotator", _CARELESS, None, "flag")]
    faults += [Fault("empty delivery", f"{EMPTY_DELIVERY}/deliveries/{EMPTY_DELIVERY}.yaml", None, "reject")]
    verdicts = _simulate_review(scans, rows, random)
    files = {paths.IMAGES / _key(image.name): image.content for image in images}
    files |= {_payload(batch, "labels.csv"): _csv([COLUMNS, *lines]) for batch, lines in rows.items()}
    files[_payload(REVIEW, "verdicts.jsonl")] = "".join(f"{json.dumps(verdict)}\n" for verdict in verdicts).encode()
    metrics = {
        "images": len(images),
        "scans": _counts(scan.digit for scan in scans),
        "rows": {batch: len(lines) for batch, lines in rows.items()} | {REVIEW: len(verdicts)},
        "planted": _counts(fault.fault for fault in faults),
    }
    return Example(files, faults, metrics)


def read_scans() -> list[ImageFile]:
    """Return the first scans of each class in scikit-learn's order as PNG files, named by their row there.

    The choice does not depend on the seed, so that the delivery's metadata, example.csv, is right for every seed.
    Bicubic enlarging keeps different scans different: they correlate at 0.986 at most, planted near-duplicates at 0.998
    or more. At a power of two its weights are exact binary fractions, hence equal on every processor.
    """
    digits = load_digits()
    wanted = [_PER_RARE_CLASS if str(digit) in RARE else _PER_CLASS for digit in range(10)]
    rows = np.sort(np.concatenate([np.flatnonzero(digits.target == d)[:n] for d, n in enumerate(wanted)]))
    # Dark ink on light paper, in whole numbers, with room below 255 for a brighter duplicate.
    grey = (235 - digits.images[rows].astype(np.int64) * 105 // 8).astype(np.uint8)
    large = [Image.fromarray(scan).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC) for scan in grey]
    return [
        ImageFile(f"digit-{row:04d}.png", str(digits.target[row]), grey_png(np.asarray(scan)))
        for row, scan in zip(rows, large, strict=True)
    ]


def _duplicates(scans: Sequence[ImageFile], random: Generator) -> tuple[list[ImageFile], list[Fault]]:
    """Return duplicates of scans, at most one per scan. Their names sort behind the scans', which are the originals.

    None is a JPEG: its bytes would depend on the build of libjpeg that wrote it.
    """
    order = [scans[i] for i in random.permutation(len(scans))]
    asymmetric = [scan for scan in order if scan.digit in _ASYMMETRIC][:_DUPLICATES]
    mirrored = {scan.name for scan in asymmetric}
    rest = iter([scan for scan in order if scan.name not in mirrored])
    duplicates, faults = [], []
    for fault, kind, chosen, change in (
        ("mirrored duplicate", "mirrored", asymmetric, lambda scan: grey_png(_pixels(scan)[:, ::-1].astype(np.uint8))),
        ("exact duplicate", "same", islice(rest, _DUPLICATES), lambda scan: scan.content),
        ("near duplicate", "brighter", islice(rest, _DUPLICATES), _brighter),
        ("near duplicate", "smaller", islice(rest, _DUPLICATES), _smaller),
    ):
        for number, scan in enumerate(chosen, start=1):
            name = f"rescan-{kind}-{number}.png"
            duplicates.append(ImageFile(name, scan.digit, change(scan)))
            faults.append(Fault(fault, _key(name), _key(scan.name), fault.removesuffix(" duplicate")))
    return duplicates, faults


def _brighter(scan: ImageFile) -> bytes:
    return grey_png(np.minimum(_pixels(scan) + _BRIGHTER, 255).astype(np.uint8))


def _smaller(scan: ImageFile) -> bytes:
    """Return the scan at half its size, each pixel the mean of four."""
    fours = _pixels(scan).reshape(_SIDE // 2, 2, _SIDE // 2, 2)
    return grey_png((fours.sum(axis=(1, 3)) // 4).astype(np.uint8))


def _pixels(scan: ImageFile) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(scan.content))).astype(np.int64)


def _simulate_labels(readable: Sequence[ImageFile], scans: int, random: Generator) -> Rows:
    """Return the rows of each annotator's batch. The first `scans` of the images are the scans."""
    truth = np.array([int(image.digit) for image in readable])
    names = np.array([image.name for image in readable])
    rows = {}
    for annotator, assigned in zip(ANNOTATORS, _simulate_assignment(len(readable), scans, random), strict=True):
        wrong = random.random(len(truth)) < annotator.error_rate
        digits = np.where(wrong, _MISREAD[truth, random.integers(2, size=len(truth))], truth.astype(str))[assigned]
        seconds = annotator.seconds * (0.6 + 0.8 * random.random(len(truth)))[assigned]
        rows[f"{DELIVERY}-{annotator.name}"] = [
            [f"{annotator.name}-{number:04d}", str(name), str(digit), f"{time:.1f}"]
            for number, (name, digit, time) in enumerate(zip(names[assigned], digits, seconds, strict=True), start=1)
        ]
    return rows


def _simulate_assignment(images: int, scans: int, random: Generator) -> Flags:
    """Return who labels what (annotators x images): nearly every image all three, some scans two, one or none."""
    assigned = np.ones((len(ANNOTATORS), images), dtype=bool)
    none, one, two, _ = np.split(
        random.permutation(scans), np.cumsum([_UNLABELLED, _LABELLED_BY_ONE, _LABELLED_BY_TWO])
    )
    assigned[:, none] = False
    assigned[:, one] = False
    assigned[random.integers(len(ANNOTATORS), size=_LABELLED_BY_ONE), one] = True
    assigned[random.integers(len(ANNOTATORS), size=_LABELLED_BY_TWO), two] = False
    return assigned


def _plant_label_faults(rows: Rows, truth: Mapping[str, str], random: Generator) -> list[Fault]:
    """Plant faults in the rows, in place, and return them. `truth`: the digit on each file."""
    (a, first), (b, second), (c, third) = rows.items()
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


def _simulate_review(scans: Sequence[ImageFile], rows: Rows, random: Generator) -> list[dict[str, Any]]:
    """Return verdicts on the scans where no digit has more than half of the votes; a few stay contested."""
    valid = [row for batch in rows.values() for row in batch if len(row) == len(COLUMNS) and row[2].isdigit()]
    votes = pd.DataFrame(valid, columns=COLUMNS)
    votes = votes[~votes["id"].duplicated(keep=False)]
    largest = votes.groupby(["file", "digit"]).size().groupby("file").max()
    total = votes.groupby("file").size()
    contested = set(total.index[2 * largest <= total])
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
    run_stage(transform)
